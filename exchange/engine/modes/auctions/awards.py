"""Who wins: bids in the order in which they are served, and what each is given."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple


class StandingBid(NamedTuple):
    """A bid as it stands when an auction closes."""

    order: int
    price: int
    quantity: int


_price = itemgetter(1)


def lot_of(seed: bytes, order: int) -> bytes:
    """
    What a bid draws: SHA-256 of the seed followed by the bid's number as eight bytes, the highest first.

    Among equals the smallest is served first. Everybody who knows the seed and the numbers can draw again.
    """
    return sha256(seed + order.to_bytes(8, "big")).digest()


def ranked(bids: Iterable[StandingBid], seed: bytes) -> list[StandingBid]:
    """Return the bids in the order in which they are served: by price, then by the draw; by time with an empty seed."""
    by_price = sorted(bids, key=lambda each: (-each.price, each.order))
    if not seed:
        return by_price
    found: list[StandingBid] = []
    for _, equals in groupby(by_price, _price):
        tied = list(equals)
        found += sorted(tied, key=lambda each: lot_of(seed, each.order)) if len(tied) > 1 else tied
    return found


def awarded(ranking: Sequence[StandingBid], supply: int) -> tuple[list[tuple[int, int]], int]:
    """
    What each bid of a ranking is given of *supply* tonnes, by number; and the price of the lowest that is given some.

    Each all that it wants while there is as much; the marginal one has what remains, and those behind it nothing.
    """
    given: list[tuple[int, int]] = []
    lowest = 0
    for order, price, quantity in ranking:
        share = min(quantity, supply)
        if share:
            lowest = price
            supply -= share
        given.append((order, share))
    return given, lowest

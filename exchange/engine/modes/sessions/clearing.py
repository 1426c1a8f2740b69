"""At which price a call is uncrossed. Pure: tonnes by price in, a price out."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple


class CallPrice(NamedTuple):
    """
    What trades if a call ends now: *quantity* tonnes at *price*; both 0 where nothing crosses.

    *surplus* is what is to be bought at that price less what is to be sold.
    """

    price: int = 0
    quantity: int = 0
    surplus: int = 0


class _Stretch(NamedTuple):
    """Prices from *low* to *high*, at all of which the same is to be bought and sold."""

    low: int
    high: int
    bought: int
    sold: int


def clearing(bids: Mapping[int, int], asks: Mapping[int, int], tick: int, reference: int) -> CallPrice:
    """
    Return the price at which most tonnes trade; *bids* and *asks* have the open tonnes at each price.

    Among several of those, that with the least surplus of either side; then the nearest to *reference*, or without one
    (0) to the middle of what is left; then the lower of two. Any multiple of *tick* may be the price, also one that no
    order has.
    """
    highest, lowest = max(bids, default=0), min(asks, default=0)
    if not lowest or highest < lowest:
        return CallPrice()
    bought, sold = (
        {price: each for price, each in side.items() if lowest <= price <= highest} for side in (bids, asks)
    )
    found = list(_stretches(bought, sold, tick))
    most = max(min(each.bought, each.sold) for each in found)
    largest = [each for each in found if min(each.bought, each.sold) == most]
    least = min(abs(each.bought - each.sold) for each in largest)
    best = [each for each in largest if abs(each.bought - each.sold) == least]
    # The surplus falls as prices rise, so these are neighbours.
    price = nearest(best[0].low, best[-1].high, tick, reference)
    here = next(each for each in best if each.low <= price <= each.high)
    return CallPrice(price, most, here.bought - here.sold)


def nearest(low: int, high: int, tick: int, reference: int) -> int:
    """Return the multiple of *tick* from *low* to *high*, which are such, that is nearest the reference."""
    twice = 2 * reference if reference else low + high
    below = twice // (2 * tick) * tick
    price = below if twice - 2 * below <= tick else below + tick
    return min(max(price, low), high)


def _stretches(bids: dict[int, int], asks: dict[int, int], tick: int) -> Iterator[_Stretch]:
    """Every price that an order has, and the prices between each two."""
    prices = sorted({*bids, *asks})
    sold = list(_added(asks, prices))
    bought = list(_added(bids, reversed(prices)))[::-1]
    for at, price in enumerate(prices):
        yield _Stretch(price, price, bought[at], sold[at])
        if at + 1 < len(prices) and prices[at + 1] > price + tick:
            yield _Stretch(price + tick, prices[at + 1] - tick, bought[at + 1], sold[at])


def _added(totals: dict[int, int], prices: Iterable[int]) -> Iterator[int]:
    return accumulate(totals.get(price, 0) for price in prices)

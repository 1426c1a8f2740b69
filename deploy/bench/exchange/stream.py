"""
The seeded stream of operations that every engine is given: 45 % cancels, limit orders around a price that wanders.

Nine orders of ten are placed some ticks off the price and wait; one of ten goes through it and trades at once. A cancel
names a random order of those that waited and were not cancelled yet, by the operation that placed it. Whoever cancels
does not know whether it was filled meanwhile, so more than one cancel of five comes too late. A hundred operations make
17 trades, and after a million of them 37,500 orders rest.
"""

import random
from functools import lru_cache
from typing import Final, NamedTuple

from exchange.engine.commands import BUY, SELL

CANCEL: Final = 2
"""Beside `BUY` and `SELL`: the order that operation *number* placed is taken back."""
SLICE: Final = 1_000
"""Operations in one turn of a contestant: a few milliseconds, in which a shared machine hardly changes its speed."""
ACCOUNTS: Final = 100
LOW_FEN, HIGH_FEN = 7_650, 9_350
"""Band of all prices: ten per cent around the first one."""

_MIDDLE_FEN = 8_500
_WANDERS = 0.002
_FARTHEST_FEN = 400
_DEEPEST_FEN = 400
_CANCELS = 0.45
_THROUGH = 0.1
_LARGEST_T = 100
_SEED = 20_250_106


class Operation(NamedTuple):
    """
    Place an order, or cancel the one that operation *number* placed.

    A placing operation's *number* is its own: the first of the stream is 0. *account* counts from 0.
    """

    number: int
    kind: int
    price: int
    quantity: int
    account: int


Slices = tuple[list[Operation], ...]


def operations_in(seconds: float) -> int:
    """How long a stream is wanted: a million operations from 2 s on, whole slices, two at least."""
    return SLICE * min(1_000, max(2, round(500 * seconds)))


@lru_cache(maxsize=1)
def stream(operations: int) -> Slices:
    """*operations* operations in slices of `SLICE`; the same ones each time, a short stream begins a long one."""
    dice = random.Random(_SEED)  # noqa: S311 - the same for everybody is the point
    waiting: list[tuple[int, int]] = []
    drawn: list[Operation] = []
    middle = _MIDDLE_FEN
    for number in range(operations):
        if waiting and dice.random() < _CANCELS:
            index = dice.randrange(len(waiting))
            waiting[index], waiting[-1] = waiting[-1], waiting[index]
            cancelled, account = waiting.pop()
            drawn.append(Operation(cancelled, CANCEL, 0, 0, account))
            continue
        if dice.random() < _WANDERS:
            middle = min(max(middle + dice.choice((-1, 1)), _MIDDLE_FEN - _FARTHEST_FEN), _MIDDLE_FEN + _FARTHEST_FEN)
        side, account = dice.choice((BUY, SELL)), dice.randrange(ACCOUNTS)
        away = 1 + min(int(dice.expovariate(0.1)), _DEEPEST_FEN)
        through = dice.random() < _THROUGH
        price = middle + (away if (side == BUY) == through else -away)
        drawn.append(Operation(number, side, price, dice.randint(1, _LARGEST_T), account))
        if not through:
            waiting.append((number, account))
    return tuple(drawn[begin : begin + SLICE] for begin in range(0, operations, SLICE))

"""
Commands that could be large: fill-or-kill orders that cannot be filled, and to close all that an account has open.

The market is the whole engine with 100,000 resting orders on a hundred prices a side, or fewer in a short run.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import NamedTuple

from deploy.bench.exchange.contestants import FIRST_ACCOUNT, INSTRUMENT, opened
from deploy.bench.exchange.depth import resting
from deploy.bench.exchange.stream import ACCOUNTS, HIGH_FEN
from deploy.bench.figures import Figure, at_most
from deploy.processes.garbage import as_served
from exchange.engine import commands as c
from exchange.engine.core import Engine
from exchange.engine.modes.continuous import Place

_MOST = 100_000
_PER_SECOND = 500_000
_COMMANDS = 1_000
_WANTED_FOK_MS = 50.0
_WANTED_STEP_MS = 20.0
_LARGE_SHARE = 10
_LARGE = FIRST_ACCOUNT
_TAKER = FIRST_ACCOUNT + 1


def fok(*, seconds: float, rounds: int) -> Figure:
    """Milliseconds of a thousand orders one after the other, all of them refused."""
    orders = _orders(seconds)
    engine = _crowded(orders)
    asks = [each for each in engine.market.open_orders() if each.side == c.SELL]
    all_t = sum(each.open for each in asks)
    own_t = sum(each.open for each in asks if each.account.id == _TAKER)
    numbers = iter(range(10**9, 10**10))
    too_much = [_refused(engine, all_t + 1, c.PREVENT_TAKER, numbers) for _ in range(rounds)]
    around_own = [_refused(engine, all_t - own_t + 1, c.PREVENT_MAKER, numbers) for _ in range(rounds)]
    stopped = [_refused(engine, all_t - own_t, c.PREVENT_TAKER, numbers) for _ in range(rounds)]
    value = median(too_much)
    return Figure(
        name="fok",
        what=f"{_COMMANDS:,} fill-or-kill orders that {orders:,} resting orders cannot fill",
        unit="ms",
        value=value,
        limit=None,
        limit_what="none beside it",
        share=None,
        target=at_most(value, _WANTED_FOK_MS, f"≤ {_WANTED_FOK_MS:.0f} ms"),
        rounds=rounds,
        notes={
            "µs each": 1_000 * value / _COMMANDS,
            "µs each, enough but for its owner's own orders": 1_000 * median(around_own) / _COMMANDS,
            "µs each, stopped by its owner's own orders": 1_000 * median(stopped) / _COMMANDS,
        },
    )


def _refused(engine: Engine, quantity: int, prevention: int, numbers: Iterator[int]) -> float:
    """Milliseconds of the orders."""
    commands = [
        Place(_TAKER, INSTRUMENT, c.BUY, HIGH_FEN, quantity, next(numbers), c.FOK, prevention) for _ in range(_COMMANDS)
    ]
    before = engine.market.trades
    with as_served():
        begun = perf_counter()
        for command in commands:
            engine.apply(command)
        taken = perf_counter() - begun
    assert engine.market.trades == before, "all of them are refused"
    return 1_000 * taken


class Steps(NamedTuple):
    """Milliseconds of the longest step and of all of them, and how many there were."""

    longest: float
    together: float
    number: int


def freeze(*, seconds: float, rounds: int) -> Figure:
    """Milliseconds of the longest step in which an account's open orders are closed; in a long run, 10,000 of them."""
    orders = _orders(seconds)
    frozen = [_steps_of(orders, lambda: c.Freeze(10**6, _LARGE, on=True)) for _ in range(rounds)]
    cancelled = [_steps_of(orders, lambda: c.CancelAll(_LARGE, 0, 10**9)) for _ in range(rounds)]
    value = max(median(each.longest for each in way) for way in (frozen, cancelled))
    return Figure(
        name="freeze",
        what=f"the longest step of closing {orders // _LARGE_SHARE:,} orders of an account among {orders:,}",
        unit="ms",
        value=value,
        limit=None,
        limit_what="none beside it",
        share=None,
        target=at_most(value, _WANTED_STEP_MS, f"≤ {_WANTED_STEP_MS:.0f} ms"),
        rounds=rounds,
        notes={
            "steps": float(frozen[-1].number),
            "ms of a freeze in all": median(each.together for each in frozen),
            "ms of a cancel of everything in all": median(each.together for each in cancelled),
        },
    )


def _steps_of(orders: int, command: Callable[[], c.Command]) -> Steps:
    engine = _crowded(orders)
    taken: list[float] = []
    with as_served():
        given = command()
        while not taken or engine.market.unfinished is not None:
            begun = perf_counter()
            engine.apply(given)
            taken.append(perf_counter() - begun)
            given = c.Continue()
    assert not engine.market.accounts[_LARGE].orders, "all of it is closed"
    return Steps(1_000 * max(taken), 1_000 * sum(taken), len(taken))


def _orders(seconds: float) -> int:
    return min(_MOST, max(1_000, round(_PER_SECOND * seconds)))


def _crowded(orders: int) -> Engine:
    """Every tenth order is of one account, the others are of all the rest."""
    engine, numbers = opened(), Counter[int]()
    for number in range(orders):
        side, price, quantity = resting(number)
        account = FIRST_ACCOUNT + 1 + number % (ACCOUNTS - 1) if number // 2 % _LARGE_SHARE else _LARGE
        numbers[account] += 1
        engine.apply(Place(account, INSTRUMENT, side, price, quantity, numbers[account]))
    assert orders // _LARGE_SHARE == len(engine.market.accounts[_LARGE].orders)
    return engine

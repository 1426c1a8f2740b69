"""A call auction: orders of many accounts, collected, indicated, and uncrossed at one price, in steps."""

from random import Random
from statistics import median
from time import perf_counter
from typing import Final

from deploy.bench.figures import Figure, at_most
from deploy.processes.garbage import as_served
from exchange.engine import commands as c
from exchange.engine.core import Engine
from exchange.engine.modes.continuous import Place
from exchange.engine.modes.sessions.handlers import indicated
from exchange.engine.modes.sessions.messages import SetPhase
from exchange.engine.session import CONTINUOUS, OPENING_CALL

_ORDERS: Final = 10_000
_MANY_ORDERS: Final = 100_000
_SHORT_S: Final = 0.5
_SHORT_ORDERS: Final = 1_000
_ACCOUNTS: Final = 1_000
_MIDDLE_FEN: Final = 5_000
_SPREAD_FEN: Final = 400
_STEP_WANTED_MS: Final = 20.0


def call(*, seconds: float, rounds: int) -> Figure:
    """Milliseconds from the end of a call to its last trade; 100,000 orders beside it."""
    orders = _ORDERS if seconds >= _SHORT_S else _SHORT_ORDERS
    many = _MANY_ORDERS if seconds >= _SHORT_S else _SHORT_ORDERS
    found = [_uncrossed(orders) for _ in range(rounds)]
    value, longest, looked = (median(1e3 * each[at] for each in found) for at in range(3))
    large = _uncrossed(many)
    return Figure(
        name="call",
        what=f"a call with {orders:,} orders, from its end to its last trade",
        unit="ms",
        value=value,
        limit=None,
        limit_what="none beside it",
        share=None,
        target=at_most(max(longest, 1e3 * large[1]), _STEP_WANTED_MS, f"≤ {_STEP_WANTED_MS:.0f} ms a step"),
        rounds=rounds,
        notes={
            "ms of the longest step": longest,
            "ms to indicate": looked,
            f"ms with {many:,} orders": 1e3 * large[0],
            f"ms of the longest step with {many:,}": 1e3 * large[1],
        },
    )


def _uncrossed(orders: int) -> tuple[float, float, float]:
    engine = _collected(orders)
    steps: list[float] = []
    command: c.Command = SetPhase(engine.market.last_instruction + 1, 1, CONTINUOUS, 2)
    with as_served():
        begun = perf_counter()
        indicated(engine.market.instruments[1])
        looked = perf_counter() - begun
        while not steps or engine.market.unfinished is not None:
            begun = perf_counter()
            engine.apply(command)
            steps.append(perf_counter() - begun)
            command = c.Continue()
    return sum(steps), max(steps), looked


def _collected(orders: int) -> Engine:
    """A call in which everybody has placed orders around one price."""
    engine, dice = Engine(), Random(1)  # noqa: S311 - the same orders each time
    engine.apply(c.OpenInstrument(1, 1, 1, 1, 1, 10_000, 30, 999_999, 999_999))
    for account in range(1, _ACCOUNTS + 1):
        number = 2 * account
        engine.apply(c.CreditCash(number, account, account, 10**9))
        engine.apply(c.CreditTonnes(number + 1, account, account, 1, 10**6))
    engine.apply(SetPhase(engine.market.last_instruction + 1, 1, OPENING_CALL, 1))
    for made in range(orders):
        account = 1 + made % _ACCOUNTS
        side = account % 2  # an account that buys sells nothing, so that no owner meets itself
        price = _MIDDLE_FEN + round(dice.gauss(0, _SPREAD_FEN))
        engine.apply(Place(account, 1, side, price, dice.randrange(1, 20), 1 + made // _ACCOUNTS))
    return engine

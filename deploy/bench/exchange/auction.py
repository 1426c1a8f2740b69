"""An auction that closes: bids of ten thousand accounts for twice what there is, ranked and served in steps."""

from collections.abc import Iterable
from statistics import median
from time import perf_counter
from typing import Final

from deploy.bench.figures import Figure, at_most
from deploy.processes.garbage import as_served
from exchange.engine import commands as c
from exchange.engine.core import Engine
from exchange.engine.modes.auctions import messages as m

_BIDS: Final = 10_000
_SHORT_S: Final = 0.5
_SHORT_BIDS: Final = 1_000
_SELLER: Final = 1
_RESERVE_FEN: Final = 1_000
_PRICES: Final = 50
"""So few that most bids are tied, and have to be drawn for."""
_SPREAD: Final = 7_919
"""A prime, by which prices come in no order."""
_EACH_T: Final = 2
_CLOSES: Final = 1
_STEP_WANTED_MS: Final = 50.0


def auction(*, seconds: float, rounds: int) -> Figure:
    """Milliseconds from the close to the last bid served; the limit is sorting and drawing alone, in the same run."""
    bids = _BIDS if seconds >= _SHORT_S else _SHORT_BIDS
    found = [_closed(bids) for _ in range(rounds)]
    value, longest, limit = (median(1e3 * each[at] for each in found) for at in range(3))
    return Figure(
        name="auction",
        what=f"an auction with {bids:,} sealed bids for twice its tonnes, most drawn for, from its close to cleared",
        unit="ms",
        value=value,
        limit=limit,
        limit_what="as many tuples built and sorted",
        share=value / limit,
        target=at_most(longest, _STEP_WANTED_MS, f"≤ {_STEP_WANTED_MS:.0f} ms a step"),
        rounds=rounds,
        notes={"ms of the longest step": longest, "µs a bid": 1e3 * value / bids},
    )


def _closed(bids: int) -> tuple[float, float, float]:
    prices = [_RESERVE_FEN + 5 * (each * _SPREAD % _PRICES) for each in range(bids)]
    engine = _bid(prices)
    steps: list[float] = []
    (number,) = engine.market.parts["auctions"].running
    command: c.Command = m.CloseAuction(engine.market.last_instruction + 1, number, _CLOSES, bytes(32))
    with as_served():
        while not steps or engine.market.unfinished is not None:
            begun = perf_counter()
            engine.apply(command)
            steps.append(perf_counter() - begun)
            command = c.Continue()
        begun = perf_counter()
        _sorted(prices)
        alone = perf_counter() - begun
    return sum(steps), max(steps), alone


def _sorted(prices: Iterable[int]) -> list[tuple[int, int, int]]:
    return sorted((-price, number, _EACH_T) for number, price in enumerate(prices))


def _bid(prices: list[int]) -> Engine:
    """A market in which everybody has bid."""
    engine = Engine()
    supply_t = len(prices) * _EACH_T // 2
    bidders = range(_SELLER + 1, _SELLER + 1 + len(prices))
    engine.apply(c.OpenInstrument(1, 1, 5, 1, 100, 9_000, 25, _SELLER, _SELLER))
    engine.apply(c.CreditTonnes(2, _SELLER, _SELLER, 1, supply_t))
    terms = (m.UNIFORM, _RESERVE_FEN, 0, supply_t, 1, supply_t, m.AT_RANDOM, False, 0, _CLOSES, 0, _CLOSES)
    engine.apply(m.OpenAuction(_SELLER, 1, *terms, 1))
    number = engine.market.sequence
    engine.apply(m.BeginAuction(3, number))
    for each, price in zip(bidders, prices, strict=True):
        engine.apply(c.CreditCash(4 + each, each, each, 2 * price * _EACH_T))
        engine.apply(m.Bid(each, number, price, _EACH_T, 0, 1))
    return engine

"""A campaign that closes: pledges of ten thousand accounts for twice what there is, allotted pro rata, in steps."""

from statistics import median
from time import perf_counter
from typing import Final

from deploy.bench.figures import Figure, at_most
from deploy.processes.garbage import as_served
from exchange.engine import commands as c
from exchange.engine.core import Engine
from exchange.engine.modes.campaigns import messages as m

_PLEDGES: Final = 10_000
_SHORT_S: Final = 0.5
_SHORT_PLEDGES: Final = 1_000
_SELLER: Final = 1
_PRICE_FEN: Final = 1_390
_EACH_T: Final = 2
_STEP_WANTED_MS: Final = 20.0


def campaign(*, seconds: float, rounds: int) -> Figure:
    """Milliseconds from the close to the last allotment; the longest step is what others wait for."""
    pledges = _PLEDGES if seconds >= _SHORT_S else _SHORT_PLEDGES
    found = [_closed(pledges) for _ in range(rounds)]
    value, longest = (median(1e3 * each[at] for each in found) for at in (0, 1))
    return Figure(
        name="campaign",
        what=f"a campaign with {pledges:,} pledges for twice its tonnes, from its close to its last allotment",
        unit="ms",
        value=value,
        limit=None,
        limit_what="none beside it",
        share=None,
        target=at_most(longest, _STEP_WANTED_MS, f"≤ {_STEP_WANTED_MS:.0f} ms a step"),
        rounds=rounds,
        notes={"ms of the longest step": longest, "µs a pledge": 1e3 * value / pledges},
    )


def _closed(pledges: int) -> tuple[float, float]:
    engine = _pledged(pledges)
    steps: list[float] = []
    (number,) = engine.market.parts["campaigns"].running
    command: c.Command = m.CloseCampaign(engine.market.last_instruction + 1, number)
    with as_served():
        while not steps or engine.market.unfinished is not None:
            begun = perf_counter()
            engine.apply(command)
            steps.append(perf_counter() - begun)
            command = c.Continue()
    return sum(steps), max(steps)


def _pledged(pledges: int) -> Engine:
    """A market in which everybody has pledged."""
    engine = Engine()
    market, supply_t = engine.market, pledges * _EACH_T // 2
    buyers = range(_SELLER + 1, _SELLER + 1 + pledges)
    engine.apply(c.OpenInstrument(1, 1, 1, 1, 1, 10_000, 30, 999_999, 999_999))
    engine.apply(c.CreditTonnes(2, _SELLER, _SELLER, 1, supply_t))
    terms = (1, _EACH_T, 0, m.PRO_RATA, 1, 2)
    engine.apply(m.OpenCampaign(_SELLER, 1, _PRICE_FEN, supply_t, *terms, 1))
    number = market.sequence
    engine.apply(m.BeginCampaign(3, number))
    for at, each in enumerate(buyers):
        engine.apply(c.CreditCash(4 + at, each, each, _PRICE_FEN * _EACH_T))
        engine.apply(m.Pledge(each, number, _EACH_T, 1))
    return engine

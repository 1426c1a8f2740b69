"""
The whole engine on the same stream: accounts, bands, fees, numbers of clients, events.

Commands are built beforehand and events are dropped, so this is neither the journal's nor the network's time. What a
slice traded is settled after it, outside of its time; a note says what that costs. The collector is as in the service:
what stands is frozen, the thresholds are raised (`collector`).
"""

from statistics import median, quantiles
from time import perf_counter_ns

from deploy.bench.exchange.book import interleaved
from deploy.bench.exchange.contestants import BookAlone, Contestant, Core, Recording, opened
from deploy.bench.exchange.stream import SLICE, operations_in, stream
from deploy.bench.figures import Figure, at_least
from deploy.processes.garbage import as_served

_WANTED = 500_000
_LATENCY_SHARE = 5


def core(*, seconds: float, rounds: int) -> Figure:
    """Commands in a second; the limit is the book alone on the same slices."""
    slices = stream(operations_in(seconds))
    recorded = Recording(slices)
    takens: list[float] = []
    limits: list[float] = []
    settling_s = 0.0
    for _ in range(rounds):
        whole = Core(recorded)
        contestants: list[Contestant] = [whole, BookAlone(slices)]
        with as_served():
            taken, limit = interleaved(contestants, range(len(slices)))
        takens += taken
        limits += limit
        settling_s += whole.settling_s
    value = SLICE / median(takens)
    return Figure(
        name="core",
        what=f"commands applied by the whole engine, {SLICE * len(slices):,} of them",
        unit="/s",
        value=value,
        limit=SLICE / median(limits),
        limit_what="the book alone on the same operations",
        share=median(limit / taken for taken, limit in zip(takens, limits, strict=True)),
        target=at_least(value, _WANTED, f"≥ {_WANTED:,}/s"),
        rounds=rounds,
        notes={
            "trades in 100 commands": 100 * recorded.trades / (SLICE * len(slices)),
            "µs to settle a trade": 1e6 * settling_s / max(1, rounds * recorded.trades),
        },
    )


def call_latency(*, seconds: float, rounds: int) -> Figure:
    """Time of a single `Engine.apply` on the first fifth of the stream; percentiles are medians of the rounds'."""
    slices = stream(operations_in(seconds))
    recorded = Recording(slices[: max(1, len(slices) // _LATENCY_SHARE)])
    percentiles = [_percentiles(recorded) for _ in range(rounds)]
    half, nearly_all, all_but_one = (median(each[at] for each in percentiles) for at in (499, 989, 998))
    return Figure(
        name="call-latency",
        what="one call of the engine, half of them are faster",
        unit="µs",
        value=half,
        limit=None,
        limit_what="none beside it",
        share=None,
        target=None,
        rounds=rounds,
        notes={"µs in 99 of 100": nearly_all, "µs in 999 of 1,000": all_but_one, "µs of them the clock's": _clock_us()},
    )


def _percentiles(recorded: Recording) -> list[float]:
    """A thousand quantiles of the microseconds that calls take."""
    engine = opened()
    apply = engine.apply
    taken: list[int] = []
    with as_served():
        for commands, settle in zip(recorded.commands, recorded.settles, strict=True):
            for command in commands:
                begun = perf_counter_ns()
                apply(command)
                taken.append(perf_counter_ns() - begun)
            apply(settle)
    return [each / 1000 for each in quantiles(taken, n=1000)]


def _clock_us() -> float:
    return median(-(perf_counter_ns() - perf_counter_ns()) for _ in range(SLICE)) / 1000

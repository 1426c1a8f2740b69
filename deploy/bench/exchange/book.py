"""
The book alone, on a stream of a million operations, and other books in Python on a prefix of it.

Contestants take turns slice by slice, so that each pair of a slice saw the same machine; ratios are medians over the
pairs of all rounds. Peers are too slow for the whole stream, and the more so the fuller their book, so they get its
first fifth, which is in their favour.
"""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from deploy.bench.exchange.contestants import BookAlone, BookPrepared, Contestant
from deploy.bench.exchange.peers import Peer, PyOrderBook, PyOrderBookPrepared, called, installed
from deploy.bench.exchange.stream import SLICE, Slices, operations_in, stream
from deploy.bench.figures import Figure, at_least
from deploy.processes.garbage import as_served

_WANTED = 5.0
_PREFIX = 5
INSTALL = "make peers"


class Race(NamedTuple):
    """Seconds of each slice of every round: our book's on the whole stream, and each peer's on the prefix."""

    book: list[float]
    peers: dict[type[Peer], list[float]]
    traded_t: dict[str, int]
    resting: int


def book(*, seconds: float, rounds: int) -> Figure:
    """Operations in a second, beside the best peer's."""
    slices = stream(operations_in(seconds))
    prefix = slices[: max(1, len(slices) // _PREFIX)]
    there, missing = installed()
    races = [_race(slices, prefix, there) for _ in range(rounds)]
    value = SLICE / median(taken for race in races for taken in race.book)
    rates = {peer: SLICE / median(taken for race in races for taken in race.peers[peer]) for peer in there}
    times = {peer: _times(races, peer, len(prefix)) for peer in there}
    best = min(there, key=lambda peer: times[peer], default=None)
    remarks = [f"{name} is not installed and was not measured: {INSTALL}" for name in missing]
    notes = {"orders in the book at the end": float(races[-1].resting)}
    for peer in there:
        notes |= {f"{called(peer)}, operations/s": rates[peer], f"times as fast as {peer.package}": times[peer]}
    if PyOrderBook in there:
        notes["times as fast as pyorderbook with the orders of both built beforehand"] = _prepared(prefix, rounds)
    return Figure(
        name="book",
        what=f"orders and cancels in the book alone, {SLICE * len(slices):,} of them",
        unit="/s",
        value=value,
        limit=rates[best] if best else None,
        limit_what=f"{called(best)}, the first {SLICE * len(prefix):,}" if best else "no other book to compare with",
        share=times[best] if best else None,
        target=at_least(times[best], _WANTED, f"≥ {_WANTED:.0f} times the best peer") if best else None,
        rounds=rounds,
        notes=notes,
        remarks=(*remarks, *diverging(races[-1].traded_t)),
    )


def diverging(traded_t: dict[str, int]) -> list[str]:
    """Contestants that traded another quantity on the prefix than our book, the first: a remark, not a failure."""
    (_, ours), *others = traded_t.items()
    return [f"{name} traded {theirs:,} t where the book traded {ours:,} t" for name, theirs in others if theirs != ours]


def interleaved(contestants: Sequence[Contestant], slices: range) -> list[list[float]]:
    """Seconds of each contestant for each of *slices*, which they carry out in turn."""
    return [list(taken) for taken in zip(*([each.run(index) for each in contestants] for index in slices), strict=True)]


def _race(slices: Slices, prefix: Slices, there: Sequence[type[Peer]]) -> Race:
    ours, peers = BookAlone(slices), [peer(prefix) for peer in there]
    contestants: list[Contestant] = [ours, *peers]
    with as_served():
        first, *theirs = interleaved(contestants, range(len(prefix)))
        traded_t = {"book": ours.traded_t} | {called(type(peer)): peer.traded_t() for peer in peers}
        (rest,) = interleaved([ours], range(len(prefix), len(slices)))
    return Race(first + rest, dict(zip(there, theirs, strict=True)), traded_t, len(ours.live))


def _times(races: Sequence[Race], peer: type[Peer], prefix: int) -> float:
    """How many times as fast as *peer* the book is: the median over pairs of the same slice."""
    return median(
        theirs / ours for race in races for ours, theirs in zip(race.book[:prefix], race.peers[peer], strict=True)
    )


def _prepared(prefix: Slices, rounds: int) -> float:
    pairs: list[tuple[float, ...]] = []
    for _ in range(rounds):
        contestants: list[Contestant] = [BookPrepared(prefix), PyOrderBookPrepared(prefix)]
        with as_served():
            pairs += list(zip(*interleaved(contestants, range(len(prefix))), strict=True))
    return median(theirs / ours for ours, theirs in pairs)

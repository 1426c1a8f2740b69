"""
What it costs that prices lie far apart: the book alone on the stream, and on the same stream a thousand times as wide.

In the wide stream each price is multiplied, so that the same orders meet, at prices with nothing between them. In a
third one each order has a price of its own besides: there each order costs a level, in whatever range.
"""

import random
from statistics import median

from deploy.bench.exchange.book import interleaved
from deploy.bench.exchange.contestants import BookAlone, Contestant
from deploy.bench.exchange.stream import CANCEL, SLICE, Slices, operations_in, stream
from deploy.bench.figures import Figure, at_least
from deploy.processes.garbage import as_served

_WIDER = 1_000
_WANTED = 0.9
_SEED = 20_250_106


def sparse_range(*, seconds: float, rounds: int) -> Figure:
    """Operations in a second over the wide range, beside the narrow one; slices take turns."""
    narrow = stream(operations_in(seconds))
    streams = (narrow, _wider(narrow, own_prices=False), _wider(narrow, own_prices=True))
    taken: list[list[float]] = [[], [], []]
    for _ in range(rounds):
        contestants: list[Contestant] = [BookAlone(each) for each in streams]
        with as_served():
            found = interleaved(contestants, range(len(narrow)))
        taken = [before + more for before, more in zip(taken, found, strict=True)]
    limit, value, own = (SLICE / median(each) for each in taken)
    share = _times(taken[0], taken[1])
    return Figure(
        name="sparse-range",
        what=f"orders and cancels in the book alone, prices {_WIDER:,} times as far apart",
        unit="/s",
        value=value,
        limit=limit,
        limit_what="the same ones at prices next to each other",
        share=share,
        target=at_least(share, _WANTED, f"≥ {_WANTED} of those next to each other"),
        rounds=rounds,
        notes={
            "each order at a price of its own, operations/s": own,
            "of those next to each other": _times(taken[0], taken[2]),
        },
    )


def _times(limit: list[float], value: list[float]) -> float:
    """How fast one is by the other: the median over pairs of the same slice."""
    return median(one / other for one, other in zip(limit, value, strict=True))


def _wider(slices: Slices, *, own_prices: bool) -> Slices:
    dice = random.Random(_SEED)  # noqa: S311 - the same for everybody is the point
    return tuple(
        [
            each
            if each.kind == CANCEL
            else each._replace(price=_WIDER * each.price + (dice.randrange(_WIDER) if own_prices else 0))
            for each in operations
        ]
        for operations in slices
    )

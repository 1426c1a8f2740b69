"""
Orders through one WebSocket session at fixed rates, the highest for a whole minute in one run.

At a fixed rate each order is due at its own moment, and its time counts from there: a client that waits for a slow
answer hides nothing. Beside it somebody looks ten times a second how far the tables are behind the journal.
"""

import os
import subprocess
import sys
import tempfile
from statistics import quantiles
from time import perf_counter
from typing import Final, NamedTuple

import msgspec

from deploy.bench.exchange.served import ServedMarket
from deploy.bench.exchange.session_load import SessionLoad
from deploy.bench.exchange.streams import behind, processor_s, session_job, wait_for_tables
from deploy.bench.figures import Figure, at_least
from deploy.bench.retirements import LoadFailed
from exchange.orders.service import BEHIND_LIMIT

WANTED: Final = 20_000
STEPS: Final = ((1_000, 1, 10.0), (5_000, 10, 10.0), (10_000, 20, 10.0), (20_500, 100, 60.0))
"""Orders a second, how many are in a message, and for how many seconds; the last is the figure's."""
_SHORT_S: Final = 0.5
_LOOK_EVERY_S: Final = 0.1
_PATIENCE_S: Final = 60.0
_ENOUGH: Final = 2


class Sustained(NamedTuple):
    """What came of one rate, and how many commands the tables were behind, in the middle of all looks and at most."""

    load: SessionLoad
    behind: list[float]
    processor_s: float


def websocket_minute(market: ServedMarket, *, seconds: float, rounds: int) -> Figure:  # noqa: ARG001 - as every measure is asked
    """
    Orders acknowledged in a second over one minute without a pause, each after its commit with fsync.

    It is one run, however many *rounds* are asked for. An order that is refused because the tables are too far behind
    misses the target, and so does one more than that limit.
    """
    short = seconds if seconds < _SHORT_S else None
    found = {rate: _sustained(market, rate, at_once, short or lasts_s) for rate, at_once, lasts_s in STEPS}
    last = found[STEPS[-1][0]]
    rate, most = last.load.accepted / last.load.seconds, max(last.behind)
    kept_up = not last.load.refused and most <= BEHIND_LIMIT
    return Figure(
        name="websocket-minute",
        what=f"orders acknowledged through one WebSocket session for {last.load.seconds:.1f} s at a stretch",
        unit="/s",
        value=rate,
        limit=None,
        limit_what="none beside it",
        share=None,
        target=at_least(
            rate if kept_up else 0, WANTED, f"≥ {WANTED:,}/s, none refused, tables ≤ {BEHIND_LIMIT:,} behind"
        ),
        rounds=1,
        notes=_notes(found),
        remarks=tuple(each.load.refusal for each in found.values() if each.load.refusal)[:1],
    )


def _notes(found: dict[int, Sustained]) -> dict[str, float]:
    notes: dict[str, float] = {}
    for rate, each in found.items():
        times = sorted(1e3 * taken for taken in each.load.times_s)
        cuts = quantiles(times, n=1000) if len(times) >= _ENOUGH else [0.0] * 999
        notes |= {f"ms {name} at {rate:,}/s": cuts[at] for name, at in (("p50", 499), ("p99", 989), ("p99.9", 998))}
        notes[f"commands that the tables are behind at {rate:,}/s, at most"] = max(each.behind)
        notes[f"refused at {rate:,}/s"] = each.load.refused
    last = found[STEPS[-1][0]]
    orders = max(1, last.load.accepted + last.load.refused)
    notes["µs of the service's processor an order, its tables included"] = 1e6 * last.processor_s / orders
    notes["share of a core that the client took"] = last.load.processor_s / last.load.seconds
    return notes


def _sustained(market: ServedMarket, rate: int, at_once: int, seconds: float) -> Sustained:
    wait_for_tables(market)
    before_s, looks = processor_s(market), [0.0]
    words = [sys.executable, "-m", "deploy.bench.exchange.session_load"]
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as trouble,
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=trouble) as loading,
    ):
        assert loading.stdin is not None, "it is a pipe"
        loading.stdin.write(msgspec.json.encode(session_job(market, seconds, at_once, rate)))
        loading.stdin.close()
        _until_ended(loading, market, looks, perf_counter() + seconds + _PATIENCE_S)
        said, complaint = (os.pread(each.fileno(), os.fstat(each.fileno()).st_size, 0) for each in (out, trouble))
    if loading.returncode or complaint or not said:
        raise LoadFailed(complaint.decode(errors="replace") or f"the client ended with {loading.returncode}, silent")
    wait_for_tables(market)
    load = msgspec.json.decode(said, type=SessionLoad)
    return Sustained(load, looks, processor_s(market) - before_s)


def _until_ended(loading: "subprocess.Popen[bytes]", market: ServedMarket, looks: list[float], until: float) -> None:
    """Look how far the tables are behind until the client ends. Raises `LoadFailed`."""
    while perf_counter() < until:
        try:
            loading.wait(timeout=_LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            looks.append(behind(market))
        else:
            return
    loading.kill()
    raise LoadFailed(f"the client has not ended within {_PATIENCE_S:.0f} s of its last order")

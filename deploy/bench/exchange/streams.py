"""Connections that stay open: orders through one WebSocket session, and many readers of the market."""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median, quantiles
from time import sleep
from typing import Final, TypeVar

import httpx
import msgspec

from deploy.bench.exchange.reader_load import ReaderJob, ReaderLoad
from deploy.bench.exchange.served import ServedMarket
from deploy.bench.exchange.session_load import SessionJob, SessionLoad
from deploy.bench.figures import Figure, at_least, at_most
from deploy.bench.retirements import LoadFailed

_ORDERS_WANTED: Final = 20_000
_AT_ONCE: Final = 100
WINDOW: Final = 4_000
_READERS: Final = 1_000
_READERS_SHORT: Final = 20
_DELAY_WANTED_MS: Final = 500
_SHORT_S: Final = 0.5
_PATIENCE_S: Final = 120.0
_KIB_PER_MB: Final = 1024
SPENT: Final = 20
"""So many times the numbers that a measurement of single orders may use up: two million."""

T = TypeVar("T")


def websocket(market: ServedMarket, *, seconds: float, rounds: int) -> Figure:
    """
    How many orders a second one session has acknowledged, each after the commit of its group with fsync.

    An order that is refused because the tables are too far behind is not acknowledged, and misses the target: what can
    be kept up is what the tables follow.
    """
    before_s, most, loads = processor_s(market), 0.0, []
    for _ in range(rounds):
        loads.append(_session(market, seconds, _AT_ONCE))
        most = max(most, behind(market))
        wait_for_tables(market)
    took_s, answered = processor_s(market) - before_s, sum(each.accepted + each.refused for each in loads)
    refused = sum(each.refused for each in loads)
    single = _session(market, seconds, 1)
    rate = median(each.accepted / each.seconds for each in loads)
    times = [1e3 * taken for each in loads for taken in each.times_s]
    cuts = quantiles(times, n=1000) if len(times) > 1 else [0.0] * 999
    return Figure(
        name="websocket",
        what=f"orders acknowledged through one WebSocket session, {_AT_ONCE} in a message, {WINDOW:,} unanswered",
        unit="/s",
        value=rate,
        limit=None,
        limit_what="none beside it",
        share=None,
        target=at_least(0 if refused else rate, _ORDERS_WANTED, f"≥ {_ORDERS_WANTED:,}/s, none refused"),
        rounds=rounds,
        notes={
            "one in a message, /s": single.accepted / single.seconds,
            "ms p50": cuts[499],
            "ms p99": cuts[989],
            "ms p99.9": cuts[998],
            "refused of a thousand": 1e3 * refused / max(1, answered),
            "µs of the service's processor an order, its tables included": 1e6 * took_s / max(1, answered),
            "commands that the tables are behind at the end, at most": most,
            "share of a core that the client took": median(each.processor_s / each.seconds for each in loads),
        },
        remarks=tuple(each.refusal for each in loads if each.refusal)[:1],
    )


def readers(market: ServedMarket, *, seconds: float, rounds: int) -> Figure:
    """From an order's acknowledgement to the change at each of many readers: 99 of 100 come within."""
    count = _READERS if seconds >= _SHORT_S else _READERS_SHORT
    before = _memory_mb(market)
    loads = [
        _run(
            "reader_load",
            ReaderJob(
                port=port_of(market),
                key=market.world.holder.key,
                account_id=market.world.accounts[-1],
                instrument=market.instrument,
                price_fen=market.price_fen,
                first_client_order_id=next(market.numbers) * SPENT,
                readers=count,
                seconds=max(1.0, seconds),
            ),
            ReaderLoad,
        )
        for _ in range(rounds)
    ]
    if not all(each.delays_s for each in loads):
        raise LoadFailed("no reader got a change")
    slow = median(1e3 * quantiles(each.delays_s, n=100)[98] for each in loads)
    return Figure(
        name="readers",
        what=f"from an order's acknowledgement to {count:,} readers by server-sent events, 99 of 100 are faster",
        unit="ms",
        value=slow,
        limit=None,
        limit_what="none beside it",
        share=None,
        target=at_most(slow, _DELAY_WANTED_MS, f"≤ {_DELAY_WANTED_MS} ms") if count == _READERS else None,
        rounds=rounds,
        notes={
            "ms p50": median(1e3 * median(each.delays_s) for each in loads),
            "changes to the one that got fewest": min(each.fewest for each in loads),
            "KiB a reader": max(0.0, _memory_mb(market) - before) * _KIB_PER_MB / count,
        },
    )


def session_job(market: ServedMarket, seconds: float, at_once: int, rate: float = 0.0) -> SessionJob:
    """Return what the client of an order session is to do; with *rate*, at so many orders a second."""
    return SessionJob(
        port=port_of(market),
        key=market.world.holder.key,
        account_id=market.world.accounts[-2],
        instrument=market.instrument,
        price_fen=market.price_fen,
        first_client_order_id=next(market.numbers) * SPENT,
        seconds=seconds,
        at_once=at_once,
        window=WINDOW,
        rate=rate,
    )


def _session(market: ServedMarket, seconds: float, at_once: int) -> SessionLoad:
    return _run("session_load", session_job(market, seconds, at_once), SessionLoad)


def _run(module: str, job: msgspec.Struct, kind: type[T]) -> T:
    done = subprocess.run(
        [sys.executable, "-m", f"deploy.bench.exchange.{module}"],
        input=msgspec.json.encode(job),
        capture_output=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    if done.returncode or done.stderr:
        raise LoadFailed(done.stderr.decode(errors="replace"))
    return msgspec.json.decode(done.stdout, type=kind)


def port_of(market: ServedMarket) -> int:
    """Where the service listens."""
    return int(market.world.region.url.rpartition(":")[2])


def metrics(market: ServedMarket) -> dict[str, float]:
    """What the service counts, by name."""
    port = market.world.region.service.environment["KILNWOOD_INNER_PORT"]
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def behind(market: ServedMarket) -> float:
    """Commands that are in the journal and not yet in the tables."""
    found = metrics(market)
    return found["kilnwood_exchange_committed"] - found["kilnwood_exchange_projected"]


def wait_for_tables(market: ServedMarket) -> None:
    """The next round begins with tables that are not behind."""
    for _ in range(300):
        if not behind(market):
            return
        sleep(0.1)
    raise LoadFailed("the tables have not caught up within 30 s")


def processor_s(market: ServedMarket) -> float:
    """Processor time of the service so far, without PostgreSQL's; 0 where /proc does not tell it."""
    process = market.world.region.service.process
    assert process is not None, "the region runs"
    stat = Path(f"/proc/{process.pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text("ascii", "replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(market: ServedMarket) -> float:
    """Resident memory of the service, where /proc tells it."""
    process = market.world.region.service.process
    assert process is not None, "the region runs"
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        return 0.0
    (line,) = [each for each in status.read_text("ascii", "replace").splitlines() if each.startswith("VmRSS")]
    return int(line.split()[1]) / _KIB_PER_MB

"""What `kilnwood serve` looks after while it serves: the process that signs, the published log, the ledger's timers."""

import asyncio
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import structlog
from prometheus_client import CollectorRegistry, Gauge

from deploy import postgres
from deploy.app import move_pool
from registry.credits.blocks import compactor
from registry.credits.transfers import service as transfers
from registry.kit import idempotency
from registry.kit.database import Database
from registry.kit.problems import DomainError, Unavailable
from registry.transparency import service as transparency

log = structlog.get_logger()

REFUSED_EXIT = 3
"""Exit code of a sequencer that refuses to sign; it is not started again."""
STOP_TIMEOUT_S = 1.0
"""How long a stop waits for the sequencer to finish what it is doing."""
TICK_S = 1.0
TICKS_PER_CLEANING = 600
KEYS_KEPT = timedelta(days=30)
"""How long idempotency keys are remembered."""
KEYS_KEPT_FOR_EVER = frozenset({"retire_credits"})
"""Operations that stay the same request for ever: nobody can undo a retirement that was sent twice."""
CRASHES, CRASHES_WITHIN_S = 3, 30.0
"""So many ends of the sequencer in so short a time are trouble, though it is started again each time."""
UNPUBLISHED_LIMIT_S = 60.0
"""How long statements may wait without any being published."""


class SequencerProcess:
    """The child that signs. It is started again when it crashes, not when it refuses."""

    def __init__(self, dsn: str, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self.dsn = dsn
        self._now_s = now_s
        self._process: subprocess.Popen[bytes] | None = None
        self._refused = False
        self._crashes: deque[float] = deque(maxlen=CRASHES)

    @property
    def trouble(self) -> str:
        """Why nothing is signed, in one line, or nothing."""
        if self._refused:
            return "The sequencer refuses to sign; its last line in the log says why (deploy/RUNNING.md)."
        if len(self._crashes) == CRASHES and self._now_s() - self._crashes[0] < CRASHES_WITHIN_S:
            return (
                f"The sequencer ended {CRASHES} times within {CRASHES_WITHIN_S:.0f} s and is started again each time; "
                "its last lines in the log say why."
            )
        return ""

    def start(self) -> None:
        """Start the child; it ends by itself when our end of the pipe closes."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deploy", "sequencer"],
            stdin=subprocess.PIPE,
            env={**os.environ, "KILNWOOD_SEQUENCER_DSN": self.dsn},
        )
        self._refused = False

    def watch(self) -> None:
        """Look after the child once."""
        code = self._process.poll() if self._process else None
        if code is None or self._refused:
            return
        if code == REFUSED_EXIT:
            log.error("sequencer_refused", exit_code=code)
            self._refused = True
            return
        log.error("sequencer_died", exit_code=code)
        self._crashes.append(self._now_s())
        self.start()

    def stop(self) -> None:
        """Close the pipe and wait for the child to finish what it is doing."""
        if self._process is None:
            return
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class LogWatch:
    """How far the published log is behind what was committed: a metric, and trouble when it stands still."""

    def __init__(self, metrics: CollectorRegistry, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._gauge = Gauge(
            "kilnwood_log_unpublished_statements", "Statements that no witnessed checkpoint covers", registry=metrics
        )
        self._waiting = 0
        self._published = 0
        self._moved_s = now_s()

    def see(self, waiting: int, published: int) -> None:
        """Note how many statements wait and how many are published now."""
        if not (waiting and self._waiting) or published != self._published:
            self._moved_s = self._now_s()
        self._waiting, self._published = waiting, published
        self._gauge.set(waiting)

    @property
    def trouble(self) -> str:
        """That statements wait and the log stands still, or nothing."""
        stands_s = self._now_s() - self._moved_s
        if not self._waiting or stands_s < UNPUBLISHED_LIMIT_S:
            return ""
        return (
            f"{self._waiting} statements wait for the public log, which has published nothing for {stands_s:.0f} s: "
            "the sequencer or a witness is away; the log says which (deploy/RUNNING.md)."
        )


Revive = Callable[[], Awaitable[None]]


async def housekeeping(
    db: Database, sequencer: SequencerProcess, watch: LogWatch, revive: Revive | None = None
) -> None:
    """
    Every second: end expired offers, look after sequencer and log; every ten minutes: forget keys, join blocks.

    Whatever fails is logged and tried again by the next tick. *revive* is for a database of our own: what cannot be
    reached is started again.
    """
    ticks = 0
    while True:
        await asyncio.sleep(TICK_S)
        ticks += 1
        try:
            await _tick(db, sequencer, watch, revive, cleaning=ticks % TICKS_PER_CLEANING == 0)
        except Exception:
            log.exception("housekeeping_failed")


async def _tick(
    db: Database, sequencer: SequencerProcess, watch: LogWatch, revive: Revive | None, *, cleaning: bool
) -> None:
    try:
        watch.see(*await transparency.backlog(db=db))
        await transfers.expire_due(db=db)
        if cleaning:
            await compactor.compact(db=db)
            await idempotency.forget_old(db, after=KEYS_KEPT, kept_for_ever=KEYS_KEPT_FOR_EVER)
    except DomainError as error:  # the database is away; the next tick tries again
        log.warning("housekeeping_postponed", reason=error.slug)
        if revive and isinstance(error, Unavailable):
            await revive()
    finally:
        sequencer.watch()


async def revive_database(data_dir: Path, pool: "asyncpg.Pool[asyncpg.Record]", sequencer: SequencerProcess) -> None:
    """Start the embedded server again, or find that it runs; a new address is told to all who connect."""
    try:
        dsn = (await asyncio.to_thread(postgres.start, data_dir / "postgres", create=False)).dsn
    except postgres.PostgresUnavailable as error:
        log.error("database_does_not_start", reason=str(error))  # noqa: TRY400 - the reason says all
        return
    if dsn == sequencer.dsn:
        return
    log.warning("database_restarted")
    move_pool(pool, dsn)
    await asyncio.to_thread(sequencer.stop)
    sequencer.dsn = dsn
    sequencer.start()

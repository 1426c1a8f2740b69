"""The role that keeps the ledger's timers: expired offers, remembered requests, blocks that can be joined."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import structlog

from deploy.processes.tasks import ended
from registry.community.events import guests
from registry.community.retail import payments
from registry.credits.blocks import compactor
from registry.credits.transfers import service as transfers
from registry.kit import clock, idempotency
from registry.kit.database import Database
from registry.kit.supervise import Supervisor
from registry.methodologies import service as methodologies

log = structlog.get_logger()

TICK_S = 1.0
STOP_TIMEOUT_S = 1.0
TICKS_PER_CLEANING = 600
KEYS_KEPT = timedelta(days=30)
"""How long idempotency keys are remembered."""
KEYS_KEPT_FOR_EVER = frozenset({"retire_credits"})
"""Operations that stay the same request for ever: nobody can undo a retirement that was sent twice."""


class HousekeepingRole:
    """
    Every second it ends what has expired and retires what is paid; every ten minutes it forgets keys and joins blocks.

    Whatever fails is logged and tried again a second later.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._supervisor = Supervisor("housekeeping", "What has expired is not ended", retry_s=TICK_S)
        self._task: asyncio.Task[None] | None = None
        self._ticks = 0
        self._warned: date | None = None

    @property
    def trouble(self) -> str:
        """What fails and for how long, in one line; empty when everything works."""
        return self._supervisor.trouble

    async def start(self) -> None:
        """Keep house from now on."""
        self._task = asyncio.create_task(self._supervisor.run(self._step), name="housekeeping")

    async def stop(self) -> None:
        """End after what is under way: each piece of its work is a transaction of its own."""
        self._supervisor.stop()
        if self._task:
            await ended(self._task, within_s=STOP_TIMEOUT_S)

    async def _step(self) -> None:
        self._ticks += 1
        await self._tick(cleaning=self._ticks % TICKS_PER_CLEANING == 0)
        self._supervisor.well()
        await self._supervisor.pause(TICK_S)

    async def _tick(self, *, cleaning: bool) -> None:
        await clock.keep(db=self._db)
        await transfers.expire_due(db=self._db)
        await payments.lapse_due(db=self._db)
        if cleaning or self._ticks == 1:
            await self._warn_of_the_calendar()
        if cleaning:
            await compactor.compact(db=self._db)
            await idempotency.forget_old(self._db, after=KEYS_KEPT, kept_for_ever=KEYS_KEPT_FOR_EVER)
        await guests.retire_paid(db=self._db)  # last: a payment that fails again and again keeps nothing else waiting

    async def _warn_of_the_calendar(self) -> None:
        """Log once a day, from a year before its last day, that the calendar ends."""
        found = await methodologies.calendar_coverage(db=self._db)
        today = datetime.now(tz=UTC).date()
        if found.warning and self._warned != today:
            log.warning("calendar_ends", last_day=str(found.last_day), days_left=found.days_left, what=found.warning)
            self._warned = today

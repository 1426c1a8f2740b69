"""The role that keeps the ledger's timers: expired offers, remembered requests, blocks that can be joined."""

import asyncio
from datetime import timedelta

import structlog

from registry.credits.blocks import compactor
from registry.credits.transfers import service as transfers
from registry.kit import idempotency
from registry.kit.database import Database
from registry.kit.problems import DomainError

log = structlog.get_logger()

TICK_S = 1.0
TICKS_PER_CLEANING = 600
KEYS_KEPT = timedelta(days=30)
"""How long idempotency keys are remembered."""
KEYS_KEPT_FOR_EVER = frozenset({"retire_credits"})
"""Operations that stay the same request for ever: nobody can undo a retirement that was sent twice."""


class HousekeepingRole:
    """
    Every second it ends expired offers; every ten minutes it forgets idempotency keys and joins blocks.

    Whatever fails is logged and tried again by the next tick.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._task: asyncio.Task[None] | None = None
        self.trouble = ""

    async def start(self) -> None:
        """Keep house from now on."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End at once: each piece of its work is a transaction of its own."""
        if self._task:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _run(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(TICK_S)
            ticks += 1
            try:
                await self._tick(cleaning=ticks % TICKS_PER_CLEANING == 0)
            except DomainError as error:  # the database is away; the next tick tries again
                log.warning("housekeeping_postponed", reason=error.slug)
            except Exception:
                log.exception("housekeeping_failed")

    async def _tick(self, *, cleaning: bool) -> None:
        await transfers.expire_due(db=self._db)
        if cleaning:
            await compactor.compact(db=self._db)
            await idempotency.forget_old(self._db, after=KEYS_KEPT, kept_for_ever=KEYS_KEPT_FOR_EVER)

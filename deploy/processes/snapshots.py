"""The child of the engine that stores snapshots: a dump of a large market pauses only this process."""

import asyncio
import math
import os
import time
from collections.abc import Callable
from typing import Final

import asyncpg
import structlog

from deploy.pool import connecting
from deploy.processes.children import DSN_VARIABLE, REFUSED_EXIT, ChildRole, until_parent_ends
from exchange.journal.recovery import JournalBroken
from exchange.journal.snapshots import SnapshotFollower
from exchange.journal.store import IS_GONE
from registry.kit.supervise import Supervisor

log = structlog.get_logger()

CHILD: Final = ChildRole("snapshots", "snapshot process", "refuses to follow the journal")
RECONNECT_S: Final = 0.5
BROKEN_AGAIN_S: Final = 60.0
"""A journal that is found broken twice within this time is: a restored database explains one."""
NICENESS: Final = 5
"""Where processors are scarce, the processes that answer requests go first."""


async def run_as_child() -> int:
    """Follow the journal until the parent ends; returns the exit code."""
    os.nice(NICENESS)
    stop = asyncio.Event()
    until_parent_ends(stop)
    supervisor = Supervisor(
        "snapshots",
        "No snapshots are stored",
        retry_s=RECONNECT_S,
        expected=IS_GONE,
        fatal=(JournalBroken,),
        stopped=stop,
    )
    broken_at_s = -math.inf
    while not stop.is_set():
        try:
            await supervisor.run(lambda: _follow(stop, well=supervisor.well))
        except JournalBroken as error:
            if time.monotonic() - broken_at_s < BROKEN_AGAIN_S:
                log.error("journal_broken", reason=str(error))  # noqa: TRY400 - the reason says all
                return REFUSED_EXIT
            broken_at_s = time.monotonic()  # the first time the database may have gone back behind what was read
            await supervisor.pause(RECONNECT_S)
    return 0


async def _follow(stop: asyncio.Event, *, well: Callable[[], None]) -> None:
    connection = await asyncpg.connect(os.environ[DSN_VARIABLE], **connecting("kilnwood_api"))
    try:
        well()
        await SnapshotFollower(connection).run(stop)
    finally:
        connection.terminate()

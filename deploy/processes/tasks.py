"""How the tasks of a role end."""

import asyncio
from typing import Any

import structlog

log = structlog.get_logger()


async def ended(task: "asyncio.Task[Any]", *, within_s: float) -> None:
    """Wait for a task that was asked to end; one that does not is cut off."""
    done, _ = await asyncio.wait((task,), timeout=within_s)
    if not done:
        log.warning("part_cut_off", part=task.get_name())
        await cancelled(task)


async def cancelled(task: "asyncio.Task[Any]") -> None:
    """End a task for good: a rollback that fails meanwhile takes the place of a cancellation, and the task runs on."""
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=1)

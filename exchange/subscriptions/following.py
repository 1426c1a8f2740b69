"""What the engine's process does for standing subscriptions, again and again: whatever is due is taken one step."""

import functools
from typing import Final

import structlog

from exchange.parts import Exchange
from exchange.subscriptions import buying, selling, store
from registry.kit.problems import DomainError, Kind

log = structlog.get_logger()

AT_ONCE: Final = 100
_AWAY: Final = (Kind.UNAVAILABLE, Kind.FULL)


async def follow(*, exchange: Exchange) -> int:
    """
    Begin the runs that are due, and take every open one a step further; returns how many were looked at.

    One that fails stops no other. Raises what fails for everybody: no writer, no database, no room.
    """
    if not exchange.gateway.writing.is_set():
        return 0
    await exchange.projector.caught_up()
    await selling.look(exchange=exchange)
    await selling.wake(exchange=exchange)
    async with exchange.db.reading() as tx:
        due = await store.due(tx, AT_ONCE)
    for number in due:
        await exchange.db.transaction(functools.partial(buying.begin_in, number=number))
    async with exchange.db.reading() as tx:
        runs = await store.due_runs(tx, AT_ONCE)
    for number in runs:
        await _step(number, exchange=exchange)
    return len(runs)


async def _step(number: int, *, exchange: Exchange) -> None:
    try:
        async with exchange.db.reading() as tx:
            run = await store.run(tx, number)
        side = buying if run.side == "buy" else selling
        await side.step(run, exchange=exchange)
    except DomainError as error:
        if error.kind in _AWAY:
            raise
        log.warning("standing_run_postponed", run_id=number, reason=error.slug)
    except Exception:
        log.exception("standing_run_failed", run_id=number)

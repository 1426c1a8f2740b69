"""The exchange's parts as one: gateway, projections, teller, settler, and what follows freezes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import structlog

from deploy.app import connecting
from exchange import modes
from exchange.instructions.service import Teller
from exchange.instruments.service import follow_freezes
from exchange.journal.gateway import Connect, Gateway
from exchange.parts import Exchange
from exchange.projections.changes import event_table
from exchange.projections.instruments import KnownInstruments
from exchange.projections.projector import Projector, Tables
from exchange.settlement import projection as settlement
from exchange.settlement.reconciler import reconcile
from exchange.settlement.settler import Settler
from registry.kit.database import Database
from registry.kit.supervise import Supervisor
from schemas.parties import RegionProfile

log = structlog.get_logger()

FREEZES_EVERY_S = 0.5
STOP_TIMEOUT_S = 5.0


TABLES = Tables(event_table((*modes.EVENTS, settlement.EVENTS)), modes.COMMANDS)
"""What events mean for the tables of every room."""


def at_rest(db: Database, connect: Connect) -> Exchange:
    """The parts, put together; nothing runs, so every command is refused because the exchange is starting."""
    projector = Projector(db, TABLES)
    gateway = Gateway(connect, projector.publish)
    teller = Teller(db, gateway, projector)
    return Exchange(db, gateway, projector, teller, KnownInstruments(db), TABLES, modes.REFUSALS)


@contextlib.asynccontextmanager
async def trading(dsn: Callable[[], str], db: Database, region: RegionProfile) -> AsyncIterator[Exchange]:
    """
    Everything that trades, started in order and ended in the opposite one: what was acknowledged is stored and shown.

    *dsn* is asked for with every new connection of the journal: the database may have moved meanwhile.
    """

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        options = connecting("kilnwood_api")
        # A network that is cut must not keep the lock on the server for hours. Without effect on a socket file.
        alive = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3"}
        return await asyncpg.connect(dsn(), **{**options, "server_settings": {**options["server_settings"], **alive}})

    exchange = at_rest(db, connect)
    gateway, projector, teller = exchange.gateway, exchange.projector, exchange.teller
    settler = Settler(exchange, region)
    following = Supervisor("freezes", "What the registry freezes does not reach the exchange", retry_s=FREEZES_EVERY_S)
    exchange.watched += (settler.supervisor, following)
    tasks = {
        name: asyncio.create_task(work, name=name)
        for name, work in (
            ("gateway", gateway.run()),
            ("projector", projector.run()),
            ("teller", teller.run()),
            ("settler", settler.run()),
            ("freezes", _follow_freezes(exchange, following)),
        )
    }
    try:
        yield exchange
    finally:
        for stop, name in ((settler.stop, "settler"), (teller.stop, "teller")):
            stop()
            await _ended(tasks[name])
        await _cancelled(tasks["freezes"])
        gateway.stop()
        await _ended(tasks["gateway"])
        projector.stop()
        await _ended(tasks["projector"])


async def _follow_freezes(exchange: Exchange, supervisor: Supervisor) -> None:
    """The engine learns what the registry froze; after the start, the books are compared once."""
    compared = False

    async def step() -> None:
        nonlocal compared
        await follow_freezes(exchange=exchange)
        compared = compared or await _compare(exchange)
        supervisor.well()
        await supervisor.pause(FREEZES_EVERY_S)

    await supervisor.run(step)


async def _compare(exchange: Exchange) -> bool:
    if exchange.gateway.engine is None:
        return False
    found = await reconcile(db=exchange.db, replay=False)
    for each in found.differences:
        log.error(
            "books_disagree", what=each.what, account_id=each.account_id, expected=each.expected, found=each.found
        )
    if found.differences:
        exchange.disagreement = (
            f"The books of exchange and registry disagree in {len(found.differences)} places: run kilnwood reconcile."
        )
    log.info("books_compared", held_kg=found.held_kg, in_flight=found.in_flight, differences=len(found.differences))
    return True


async def _ended(task: "asyncio.Task[Any]") -> None:
    """Wait for a part to end by itself; one that does not is cut off."""
    done, _ = await asyncio.wait((task,), timeout=STOP_TIMEOUT_S)
    if not done:
        log.warning("part_cut_off", part=task.get_name())
        await _cancelled(task)


async def _cancelled(task: "asyncio.Task[Any]") -> None:
    """End it for good: a rollback that fails meanwhile takes the place of the cancellation, and the task goes on."""
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=1)

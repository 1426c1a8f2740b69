"""The role that trades: gateway, projections, instructions, settler, and what follows the registry's freezes."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from deploy.pool import connecting
from deploy.processes.children import ChildProcess
from deploy.processes.tasks import ended
from exchange import modes
from exchange.auctions import service as auctions
from exchange.blocks.service import lapse_due
from exchange.campaigns import service as campaigns
from exchange.instructions.service import Teller
from exchange.instruments.baskets import follow_rules
from exchange.instruments.delistings import follow_delistings
from exchange.instruments.service import follow_freezes, follow_owners, turn_days
from exchange.journal.forwarding import GatewayServer, Progress
from exchange.journal.gateway import Connect, Gateway
from exchange.orders.session.left_behind import cancel_left_behind
from exchange.parts import Exchange
from exchange.projections.changes import event_table
from exchange.projections.instruments import KnownInstruments
from exchange.projections.projector import Projector, Tables
from exchange.quotes.service import end_due
from exchange.sessions.service import follow_timetables
from exchange.settlement import projection as settlement
from exchange.settlement.reconciler import reconcile
from exchange.settlement.settler import Settler
from exchange.subscriptions.following import follow
from registry.kit.database import Database
from registry.kit.supervise import Supervisor
from schemas.parties import RegionProfile

log = structlog.get_logger()

FREEZES_EVERY_S = 0.5
OWNERS_EVERY = 10
"""Looks at freezes between two looks at whose the accounts are."""
CALENDAR_EVERY_S = 0.5
SUBSCRIPTIONS_EVERY_S = 0.5
STOP_TIMEOUT_S = 5.0
"""How long each part may take to end."""


TABLES = Tables(event_table((*modes.EVENTS, settlement.EVENTS)), modes.COMMANDS)
"""What events mean for the tables of every room."""


def at_rest(db: Database, connect: Connect) -> Exchange:
    """The parts, put together; nothing runs, so every command is refused because the exchange is starting."""
    projector = Projector(db, TABLES)
    gateway = Gateway(connect, projector.publish)
    teller = Teller(db, gateway, projector)
    return Exchange(db, gateway, projector, teller, KnownInstruments(db), TABLES, modes.REFUSALS)


class EngineRole:
    """
    Everything that trades, started in order and ended in the opposite one: what was acknowledged is stored and shown.

    A child process makes the snapshots, if one is given; a clean stop leaves one that is made here.
    *dsn* is asked for with every new connection of the journal: the database may have moved meanwhile. Where the api
    runs in another process, its commands come in at *socket*.
    """

    def __init__(
        self,
        dsn: Callable[[], str],
        db: Database,
        region: RegionProfile,
        *,
        socket: Path | None = None,
        snapshots: ChildProcess | None = None,
    ) -> None:
        self._dsn = dsn
        self._snapshots = snapshots
        self.exchange = at_rest(db, self._connect)
        self._settler = Settler(self.exchange, region)
        self._following = Supervisor(
            "freezes", "What the registry freezes does not reach the exchange", retry_s=FREEZES_EVERY_S
        )
        self._calendar = Supervisor(
            "calendar", "What is due by the calendar does not reach the exchange", retry_s=CALENDAR_EVERY_S
        )
        self._standing = Supervisor(
            "subscriptions", "Standing subscriptions do not buy and sell", retry_s=SUBSCRIPTIONS_EVERY_S
        )
        self.exchange.watched += (self._settler.supervisor, self._following, self._calendar, self._standing)
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._server = self._served_at(socket) if socket else None

    @property
    def trouble(self) -> str:
        """Why something does not work, in one line; empty when everything does."""
        return self.exchange.trouble or self.snapshots_trouble

    @property
    def snapshots_trouble(self) -> str:
        """The same of the child that makes the snapshots, if there is one."""
        return self._snapshots.trouble if self._snapshots else ""

    async def start(self) -> None:
        """Start every part; commands are taken once the gateway has recovered."""
        exchange = self.exchange
        if self._server:  # refuses commands until the gateway has recovered
            await self._server.start()
        self._tasks = {
            name: asyncio.create_task(work, name=name)
            for name, work in (
                ("gateway", exchange.gateway.run()),
                ("projector", exchange.projector.run()),
                ("teller", exchange.teller.run()),
                ("settler", self._settler.run()),
                ("freezes", _follow_freezes(exchange, self._following)),
                ("calendar", _follow_calendar(exchange, self._calendar)),
                ("subscriptions", _follow_subscriptions(exchange, self._standing)),
            )
        }
        if self._snapshots:
            await self._snapshots.start()

    async def stop(self) -> None:
        """End what gives commands, then what carries them out and answers them, then what shows them."""
        if self._snapshots:
            await self._snapshots.stop()
        self._standing.stop()
        await self._ended("subscriptions")
        self._settler.stop()
        await self._ended("settler")
        for name, following in (("freezes", self._following), ("calendar", self._calendar)):
            following.stop()
            await self._ended(name)
        self.exchange.teller.stop()
        await self._ended("teller")
        self.exchange.gateway.stop()
        await self._ended("gateway")
        if self._server:
            await self._server.stop()
        self.exchange.projector.stop()
        await self._ended("projector")

    def _served_at(self, path: Path) -> GatewayServer:
        exchange = self.exchange

        def progress() -> Progress:
            projector, gateway = exchange.projector, exchange.gateway
            return Progress(
                projector.committed, projector.projected, writing=gateway.writing.is_set(), trouble=self.trouble
            )

        return GatewayServer(path, exchange.gateway, look=exchange.teller.look, progress=progress)

    async def _ended(self, name: str) -> None:
        await ended(self._tasks[name], within_s=STOP_TIMEOUT_S)

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        options = connecting("kilnwood_api")
        # A network that is cut must not keep the lock on the server for hours. Without effect on a socket file.
        alive = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3"}
        settings = {**options["server_settings"], **alive}
        return await asyncpg.connect(self._dsn(), **{**options, "server_settings": settings})


async def _follow_freezes(exchange: Exchange, supervisor: Supervisor) -> None:
    """Tell the engine what the registry freezes, and who owns accounts; after the start, compare the books once."""
    compared, looks = False, 0

    async def step() -> None:
        nonlocal compared, looks
        await follow_freezes(exchange=exchange)
        if looks % OWNERS_EVERY == 0:
            await follow_owners(exchange=exchange)
            await follow_rules(exchange=exchange)
        looks += 1
        compared = compared or await _compare(exchange)
        supervisor.well()
        await supervisor.pause(FREEZES_EVERY_S)

    await supervisor.run(step)


async def _follow_calendar(exchange: Exchange, supervisor: Supervisor) -> None:
    """Tell the engine what is due by business time."""

    async def step() -> None:
        await follow_delistings(exchange=exchange)
        await follow_timetables(exchange=exchange)
        await turn_days(exchange=exchange)
        await campaigns.follow_calendar(exchange=exchange)
        await auctions.follow_calendar(exchange=exchange)
        await lapse_due(exchange=exchange)
        await end_due(exchange=exchange)
        await cancel_left_behind(exchange=exchange)
        supervisor.well()
        await supervisor.pause(CALENDAR_EVERY_S)

    await supervisor.run(step)


async def _follow_subscriptions(exchange: Exchange, supervisor: Supervisor) -> None:
    """Buy and sell what standing subscriptions are due to."""

    async def step() -> None:
        await follow(exchange=exchange)
        supervisor.well()
        await supervisor.pause(SUBSCRIPTIONS_EVERY_S)

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

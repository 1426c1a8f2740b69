"""The role that answers HTTP: the registry whole, and the exchange through its engine, wherever that runs."""

import asyncio
from collections.abc import Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from deploy.app import Parts, create_app
from deploy.log_keys import policy_text
from deploy.processes.book_day import in_child
from deploy.processes.clock_watch import ClockWatch
from deploy.processes.database import RegionDatabase
from deploy.processes.disk import DiskWatch
from deploy.processes.first_start import CannotServe
from deploy.processes.http import Limits, require_free, serve_until
from deploy.processes.inner import Health, Metrics, WatchedPart, inner_app
from deploy.processes.log_backlog import LogBacklog
from deploy.processes.notifying import gate_of, transport
from deploy.processes.tasks import cancelled
from deploy.settings import Settings
from deploy.site.entering import read_entrants
from exchange.market_data.book_days import BookDays
from exchange.parts import Exchange
from registry.access.authority import Authority
from registry.access.keys import service as keys
from registry.access.keys.rules import Keyring
from registry.access.rates import Rates, policies
from registry.access.sign_in.rules import SiteAddress
from registry.kit.quotas import Quotas
from registry.kit.supervise import Supervisor
from registry.parties.service import dated_trader_in
from schemas.parties import RegionProfile

STOP_TIMEOUT_S = 2.5
"""How long a stop waits for requests in flight. With those it cuts off and the sequencer it is four in all."""
INNER_CONNECTIONS = 64
NOTED_EVERY_S = 60.0


def require_ports(settings: Settings) -> None:
    """Raise `CannotServe` if another process listens on a port of the settings, or both are the same."""
    if settings.port == settings.inner_port:
        raise CannotServe(
            f"KILNWOOD_PORT and KILNWOOD_INNER_PORT are both {settings.port}. Set one of them to another port."
        )
    for host, port, name in (
        (settings.host, settings.port, "KILNWOOD_PORT"),
        (settings.inner_host, settings.inner_port, "KILNWOOD_INNER_PORT"),
    ):
        try:
            require_free(host, port)
        except OSError as error:
            raise CannotServe(
                f"Cannot listen on {host}:{port}: {error.strerror}. Set {name} to a free port."
            ) from error


class ApiRole:
    """
    The HTTP server with its inner face, and what its readiness tells: of *parts*, the public log and the exchange.

    *failed* is set when a server ends by itself; `stop` then raises why.
    """

    def __init__(
        self,
        settings: Settings,
        database: RegionDatabase,
        *,
        region: RegionProfile,
        keyring: Keyring,
        exchange: Exchange,
        parts: Sequence[WatchedPart],
        failed: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._database = database
        self._metrics = CollectorRegistry()
        self._backlog = LogBacklog(self._metrics)
        self._disk = DiskWatch(settings, self._metrics)
        self._clock = ClockWatch()
        self._exchange = exchange
        self._failed = failed
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        backlog = WatchedPart("log", lambda: self._backlog.trouble, needed=lambda: bool(self._backlog.refusal))
        trading = WatchedPart("exchange", lambda: exchange.trouble, needed=lambda: not exchange.taking)
        past = WatchedPart("past-days", lambda: self._parts.book_days.trouble)
        disk = WatchedPart("disk", lambda: self._disk.trouble)
        time = WatchedPart("clock", lambda: self._clock.trouble, needed=lambda: True)
        self._health = Health(database.db, (*parts, backlog, time, trading, disk, past))
        self._authority = Authority(database.db, keyring, dated_trader_in)
        self._uses = Supervisor("key uses", "When keys were used last is not noted", retry_s=NOTED_EVERY_S)
        self._parts = Parts(
            db=database.db,
            keyring=keyring,
            authority=self._authority,
            region=region,
            exchange=exchange,
            trouble=lambda: self._health.trouble,
            metrics=self._metrics,
            rates=Rates(policies(settings.rates), proxies=settings.proxies),
            quotas=Quotas(settings.quotas),
            room=self._disk.room,
            closing=self._stopping,
            site=SiteAddress(settings.site_url),
            entrants=read_entrants(settings.demo_people),
            witness_policy=policy_text(settings),
            mail=transport(settings),
            gate=gate_of(settings),
            book_days=BookDays(lambda day: in_child(database.at.api, day)),
        )

    @property
    def trouble(self) -> str:
        """Why requests of some kind are refused, in one line; empty when none is."""
        return self._health.trouble

    async def start(self) -> None:
        """Listen; returns when both ports answer. Raises `CannotServe`, or what ended a server."""
        self._count_commands()
        settings = self._settings
        inner = inner_app(self._health, Metrics(self._metrics))
        timeout_s = settings.client_timeout_s
        listening = (
            self._listen(
                create_app(self._parts),
                settings.host,
                settings.port,
                Limits(settings.connections, timeout_s, settings.http2, websockets=True),
            ),
            self._listen(inner, settings.inner_host, settings.inner_port, Limits(INNER_CONNECTIONS, timeout_s)),
        )
        self._tasks = [task for task, _ in listening]
        self._tasks.append(asyncio.create_task(self._backlog.watch(self._database.db)))
        self._tasks.append(asyncio.create_task(self._clock.watch(self._database.db)))
        self._tasks.append(asyncio.create_task(self._uses.run(self._note_uses)))
        self._tasks.append(asyncio.create_task(self._disk.watch()))
        try:
            for _, answers in listening:
                await answers.wait()
        except asyncio.CancelledError:  # a stop while it starts: who called does not know of the tasks yet
            await self.stop()
            raise
        if any(task.done() for task, _ in listening):
            try:
                await self.stop()
            except OSError as error:
                raise CannotServe(
                    f"Cannot listen: {error.strerror}. Check KILNWOOD_HOST, KILNWOOD_PORT and their inner ones."
                ) from error
        for task, _ in listening:
            task.add_done_callback(lambda _: self._failed.set())

    def _listen(
        self,
        app: Any,  # noqa: ANN401 - any ASGI application; each framework has its own type for it
        host: str,
        port: int,
        limits: Limits,
    ) -> "tuple[asyncio.Task[None], asyncio.Event]":
        """A server, and what is set when its port answers or it has ended."""
        answers = asyncio.Event()
        serving = asyncio.create_task(
            serve_until(
                self._stopping,
                app,
                host,
                port,
                timeout_s=STOP_TIMEOUT_S,
                limits=limits,
                cut_off=self._database.cut_off,
                ready=answers,
            )
        )
        serving.add_done_callback(lambda _: answers.set())
        return serving, answers

    async def stop(self) -> None:
        """Take no more requests, and wait for those in flight. Raises what ended a server before."""
        self._stopping.set()
        *serving, watching, timing, noting, looking = self._tasks
        for each in (watching, timing, noting, looking):
            await cancelled(each)
        await asyncio.wait(serving)
        await self._parts.workshop.close()
        await self._parts.book_days.close()
        for each in serving:
            each.result()

    async def _note_uses(self) -> None:
        """Once a minute, when keys were used last; what a crash forgets is the last minute of it."""
        await self._uses.pause(NOTED_EVERY_S)
        if used := self._authority.take_uses():
            await keys.note_uses(used, db=self._database.db)

    def _count_commands(self) -> None:
        projector, metrics = self._exchange.projector, self._metrics
        committed = Gauge("kilnwood_exchange_committed", "Last command in the journal", registry=metrics)
        committed.set_function(lambda: projector.committed)
        projected = Gauge("kilnwood_exchange_projected", "Last command in the tables", registry=metrics)
        projected.set_function(lambda: projector.projected)

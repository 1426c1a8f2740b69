"""The role that answers HTTP: the registry whole, and the exchange through its engine, wherever that runs."""

import asyncio
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Gauge

from deploy.app import Parts, create_app
from deploy.processes.database import RegionDatabase
from deploy.processes.first_start import CannotServe
from deploy.processes.http import Limits, require_free, serve_until
from deploy.processes.log_backlog import LogBacklog
from deploy.processes.tasks import cancelled
from deploy.settings import Settings
from exchange.parts import Exchange
from registry.access.authority import Authority
from registry.access.keys.rules import Keyring
from registry.parties.service import dated_trader_in
from schemas.parties import RegionProfile

STOP_TIMEOUT_S = 2.5
"""How long a stop waits for requests in flight. With those it cuts off and the sequencer it is four in all."""


def require_port(settings: Settings) -> None:
    """Raise `CannotServe` if another process listens on the port of the settings."""
    try:
        require_free(settings.host, settings.port)
    except OSError as error:
        raise CannotServe(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. Set KILNWOOD_PORT to a free port."
        ) from error


class ApiRole:
    """
    The HTTP server and what its readiness tells. *troubles* are asked in their order, before the exchange is.

    *failed* is set when the server ends by itself; `stop` then raises why.
    """

    def __init__(
        self,
        settings: Settings,
        database: RegionDatabase,
        *,
        region: RegionProfile,
        keyring: Keyring,
        exchange: Exchange,
        troubles: Sequence[Callable[[], str]],
        failed: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._database = database
        self._metrics = CollectorRegistry()
        self._backlog = LogBacklog(self._metrics)
        self._exchange = exchange
        self._troubles = troubles
        self._failed = failed
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._parts = Parts(
            db=database.db,
            keyring=keyring,
            authority=Authority(database.db, keyring, dated_trader_in),
            region=region,
            exchange=exchange,
            trouble=lambda: self.trouble,
            metrics=self._metrics,
        )

    @property
    def trouble(self) -> str:
        """Why something does not work, in one line; empty when everything does."""
        found = (*(each() for each in self._troubles), self._backlog.trouble, self._exchange.trouble)
        return next((each for each in found if each), "")

    async def start(self) -> None:
        """Listen; returns when the port answers. Raises what ended the server before that."""
        self._count_commands()
        app, settings, answers = create_app(self._parts), self._settings, asyncio.Event()
        serving = asyncio.create_task(
            serve_until(
                self._stopping,
                app,
                settings.host,
                settings.port,
                timeout_s=STOP_TIMEOUT_S,
                limits=Limits(settings.connections, settings.client_timeout_s, settings.http2),
                cut_off=self._database.cut_off,
                ready=answers,
            )
        )
        serving.add_done_callback(lambda _: self._failed.set())
        serving.add_done_callback(lambda _: answers.set())
        self._tasks = [serving, asyncio.create_task(self._backlog.watch(self._database.db))]
        try:
            await answers.wait()
        except asyncio.CancelledError:  # a stop while it starts: who called does not know of the tasks yet
            await self.stop()
            raise
        if serving.done():
            await self.stop()

    async def stop(self) -> None:
        """Take no more requests, and wait for those in flight. Raises what ended the server before."""
        self._stopping.set()
        serving, watching = self._tasks
        await cancelled(watching)
        await serving

    def _count_commands(self) -> None:
        projector, metrics = self._exchange.projector, self._metrics
        committed = Gauge("kilnwood_exchange_committed", "Last command in the journal", registry=metrics)
        committed.set_function(lambda: projector.committed)
        projected = Gauge("kilnwood_exchange_projected", "Last command in the tables", registry=metrics)
        projected.set_function(lambda: projector.projected)

"""How far the published log is behind what was committed: a metric, and trouble when it stands still."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge

from registry.kit.database import Database
from registry.kit.supervise import Supervisor
from registry.transparency import service as transparency

TICK_S = 1.0
UNPUBLISHED_LIMIT_S = 60.0
"""How long statements may wait without any being published."""


class LogBacklog:
    """Looks every second how many statements wait for the public log and how many it has."""

    def __init__(self, metrics: CollectorRegistry, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._gauge = Gauge(
            "kilnwood_log_unpublished_statements", "Statements that no witnessed checkpoint covers", registry=metrics
        )
        self._waiting = 0
        self._published = 0
        self._moved_s = now_s()
        self.refusal = ""
        """Why the log refuses to sign, and everything that belongs into it with it; empty if it does not."""

    async def watch(self, db: Database) -> None:
        """Look until cancelled; what fails is logged and tried again."""
        supervisor = Supervisor("log backlog", "The backlog of the public log is unknown", retry_s=TICK_S)

        async def step() -> None:
            self.see(*await transparency.backlog(db=db))
            supervisor.well()
            await supervisor.pause(TICK_S)

        await supervisor.run(step)

    def see(self, waiting: int, published: int, refusal: str | None = None) -> None:
        """Note how many statements wait and how many are published now, and why the log refuses more."""
        self.refusal = refusal or ""
        if not (waiting and self._waiting) or published != self._published:
            self._moved_s = self._now_s()
        self._waiting, self._published = waiting, published
        self._gauge.set(waiting)

    @property
    def trouble(self) -> str:
        """That the log refuses, or that statements wait and it stands still, or nothing."""
        if self.refusal:
            return f"Nothing that belongs into the public log is taken, for it refuses to sign: {self.refusal}"
        stands_s = self._now_s() - self._moved_s
        if not self._waiting or stands_s < UNPUBLISHED_LIMIT_S:
            return ""
        return (
            f"{self._waiting} statements wait for the public log, which has published nothing for {stands_s:.0f} s: "
            "the sequencer or a witness is away; the log says which (deploy/README.md)."
        )

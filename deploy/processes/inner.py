"""
The inner face of an api: metrics, and readiness part by part, for the operator's own network.

It has an address of its own, so that no proxy can show it to the public by mistake, and no key.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from prometheus_client import CollectorRegistry, generate_latest

from registry.kit.database import Database
from registry.kit.headers import protected
from registry.kit.problems import DomainError
from registry.kit.supervise import REPORTED_AFTER_S

Status = Literal["ready", "degraded", "unready"]

METRICS_EVERY_S = 1.0
"""Metrics are put together at most so often: it takes tens of milliseconds, of which requests have to give some."""
_SEVERITY: Sequence[Status] = ("ready", "degraded", "unready")
_TEXT = b"text/plain; version=0.0.4; charset=utf-8"
_JSON = b"application/json"
_WHERE = b"The inner face has /metrics, /health/live and /health/ready.\n"


class WatchedPart(NamedTuple):
    """
    One part of the service: *trouble* says in one line what does not work, or nothing.

    While *needed* says no, its trouble is a degradation: every request is answered, and something lags behind.
    """

    name: str
    trouble: Callable[[], str]
    needed: Callable[[], bool] = lambda: False


class PartHealth(msgspec.Struct, frozen=True):
    """How one part is."""

    part: str
    status: Status
    detail: str = ""


class HealthReport(msgspec.Struct, frozen=True):
    """How the service is: as bad as its worst part."""

    status: Status
    parts: tuple[PartHealth, ...]


class Health:
    """The parts of a service, asked in their order."""

    def __init__(self, db: Database, parts: Sequence[WatchedPart]) -> None:
        self._db = db
        self._parts = parts

    @property
    def trouble(self) -> str:
        """Why requests of some kind are refused, in one line; the database aside, which every request meets itself."""
        found = (each.trouble() for each in self._parts if each.needed())
        return next((each for each in found if each), "")

    async def report(self) -> HealthReport:
        """Every part, the database first."""
        parts = (await self._database(), *(_health(each) for each in self._parts))
        return HealthReport(max((each.status for each in parts), key=_SEVERITY.index), parts)

    async def _database(self) -> PartHealth:
        try:
            async with asyncio.timeout(REPORTED_AFTER_S), self._db.reading() as tx:
                await tx.fetchval("select 1")
        except TimeoutError:
            return PartHealth("database", "unready", f"It has not answered for {REPORTED_AFTER_S:.0f} s.")
        except DomainError as error:
            return PartHealth("database", "unready", error.detail)
        return PartHealth("database", "ready")


def _health(part: WatchedPart) -> PartHealth:
    if not (trouble := part.trouble()):
        return PartHealth(part.name, "ready")
    return PartHealth(part.name, "unready" if part.needed() else "degraded", trouble)


class Metrics:
    """The text of all metrics, made beside the loop and kept for a second."""

    def __init__(self, registry: CollectorRegistry, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._now_s = now_s
        self._made_s = float("-inf")
        self._making = asyncio.Lock()
        self._text = b""

    async def text(self) -> bytes:
        """As of less than a second ago."""
        async with self._making:
            if self._now_s() - self._made_s >= METRICS_EVERY_S:
                self._text = await asyncio.to_thread(generate_latest, self._registry)
                self._made_s = self._now_s()
            return self._text


Message = MutableMapping[str, Any]


def inner_app(health: Health, metrics: Metrics) -> Callable[[Message, Any, Any], Awaitable[None]]:
    """The ASGI application of the inner face."""

    async def respond(path: str) -> tuple[int, bytes, bytes]:
        match path:
            case "/metrics":
                return 200, _TEXT, await metrics.text()
            case "/health/live":
                return 200, _JSON, b'{"status":"live"}'
            case "/health/ready":
                report = await health.report()
                return 503 if report.status == "unready" else 200, _JSON, msgspec.json.encode(report)
        return 404, _TEXT, _WHERE

    async def app(scope: Message, _: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        status, kind, body = await respond(scope["path"])
        headers = protected(((b"content-type", kind), (b"content-length", b"%d" % len(body))))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    return app

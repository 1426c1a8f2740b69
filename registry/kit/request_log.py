"""
One structured line and one set of metrics for each request.

Wraps the finished ASGI application: middleware inside it never sees a request that has no route. Only the client's
address, method, path, status, duration and what services bound are logged, such as the numbers of key and person: never
bodies, headers, keys or names. The headers that every answer has are added here too.
"""

import time
import uuid

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Histogram

from registry.kit.headers import protected
from registry.kit.ids import without_secrets
from registry.kit.senders import Network, Sender, sender_of

log = structlog.get_logger()

RATE = "kilnwood.rate"
"""The key of a scope under which the limiter of requests leaves the values of RateLimit-Policy and RateLimit."""


class RequestLog:
    """Logs and counts the requests of one application."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry, *, proxies: tuple[Network, ...] = ()) -> None:
        self._app = app
        self._proxies = proxies
        labels = ("operation", "status")
        self._count = Counter("kilnwood_requests", "Requests answered", labels, registry=registry)
        self._seconds = Histogram("kilnwood_request_seconds", "Time to answer", ("operation",), registry=registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=uuid.uuid4().hex)
        begun, status = time.perf_counter(), 500
        sender = sender_of(scope, self._proxies)

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = protected(message["headers"], secure=sender.secure)
                if isinstance(rate := scope.get(RATE), tuple):
                    headers += ((b"ratelimit-policy", rate[0]), (b"ratelimit", rate[1]))
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            self._finish(scope, sender, status, time.perf_counter() - begun)

    def _finish(self, scope: HTTPScope, sender: Sender, status: int, seconds: float) -> None:
        bound = structlog.contextvars.get_contextvars()
        operation = bound.get("operation", "none")
        self._count.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)
        log.info(
            "http_request",
            client=sender.address,
            method=scope["method"],
            path=without_secrets(scope["path"]),
            status=status,
            duration_ms=round(seconds * 1000, 2),
        )

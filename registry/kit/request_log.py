"""
One structured line and one set of metrics for each request.

Wraps the finished ASGI application: middleware inside it never sees a request that has no route. Only method, path,
status, duration and what services bound are logged: never bodies, headers, keys or personal data.
"""

import time
import uuid

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Histogram

log = structlog.get_logger()

RATE = "kilnwood.rate"
"""The key of a scope under which whoever counts requests leaves the values of RateLimit-Policy and RateLimit."""


class RequestLog:
    """Logs and counts the requests of one application."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
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

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if isinstance(rate := scope.get(RATE), tuple):
                    headers = ((b"ratelimit-policy", rate[0]), (b"ratelimit", rate[1]))
                    message["headers"] = [*message["headers"], *headers]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            self._finish(scope, status, time.perf_counter() - begun)

    def _finish(self, scope: HTTPScope, status: int, seconds: float) -> None:
        bound = structlog.contextvars.get_contextvars()
        operation = bound.get("operation", "none")
        self._count.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)
        log.info(
            "http_request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            duration_ms=round(seconds * 1000, 2),
        )

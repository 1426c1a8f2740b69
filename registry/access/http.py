"""Who is calling: the guard and the dependencies that every controller shares."""

import hashlib
from typing import Annotated, Any

import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers.base import BaseRouteHandler
from litestar.params import HeaderParameter, QueryParameter

from registry.access import service
from registry.access.rules import Unauthenticated, authorise
from registry.kit.http import refuse_loose, refuse_unknown_query
from registry.kit.pages import Window
from schemas.access import Actor, Call
from schemas.pages import PAGE_LIMIT

IdempotencyKey = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Chosen by the caller; the same key with the same body is carried out once",
    ),
]


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The door: authenticate the key that was sent, look the route up in the table, take no query it does not know."""
    operation = operation_of(handler)
    if not operation:
        return  # health, metrics and pages: not operations of the API
    structlog.contextvars.bind_contextvars(operation=operation)  # first, so that the line of a 401 has it
    state = connection.app.state
    secret = _bearer(connection.headers.get("authorization"))
    actor = await service.authenticate(secret, db=state.db, keyring=state.keyring) if secret else Actor()
    if actor.person_id:
        structlog.contextvars.bind_contextvars(person_id=actor.person_id)
    connection.scope["user"] = actor
    authorise(actor, operation)
    refuse_unknown_query(handler, connection.query_params)


def operation_of(handler: BaseRouteHandler) -> str:
    """The name under which a handler stands in `ROUTES`; empty where it is no operation of the API."""
    name = getattr(handler, "operation_id", None)
    return name if isinstance(name, str) else ""


def _bearer(header: str | None) -> str:
    if not header:
        return ""
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.startswith("kw_"):
        raise Unauthenticated("The Authorization header must be 'Bearer kw_…'.")
    return secret.strip()


async def provide_call(request: Request[Any, Any, Any], idempotency_key: IdempotencyKey) -> Call:
    """One write: who, what, and the hash that tells a resent request from another one."""
    body = await request.body()
    refuse_loose(request.route_handler, body)
    target = f"{request.method} {request.url.path}\n".encode()
    return Call(
        by=request.scope["user"],
        operation=operation_of(request.route_handler),
        key=idempotency_key,
        request_sha256=hashlib.sha256(target + body).digest(),
    )


async def provide_numbered(request: Request[Any, Any, Any]) -> Call:
    """One write that its body's client_order_id identifies: it takes no Idempotency-Key."""
    refuse_loose(request.route_handler, await request.body())
    return Call(by=request.scope["user"], operation=operation_of(request.route_handler))


async def provide_asked(request: Request[Any, Any, Any]) -> Call:
    """One read: who asks for what."""
    return Call(by=request.scope["user"], operation=operation_of(request.route_handler))


def provide_window(
    cursor: Annotated[str | None, QueryParameter(max_length=64, description="From the page before")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT, description="Items a page")] = 50,
) -> Window:
    """One page of a list."""
    return Window(cursor, limit)


DEPENDENCIES = {
    "call": Provide(provide_call),
    "numbered": Provide(provide_numbered),
    "asked": Provide(provide_asked),
    "window": Provide(provide_window, sync_to_thread=False),
}

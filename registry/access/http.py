"""Who is calling: the guard and the dependencies that every controller shares."""

import contextlib
import hashlib
import re
from collections.abc import Hashable
from typing import Annotated, Any

import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi.spec import Example
from litestar.params import HeaderParameter, QueryParameter

from registry.access.authorisation import Route, Unauthenticated, authorise, deciding
from registry.access.authority import Authority
from registry.access.rates import ANONYMOUS, READS, REPLAYS, UNSIGNED, Rates, TooManyRequests
from registry.access.sessions import service as sessions
from registry.access.visitor import PageCall, Visitor
from registry.kit.http import refuse_loose, refuse_other_spelling, refuse_unknown_query
from registry.kit.idempotency import was_carried_out
from registry.kit.pages import Order, Window
from registry.kit.period import Between, period
from registry.kit.problems import DomainError
from registry.kit.request_log import RATE
from registry.kit.room import Room
from registry.kit.senders import sender_of
from registry.kit.sheets import provide_sheet, refuse_csv_of
from registry.kit.site.browser import BROWSER, Browser
from schemas.access import Actor, AuthorityReading, Call
from schemas.pages import PAGE_LIMIT

IdempotencyKey = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        examples=[Example(value="0b0f7c5e-retire-47")],
        description="Chosen by the caller; the same key with the same body is carried out once",
    ),
]


RATE_CLASS = "rate"
"""The key of a handler's options that has the policy by which its requests are counted."""
UNSIGNED_CLASS = "unsigned rate"
"""The same for requests without a key, if it is not that of every read or write."""
REPLAYED = {RATE_CLASS: REPLAYS, UNSIGNED_CLASS: REPLAYS}
"""Options of a handler whose answer is replayed from the journal."""
_FROM = (
    "The first day, whole in Asia/Shanghai, such as 2025-06-01; or an instant such as 2025-06-01T08:00:00Z, included"
)
_TO = "The last day, whole in Asia/Shanghai; or an instant, not included"
PAGE = "page"
"""The key of a handler's options that is true for a page for people: its handler asks services as its `Visitor`."""
PAGE_ROWS = 50
"""Of a list on one page, whatever limit its address asks for: the HTML stays small."""
ROUTE = "route"
"""The key of a handler's options under which the application puts its `Route`."""


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Authenticate the key that was sent, check the roles of the handler's route, refuse unknown query parameters."""
    operation = operation_of(handler)
    if handler.opt.get(PAGE):
        await _visit(connection)
        return
    if not operation:  # health: not an operation of the API
        _count(connection, ANONYMOUS, address_of(connection))
        return
    structlog.contextvars.bind_contextvars(operation=operation)  # before any refusal, so that its log line has it
    refuse_other_spelling(connection)
    refuse_csv_of(connection, handler)
    await _authorise(connection, handler)
    refuse_unknown_query(connection, handler)
    room: Room = connection.app.state.room
    if not room.plenty and writes(handler):
        await _require_room(connection, room, operation, frees=route_of(handler).frees)


async def _require_room(
    connection: ASGIConnection[Any, Any, Any, Any], room: Room, operation: str, *, frees: bool
) -> None:
    """
    Refuse a write while the disk is nearly full, before its body is received. Raises `StorageReserve`.

    Not one that *frees* something, nor one that was carried out before and is only answered again.
    """
    declared = connection.headers.get("content-length", "")
    incoming_bytes = int(declared) if re.fullmatch("[0-9]{1,15}", declared) else 0
    if not room.is_short(incoming_bytes=incoming_bytes, frees=frees):
        return
    key, by = connection.headers.get("idempotency-key"), connection.scope["user"]
    if key and await was_carried_out(connection.app.state.db, by.person_id, operation, key):
        return
    room.require(incoming_bytes, frees=frees)


async def _visit(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Note who looks at a page. A session that is over is nobody's: the page is then what anybody sees."""
    actor, reading = Actor(), None
    if header := connection.headers.get("authorization"):
        try:
            actor, reading = await authenticated(connection, header, None)
            structlog.contextvars.bind_contextvars(person_id=actor.person_id)
        except Unauthenticated:
            browser_of(connection).forget()
    if actor.key_id:
        _count(connection, READS, actor.key_id)
    else:
        _count(connection, ANONYMOUS, address_of(connection))
    unread = 0
    if actor.person_id:
        with contextlib.suppress(DomainError):  # the page itself says what is wrong
            unread = await connection.app.state.unread(actor.person_id)
    connection.scope["user"] = Visitor(actor, reading, connection.app.state.routes, unread)


async def _authorise(
    connection: ASGIConnection[Any, Any, Any, Any],
    handler: BaseRouteHandler,
    before: AuthorityReading | None = None,
) -> None:
    """Find the person behind the key that was sent, and check the roles; nothing is done if *before* still holds."""
    actor, reading = Actor(), None
    if header := connection.headers.get("authorization"):
        authority: Authority = connection.app.state.authority
        reading = before if before is None else await authority.fresh(before)
        if before is not None and reading is before:
            return
        try:
            actor, reading = await authenticated(connection, header, reading)
        except Unauthenticated:
            if not browser_of(connection).by_cookie or route_of(handler).roles is not None:
                raise
            browser_of(connection).forget()  # a session that is over is nobody's
        structlog.contextvars.bind_contextvars(person_id=actor.person_id, key_id=actor.key_id)
        if before is None:
            _count_request(connection, handler, actor)
    elif before is None:
        _count_request(connection, handler, actor)
    operation, route = operation_of(handler), route_of(handler)
    authorise(actor, operation, route)
    if writes(handler):
        actor = deciding(actor, operation, route)
    connection.scope["user"], connection.scope["auth"] = actor, reading


async def authenticated(
    connection: ASGIConnection[Any, Any, Any, Any], header: str, reading: AuthorityReading | None
) -> tuple[Actor, AuthorityReading]:
    """
    The person behind a key. An address that tries keys which do not work is slowed. Raises `Unauthenticated`.

    A session works by the cookie alone: there it is seen to that no other site uses it, and its secret is renewed in
    time. So one that was taken out of its browser is no key for programs.
    """
    rates: Rates = connection.app.state.rates
    if not rates.has_worked(header):
        address = address_of(connection)
        try:
            rates.require_tries(address)
        except TooManyRequests as refusal:
            connection.scope[RATE] = refusal.allowance  # type: ignore[literal-required]  # a key of ours
            raise
    try:
        secret = _bearer(header)
        authority: Authority = connection.app.state.authority
        reading = await authority.fresh(reading)
        actor = await authority.authenticate(secret, reading)
        _refuse_session_of_program(connection, actor)
    except Unauthenticated:
        rates.failed(address_of(connection), header)
        raise
    rates.worked(header)
    if actor.session_at is not None and header == connection.headers.get("authorization"):
        state = connection.app.state
        browser_of(connection).renew(await sessions.renewed(actor, secret, db=state.db, keyring=state.keyring))
    return actor, reading


def _refuse_session_of_program(connection: ASGIConnection[Any, Any, Any, Any], actor: Actor) -> None:
    if actor.session_at is not None and not browser_of(connection).by_cookie:
        raise Unauthenticated("This is the session of a browser. A program uses a key (POST /v1/me/keys).")


def browser_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Browser:
    """What is known of the browser that asks; of a program, nothing."""
    found = connection.scope.get(BROWSER)
    return found if isinstance(found, Browser) else Browser()


def _count_request(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler, actor: Actor) -> None:
    """Count one request of the API: by its key, or else by its address."""
    if actor.key_id:
        _count(connection, handler.opt.get(RATE_CLASS, READS), actor.key_id)
    else:
        unsigned = handler.opt.get(UNSIGNED_CLASS, UNSIGNED if writes(handler) else ANONYMOUS)
        _count(connection, unsigned, address_of(connection))


def _count(connection: ASGIConnection[Any, Any, Any, Any], policy: str, caller: Hashable) -> None:
    """Count one request, and leave what is left for the headers of its answer. Raises `TooManyRequests`."""
    rates: Rates = connection.app.state.rates
    try:
        allowance = rates.take(policy, caller)
    except TooManyRequests as refusal:
        connection.scope[RATE] = refusal.allowance  # type: ignore[literal-required]  # a key of ours
        raise
    connection.scope[RATE] = allowance  # type: ignore[literal-required]  # a key of ours


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Whose request it is, as far as our proxies say."""
    return sender_of(connection.scope, connection.app.state.rates.proxies).caller  # type: ignore[arg-type]  # of HTTP alone


async def _body(request: Request[Any, Any, Any]) -> bytes:
    """The whole body, strictly read. Roles are checked again afterwards if the client took its time to send it."""
    body = await request.body()
    if (before := request.scope["auth"]) is not None:
        await _authorise(request, request.route_handler, before)
    refuse_loose(request.route_handler, body)
    return body


def operation_of(handler: BaseRouteHandler) -> str:
    """The operation that a handler carries out; empty for health, metrics and pages."""
    name = getattr(handler, "operation_id", None)
    return name if isinstance(name, str) else ""


def writes(handler: BaseRouteHandler) -> bool:
    """Whether the operation changes anything."""
    return "POST" in getattr(handler, "http_methods", ())


def route_of(handler: BaseRouteHandler) -> Route:
    """Who may call the handler. Raises `KeyError` for an operation without a route: nobody may call it."""
    route: Route = handler.opt[ROUTE]
    return route


def _bearer(header: str) -> str:
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.startswith("kw_"):
        raise Unauthenticated("The Authorization header must be 'Bearer kw_…'.")
    return secret.strip()


async def provide_call(request: Request[Any, Any, Any], idempotency_key: IdempotencyKey) -> Call:
    """One write that its Idempotency-Key identifies, with the hash that tells a resent request from a changed one."""
    body = await _body(request)
    target = f"{request.method} {request.url.path}\n".encode()
    return Call(
        by=request.scope["user"],
        operation=operation_of(request.route_handler),
        permitted=route_of(request.route_handler).roles or frozenset(),
        reading=request.scope["auth"],
        key=idempotency_key,
        request_sha256=hashlib.sha256(target + body).digest(),
    )


async def provide_numbered(request: Request[Any, Any, Any]) -> Call:
    """One write that the client_order_id in its body identifies: it takes no Idempotency-Key."""
    await _body(request)
    return _call(request)


async def provide_ceremony(request: Request[Any, Any, Any]) -> Call:
    """One write that what it carries identifies: an answer to a challenge counts once. It takes no Idempotency-Key."""
    await _body(request)
    return _call(request)


async def provide_browser(request: Request[Any, Any, Any]) -> Browser:
    """The browser that asks, for handlers that sign in or out."""
    return browser_of(request)


async def provide_asked(request: Request[Any, Any, Any]) -> Call:
    """One read: who sent it, for which operation."""
    return _call(request)


def _call(request: Request[Any, Any, Any]) -> Call:
    handler = request.route_handler
    return Call(
        by=request.scope["user"],
        operation=operation_of(handler),
        permitted=route_of(handler).roles or frozenset(),
        reading=request.scope["auth"],
    )


def provide_page(request: Request[Any, Any, Any]) -> PageCall:
    """Who looks at a page, and how it is answered."""
    return PageCall(request, request.scope["user"], request.app.state.frame)


def provide_window(
    cursor: Annotated[str | None, QueryParameter(max_length=64, description="From the page before")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT, description="Items a page")] = 50,
    *,
    request: Request[Any, Any, Any],
) -> Window:
    """One page of a list."""
    return Window(cursor, _rows(limit, request))


def provide_ordered(
    cursor: Annotated[
        str | None, QueryParameter(max_length=64, description="From the page before, in its order")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT, description="Items a page")] = 50,
    order: Annotated[Order, QueryParameter(description="Which come first; pages go on from there")] = "oldest",
    *,
    request: Request[Any, Any, Any],
) -> Window:
    """One page of a list that can be read from either end."""
    return Window(cursor, _rows(limit, request), order)


def provide_latest(
    cursor: Annotated[str | None, QueryParameter(max_length=64)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT)] = 50,
    order: Annotated[Order, QueryParameter()] = "newest",
    *,
    request: Request[Any, Any, Any],
) -> Window:
    """One page of a list as people read it: the newest first, unless they ask otherwise."""
    return Window(cursor, _rows(limit, request), order)


def _rows(limit: int, request: Request[Any, Any, Any]) -> int:
    """A page for people has so many rows at most that its HTML stays small; the other forms have what is asked for."""
    return min(limit, PAGE_ROWS) if request.route_handler.opt.get(PAGE) else limit


def provide_period(
    begins: Annotated[str | None, QueryParameter(name="from", max_length=40, description=_FROM)] = None,
    ends: Annotated[str | None, QueryParameter(name="to", max_length=40, description=_TO)] = None,
) -> Between:
    """The time that a list is asked for."""
    return period(begins, ends)


DEPENDENCIES = {
    "call": Provide(provide_call),
    "numbered": Provide(provide_numbered),
    "asked": Provide(provide_asked),
    "ceremony": Provide(provide_ceremony),
    "browser": Provide(provide_browser),
    "page": Provide(provide_page, sync_to_thread=False),
    "window": Provide(provide_window, sync_to_thread=False),
    "ordered": Provide(provide_ordered, sync_to_thread=False),
    "latest": Provide(provide_latest, sync_to_thread=False),
    "period": Provide(provide_period, sync_to_thread=False),
    "sheet": Provide(provide_sheet, sync_to_thread=False),
}

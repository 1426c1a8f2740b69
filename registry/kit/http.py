"""
Refusals over HTTP: RFC 9457 problem documents, mapped in one place.

Services raise `DomainError`; nothing else knows about statuses.
"""

import functools
import itertools
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.enums import ParamType
from litestar.exceptions import HTTPException, InternalServerException, SerializationException, ValidationException
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import ParameterKwarg, PathParameter, QueryParameter
from litestar.status_codes import (
    HTTP_202_ACCEPTED,
    HTTP_400_BAD_REQUEST,
    HTTP_401_UNAUTHORIZED,
    HTTP_404_NOT_FOUND,
    HTTP_405_METHOD_NOT_ALLOWED,
    HTTP_408_REQUEST_TIMEOUT,
    HTTP_415_UNSUPPORTED_MEDIA_TYPE,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_503_SERVICE_UNAVAILABLE,
)
from litestar.typing import FieldDefinition
from msgspec import Meta, Struct

from registry.kit.problems import DomainError, Kind, Unknown
from registry.kit.words import FAULT_LIMIT, faults, said, unseen
from schemas.methodologies import MethodologyId
from schemas.scalars import MAX_INT

log = structlog.get_logger()

PathId = Annotated[int, PathParameter(ge=1, le=MAX_INT)]
"""An identifier in a path, bounded like every other."""
PathCode = Annotated[
    str,
    PathParameter(max_length=80, pattern="^[A-Za-z0-9-]+$", examples=[Example(value="SC-CDCER-0007-2024-01")]),
]
"""A code, a receipt or an order in a path."""
QueryId = Annotated[int | None, QueryParameter(ge=1, le=MAX_INT)]
"""An identifier in a query."""

QueryVintage = Annotated[int | None, QueryParameter(ge=2000, le=2100, description="Year of the reduction")]
QueryMethodology = Annotated[MethodologyId | None, QueryParameter(description="By which it was reduced")]

_SERIAL = QueryParameter(
    max_length=80,
    pattern="^[A-Z0-9-]+:[0-9]{1,16}-[0-9]{1,16}kg$",
    description="What has some of these kilograms",
    examples=[Example(value="SC-CDCER-0007-2024-01:1-3619000kg")],
)
RequiredSerial = Annotated[str, _SERIAL]
QuerySerial = Annotated[str | None, _SERIAL]
"""A serial in a query."""

QUERY = "query"
"""The key of a handler's options that has the query parameters of the handler and its dependencies."""
PROBLEM_TYPE = "urn:kilnwood:problem:"
STATUS = {
    Kind.SLOW: 408,
    Kind.LIMITED: 429,
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.DENIED: 403,
    Kind.UNKNOWN: 404,
    Kind.CONFLICT: 409,
    Kind.UNPROCESSABLE: 422,
    Kind.UNAVAILABLE: 503,
    Kind.FULL: 507,
    Kind.PENDING: 202,  # committed, but not available yet: ask again
}
_BY_FRAMEWORK = {
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "Method not allowed"),
    413: ("too-large", "Body too large"),
    415: ("unsupported-media-type", "Unsupported media type"),
}
_MALFORMED = (400, "malformed-json", "Malformed body")
_LEFT = (400, "client-left", "The client left")
_FAILED = (500, "internal-error", "Internal error")
OF_NO_RULE = frozenset(
    {_MALFORMED, _LEFT, _FAILED, *((status, slug, title) for status, (slug, title) in _BY_FRAMEWORK.items())}
)
"""Status, slug and title of the problems that no rule raises."""


class Problem(Struct, frozen=True):
    """An RFC 9457 problem document. Further members carry the numbers that *detail* names."""

    type: Annotated[str, Meta(description="urn:kilnwood:problem: and a slug that never changes")]
    title: str
    status: int
    detail: str
    errors: tuple[str, ...] = ()


def _documented(*statuses: int) -> dict[int, ResponseSpec]:
    texts = {
        202: "Committed, and waits for its witnessed checkpoint",
        400: "The request itself is wrong",
        401: "No API key, or one that is unknown or revoked",
        403: "This person may not do this",
        404: "No such thing",
        405: "Method not allowed",
        408: "The body was not there in time",
        409: "The present state does not permit it",
        413: "The body is too large",
        415: "Unsupported media type",
        422: "Well-formed, but it cannot be carried out",
        429: "Too many requests of this caller; Retry-After says when",
        503: "It cannot be answered right now; nothing is lost, send it again",
        507: "The disk is full, or nearly: only its reserve is left",
    }
    return {
        status: ResponseSpec(
            data_container=Problem,
            generate_examples=False,
            description=texts[status],
            media_type="application/problem+json",
        )
        for status in statuses
    }


READS = _documented(400, 401, 403, 404, 429, 503)
"""The problems that any read may return."""
PENDING = _documented(202)
"""The response while a receipt is not available yet."""
WRITES = _documented(400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503, 507)
"""The problems that any write may return."""


def problem(status: int, slug: str, title: str, detail: str, **members: object) -> Response[dict[str, Any]]:
    """Build a problem document, the form of every error of this service."""
    body = {"type": PROBLEM_TYPE + slug, "title": title, "status": status, "detail": detail, **members}
    headers = {}
    if status in (HTTP_202_ACCEPTED, HTTP_429_TOO_MANY_REQUESTS, HTTP_503_SERVICE_UNAVAILABLE):
        headers["Retry-After"] = str(members.get("retry_after_s", 1))
    if status == HTTP_401_UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if status == HTTP_408_REQUEST_TIMEOUT:
        headers["Connection"] = "close"
    return Response(body, status_code=status, media_type="application/problem+json", headers=headers)


def refused(_: Request[Any, Any, Any], error: DomainError) -> Response[dict[str, Any]]:
    """Turn a refusal by the rules into a response."""
    structlog.contextvars.bind_contextvars(problem=error.slug)
    return problem(STATUS[error.kind], error.slug, error.title, error.detail, **error.members)


def malformed(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    """Turn an error of the framework into a response: no such route or method, a body that is malformed or invalid."""
    status = error.status_code
    if status >= 500:  # noqa: PLR2004 - the framework failed, not the caller
        return failed(request, error)
    slug, title = _BY_FRAMEWORK.get(status, ("refused", "Refused"))
    structlog.contextvars.bind_contextvars(problem=slug if status in _BY_FRAMEWORK else "invalid-request")
    if isinstance(error, ValidationException):
        return _invalid(request, error)
    if isinstance(error, ClientLeft):
        structlog.contextvars.bind_contextvars(problem=_LEFT[1])
        return problem(*_LEFT, "The connection was closed before the whole body had arrived.")
    if isinstance(error.__cause__, SerializationException) or status == HTTP_400_BAD_REQUEST:
        return problem(*_MALFORMED, f"The body cannot be read: {error.detail}")
    detail = (
        "There is nothing at this address. The routes are listed at /docs."
        if status == HTTP_404_NOT_FOUND
        else error.detail
    )
    if status == HTTP_405_METHOD_NOT_ALLOWED:
        return _method_not_allowed(request, error)
    return problem(status, slug, title, detail)


def _method_not_allowed(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    allowed = allowed_methods((error.headers or {}).get("allow", ""))
    answer = problem(error.status_code, *_BY_FRAMEWORK[405], f"{request.method} is not taken here; {allowed} are.")
    answer.headers["Allow"] = allowed
    return answer


def allowed_methods(listed: str) -> str:
    """What an Allow header says: the methods of the path's handlers, and HEAD wherever there is GET."""
    methods = {each.strip() for each in listed.split(",") if each.strip()}
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


class ClientLeft(HTTPException):
    """The client closed the connection before its request was whole. Nobody reads the answer, and nothing failed."""

    status_code = HTTP_400_BAD_REQUEST


def _invalid(request: Request[Any, Any, Any], error: ValidationException) -> Response[dict[str, Any]]:
    errors = [_field_error(request, each) for each in error.extra] if isinstance(error.extra, list) else []
    detail = "; ".join(errors) or error.detail
    if detail.startswith("Missing required header parameter 'Idempotency-Key'"):
        detail = "Send an Idempotency-Key header: any text you choose, the same again when you resend."
    return problem(HTTP_400_BAD_REQUEST, "invalid-request", "Invalid request", detail, errors=errors)


def _field_error(request: Request[Any, Any, Any], error: object) -> str:
    """Describe one error and its place, for people: ``quantity_kg: expected int, got str``."""
    found = error if isinstance(error, dict) else {"message": error}
    message, _, path = str(found.get("message", "")).replace("`", "").partition(" - at $")
    key = path.removeprefix(".") or str(found.get("key") or "")
    if (key, message) == ("data", "'data'"):
        return "A JSON body is needed"
    if key == "data":  # the parameter's name, not the client's
        return message
    name, kind = _parameter(request.route_handler, key)
    place = name.replace("_", "-").title() if found.get("source") == ParamType.HEADER else name
    return f"{place}: {said(message, kind)}" if place else message


def _parameter(handler: BaseRouteHandler, key: str) -> tuple[str, Any]:
    """The name under which a parameter is sent, and its type with its examples; *key* is our own name for it."""
    provided = (each.parsed_fn_signature for each in handler.resolve_dependencies().values())
    for signature in (handler.parsed_fn_signature, *provided):
        if isinstance(field := signature.parameters.get(key), FieldDefinition):
            definition = field.kwarg_definition
            if not isinstance(definition, ParameterKwarg):
                return key, field.annotation
            noted = [str(each.value) for each in definition.examples or ()]
            kind = Annotated[field.annotation, Meta(examples=noted)] if noted else field.annotation
            return definition.query or definition.header or definition.name or key, kind
    return key, None


class JsonRequest(Request[Any, Any, Any]):
    """A request whose body is read as JSON only if its media type is JSON, and only if it is not nested too deeply."""

    async def json(self) -> Any:  # noqa: ANN401 - whatever was sent
        """Decode the body. Raises `HTTPException` for another media type or too deep nesting."""
        media_type = self.content_type[0]
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise HTTPException(
                status_code=HTTP_415_UNSUPPORTED_MEDIA_TYPE,
                detail=f"The body is {media_type or 'of no type'}; send JSON with Content-Type: application/json.",
            )
        try:
            return await super().json()
        except RecursionError as error:
            raise HTTPException(status_code=HTTP_400_BAD_REQUEST, detail="it is nested too deeply") from error
        except UnicodeDecodeError as error:
            raise HTTPException(status_code=HTTP_400_BAD_REQUEST, detail=f"it is not UTF-8 ({error})") from error

    async def body(self) -> bytes:
        """The whole body. Raises `ClientLeft` if the client went away before it had sent it."""
        try:
            return await super().body()
        except InternalServerException as error:  # how the framework says that the client disconnected
            raise ClientLeft(detail=error.detail) from error


def refuse_loose(handler: BaseRouteHandler, body: bytes) -> None:
    """
    Refuse a JSON body that only fits after conversion, such as ``"47"`` for 47, or has characters that cannot be seen.

    Litestar converts loosely; a registry should not guess what a mass was meant to be. What texts may consist of is in
    `schemas.texts`. Raises `ValidationException`.
    """
    data = handler.parsed_fn_signature.parameters.get("data")
    if data is None or not body:
        return  # a missing body is reported elsewhere
    try:
        _strict(data.annotation).decode(body)
    except msgspec.ValidationError as error:
        told = faults(data.annotation, msgspec.json.decode(body)) or [said(str(error))]
        raise ValidationException(extra=[{"message": each, "key": "data"} for each in told]) from error
    if body.isascii() and b"\\" not in body and b"\x7f" not in body:
        return  # nothing that could hide: JSON itself has no other control characters in its strings
    hidden = list(itertools.islice(unseen(data.annotation, msgspec.json.decode(body)), FAULT_LIMIT))
    if hidden:
        raise ValidationException(extra=[{"message": each, "key": "data"} for each in hidden])


def refuse_unknown_query(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """
    Refuse a query parameter that the handler does not take, such as ``openonly`` for ``open_only``, or takes once.

    With a mistyped parameter the reply would be to another question. The application notes the known parameters when it
    is built (`QUERY`). Raises `ValidationException`.
    """
    asked = connection.query_params
    known = handler.opt.get(QUERY, frozenset())
    takes = f"this takes {', '.join(sorted(known))}" if known else "this takes none"
    errors = dict.fromkeys(sorted(set(asked) - known), f"there is no such query parameter; {takes}")
    times = Counter(name for name, _ in asked.multi_items())
    errors |= {name: f"given {count} times; give it once" for name, count in times.items() if count > 1}
    raw = connection.scope["query_string"]
    if not errors and not _is_utf8(unquote_to_bytes(raw)):
        errors["query"] = "it is not UTF-8; write other characters percent-encoded"
    if errors:
        raise ValidationException(extra=[{"message": text, "key": name} for name, text in errors.items()])


def refuse_other_spelling(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """
    Refuse a path that the framework takes for another one: ``/v1/projects/``, ``/v1/projects/01``, ``/v1/%70rojects``.

    A resource has one address: caches, logs and the hash of a resent request need not know that two are the same.
    Raises `Unknown`.
    """
    right = canonical_path(connection.scope["path_template"], connection.path_params)
    raw = (connection.scope.get("raw_path") or b"").partition(b"?")[0].decode("latin-1")
    if raw not in ("", right):
        raise Unknown(f"There is nothing at this address; it is written {right}")


def canonical_path(template: str, values: Mapping[str, Any]) -> str:
    """The one spelling of a path: its *template*, with each parameter as the handler got it."""
    parts = (
        str(values[each[1:-1]]).removeprefix("/") if each.startswith("{") else each for each in template.split("/")
    )
    return "/".join(parts)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


@functools.cache
def _strict(kind: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401 - whatever a handler takes
    return msgspec.json.Decoder(kind)


def failed(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """Turn any other exception into a response without detail, and log it once with its trace."""
    if isinstance(error, asyncpg.PostgresError):  # its text may quote rows: names, openings
        log.error("unhandled_database_error", path=request.url.path, sqlstate=error.sqlstate, kind=type(error).__name__)
    else:
        log.error("unhandled_error", path=request.url.path, exc_info=error)
    return problem(*_FAILED, "This is our fault and has been logged. Nothing half-done was kept.")


HANDLERS: dict[type[Exception] | int, Any] = {DomainError: refused, HTTPException: malformed, Exception: failed}

"""
Lists as CSV, for spreadsheets and bookkeeping: RFC 4180, UTF-8, a header line, the same pages as in JSON.

A client asks with ``Accept: text/csv`` or with ``.csv`` after the path. Column names are those of the JSON, with their
units; whole numbers are written in full, times in UTC; a field without a value is empty. A text that a spreadsheet
would take for a formula gets an apostrophe before it. Several texts in one field are separated by spaces; records in a
field stay JSON.
"""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from registry.kit.problems import Unknown
from schemas.pages import Page

S = TypeVar("S", bound=Struct)
T = TypeVar("T")

SHEET: Final = "sheet"
"""The key of a handler's options that is true where the list is served as CSV too."""
MEDIA_TYPE: Final = "text/csv"
_ASKED: Final = "kilnwood.csv"
_API: Final = "/v1/"
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


class OtherForms:
    """
    Serves the other forms of a page: a page has the address of its resource without ``/v1``.

    ``/v1/….csv`` is the same path without it, as if text/csv had been accepted; ``/….csv`` and ``/….json`` of a page
    are those of the resource, and so is a document under it, ``/…/….pdf``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == ScopeType.HTTP and scope["path"].endswith(".pdf") and not _is_of_api(scope["path"]):
            moved: Any = {**scope, "path": f"/v1{scope['path']}", "raw_path": b"/v1" + _raw_path(scope)}
            scope = moved
        elif scope["type"] == ScopeType.HTTP and (form := _form(scope["path"])):
            short = _raw_path(scope).removesuffix(form.encode())
            under = "" if scope["path"].startswith(_API) else _API.rstrip("/")
            path = under + scope["path"].removesuffix(form)
            changed: Any = {**scope, "path": path, "raw_path": under.encode() + short, _ASKED: form == ".csv"}
            scope = changed  # an HTTP scope with a key of ours
        await self._app(scope, receive, send)


def _raw_path(scope: Scope) -> bytes:
    return (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]


def _is_of_api(path: str) -> bool:
    return path.startswith((_API, "/docs", "/static/", "/assets/"))


def _form(path: str) -> str:
    """What the path ends in, if that asks for another form of a resource."""
    if path.endswith(".csv"):
        return ".csv"
    return ".json" if path.endswith(".json") and not _is_of_api(path) else ""


def refuse_csv_of(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Raise `Unknown` for a path with ``.csv`` where there is no list."""
    if connection.scope.get(_ASKED) and not handler.opt.get(SHEET):
        raise Unknown(f"There is no CSV of {connection.scope['path']}; ask for it without .csv.")


class Sheet:
    """In which form a list was asked for."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        accepted = request.accept.best_match(["application/json", MEDIA_TYPE])
        self._csv = request.scope.get(_ASKED) or accepted == MEDIA_TYPE
        self._request = request

    def of(self, page: Page[S], kind: type[S]) -> Response[Page[S]]:
        """The reply: JSON, or CSV of items of *kind*. A CSV has the address of its next page in a Link header."""
        if not self._csv:
            return Response(page)
        headers = {"Vary": "Accept", "Content-Disposition": f'attachment; filename="{self._name()}.csv"'}
        if page.next is not None:
            query = {name: value for name, value in self._request.query_params.items() if name != "cursor"}
            headers["Link"] = f'<{self._path()}?{urlencode(query | {"cursor": page.next})}>; rel="next"'
        return Response(
            as_csv(page.items, kind),  # type: ignore[arg-type]  # in JSON the content is the page
            media_type=f"{MEDIA_TYPE}; header=present",
            headers=headers,
        )

    def of_all(self, items: Sequence[S], kind: type[S]) -> Response[Sequence[S]]:
        """The reply with a list that is never divided into pages."""
        if not self._csv:
            return Response(items)
        headers = {"Vary": "Accept", "Content-Disposition": f'attachment; filename="{self._name()}.csv"'}
        return Response(as_csv(items, kind), media_type=f"{MEDIA_TYPE}; header=present", headers=headers)  # type: ignore[arg-type]  # as above

    def of_lines(self, whole: T, lines: Sequence[S], kind: type[S]) -> Response[T]:
        """The reply: *whole* as JSON, or as CSV the *lines* that it has."""
        if not self._csv:
            return Response(whole)
        return self.of_all(lines, kind)  # type: ignore[return-value]  # in JSON the content is the whole

    def _path(self) -> str:
        path: str = self._request.scope["path"]
        return f"{path}.csv" if self._request.scope.get(_ASKED) else path

    def _name(self) -> str:
        return str(self._request.scope["path"]).rpartition("/")[2]


def provide_sheet(request: Request[Any, Any, Any]) -> Sheet:
    """For handlers of lists."""
    return Sheet(request)


def as_csv(items: Sequence[S], kind: type[S]) -> str:
    """Write *items* with a header line; the columns are there without any item too."""
    fields = msgspec.structs.fields(kind)
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow([each.encode_name for each in fields])
    for item in items:
        out.writerow([_cell(getattr(item, each.name)) for each in fields])
    return text.getvalue()


def _cell(value: object) -> str:
    match value:
        case None:
            text = ""
        case str():
            text = harmless(value)
        case datetime() | date():
            text = str(msgspec.to_builtins(value))
        case tuple() if value and all(isinstance(each, str) for each in value):
            text = harmless(" ".join(value))
        case _:  # whole numbers, truth values, records
            text = msgspec.json.encode(value).decode() if value != () else ""
    return text


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text

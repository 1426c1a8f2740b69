"""
Forms: a page posts to the operation itself, and the browser is led to a page again.

`Forms` stands before the application. A POST to ``/v1/…`` of a form becomes the POST of its JSON body with the form's
Idempotency-Key. If it was carried out, the browser is sent to the page that the form names (303). If it was refused,
the page of the form is shown again, with what was entered and what was wrong beside each field, under the status of
the refusal. Where the answer has a secret that is shown once, the form's page shows it at once in place of leading
elsewhere: it is in no address, and no browser keeps it. Other requests pass through.
"""

import io
import re
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, quote

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from multipart import MultipartError, MultipartParser, parse_options_header

from registry.kit.site.form_fields import FORM, Form, NotAForm, body_of

URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
LIMIT_BYTES: Final = 12 * 1024 * 1024
"""A document and the fields around it; the operation has its own limits."""
_OURS: Final = (b"_page", b"_then")
"""Every form of a page that has fields has one of these among them."""
_MEMBER: Final = re.compile(r"\{([a-z0-9_.]+)\}")
_DROPPED: Final = (b"content-type", b"content-length", b"idempotency-key", b"accept")


class Forms:
    """Carries forms of pages out as operations of the API."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if not _is_form(scope):
            await self._app(scope, receive, send)
            return
        raw = await _whole(receive)
        if raw is None:
            await _plain(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A form has at most {LIMIT_BYTES} bytes.")
            return
        if raw and not any(each in raw for each in _OURS):  # a program's body under a wrong name: the operation says so
            await self._app(scope, _again(raw), send)
            return
        try:
            sent = _read(scope, raw)
        except NotAForm as error:
            await _plain(send, HTTPStatus.BAD_REQUEST, str(error))
            return
        await self._carry_out(scope, sent, send)

    async def _carry_out(self, scope: Any, sent: "_Sent", send: Send) -> None:  # noqa: ANN401 - an ASGI scope
        answer = await _answer(self._app, _with_body(scope, sent), sent.body)
        if answer.status < HTTPStatus.MULTIPLE_CHOICES and answer.status != HTTPStatus.ACCEPTED:
            if not sent.once:
                await _see_other(send, _address(sent.then, answer.json()), answer.cookies)
                return
            form = Form(action=scope["path"], values=sent.values, answer=answer.json())
        else:
            form = Form(action=scope["path"], values=sent.values, problem=answer.json())
        page, _, query = sent.page.partition("?")
        again: Any = {
            **scope,
            "method": "GET",
            "path": page,
            "raw_path": quote(page).encode(),
            "query_string": query.encode(),
            "headers": [each for each in scope["headers"] if each[0] not in _DROPPED],
            "state": dict(scope.get("state") or {}),
            FORM: form,
        }
        await self._app(again, _nothing_more, send)


class _Sent:
    """A form that was sent: its own fields, what was entered, and the body of the operation."""

    def __init__(self, fields: list[tuple[str, str]], file: tuple[str, bytes] | None) -> None:
        own = {name: value for name, value in fields if name.startswith("_")}
        self.once = "_once" in own
        self.key, self.page, self.then = (
            own.get("_key", ""),
            local_address(own.get("_page", "/")),
            local_address(own.get("_then", "/")),
        )
        self.values: dict[str, list[str]] = {}
        for name, value in fields:
            self.values.setdefault(name, []).append(value)
        self.media_type, self.body = file or ("application/json", msgspec.json.encode(body_of(fields)))
        if file is None and not any(not name.startswith("_") for name, _ in fields):
            self.body = b""  # an operation without a body


class _Answer:
    """What the application answered, kept."""

    def __init__(self) -> None:
        self.status = 500
        self.cookies: list[tuple[bytes, bytes]] = []
        self._body = bytearray()

    async def take(self, message: Message) -> None:
        """Keep one message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.cookies = [(name, value) for name, value in message["headers"] if name.lower() == b"set-cookie"]
        elif message["type"] == "http.response.body":
            self._body += message["body"]

    def json(self) -> dict[str, Any]:
        """The body as a record; of anything else, nothing."""
        try:
            found = msgspec.json.decode(bytes(self._body))
        except msgspec.DecodeError:
            return {"status": self.status, "title": "", "detail": ""} if self.status >= HTTPStatus.BAD_REQUEST else {}
        return found if isinstance(found, dict) else {}


async def _answer(app: ASGIApp, scope: Any, body: bytes) -> _Answer:  # noqa: ANN401 - an ASGI scope
    answer, given = _Answer(), False

    async def receive() -> Any:  # noqa: ANN401 - an ASGI message
        nonlocal given
        if given:
            return {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    await app(scope, receive, answer.take)
    return answer


def _with_body(scope: Any, sent: _Sent) -> Any:  # noqa: ANN401 - ASGI scopes
    headers = [each for each in scope["headers"] if each[0] not in _DROPPED]
    headers += [(b"content-length", str(len(sent.body)).encode()), (b"accept", b"application/json")]
    if sent.body:
        headers.append((b"content-type", sent.media_type.encode()))
    if sent.key:
        headers.append((b"idempotency-key", sent.key.encode("ascii", "replace")))
    return {**scope, "headers": headers, "state": dict(scope.get("state") or {})}


def _is_form(scope: Any) -> bool:  # noqa: ANN401 - an ASGI scope
    posted = scope["type"] == ScopeType.HTTP and scope["method"] == "POST" and scope["path"].startswith("/v1/")
    return posted and _media_type(scope).startswith((URLENCODED, MULTIPART))


def _media_type(scope: Any) -> str:  # noqa: ANN401 - an ASGI scope
    return next((value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"content-type"), "")


def _read(scope: Any, raw: bytes) -> _Sent:  # noqa: ANN401 - an ASGI scope
    """The form that *raw* is. Raises `NotAForm`."""
    if _media_type(scope).startswith(URLENCODED):
        try:
            return _Sent(
                parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=2000, errors="strict"), None
            )
        except ValueError as error:  # not UTF-8, not ASCII, too many fields
            raise NotAForm(f"The form cannot be read: {error}.") from error
    header = next(value.decode("latin-1") for name, value in scope["headers"] if name == b"content-type")
    boundary = parse_options_header(header)[1].get("boundary", "")
    fields: list[tuple[str, str]] = []
    file = None
    try:
        for part in MultipartParser(io.BytesIO(raw), boundary, content_length=len(raw), memfile_limit=LIMIT_BYTES):
            if part.filename is None:
                fields.append((part.name, part.value))
            elif part.filename:
                file = (part.content_type or "application/octet-stream", part.raw)
    except MultipartError as error:
        raise NotAForm(f"The form cannot be read: {error}.") from error
    return _Sent(fields, file)


def local_address(address: str, otherwise: str = "/") -> str:
    """An address on this site, or *otherwise*: a form leads nowhere else."""
    safe = (
        address.startswith("/")
        and not address.startswith(("//", "/\\"))
        and "\\" not in address
        and address.isprintable()
    )
    return address if safe else otherwise


def _address(then: str, answer: dict[str, Any]) -> str:
    """Where a success leads, with the members of its answer."""

    def member(found: "re.Match[str]") -> str:
        value: Any = answer
        for name in found[1].split("."):
            if isinstance(value, list):
                value = value[int(name)] if name.isdecimal() and int(name) < len(value) else ""
            else:
                value = value.get(name, "") if isinstance(value, dict) else ""
        return quote(str(value), safe="")

    return local_address(_MEMBER.sub(member, then))


async def _whole(receive: Receive) -> bytes | None:
    """The whole body, or None if it is too large."""
    raw = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(raw)
        raw += message["body"]
        if len(raw) > LIMIT_BYTES:
            return None
        if not message["more_body"]:
            return bytes(raw)


def _again(raw: bytes) -> Receive:
    """The body once more, for the application to read."""

    async def receive() -> Any:  # noqa: ANN401 - an ASGI message
        return {"type": "http.request", "body": raw, "more_body": False}

    return receive


async def _nothing_more() -> Any:  # noqa: ANN401 - an ASGI message
    return {"type": "http.request", "body": b"", "more_body": False}


async def _see_other(send: Send, address: str, cookies: list[tuple[bytes, bytes]]) -> None:
    headers = [(b"location", quote(address, safe="/?&=%#:;,+@!$'()*~").encode()), (b"content-length", b"0"), *cookies]
    await send({"type": "http.response.start", "status": int(HTTPStatus.SEE_OTHER), "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _plain(send: Send, status: HTTPStatus, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})

"""A witness over HTTP: a plain ASGI application with one route, `POST /add-checkpoint`."""

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from registry.kit.headers import protected
from registry.transparency.format.checkpoint import cosign
from registry.transparency.format.text import Malformed
from registry.transparency.witness.decide import CheckpointRefused, KnownLogs, require_continuation, require_signed
from registry.transparency.witness.folder import WitnessFolder
from registry.transparency.witness.request import REQUEST_LIMIT_BYTES, parse_add_checkpoint

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_TEXT = "text/plain; charset=utf-8"
_SIZE = "text/x.tlog.size"


def witness_app(folder: WitnessFolder, logs: KnownLogs, clock: Callable[[], int]) -> App:
    """
    The application of one witness that watches *logs*.

    *clock* gives POSIX seconds, real time always: a simulated region's witness still lives in this world.
    """

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        status, kind, body = await _respond(scope, receive, folder, logs, clock)
        headers = protected(((b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))))
        await send({"type": "http.response.start", "status": int(status), "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def add_checkpoint(body: bytes, folder: WitnessFolder, logs: KnownLogs, clock: Callable[[], int]) -> str:
    """
    Check, record, cosign: the signature line. Raises `CheckpointRefused`.

    Runs without an await from the check to the disk, so that two requests cannot both continue the same tree.
    """
    try:
        asked = parse_add_checkpoint(body)
    except Malformed as error:
        raise CheckpointRefused(HTTPStatus.BAD_REQUEST, str(error)) from error
    require_signed(asked, logs)
    require_continuation(asked, folder.latest(asked.checkpoint.origin))
    folder.record(asked.checkpoint)
    return cosign(asked.checkpoint, folder.signer, timestamp=clock()).text()


async def _respond(
    scope: Message, receive: Receive, folder: WitnessFolder, logs: KnownLogs, clock: Callable[[], int]
) -> tuple[HTTPStatus, str, bytes]:
    if scope["path"] != "/add-checkpoint":
        return HTTPStatus.NOT_FOUND, _TEXT, b"this witness answers POST /add-checkpoint\n"
    if scope["method"] != "POST":
        return HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"POST a checkpoint\n"
    body = await _read(receive)
    if body is None:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _TEXT, f"the limit is {REQUEST_LIMIT_BYTES} bytes\n".encode()
    try:
        return HTTPStatus.OK, _TEXT, add_checkpoint(body, folder, logs, clock).encode()
    except CheckpointRefused as refusal:
        if refusal.size is not None:
            return refusal.status, _SIZE, b"%d\n" % refusal.size
        return refusal.status, _TEXT, f"{refusal.reason}\n".encode()


async def _read(receive: Receive) -> bytes | None:
    """The whole body, or None when it is too long or the client went away."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > REQUEST_LIMIT_BYTES or message["type"] == "http.disconnect":
            return None
        if not message.get("more_body", False):
            return bytes(body)

"""
A witness over HTTP: a plain ASGI application with two routes.

`POST /add-checkpoint` asks it to cosign; `GET /<origin hash>/checkpoint` shows to monitors what it cosigned last, where
the origin hash is the SHA-256 of the origin in lower-case hexadecimal. Submission and monitoring prefix are the same.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, NamedTuple

import structlog

from registry.kit.headers import protected
from registry.transparency.format.checkpoint import cosign
from registry.transparency.format.note import Note, format_note
from registry.transparency.format.text import Malformed
from registry.transparency.witness.conflicts import Conflict
from registry.transparency.witness.decide import (
    CheckpointRefused,
    KnownLogs,
    is_fork,
    is_unproven,
    require_continuation,
    require_signed,
)
from registry.transparency.witness.folder import Cosigned, WitnessFolder
from registry.transparency.witness.request import REQUEST_LIMIT_BYTES, AddCheckpoint, parse_add_checkpoint

log = structlog.get_logger()

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_TEXT = "text/plain; charset=utf-8"
_SIZE = "text/x.tlog.size"
_CHECKPOINT = re.compile("/([0-9a-f]{64})/checkpoint")


class _Answer(NamedTuple):
    """A response; *allow* names the methods of a path that was asked with another one."""

    status: HTTPStatus
    body: bytes
    kind: str = _TEXT
    allow: str = ""


def witness_app(folder: WitnessFolder, logs: KnownLogs, clock: Callable[[], int]) -> App:
    """
    The application of one witness that watches *logs*.

    *clock* gives POSIX seconds, real time always: a simulated region's witness still lives in this world.
    """

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        answer = await _respond(scope, receive, folder, logs, clock)
        headers = [
            (b"content-type", answer.kind.encode()),
            (b"content-length", b"%d" % len(answer.body)),
            (b"cache-control", b"no-cache"),  # a monitor must see the newest checkpoint, not a cache's
        ]
        if answer.allow:
            headers.append((b"allow", answer.allow.encode()))
        await send({"type": "http.response.start", "status": int(answer.status), "headers": protected(headers)})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    return app


def add_checkpoint(body: bytes, folder: WitnessFolder, logs: KnownLogs, clock: Callable[[], int]) -> str:
    """
    Check, cosign, record: the signature lines, one by each key of the witness. Raises `CheckpointRefused`.

    Runs without an await from the check to the disk, so that two requests cannot both continue the same tree. No line
    leaves before the note is on disk.
    """
    try:
        asked = parse_add_checkpoint(body)
    except Malformed as error:
        raise CheckpointRefused(HTTPStatus.BAD_REQUEST, str(error)) from error
    shown = require_signed(asked, logs)
    latest = folder.latest(asked.checkpoint.origin)
    now = clock()
    try:
        require_continuation(asked, latest.checkpoint if latest else None)
    except CheckpointRefused as refusal:
        if latest is not None:
            _keep_conflict(folder, shown, asked, latest, refusal, seen_at=now)
        raise
    try:
        lines = tuple(cosign(asked.checkpoint, each, timestamp=now) for each in folder.signers)
        note = Note(shown.text, (*shown.signatures, *lines))
        format_note(*note)  # what could not be read back is not recorded
    except Malformed as error:
        raise CheckpointRefused(HTTPStatus.BAD_REQUEST, str(error)) from error
    folder.record(Cosigned(asked.checkpoint, note))
    return "".join(line.text() for line in lines)


def _keep_conflict(
    folder: WitnessFolder,
    shown: Note,
    asked: AddCheckpoint,
    latest: Cosigned,
    refusal: CheckpointRefused,
    *,
    seen_at: int,
) -> None:
    """Keep what may prove a fork. A disk that is full changes nothing about the refusal."""
    fork = is_fork(asked.checkpoint, latest.checkpoint)
    if not fork and not is_unproven(asked.checkpoint, latest.checkpoint, refusal):
        return
    conflict = Conflict(
        kind="fork" if fork else "unproven", seen_at=seen_at, cosigned=latest.text(), shown=format_note(*shown)
    )
    sizes = {
        "origin": asked.checkpoint.origin,
        "cosigned_size": latest.checkpoint.size,
        "shown_size": asked.checkpoint.size,
    }
    try:
        if folder.conflicts.keep(conflict):
            log.error("fork_seen" if fork else "checkpoint_unproven", **sizes)
    except OSError as error:
        log.error("conflict_not_kept", reason=str(error), notes=[conflict.cosigned, conflict.shown], **sizes)  # noqa: TRY400 - the reason says all


async def _respond(
    scope: Message, receive: Receive, folder: WitnessFolder, logs: KnownLogs, clock: Callable[[], int]
) -> _Answer:
    if found := _CHECKPOINT.fullmatch(scope["path"]):
        return _checkpoint(folder, found[1], scope["method"])
    if scope["path"] != "/add-checkpoint":
        return _Answer(
            HTTPStatus.NOT_FOUND, b"this witness answers POST /add-checkpoint, GET /<origin hash>/checkpoint\n"
        )
    if scope["method"] != "POST":
        return _Answer(HTTPStatus.METHOD_NOT_ALLOWED, b"POST a checkpoint\n", allow="POST")
    body = await _read(receive)
    if body is None:
        return _Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the limit is {REQUEST_LIMIT_BYTES} bytes\n".encode())
    return _added(body, folder, logs, clock)


def _added(body: bytes, folder: WitnessFolder, logs: KnownLogs, clock: Callable[[], int]) -> _Answer:
    try:
        return _Answer(HTTPStatus.OK, add_checkpoint(body, folder, logs, clock).encode())
    except CheckpointRefused as refusal:
        if refusal.size is not None:
            return _Answer(refusal.status, b"%d\n" % refusal.size, _SIZE)
        return _Answer(refusal.status, f"{refusal.reason}\n".encode())


def _checkpoint(folder: WitnessFolder, origin_hash: str, method: str) -> _Answer:
    """The last checkpoint cosigned, with the log's signatures and ours; 404 where there is none."""
    if method not in ("GET", "HEAD"):
        return _Answer(HTTPStatus.METHOD_NOT_ALLOWED, b"GET the checkpoint\n", allow="GET, HEAD")
    latest = folder.latest_by_hash(origin_hash)
    if latest is None:
        return _Answer(HTTPStatus.NOT_FOUND, b"this witness never cosigned a checkpoint of that origin\n")
    if not latest.note.signatures:
        return _Answer(HTTPStatus.NOT_FOUND, b"cosigned by a version that kept no signatures: ask after the next one\n")
    return _Answer(HTTPStatus.OK, latest.text().encode())


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

"""
WebSockets: what both ends say in structs, as JSON text or MessagePack by subprotocol.

Every wait has an end: a client that says nothing, or does not take what it is sent, is taken for gone. How large one
message may be is looked at when it is here; the server in front has a limit of its own for what it puts together.
"""

import asyncio
import contextlib
import functools
from typing import Any, Final, Generic, TypeVar

import msgspec
from litestar import WebSocket
from msgspec import Struct

from registry.kit.http import STATUS
from registry.kit.problems import DomainError, Kind

JSON: Final = "kilnwood.v1.json"
MSGPACK: Final = "kilnwood.v1.msgpack"
MESSAGE_BYTES: Final = 1_000_000
"""As large as the body of a request may be."""
TAKEN_WITHIN_S: Final = 10.0
"""How long a client may take to take one message."""
GOING_AWAY: Final = 1001
FAILED: Final = 1011
CODE: Final = 4000
"""Beside the status of a refusal it is the code with which a connection closes: 4401, 4403, 4408, …"""
REASON_BYTES: Final = 120
"""The protocol allows 123."""

T = TypeVar("T")


class SocketMisused(DomainError):
    """What was sent is no message of this connection, or comes at the wrong time."""

    kind, slug, title = Kind.INVALID, "socket-misused", "Not a message of this connection"


class SocketSilent(DomainError):
    """The client said nothing for too long, or does not take what it is sent."""

    kind, slug, title = Kind.SLOW, "socket-silent", "Nothing was heard"


class SocketGone(Exception):
    """The client has closed the connection, or it broke."""


class Wire(Generic[T]):
    """One accepted connection; *kind* is what its client may say."""

    def __init__(self, socket: WebSocket[Any, Any, Any], kind: Any, *, binary: bool) -> None:  # noqa: ANN401 - a type
        self._socket = socket
        self._mode: Any = "binary" if binary else "text"
        self.binary = binary
        self._decoder = _decoder(kind, binary)
        self._encoder: Any = msgspec.msgpack.Encoder() if binary else msgspec.json.Encoder()

    async def receive(self, *, within_s: float) -> str | bytes:
        """The next message as it came. Raises `SocketGone`, `SocketSilent`."""
        try:
            async with asyncio.timeout(within_s):
                event: Any = await self._socket.receive()
        except TimeoutError as error:
            raise SocketSilent(
                f"Nothing was heard for {within_s:g} s; the connection closes. Connect again, and send a ping in time."
            ) from error
        if event["type"] == "websocket.disconnect":
            raise SocketGone
        text, data = event.get("text"), event.get("bytes")
        return text if text is not None else data or b""

    def read(self, message: str | bytes) -> T:
        """What a message says. Raises `SocketMisused`."""
        if isinstance(message, bytes) != self.binary:
            raise SocketMisused(f"This subprotocol takes {self._mode} messages, and this one is of the other kind.")
        if len(message) > MESSAGE_BYTES:
            raise SocketMisused(
                f"A message of {len(message):,} bytes; at most {MESSAGE_BYTES:,} are taken. Say less in one.",
                wanted=len(message),
                limit=MESSAGE_BYTES,
            )
        try:
            said: T = self._decoder.decode(message)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise SocketMisused(f"The message cannot be read: {str(error).replace('`', '')}.") from error
        return said

    def written(self, message: Struct) -> bytes:
        """A message as this connection writes it."""
        encoded: bytes = self._encoder.encode(message)
        return encoded

    async def send(self, message: Struct) -> None:
        """Send one message. Raises `SocketGone`, also where the client does not take it in time."""
        await self.send_written(self.written(message))

    async def send_written(self, message: bytes) -> None:
        """Send one message that is written already."""
        try:
            async with asyncio.timeout(TAKEN_WITHIN_S):
                await self._socket.send_data(message, self._mode)
        except Exception as error:  # a server has its own exceptions for a connection that is gone
            raise SocketGone from error

    async def close(self, code: int, reason: str) -> None:
        """Close, if the client is still there."""
        short = reason.encode()[:REASON_BYTES].decode(errors="ignore")
        with contextlib.suppress(Exception):  # as above
            async with asyncio.timeout(TAKEN_WITHIN_S):
                await self._socket.close(code, short)


async def accepted(socket: WebSocket[Any, Any, Any], kind: Any) -> Wire[Any] | None:  # noqa: ANN401 - a type
    """Accept a connection in the first subprotocol that both know; None if there is none, and it was refused."""
    offered = socket.scope.get("subprotocols") or []
    found = next((each for each in offered if each in (JSON, MSGPACK)), None)
    if offered and found is None:
        await socket.accept()  # or the client would not learn why
        await socket.close(CODE + STATUS[Kind.INVALID], f"The subprotocols are {JSON} and {MSGPACK}.")
        return None
    await socket.accept(found)
    return Wire(socket, kind, binary=found == MSGPACK)


def close_code(refusal: DomainError) -> int:
    """The code with which a connection closes because of a refusal."""
    return CODE + STATUS[refusal.kind]


@functools.cache
def _decoder(kind: Any, binary: bool) -> Any:  # noqa: ANN401, FBT001 - any type; a key of the cache
    return msgspec.msgpack.Decoder(kind) if binary else msgspec.json.Decoder(kind)

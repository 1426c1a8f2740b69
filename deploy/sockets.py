"""A WebSocket client for programs: messages are structs or plain values, as JSON text or MessagePack (RFC 6455)."""

import asyncio
import base64
import os
import struct
from typing import Any, Final

import msgspec

from registry.kit.sockets import JSON, MSGPACK

_CONTINUED, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_FINAL: Final = 0x80
_SHORT, _MIDDLE, _LONG = 125, 126, 127


class SocketClosed(Exception):
    """The other end has closed the connection, with this code and reason, or never opened it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed with {code}: {reason}")
        self.code = code
        self.reason = reason


class SocketClient:
    """One connection to a path of a service."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, binary: bool) -> None:
        self._reader = reader
        self._writer = writer
        self._kind = _BINARY if binary else _TEXT
        self._encode = msgspec.msgpack.encode if binary else msgspec.json.encode
        self._decode = msgspec.msgpack.decode if binary else msgspec.json.decode

    @classmethod
    async def connect(
        cls, host: str, port: int, path: str, *, protocol: str = JSON, key: str = "", tls: bool = False
    ) -> "SocketClient":
        """Open a connection in one subprotocol. Raises `SocketClosed`, `OSError`."""
        reader, writer = await asyncio.open_connection(host, port, ssl=tls or None)
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: {host}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Protocol: {protocol}",
            *((f"Authorization: Bearer {key}",) if key else ()),
        )
        writer.write("\r\n".join((*lines, "", "")).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = head.split(" ", 2)[1]
        if status != "101":
            writer.close()
            raise SocketClosed(int(status), head.partition("\r\n")[0])
        return cls(reader, writer, binary=protocol == MSGPACK)

    async def say(self, message: object) -> None:
        """Send one message, when the other end takes it."""
        self._frame(self._kind, self._encode(message))
        await self._writer.drain()

    async def hear(self, kind: Any = Any) -> Any:  # noqa: ANN401 - what *kind* says
        """The next message. Raises `SocketClosed`."""
        whole = b""
        while True:
            head, data = await self._next()
            opcode = head & 0x0F
            if opcode == _PING:
                self._frame(_PONG, data)
            elif opcode == _CLOSE:
                code = int.from_bytes(data[:2], "big") if data else 1005
                self._writer.close()
                raise SocketClosed(code, data[2:].decode(errors="replace"))
            elif opcode in (_CONTINUED, _TEXT, _BINARY):
                whole += data
                if head & _FINAL:
                    return self._decode(whole, type=kind)

    async def close(self) -> None:
        """Say that it is over, and close."""
        self._frame(_CLOSE, (1000).to_bytes(2, "big"))
        self._writer.close()

    async def _next(self) -> tuple[int, bytes]:
        try:
            head, size = await self._reader.readexactly(2)
            if size == _MIDDLE:
                (size,) = struct.unpack(">H", await self._reader.readexactly(2))
            elif size == _LONG:
                (size,) = struct.unpack(">Q", await self._reader.readexactly(8))
            return head, await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise SocketClosed(1006, "the connection broke") from error

    def _frame(self, opcode: int, data: bytes) -> None:
        size, mask = len(data), os.urandom(4)
        if size <= _SHORT:
            head = struct.pack(">BB", _FINAL | opcode, _FINAL | size)
        elif size < 1 << 16:
            head = struct.pack(">BBH", _FINAL | opcode, _FINAL | _MIDDLE, size)
        else:
            head = struct.pack(">BBQ", _FINAL | opcode, _FINAL | _LONG, size)
        long_mask = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        masked = (int.from_bytes(data, "big") ^ long_mask).to_bytes(size, "big")
        self._writer.write(head + mask + masked)

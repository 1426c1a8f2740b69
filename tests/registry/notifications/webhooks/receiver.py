"""A receiver of webhooks on this machine that can also refuse, redirect, hang and be gone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from standardwebhooks.webhooks import Webhook


class Got(NamedTuple):
    """One request: what a receiver has to verify it."""

    headers: dict[str, str]
    body: bytes

    def verified(self, secret: str) -> Any:
        """The payload, as the library verifies it; it raises if it is not right."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """What it was sent, and with which status it answers; 0: never."""

    port: int = 0
    status: int = 204
    got: list[Got] = field(default_factory=list)
    _open: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        self._open.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = [line.partition(": ") for line in head.split("\r\n")[1:] if line]
            headers = {name.lower(): value for name, _, value in lines}
            self.got.append(Got(headers, await reader.readexactly(int(headers["content-length"]))))
            if not self.status:
                await reader.read()
            moved = f"Location: {self.url}/elsewhere\r\n" if self.status == 307 else ""
            writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: 0\r\n{moved}Connection: close\r\n\r\n".encode())
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver while it is wanted."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for each in receiver._open:
            each.close()
        await server.wait_closed()

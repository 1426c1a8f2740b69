"""The client's end of a WebSocket to an application that is called without a socket, in the loop of the test."""

import asyncio
from types import TracebackType
from typing import Any, Self

import msgspec

from tests.worlds import World

JSON, MSGPACK = "kilnwood.v1.json", "kilnwood.v1.msgpack"
PATIENCE_S = 30.0


class Socket:
    """One connection. *code* and *reason* are how the application closed it."""

    def __init__(
        self, world: World, path: str, *, protocols: tuple[str, ...] = (JSON,), headers: dict[str, str] | None = None
    ) -> None:
        self._app = world.http._transport.app  # type: ignore[attr-defined]  # httpx's transport over ASGI
        self._scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [
                (b"host", b"registry.test"),
                *((name.lower().encode(), value.encode()) for name, value in (headers or {}).items()),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("registry.test", 80),
            "subprotocols": list(protocols),
            "state": {},
        }
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._taking = asyncio.Event()
        self._taking.set()
        self._serving: asyncio.Task[None] | None = None
        self.protocol: str | None = None
        self.code: int | None = None
        self.reason = ""

    async def __aenter__(self) -> Self:
        async def send(message: Any) -> None:
            await self._taking.wait()
            await self._from_app.put(message)

        await self._to_app.put({"type": "websocket.connect"})
        self._serving = asyncio.create_task(self._app(self._scope, self._to_app.get, send))
        first = await self._next()
        if first["type"] == "websocket.accept":
            self.protocol = first["subprotocol"]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Go away without a word; returns when the application has ended its part."""
        self._taking.set()
        await self._to_app.put({"type": "websocket.disconnect", "code": 1006})
        assert self._serving is not None
        async with asyncio.timeout(PATIENCE_S):
            await self._serving

    def stall(self) -> None:
        """Take nothing any more."""
        self._taking.clear()

    async def say(self, *messages: Any) -> None:
        """Send messages, each in the subprotocol's form; text and bytes as they are."""
        for each in messages:
            raw = each if isinstance(each, str | bytes) else None
            if raw is None:
                raw = msgspec.msgpack.encode(each) if self.protocol == MSGPACK else msgspec.json.encode(each).decode()
            name = "text" if isinstance(raw, str) else "bytes"
            await self._to_app.put({"type": "websocket.receive", "text": None, "bytes": None, name: raw})

    async def hear(self) -> Any:
        """The next message, decoded; None once the connection is closed."""
        found = await self._next()
        if found["type"] == "websocket.close":
            return None
        data = found["bytes"] or found["text"]
        return msgspec.msgpack.decode(data) if self.protocol == MSGPACK else msgspec.json.decode(data)

    async def _next(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            found = await self._from_app.get()
        if found["type"] == "websocket.close":
            self.code, self.reason = found["code"], found.get("reason") or ""
        return found

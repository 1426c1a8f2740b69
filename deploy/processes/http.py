"""Serves one ASGI application on one port until a stop; the service and a witness use it."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import structlog
from granian.constants import Interfaces
from granian.server.embed import Server

log = structlog.get_logger()

_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to reach what listens on every address
CUT_TIMEOUT_S = 0.5
"""How long requests that were cut off may take to answer."""


def require_free(host: str, port: int) -> None:
    """Two granian servers would share one port silently: bind it exclusively once. Raises `OSError`."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _nothing() -> None:
    return


async def serve_until(
    stop: asyncio.Event,
    app: Any,  # noqa: ANN401 - any ASGI application; each framework has its own type for it
    host: str,
    port: int,
    *,
    timeout_s: float,
    cut_off: Callable[[], None] = _nothing,
    ready: asyncio.Event | None = None,
) -> None:
    """
    Serve until *stop*; raises what ended the server before that.

    Requests in flight have *timeout_s* to end; then *cut_off* should make them end, and they are no longer waited for.
    *ready* is set when the port answers.
    """
    server = Server(app, address=host, port=port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    if ready is not None:
        answering = asyncio.create_task(_until_answering(host, port))
        await asyncio.wait((serving, stopping, answering), return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            ready.set()
        answering.cancel()
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not serving.done():
        server.stop()  # type: ignore[no-untyped-call]  # granian leaves it unannotated
    if not await _ended(serving, timeout_s):
        log.warning("requests_cut_off", timeout_s=timeout_s)
        cut_off()
        await _ended(serving, CUT_TIMEOUT_S)


async def _ended(serving: "asyncio.Task[None]", timeout_s: float) -> bool:
    """Wait for the HTTP server, and raise what ended it."""
    done, _ = await asyncio.wait((serving,), timeout=timeout_s)
    for each in done:
        each.result()
    return bool(done)


async def _until_answering(host: str, port: int) -> None:
    host = _ANY.get(host, host)
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return

"""
Serves one ASGI application on one port until a stop; the service and a witness use it.

granian, whose `backpressure` is its limit of connections: what comes beyond it waits in the kernel's queue. So a client
that sends nothing must not keep its connection. With HTTP/1.1 alone granian closes one whose headers are not whole in
time, whether it is new, idle between two requests, or sends a byte a second; a version that is yet to be found out
(HTTP/2 or not) is waited for without end, so HTTP/2 is only for a proxy that has limits of its own. Bodies are timed by
`TimedBodies`, and a client that does not read its answer by the kernel.
"""

import asyncio
import contextlib
import resource
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings, HTTP2Settings
from granian.server.embed import Server

from registry.kit.bodies import TimedBodies

log = structlog.get_logger()

_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to reach what listens on every address
CUT_TIMEOUT_S = 0.5
"""How long requests that were cut off may take to answer."""
THREADS_EVERY_S = 0.005
HEAD_LIMIT_BYTES = 64 * 1024
QUEUE = 1024
"""How many connections the kernel keeps until they are accepted."""
SPARE_FILES = 256
"""Files beside connections of clients: the database's, the log's, what a start opens."""


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What clients together, and each, may hold.

    *client_timeout_s* is how long a client may take to send the headers of its next request, then its body, and to take
    the next piece of the answer.
    """

    connections: int = 4000
    client_timeout_s: float = 15.0
    http2: bool = False
    websockets: bool = False


def require_free(host: str, port: int) -> None:
    """Bind the port once, exclusively, long before it is served. Raises `OSError` when it is taken."""
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _nothing() -> None:
    return


async def serve_until(
    stop: asyncio.Event,
    app: Any,  # noqa: ANN401 - any ASGI application; each framework has its own type for it
    host: str,
    port: int,
    *,
    timeout_s: float,
    limits: Limits | None = None,
    cut_off: Callable[[], None] = _nothing,
    ready: asyncio.Event | None = None,
) -> None:
    """
    Serve until *stop*; raises what ended the server before that.

    Requests in flight have *timeout_s* to end; then *cut_off* should make them end, and they are no longer waited for.
    *ready* is set when the port answers.
    """
    threads = _threads()
    server = _server(app, host, port, limits or Limits())
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
    del server, serving
    await _without_threads_of_granian(threads)


def _server(app: Any, host: str, port: int, limits: Limits) -> "_Server":  # noqa: ANN401 - as above
    timeout_ms = round(limits.client_timeout_s * 1000)
    return _Server(
        TimedBodies(app, timeout_s=limits.client_timeout_s),
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        websockets=limits.websockets,
        log_enabled=False,
        backlog=QUEUE,
        backpressure=_with_files_for(limits.connections),
        http=HTTPModes.auto if limits.http2 else HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=timeout_ms, max_buffer_size=HEAD_LIMIT_BYTES),
        http2_settings=HTTP2Settings(
            keep_alive_interval=timeout_ms,
            keep_alive_timeout=max(1, round(limits.client_timeout_s)),
            max_headers_size=HEAD_LIMIT_BYTES,
        ),
        answer_timeout_ms=timeout_ms,
    )


class _Server(Server):
    """granian on a socket of ours: nobody else can listen on its port, and a client that does not read is let go."""

    def __init__(self, *args: Any, answer_timeout_ms: int, **kwargs: Any) -> None:  # noqa: ANN401 - granian's
        super().__init__(*args, **kwargs)
        self._answer_timeout_ms = answer_timeout_ms

    def _init_shared_socket(self) -> None:
        """Listen. What connections are accepted inherit the options. Raises `OSError`."""
        if sys.platform != "linux":
            super()._init_shared_socket()  # type: ignore[no-untyped-call]  # granian leaves it unannotated
            return
        listening = socket.socket(_family(self.bind_addr))
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._answer_timeout_ms)
            listening.bind((self.bind_addr, self.bind_port))
            listening.listen(self.backlog)
        except OSError:
            listening.close()
            raise
        holder: Any = SocketHolder  # its stub knows the form of other systems only: no backlog
        unix_socket = False
        self._shd = holder(listening.detach(), unix_socket, self.backlog)


def _with_files_for(connections: int) -> int:
    """Raise the limit of open files as far as *connections* need; returns how many connections fit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    allowed = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.warning("fewer_connections", wanted=connections, served=allowed - SPARE_FILES, open_files=allowed)
    return max(1, allowed - SPARE_FILES)


async def _ended(serving: "asyncio.Task[None]", timeout_s: float) -> bool:
    """Wait for the HTTP server, and raise what ended it."""
    done, _ = await asyncio.wait((serving,), timeout=timeout_s)
    for each in done:
        each.result()
    return bool(done)


def _threads() -> set[str]:
    """The threads of this process that are not Python's own; none where /proc does not list them."""
    tasks = Path("/proc/self/task")
    known = {str(each.native_id) for each in threading.enumerate()}
    return {each.name for each in tasks.iterdir()} - known if tasks.is_dir() else set()


async def _without_threads_of_granian(before: set[str]) -> None:
    """
    Wait until granian's threads have ended too, which takes milliseconds.

    One that asks for the interpreter while that shuts down would abort the process after an orderly stop.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CUT_TIMEOUT_S):
            while _threads() - before:  # noqa: ASYNC110 - no event tells of it
                await asyncio.sleep(THREADS_EVERY_S)


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

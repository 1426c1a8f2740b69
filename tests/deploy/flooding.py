"""Clients that hold connections: silent, slow or deaf. Real sockets, against real processes."""

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator

from tests.stopwatch import Stopwatch

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def connections(port: int, count: int, said: bytes = b"") -> AsyncIterator[list[Connection]]:
    """Open *count* connections that send *said* and then nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count + 500)), hard))
    opened: list[Connection] = []
    try:
        for _ in range(count):
            opened.append(await asyncio.open_connection("127.0.0.1", port))
            opened[-1][1].write(said)
        yield opened
    finally:
        for _, writer in opened:
            writer.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def answers(opened: list[Connection], *, within_s: float) -> list[bytes]:
    """What each connection received until it was closed. Raises `TimeoutError` when one stays open."""
    async with asyncio.timeout(within_s):
        return await asyncio.gather(*(_until_closed(reader) for reader, _ in opened))


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


async def median_s(port: int, path: str, *, status: int = 200, times: int = 21) -> float:
    """How long a request on a new connection takes, in the middle of several."""
    took = []
    for _ in range(times):
        watch = Stopwatch()
        async with connections(port, 1, b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode()) as opened:
            line = await opened[0][0].readline()
        took.append(watch.took_s())
        assert str(status).encode() == line.split()[1]
    return sorted(took)[times // 2]

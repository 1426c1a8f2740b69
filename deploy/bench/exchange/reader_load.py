"""
Many readers of one instrument's changes by server-sent events, from a process of its own.

One order after the other is placed by the bench beside it; each reader notes when the change that shows its price
arrives. Run by `streams`: ``python -m deploy.bench.exchange.reader_load``, a `ReaderJob` as JSON on standard input, a
`ReaderLoad` on standard output.
"""

import asyncio
import contextlib
import sys
import time
from collections import defaultdict

import msgspec
import uvloop

_TOGETHER = 50
"""Readers that connect at the same time."""


class ReaderJob(msgspec.Struct, frozen=True, kw_only=True):
    """So many *readers*; orders of *account_id* are placed and cancelled for *seconds*."""

    port: int
    key: str
    account_id: int
    instrument: str
    price_fen: int
    first_client_order_id: int
    readers: int
    seconds: float


class ReaderLoad(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds from an order's acknowledgement to each reader, and how many changes each of them got at least."""

    delays_s: list[float]
    fewest: int


async def _measure(job: ReaderJob) -> ReaderLoad:
    arrived: dict[int, list[float]] = defaultdict(list)
    began = asyncio.Semaphore(0)
    counts = [0] * job.readers

    async def read(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", job.port, limit=1 << 20)
        path = f"/instruments/{job.instrument}/changes"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\n\r\n".encode())
        try:
            while line := await reader.readline():
                if line.startswith(b"event: snapshot"):
                    began.release()
                elif line.startswith(b"data: ") and b'"is":"change"' in line:
                    counts[number] += 1
                    sequence = line.partition(b'"sequence":')[2].partition(b",")[0]
                    arrived[int(sequence)].append(time.perf_counter())
        finally:
            writer.close()

    reading = []
    for number in range(job.readers):
        reading.append(asyncio.create_task(read(number)))
        if number % _TOGETHER == 0:
            await asyncio.sleep(0.05)
    for _ in range(job.readers):
        async with asyncio.timeout(30):
            await began.acquire()
    known = await _orders(job)
    await asyncio.sleep(1)
    for each in reading:
        each.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    delays: list[float] = []
    answered = sorted(known.items())
    for sequence, times in arrived.items():
        # The newest order that a change shows; the older ones in it were waited for by its rhythm.
        shown = [at for number, at in answered if number <= sequence]
        delays += [each - shown[-1] for each in times] if shown else []
    return ReaderLoad(delays_s=delays, fewest=min(counts))


async def _orders(job: ReaderJob) -> dict[int, float]:
    """Orders that rest, one after the other, and when each was acknowledged by its number."""
    known: dict[int, float] = {}
    reader, writer = await asyncio.open_connection("127.0.0.1", job.port)
    end, number = time.perf_counter() + job.seconds, job.first_client_order_id
    while time.perf_counter() < end:
        body = msgspec.json.encode(
            {
                "account_id": job.account_id,
                "instrument": job.instrument,
                "side": "buy",
                "price_fen": job.price_fen,
                "quantity_t": 1,
                "client_order_id": number,
            }
        )
        number += 1
        writer.write(
            f"POST /v1/orders HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\nAuthorization: Bearer {job.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        at = head.lower().index(b"content-length:")
        answer = msgspec.json.decode(await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)])))
        if not head.startswith(b"HTTP/1.1 201"):
            raise ValueError(answer)
        known[answer["id"]] = time.perf_counter()
        await asyncio.sleep(0.25)
    with contextlib.suppress(OSError):
        writer.close()
    return known


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=ReaderJob)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_measure(asked))))

"""
The load generator: a process of its own, so that it never shares an interpreter with what it measures.

Clients are bare asyncio protocols on keep-alive sockets under uvloop: one request in flight each, built from two
prepared pieces and a fresh idempotency key; of an answer only the status and the length are read. It reports the
processor time that it took itself, so that one can see that it was not what limited.

Run by `retirements`: ``python -m deploy.bench.load``, a `Job` as JSON on standard input, a `Load` on standard output.
"""

import asyncio
import os
import random
import sys
import time
from functools import partial
from typing import cast

import msgspec
import uvloop

_WARM_S = 0.2
_CREATED = b"HTTP/1.1 201"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Retire *quantity_kg* at random over pairs of accounts and claims, with *clients* at once."""

    port: int
    key: str
    clients: int
    seconds: float
    first_account: int
    first_claim: int
    pairs: int
    quantity_kg: int = 1


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; *refused* has the first answer that was not 201."""

    done: int
    seconds: float
    processor_s: float
    refused: str = ""


class _Client(asyncio.Protocol):
    """One connection: sends the next request when the answer to the last is complete."""

    def __init__(self, run: "_Run", name: str) -> None:
        self._run = run
        self._name = name
        self._sent = 0
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class does not inherit from it
        self._send()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer = self._buffer + data
        head = buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = buffer.lower().find(b"content-length:", 0, head)
        if len(buffer) < head + 4 + int(buffer[at + 15 : buffer.index(b"\r\n", at)]):
            return
        self._buffer = b""
        self._run.answered(buffer)
        if self._run.open:
            self._send()
        elif self._transport:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        self._run.left()

    def _send(self) -> None:
        self._sent += 1
        head, body = random.choice(self._run.requests)  # noqa: S311 - any pair will do
        if self._transport:
            self._transport.write(b"%sIdempotency-Key: %s-%d\r\n\r\n%s" % (head, self._name.encode(), self._sent, body))


class _Run:
    """One measurement: warm up, count, let what is in flight finish."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.requests = [_request(job, number) for number in range(job.pairs)]
        self.open = True
        self._counting = False
        self._done = 0
        self._refused = ""
        self._left = 0
        self._all_left = asyncio.Event()

    def answered(self, answer: bytes) -> None:
        if not answer.startswith(_CREATED):
            self._refused = self._refused or answer.decode(errors="replace")
            self.open = False
        elif self._counting:
            self._done += 1

    def left(self) -> None:
        self._left += 1
        if self._left == self._job.clients:
            self._all_left.set()

    async def measure(self) -> Load:
        loop = asyncio.get_running_loop()
        for number in range(self._job.clients):
            name = f"load-{os.getpid()}-{time.time_ns()}-{number}"
            await loop.create_connection(partial(_Client, self, name), "127.0.0.1", self._job.port)
        await asyncio.sleep(min(_WARM_S, self._job.seconds))
        begun, processor = time.perf_counter(), time.process_time()
        self._counting = True
        await asyncio.sleep(self._job.seconds)
        self._counting = False
        seconds, used = time.perf_counter() - begun, time.process_time() - processor
        self.open = False
        await self._all_left.wait()
        return Load(done=self._done, seconds=seconds, processor_s=used, refused=self._refused)


def _request(job: Job, number: int) -> tuple[bytes, bytes]:
    body = msgspec.json.encode(
        {
            "account_id": job.first_account + number,
            "claim_id": job.first_claim + number,
            "quantity_kg": job.quantity_kg,
            "reason": "bench",
        }
    )
    head = (
        f"POST /v1/retirements HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\nAuthorization: Bearer {job.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    )
    return head.encode(), body


async def _main() -> Load:
    return await _Run(msgspec.json.decode(sys.stdin.buffer.read(), type=Job)).measure()


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_main())))

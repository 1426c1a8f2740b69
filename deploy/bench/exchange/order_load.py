"""
Orders at a fixed rate, from a process of its own: when one is due it is sent, whether or not the last was answered.

The time of an order runs from when it was due, so that a service that stalls cannot hide it. Each connection speaks for
one account of its own, whose client_order_ids therefore arrive in order; a connection that is still waiting when its
turn comes keeps the order waiting, and its time runs.

Run by `served`: ``python -m deploy.bench.exchange.order_load``, an `OrderJob` as JSON on standard input, an
`OrderLoad` on standard output.
"""

import asyncio
import sys
import time
from collections import deque

import msgspec
import uvloop

_CREATED = b"HTTP/1.1 201"
_WARM_ORDERS = 50


class OrderJob(msgspec.Struct, frozen=True, kw_only=True):
    """Buy orders that rest, *rate* in a second for *seconds*; account *first_account* + n is connection n's."""

    port: int
    key: str
    instrument: str
    price_fen: int
    first_account: int
    connections: int
    first_client_order_id: int
    rate: float
    seconds: float


class OrderLoad(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds from due to answered, order by order; *refused* has the first answer that was not 201."""

    times_s: list[float]
    refused: str = ""


class _Connection:
    """One account's connection: its orders go out one after the other."""

    def __init__(self, job: OrderJob, number: int) -> None:
        self._job = job
        self._account = job.first_account + number
        self._client_order_id = job.first_client_order_id
        self.due: deque[tuple[int, float]] = deque()
        self.arrived = asyncio.Event()
        self.times_s: list[tuple[int, float]] = []
        self.refused = ""

    async def run(self) -> None:
        """Send what is due until an order without a number comes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._job.port)
        while True:
            while not self.due:
                self.arrived.clear()
                await self.arrived.wait()
            number, due = self.due.popleft()
            if number < 0:
                break
            writer.write(self._request())
            head = await reader.readuntil(b"\r\n\r\n")
            at = head.lower().index(b"content-length:")
            body = await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)]))
            self.times_s.append((number, time.perf_counter() - due))
            if not head.startswith(_CREATED):
                self.refused = self.refused or (head + body).decode(errors="replace")
        writer.close()

    def _request(self) -> bytes:
        job = self._job
        body = msgspec.json.encode(
            {
                "account_id": self._account,
                "instrument": job.instrument,
                "side": "buy",
                "price_fen": job.price_fen,
                "quantity_t": 1,
                "client_order_id": self._client_order_id,
            }
        )
        head = (
            f"POST /v1/orders HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\nAuthorization: Bearer {job.key}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._client_order_id += 1
        return head.encode() + body


async def _measure(job: OrderJob) -> OrderLoad:
    connections = [_Connection(job, number) for number in range(job.connections)]
    running = [asyncio.create_task(each.run()) for each in connections]
    orders = _WARM_ORDERS + max(1, round(job.rate * job.seconds))
    begun = time.perf_counter() + 0.1
    for number in range(orders):
        due = begun + number / job.rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        connection = connections[number % job.connections]
        connection.due.append((number, due))
        connection.arrived.set()
    for each in connections:
        each.due.append((-1, 0.0))
        each.arrived.set()
    await asyncio.gather(*running)
    return OrderLoad(
        times_s=[taken for each in connections for number, taken in each.times_s if number >= _WARM_ORDERS],
        refused=next((each.refused for each in connections if each.refused), ""),
    )


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=OrderJob)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_measure(asked))))

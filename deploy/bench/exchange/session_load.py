"""
Orders through one WebSocket session, from a process of its own: at a rate or as many as fit, and answers are counted.

Orders are immediate-or-cancel at the lowest price, so that none rests: an account may have only so many open. Each is
journalled, answered and shown in the tables like any other.

Run by `streams` and `sustained`: ``python -m deploy.bench.exchange.session_load``, a `SessionJob` as JSON on standard
input, a `SessionLoad` on standard output.
"""

import asyncio
import sys
import time
from itertools import count
from typing import Final

import msgspec
import uvloop

from deploy.sockets import SocketClient
from registry.kit.sockets import MSGPACK
from schemas.order_session import SessionAnswers, SessionMessage
from schemas.orders import PlaceInBatch

_DRAINED_WITHIN_S: Final = 30.0


class SessionJob(msgspec.Struct, frozen=True, kw_only=True):
    """
    For *seconds*, messages of *at_once* orders, with at most *window* orders unanswered.

    With a *rate* in orders a second each message is due at a moment of its own, and its time counts from there, however
    late it is sent. Without one the window is kept full.
    """

    port: int
    key: str
    account_id: int
    instrument: str
    price_fen: int
    first_client_order_id: int
    seconds: float
    at_once: int
    window: int
    rate: float = 0.0


class SessionLoad(msgspec.Struct, frozen=True, kw_only=True):
    """Orders that were accepted, and refused, in how many seconds; times from a message to its last answer."""

    accepted: int
    refused: int
    seconds: float
    processor_s: float
    times_s: list[float]
    refusal: str = ""


def _order(job: SessionJob, number: int) -> PlaceInBatch:
    return PlaceInBatch(
        instrument=job.instrument,
        side="buy",
        price_fen=job.price_fen,
        quantity_t=1,
        client_order_id=number,
        time_in_force="IOC",
    )


async def _due(job: SessionJob, begun: float, message: int) -> float:
    """Wait until a message is due; returns since when its time counts."""
    if not job.rate:
        return time.perf_counter()
    due = begun + message * job.at_once / job.rate
    await asyncio.sleep(max(0.0, due - time.perf_counter()))
    return due


async def _heard(hearing: "asyncio.Task[None]", sent: dict[int, float], drained: asyncio.Event) -> None:
    """Wait until everything that was *sent* is answered, and hear no more. Raises what hearing failed with."""
    if not sent:  # the last answer came before the time was over
        drained.set()
    draining = asyncio.create_task(drained.wait())
    await asyncio.wait((hearing, draining), timeout=_DRAINED_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
    if hearing.done():
        hearing.result()
    hearing.cancel()
    draining.cancel()


async def _measure(job: SessionJob) -> SessionLoad:
    socket = await SocketClient.connect("127.0.0.1", job.port, "/v1/orders/session", protocol=MSGPACK, key=job.key)
    await socket.say({"do": "open", "account_id": job.account_id})
    await socket.hear()
    room = asyncio.Semaphore(job.window // job.at_once)
    sent: dict[int, float] = {}
    accepted = refused = 0
    refusal = ""
    times_s: list[float] = []
    over, drained = asyncio.Event(), asyncio.Event()
    number = job.first_client_order_id
    begun, processor = time.perf_counter(), time.process_time()

    async def hear() -> None:
        nonlocal accepted, refused, refusal
        while True:
            said = await socket.hear(SessionMessage)
            if not isinstance(said, SessionAnswers):
                raise TypeError(said)
            now = time.perf_counter()
            for each in said.answers:
                if each.order is not None:
                    accepted += 1
                else:
                    refused += 1
                    refusal = refusal or (each.refusal.detail if each.refusal else "")
                if (at := sent.pop(each.client_order_id or 0, None)) is not None:  # the last of its message
                    times_s.append(now - at)
                    room.release()
            if over.is_set() and not sent:
                drained.set()

    hearing = asyncio.create_task(hear())
    hearing.add_done_callback(lambda _: room.release())  # what it failed with is told, and not waited for
    for message in count():
        due = await _due(job, begun, message)
        if due - begun >= job.seconds or hearing.done():
            break
        orders = [_order(job, number + each) for each in range(job.at_once)]
        await room.acquire()
        number += job.at_once
        sent[number - 1] = due if job.rate else time.perf_counter()
        await socket.say(orders)
    over.set()
    await _heard(hearing, sent, drained)
    seconds, used = time.perf_counter() - begun, time.process_time() - processor
    await socket.close()
    return SessionLoad(
        accepted=accepted, refused=refused, seconds=seconds, processor_s=used, times_s=times_s, refusal=refusal
    )


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=SessionJob)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_measure(asked))))

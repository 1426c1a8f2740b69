"""
Snapshots made beside the writer: an engine of its own follows the journal and stores its state now and then.

A dump of a large market takes the better part of a second, in which the writer would answer no request; so the follower
has a process of its own. It begins from the newest snapshot and checks every hash as a recovery does, so that a journal
that does not replay is found while it is still short. A crash leaves no half snapshot: the next follower begins from
the newest one again.
"""

import asyncio
import hashlib
from typing import Final

import structlog

from exchange.engine.market import dissolve
from exchange.engine.state import dump
from exchange.journal import store
from exchange.journal.recovery import begin, replay
from registry.kit.database import Tx

log = structlog.get_logger()

SNAPSHOT_EVERY: Final = 100_000
"""Commands from one snapshot to the next: what a start after a crash has to replay at most, but for the newest ones."""
LOOK_EVERY_S: Final = 0.5
"""How often it looks for new batches, and for projections that it waits for."""


class SnapshotFollower:
    """An engine that follows the journal on *connection*, which nothing else uses."""

    def __init__(self, connection: Tx, *, every: int = SNAPSHOT_EVERY) -> None:
        self._connection = connection
        self._every = every

    async def run(self, stop: asyncio.Event) -> None:
        """
        Follow until *stop*. Raises `JournalBroken`, and what a lost connection raises.

        After a lost connection begin with a new follower: the database may have gone back behind what this one read.
        """
        engine, chained = begin(await store.newest_snapshot(self._connection))
        stored = engine.market.sequence
        try:
            while not stop.is_set():
                seen = engine.market.sequence
                async for batch in store.batches(self._connection, seen):
                    _, chained = replay(engine, chained, batch)
                    if engine.market.sequence - stored >= self._every:
                        stored = engine.market.sequence
                        await self._store(stored, dump(engine.market), chained, stop)
                    await asyncio.sleep(0)  # else nothing could stop it in a long journal
                    if stop.is_set():
                        return
                if engine.market.sequence == seen:
                    await _wait(stop)
        finally:
            dissolve(engine.market)

    async def _store(self, sequence: int, state: bytes, chained: bytes, stop: asyncio.Event) -> None:
        """Store a state once the tables have come as far: a recovery from it could not tell them what is missing."""
        state_hash = hashlib.sha256(state).digest()
        while await store.projected(self._connection) < sequence:
            await _wait(stop)
            if stop.is_set():
                return
        async with self._connection.transaction():
            if await store.keep_snapshot(self._connection, sequence, state, state_hash, chained):
                log.info("snapshot_stored", sequence=sequence, size_bytes=len(state))


async def _wait(stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(LOOK_EVERY_S):
            await stop.wait()
    except TimeoutError:
        return

"""From a snapshot and the journal behind it back to the engine as it was."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime

import msgspec

from exchange.engine.commands import Command
from exchange.engine.core import ENGINE_VERSION, Engine
from exchange.engine.market import dissolve
from exchange.engine.state import STATE_CODEC, load
from exchange.trading import codec, journal
from exchange.trading.codec import Outcome
from exchange.trading.journal import Batch, Head, Snapshot
from registry.kit.database import Tx


class JournalBroken(Exception):
    """The journal does not replay to what it says; nobody may trade on it. The text says where, and what to do."""


@dataclass(frozen=True, slots=True)
class Committed:
    """One batch that is stored for good, with what it came to."""

    first: int
    last: int
    at: datetime
    commands: tuple[Command, ...]
    outcomes: list[Outcome]


@dataclass(frozen=True, slots=True)
class Resumed:
    """This process writes from here on: the journal ends at *sequence*, the tables are at *projected*."""

    sequence: int
    projected: int


@dataclass(frozen=True, slots=True)
class Lost:
    """
    This process does not write any more: how far the journal is, only the database knows.

    *why* says that it never will, and for what; nothing where it tries again.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """
    The engine at the end of the journal, and where the replay began.

    The tables are at *projected*; *unseen* is what they have not seen yet.
    """

    engine: Engine
    hash: bytes
    projected: int
    unseen: list[Committed]
    snapshot_at: int


async def recover(connection: Tx, head: Head) -> Recovered:
    """
    Load the newest snapshot, replay every batch after it, and check each hash on the way. Raises `JournalBroken`.

    The caller is the writer, so that nothing is appended meanwhile.
    """
    engine, chained = begin(await journal.newest_snapshot(connection))
    try:
        return await _replayed(connection, head, engine, chained)
    except BaseException:
        dissolve(engine.market)  # it may be tried again and again, and nothing else frees its orders
        raise


async def _replayed(connection: Tx, head: Head, engine: Engine, chained: bytes) -> Recovered:
    snapshot_at = engine.market.sequence
    seen = await journal.projected(connection)
    unseen: list[Committed] = []
    async for batch in journal.batches(connection, snapshot_at):
        committed, chained = replay(engine, chained, batch)
        if batch.last > seen:
            unseen.append(committed)
        await asyncio.sleep(0)  # others are served meanwhile
    if (engine.market.sequence, chained) != (head.sequence, head.hash):
        raise JournalBroken(
            f"The journal ends at {engine.market.sequence} with hash {chained.hex()[:16]}…, its head says "
            f"{head.sequence} with {head.hash.hex()[:16]}…. Restore the database from a backup that is whole."
        )
    return Recovered(engine, chained, seen, unseen, snapshot_at)


def begin(snapshot: Snapshot | None) -> tuple[Engine, bytes]:
    """The engine of a snapshot, or an empty one, and the journal's hash there. Raises `JournalBroken`."""
    if snapshot is None:
        return Engine(), codec.GENESIS
    if snapshot.codec != STATE_CODEC:
        raise JournalBroken(
            f"The snapshot at {snapshot.sequence} has codec {snapshot.codec}; this version reads {STATE_CODEC}. "
            "Start the version that wrote it."
        )
    if hashlib.sha256(snapshot.state).digest() != snapshot.state_hash:
        raise JournalBroken(f"The snapshot at {snapshot.sequence} is not what its hash says. Restore it from a backup.")
    engine = Engine(load(snapshot.state))
    if engine.market.sequence != snapshot.sequence:
        raise JournalBroken(f"The snapshot at {snapshot.sequence} is of {engine.market.sequence}.")
    return engine, snapshot.hash


def replay(engine: Engine, before: bytes, batch: Batch) -> tuple[Committed, bytes]:
    """Carry a stored batch out once more; its events must give the stored hash. Raises `JournalBroken`."""
    if (batch.codec, batch.engine) != (codec.CODEC, ENGINE_VERSION):
        raise JournalBroken(
            f"The batch at {batch.first} was written with codec {batch.codec} by engine {batch.engine}; these are "
            f"{codec.CODEC} and {ENGINE_VERSION}. Start that version and stop it: it leaves a snapshot to begin from."
        )
    if batch.first != engine.market.sequence + 1:
        raise JournalBroken(f"The journal goes from {engine.market.sequence} to {batch.first}: batches are missing.")
    try:
        commands = codec.decode_commands(batch.commands)
    except msgspec.DecodeError as error:
        raise JournalBroken(f"The batch at {batch.first} cannot be read: {error}.") from error
    outcomes = [engine.apply(each) for each in commands]
    chained = codec.chain(before, batch.commands, outcomes)
    if chained != batch.hash or engine.market.sequence != batch.last:
        raise JournalBroken(
            f"The batch at {batch.first} replays to hash {chained.hex()[:16]}…; the journal says "
            f"{batch.hash.hex()[:16]}…. It was altered, or another engine wrote it. Nothing was traded on it."
        )
    return Committed(batch.first, batch.last, batch.at, commands, outcomes), chained

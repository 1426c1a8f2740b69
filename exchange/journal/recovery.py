"""From a snapshot and the journal behind it back to the engine as it was."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from exchange.engine.commands import Command
from exchange.engine.core import ENGINE_VERSION, MODES, Engine
from exchange.engine.layouts import UnknownLayout
from exchange.engine.market import dissolve
from exchange.engine.modes import EngineMode
from exchange.engine.state import load
from exchange.journal import codec, store
from exchange.journal.codec import Outcome
from exchange.journal.store import Batch, JournalEnd, StoredSnapshot
from registry.kit.database import Tx

RELEASES: Final = {1: "0.1", 2: "0.2", 3: "0.3"}
"""The release of Kilnwood that has each version of the engine, where an older one has to be started once more."""


class JournalBroken(Exception):
    """The journal does not replay to what it says; nobody may trade on it. The text says where, and what to do."""


class JournalOfOtherVersion(JournalBroken):
    """Another version wrote what would be carried out, or the snapshot; the version that wrote it can replay it."""


@dataclass(frozen=True, slots=True)
class Committed:
    """One batch that is stored for good, with the events of each of its commands."""

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
    This process does not write any more; only the database knows how far the journal is.

    *why* is empty while it tries again, and otherwise says why it never will.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another process writes, journal at *sequence* and tables at *projected*; *away*, and nobody does."""

    sequence: int
    projected: int
    away: bool


@dataclass(frozen=True, slots=True)
class Recovered:
    """
    The engine at the end of the journal, and where the replay began.

    The tables are at *projected*; *unseen* are the batches after that.
    """

    engine: Engine
    hash: bytes
    projected: int
    unseen: list[Committed]
    snapshot_at: int


async def recover(connection: Tx, end: JournalEnd, modes: Sequence[EngineMode] = MODES) -> Recovered:
    """
    Load the newest snapshot, replay every batch after it, and check each hash on the way. Raises `JournalBroken`.

    The caller is the writer, so that nothing is appended meanwhile.
    """
    engine, chained = begin(await store.newest_snapshot(connection), modes)
    try:
        return await _replayed(connection, end, engine, chained, modes)
    except BaseException:
        dissolve(engine.market)  # it may be tried again and again, and nothing else frees its orders
        raise


async def _replayed(
    connection: Tx, end: JournalEnd, engine: Engine, chained: bytes, modes: Sequence[EngineMode]
) -> Recovered:
    snapshot_at = engine.market.sequence
    seen = await store.projected(connection)
    unseen: list[Committed] = []
    async for batch in store.batches(connection, snapshot_at):
        committed, chained = replay(engine, chained, batch, modes)
        if batch.last > seen:
            unseen.append(committed)
        await asyncio.sleep(0)  # others are served meanwhile
    if (engine.market.sequence, chained) != (end.sequence, end.hash):
        raise JournalBroken(
            f"The journal ends at {engine.market.sequence} with hash {chained.hex()[:16]}…, its head says "
            f"{end.sequence} with {end.hash.hex()[:16]}…. Restore the database from a backup that is whole."
        )
    return Recovered(engine, chained, seen, unseen, snapshot_at)


def begin(snapshot: StoredSnapshot | None, modes: Sequence[EngineMode] = MODES) -> tuple[Engine, bytes]:
    """
    The engine of a snapshot of any version, or an empty one, and the journal's hash there.

    Raises `JournalBroken`.
    """
    if snapshot is None:
        return Engine(modes=modes), codec.GENESIS
    if hashlib.sha256(snapshot.state).digest() != snapshot.state_hash:
        raise JournalBroken(f"The snapshot at {snapshot.sequence} is not what its hash says. Restore it from a backup.")
    try:
        engine = Engine(load(snapshot.state, snapshot.codec, modes), modes)
    except UnknownLayout as error:
        raise JournalOfOtherVersion(
            f"The snapshot at {snapshot.sequence} is of another version. {error} Start the version that wrote it."
        ) from error
    if engine.market.sequence != snapshot.sequence:
        raise JournalBroken(f"The snapshot at {snapshot.sequence} is of {engine.market.sequence}.")
    return engine, snapshot.hash


def replay(engine: Engine, before: bytes, batch: Batch, modes: Sequence[EngineMode] = MODES) -> tuple[Committed, bytes]:
    """Carry a stored batch out once more; its events must give the stored hash. Raises `JournalBroken`."""
    if (batch.codec, batch.engine) != (codec.CODEC, ENGINE_VERSION):
        raise JournalOfOtherVersion(_unfinished(batch))
    if batch.first != engine.market.sequence + 1:
        raise JournalBroken(f"The journal goes from {engine.market.sequence} to {batch.first}: batches are missing.")
    try:
        commands = codec.decode_commands(batch.commands, modes)
    except msgspec.DecodeError as error:
        raise JournalBroken(f"The batch at {batch.first} cannot be read: {error}.") from error
    outcomes = [engine.apply(each) for each in commands]
    events_hash = codec.hash_events(outcomes)
    chained = codec.chain(before, batch.commands, events_hash)
    if chained != batch.hash or engine.market.sequence != batch.last:
        raise JournalBroken(
            f"The batch at {batch.first} replays to hash {chained.hex()[:16]}…; the journal says "
            f"{batch.hash.hex()[:16]}…. It was altered, or another engine wrote it. Nothing was traded on it."
        )
    if events_hash != batch.events_hash:
        raise JournalBroken(f"The batch at {batch.first} led to other events than the hash of events that it carries.")
    return Committed(batch.first, batch.last, batch.at, commands, outcomes), chained


def _unfinished(batch: Batch) -> str:
    """A crash of another version left batches behind its newest snapshot, which only that version can carry out."""
    release = RELEASES.get(batch.engine)
    version = f"Kilnwood {release}" if release else "the version that wrote it"
    return (
        f"The batch at {batch.first} was written with codec {batch.codec} by engine {batch.engine}; this version has "
        f"codec {codec.CODEC} and engine {ENGINE_VERSION}. It stands behind the newest snapshot, so {version} ended "
        f"without one. With {version} on this database run 'kilnwood serve', and 'kilnwood stop' once it is ready: "
        "that leaves a snapshot, from which this version goes on."
    )

"""Statements, tiles and checkpoints in PostgreSQL."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg
import msgspec

from registry.kit import sql
from registry.kit.database import Tx, affected, fetch_one
from registry.kit.pages import Window
from registry.transparency import rules
from registry.transparency.format.checkpoint import Checkpoint
from registry.transparency.format.tile import TileKey
from registry.transparency.rules import Prepared, SealedSection
from schemas.corrections import Correction
from schemas.log import LogStatement
from schemas.pages import Page
from schemas.statements import CorrectedWords

_sql = sql.load(__package__)


class StoredStatement(NamedTuple):
    """A statement's place in the log; index, note and hash are None until the sequencer has passed."""

    id: int
    type: str
    sha256: bytes
    leaf_index: int | None
    note: str | None
    leaf_hash: bytes | None


class Signed(NamedTuple):
    """One statement with everything the sequencer adds to it."""

    id: int
    leaf_index: int
    note: str
    leaf_hash: bytes


class StoredCheckpoint(NamedTuple):
    """A head of the tree; *note* None until it is signed, *witnessed_at* until the policy's quorum cosigned."""

    size: int
    root: bytes
    note: str | None
    witnessed_at: datetime | None

    @property
    def witnessed(self) -> bool:
        """Whether the quorum cosigned."""
        return self.witnessed_at is not None


class StoredCorrection(NamedTuple):
    """A correction, and the row of its own statement."""

    correction: Correction
    statement_id: int


class LaterCorrection(NamedTuple):
    """The row of a correction's own statement, and whose it is."""

    statement_id: int
    organisation_id: int


class Backlog(NamedTuple):
    """
    How many statements wait for a witnessed checkpoint, and how many the newest one covers.

    *refusal* is why the log refuses to sign, and with it every statement; None if it does not.
    """

    waiting: int
    published: int
    refusal: str | None


async def append(tx: Tx, prepared: Sequence[Prepared]) -> list[int]:
    """Insert unsigned statements with their sections; returns their ids in order."""
    return list(await tx.fetchval(_sql.append, *rules.statement_columns(prepared)))


async def newest_opening(tx: Tx, statement_id: int, label: str) -> str | None:
    """What a sealed section of a statement says by its newest correction; None if it has none, or it was erased."""
    found: str | None = await tx.fetchval(_sql.newest_opening, statement_id, label)
    return found


async def openings(tx: Tx, statement_id: int) -> tuple[SealedSection, ...]:
    """The sections of a statement that were not erased."""
    return tuple(SealedSection(**row) for row in await tx.fetch(_sql.openings, statement_id))


async def next_correction(tx: Tx, statement_id: int) -> int:
    """The number of a statement's next correction."""
    return int(await tx.fetchval(_sql.next_correction, statement_id))


async def insert_correction(
    tx: Tx,
    corrects: int,
    number: int,
    wording: str,
    *,
    reason: str,
    organisation_id: int,
    person_id: int,
    statement_id: int,
) -> int:
    """Store a correction whose statement was appended."""
    args = (corrects, number, wording, reason, organisation_id, person_id, statement_id)
    return int(await tx.fetchval(_sql.insert_correction, *args))


async def correction(tx: Tx, correction_id: int) -> StoredCorrection | None:
    """One correction, with nothing opened."""
    row = await tx.fetchrow(_sql.corrections.oldest, correction_id - 1, 1, None, correction_id)
    return _correction(row) if row else None


async def corrections(tx: Tx, window: Window, corrects: bytes) -> Page[StoredCorrection]:
    """The corrections of a statement, with nothing opened."""
    rows = await tx.fetch(window.of(_sql.corrections), *window.args, corrects, None)
    return window.page([(row["id"], _correction(row)) for row in rows])


async def later_corrections(tx: Tx, statements: Collection[int], limit: int) -> list[LaterCorrection]:
    """The newest corrections of some statements, oldest first."""
    return [LaterCorrection(**row) for row in await tx.fetch(_sql.later_corrections, list(statements), limit)]


def _correction(row: asyncpg.Record) -> StoredCorrection:
    found = Correction(
        id=row["id"],
        corrects=row["corrects"].hex(),
        number=row["number"],
        reason=row["reason"],
        wording=msgspec.json.decode(row["wording"], type=tuple[CorrectedWords, ...]),
        opened={},
        organisation_id=row["organisation_id"],
        statement_hash=row["sha256"].hex(),
        at=row["at"],
    )
    return StoredCorrection(found, row["statement_id"])


async def published(tx: Tx) -> StoredCheckpoint | None:
    """The newest witnessed checkpoint."""
    row = await tx.fetchrow(_sql.published)
    return StoredCheckpoint(row["size"], row["root"], row["note"], row["witnessed_at"]) if row else None


async def statement(tx: Tx, sha256: bytes) -> StoredStatement | None:
    """One statement by its hash."""
    row = await tx.fetchrow(_sql.statement, sha256)
    return StoredStatement(**row) if row else None


async def naming(tx: Tx, ids: Collection[int], text: str) -> list[int]:
    """Those of some statements in which *text* stands."""
    return [row["id"] for row in await tx.fetch(_sql.naming, list(ids), text)]


async def statements(tx: Tx, window: Window, size: int, type_: str | None) -> Page[LogStatement]:
    """The first *size* leaves, or those of one type."""
    rows = await tx.fetch(window.of(_sql.statements), *window.args, size, type_)
    return window.page([(row["leaf_index"] + 1, shown_statement(StoredStatement(**row))) for row in rows])


def shown_statement(found: StoredStatement) -> LogStatement:
    """A statement that has its place."""
    assert found.leaf_index is not None
    assert found.note is not None
    assert found.leaf_hash is not None
    return LogStatement(
        index=found.leaf_index,
        type=found.type,
        statement_hash=found.sha256.hex(),
        leaf_hash=found.leaf_hash.hex(),
        note=found.note,
    )


async def leaf(tx: Tx, statement_id: int) -> StoredStatement:
    """One statement's place in the log."""
    return StoredStatement(**await fetch_one(tx, _sql.leaf, statement_id))


async def leaves_beginning(tx: Tx, first: bytes) -> list[StoredStatement]:
    """The statements whose leaf hash begins with *first*; two at most."""
    rows = await tx.fetch(_sql.leaves_beginning, first, first.ljust(32, b"\xff"))
    return [StoredStatement(**row) for row in rows]


async def tiles(tx: Tx, keys: Iterable[TileKey]) -> dict[TileKey, bytes]:
    """The tiles of these that exist."""
    wanted = list(keys)
    rows = await tx.fetch(_sql.tiles, [key.level for key in wanted], [key.number for key in wanted])
    return {TileKey(row["level"], row["n"]): row["hashes"] for row in rows}


async def entries(tx: Tx, first: int, end: int) -> list[bytes]:
    """The leaves [first, end) as they were hashed."""
    return [row["note"].encode() for row in await tx.fetch(_sql.entries, first, end)]


async def lone_sequencer(tx: Tx) -> bool:
    """Take the session's advisory lock; only on a connection that no pool takes back."""
    return bool(await tx.fetchval(_sql.lone_sequencer))


async def head(tx: Tx, *, lock: bool = False) -> tuple[int, bytes]:
    """Size and root of the tree."""
    row = await fetch_one(tx, _sql.lock_head if lock else _sql.head)
    return row["size"], row["root"]


async def unsequenced(tx: Tx, limit: int) -> list[tuple[int, str]]:
    """Statements that wait for an index: (id, note text) in order."""
    return [(row["id"], row["note_text"]) for row in await tx.fetch(_sql.unsequenced, limit)]


async def anything_waits(tx: Tx) -> bool:
    """Whether any statement has no place yet."""
    return bool(await tx.fetchval(_sql.anything_waits))


async def sequence(tx: Tx, leaves: Sequence[Signed]) -> None:
    """Give statements their index, note and leaf hash. Raises `RuntimeError` if one had them already."""
    columns = [list(column) for column in zip(*leaves, strict=True)]
    if affected(await tx.execute(_sql.sequence, *columns)) != len(leaves):
        raise RuntimeError("a statement was sequenced twice: the fence on log_head does not hold")


async def grow(tx: Tx, begun: int, size: int, root: bytes, changed: Mapping[TileKey, bytes]) -> None:
    """Store the tiles that changed from size *begun* on, the new head, and its checkpoint to sign."""
    await tx.executemany(_sql.store_tile, [(key.level, key.number, hashes) for key, hashes in changed.items()])
    await tx.execute(_sql.move_head, size, root, begun)
    await tx.execute(_sql.insert_checkpoint, size, root)


async def newest_checkpoint(tx: Tx) -> StoredCheckpoint | None:
    """The checkpoint of the newest head, signed or not."""
    return _checkpoint(await tx.fetchrow(_sql.newest_checkpoint))


async def newest_signed(tx: Tx) -> StoredCheckpoint | None:
    """The newest checkpoint that has a note."""
    return _checkpoint(await tx.fetchrow(_sql.newest_signed))


def _checkpoint(row: asyncpg.Record | None) -> StoredCheckpoint | None:
    return StoredCheckpoint(row["size"], row["root"], row["note"], row["witnessed_at"]) if row else None


async def log_keys(tx: Tx) -> dict[str, str]:
    """The public keys of the log by role, empty before its first start."""
    return {row["role"]: row["vkey"] for row in await tx.fetch(_sql.log_keys)}


async def keep_log_keys(tx: Tx, vkeys: Mapping[str, str]) -> None:
    """Store the public keys of the log, once."""
    await tx.execute(_sql.keep_log_keys, list(vkeys), list(vkeys.values()))


async def backlog(tx: Tx) -> Backlog:
    """How far the published log is behind what was committed."""
    return Backlog(**await fetch_one(tx, _sql.backlog))


async def publish(tx: Tx, checkpoint: Checkpoint, note: str, *, witnessed: bool) -> None:
    """Keep the signed note of a stored root; a witnessed one is never replaced."""
    await tx.execute(_sql.publish, checkpoint.size, note, witnessed)


async def witnessed_size(tx: Tx) -> int:
    """The size of the newest witnessed checkpoint."""
    return int(await tx.fetchval(_sql.witnessed_size))


async def refuse(tx: Tx, reason: str) -> None:
    """Refuse every statement from now on, by any caller: nothing is signed."""
    await tx.execute(_sql.refuse, reason)


async def allow(tx: Tx) -> None:
    """Take statements again."""
    await tx.execute(_sql.allow)

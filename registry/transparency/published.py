"""What is published: the newest witnessed checkpoint taken apart, and the statements that it covers."""

from datetime import UTC, datetime
from typing import Final, Literal

from registry.kit.database import Database, Tx
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.transparency import store
from registry.transparency.format.note import SignatureLine, parse_note
from registry.transparency.rules import NotInTheLog, NotYetWitnessed
from schemas.log import LogHead, LogSignature, LogStatement
from schemas.pages import Page

_STAMP_BYTES: Final = 8
_ALGORITHMS: Final[dict[int, Literal["Ed25519", "ML-DSA-44"]]] = {64: "Ed25519", 2420: "ML-DSA-44"}
"""By the length of a signature in bytes."""


async def head(*, db: Database) -> LogHead:
    """The newest witnessed checkpoint and who signed it. Raises `NotInTheLog` before the first."""
    found = await find_head(db=db)
    if found is None:
        raise NotInTheLog("The log has no witnessed checkpoint yet: it begins with the first statement.")
    return found


async def find_head(*, db: Database) -> LogHead | None:
    """The newest witnessed checkpoint, or None before the first."""
    async with db.reading() as tx:
        return await head_in(tx)


async def head_in(tx: Tx) -> LogHead | None:
    """The newest witnessed checkpoint, or None before the first."""
    newest = await store.published(tx)
    if newest is None or newest.note is None or newest.witnessed_at is None:
        return None
    note = parse_note(newest.note)
    origin = note.text.partition("\n")[0]
    return LogHead(
        origin=origin,
        size=newest.size,
        root=newest.root.hex(),
        checkpoint=newest.note,
        witnessed_at=newest.witnessed_at,
        signatures=tuple(_signature(each, origin) for each in note.signatures),
    )


def _signature(line: SignatureLine, origin: str) -> LogSignature:
    """Say what a line is: a cosignature begins with its time, and so does the log's own by ML-DSA-44."""
    stamped = len(line.signature) not in _ALGORITHMS
    bare = line.signature[_STAMP_BYTES:] if stamped else line.signature
    seconds = int.from_bytes(line.signature[:_STAMP_BYTES]) if stamped else 0
    return LogSignature(
        name=line.name,
        key_id=line.key_id.hex(),
        by="log" if line.name == origin else "witness",
        algorithm=_ALGORITHMS.get(len(bare), "unknown"),
        at=datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _YEAR_2100_S else None,
    )


_YEAR_2100_S: Final = 4_102_444_800


async def statements(window: Window, type_: str | None, *, db: Database) -> Page[LogStatement]:
    """The statements that the newest witnessed checkpoint covers, in the order of the log."""
    async with db.reading() as tx:
        newest = await store.published(tx)
        return await store.statements(tx, window, newest.size if newest else 0, type_)


async def statement(statement_hash: str, *, db: Database) -> LogStatement:
    """One statement. Raises `Unknown`, or `NotYetWitnessed` while no witnessed checkpoint covers it."""
    async with db.reading() as tx:
        newest = await store.published(tx)
        found = await store.statement(tx, bytes.fromhex(statement_hash))
    if found is None:
        raise Unknown(f"The log has no statement {statement_hash}.")
    if found.leaf_index is None or found.note is None or found.leaf_hash is None or newest is None:
        raise NotYetWitnessed("The statement is committed and waits for its place in the log.", retry_after_s=1)
    if newest.size <= found.leaf_index:
        raise NotYetWitnessed("The statement is in the log and waits for its witnesses.", retry_after_s=1)
    return store.shown_statement(found)


async def find_in(tx: Tx, statement_hash: str) -> bool:
    """Whether there is a statement of this hash."""
    return await store.statement(tx, bytes.fromhex(statement_hash)) is not None

"""The log for other capabilities and the public: append a statement, read the log, prove a leaf."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from registry.kit.database import Database, Tx
from registry.transparency import rules, store
from registry.transparency.format import prove, tile
from registry.transparency.format.note import VerifierKey, parse_vkey
from registry.transparency.format.strict_json import decode_strict
from registry.transparency.format.text import Malformed
from registry.transparency.rules import NotInTheLog, NotYetWitnessed, Prepared, SealedSection
from schemas.parties import RegionProfile
from schemas.statements import STATEMENT_TYPES, Statement


@dataclass(frozen=True, slots=True)
class Appended:
    """A statement that waits for its place in the log: its row and its statement hash."""

    id: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Proven:
    """A leaf with what its proof is built from: the signed note, a witnessed checkpoint, and the tiles between them."""

    note: str
    leaf_index: int
    checkpoint_note: str
    tiles: dict[tile.TileKey, bytes]
    openings: tuple[SealedSection, ...]


@dataclass(frozen=True, slots=True)
class Coded:
    """A statement that was found by the beginning of its leaf hash."""

    id: int
    statement: Statement
    statement_hash: str


async def append_in(
    tx: Tx, statement: Statement, *, region: RegionProfile, openings: tuple[SealedSection, ...] = ()
) -> Appended:
    """
    Append an unsigned statement. Call it after every lock of the transaction.

    Its id is then larger than that of any statement it depends on, and the sequencer keeps that order. After it the
    transaction only inserts rows that refer to the statement, for which it takes no lock that others hold.
    """
    prepared = rules.prepare(region.log_origin, statement, openings)
    (statement_id,) = await store.append(tx, [prepared])
    return Appended(statement_id, prepared.sha256)


async def append_all_in(tx: Tx, prepared: Sequence[Prepared]) -> list[int]:
    """Append many unsigned statements at once, as `append_in` does one; returns their rows in order."""
    return await store.append(tx, prepared)


async def openings_in(tx: Tx, statement_id: int) -> tuple[str, tuple[SealedSection, ...]]:
    """A statement's hash in hexadecimal, and what opens its sections; for those who may see them."""
    return (await store.leaf(tx, statement_id)).sha256.hex(), await store.openings(tx, statement_id)


async def checkpoint(*, db: Database) -> str:
    """The newest witnessed checkpoint as a signed note."""
    async with db.reading() as tx:
        newest = await store.published(tx)
    if newest is None or newest.note is None:
        raise NotInTheLog(
            "The log has no witnessed checkpoint yet; the first comes within a second or two of the first statement."
        )
    return newest.note


async def backlog(*, db: Database) -> store.Backlog:
    """Return how many statements wait, and how many are published."""
    async with db.reading() as tx:
        return await store.backlog(tx)


async def tile_bytes(path: str, *, db: Database) -> bytes:
    """A hash tile or an entry bundle of the published tree, by its tlog-tiles path. Raises `NotInTheLog`."""
    try:
        wanted = tile.parse_path(f"tile/{path}")
    except Malformed as error:
        raise NotInTheLog(f"{error}. See c2sp.org/tlog-tiles for the form of a path.") from error
    async with db.snapshot() as tx:
        newest = await store.published(tx)
        size = newest.size if newest else 0
        if tile.width_at(wanted.level or 0, wanted.number, size) < wanted.width:
            raise NotInTheLog(f"The tree of size {size} has no {path}.")
        if wanted.level is None:
            first = wanted.number * tile.WIDTH
            return tile.format_entries(await store.entries(tx, first, first + wanted.width))
        key = tile.TileKey(wanted.level, wanted.number)
        return (await store.tiles(tx, [key]))[key][: wanted.width * 32]


async def prove_in(tx: Tx, statement_id: int) -> Proven:
    """
    Prove that a statement is in the newest witnessed tree. Raises `NotYetWitnessed`.

    *tx* should be one snapshot: the tiles must be at least as new as the checkpoint.
    """
    leaf = await store.leaf(tx, statement_id)
    newest = await store.published(tx)
    if leaf.leaf_index is None or leaf.note is None or newest is None or newest.size <= leaf.leaf_index:
        raise NotYetWitnessed("The statement is committed and waits for its witnessed checkpoint.", retry_after_s=1)
    tiles = await store.tiles(tx, prove.tiles_for_inclusion(leaf.leaf_index, newest.size))
    return Proven(leaf.note, leaf.leaf_index, newest.note or "", tiles, await store.openings(tx, statement_id))


async def is_witnessed_in(tx: Tx, statement_id: int) -> bool:
    """Whether `prove_in` can prove a statement by now."""
    leaf, newest = await store.leaf(tx, statement_id), await store.published(tx)
    return leaf.leaf_index is not None and newest is not None and leaf.leaf_index < newest.size


async def row_of_in(tx: Tx, statement_hash: str) -> int:
    """The row of a statement by its hash. Raises `NotInTheLog`."""
    found = await store.statement(tx, bytes.fromhex(statement_hash))
    if found is None:
        raise NotInTheLog(f"The log has no statement {statement_hash}.")
    return found.id


async def naming_in(tx: Tx, ids: Collection[int], text: str) -> list[int]:
    """Those of the statements *ids* in which *text* stands, as it stands in the log."""
    return await store.naming(tx, ids, text)


async def find_coded_in(tx: Tx, first: bytes) -> Coded | None:
    """The one statement whose leaf hash begins with *first*; None if there is none, or not only one."""
    found = await store.leaves_beginning(tx, first)
    if len(found) != 1 or found[0].note is None:
        return None
    kind, text, *_ = found[0].note.split("\n")
    known = STATEMENT_TYPES["/".join(kind.rsplit("/", 2)[-2:])]
    return Coded(found[0].id, decode_strict(text.encode(), known), found[0].sha256.hex())


async def keys_in(tx: Tx) -> tuple[VerifierKey, ...]:
    """The log's public keys: the issuer's, then both of the log. Raises `NotYetWitnessed` before its first start."""
    known = await store.log_keys(tx)
    if not known:
        raise NotYetWitnessed("The log has no keys yet: its sequencer has not started.", retry_after_s=1)
    return tuple(parse_vkey(known[role]) for role in ("issuer", "log-ed25519", "log-ml-dsa-44"))

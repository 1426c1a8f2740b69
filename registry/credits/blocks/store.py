"""Blocks, holds and movements in PostgreSQL."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import asyncpg
from asyncpg import Range

from registry.credits.blocks import rules
from registry.credits.blocks.rules import Block, Cut, Lot, NamedIssuance, Pieces, Span
from registry.kit import sql
from registry.kit.database import Tx, affected, fetch_one
from schemas.serials import KG_PER_T, IssuanceCode

_sql = sql.load(__package__)


class BlocksMoved(RuntimeError):
    """A guarded update found another row than was read under the lock: the locking is broken, nothing is kept."""


async def eligible(tx: Tx, account_id: int, chosen: NamedIssuance | None, within: Span | None = None) -> list[Block]:
    """The oldest active blocks of an account, of one issuance or all, touching a span or any, up to the limit."""
    lower, upper = within or (None, None)
    issuance_id = chosen.id if chosen else None
    rows = await tx.fetch(_sql.eligible, account_id, issuance_id, lower, upper, rules.BLOCK_LIMIT)
    return [block(row, frozen=row["frozen"]) for row in rows]


async def tonnes_of_vintage(tx: Tx, account_id: int, project_id: int, vintage: int) -> list[Block]:
    """The oldest active blocks of at least a tonne of an account, of one project and vintage, up to the limit."""
    rows = await tx.fetch(_sql.pieces_of_vintage, account_id, project_id, vintage, KG_PER_T, rules.BLOCK_LIMIT)
    return [block(row, frozen=row["frozen"]) for row in rows]


async def vintage_in_pieces(tx: Tx, account_id: int, project_id: int, vintage: int) -> Pieces:
    """In how many pieces an account has what it has active of one project and vintage."""
    row = await fetch_one(tx, _sql.vintage_in_pieces, account_id, project_id, vintage, KG_PER_T)
    return Pieces(row["pieces"], row["active_kg"], row["large"], row["whole_kg"])


async def held(tx: Tx, hold_id: int) -> list[Block]:
    """The oldest blocks under a hold, up to the limit."""
    return [block(row, frozen=False) for row in await tx.fetch(_sql.held, hold_id, rules.BLOCK_LIMIT)]


def block(row: asyncpg.Record, *, frozen: bool) -> Block:
    """A row of `block_of_lot` or `eligible_blocks`."""
    lot = Lot(row["issuance_id"], row["code"], row["base"], row["project_id"], row["methodology"], row["vintage"])
    return Block(row["lower"], row["upper"], lot, frozen=frozen)


async def issuance(tx: Tx, code: IssuanceCode) -> NamedIssuance | None:
    """An issuance that a request names."""
    row = await tx.fetchrow(_sql.issuance_by_code, str(code))
    return NamedIssuance(row["id"], row["base"], row["top"]) if row else None


async def located(tx: Tx, spans: Iterable[tuple[int, int]]) -> dict[int, tuple[str, int]]:
    """The issuance's code and first number for each span, by the span's own first number."""
    rows = await tx.fetch(_sql.located, to_ranges(spans))
    return {row["lower"]: (row["code"], row["base"]) for row in rows}


async def move_out(
    tx: Tx,
    cuts: Sequence[Cut],
    *,
    account_id: int,
    to_account_id: int,
    to_state: str,
    hold_id: int | None,
    cause: str,
    from_hold_id: int | None = None,
) -> datetime:
    """
    Move what was cut from blocks of one account, active or under *from_hold_id*, and record it; returns when.

    Raises `BlocksMoved`.
    """
    row = await fetch_one(
        tx,
        _sql.move_out,
        *cut_columns(cuts),
        account_id,
        from_hold_id,
        to_account_id,
        to_state,
        hold_id,
        cause,
    )
    check_moved(row["moved"], cuts, cause)
    at: datetime = row["at"]
    return at.astimezone(UTC)


def cut_columns(cuts: Sequence[Cut]) -> tuple[list[int], list[int], list[int], list[int]]:
    """Cuts as `move_blocks` takes them: bounds of the blocks as they were read, bounds of what leaves."""
    return (
        [cut.block.lower for cut in cuts],
        [cut.block.upper for cut in cuts],
        [cut.lower for cut in cuts],
        [cut.upper for cut in cuts],
    )


def check_moved(moved: int, cuts: Sequence[Cut], cause: str) -> None:
    """Raise `BlocksMoved` unless every cut was found as it had been read."""
    if moved != len(cuts):
        raise BlocksMoved(f"{cause}: {moved} of {len(cuts)} cuts were found as they had been read")


async def insert_hold(tx: Tx, kind: str, account_id: int, quantity_kg: int) -> int:
    """Open a hold."""
    return int(await tx.fetchval(_sql.insert_hold, kind, account_id, quantity_kg))


async def release_hold(
    tx: Tx, hold_id: int, *, account_id: int, to_account_id: int, quantity_kg: int, cause: str
) -> tuple[Cut, ...]:
    """Make everything under a hold active in *to_account_id* and close the hold. Raises `BlocksMoved`."""
    rows = await tx.fetch(_sql.release_hold, hold_id, to_account_id, cause, account_id)
    blocks = [block(row, frozen=False) for row in rows]
    cuts = tuple(Cut(each, each.lower, each.upper) for each in blocks)
    closed = affected(await tx.execute(_sql.close_hold, hold_id))
    if closed != 1 or sum(cut.size_kg for cut in cuts) != quantity_kg:
        raise BlocksMoved(f"{cause}: hold {hold_id} did not have its {quantity_kg} kg")
    return cuts


async def fragmented(tx: Tx, limit: int) -> list[int]:
    """Accounts with neighbouring active blocks."""
    return [row["account_id"] for row in await tx.fetch(_sql.fragmented, limit)]


async def compact(tx: Tx, account_id: int) -> int:
    """Join neighbouring active blocks of an account; returns how many joined blocks came out."""
    return affected(await tx.execute(_sql.compact, account_id))


def to_ranges(spans: Iterable[tuple[int, int]]) -> "list[Range[int]]":
    """Half-open spans as a parameter of type int8range[]."""
    return [Range(lower, upper) for lower, upper in spans]


def range_array(spans: Iterable[Span]) -> str:
    """Half-open spans as the text of an int8range[], for a parameter that has several such arrays."""
    return "{" + ",".join(f'"[{lower},{upper})"' for lower, upper in spans) + "}"


def to_spans(ranges: "Iterable[Range[int]]") -> tuple[tuple[int, int], ...]:
    """A column of type int8range[] as half-open spans."""
    return tuple(_bounds(each) for each in ranges)


def _bounds(span: "Range[int]") -> tuple[int, int]:
    assert span.lower is not None, "a span of the number line begins somewhere"
    assert span.upper is not None, "and ends somewhere"
    return span.lower, span.upper

"""Blocks, movements, holds and what happens to them, in PostgreSQL."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import asyncpg
from asyncpg import Range

from registry.credits import rules
from registry.credits.rules import Block, Cut, Lot, Part
from registry.kit import sql
from registry.kit.database import Tx, affected, constraint, convert, fetch_one
from registry.kit.pages import Window
from registry.kit.problems import DomainError
from schemas.credits import (
    Cancellation,
    CancelRequest,
    Conservation,
    Holding,
    Issuance,
    Movement,
    NewTransfer,
    Retirement,
    RetireRequest,
    Transfer,
)
from schemas.pages import Page
from schemas.serials import IssuanceCode

_sql = sql.load(__package__)


class LockedAccount(NamedTuple):
    """An account under its lock."""

    id: int
    owner_id: int
    type: str
    status: str


class StoredTransfer(NamedTuple):
    """A transfer row; spans are half-open."""

    id: int
    sender_id: int
    receiver_id: int
    quantity_kg: int
    hold_id: int
    spans: tuple[tuple[int, int], ...]
    statement_ids: tuple[int, ...]
    state: str
    reason: str
    proposed_at: datetime
    expires_at: datetime
    closed_at: datetime | None


class BlocksMoved(RuntimeError):
    """A guarded update found another row than was read under the lock: the locking is broken, nothing is kept."""


async def lock_accounts(tx: Tx, account_ids: Iterable[int]) -> dict[int, LockedAccount]:
    """Lock accounts in id order; blocks are then safe to read in a new statement."""
    rows = await tx.fetch(_sql.lock_accounts, sorted(set(account_ids)))
    return {row["id"]: LockedAccount(row["id"], row["owner_id"], row["type"], row["status"]) for row in rows}


async def active(tx: Tx, account_id: int, issuance_id: int | None) -> list[Block]:
    """The oldest active blocks of an account, of one issuance or of all, up to the limit."""
    rows = await tx.fetch(_sql.active, account_id, issuance_id, rules.BLOCK_LIMIT)
    return [Block(row["lower"], row["upper"], _lot(row), frozen=row["frozen"]) for row in rows]


async def active_within(tx: Tx, account_id: int, issuance_id: int, lower: int, upper: int) -> list[Block]:
    """The active blocks of an account that touch [lower, upper)."""
    rows = await tx.fetch(_sql.active_within, account_id, issuance_id, lower, upper, rules.BLOCK_LIMIT)
    return [Block(row["lower"], row["upper"], _lot(row), frozen=row["frozen"]) for row in rows]


def _lot(row: asyncpg.Record) -> Lot:
    return Lot(row["issuance_id"], row["code"], row["base"], row["project_id"], row["methodology"], row["vintage"])


async def issuance_span(tx: Tx, code: IssuanceCode) -> tuple[int, int, int] | None:
    """Id and half-open span of an issuance."""
    row = await tx.fetchrow(_sql.issuance_by_code, str(code))
    return (row["id"], row["base"], row["top"]) if row else None


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
    Move what was cut from blocks of one account, active or under *from_hold_id*, and record it; answers when.

    Raises `BlocksMoved`.
    """
    columns = zip(*((cut.block.lower, cut.block.upper, cut.lower, cut.upper) for cut in cuts), strict=True)
    moved = await tx.fetch(
        _sql.move_out,
        *(list(each) for each in columns),
        account_id,
        to_account_id,
        to_state,
        hold_id,
        cause,
        from_hold_id,
    )
    if len(moved) != len(cuts):
        raise BlocksMoved(f"{cause}: {len(moved)} of {len(cuts)} cuts were found as they had been read")
    at: datetime = moved[0]["at"]
    return at.astimezone(UTC)


async def insert_hold(tx: Tx, kind: str, account_id: int, quantity_kg: int) -> int:
    """Open a hold."""
    return int(await tx.fetchval(_sql.insert_hold, kind, account_id, quantity_kg))


async def release_hold(
    tx: Tx, hold_id: int, *, account_id: int, to_account_id: int, quantity_kg: int, cause: str
) -> tuple[Cut, ...]:
    """Make everything under a hold active in *to_account_id* and close the hold. Raises `BlocksMoved`."""
    rows = await tx.fetch(_sql.release_hold, hold_id, to_account_id, cause, account_id)
    cuts = tuple(Cut(Block(row["lower"], row["upper"], _lot(row)), row["lower"], row["upper"]) for row in rows)
    closed = affected(await tx.execute(_sql.close_hold, hold_id))
    if closed != 1 or sum(cut.size_kg for cut in cuts) != quantity_kg:
        raise BlocksMoved(f"{cause}: hold {hold_id} did not have its {quantity_kg} kg")
    return cuts


async def next_span(tx: Tx, size_kg: int) -> tuple[int, int]:
    """Take the next *size_kg* numbers of the line; the lock is kept until the transaction ends."""
    lower = int(await tx.fetchval(_sql.next_span))
    await tx.execute(_sql.move_line, lower + size_kg)
    return lower, lower + size_kg


async def next_sequence(tx: Tx, project_id: int, vintage: int) -> int:
    """The sequence number of the next issuance of a project and vintage, under the number line's lock."""
    return int(await tx.fetchval(_sql.next_sequence, project_id, vintage))


async def insert_issuance(tx: Tx, refusal: DomainError, *args: object) -> int:
    """Insert an issuance row; *refusal* is raised where its report was issued before."""
    with constraint("issuance_once_per_report", refusal):
        return int(await tx.fetchval(_sql.insert_issuance, *args))


async def place_issued(
    tx: Tx, lower: int, upper: int, *, issuance_id: int, account_id: int, state: str, cause: str
) -> None:
    """Create a block with its first movement."""
    await tx.execute(_sql.place_issued, lower, upper, issuance_id, account_id, state, cause)


async def issuance(tx: Tx, code: str) -> Issuance | None:
    """One issuance."""
    row = await tx.fetchrow(_sql.issuances, 0, 1, code, None)
    return _issuance(row) if row else None


async def issuances(tx: Tx, window: Window, project_id: int | None) -> Page[Issuance]:
    """Issuances, of one project or all."""
    rows = await tx.fetch(_sql.issuances, *window.args, None, project_id)
    return window.page([(row["id"], _issuance(row)) for row in rows])


def _issuance(row: asyncpg.Record) -> Issuance:
    return Issuance(
        id=row["id"],
        code=row["code"],
        serials=rules.serials(row["code"], row["base"], [(row["base"], row["top"])])[0],
        project_id=row["project_id"],
        report_id=row["report_id"],
        methodology=row["methodology"],
        vintage=row["vintage"],
        kind=row["kind"],
        quantity_kg=row["top"] - row["base"],
        buffer_kg=row["buffer_kg"],
        statement_hash=row["sha256"].hex(),
        issued_at=row["issued_at"],
    )


async def issuance_conservation(tx: Tx, code: str) -> Conservation | None:
    """Where the kilograms of one issuance are."""
    row = await tx.fetchrow(_sql.issuance_conservation, code)
    return _conservation(row, row["code"]) if row else None


async def snapshot(tx: Tx) -> str:
    """Changes whenever anything was committed."""
    return str(await tx.fetchval(_sql.snapshot))


async def region_conservation(tx: Tx) -> Conservation:
    """Where all kilograms of the region are."""
    return _conservation(await fetch_one(tx, _sql.region_conservation), None)


def _conservation(row: asyncpg.Record, code: str | None) -> Conservation:
    states = {name: row[name] for name in ("active_kg", "held_kg", "buffer_kg", "retired_kg", "cancelled_kg")}
    return Conservation(
        issuance=code,
        issued_kg=row["issued_kg"],
        outstanding_kg=row["active_kg"] + row["held_kg"],
        conserved=row["covered"] and sum(states.values()) == row["issued_kg"],
        **states,
    )


async def holdings(tx: Tx, account_id: int, as_of: datetime | None) -> tuple[Holding, ...]:
    """What an account has by issuance and state; earlier instants are added up from the movements."""
    rows = (
        await tx.fetch(_sql.holdings, account_id)
        if as_of is None
        else await tx.fetch(_sql.holdings_as_of, account_id, as_of)
    )
    return tuple(convert(row, Holding) for row in rows)


async def movements(tx: Tx, window: Window, account_id: int) -> Page[Movement]:
    """Everything that ever entered or left an account."""
    rows = await tx.fetch(_sql.movements, *window.args, account_id)
    return window.page([(row["id"], _movement(row)) for row in rows])


def _movement(row: asyncpg.Record) -> Movement:
    return Movement(
        id=row["id"],
        at=row["at"],
        cause=row["cause"],
        serials=rules.serials(row["code"], row["base"], [(row["lower"], row["upper"])])[0],
        quantity_kg=row["upper"] - row["lower"],
        from_account_id=row["from_account_id"],
        from_state=row["from_state"],
        to_account_id=row["to_account_id"],
        to_state=row["to_state"],
    )


async def insert_transfer(
    tx: Tx, body: NewTransfer, *, hold_id: int, spans: Sequence[tuple[int, int]], by: int, ends: datetime
) -> int:
    """Store an offer."""
    return int(
        await tx.fetchval(
            _sql.insert_transfer,
            body.account_id,
            body.receiver_id,
            body.quantity_kg,
            hold_id,
            _ranges(spans),
            body.reason,
            by,
            ends,
        )
    )


async def transfer(tx: Tx, transfer_id: int) -> StoredTransfer | None:
    """One transfer."""
    row = await tx.fetchrow(_sql.transfer, transfer_id)
    return _stored_transfer(row) if row else None


async def transfers(tx: Tx, window: Window, account_id: int) -> Page[Transfer]:
    """The transfers that an account sends or receives."""
    stored = [_stored_transfer(row) for row in await tx.fetch(_sql.transfers, *window.args, account_id)]
    return window.page([(each.id, shown) for each, shown in zip(stored, await show(tx, stored), strict=True)])


async def serials_of(tx: Tx, spans: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """Spans as people see them, of whatever issuances they are."""
    rows = await tx.fetch(_sql.located, _ranges(spans))
    lots = {row["lower"]: (row["code"], row["base"]) for row in rows}
    return tuple(serial for span in spans for serial in rules.serials(*lots[span[0]], [span]))


async def show(tx: Tx, stored: Sequence[StoredTransfer]) -> list[Transfer]:
    """Transfers as people see them, with serials."""
    rows = await tx.fetch(_sql.located, _ranges(span for each in stored for span in each.spans))
    lots = {row["lower"]: (row["code"], row["base"]) for row in rows}
    return [_transfer(each, lots) for each in stored]


def _transfer(stored: StoredTransfer, lots: dict[int, tuple[str, int]]) -> Transfer:
    found = tuple(serial for span in stored.spans for serial in rules.serials(*lots[span[0]], [span]))
    hidden = ("hold_id", "spans", "statement_ids")
    values = {name: value for name, value in stored._asdict().items() if name not in hidden}
    return Transfer(**values, serials=found)


def _stored_transfer(row: asyncpg.Record) -> StoredTransfer:
    return StoredTransfer(**{**row, "spans": _spans(row["spans"])})


async def log_transfer(tx: Tx, transfer_id: int, statement_ids: list[int]) -> None:
    """Remember which statements say that the transfer happened."""
    await tx.execute(_sql.log_transfer, transfer_id, statement_ids)


async def close_transfer(tx: Tx, transfer_id: int, state: str, by: int | None) -> bool:
    """Close an open transfer; False when it was closed before."""
    return affected(await tx.execute(_sql.close_transfer, transfer_id, state, by)) == 1


async def due_transfers(tx: Tx) -> list[int]:
    """Open transfers whose time is over."""
    return [row["id"] for row in await tx.fetch(_sql.due_transfers)]


async def insert_retirement(
    tx: Tx,
    request: RetireRequest,
    part: Part,
    *,
    receipt_id: str,
    order_id: str,
    by: int,
    statement_id: int,
    at: datetime,
) -> None:
    """Record one retirement."""
    await tx.execute(
        _sql.insert_retirement,
        receipt_id,
        order_id,
        request.account_id,
        request.claim_id,
        part.lot.issuance_id,
        _ranges(part.spans),
        part.quantity_kg,
        request.reason,
        by,
        statement_id,
        at,
    )


class StoredRetirement(NamedTuple):
    """A retirement with what only its holder and overseers may see."""

    retirement: Retirement
    account_id: int
    statement_id: int


async def retirement(tx: Tx, receipt_id: str) -> StoredRetirement | None:
    """One retirement by its receipt."""
    row = await tx.fetchrow(_sql.retirement, receipt_id)
    return StoredRetirement(_retirement(row), row["account_id"], row["statement_id"]) if row else None


async def order_retirements(tx: Tx, order_id: str) -> tuple[Retirement, ...]:
    """All retirements of one order."""
    rows = await tx.fetch(_sql.order_retirements, order_id)
    return tuple(_retirement(row) for row in rows)


async def retirements(tx: Tx, window: Window, claim_id: int | None) -> Page[Retirement]:
    """Retirements, against one claim or all."""
    if claim_id is None:
        rows = await tx.fetch(_sql.retirements, *window.args)
    else:
        rows = await tx.fetch(_sql.claim_retirements, *window.args, claim_id)
    return window.page([(row["id"], _retirement(row)) for row in rows])


def _retirement(row: asyncpg.Record) -> Retirement:
    return Retirement(
        receipt_id=row["receipt_id"],
        order_id=row["order_id"],
        claim_id=row["claim_id"],
        issuance=row["code"],
        serials=rules.serials(row["code"], row["base"], _spans(row["spans"])),
        quantity_kg=row["quantity_kg"],
        statement_hash=row["sha256"].hex(),
        at=row["at"],
    )


async def insert_cancellation(
    tx: Tx, request: CancelRequest, part: Part, *, order_id: str, by: int, statement_id: int
) -> None:
    """Record one cancellation."""
    await tx.execute(
        _sql.insert_cancellation,
        order_id,
        request.account_id,
        part.lot.issuance_id,
        _ranges(part.spans),
        part.quantity_kg,
        request.reason,
        by,
        statement_id,
    )


async def cancellation(tx: Tx, order_id: str) -> Cancellation | None:
    """What was cancelled together."""
    rows = await tx.fetch(_sql.cancellations, order_id)
    if not rows:
        return None
    return Cancellation(
        order_id=order_id,
        account_id=rows[0]["account_id"],
        quantity_kg=sum(row["quantity_kg"] for row in rows),
        serials=tuple(
            serial for row in rows for serial in rules.serials(row["code"], row["base"], _spans(row["spans"]))
        ),
        reason=rows[0]["reason"],
        at=rows[0]["at"],
    )


async def fragmented(tx: Tx, limit: int) -> list[int]:
    """Accounts with neighbouring active blocks."""
    return [row["account_id"] for row in await tx.fetch(_sql.fragmented, limit)]


async def compact(tx: Tx, account_id: int) -> int:
    """Join neighbouring active blocks of an account; answers how many joined blocks came out."""
    return affected(await tx.execute(_sql.compact, account_id))


def _ranges(spans: Iterable[tuple[int, int]]) -> "list[Range[int]]":
    return [Range(lower, upper) for lower, upper in spans]


def _spans(ranges: "Iterable[Range[int]]") -> tuple[tuple[int, int], ...]:
    return tuple(_bounds(each) for each in ranges)


def _bounds(span: "Range[int]") -> tuple[int, int]:
    assert span.lower is not None, "a span of the number line begins somewhere"
    assert span.upper is not None, "and ends somewhere"
    return span.lower, span.upper

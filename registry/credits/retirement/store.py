"""Retirements in PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import asyncpg

from registry.claims.rules import LockedClaim
from registry.credits.blocks import rules
from registry.credits.blocks.rules import Block, Cut, NamedIssuance, Part, serials, wanted_issuance
from registry.credits.blocks.store import block, check_moved, cut_columns, to_spans
from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from registry.parties.rules import LockedAccount
from registry.transparency.rules import Prepared, statement_columns
from schemas.credits import Retirement, RetireRequest
from schemas.pages import Page
from schemas.serials import Serial

_sql = sql.load(__package__)


class Locked(NamedTuple):
    """What a retirement has under its locks: None where there is no such claim, account or issuance."""

    claim: LockedClaim | None
    account: LockedAccount | None
    at: datetime
    named: NamedIssuance | None
    eligible: list[Block]


async def lock(tx: Tx, request: RetireRequest) -> Locked:
    """Lock the claim, then the account, then read what may be retired, in one call."""
    code = wanted_issuance(request)
    serial = Serial.parse(request.serial) if request.serial else None
    rows = await tx.fetch(
        _sql.lock,
        request.claim_id,
        request.account_id,
        str(code) if code else None,
        serial.first if serial else None,
        serial.last if serial else None,
        rules.BLOCK_LIMIT,
    )
    first = rows[0]
    return Locked(
        claim=_claim(first) if first["claimant_id"] is not None else None,
        account=_account(request.account_id, first) if first["owner_id"] is not None else None,
        at=first["at"].astimezone(UTC),
        named=_named(first) if first["named_id"] is not None else None,
        eligible=[block(row, frozen=row["frozen"]) for row in rows if row["lower"] is not None],
    )


def _claim(row: asyncpg.Record) -> LockedClaim:
    return LockedClaim(
        claimant_id=row["claimant_id"],
        type=row["claim_type"],
        new_forest=row["new_forest"],
        required_kg=row["required_kg"],
        allocated_kg=row["allocated_kg"],
        deadline=row["deadline"],
        sha256=row["claim_sha256"],
    )


def _account(account_id: int, row: asyncpg.Record) -> LockedAccount:
    return LockedAccount(account_id, row["owner_id"], row["account_type"], row["account_status"])


def _named(row: asyncpg.Record) -> NamedIssuance:
    return NamedIssuance(row["named_id"], row["named_base"], row["named_top"])


class NewRetirement(NamedTuple):
    """One part of an order: what is retired of one issuance, its receipt and its statement."""

    receipt_id: str
    part: Part
    statement: Prepared


async def record(
    tx: Tx,
    request: RetireRequest,
    cuts: Sequence[Cut],
    new: Sequence[NewRetirement],
    *,
    order_id: str,
    by: int,
    at: datetime,
) -> None:
    """Allocate to the claim, move the blocks, append the statements and insert the retirements, in one call."""
    spans = [(number, span) for number, each in enumerate(new, 1) for span in each.part.spans]
    moved = await tx.fetchval(
        _sql.record,
        request.claim_id,
        request.account_id,
        request.quantity_kg,
        order_id,
        request.reason,
        by,
        at,
        *cut_columns(cuts),
        [each.receipt_id for each in new],
        [each.part.lot.issuance_id for each in new],
        [number for number, _ in spans],
        [lower for _, (lower, _) in spans],
        [upper for _, (_, upper) in spans],
        *statement_columns([each.statement for each in new]),
    )
    check_moved(moved, cuts, order_id)


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
        serials=serials(row["code"], row["base"], to_spans(row["spans"])),
        quantity_kg=row["quantity_kg"],
        statement_hash=row["sha256"].hex(),
        at=row["at"],
    )

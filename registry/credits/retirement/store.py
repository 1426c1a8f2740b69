"""Retirements in PostgreSQL."""

from datetime import datetime
from typing import NamedTuple

import asyncpg

from registry.credits.blocks.rules import Part, serials
from registry.credits.blocks.store import to_ranges, to_spans
from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from schemas.credits import Retirement, RetireRequest
from schemas.pages import Page

_sql = sql.load(__package__)


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
        to_ranges(part.spans),
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
        serials=serials(row["code"], row["base"], to_spans(row["spans"])),
        quantity_kg=row["quantity_kg"],
        statement_hash=row["sha256"].hex(),
        at=row["at"],
    )

"""Cancellations in PostgreSQL."""

from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from registry.credits.blocks.rules import Part, serials
from registry.credits.blocks.store import to_ranges, to_spans
from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from registry.kit.period import Between
from schemas.credits import Cancellation, CancelRequest
from schemas.pages import Page

_sql = sql.load(__package__)


async def insert_cancellation(
    tx: Tx, request: CancelRequest, part: Part, *, order_id: str, by: int, statement_id: int
) -> None:
    """Record one cancellation."""
    await tx.execute(
        _sql.insert_cancellation,
        order_id,
        request.account_id,
        part.lot.issuance_id,
        to_ranges(part.spans),
        part.quantity_kg,
        request.reason,
        by,
        statement_id,
    )


class StoredCancellation(NamedTuple):
    """A cancellation, and the organisation whose account it was."""

    cancellation: Cancellation
    owner_id: int


async def cancellation(tx: Tx, order_id: str) -> StoredCancellation | None:
    """What was cancelled together."""
    return (await _together(tx, [order_id])).get(order_id)


async def cancellations(tx: Tx, window: Window, period: Between) -> Page[StoredCancellation]:
    """What was cancelled in *period*."""
    rows = await tx.fetch(window.of(_sql.orders), *window.args, *period)
    found = await _together(tx, [row["order_id"] for row in rows])
    return window.page([(row["id"], found[row["order_id"]]) for row in rows])


async def _together(tx: Tx, order_ids: Sequence[str]) -> dict[str, StoredCancellation]:
    of_order: dict[str, list[asyncpg.Record]] = {}
    for row in await tx.fetch(_sql.cancellations_of, list(order_ids)):
        of_order.setdefault(row["order_id"], []).append(row)
    return {order_id: _cancellation(rows) for order_id, rows in of_order.items()}


def _cancellation(rows: Sequence[asyncpg.Record]) -> StoredCancellation:
    first = rows[0]
    found = Cancellation(
        order_id=first["order_id"],
        account_id=first["account_id"],
        quantity_kg=sum(row["quantity_kg"] for row in rows),
        serials=tuple(serial for row in rows for serial in serials(row["code"], row["base"], to_spans(row["spans"]))),
        reason=first["reason"],
        at=first["at"],
    )
    return StoredCancellation(found, first["owner_id"])

"""Cancellations in PostgreSQL."""

from registry.credits.blocks.rules import Part, serials
from registry.credits.blocks.store import to_ranges, to_spans
from registry.kit import sql
from registry.kit.database import Tx
from schemas.credits import Cancellation, CancelRequest

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


async def cancellation(tx: Tx, order_id: str) -> Cancellation | None:
    """What was cancelled together."""
    rows = await tx.fetch(_sql.cancellations, order_id)
    if not rows:
        return None
    return Cancellation(
        order_id=order_id,
        account_id=rows[0]["account_id"],
        quantity_kg=sum(row["quantity_kg"] for row in rows),
        serials=tuple(serial for row in rows for serial in serials(row["code"], row["base"], to_spans(row["spans"]))),
        reason=rows[0]["reason"],
        at=rows[0]["at"],
    )

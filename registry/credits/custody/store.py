"""What the registry holds in favour of the exchange, in PostgreSQL."""

from typing import NamedTuple

from registry.credits.blocks.store import BlocksMoved, to_ranges, to_spans
from registry.kit import sql
from registry.kit.database import Tx, affected, fetch_one
from schemas.custody import Freezes, Held
from schemas.serials import IssuanceCode

_sql = sql.load(__package__)


class RememberedAnswer(NamedTuple):
    """What was answered when the exchange asked before."""

    kind: str
    quantity_kg: int
    refusal: str | None
    spans: tuple[tuple[int, int], ...]
    statement_ids: tuple[int, ...]


async def hold_of(tx: Tx, account_id: int, project_id: int, vintage: int) -> int:
    """The account's hold for the exchange, made where there is none. The account must be locked."""
    return int(await tx.fetchval(_sql.hold_of, account_id, project_id, vintage))


async def resize_hold(tx: Tx, hold_id: int, change_kg: int) -> None:
    """A hold of the exchange grows or shrinks with what is under it."""
    if affected(await tx.execute(_sql.resize_hold, hold_id, change_kg)) != 1:
        raise BlocksMoved(f"hold {hold_id} is none of the exchange")


async def holds(tx: Tx) -> tuple[Held, ...]:
    """Everything that is held for the exchange."""
    return tuple(Held(*row.values()) for row in await tx.fetch(_sql.holds))


async def answered(tx: Tx, reference: str) -> RememberedAnswer | None:
    """What was answered to *reference*."""
    row = await tx.fetchrow(_sql.request, reference)
    if row is None:
        return None
    spans = to_spans(row["spans"])
    return RememberedAnswer(row["kind"], row["quantity_kg"], row["refusal"], spans, tuple(row["statement_ids"]))


async def remember(tx: Tx, reference: str, answer: RememberedAnswer) -> None:
    """Keep what was answered, in the transaction that did it."""
    await tx.execute(
        _sql.insert_request,
        reference,
        answer.kind,
        answer.quantity_kg,
        answer.refusal,
        to_ranges(answer.spans),
        list(answer.statement_ids),
    )


async def vintage(tx: Tx, project_id: int, year: int) -> tuple[IssuanceCode, str] | None:
    """Code and methodology of the first issuance of one project and vintage."""
    row = await tx.fetchrow(_sql.vintage, project_id, year)
    return (IssuanceCode.parse(row["code"]), row["methodology"]) if row else None


async def freezes(tx: Tx) -> Freezes:
    """The accounts and vintages that are frozen now."""
    row = await fetch_one(tx, _sql.freezes)
    pairs = (each.split(":") for each in row["vintages"])
    return Freezes(frozenset(row["accounts"]), frozenset((int(project), int(year)) for project, year in pairs))

"""What the registry holds in favour of the exchange, in PostgreSQL."""

from collections.abc import Sequence
from typing import NamedTuple

from asyncpg import Range

from registry.credits import rules
from registry.credits.rules import Block, Lot
from registry.credits.store import BlocksMoved
from registry.kit import sql
from registry.kit.database import Tx, affected, fetch_one
from schemas.custody import Freezes, Held, Vintage

_sql = sql.load(__package__, "exchange.sql")


class Answered(NamedTuple):
    """What was answered when the exchange asked before."""

    kind: str
    quantity_kg: int
    refusal: str | None
    spans: tuple[tuple[int, int], ...]
    statement_ids: tuple[int, ...]


async def active(tx: Tx, account_id: int, project_id: int, vintage: int) -> list[Block]:
    """The oldest active blocks of an account of one project and vintage, up to the limit."""
    return await _blocks(tx, _sql.active_of_vintage, account_id, project_id, vintage, rules.BLOCK_LIMIT)


async def held(tx: Tx, hold_id: int) -> list[Block]:
    """The oldest blocks under a hold, up to the limit."""
    return await _blocks(tx, _sql.held, hold_id, rules.BLOCK_LIMIT)


async def _blocks(tx: Tx, query: str, *args: object) -> list[Block]:
    return [
        Block(
            row["lower"],
            row["upper"],
            Lot(row["issuance_id"], row["code"], row["base"], row["project_id"], row["methodology"], row["vintage"]),
            frozen=row["frozen"],
        )
        for row in await tx.fetch(query, *args)
    ]


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


async def answered(tx: Tx, reference: str) -> Answered | None:
    """What was answered to *reference*."""
    row = await tx.fetchrow(_sql.request, reference)
    if row is None:
        return None
    spans = tuple((each.lower, each.upper) for each in row["spans"])
    return Answered(row["kind"], row["quantity_kg"], row["refusal"], spans, tuple(row["statement_ids"]))


async def remember(tx: Tx, reference: str, answer: Answered) -> None:
    """Keep what was answered, in the transaction that did it."""
    await tx.execute(
        _sql.insert_request,
        reference,
        answer.kind,
        answer.quantity_kg,
        answer.refusal,
        _ranges(answer.spans),
        list(answer.statement_ids),
    )


async def vintage(tx: Tx, project_id: int, year: int) -> Vintage | None:
    """What can be traded of one project and vintage."""
    row = await tx.fetchrow(_sql.vintage, project_id, year)
    return Vintage(code=row["code"], project_name=row["name"], methodology=row["methodology"]) if row else None


async def freezes(tx: Tx) -> Freezes:
    """The accounts and vintages that are frozen now."""
    row = await fetch_one(tx, _sql.freezes)
    pairs = (each.split(":") for each in row["vintages"])
    return Freezes(frozenset(row["accounts"]), frozenset((int(project), int(year)) for project, year in pairs))


def _ranges(spans: Sequence[tuple[int, int]]) -> list["Range[int]"]:
    return [Range(lower, upper) for lower, upper in spans]

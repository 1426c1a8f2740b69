"""What the registry holds in favour of the exchange, in PostgreSQL."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from registry.credits.blocks import rules as block_rules
from registry.credits.blocks.rules import Block
from registry.credits.blocks.store import BlocksMoved, block, to_ranges, to_spans
from registry.credits.custody.rules import HoldChanges, HoldOwner
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
        raise BlocksMoved(f"hold {hold_id} does not belong to the exchange")


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


async def remembered(tx: Tx, references: Sequence[str]) -> dict[str, RememberedAnswer]:
    """What was answered before to any of the *references*."""
    return {
        row["reference"]: RememberedAnswer(
            row["kind"], row["quantity_kg"], row["refusal"], to_spans(row["spans"]), tuple(row["statement_ids"])
        )
        for row in await tx.fetch(_sql.requests, references)
    }


async def remember_all(tx: Tx, answers: Mapping[str, RememberedAnswer]) -> None:
    """Keep many answers, in the transaction that did what they say. Arrays in arrays go as text."""
    await tx.execute(
        _sql.insert_requests,
        list(answers),
        [each.kind for each in answers.values()],
        [each.quantity_kg for each in answers.values()],
        [each.refusal for each in answers.values()],
        [_array(f'"[{lower},{upper})"' for lower, upper in each.spans) for each in answers.values()],
        [_array(map(str, each.statement_ids)) for each in answers.values()],
    )


def _array(elements: Iterable[str]) -> str:
    """An array as PostgreSQL writes it."""
    return "{" + ",".join(elements) + "}"


async def hold_ids(tx: Tx, owners: Iterable[HoldOwner]) -> dict[HoldOwner, int]:
    """Those of the holds that exist."""
    rows = await tx.fetch(_sql.hold_ids, *_columns(list(owners), len(HoldOwner._fields)))
    return {HoldOwner(row["account_id"], row["project_id"], row["vintage"]): row["id"] for row in rows}


async def open_holds(tx: Tx, owners: Sequence[HoldOwner]) -> dict[HoldOwner, int]:
    """Open holds for owners that have none. The accounts must be locked."""
    rows = await tx.fetch(_sql.open_holds, *_columns(owners, len(HoldOwner._fields)))
    return {HoldOwner(row["account_id"], row["project_id"], row["vintage"]): row["id"] for row in rows}


async def held_beyond(tx: Tx, wanted: Mapping[int, tuple[int, Block | None]]) -> dict[int, tuple[list[Block], int]]:
    """
    The oldest blocks under each hold, as far as they are needed for so many kilograms; limited, from a block on.

    *wanted* has for each hold the kilograms and the last block that was read before. Returns for each the blocks, and
    how many kilograms are still wanted of those beyond; 0 when nothing is, or nothing is there.
    """
    rows = await tx.fetch(
        _sql.held_beyond,
        list(wanted),
        [kg for kg, _ in wanted.values()],
        [last.lot.issuance_id if last else 0 for _, last in wanted.values()],
        [last.lower if last else 0 for _, last in wanted.values()],
        block_rules.BLOCK_LIMIT,
    )
    pages: dict[int, list[Block]] = {hold_id: [] for hold_id in wanted}
    for row in rows:
        pages[row["hold_id"]].append(block(row, frozen=False))
    return {hold_id: (page, _more_kg(page, wanted[hold_id][0])) for hold_id, page in pages.items()}


def _more_kg(page: Sequence[Block], wanted_kg: int) -> int:
    found_kg = sum(each.size_kg for each in page)
    return wanted_kg - found_kg if found_kg < wanted_kg and len(page) == block_rules.BLOCK_LIMIT else 0


async def change_blocks(tx: Tx, changes: HoldChanges, hold_ids: Mapping[HoldOwner, int]) -> None:
    """
    Change rows, insert new ones and resize holds; the changes are guarded and counted.

    Rows shrink before what left them is inserted, so that no two ever overlap. Raises `BlocksMoved`.
    """
    changed = [
        (
            each.block.lower,
            each.block.upper,
            each.owner.account_id,
            hold_ids[each.owner],
            each.lower,
            each.upper,
            each.to_owner.account_id,
            hold_ids[each.to_owner],
        )
        for each in changes.changed
    ]
    _check_counted("blocks", await tx.execute(_sql.change_blocks, *_columns(changed, 8)), len(changed))
    new = [
        (each.lower, each.upper, each.issuance_id, each.owner.account_id, hold_ids[each.owner]) for each in changes.new
    ]
    await tx.execute(_sql.insert_blocks, *_columns(new, 5))
    resized = [(hold_ids[owner], kg) for owner, kg in changes.kg.items()]
    _check_counted("holds", await tx.execute(_sql.resize_holds, *_columns(resized, 2)), len(resized))


def _check_counted(what: str, status: str, wanted: int) -> None:
    if affected(status) != wanted:
        raise BlocksMoved(f"{affected(status)} of {wanted} {what} were found as they had been read")


class NewMovement(NamedTuple):
    """One span that goes from hold to hold."""

    cause: str
    issuance_id: int
    lower: int
    upper: int
    from_account_id: int
    to_account_id: int


async def insert_movements(tx: Tx, moves: Sequence[NewMovement], *, at: datetime) -> None:
    """Record what moved, in order."""
    await tx.execute(_sql.insert_movements, *_columns(moves, len(NewMovement._fields)), at)


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows as columns, for `unnest`; *width* of them also for no rows."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


async def vintage(tx: Tx, project_id: int, year: int) -> tuple[IssuanceCode, str] | None:
    """Code and methodology of the first issuance of one project and vintage."""
    row = await tx.fetchrow(_sql.vintage, project_id, year)
    return (IssuanceCode.parse(row["code"]), row["methodology"]) if row else None


async def freezes(tx: Tx) -> Freezes:
    """The accounts and vintages that are frozen now."""
    row = await fetch_one(tx, _sql.freezes)
    pairs = (each.split(":") for each in row["vintages"])
    return Freezes(frozenset(row["accounts"]), frozenset((int(project), int(year)) for project, year in pairs))

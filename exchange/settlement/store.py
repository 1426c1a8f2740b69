"""Deposits, withdrawals and deliveries in PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal, NamedTuple

import asyncpg
from msgspec import structs

from exchange.journal.audit import Undelivered
from exchange.journal.refusals import CORE, Refusals
from exchange.projections import store as projections
from registry.kit import sql
from registry.kit.database import Tx, fetch_one
from registry.kit.pages import Window
from registry.kit.period import Between
from schemas.custody import Delivered
from schemas.pages import Page
from schemas.settlement import CustodyMovement, DeliveryLine, DeliveryNote, Income, Sales

_sql = sql.load(__package__)
_KINDS: Final = {"deposit": ["credit_cash", "credit_tonnes"], "withdrawal": ["debit_cash", "debit_tonnes"]}
Direction = Literal["deposit", "withdrawal"]
_refusals: Final = Refusals((CORE,))


class Unreleased(NamedTuple):
    """Tonnes that the registry has to give back."""

    id: int
    account_id: int
    project_id: int
    vintage: int
    tonnes: int


class Stored(NamedTuple):
    """A delivery that the registry has not been asked for."""

    id: int
    seller_id: int
    buyer_id: int
    project_id: int
    vintage: int
    quantity_t: int
    gross_fen: int
    fee_fen: int


class Unjournalled(NamedTuple):
    """A delivery whose outcome the engine does not have yet."""

    id: int
    trades: tuple[int, ...]
    delivered: bool


class Cash(NamedTuple):
    """Money that came in and went out, what accounts have of it, and what waits for deliveries."""

    came_in: int
    went_out: int
    owed: int
    incoming: int
    outgoing: int


class UnderWay(NamedTuple):
    """How much has not come to its end."""

    instructions: int
    releases: int
    trades: int
    deliveries: int


async def custody(tx: Tx, number: int) -> CustodyMovement | None:
    """A deposit or withdrawal."""
    row = await tx.fetchrow(_sql.custody, number)
    return _custody(row) if row else None


async def booked_fen(tx: Tx, account_id: int, within: timedelta) -> int:
    """The money that was booked for an account until now, in business time; refused deposits do not count."""
    return int(await tx.fetchval(_sql.booked_fen, account_id, within))


async def custody_of(
    tx: Tx, window: Window, period: Between, account_id: int, direction: Direction
) -> Page[CustodyMovement]:
    """The deposits or withdrawals of an account."""
    rows = await tx.fetch(window.of(_sql.custody_of), *window.args, account_id, *period, _KINDS[direction])
    return window.page([(row["id"], _custody(row)) for row in rows])


def _custody(row: asyncpg.Record) -> CustodyMovement:
    cash = row["kind"].endswith("cash")
    credit = row["kind"].startswith("credit")
    states: dict[str, Literal["pending", "done", "debited", "refused"]] = {
        "stored": "pending",
        "done": "debited" if row["kind"] == "debit_tonnes" else "done",
        "released": "refused" if credit else "done",
        "refused": "refused",
    }
    return CustodyMovement(
        id=row["id"],
        direction="deposit" if credit else "withdrawal",
        account_id=row["account_id"],
        instrument=row["code"],
        quantity_t=None if cash else row["amount"],
        amount_fen=row["amount"] if cash else None,
        reference=row["remark"],
        state=states[row["state"]],
        refusal=None if row["reason"] is None else _refusals.of(row["reason"], row["wanted"], row["bound"]).detail,
        at=row["at"],
    )


async def unreleased(tx: Tx, after: int, limit: int) -> list[Unreleased]:
    """What the registry has to give back beyond number *after*, the oldest first."""
    return [Unreleased(*row.values()) for row in await tx.fetch(_sql.unreleased, after, limit)]


async def net(tx: Tx, limit: int) -> None:
    """
    Store deliveries for trades that wait for one, added up by seller, buyer and instrument.

    They are stored before the registry is asked, and each trade says in which it is.
    """
    await tx.execute(_sql.net_lock)
    waiting = await projections.undelivered(tx, limit)
    if not waiting:
        return
    columns = [list(column) for column in zip(*(each[:-1] for each in waiting), strict=True)]
    rows = await tx.fetch(_sql.insert_deliveries, *columns, [_array(each.trades) for each in waiting])
    pairs = [(trade, row["id"]) for row in rows for trade in row["trades"]]
    if not await projections.assign(tx, pairs):
        raise RuntimeError("a trade was netted twice: the lock on netting does not hold")


def _array(items: Sequence[int] | Sequence[str]) -> str:
    """Numbers or serials as PostgreSQL writes an array, for a column of arrays of different lengths."""
    return "{" + ",".join(map(str, items)) + "}"


async def stored(tx: Tx, limit: int, only: int | None = None) -> list[Stored]:
    """Deliveries that the registry has not been asked for, the oldest or *only* one, locked."""
    return [Stored(*row.values()) for row in await tx.fetch(_sql.stored, limit, only)]


async def due(tx: Tx, after: int, limit: int) -> list[int]:
    """The same deliveries beyond number *after*, by number."""
    return [row["id"] for row in await tx.fetch(_sql.due, after, limit)]


async def delivered(tx: Tx, numbers: Sequence[int], answers: Sequence[Delivered]) -> None:
    """Store what the registry answered to deliveries."""
    await tx.execute(
        _sql.delivered,
        numbers,
        [each.refusal for each in answers],
        [_array(each.serials) for each in answers],
        [_array(each.statement_ids) for each in answers],
    )


async def unjournalled(tx: Tx, limit: int) -> list[Unjournalled]:
    """Deliveries whose outcome the engine does not have yet."""
    rows = await tx.fetch(_sql.unjournalled, limit)
    return [Unjournalled(row["id"], tuple(row["trades"]), row["state"] == "delivered") for row in rows]


class StoredDelivery(NamedTuple):
    """A delivery as either side may see it, who they are, and its statements in the log."""

    sale: DeliveryNote
    purchase: DeliveryNote
    statement_ids: tuple[int, ...]


async def delivery(tx: Tx, delivery_id: int) -> StoredDelivery | None:
    """One delivery."""
    row = await tx.fetchrow(_sql.delivery, delivery_id)
    return (await _deliveries(tx, [row]))[0] if row else None


async def statements_of(tx: Tx, window: Window, period: Between, account_id: int) -> Page[DeliveryNote]:
    """What an account sold and bought, delivery by delivery."""
    found = await _deliveries(tx, await tx.fetch(window.of(_sql.deliveries_of), *window.args, account_id, *period))
    own = [each.sale if each.sale.account_id == account_id else each.purchase for each in found]
    return window.page([(each.delivery_id, each) for each in own])


async def _deliveries(tx: Tx, rows: Sequence[asyncpg.Record]) -> list[StoredDelivery]:
    lines: dict[int, list[DeliveryLine]] = {row["id"]: [] for row in rows}
    for line in await tx.fetch(_sql.lines, list(lines)):
        lines[line["delivery_id"]].append(
            DeliveryLine(
                trade_id=line["id"],
                price_fen=line["price_fen"],
                quantity_t=line["quantity_t"],
                amount_fen=line["price_fen"] * line["quantity_t"],
                fee_fen=line["fee_fen"],
                at=line["at"],
            )
        )
    return [_delivery(row, lines[row["id"]]) for row in rows]


def _delivery(row: asyncpg.Record, lines: list[DeliveryLine]) -> StoredDelivery:
    ended: dict[str, Literal["under-way", "settled", "refunded"]] = {"settled": "settled", "refunded": "refunded"}
    sale = DeliveryNote(
        delivery_id=row["id"],
        account_id=row["seller_id"],
        side="sale",
        instrument=row["code"],
        quantity_t=row["quantity_t"],
        lines=tuple(lines),
        gross_fen=row["gross_fen"],
        fee_fen=row["fee_fen"],
        net_fen=row["gross_fen"] - row["fee_fen"],
        state=ended.get(row["state"], "under-way"),
        refusal=row["refusal"],
        serials=tuple(row["serials"]),
        at=row["at"],
    )
    purchase = structs.replace(
        sale,
        account_id=row["buyer_id"],
        side="purchase",
        lines=tuple(structs.replace(line, fee_fen=0) for line in lines),
        fee_fen=0,
        net_fen=row["gross_fen"],
    )
    return StoredDelivery(sale, purchase, tuple(row["statement_ids"]))


async def income(tx: Tx, account_id: int, period: Between) -> Income:
    """What an account sold, brought and took off in a period."""
    rows = await tx.fetch(_sql.sales_of, account_id, *period)
    moved = await fetch_one(tx, _sql.moved_by, account_id, *period)
    sales = tuple(_sales(row) for row in rows if row["settled"])
    return Income(
        account_id=account_id,
        sales=sales,
        sold_t=sum(each.quantity_t for each in sales),
        gross_fen=sum(each.gross_fen for each in sales),
        fee_fen=sum(each.fee_fen for each in sales),
        net_fen=sum(each.net_fen for each in sales),
        under_way_fen=sum(row["gross_fen"] - row["fee_fen"] for row in rows if not row["settled"]),
        **dict(moved),
    )


def _sales(row: asyncpg.Record) -> Sales:
    return Sales(
        instrument=row["code"],
        deliveries=row["deliveries"],
        quantity_t=row["quantity_t"],
        gross_fen=row["gross_fen"],
        fee_fen=row["fee_fen"],
        net_fen=row["gross_fen"] - row["fee_fen"],
    )


Tonnes = dict[tuple[int, int, int], int]
"""Tonnes by account, project and vintage."""


async def owed(tx: Tx) -> Tonnes:
    """What the exchange owes by its own books."""
    return _tonnes(await tx.fetch(_sql.owed))


async def in_flight(tx: Tx) -> Tonnes:
    """By how much the registry's holds may differ from that, and why not more."""
    return _tonnes(await tx.fetch(_sql.in_flight))


def _tonnes(rows: Sequence[asyncpg.Record]) -> Tonnes:
    found: Tonnes = {}
    for row in rows:
        key = (row["account_id"], row["project_id"], row["vintage"])
        found[key] = found.get(key, 0) + row["tonnes"]
    return found


async def cash(tx: Tx) -> Cash:
    """Where all money is."""
    return Cash(*(await fetch_one(tx, _sql.cash)).values())


async def under_way(tx: Tx) -> UnderWay:
    """How many instructions, releases, trades and deliveries have not come to their end."""
    return UnderWay(*(await fetch_one(tx, _sql.under_way)).values())


async def undelivered(tx: Tx) -> list[Undelivered]:
    """Every trade that waits for its delivery, or whose delivery is under way."""
    return [Undelivered(*row.values()) for row in await tx.fetch(_sql.undelivered)]


async def ends_of_sources(tx: Tx) -> dict[Literal["fills", "deliveries", "instructions"], int]:
    """The newest number of trades, of deliveries and of instructions."""
    row = await fetch_one(tx, _sql.newest_of_sources)
    return {"fills": row["fills"], "deliveries": row["deliveries"], "instructions": row["instructions"]}


async def filled(tx: Tx, after: int, until: int) -> list[asyncpg.Record]:
    """What was traded from one number to another, added up by account, instrument and side."""
    rows: list[asyncpg.Record] = await tx.fetch(_sql.filled, after, until)
    return rows


async def ended_deliveries_until(tx: Tx, after: int) -> int:
    """The number up to which every delivery has ended."""
    return int(await tx.fetchval(_sql.ended_deliveries_until, after))


async def ended_deliveries(tx: Tx, after: int, limit: int) -> list[asyncpg.Record]:
    """Deliveries beyond number *after* that have ended."""
    rows: list[asyncpg.Record] = await tx.fetch(_sql.ended_deliveries, after, limit)
    return rows


async def ended_instructions_until(tx: Tx, after: int) -> int:
    """The number up to which every instruction has ended."""
    return int(await tx.fetchval(_sql.ended_instructions_until, after))


async def refused_custody(tx: Tx, after: int, limit: int) -> list[CustodyMovement]:
    """Deposits and withdrawals beyond number *after* that were refused."""
    return [_custody(row) for row in await tx.fetch(_sql.refused_custody, after, limit)]


async def newest_instruction(tx: Tx) -> int:
    """The largest number of an instruction, or 0."""
    return int(await tx.fetchval(_sql.newest_instruction))


async def ended_sales(tx: Tx, after: int, limit: int) -> list[asyncpg.Record]:
    """Instructions beyond number *after* that ended an auction or a campaign."""
    return list(await tx.fetch(_sql.ended_sales, after, limit))

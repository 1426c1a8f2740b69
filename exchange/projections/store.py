"""The tables that follow the journal, in PostgreSQL: written here, and read here by the rooms above."""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Final, NamedTuple

import asyncpg
import msgspec

from exchange.instructions import store as instructions
from exchange.journal.audit import OpenQuantity, Positions
from exchange.projections.changes import Change, Changes, Deal, Placed
from registry.kit import sql
from registry.kit.database import Tx, affected, fetch_one
from schemas.venues import VenueRules

_sql = sql.load(__package__)
_venue: Final = msgspec.json.Decoder(VenueRules)


class Remembered(NamedTuple):
    """
    The reply to a command of an account that was carried out before.

    *wanted* and *bound* are the numbers of a refusal; of a cancel of everything, *wanted* is how much it closed.
    """

    sequence: int
    digest: bytes
    order_id: int
    reason: int | None
    wanted: int | None
    bound: int | None


class Tradable(NamedTuple):
    """
    What never changes of an instrument; *id* is the engine's number for it, *venue* the rules it was opened by.

    A basket has no project and no vintage.
    """

    id: int
    code: str
    tick_fen: int
    project_id: int | None
    vintage: int | None
    venue: VenueRules | None


class Netted(NamedTuple):
    """Trades of one seller and buyer that deliver one instrument and wait for a delivery, added up."""

    seller_id: int
    buyer_id: int
    instrument_id: int
    quantity_t: int
    gross_fen: int
    fee_fen: int
    trades: tuple[int, ...]


async def progress(tx: Tx) -> tuple[int, int]:
    """How far the journal is, and how far the tables follow it."""
    row = await fetch_one(tx, _sql.progress)
    return row["journalled"], row["projected"]


async def lock_projected(tx: Tx) -> int:
    """How far the tables are; nobody else projects until *tx* ends, and its commit does not wait for the disk."""
    await tx.execute(_sql.lazily)
    return int(await tx.fetchval(_sql.lock_projected))


async def deals(tx: Tx, trades: Sequence[int]) -> dict[int, Deal]:
    """What positions have to know of trades that were projected before."""
    return {row["id"]: Deal(*list(row.values())[1:]) for row in await tx.fetch(_sql.deals, trades)} if trades else {}


async def write(tx: Tx, changes: Changes) -> None:
    """
    Write the changes of some batches: one statement for each table that changes.

    What is only ever new is copied: a row costs a third of what it does as an element of arrays.
    """
    positions = [(*key, *parts) for key, parts in changes.positions.items() if any(parts)]
    placed = [_placed_row(each) for each in changes.placed.values()]
    changed = [(number, *_changed_row(each)) for number, each in changes.changed.items()]
    for table, columns, new in (("placed", _PLACED, placed), ("trade", _TRADE, changes.trades)):
        if new:
            await tx.copy_records_to_table(table, schema_name="exchange", columns=columns, records=new)
    writes: tuple[tuple[str, Sequence[Sequence[object]]], ...] = (
        (_sql.change_placed, changed),
        (_sql.begin_positions, [each[:2] for each in positions]),
        (_sql.move_positions, positions),
        (_sql.insert_requests, list(changes.requests.values())),
        (_sql.complete_requests, [(*key, closed) for key, closed in changes.completed.items()]),
        (_sql.end_trades, changes.settled),
        *((statement, list(rows.values())) for statement, rows in changes.rows.items()),
    )
    for query, rows in writes:
        if rows:
            await tx.execute(query, *(list(column) for column in zip(*rows, strict=True)))
    await instructions.answer(tx, changes.instructions)
    await tx.execute(_sql.advance, changes.last)


_PLACED: Final = tuple(each.name for each in fields(Placed))
_TRADE: Final = (
    *("id", "sequence", "instrument_id", "price_fen", "quantity_t", "buy_order_id", "sell_order_id", "buyer_id"),
    *("seller_id", "fee_fen", "fee_account_id", "taker_side", "at", "asset_id"),
)
_placed_row: Final = attrgetter(*_PLACED)
_changed_row: Final = attrgetter(*(each.name for each in fields(Change)))


async def requests(tx: Tx, account_id: int, numbers: Sequence[int]) -> dict[int, Remembered]:
    """The replies to those of an account's commands that are known, by client_order_id."""
    rows = await tx.fetch(_sql.requests, account_id, numbers)
    return {row["client_order_id"]: Remembered(*list(row.values())[1:]) for row in rows}


async def requests_above(tx: Tx, account_id: int, above: int, limit: int) -> dict[int, Remembered]:
    """The replies to an account's commands with numbers above one, the lowest first; *limit* at most."""
    rows = await tx.fetch(_sql.requests_above, account_id, above, limit)
    return {row["client_order_id"]: Remembered(*list(row.values())[1:]) for row in rows}


async def last_client_order_id(tx: Tx, account_id: int) -> int:
    """The largest client_order_id that the account has used, or 0."""
    return int(await tx.fetchval(_sql.last_client_order_id, account_id))


async def undelivered(tx: Tx, limit: int) -> list[Netted]:
    """At most *limit* trades that wait for a delivery, the oldest, added up by seller, buyer and what they deliver."""
    return [
        Netted(
            row["seller_id"],
            row["buyer_id"],
            row["instrument_id"],
            row["quantity_t"],
            row["gross_fen"],
            row["fee_fen"],
            tuple(row["trades"]),
        )
        for row in await tx.fetch(_sql.undelivered, limit)
    ]


async def assign(tx: Tx, deliveries: Sequence[tuple[int, int]]) -> bool:
    """Note in which delivery each trade is, from (trade, delivery) pairs; False where one was in another already."""
    trades, numbers = ([*column] for column in zip(*deliveries, strict=True))
    return affected(await tx.execute(_sql.assign, trades, numbers)) == len(deliveries)


async def positions(tx: Tx) -> Positions:
    """Settled, locked, incoming and outgoing of each account and instrument; all zero is left out."""
    rows = [tuple(row.values()) for row in await tx.fetch(_sql.positions)]
    return {(row[0], row[1]): row[2:] for row in rows if any(row[2:])}


async def open_quantities(tx: Tx) -> list[OpenQuantity]:
    """Everything that is open."""
    return [OpenQuantity(*row.values()) for row in await tx.fetch(_sql.open_quantities)]


async def every_instrument(tx: Tx) -> list[Tradable]:
    """All instruments."""
    return [_tradable(row) for row in await tx.fetch(_sql.every_instrument)]


def _tradable(row: asyncpg.Record) -> Tradable:
    venue = _venue.decode(row["venue"]) if row["venue"] is not None else None
    return Tradable(row["id"], row["code"], row["tick_fen"], row["project_id"], row["vintage"], venue)

"""Orders, fills and balances of an account, as the tables show them."""

from collections.abc import Collection, Sequence
from dataclasses import fields

import asyncpg

from exchange.orders.rules import as_order
from exchange.projections import store as projections
from exchange.projections.changes import CASH, Placed
from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from registry.kit.period import Between
from schemas.orders import Balances, CashBalance, Fill, Order, TonnesBalance
from schemas.pages import Page

_sql = sql.load(__package__)
_PLACED = tuple(each.name for each in fields(Placed))


async def orders(tx: Tx, numbers: Sequence[int]) -> dict[int, Order]:
    """Orders, listings and subscriptions by number."""
    return {row["id"]: _order(row) for row in await tx.fetch(_sql.placed, numbers)}


async def still_open(tx: Tx, account_id: int, numbers: Sequence[int]) -> list[int]:
    """Those of an account's orders that are open."""
    return [row["id"] for row in await tx.fetch(_sql.still_open, numbers, account_id)]


async def is_sealed(tx: Tx, number: int) -> bool:
    """Whether it is a bid that nobody but its bidder may know of yet."""
    return bool(await tx.fetchval(_sql.is_sealed, number))


async def orders_of(
    tx: Tx,
    window: Window,
    period: Between,
    account_id: int,
    instrument: str | None,
    *,
    open_only: bool,
    newest_first: bool,
    sealed: bool,
) -> Page[Order]:
    """What an account placed, of one instrument or of all, with or without bids that are sealed."""
    oldest = _sql.open_of if open_only else _sql.placed_of
    newest = _sql.newest_open_of if open_only else _sql.newest_placed_of
    rows = await tx.fetch(newest if newest_first else oldest, *window.args, account_id, *period, sealed, instrument)
    return window.page([(row["id"], _order(row)) for row in rows])


def _order(row: asyncpg.Record) -> Order:
    return as_order(Placed(**{name: row[name] for name in _PLACED}), row["code"])


async def fills(tx: Tx, window: Window, period: Between, account_id: int, *, newest_first: bool) -> Page[Fill]:
    """An account's own side of its trades."""
    rows = await tx.fetch(_sql.newest_fills if newest_first else _sql.fills, *window.args, account_id, *period)
    return window.page([(row["id"], _fill(row, account_id)) for row in rows])


def _fill(row: asyncpg.Record, account_id: int) -> Fill:
    return Fill(
        trade_id=row["id"],
        order_id=row["buy_order_id"] if row["bought"] else row["sell_order_id"],
        account_id=account_id,
        side="buy" if row["bought"] else "sell",
        instrument=row["code"],
        price_fen=row["price_fen"],
        quantity_t=row["quantity_t"],
        amount_fen=row["price_fen"] * row["quantity_t"],
        fee_fen=0 if row["bought"] else row["fee_fen"],
        state=row["state"],
        delivery_id=row["delivery_id"],
        at=row["at"],
        asset=row["asset"],
    )


async def balances(tx: Tx, account_id: int) -> Balances:
    """What an account has; *tx* is one snapshot."""
    rows = await tx.fetch(_sql.positions, account_id)
    cash = next((row for row in rows if row["instrument_id"] == CASH), None)
    _, projected = await projections.progress(tx)
    return Balances(
        account_id=account_id,
        sequence=projected,
        last_client_order_id=await projections.last_client_order_id(tx, account_id),
        cash=_cash(cash),
        tonnes=tuple(
            TonnesBalance(
                instrument=row["code"],
                settled_t=row["settled"],
                locked_t=row["locked"],
                incoming_t=row["incoming"],
                outgoing_t=row["outgoing"],
            )
            for row in rows
            if row["instrument_id"] != CASH
        ),
    )


async def settled_cash(tx: Tx, account_ids: Collection[int]) -> dict[int, int]:
    """The money that accounts can use; nothing of those that never had any."""
    return {row["account_id"]: row["settled"] for row in await tx.fetch(_sql.settled_cash, list(account_ids), CASH)}


def _cash(row: asyncpg.Record | None) -> CashBalance:
    if row is None:
        return CashBalance()
    return CashBalance(
        settled_fen=row["settled"],
        locked_fen=row["locked"],
        incoming_fen=row["incoming"],
        outgoing_fen=row["outgoing"],
    )

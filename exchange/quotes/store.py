"""Requests for quotes as the tables show them."""

from datetime import datetime

import asyncpg

from exchange.engine.events import Cause
from exchange.orders.rules import CLOSED_BECAUSE
from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from schemas.pages import Page
from schemas.quotes import InquiredPrice, QuoteRequest, ShownQuote

_sql = sql.load(__package__)


async def request(tx: Tx, number: int, account_id: int) -> QuoteRequest | None:
    """One request, if the account asks for it or may answer it."""
    row = await tx.fetchrow(_sql.request, number, account_id)
    return _request(row, account_id) if row else None


async def requests(tx: Tx, window: Window, account_id: int, *, open_only: bool) -> Page[QuoteRequest]:
    """The requests that an account makes or may answer."""
    rows = await tx.fetch(window.of(_sql.requests), *window.args, account_id, open_only)
    return window.page([(row["id"], _request(row, account_id)) for row in rows])


async def quotes(tx: Tx, found: QuoteRequest, account_id: int) -> tuple[ShownQuote, ...]:
    """The quotes for a request that an account may see: all for its asker, else its own."""
    rows = await tx.fetch(_sql.quotes, found.id, account_id, found.own)
    return tuple(_quote(row, account_id) for row in rows)


async def inquired(tx: Tx, window: Window, instrument_id: int) -> Page[InquiredPrice]:
    """The inquired prices of an instrument."""
    rows = await tx.fetch(window.of(_sql.inquired), *window.args, instrument_id)
    return window.page(
        [
            (
                row["id"],
                InquiredPrice(
                    request_id=row["id"],
                    instrument=row["code"],
                    price_fen=row["reference_fen"],
                    quotes=row["quotes"],
                    quoted_t=row["quoted_t"],
                    at=row["ended_at"],
                ),
            )
            for row in rows
        ]
    )


async def due(tx: Tx, now: datetime) -> list[int]:
    """The requests whose time is over."""
    return [row["id"] for row in await tx.fetch(_sql.due, now)]


async def quotes_due(tx: Tx, now: datetime) -> bool:
    """Whether the time of a quote is over."""
    return bool(await tx.fetchval(_sql.quotes_due, now))


def _request(row: asyncpg.Record, account_id: int) -> QuoteRequest:
    return QuoteRequest(
        id=row["id"],
        instrument=row["code"],
        side=row["side"],
        quantity_t=row["quantity_t"],
        expires_at=row["expires_at"],
        own=row["account_id"] == account_id,
        to_all=not row["invited"],
        state="open" if row["ended_at"] is None else "taken" if row["taken_id"] else "ended",
        quotes=row["quotes"],
        quoted_t=row["quoted_t"],
        reference_fen=row["reference_fen"] or None,
        at=row["at"],
    )


def _quote(row: asyncpg.Record, account_id: int) -> ShownQuote:
    because = CLOSED_BECAUSE[Cause(row["closed_because"])] if row["closed_because"] else None
    return ShownQuote(
        id=row["id"],
        price_fen=row["price_fen"],
        quantity_t=row["quantity_t"],
        valid_until=row["valid_until"],
        state="open" if row["open_t"] else "taken" if row["traded_t"] else "closed",
        closed_because=because,  # type: ignore[arg-type]  # the words of that table
        own=row["account_id"] == account_id,
    )

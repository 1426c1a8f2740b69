"""Blocks as the tables show them."""

from datetime import datetime

import asyncpg

from exchange.blocks.rules import state_of
from exchange.engine.events import Cause
from exchange.engine.modes.blocks.state import LEAST
from exchange.orders.rules import CLOSED_BECAUSE
from registry.kit import sql
from registry.kit.database import Tx, fetch_one
from registry.kit.pages import Window
from schemas.blocks import BlockTerms, BlockTrade, NegotiatedBlock, bounds
from schemas.pages import Page

_sql = sql.load(__package__)


async def block(tx: Tx, number: int, account_id: int) -> NegotiatedBlock | None:
    """One block, if the account is one of its parties."""
    row = await tx.fetchrow(_sql.block, number, account_id)
    return _block(row) if row else None


async def blocks(tx: Tx, window: Window, account_id: int) -> Page[NegotiatedBlock]:
    """The blocks that an account proposed, or that were proposed to it."""
    rows = await tx.fetch(window.of(_sql.blocks), *window.args, account_id)
    return window.page([(row["id"], _block(row)) for row in rows])


def _block(row: asyncpg.Record) -> NegotiatedBlock:
    because = CLOSED_BECAUSE[Cause(row["closed_because"])] if row["closed_because"] else None
    return NegotiatedBlock(
        id=row["id"],
        instrument=row["code"],
        side=row["side"],
        price_fen=row["price_fen"],
        quantity_t=row["quantity_t"],
        amount_fen=row["price_fen"] * row["quantity_t"],
        proposer_id=row["proposer_id"],
        counterparty_id=row["counterparty_id"],
        state=state_of(row),  # type: ignore[arg-type]  # three words
        ended_because=because,  # type: ignore[arg-type]  # the words of that table
        expires_at=row["expires_at"],
        at=row["at"],
    )


async def terms(tx: Tx, instrument_id: int) -> BlockTerms:
    """The terms of an instrument's blocks."""
    row = await fetch_one(tx, _sql.terms, instrument_id)
    reference, bps = row["reference_fen"], row["band_bps"]
    low, high = bounds(reference, bps) if bps else (row["low_fen"], row["high_fen"])
    return BlockTerms(
        instrument=row["code"],
        least_t=row["least_t"] or LEAST,
        reference_fen=reference if bps else None,
        band_bps=bps or None,
        low_fen=low,
        high_fen=high,
    )


async def trades(tx: Tx, window: Window, instrument_id: int) -> Page[BlockTrade]:
    """The negotiated trades of an instrument, without who made them."""
    rows = await tx.fetch(window.of(_sql.trades), *window.args, instrument_id)
    return window.page(
        [
            (
                row["id"],
                BlockTrade(
                    id=row["id"],
                    instrument=row["code"],
                    price_fen=row["price_fen"],
                    quantity_t=row["quantity_t"],
                    amount_fen=row["price_fen"] * row["quantity_t"],
                    mode=row["mode"],
                    at=row["at"],
                ),
            )
            for row in rows
        ]
    )


async def due(tx: Tx, now: datetime) -> bool:
    """Whether the time of a proposed block is over."""
    return bool(await tx.fetchval(_sql.due, now))

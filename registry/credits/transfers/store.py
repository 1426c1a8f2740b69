"""Transfers in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg

from registry.access.awaits import awaits
from registry.credits.blocks import store as blocks
from registry.credits.blocks.rules import serials
from registry.kit import sql
from registry.kit.database import Tx, affected
from registry.kit.pages import Window
from registry.kit.period import Between
from schemas.access import Awaits
from schemas.credits import NewTransfer, Transfer
from schemas.pages import Page

_sql = sql.load(__package__)


class StoredTransfer(NamedTuple):
    """A transfer row; spans are half-open."""

    id: int
    sender_id: int
    receiver_id: int
    quantity_kg: int
    hold_id: int
    spans: tuple[tuple[int, int], ...]
    statement_ids: tuple[int, ...]
    state: str
    reason: str
    proposed_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    awaits: Awaits | None


async def insert_transfer(
    tx: Tx, body: NewTransfer, *, hold_id: int, spans: Sequence[tuple[int, int]], by: int, ends: datetime
) -> int:
    """Store an offer."""
    return int(
        await tx.fetchval(
            _sql.insert_transfer,
            body.account_id,
            body.receiver_id,
            body.quantity_kg,
            hold_id,
            blocks.to_ranges(spans),
            body.reason,
            by,
            ends,
        )
    )


async def transfer(tx: Tx, transfer_id: int) -> StoredTransfer | None:
    """One transfer."""
    row = await tx.fetchrow(_sql.transfer, transfer_id)
    return _stored_transfer(row) if row else None


async def transfers(tx: Tx, window: Window, period: Between, account_id: int) -> Page[Transfer]:
    """The transfers that an account sends or receives, by the time of their proposal."""
    stored = [
        _stored_transfer(row) for row in await tx.fetch(window.of(_sql.transfers), *window.args, account_id, *period)
    ]
    return window.page([(each.id, shown) for each, shown in zip(stored, await show(tx, stored), strict=True)])


async def show(tx: Tx, stored: Sequence[StoredTransfer]) -> list[Transfer]:
    """Transfers as people see them, with serials."""
    lots = await blocks.located(tx, (span for each in stored for span in each.spans))
    return [_transfer(each, lots) for each in stored]


def _transfer(stored: StoredTransfer, lots: dict[int, tuple[str, int]]) -> Transfer:
    found = tuple(serial for span in stored.spans for serial in serials(*lots[span[0]], [span]))
    hidden = ("hold_id", "spans", "statement_ids")
    values = {name: value for name, value in stored._asdict().items() if name not in hidden}
    return Transfer(**values, serials=found)


def _stored_transfer(row: asyncpg.Record) -> StoredTransfer:
    stored = {name: row[name] for name in StoredTransfer._fields if name != "awaits"}
    return StoredTransfer(**stored | {"spans": blocks.to_spans(row["spans"])}, awaits=awaits(row))


async def log_transfer(tx: Tx, transfer_id: int, statement_ids: list[int]) -> None:
    """Remember which statements say that the transfer happened."""
    await tx.execute(_sql.log_transfer, transfer_id, statement_ids)


async def close_transfer(tx: Tx, transfer_id: int, state: str, by: int | None) -> bool:
    """Close an open transfer; False when it was closed before."""
    return affected(await tx.execute(_sql.close_transfer, transfer_id, state, by)) == 1


async def due_transfers(tx: Tx) -> list[int]:
    """Open transfers whose time is over."""
    return [row["id"] for row in await tx.fetch(_sql.due_transfers)]


async def pending_of(tx: Tx, organisation_id: int) -> int:
    """How many transfers of an organisation's accounts nobody has closed."""
    return int(await tx.fetchval(_sql.pending_of, organisation_id))

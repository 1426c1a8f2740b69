"""Reserves in PostgreSQL."""

from registry.kit import sql
from registry.kit.database import Tx

_sql = sql.load(__package__)


async def open_hold(tx: Tx, account_id: int) -> int:
    """Open an empty hold of an account."""
    return int(await tx.fetchval(_sql.open_hold, account_id))


async def resize(tx: Tx, hold_id: int, by_kg: int) -> None:
    """Make a hold larger, or smaller."""
    await tx.execute(_sql.resize_reserve, hold_id, by_kg)

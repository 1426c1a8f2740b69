"""Order sessions that cancel on disconnect, as every process sees them."""

from collections.abc import Sequence
from typing import NamedTuple

from registry.kit import sql
from registry.kit.database import Tx, affected
from schemas.scalars import MAX_INT

_sql = sql.load(__package__)


class LeftBehind(NamedTuple):
    """A session that nobody holds any more. Orders of its account up to *after_order_id* are not its."""

    id: int
    account_id: int
    after_order_id: int


async def begin(tx: Tx, account_id: int, earlier: Sequence[int]) -> int:
    """
    Store a session of an account; returns its number.

    What the account places from now on may be its, and so may what follows the first of *earlier* orders.
    """
    return int(await tx.fetchval(_sql.begin, account_id, min(earlier) - 1 if earlier else MAX_INT))


async def seen(tx: Tx, session_id: int) -> bool:
    """Say that its process is there; false if it was taken for gone before."""
    return bool(affected(await tx.execute(_sql.seen, session_id)))


async def leave_behind(tx: Tx, unseen_s: float) -> list[LeftBehind]:
    """Mark the sessions whose process has not been seen for so long; returns all that are marked."""
    return [LeftBehind(*row) for row in await tx.fetch(_sql.leave_behind, unseen_s)]


async def open_since(tx: Tx, account_id: int, after_order_id: int) -> list[int]:
    """Orders in the book that the account placed after one, and that are open."""
    return [row["id"] for row in await tx.fetch(_sql.open_since, account_id, after_order_id)]


async def end(tx: Tx, session_id: int) -> None:
    """Forget a session: what it had to cancel is cancelled."""
    await tx.execute(_sql.end_session, session_id)

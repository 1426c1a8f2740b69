"""Suspensions in PostgreSQL."""

from registry.kit import sql
from registry.kit.database import Tx, affected, convert
from registry.kit.pages import Window
from schemas.access import NewSuspension, Suspension, SuspensionState
from schemas.pages import Page

_sql = sql.load(__package__)


async def regulator(tx: Tx, person_id: int) -> bool:
    """Whether the person holds the role now."""
    return bool(await tx.fetchval(_sql.regulator, person_id))


async def insert_suspension(tx: Tx, body: NewSuspension, by: int) -> int:
    """Suspend both from now on; returns the suspension's id."""
    return int(await tx.fetchval(_sql.insert_suspension, body.person_id, by, body.reason))


async def suspension(tx: Tx, suspension_id: int) -> Suspension | None:
    """One suspension."""
    row = await tx.fetchrow(_sql.suspensions.oldest, 0, 1, suspension_id, None, None)
    return convert(row, Suspension) if row else None


async def suspensions(tx: Tx, window: Window, person_id: int | None, state: SuspensionState | None) -> Page[Suspension]:
    """Suspensions that were ever placed: all, of one person or in one state."""
    rows = await tx.fetch(window.of(_sql.suspensions), *window.args, None, person_id, state)
    return window.page([(row["id"], convert(row, Suspension)) for row in rows])


async def settle(tx: Tx, suspension_id: int, approval_id: int | None, *, confirm: bool) -> bool:
    """Confirm or lift; returns False if it is over, or was confirmed before. No approval: the operator."""
    query = _sql.confirm_suspension if confirm else _sql.lift_suspension
    return affected(await tx.execute(query, suspension_id, approval_id)) == 1

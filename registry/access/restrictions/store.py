"""Restrictions in PostgreSQL."""

import asyncpg

from registry.kit import sql
from registry.kit.database import Tx, affected, convert
from registry.kit.pages import Window
from schemas.access import Actor, Frozen, NewRestriction, Restriction
from schemas.pages import Page

_sql = sql.load(__package__)


async def target_exists(tx: Tx, body: NewRestriction) -> bool:
    """Whether the target of a restriction exists; waits for transactions under way that move credits."""
    await tx.execute(_sql.close_gate)
    query = {"account": _sql.target_account, "project": _sql.target_project, "issuance": _sql.target_issuance}
    return await tx.fetchval(query[body.scope], body.target_id) is not None


async def insert_restriction(tx: Tx, body: NewRestriction, by: Actor) -> int:
    """Begin a freeze now; returns its id."""
    return int(await tx.fetchval(_sql.insert_restriction, body.scope, body.target_id, body.reason, by.person_id))


async def restriction(tx: Tx, restriction_id: int) -> Restriction | None:
    """One restriction."""
    row = await tx.fetchrow(_sql.restriction, restriction_id)
    return convert(row, Restriction) if row else None


async def restrictions(
    tx: Tx, window: Window, scope: Frozen | None, target_id: int | None, *, in_effect: bool | None
) -> Page[Restriction]:
    """Restrictions that were ever placed: all, on one kind of thing or one thing, or those in effect now or not."""
    rows = await tx.fetch(window.of(_sql.restrictions), *window.args, scope, target_id, in_effect)
    return window.page([(row["id"], convert(row, Restriction)) for row in rows])


async def owner(tx: Tx, restriction_id: int) -> int:
    """The organisation that owns what is frozen."""
    return int(await tx.fetchval(_sql.owner, restriction_id))


async def lift_restriction(tx: Tx, restriction_id: int, approval_id: int) -> bool:
    """End a freeze now; returns False if it had ended before."""
    return affected(await tx.execute(_sql.lift_restriction, restriction_id, approval_id)) == 1


async def in_effect(tx: Tx, accounts: list[int], projects: list[int], issuances: list[int]) -> asyncpg.Record | None:
    """The oldest freeze on any of these, or None."""
    return await tx.fetchrow(_sql.in_effect, accounts, projects, issuances)

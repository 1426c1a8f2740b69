"""Role grants in PostgreSQL."""

from datetime import timedelta

from registry.kit import sql
from registry.kit.database import Tx, affected, convert
from registry.kit.pages import Window
from schemas.access import Grant, GrantBody
from schemas.pages import Page

_sql = sql.load(__package__)


async def insert_grant(tx: Tx, body: GrantBody, approval_id: int | None) -> int:
    """Begin a role now, in business time; returns the grant's id."""
    return int(
        await tx.fetchval(_sql.insert_grant, body.person_id, body.organisation_id, body.role, body.until, approval_id)
    )


async def insert_first_grant(tx: Tx, person_id: int, organisation_id: int, role: str) -> None:
    """Begin a role at the first start, before there are two people who could approve it."""
    await tx.execute(_sql.insert_first_grant, person_id, organisation_id, role)


async def people_at(tx: Tx, organisation_id: int) -> frozenset[int]:
    """The people who hold any role at an organisation now."""
    return frozenset(row["person_id"] for row in await tx.fetch(_sql.people_at, organisation_id))


async def people_since(tx: Tx, organisation_id: int, cooling: timedelta) -> frozenset[int]:
    """The people who held any role at an organisation since *cooling* before now."""
    return frozenset(row["person_id"] for row in await tx.fetch(_sql.people_since, organisation_id, cooling))


async def authority(tx: Tx) -> int:
    """The organisation that keeps the registry."""
    return int(await tx.fetchval(_sql.authority))


async def grant(tx: Tx, grant_id: int) -> Grant | None:
    """One grant."""
    row = await tx.fetchrow(_sql.grant, grant_id)
    return convert(row, Grant) if row else None


async def grants(tx: Tx, window: Window) -> Page[Grant]:
    """Every grant ever made."""
    return window.page([(row["id"], convert(row, Grant)) for row in await tx.fetch(_sql.grants, *window.args)])


async def end_grant(tx: Tx, grant_id: int) -> bool:
    """End a role now; returns False if it had ended before."""
    return affected(await tx.execute(_sql.end_grant, grant_id)) == 1


async def roles_ever(tx: Tx, person_id: int) -> int:
    """How many grants the person ever had."""
    return int(await tx.fetchval(_sql.roles_ever, person_id))


async def lock_person(tx: Tx, person_id: int) -> bool:
    """Lock the person's row; returns False if there is no such person."""
    return await tx.fetchval(_sql.lock_person, person_id) is not None


async def organisation_exists(tx: Tx, party_id: int) -> bool:
    """Whether the party is an organisation."""
    return await tx.fetchval(_sql.organisation, party_id) is not None

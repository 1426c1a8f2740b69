"""Role grants in PostgreSQL."""

from collections.abc import Collection, Iterable
from datetime import timedelta

from registry.kit import sql
from registry.kit.database import Tx, affected, convert
from registry.kit.pages import Window
from schemas.access import Colleague, Grant, GrantBody, HeldRole, Role
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


async def insert_colleague_grants(
    tx: Tx, person_id: int, organisation_id: int, roles: Iterable[Role], *, by: int
) -> None:
    """Begin roles that an administrator of the organisation gives."""
    await tx.execute(_sql.insert_colleague_grants, person_id, organisation_id, sorted(roles), by)


async def approved_roles(tx: Tx, organisation_id: int) -> frozenset[Role]:
    """The roles that somebody holds at an organisation now because two people decided it."""
    return frozenset(Role(row["role"]) for row in await tx.fetch(_sql.approved_roles, organisation_id))


async def colleagues(tx: Tx, window: Window, organisation_id: int) -> Page[Colleague]:
    """The people who hold roles at an organisation now."""
    rows = await tx.fetch(_sql.colleagues, *window.args, organisation_id, None)
    return window.page([(row["person_id"], convert(row, Colleague)) for row in rows])


async def colleague(tx: Tx, organisation_id: int, person_id: int) -> Colleague | None:
    """One of them."""
    row = await tx.fetchrow(_sql.colleagues, 0, 1, organisation_id, person_id)
    return convert(row, Colleague) if row else None


async def end_grants_at(tx: Tx, person_id: int, organisation_id: int) -> None:
    """End every role of a person at an organisation now."""
    await tx.execute(_sql.end_grants_at, person_id, organisation_id)


async def people_invited(tx: Tx, organisation_id: int) -> int:
    """How many people an administrator ever gave a role at an organisation."""
    return int(await tx.fetchval(_sql.people_invited, organisation_id))


async def holders_at(tx: Tx, organisation_id: int) -> int:
    """How many people hold a role at the organisation itself now."""
    return int(await tx.fetchval(_sql.holders_at, organisation_id))


async def people_at(tx: Tx, organisation_id: int) -> frozenset[int]:
    """The people who hold any role at an organisation now, or at one that owns it."""
    return frozenset(row["person_id"] for row in await tx.fetch(_sql.people_at, organisation_id))


async def held_by(tx: Tx, people: Collection[int]) -> list[tuple[int, HeldRole]]:
    """The roles that some people hold now."""
    rows = await tx.fetch(_sql.held_by, list(people))
    return [(row["person_id"], HeldRole(Role(row["role"]), row["organisation_id"])) for row in rows]


async def holders(tx: Tx, role: Role) -> frozenset[int]:
    """The people who hold a role now, anywhere."""
    return frozenset(row["person_id"] for row in await tx.fetch(_sql.holders, role.value))


async def people_since(tx: Tx, organisations: Iterable[int], cooling: timedelta) -> frozenset[int]:
    """The people who held any role at one of the organisations since *cooling* before now."""
    return frozenset(row["person_id"] for row in await tx.fetch(_sql.people_since, list(organisations), cooling))


async def authority(tx: Tx) -> int:
    """The organisation that keeps the registry."""
    return int(await tx.fetchval(_sql.authority))


async def grant(tx: Tx, grant_id: int) -> Grant | None:
    """One grant."""
    row = await tx.fetchrow(_sql.grant, grant_id)
    return convert(row, Grant) if row else None


async def grants(
    tx: Tx, window: Window, role: Role | None, organisation_id: int | None, *, in_effect: bool | None
) -> Page[Grant]:
    """Grants that were ever made: all, of one role, at one organisation, or those in effect now or not."""
    rows = await tx.fetch(window.of(_sql.grants), *window.args, role, organisation_id, in_effect)
    return window.page([(row["id"], convert(row, Grant)) for row in rows])


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

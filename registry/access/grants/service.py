"""Giving and ending roles; two people give, one may end."""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from registry.access import authorisation as access
from registry.access.approvals import service as approvals
from registry.access.grants import rules, store
from registry.access.persons import service as persons
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once, still_in
from registry.kit.pages import Window
from registry.kit.problems import AlreadyEnded, Unknown
from schemas.access import Approved, Call, Colleague, Grant, GrantBody, HeldRole, Role
from schemas.pages import Page


async def grant_role(approved: Approved, *, call: Call, db: Database) -> Grant:
    """Give a person a role at an organisation, by two people."""

    async def work(tx: Tx) -> Written[Grant]:
        body = await approvals.use_approval_in(tx, approved, GrantBody, by=call.by)
        await lock_person_in(tx, body.person_id)
        if not await store.organisation_exists(tx, body.organisation_id):
            raise Unknown(f"There is no organisation {body.organisation_id}.")
        authority_id = await store.authority(tx)
        rules.check_place(body, authority_id)
        if body.organisation_id != authority_id:  # its own people have nobody else who could
            await refuse_own_in(tx, await approvals.both_in(tx, approved, call), body.organisation_id, "a role there")
        rules.check_until(body.until, await clock.now_in(tx))
        grant_id = await store.insert_grant(tx, body, approved.approval_id)
        return Written(grant_id, await _grant_again(tx, str(grant_id)))

    return await once(db, call, work, _grant_again)


async def grant_first_in(tx: Tx, person_id: int, organisation_id: int, role: Role) -> None:
    """Give a role at the first start, before there are two people who could approve it."""
    await store.insert_first_grant(tx, person_id, organisation_id, role)


async def refuse_own_in(tx: Tx, people: Collection[int], organisation_id: int, what: str) -> None:
    """Raise `OwnOrganisation` if one of *people* belongs to the organisation for which they decide, or to an owner."""
    for person_id in sorted(await store.people_at(tx, organisation_id) & set(people)):
        raise access.OwnOrganisation(
            f"Person {person_id} belongs to organisation {organisation_id} or to one that owns it, and this decides "
            f"for it ({what}). Somebody who belongs elsewhere has to.",
            organisation_id=organisation_id,
        )


async def held_by_in(tx: Tx, people: Collection[int]) -> dict[int, tuple[HeldRole, ...]]:
    """The roles that each of some people holds now."""
    found: dict[int, tuple[HeldRole, ...]] = dict.fromkeys(people, ())
    for person_id, held in await store.held_by(tx, people):
        found[person_id] = (*found[person_id], held)
    return found


async def holders_in(tx: Tx, role: Role) -> frozenset[int]:
    """The people who hold a role now, anywhere."""
    return await store.holders(tx, role)


async def people_since_in(tx: Tx, organisations: Iterable[int], cooling: timedelta) -> frozenset[int]:
    """The people who hold any role at one of them, or held one within the period before now (business time)."""
    return await store.people_since(tx, organisations, cooling)


async def give_colleague_in(tx: Tx, person_id: int, organisation_id: int, roles: Sequence[Role], *, by: int) -> None:
    """Give roles that an administrator may give at their organisation. Raises `NotForAdministrators`."""
    rules.check_given_by_administrator(roles, await store.approved_roles(tx, organisation_id), organisation_id)
    await store.insert_colleague_grants(tx, person_id, organisation_id, set(roles), by=by)


async def given_by_administrator_in(tx: Tx, organisation_id: int) -> tuple[Role, ...]:
    """The roles that an administrator may give at their organisation."""
    return tuple(sorted(rules.given_by_administrator(await store.approved_roles(tx, organisation_id))))


async def colleagues_in(tx: Tx, window: Window, organisation_id: int) -> Page[Colleague]:
    """The people who hold roles at an organisation now."""
    return await store.colleagues(tx, window, organisation_id)


async def end_colleague_in(tx: Tx, person_id: int, organisation_id: int) -> Colleague:
    """End every role of a person at an organisation; returns who they were. May raise `NotForAdministrators`."""
    await lock_person_in(tx, person_id)
    found = await store.colleague(tx, organisation_id, person_id)
    if found is None:
        raise Unknown(f"Person {person_id} holds no role at organisation {organisation_id}.")
    rules.check_ended_by_administrator(found)
    await store.end_grants_at(tx, person_id, organisation_id)
    return found


async def number_at_in(tx: Tx, organisation_id: int) -> int:
    """How many people hold a role at an organisation now."""
    return await store.holders_at(tx, organisation_id)


async def number_invited_in(tx: Tx, organisation_id: int) -> int:
    """How many people were ever invited to an organisation."""
    return await store.people_invited(tx, organisation_id)


async def end_grant(grant_id: int, *, call: Call, db: Database) -> Grant:
    """End a role now. One regulator may: this only takes power away."""

    async def work(tx: Tx) -> Written[Grant]:
        await _grant_again(tx, str(grant_id))
        power = await persons.power_in(tx)
        await still_in(tx, call.by, call.permitted)  # before: the role may be the caller's own
        if not await store.end_grant(tx, grant_id):
            raise AlreadyEnded(f"Grant {grant_id} has already ended.")
        await persons.refuse_powerless_in(tx, power)
        return Written(grant_id, await _grant_again(tx, str(grant_id)))

    return await once(db, call, work, _grant_again, looks_itself=True)


async def _grant_again(tx: Tx, grant_id: str) -> Grant:
    if grant := await store.grant(tx, int(grant_id)):
        return grant
    raise Unknown(f"There is no grant {grant_id}.")


async def grants(
    window: Window,
    *,
    db: Database,
    role: Role | None = None,
    organisation_id: int | None = None,
    in_effect: bool | None = None,
) -> Page[Grant]:
    """List grants: all, of one role, at one organisation, or those in effect now or not."""
    async with db.reading() as tx:
        return await store.grants(tx, window, role, organisation_id, in_effect=in_effect)


async def lock_person_in(tx: Tx, person_id: int) -> None:
    """Lock a person before their keys or roles change. Raises `Unknown`."""
    if not await store.lock_person(tx, person_id):
        raise Unknown(f"There is no person {person_id}.")


async def held_any_role_in(tx: Tx, person_id: int) -> bool:
    """Whether the person was ever given a role."""
    return await store.roles_ever(tx, person_id) > 0

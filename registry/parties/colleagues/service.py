"""Invite people to one's own organisation, list and remove them."""

from msgspec import structs

from registry.access import authorisation as access
from registry.access.grants import service as grants
from registry.access.keys import service as keys
from registry.access.keys.rules import Keyring
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.kit.quotas import DEFAULT, Quotas
from registry.parties import store
from registry.parties.colleagues import rules
from schemas.access import Call, Colleague, NewColleague, Role
from schemas.pages import Page


async def invite(
    organisation_id: int,
    body: NewColleague,
    *,
    call: Call,
    db: Database,
    keyring: Keyring,
    quotas: Quotas = DEFAULT,
) -> Colleague:
    """
    Register a person with roles at the organisation, and make their key; its secret is shown once.

    It is a first key: it works once, to make the person's own (`POST /v1/me/keys`). Raises `NotYours`,
    `NotForAdministrators`, `QuotaUsedUp`. If the answer was lost, remove the person and send a new request.
    """
    access.authorise_for(call, organisation_id)

    async def work(tx: Tx) -> Written[Colleague]:
        await quotas.admit_in(tx, "people", organisation_id, grants.number_at_in)
        await quotas.admit_in(tx, "invitations", organisation_id, grants.number_invited_in)
        await quotas.admit_in(tx, "region_people", 0, store.number_of_people)
        await keys.refuse_more_in(tx, organisation_id, quotas)
        person = await store.insert_person(tx, body.name)
        await grants.give_colleague_in(tx, person.id, organisation_id, body.roles, by=call.by.person_id)
        key = await keys.first_key_in(tx, person.id, by=call.by.person_id, keyring=keyring)
        made = Colleague(person_id=person.id, name=person.name, roles=tuple(sorted(set(body.roles))), key=key)
        return Written(person.id, made)

    async def again(tx: Tx, person_id: str) -> Colleague:
        if person := await store.person(tx, int(person_id)):
            return Colleague(person_id=person.id, name=person.name, roles=tuple(sorted(set(body.roles))))
        raise Unknown(f"There is no person {person_id}.")

    return await once(db, call, work, again)


async def colleagues(organisation_id: int, window: Window, *, asked: Call, db: Database) -> Page[Colleague]:
    """The people who hold roles at an organisation of the caller's."""
    access.authorise_for(asked, organisation_id)
    async with db.reading() as tx:
        return await grants.colleagues_in(tx, window, organisation_id)


async def roles_to_give(organisation_id: int, *, asked: Call, db: Database) -> tuple[Role, ...]:
    """What the caller may give somebody whom they invite; nothing if they may not invite. Raises `NotYours`."""
    access.authorise_for(asked, organisation_id)
    async with db.reading() as tx:
        return await grants.given_by_administrator_in(tx, organisation_id)


async def remove(organisation_id: int, person_id: int, *, call: Call, db: Database) -> Colleague:
    """
    End every role of a person at the organisation; returns them with none. What they may do elsewhere stays.

    Raises `NotYours`, `RemovesThemselves`, `NotForAdministrators`, `Unknown`.
    """
    access.authorise_for(call, organisation_id)
    rules.check_somebody_else(person_id, call.by.person_id)

    async def work(tx: Tx) -> Written[Colleague]:
        found = await grants.end_colleague_in(tx, person_id, organisation_id)
        return Written(person_id, structs.replace(found, roles=()))

    async def again(tx: Tx, removed: str) -> Colleague:
        if person := await store.person(tx, int(removed)):
            return Colleague(person_id=person.id, name=person.name, roles=())
        raise Unknown(f"There is no person {removed}.")

    return await once(db, call, work, again)

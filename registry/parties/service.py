"""The region and its clock, organisations, people, accounts; and what the first start creates."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.access import authorisation as access
from registry.access.grants import service as grants
from registry.access.keys import service as keys
from registry.access.keys.rules import Keyring
from registry.kit import clock, lettering
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once, still_in
from registry.kit.pages import Window
from registry.kit.problems import Unavailable, Unknown
from registry.kit.quotas import DEFAULT, Quotas
from registry.parties import rules, store
from schemas.access import Call, Role
from schemas.custody import Beneficiary, Trader
from schemas.identifiers import Identifier
from schemas.pages import Page
from schemas.parties import (
    Account,
    NewAccount,
    NewOrganisation,
    NewOrganisationKind,
    NewPerson,
    Organisation,
    Person,
    Region,
    SetClock,
)
from schemas.search import Found


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What the first start creates: the region, its authority, and two regulator people with a key each."""

    region: Region
    authority: str
    authority_id: Identifier
    regulators: tuple[str, str]


async def create_region_once(
    first: FirstStart, *, db: Database, keyring: Keyring, keep: Callable[[int, str], str]
) -> Region:
    """
    Create the region with two regulator people, unless it exists.

    *keep* takes a regulator's number and a fresh secret, stores the secret durably and returns the one that is stored.
    It runs before the commit: after a crash in between, the next start finds the same secrets and uses them.
    """

    async def work(tx: Tx) -> Region:
        if region := await store.region(tx):
            return region
        await store.insert_region(tx, first.region)
        authority = await store.insert_organisation(
            tx, NewOrganisation(name=first.authority, identifiers=(first.authority_id,))
        )
        await store.insert_account(tx, authority, "buffer", "Non-permanence buffer")
        for number, name in enumerate(first.regulators, start=1):
            person = await store.insert_person(tx, name)
            await grants.grant_first_in(tx, person.id, authority, Role.REGULATOR)
            secret = keep(number, keyring.new_secret())
            await keys.first_key_in(tx, person.id, by=None, keyring=keyring, secret=secret)
        return first.region

    return await db.transaction(work)


async def find_region(*, db: Database) -> Region | None:
    """The region, or None before its first start."""
    async with db.reading() as tx:
        return await store.region(tx)


async def region(*, db: Database) -> Region:
    """The region and its business time."""
    async with db.reading() as tx:
        return await region_in(tx)


async def region_in(tx: Tx) -> Region:
    """The region, inside a transaction."""
    if found := await store.region(tx):
        return found
    raise Unavailable("This registry has no region yet: its first start has not finished.")


async def set_clock(body: SetClock, *, call: Call, db: Database) -> Region:
    """Move a simulated region's business time forward."""

    async def work(tx: Tx) -> Written[Region]:
        await clock.hold_in(tx)
        await still_in(tx, call.by, call.permitted)  # before: the role may end by the time to which it is moved
        at = await clock.advance_in(tx, body.at)
        return Written(clock.stamp(at), await region_in(tx))

    async def again(tx: Tx, _: str) -> Region:
        return await region_in(tx)

    return await once(db, call, work, again, looks_itself=True)


async def create_organisation(
    body: NewOrganisation, *, call: Call, db: Database, quotas: Quotas = DEFAULT
) -> Organisation:
    """Register an organisation. Raises `IdentifierTaken`, `QuotaUsedUp`, `NoGlyph`."""
    lettering.require_drawn((body.name,))

    async def work(tx: Tx) -> Written[Organisation]:
        await quotas.admit_in(tx, "organisations", 0, store.number_of_organisations)
        if body.parent_id is not None:
            await organisation_in(tx, body.parent_id)
        organisation_id = await store.insert_organisation(tx, body)
        return Written(organisation_id, await organisation_in(tx, organisation_id))

    async def again(tx: Tx, organisation_id: str) -> Organisation:
        return await organisation_in(tx, int(organisation_id))

    return await once(db, call, work, again)


async def set_kind(organisation_id: int, body: NewOrganisationKind, *, call: Call, db: Database) -> Organisation:
    """Say what an organisation is as a buyer. Raises `Unknown`, `OwnOrganisation`."""

    async def work(tx: Tx) -> Written[Organisation]:
        await organisation_in(tx, organisation_id)
        await grants.refuse_own_in(tx, [call.by.person_id], organisation_id, "what it may buy")
        number = await store.record_kind(tx, organisation_id, body, call.by.person_id)
        return Written(number, await organisation_in(tx, organisation_id))

    async def again(tx: Tx, _: str) -> Organisation:
        return await organisation_in(tx, organisation_id)

    return await once(db, call, work, again)


async def organisation(organisation_id: int, *, db: Database) -> Organisation:
    """One organisation."""
    async with db.reading() as tx:
        return await organisation_in(tx, organisation_id)


async def organisation_in(tx: Tx, organisation_id: int) -> Organisation:
    """One organisation, inside a transaction. Raises `Unknown`."""
    if found := await store.organisation(tx, organisation_id):
        return found
    raise Unknown(f"There is no organisation {organisation_id}.")


async def organisation_known_as_in(tx: Tx, identifier: Identifier) -> Organisation:
    """The organisation that is registered under an identifier. Raises `Unknown`."""
    if found := await store.identified(tx, identifier):
        return await organisation_in(tx, found)
    raise Unknown(f"No organisation is registered here under the {identifier.scheme.upper()} {identifier.value}.")


async def organisations(window: Window, *, db: Database, name: str | None = None) -> Page[Organisation]:
    """All organisations, or those with *name* in their names, in large or small letters."""
    async with db.reading() as tx:
        return await store.organisations(tx, window, name)


async def names_in(tx: Tx, organisation_ids: Collection[int]) -> dict[int, str]:
    """The names of some organisations, by their numbers."""
    return await store.names(tx, organisation_ids)


async def people_in(tx: Tx, person_ids: Collection[int]) -> dict[int, str]:
    """The names of some people, by their numbers: for those who decide with them or look on."""
    return await store.people(tx, person_ids)


async def accounts_in(tx: Tx, organisation_id: int) -> tuple[Account, ...]:
    """The accounts of one organisation, for those who decide what goes to them; 200 at most."""
    return (await store.accounts(tx, Window(None, 200), (organisation_id,), None)).items


async def search_in(tx: Tx, words: str, limit: int) -> list[Found]:
    """Organisations by name or identifier."""
    return await store.search(tx, words, limit)


async def create_person(body: NewPerson, *, call: Call, db: Database, quotas: Quotas = DEFAULT) -> Person:
    """Register a person. They can do nothing until they have a key and a role. Raises `QuotaUsedUp`."""

    async def work(tx: Tx) -> Written[Person]:
        await quotas.admit_in(tx, "region_people", 0, store.number_of_people)
        person = await store.insert_person(tx, body.name)
        return Written(person.id, person)

    async def again(tx: Tx, person_id: str) -> Person:
        if person := await store.person(tx, int(person_id)):
            return person
        raise Unknown(f"There is no person {person_id}.")

    return await once(db, call, work, again)


async def new_person_in(tx: Tx, name: str) -> int:
    """Register a person, inside a transaction."""
    return (await store.insert_person(tx, name)).id


async def authority_in(tx: Tx) -> int:
    """The organisation that keeps the registry: it owns the buffer account from the first start on."""
    return await store.authority(tx)


async def open_account(body: NewAccount, *, call: Call, db: Database, quotas: Quotas = DEFAULT) -> Account:
    """Open a holding account for an organisation. Raises `QuotaUsedUp`."""

    async def work(tx: Tx) -> Written[Account]:
        await organisation_in(tx, body.owner_id)
        await quotas.admit_in(tx, "accounts", body.owner_id, store.accounts_of)
        account = await store.insert_account(tx, body.owner_id, "holding", body.name)
        return Written(account.id, account)

    async def again(tx: Tx, account_id: str) -> Account:
        return await account_in(tx, int(account_id))

    return await once(db, call, work, again)


async def accounts_of_in(tx: Tx, organisation_id: int) -> int:
    """How many accounts an organisation has."""
    return await store.accounts_of(tx, organisation_id)


async def region_usage_in(tx: Tx) -> dict[str, int]:
    """How much of the region's quotas for organisations and people is used."""
    return {
        "organisations": await store.number_of_organisations(tx, 0),
        "region_people": await store.number_of_people(tx, 0),
    }


async def account(account_id: int, *, asked: Call, db: Database) -> Account:
    """Return one account of the caller's organisations; overseers may see any."""
    async with db.reading() as tx:
        found = await account_in(tx, account_id)
    access.authorise_for(asked, found.owner_id)
    return found


async def account_in(tx: Tx, account_id: int) -> Account:
    """One account, inside a transaction, of any owner. Raises `Unknown`."""
    if found := await store.account(tx, account_id):
        return found
    raise Unknown(f"There is no account {account_id}.")


async def accounts(window: Window, *, asked: Call, db: Database, owner_id: int | None = None) -> Page[Account]:
    """List the accounts of the caller's organisations, or of one of them; overseers see all."""
    owners = None if access.oversees(asked.by) else access.organisations_of(asked.by)
    async with db.reading() as tx:
        return await store.accounts(tx, window, owners, owner_id)


async def trader_in(tx: Tx, account_id: int) -> Trader:
    """Return an account as the exchange sees it. Raises `Unknown`."""
    return (await dated_trader_in(tx, account_id))[0]


async def dated_trader_in(tx: Tx, account_id: int) -> tuple[Trader, datetime | None]:
    """Return an account as the exchange sees it, and the business time at which its ownership next changes, if any."""
    if found := await store.trader(tx, account_id):
        return found
    raise Unknown(f"There is no account {account_id}.")


async def groups_in(tx: Tx, account_ids: Sequence[int]) -> dict[int, Beneficiary]:
    """Return who owns each of some accounts in the end, as of business time."""
    return await store.groups(tx, account_ids)


async def buffer_account_in(tx: Tx) -> int:
    """The region's buffer account."""
    return await store.buffer_account(tx)


async def lock_accounts_in(tx: Tx, account_ids: Iterable[int]) -> dict[int, rules.LockedAccount]:
    """
    Lock those of the accounts that exist, in id order, and pass the gate of freezes.

    A freeze that was placed before is seen from here on, and one that comes waits for *tx*. What the accounts hold is
    safe to read in a new statement.
    """
    return await store.lock_accounts(tx, account_ids)


async def lock_account_in(tx: Tx, account_id: int) -> None:
    """Lock one account, as `lock_accounts_in` does."""
    await store.lock_accounts(tx, [account_id])


async def log_origin_in(tx: Tx) -> str | None:
    """The origin of the region's public log, or None before the first start."""
    return await store.log_origin(tx)


async def refuse_conflict_in(
    tx: Tx,
    *,
    verifiers: Iterable[int],
    people: frozenset[int],
    owner_id: int,
    drafters: frozenset[int],
    what: str,
) -> None:
    """
    Raise `VerifierConflict` if one of the *verifiers* is too close to the owner of *what* is judged now.

    *people* count as each verifier's. The owner's are also those of all that own it, and the *drafters* of what is
    judged for ever.
    """
    above = await store.ancestors(tx, owner_id)
    acting = await grants.people_since_in(tx, {owner_id, *above}, rules.COOLING)
    owner = rules.Standing(owner_id, above, acting | drafters)
    for verifier_id in sorted(verifiers):
        acting = await grants.people_since_in(tx, {verifier_id}, rules.COOLING)
        above = await store.ancestors(tx, verifier_id)
        rules.refuse_conflict(rules.Standing(verifier_id, above, acting | people), owner, what)

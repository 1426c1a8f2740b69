"""Parties and accounts in PostgreSQL."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import asyncpg
import msgspec

from registry.kit import clock, sql
from registry.kit.database import Tx, constraint, convert, fetch_one
from registry.kit.pages import Window
from registry.kit.search import like
from registry.parties.rules import IdentifierTaken, LockedAccount
from schemas.custody import Beneficiary, Trader
from schemas.identifiers import Identifier
from schemas.pages import Page
from schemas.parties import Account, NewOrganisation, NewOrganisationKind, Organisation, Person, Region
from schemas.search import Found

_sql = sql.load(__package__)


async def region(tx: Tx) -> Region | None:
    """The region, or None before the first start."""
    row = await tx.fetchrow(_sql.region)
    return convert(row, Region) if row else None


async def log_origin(tx: Tx) -> str | None:
    """The origin of the region's public log, or None before the first start."""
    found: str | None = await tx.fetchval(_sql.log_origin)
    return found


async def insert_region(tx: Tx, region: Region) -> None:
    """Create the region with its clock."""
    await tx.execute(
        _sql.insert_region,
        region.id,
        region.name,
        region.serial_region,
        region.programme,
        region.simulated,
        region.log_origin,
    )
    await clock.begin_in(tx, region.business_time, simulated=region.simulated)


async def insert_person(tx: Tx, name: str) -> Person:
    """Register a person."""
    return convert(await fetch_one(tx, _sql.insert_party, "person", name), Person)


async def authority(tx: Tx) -> int:
    """The organisation that keeps the registry."""
    return int(await tx.fetchval(_sql.authority))


async def insert_organisation(tx: Tx, body: NewOrganisation) -> int:
    """Register an organisation with its identifiers and owner."""
    row = await fetch_one(tx, _sql.insert_party, "organisation", body.name)
    for each in body.identifiers:
        taken = IdentifierTaken(
            f"The {each.scheme.upper()} {each.value} belongs to an organisation that is registered already.",
            identifier=each.value,
        )
        with constraint("party_identifier_taken", taken):
            await tx.execute(_sql.insert_identifier, each.scheme, each.value, row["id"])
    if body.parent_id is not None:
        await tx.execute(_sql.insert_ownership, row["id"], body.parent_id)
    return int(row["id"])


async def person(tx: Tx, person_id: int) -> Person | None:
    """One person."""
    row = await tx.fetchrow(_sql.person, person_id)
    return convert(row, Person) if row else None


async def organisation(tx: Tx, organisation_id: int) -> Organisation | None:
    """One organisation."""
    row = await tx.fetchrow(_sql.organisations.oldest, organisation_id - 1, 1, organisation_id, None)
    return _organisation(row) if row else None


async def identified(tx: Tx, identifier: Identifier) -> int | None:
    """The organisation with an identifier."""
    found: int | None = await tx.fetchval(_sql.identified, identifier.scheme, identifier.value)
    return found


async def organisations(tx: Tx, window: Window, name: str | None) -> Page[Organisation]:
    """All organisations, or those with *name* in their names."""
    rows = await tx.fetch(window.of(_sql.organisations), *window.args, None, name)
    return window.page([(row["id"], _organisation(row)) for row in rows])


def _organisation(row: asyncpg.Record) -> Organisation:
    pairs = (each.split(":", 1) for each in row["identifiers"])
    identifiers = tuple(msgspec.convert({"scheme": scheme, "value": value}, Identifier) for scheme, value in pairs)
    return Organisation(
        id=row["id"],
        name=row["name"],
        identifiers=identifiers,
        parent_id=row["parent_id"],
        created_at=row["created_at"],
        kind=row["kind"],
    )


async def record_kind(tx: Tx, organisation_id: int, body: NewOrganisationKind, person_id: int) -> int:
    """Store what an organisation is as a buyer from now on; returns the number of the record."""
    return int(await tx.fetchval(_sql.record_kind, organisation_id, body.kind, body.why, person_id))


async def names(tx: Tx, organisation_ids: Collection[int]) -> dict[int, str]:
    """The names of some organisations, by their numbers."""
    return {row["id"]: row["name"] for row in await tx.fetch(_sql.names, list(organisation_ids))}


async def people(tx: Tx, person_ids: Collection[int]) -> dict[int, str]:
    """The names of some people, by their numbers."""
    return {row["id"]: row["name"] for row in await tx.fetch(_sql.people, list(person_ids))}


async def search(tx: Tx, words: str, limit: int) -> list[Found]:
    """Organisations whose name has *words*, or whose identifier they are."""
    rows = await tx.fetch(_sql.search, like(words), words, limit)
    return [
        Found(
            kind="organisation",
            id=str(row["id"]),
            title=row["name"],
            about=row["identifier"] or "",
            exact=bool(row["exact"]),
        )
        for row in rows
    ]


async def ancestors(tx: Tx, organisation_id: int) -> frozenset[int]:
    """The organisations that own an organisation now, directly or through others."""
    return frozenset(row["id"] for row in await tx.fetch(_sql.ancestors, organisation_id))


async def insert_account(tx: Tx, owner_id: int, type_: str, name: str) -> Account:
    """Open an account."""
    return convert(await fetch_one(tx, _sql.insert_account, owner_id, type_, name), Account)


async def account(tx: Tx, account_id: int) -> Account | None:
    """One account."""
    row = await tx.fetchrow(_sql.account, account_id)
    return convert(row, Account) if row else None


async def accounts(tx: Tx, window: Window, owners: tuple[int, ...] | None, owner_id: int | None) -> Page[Account]:
    """Accounts of *owners*, or all; of these, those of one owner or all."""
    rows = await tx.fetch(window.of(_sql.accounts), *window.args, owners, owner_id)
    return window.page([(row["id"], convert(row, Account)) for row in rows])


async def trader(tx: Tx, account_id: int) -> tuple[Trader, datetime | None] | None:
    """An account as the exchange sees it, and when its ownership next changes by the clock alone."""
    row = await tx.fetchrow(_sql.trader, account_id)
    if row is None:
        return None
    values = dict(row)
    until = values.pop("until")
    return Trader(**values), until


async def groups(tx: Tx, account_ids: Sequence[int]) -> dict[int, Beneficiary]:
    """Who owns each of some accounts in the end."""
    rows = await tx.fetch(_sql.groups, account_ids)
    return {row["account_id"]: Beneficiary(row["group_id"], row["kind"]) for row in rows}


async def buffer_account(tx: Tx) -> int:
    """The region's one buffer account."""
    return int(await tx.fetchval(_sql.buffer_account))


async def lock_accounts(tx: Tx, account_ids: Iterable[int]) -> dict[int, LockedAccount]:
    """Lock accounts in id order; what they hold is then safe to read in a new statement."""
    rows = await tx.fetch(_sql.lock_accounts, sorted(set(account_ids)))
    return {row["id"]: LockedAccount(row["id"], row["owner_id"], row["type"], row["status"]) for row in rows}


async def number_of_organisations(tx: Tx, _: int) -> int:
    """How many organisations the region has."""
    return int(await tx.fetchval(_sql.number_of_parties, "organisation"))


async def number_of_people(tx: Tx, _: int) -> int:
    """How many people the region has."""
    return int(await tx.fetchval(_sql.number_of_parties, "person"))


async def accounts_of(tx: Tx, organisation_id: int) -> int:
    """How many accounts an organisation has."""
    return int(await tx.fetchval(_sql.accounts_of, organisation_id))

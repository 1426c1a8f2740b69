"""Parties and accounts in PostgreSQL."""

from datetime import datetime

import asyncpg
import msgspec

from registry.kit import sql
from registry.kit.database import Tx, constraint, convert, fetch_one
from registry.kit.pages import Window
from registry.parties.rules import IdentifierTaken, Standing
from schemas.custody import Trader
from schemas.identifiers import Identifier
from schemas.pages import Page
from schemas.parties import Account, NewOrganisation, Organisation, Person, Region

_sql = sql.load(__package__)


async def region(tx: Tx) -> Region | None:
    """The region, or None before the first start."""
    row = await tx.fetchrow(_sql.region)
    return convert(row, Region) if row else None


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
    await tx.execute(_sql.insert_clock, region.simulated, region.business_time)


async def insert_person(tx: Tx, name: str) -> Person:
    """Register a person."""
    return convert(await fetch_one(tx, _sql.insert_party, "person", name), Person)


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


async def insert_role(tx: Tx, person_id: int, organisation_id: int, role: str) -> None:
    """Grant a role at the first start, before there are two people who could approve it."""
    await tx.execute(_sql.insert_role, person_id, organisation_id, role)


async def person(tx: Tx, person_id: int) -> Person | None:
    """One person."""
    row = await tx.fetchrow(_sql.person, person_id)
    return convert(row, Person) if row else None


async def organisation(tx: Tx, organisation_id: int) -> Organisation | None:
    """One organisation."""
    row = await tx.fetchrow(_sql.organisations, organisation_id - 1, 1, organisation_id)
    return _organisation(row) if row else None


async def organisations(tx: Tx, window: Window) -> Page[Organisation]:
    """All organisations."""
    rows = await tx.fetch(_sql.organisations, *window.args, None)
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
    )


async def standing(tx: Tx, organisation_id: int) -> Standing:
    """The present facts about an organisation that decide about conflicts of interest."""
    row = await fetch_one(tx, _sql.standing, organisation_id)
    return Standing(organisation_id, frozenset(row["parents"]), frozenset(row["people"]))


async def insert_account(tx: Tx, owner_id: int, type_: str, name: str) -> Account:
    """Open an account."""
    return convert(await fetch_one(tx, _sql.insert_account, owner_id, type_, name), Account)


async def account(tx: Tx, account_id: int) -> Account | None:
    """One account."""
    row = await tx.fetchrow(_sql.account, account_id)
    return convert(row, Account) if row else None


async def accounts(tx: Tx, window: Window, owners: tuple[int, ...] | None) -> Page[Account]:
    """Accounts of *owners*, or all."""
    rows = await tx.fetch(_sql.accounts, *window.args, owners)
    return window.page([(row["id"], convert(row, Account)) for row in rows])


async def trader(tx: Tx, account_id: int) -> tuple[Trader, datetime | None] | None:
    """An account as the exchange sees it, and when its ownership next changes by the clock alone."""
    row = await tx.fetchrow(_sql.trader, account_id)
    if row is None:
        return None
    values = dict(row)
    until = values.pop("until")
    return Trader(**values), until


async def buffer_account(tx: Tx) -> int:
    """The region's one buffer account."""
    return int(await tx.fetchval(_sql.buffer_account))

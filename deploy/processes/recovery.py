"""
`kilnwood recover`: what the operator does on the server when the regulators cannot decide any more.

Each act is one transaction, and a statement in the public log that names the persons by their numbers: anybody who
watches the log sees that power was given otherwise than by two people. The first keys that it makes count as the
operator's hands (registry/access/persons/rules.py).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import asyncpg
from msgspec import ValidationError, convert

from deploy import secrets
from deploy.pool import connect_pool
from deploy.postgres.programs import PostgresUnavailable
from deploy.processes.borrowed import borrowed
from deploy.processes.first_start import CannotServe, require_ours
from deploy.settings import Settings
from registry.access.grants import service as grants
from registry.access.keys import service as keys
from registry.access.keys.rules import Keyring
from registry.access.suspensions import service as suspensions
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.ids import new
from registry.kit.problems import DomainError, Unavailable
from registry.parties import service as parties
from registry.transparency import service as log
from schemas import texts
from schemas.access import Role
from schemas.parties import RegionProfile
from schemas.scalars import Name, Text
from schemas.statements import RecoveryStatement

Act = Literal["confirm-suspension", "lift-suspension", "new-key", "new-regulator"]


class CannotRecover(Exception):
    """Nothing was changed; the text says why, and what to do."""


class HandedKey(NamedTuple):
    """The person whose keys were made anew, where the first key is, and the statement in the public log."""

    person_id: int
    key_file: Path
    statement: str


async def settle_suspension(settings: Settings, suspension_id: int, *, confirm: bool, reason: str) -> str:
    """Confirm or lift a suspension; returns the hash of the statement. Raises `CannotRecover`."""
    why = _checked(reason, Text, "reason")

    async def work(tx: Tx) -> str:
        found = await suspensions.suspension_in(tx, suspension_id)
        await suspensions.settle_in(tx, suspension_id, None, confirm=confirm)
        act: Act = "confirm-suspension" if confirm else "lift-suspension"
        return await _said_in(tx, act, (found.person_id, found.placed_by), why)

    async with _database(settings) as db:
        return await db.transaction(work)


async def new_key(settings: Settings, person_id: int, *, reason: str) -> HandedKey:
    """End all keys of a person and make a first key for them, in a file of mode 0600. Raises `CannotRecover`."""

    async def person_in(tx: Tx) -> int:
        await grants.lock_person_in(tx, person_id)
        await keys.end_all_in(tx, person_id)
        return person_id

    return await _with_first_key(settings, person_in, "new-key", reason)


async def new_regulator(settings: Settings, name: str, *, reason: str) -> HandedKey:
    """Register a person with a first key who is a regulator at the authority. Raises `CannotRecover`."""
    called = _checked(name, Name, "name")

    async def person_in(tx: Tx) -> int:
        person_id = await parties.new_person_in(tx, called)
        await grants.grant_first_in(tx, person_id, await parties.authority_in(tx), Role.REGULATOR)
        return person_id

    return await _with_first_key(settings, person_in, "new-regulator", reason)


def _checked(text: str, kind: Any, what: str) -> str:  # noqa: ANN401 - a string with bounds is no class
    """The text as the public log takes it, without blanks around it. Raises `CannotRecover`."""
    try:
        checked: str = convert(text.strip(), kind)
    except ValidationError as error:
        raise CannotRecover(f"The {what} cannot be used: {error}.") from error
    if fault := texts.fault(checked, lines=kind is Text):
        raise CannotRecover(f"The {what} cannot be used: {fault}.")
    return checked


async def _with_first_key(
    settings: Settings, person_in: Callable[[Tx], Awaitable[int]], act: Act, reason: str
) -> HandedKey:
    why = _checked(reason, Text, "reason")
    async with _database(settings) as db:
        with _fresh_key(settings) as fresh:

            async def work(tx: Tx) -> HandedKey:
                return await _first_key_in(tx, fresh, await person_in(tx), act, why)

            return await db.transaction(work)


class _FreshKey(NamedTuple):
    """A secret that is on disk before anything in the database knows its hash."""

    path: Path
    keyring: Keyring
    secret: str


@contextmanager
def _fresh_key(settings: Settings) -> Iterator[_FreshKey]:
    """
    Make a key, and remove its file again if the act is refused.

    Where the connection breaks during the commit the key may work, so that the file stays.
    """
    try:
        keyring = Keyring(secrets.pepper(settings.data_dir), "sim" if settings.simulated else "live")
        path = secrets.folder_of(settings.data_dir) / f"{new('recovery')}.key"
        fresh = _FreshKey(path, keyring, secrets.kept(path, keyring.new_secret()))
    except secrets.SecretTrouble as error:
        raise CannotRecover(f"{error}. Recovery runs on the machine that has the data folder.") from error
    try:
        yield fresh
    except DomainError as error:
        if not isinstance(error, Unavailable):
            path.unlink(missing_ok=True)
        raise


async def _first_key_in(tx: Tx, fresh: _FreshKey, person_id: int, act: Act, reason: str) -> HandedKey:
    await keys.first_key_in(tx, person_id, by=None, keyring=fresh.keyring, secret=fresh.secret)
    return HandedKey(person_id, fresh.path, await _said_in(tx, act, (person_id,), reason))


async def _said_in(tx: Tx, act: Act, people: tuple[int, ...], reason: str) -> str:
    region = convert(await parties.region_in(tx), RegionProfile, from_attributes=True)
    statement = RecoveryStatement(
        registry=region.name,
        executed_at=clock.stamp(await clock.now_in(tx)),
        recovery=new("V"),
        act=act,
        persons=tuple(f"person-{number}" for number in people),
        reason=reason,
    )
    return (await log.append_in(tx, statement, region=region)).sha256.hex()


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    """The database of these settings, as the serving role, if it is that of their region."""
    try:
        async with borrowed(settings) as found:
            pool = await connect_pool(found.api, size=1)
            try:
                db = Database(pool)
                region = await parties.find_region(db=db)
                if region is None:
                    raise CannotRecover("This database has no region yet: 'kilnwood serve' makes it.")
                require_ours(settings, region)
                yield db
            finally:
                pool.terminate()
    except DomainError as error:
        raise CannotRecover(error.detail) from error
    except CannotServe as error:
        raise CannotRecover(str(error)) from error
    except (PostgresUnavailable, OSError, asyncpg.PostgresError) as error:
        raise CannotRecover(f"{str(error).rstrip('.')}.") from error

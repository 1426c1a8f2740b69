"""API keys in PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from registry.access.keys import rules
from registry.kit import sql
from registry.kit.database import Tx, affected, convert, fetch_one
from registry.kit.pages import Window
from schemas.access import KeyIssued, KeyKind
from schemas.pages import Page

_sql = sql.load(__package__)


async def insert_key(tx: Tx, new: rules.NewKey) -> KeyIssued:
    """Store the keyed hash of a new key; the secret is added by the caller."""
    return convert(await fetch_one(tx, _sql.insert_key, *new), KeyIssued)


async def key(tx: Tx, key_id: int) -> KeyIssued | None:
    """One key without its secret."""
    row = await tx.fetchrow(_sql.keys, 0, 1, None, key_id)
    return convert(row, KeyIssued) if row else None


async def spend_key(tx: Tx, key_id: int) -> bool:
    """End a first key because its holder makes an own one with it; returns False if it has ended before."""
    return affected(await tx.execute(_sql.spend_key, key_id)) == 1


async def key_works(tx: Tx, key_id: int) -> bool:
    """Whether a key has neither ended nor expired."""
    return bool(await tx.fetchval(_sql.key_works, key_id))


async def linked_keys(tx: Tx, key_id: int) -> tuple[rules.LinkedKey, ...]:
    """All keys that the holder of *key_id* ever had; none if there is no such key. Call it with the holder locked."""
    return tuple(rules.LinkedKey(**row) for row in await tx.fetch(_sql.linked_keys, key_id))


async def confirm_key(tx: Tx, given_id: int, key_id: int, by: int) -> None:
    """Note that *by* confirmed *key_id* as the key that the holder of *given_id* made alone."""
    assert affected(await tx.execute(_sql.confirm_key, given_id, key_id, by)) == 1, "it was read under its lock"


async def revoke_key(tx: Tx, key_id: int) -> bool:
    """End a key now; returns False if it had ended before."""
    return affected(await tx.execute(_sql.revoke_key, key_id)) == 1


async def end_sessions_of(tx: Tx, key_id: int) -> None:
    """End the sessions that a key opened."""
    await tx.execute(_sql.end_sessions_of, key_id)


async def revoke_all(tx: Tx, person_id: int) -> None:
    """End all keys of a person now."""
    await tx.execute(_sql.revoke_all, person_id)


async def keys(tx: Tx, window: Window, person_id: int) -> Page[KeyIssued]:
    """Every key a person ever had, without secrets."""
    rows = await tx.fetch(_sql.keys, *window.args, person_id, None)
    return window.page([(row["id"], convert(row, KeyIssued)) for row in rows])


class WaitingPerson(NamedTuple):
    """Somebody whose key waits to be confirmed."""

    person_id: int
    name: str


class ShownKey(NamedTuple):
    """A key as a link of its chain, with what a page shows of it."""

    linked: rules.LinkedKey
    kind: KeyKind
    device: str | None
    created_at: datetime


async def unconfirmed(tx: Tx, window: Window) -> Page[WaitingPerson]:
    """People with a key that somebody else made and nobody has confirmed, in the order of their ids."""
    rows = await tx.fetch(_sql.unconfirmed, *window.args)
    return window.page([(row["person_id"], WaitingPerson(*row)) for row in rows])


async def keys_of(tx: Tx, people: list[int]) -> tuple[ShownKey, ...]:
    """All keys that these people ever had."""
    names = ("id", "person_id", "maker_id", "parent_id", "fingerprint", "works", "confirmed", "kind")
    return tuple(
        ShownKey(rules.LinkedKey(**{name: row[name] for name in names}), row["kind"], row["device"], row["created_at"])
        for row in await tx.fetch(_sql.keys_of, people)
    )


async def working(tx: Tx, person_id: int) -> tuple[KeyIssued, ...]:
    """All that a person has and that works, newest first, without secrets."""
    return tuple(convert(row, KeyIssued) for row in await tx.fetch(_sql.working, person_id))


async def open_keys(tx: Tx, person_id: int) -> int:
    """How many keys of the person work."""
    return int(await tx.fetchval(_sql.open_keys, person_id))


async def note_uses(tx: Tx, used: Mapping[int, datetime]) -> None:
    """Note when keys were used last."""
    await tx.execute(_sql.note_uses, list(used), list(used.values()))


async def person_name(tx: Tx, person_id: int) -> str:
    """A person's name."""
    return str(await tx.fetchval(_sql.person_name, person_id))


async def keys_a_day(tx: Tx, person_id: int) -> int:
    """How many keys a person made for themselves in the last 24 hours."""
    return int(await tx.fetchval(_sql.keys_a_day, person_id))


async def keys_at(tx: Tx, organisation_id: int) -> int:
    """How many keys work, of people who hold a role at an organisation."""
    return int(await tx.fetchval(_sql.keys_at, organisation_id))

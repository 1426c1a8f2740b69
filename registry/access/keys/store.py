"""API keys in PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime

from registry.kit import sql
from registry.kit.database import Tx, affected, convert, fetch_one
from registry.kit.pages import Window
from schemas.access import KeyIssued
from schemas.pages import Page

_sql = sql.load(__package__)


async def insert_key(tx: Tx, person_id: int, prefix: str, key_hash: bytes, by: int | None) -> KeyIssued:
    """Store the keyed hash of a new key; the secret is added by the caller."""
    return convert(await fetch_one(tx, _sql.insert_key, person_id, prefix, key_hash, by), KeyIssued)


async def key(tx: Tx, key_id: int) -> KeyIssued | None:
    """One key without its secret."""
    row = await tx.fetchrow(_sql.key, key_id)
    return convert(row, KeyIssued) if row else None


async def revoke_key(tx: Tx, key_id: int) -> bool:
    """End a key now; returns False if it had ended before."""
    return affected(await tx.execute(_sql.revoke_key, key_id)) == 1


async def keys(tx: Tx, window: Window, person_id: int) -> Page[KeyIssued]:
    """Every key a person ever had, without secrets."""
    rows = await tx.fetch(_sql.keys, *window.args, person_id)
    return window.page([(row["id"], convert(row, KeyIssued)) for row in rows])


async def open_keys(tx: Tx, person_id: int) -> int:
    """How many keys of the person work."""
    return int(await tx.fetchval(_sql.open_keys, person_id))


async def note_uses(tx: Tx, used: Mapping[int, datetime]) -> None:
    """Note when keys were used last."""
    await tx.execute(_sql.note_uses, list(used), list(used.values()))


async def person_name(tx: Tx, person_id: int) -> str:
    """A person's name."""
    return str(await tx.fetchval(_sql.person_name, person_id))

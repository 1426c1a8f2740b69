"""Passkeys and challenges in PostgreSQL."""

from typing import NamedTuple

from registry.access.sign_in import rules
from registry.kit import sql
from registry.kit.database import Tx, affected, constraint

_sql = sql.load(__package__)


class Passkey(NamedTuple):
    """A passkey as it was registered. *works*: it has neither ended nor been revoked."""

    key_id: int
    person_id: int
    public_key: bytes
    sign_count: int
    works: bool


async def insert_challenge(tx: Tx, challenge: bytes, key_id: int | None) -> None:
    """Remember what is asked for five minutes; of whom, if it is to make a passkey."""
    await tx.execute(_sql.insert_challenge, challenge, key_id)


async def take_challenge(tx: Tx, challenge: bytes, key_id: int | None) -> bool:
    """Forget a challenge that is answered; returns False if there is none."""
    return affected(await tx.execute(_sql.take_challenge, challenge, key_id)) == 1


async def insert_passkey(tx: Tx, key_id: int, credential_id: bytes, public_key: bytes, sign_count: int) -> None:
    """Store what verifies a passkey's answers. Raises `PasskeyKnown`."""
    known = rules.PasskeyKnown("This passkey is registered already. Sign in with it, or make one on another device.")
    with constraint("passkey_credential", known):
        await tx.execute(_sql.insert_passkey, key_id, credential_id, public_key, sign_count)


async def passkey(tx: Tx, credential_id: bytes) -> Passkey | None:
    """One passkey by the id that its device gave it."""
    row = await tx.fetchrow(_sql.passkey, credential_id)
    return Passkey(**row) if row else None


async def passkeys_of(tx: Tx, person_id: int) -> tuple[bytes, ...]:
    """The ids of a person's passkeys that work."""
    return tuple(row["credential_id"] for row in await tx.fetch(_sql.passkeys_of, person_id))


async def count_use(tx: Tx, key_id: int, sign_count: int) -> bool:
    """Note what the device counts; returns False if it is not more than before."""
    return affected(await tx.execute(_sql.count_use, key_id, sign_count)) == 1

"""Opening, rotating and ending sessions."""

import contextlib
from datetime import UTC, datetime

from registry.access.keys import service as keys
from registry.access.keys.rules import Keyring
from registry.access.sessions import rules, store
from registry.kit.database import Database, Tx
from registry.kit.problems import DomainError
from schemas.access import Actor, Call, SessionsEnded


async def open_session(key_id: int, device: str, *, before: Actor, db: Database, keyring: Keyring) -> tuple[str, int]:
    """
    Sign the holder of a key in; returns the session's secret and its id. *before* is who the browser was until then.

    Its session ends: what a browser had before it signed in is never what it has afterwards. Raises `KeyIsOver`.
    """

    async def work(tx: Tx) -> tuple[str, int]:
        if before.session_at is not None:
            await store.end_session(tx, before.key_id)
        return await open_in(tx, key_id, device, keyring=keyring)

    return await db.transaction(work)


async def open_in(tx: Tx, key_id: int, device: str, *, keyring: Keyring) -> tuple[str, int]:
    """Open a session with a key, inside a transaction. The oldest ends if there are too many. Raises `KeyIsOver`."""
    found = await store.parent(tx, key_id, rules.LASTS)
    if found is None:
        raise rules.KeyIsOver(
            f"Key {key_id} has ended, or is one that only makes the first passkey. Sign in with another one, or ask "
            "for a new invitation."
        )
    person_id, until = found
    secret = keyring.new_secret()
    made = await keys.session_in(tx, person_id, parent_id=key_id, device=device, expires_at=until)
    await store.insert_session(tx, made.id, keyring.hash(secret))
    await store.end_oldest(tx, person_id, rules.SESSIONS_OF_A_PERSON)
    return secret, made.id


async def renewed(by: Actor, secret: str, *, db: Database, keyring: Keyring) -> str | None:
    """
    A new secret for a session whose present one is an hour old; None where it is not due, or was just replaced.

    The request goes on if it cannot be replaced now: the old one is good.
    """
    if by.session_at is None or not rules.is_due(by.session_at, datetime.now(UTC)):
        return None
    fresh = keyring.new_secret()

    async def work(tx: Tx) -> bool:
        return await store.rotate(tx, by.key_id, keyring.hash(secret), keyring.hash(fresh))

    with contextlib.suppress(DomainError):
        return fresh if await db.transaction(work) else None
    return None


async def sign_out(call: Call, *, db: Database) -> SessionsEnded:
    """End the session in use. Raises `NoSession`."""
    if call.by.session_at is None:
        raise rules.NoSession(
            f"Key {call.by.key_id} is not a session of a browser. Revoke it, if that is what you want "
            f"(POST /v1/keys/{call.by.key_id}/revoke)."
        )

    async def work(tx: Tx) -> SessionsEnded:
        await store.end_session(tx, call.by.key_id)
        return SessionsEnded(person_id=call.by.person_id, ended=1)

    return await db.transaction(work)


async def sign_out_everywhere(call: Call, *, db: Database) -> SessionsEnded:
    """End every session of the caller, the one in use too."""

    async def work(tx: Tx) -> SessionsEnded:
        return SessionsEnded(person_id=call.by.person_id, ended=await store.end_sessions(tx, call.by.person_id))

    return await db.transaction(work)

"""The caller, and making and revoking API keys."""

from collections.abc import Mapping
from datetime import datetime

from registry.access import authorisation
from registry.access.approvals import service as approvals
from registry.access.grants import service as grants
from registry.access.keys import rules, store
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from schemas.access import Approved, Call, KeyIssued, Me, RekeyBody, Role
from schemas.pages import Page


async def me(call: Call, *, db: Database) -> Me:
    """Return the caller's own person, roles and key in use."""
    async with db.reading() as tx:
        key = await store.key(tx, call.by.key_id)
        name = await store.person_name(tx, call.by.person_id)
    prefix = key.prefix if key else ""
    return Me(person_id=call.by.person_id, name=name, roles=call.by.roles, key_id=call.by.key_id, key_prefix=prefix)


async def keys(person_id: int, window: Window, *, db: Database) -> Page[KeyIssued]:
    """List every key a person ever had, so that a stolen one, or one made with it, can be found and revoked."""
    async with db.reading() as tx:
        return await store.keys(tx, window, person_id)


async def new_key_in(tx: Tx, person_id: int, *, by: int | None, keyring: rules.Keyring, secret: str = "") -> KeyIssued:
    """
    Make a key for *person_id*. The reply is the only place where its secret is ever shown.

    Raises `TooManyKeys`.
    """
    await grants.lock_person_in(tx, person_id)
    rules.check_room(person_id, await store.open_keys(tx, person_id))
    secret = secret or keyring.new_secret()
    stored = await store.insert_key(tx, person_id, keyring.prefix(secret), keyring.hash(secret), by)
    return KeyIssued(
        id=stored.id,
        person_id=person_id,
        prefix=stored.prefix,
        secret=secret,
        created_at=stored.created_at,
        expires_at=stored.expires_at,
    )


async def create_own_key(call: Call, *, db: Database, keyring: rules.Keyring) -> KeyIssued:
    """Make a further key for the caller, to rotate to."""

    async def work(tx: Tx) -> Written[KeyIssued]:
        key = await new_key_in(tx, call.by.person_id, by=call.by.person_id, keyring=keyring)
        return Written(key.id, key)

    return await once(db, call, work, _key_again)


async def issue_key(person_id: int, *, call: Call, db: Database, keyring: rules.Keyring) -> KeyIssued:
    """
    Make the first key of a person without roles.

    Raises `KeyNeedsApproval` for anybody else: a regulator could act as that person. If the reply was lost, revoke the
    key and send a new request.
    """

    async def work(tx: Tx) -> Written[KeyIssued]:
        await grants.lock_person_in(tx, person_id)
        if await grants.held_any_role_in(tx, person_id) or await store.open_keys(tx, person_id):
            raise rules.KeyNeedsApproval(
                f"Person {person_id} holds roles or has a key that works. Revoke the unused key of a person without "
                "roles; for anybody else propose the approval 'reissue_key'."
            )
        key = await new_key_in(tx, person_id, by=call.by.person_id, keyring=keyring)
        return Written(key.id, key)

    return await once(db, call, work, _key_again)


async def reissue_key(approved: Approved, *, call: Call, db: Database, keyring: rules.Keyring) -> KeyIssued:
    """Make a new key for a person who lost theirs, by two people. The old ones stay until they are revoked."""

    async def work(tx: Tx) -> Written[KeyIssued]:
        body = await approvals.use_approval_in(tx, approved, RekeyBody, by=call.by)
        await grants.lock_person_in(tx, body.person_id)
        key = await new_key_in(tx, body.person_id, by=call.by.person_id, keyring=keyring)
        return Written(key.id, key)

    return await once(db, call, work, _key_again)


async def revoke_key(key_id: int, *, call: Call, db: Database) -> KeyIssued:
    """End a key at once: one's own, or any as a regulator."""

    async def work(tx: Tx) -> Written[KeyIssued]:
        key = await _key_again(tx, str(key_id))
        regulator = any(held.role == Role.REGULATOR for held in call.by.roles)
        if key.person_id != call.by.person_id and not regulator:
            raise authorisation.NotYours(f"Key {key_id} belongs to person {key.person_id}.")
        if await store.revoke_key(tx, key_id):  # a second revocation changes nothing
            await grants.two_regulators_remain_in(tx)
        return Written(key_id, await _key_again(tx, str(key_id)))

    return await once(db, call, work, _key_again)


async def note_uses(used: Mapping[int, datetime], *, db: Database) -> None:
    """Note when keys were used last. What was used meanwhile in another process stays if it was later."""
    async with db.reading() as tx:
        await store.note_uses(tx, used)


async def _key_again(tx: Tx, key_id: str) -> KeyIssued:
    if key := await store.key(tx, int(key_id)):
        return key
    raise Unknown(f"There is no key {key_id}.")

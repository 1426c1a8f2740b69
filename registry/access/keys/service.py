"""The caller, and making and revoking API keys."""

from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import structs

from registry.access import authorisation
from registry.access.approvals import service as approvals
from registry.access.grants import service as grants
from registry.access.keys import rules, store
from registry.access.persons import service as persons
from registry.access.persons.rules import OPERATOR
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once, still_in
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.kit.quotas import DEFAULT, Quotas
from schemas.access import Actor, Approved, Call, ConfirmKey, KeyIssued, Me, RekeyBody, Role, UnconfirmedKey
from schemas.pages import Page


async def me(call: Call, *, db: Database) -> Me:
    """Return the caller's own person, roles and key in use."""
    async with db.reading() as tx:
        key = await store.key(tx, call.by.key_id)
        held = await store.key(tx, key.parent_id) if key and key.kind == "session" and key.parent_id else key
        name = await store.person_name(tx, call.by.person_id)
    return Me(
        person_id=call.by.person_id,
        name=name,
        roles=call.by.roles,
        key_id=call.by.key_id,
        key_prefix=key.prefix if key else "",
        key_fingerprint=held.fingerprint if held else None,
        first_key=call.by.first_key,
        key_kind=key.kind if key else "program",
        confirm_id=held.id if held else None,
    )


async def keys(person_id: int, window: Window, *, db: Database) -> Page[KeyIssued]:
    """List every key a person ever had, so that a stolen one, or one made with it, can be found and revoked."""
    async with db.reading() as tx:
        return await store.keys(tx, window, person_id)


async def working(person_id: int, *, db: Database) -> tuple[KeyIssued, ...]:
    """What somebody has that works, newest first; a session that was not used for long is among them."""
    async with db.reading() as tx:
        return await store.working(tx, person_id)


async def unconfirmed(window: Window, *, asked: Call, db: Database) -> Page[UnconfirmedKey]:
    """People whose own key waits for somebody outside, and which one that is; a page has as many people as asked."""
    async with db.reading() as tx:
        people = await store.unconfirmed(tx, window)
        keys = await store.keys_of(tx, [each.person_id for each in people.items])
        power = await persons.seen_in(tx)
    found = []
    for person in people.items:
        mine = [each for each in keys if each.linked.person_id == person.person_id]
        for each in rules.confirmable([other.linked for other in mine]):
            shown = next(other for other in mine if other.linked.id == each.key.id)
            edge = (OPERATOR if each.given.maker_id is None else each.given.maker_id, person.person_id)
            found.append(
                UnconfirmedKey(
                    key_id=each.key.id,
                    person_id=person.person_id,
                    name=person.name,
                    kind=shown.kind,
                    device=shown.device,
                    fingerprint=each.key.fingerprint or "",
                    created_at=shown.created_at,
                    made_by=each.given.maker_id,
                    confirmable=power.may_confirm(edge, asked.by.person_id),
                )
            )
    return Page(items=tuple(found), next=people.next)


async def first_key_in(
    tx: Tx, person_id: int, *, by: int | None, keyring: rules.Keyring, secret: str = ""
) -> KeyIssued:
    """
    Make a key for somebody else, with which they make their own. *by* None: the operator makes it on the server.

    It joins maker and holder until somebody outside confirms the holder's own key (registry/access/persons). Raises
    `TooManyKeys`.
    """
    return await _new_key_in(tx, person_id, secret or keyring.new_secret(), keyring, created_by=by, parent_id=None)


async def _new_key_in(
    tx: Tx, person_id: int, secret: str, keyring: rules.Keyring, *, created_by: int | None, parent_id: int | None
) -> KeyIssued:
    """Store a key. The reply is the only place where its secret is ever shown. Raises `TooManyKeys`."""
    await grants.lock_person_in(tx, person_id)
    rules.check_room(person_id, await store.open_keys(tx, person_id))
    new = rules.NewKey(
        person_id=person_id,
        prefix=keyring.prefix(secret),
        hash=keyring.hash(secret),
        created_by=created_by,
        first=created_by != person_id,
        parent_id=parent_id,
        fingerprint=keyring.fingerprint(secret),
    )
    return structs.replace(await store.insert_key(tx, new), secret=secret)


async def refuse_more_in(tx: Tx, organisation_id: int, quotas: Quotas) -> None:
    """Raise `QuotaUsedUp` if no further key may be made for a person of the organisation."""
    await quotas.admit_in(tx, "keys", organisation_id, store.keys_at)


async def keys_at_in(tx: Tx, organisation_id: int) -> int:
    """How many keys of people of an organisation work."""
    return await store.keys_at(tx, organisation_id)


async def own_in(tx: Tx, by: Actor, new: rules.NewKey) -> KeyIssued:
    """
    Store a key that its holder makes with the one in use: a passkey. A first key is spent by it.

    Raises `FirstKeySpent`, `TooManyKeys`.
    """
    await _spend_in(tx, by)
    rules.check_room(by.person_id, await store.open_keys(tx, by.person_id))
    return await store.insert_key(tx, new)


async def session_in(tx: Tx, person_id: int, *, parent_id: int, device: str, expires_at: datetime) -> KeyIssued:
    """Store the key that a session is; its secret is the business of `registry.access.sessions`."""
    await grants.lock_person_in(tx, person_id)
    new = rules.NewKey(
        person_id=person_id,
        prefix="session",
        hash=None,
        created_by=person_id,
        first=False,
        parent_id=parent_id,
        fingerprint=None,
        kind="session",
        device=device,
        expires_at=expires_at,
    )
    return await store.insert_key(tx, new)


async def _spend_in(tx: Tx, by: Actor) -> None:
    """Lock the holder, and refuse a key that ended meanwhile; a first one is over with what it makes."""
    await grants.lock_person_in(tx, by.person_id)
    if by.first_key and not await store.spend_key(tx, by.key_id):
        raise rules.FirstKeySpent(f"Key {by.key_id} is a first key and was used just now; it works once.")
    if not by.first_key and not await store.key_works(tx, by.key_id):
        raise authorisation.Unauthenticated(f"Key {by.key_id} was revoked while this waited. Use another one.")


async def create_own_key(call: Call, *, db: Database, keyring: rules.Keyring, quotas: Quotas = DEFAULT) -> KeyIssued:
    """
    Make an own key for the caller: to rotate to, or the one that a first key is for.

    A key that was revoked after the request arrived makes none: the person who revoked it would miss the new one.
    Raises `FirstKeySpent`, `TooManyKeys`, `Unauthenticated`, and for a further key `QuotaUsedUp`: a first key is
    exchanged for one.
    """

    async def work(tx: Tx) -> Written[KeyIssued]:
        by = call.by
        await _spend_in(tx, by)
        if not by.first_key:
            quotas.check("keys_a_day", await store.keys_a_day(tx, by.person_id))
            for organisation_id in authorisation.organisations_of(by):
                await refuse_more_in(tx, organisation_id, quotas)
        secret = keyring.new_secret()
        key = await _new_key_in(tx, by.person_id, secret, keyring, created_by=by.person_id, parent_id=by.key_id)
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
        power = await persons.power_in(tx)
        key = await first_key_in(tx, person_id, by=call.by.person_id, keyring=keyring)
        await persons.refuse_powerless_in(tx, power)
        return Written(key.id, key)

    return await once(db, call, work, _key_again)


async def reissue_key(approved: Approved, *, call: Call, db: Database, keyring: rules.Keyring) -> KeyIssued:
    """Make a new key for a person who lost theirs, by two people. The old ones stay until they are revoked."""

    async def work(tx: Tx) -> Written[KeyIssued]:
        body = await approvals.use_approval_in(tx, approved, RekeyBody, by=call.by)
        await grants.lock_person_in(tx, body.person_id)
        power = await persons.power_in(tx)
        key = await first_key_in(tx, body.person_id, by=call.by.person_id, keyring=keyring)
        await persons.refuse_powerless_in(tx, power)
        return Written(key.id, key)

    return await once(db, call, work, _key_again)


async def confirm_key(key_id: int, body: ConfirmKey, *, call: Call, db: Database) -> KeyIssued:
    """
    Confirm as a regulator that the person in front of you holds this key: its fingerprint is on both screens.

    From then on its holder and the maker of their first key count as two. Raises `NotToBeConfirmed`,
    `FingerprintDiffers`, `NotOutside`.
    """

    async def work(tx: Tx) -> Written[KeyIssued]:
        await grants.lock_person_in(tx, (await _key_again(tx, str(key_id))).person_id)
        await persons.power_in(tx)  # one confirmation at a time: each sees the graph that the last one left
        keys = await store.linked_keys(tx, key_id)
        given = rules.check_confirmable(keys, key_id, body.fingerprint)
        maker = OPERATOR if given.maker_id is None else given.maker_id
        await persons.check_confirmer_in(tx, (maker, given.person_id), call.by.person_id)
        await store.confirm_key(tx, given.id, key_id, call.by.person_id)
        return Written(key_id, await _key_again(tx, str(key_id)))

    return await once(db, call, work, _key_again)


async def end_all_in(tx: Tx, person_id: int) -> None:
    """End every key of a person, whom the caller has locked; also the last one: only the operator's recovery does."""
    await persons.power_in(tx)
    await store.revoke_all(tx, person_id)


async def revoke_key(key_id: int, *, call: Call, db: Database) -> KeyIssued:
    """End a key at once: one's own, or any as a regulator."""

    async def work(tx: Tx) -> Written[KeyIssued]:
        key = await _key_again(tx, str(key_id))
        regulator = any(held.role == Role.REGULATOR for held in call.by.roles)
        if key.person_id != call.by.person_id and not regulator:
            raise authorisation.NotYours(f"Key {key_id} belongs to person {key.person_id}.")
        await grants.lock_person_in(tx, key.person_id)  # no key is being made with this one while it ends
        power = await persons.power_in(tx)
        if key.person_id != call.by.person_id:
            await still_in(tx, call.by, {Role.REGULATOR})
        await store.revoke_key(tx, key_id)  # a second revocation changes nothing
        await store.end_sessions_of(tx, key_id)
        await persons.refuse_powerless_in(tx, power)
        return Written(key_id, await _key_again(tx, str(key_id)))

    return await once(db, call, work, _key_again)


async def note_uses(used: Mapping[int, datetime], *, db: Database) -> None:
    """Note when keys were used last. What was used meanwhile in another process stays if it was later."""
    async with db.reading() as tx:
        await store.note_uses(tx, used)


async def note_use_in(tx: Tx, key_id: int) -> None:
    """Note that a passkey was used now."""
    await store.note_uses(tx, {key_id: datetime.now(UTC)})


async def _key_again(tx: Tx, key_id: str) -> KeyIssued:
    if key := await store.key(tx, int(key_id)):
        return key
    raise Unknown(f"There is no key {key_id}.")

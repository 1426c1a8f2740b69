"""Keys, two-person approvals, role grants and freezes."""

from typing import TypeVar

from registry.access import authorisation, rules, store
from registry.kit import clock
from registry.kit.database import Database, Done, Tx
from registry.kit.pages import Window
from registry.kit.problems import Invalid, Unknown
from schemas.access import (
    Actor,
    Approval,
    ApprovalBody,
    Approved,
    Call,
    Grant,
    GrantBody,
    KeyIssued,
    LiftBody,
    Me,
    NewRestriction,
    ProposeApproval,
    RekeyBody,
    Restriction,
    Role,
)
from schemas.pages import Page

Body = TypeVar("Body", bound=ApprovalBody)


async def authenticate(secret: str, *, db: Database, keyring: rules.Keyring) -> Actor:
    """The person behind an API key, with the roles in effect now. Raises `Unauthenticated`."""
    async with db.reading() as tx:
        found = await store.key_by_hash(tx, keyring.hash(secret))
    if found is None:
        raise authorisation.Unauthenticated("This API key is not known here. Check that it was copied whole.")
    actor, revoked_at = found
    if revoked_at is not None:
        raise authorisation.Unauthenticated(
            f"This API key was revoked at {revoked_at:%Y-%m-%d %H:%M:%S}Z. Use another one."
        )
    return actor


async def me(call: Call, *, db: Database) -> Me:
    """Who the caller is."""
    async with db.reading() as tx:
        key = await store.key(tx, call.by.key_id)
        name = await store.person_name(tx, call.by.person_id)
    prefix = key.prefix if key else ""
    return Me(person_id=call.by.person_id, name=name, roles=call.by.roles, key_id=call.by.key_id, key_prefix=prefix)


async def keys(person_id: int, window: Window, *, db: Database) -> Page[KeyIssued]:
    """Every key a person ever had, so that one that was stolen, or made with a stolen one, can be found and revoked."""
    async with db.reading() as tx:
        return await store.keys(tx, window, person_id)


async def new_key_in(tx: Tx, person_id: int, *, by: int | None, keyring: rules.Keyring, secret: str = "") -> KeyIssued:
    """Make a key for *person_id*; the answer is the only place where its secret ever stands."""
    secret = secret or keyring.new_secret()
    stored = await store.insert_key(tx, person_id, keyring.prefix(secret), keyring.hash(secret), by)
    return KeyIssued(
        id=stored.id, person_id=person_id, prefix=stored.prefix, secret=secret, created_at=stored.created_at
    )


async def create_own_key(call: Call, *, db: Database, keyring: rules.Keyring) -> KeyIssued:
    """A further key for the caller, to rotate to."""

    async def work(tx: Tx) -> Done[KeyIssued]:
        key = await new_key_in(tx, call.by.person_id, by=call.by.person_id, keyring=keyring)
        return Done(key.id, key)

    return await db.once(call, work, _key_again)


async def issue_key(person_id: int, *, call: Call, db: Database, keyring: rules.Keyring) -> KeyIssued:
    """
    The first key of a person without roles. Otherwise a regulator could act as somebody else: `KeyNeedsApproval`.

    When the answer was lost on its way, revoke that key and ask again.
    """

    async def work(tx: Tx) -> Done[KeyIssued]:
        await _existing_person(tx, person_id)
        if await store.roles_ever(tx, person_id) or await store.open_keys(tx, person_id):
            raise rules.KeyNeedsApproval(
                f"Person {person_id} holds roles or has a key that works. Revoke the unused key of a person without "
                "roles; for anybody else propose the approval 'reissue_key'."
            )
        key = await new_key_in(tx, person_id, by=call.by.person_id, keyring=keyring)
        return Done(key.id, key)

    return await db.once(call, work, _key_again)


async def reissue_key(approved: Approved, *, call: Call, db: Database, keyring: rules.Keyring) -> KeyIssued:
    """A new key for a person who lost theirs, by two people. The old ones stay until they are revoked."""

    async def work(tx: Tx) -> Done[KeyIssued]:
        body = await second_in(tx, approved, RekeyBody, by=call.by)
        await _existing_person(tx, body.person_id)
        key = await new_key_in(tx, body.person_id, by=call.by.person_id, keyring=keyring)
        return Done(key.id, key)

    return await db.once(call, work, _key_again)


async def revoke_key(key_id: int, *, call: Call, db: Database) -> KeyIssued:
    """End a key at once: one's own, or any as a regulator."""

    async def work(tx: Tx) -> Done[KeyIssued]:
        key = await _key_again(tx, str(key_id))
        regulator = any(held.role == Role.REGULATOR for held in call.by.roles)
        if key.person_id != call.by.person_id and not regulator:
            raise authorisation.NotYours(f"Key {key_id} belongs to person {key.person_id}.")
        if await store.revoke_key(tx, key_id):  # a second revocation changes nothing
            await _two_regulators_remain_in(tx)
        return Done(key_id, await _key_again(tx, str(key_id)))

    return await db.once(call, work, _key_again)


async def _key_again(tx: Tx, key_id: str) -> KeyIssued:
    if key := await store.key(tx, int(key_id)):
        return key
    raise Unknown(f"There is no key {key_id}.")


async def _two_regulators_remain_in(tx: Tx) -> None:
    """Whatever took power away rolls back when the region could decide nothing any more."""
    rules.check_two_remain(await store.working_regulators(tx))


async def _existing_person(tx: Tx, person_id: int) -> None:
    if await store.lock_person(tx, person_id) is None:
        raise Unknown(f"There is no person {person_id}.")


async def propose(request: ProposeApproval, *, call: Call, db: Database) -> Approval:
    """The first person's half of a decision. It expires after seven days."""

    async def work(tx: Tx) -> Done[Approval]:
        approval = await store.insert_approval(tx, request.body, request.reason, call.by)
        return Done(approval.id, approval)

    return await db.once(call, work, _approval_again)


async def second_in(tx: Tx, approved: Approved, kind: type[Body], *, by: Actor) -> Body:
    """
    The second person's half: consume the approval and answer the body that is now to be carried out.

    Raises `SamePerson`, `BodyChanged`, `ApprovalClosed`, `Unknown`, or `Invalid` for a body of another operation.
    """
    body = approved.body
    if not isinstance(body, kind):
        raise Invalid(f"This route carries out {kind.__struct_config__.tag}, not {body.__struct_config__.tag}.")
    found = await store.pair(tx, approved.approval_id, by)
    if found is None:
        raise Unknown(f"There is no approval {approved.approval_id}.")
    rules.check_second(found[0], body, found[1])
    if not await store.use_approval(tx, approved.approval_id, by):
        raise rules.ApprovalClosed(f"Approval {approved.approval_id} was used by somebody else just now.")
    return body


async def withdraw_approval(approval_id: int, *, call: Call, db: Database) -> Approval:
    """Take a proposal back: one's own or a colleague's. It only takes power away."""

    async def work(tx: Tx) -> Done[Approval]:
        await approval_in(tx, approval_id)
        if not await store.withdraw_approval(tx, approval_id):
            raise rules.ApprovalClosed(f"Approval {approval_id} was used or withdrawn already.")
        return Done(approval_id, await approval_in(tx, approval_id))

    return await db.once(call, work, _approval_again)


async def approval(approval_id: int, *, db: Database) -> Approval:
    """One approval."""
    async with db.reading() as tx:
        return await approval_in(tx, approval_id)


async def approval_in(tx: Tx, approval_id: int) -> Approval:
    """One approval, inside a transaction. Raises `Unknown`."""
    return await _approval_again(tx, str(approval_id))


async def _approval_again(tx: Tx, approval_id: str) -> Approval:
    if found := await store.approval(tx, int(approval_id)):
        return found
    raise Unknown(f"There is no approval {approval_id}.")


async def approvals(window: Window, *, db: Database) -> Page[Approval]:
    """All approvals, oldest first."""
    async with db.reading() as tx:
        return await store.approvals(tx, window)


async def grant_role(approved: Approved, *, call: Call, db: Database) -> Grant:
    """Give a person a role at an organisation, by two people."""

    async def work(tx: Tx) -> Done[Grant]:
        body = await second_in(tx, approved, GrantBody, by=call.by)
        await _existing_person(tx, body.person_id)
        if not await store.organisation_exists(tx, body.organisation_id):
            raise Unknown(f"There is no organisation {body.organisation_id}.")
        rules.check_until(body.until, await clock.now_in(tx))
        grant_id = await store.insert_grant(tx, body, approved.approval_id)
        return Done(grant_id, await _grant_again(tx, str(grant_id)))

    return await db.once(call, work, _grant_again)


async def end_grant(grant_id: int, *, call: Call, db: Database) -> Grant:
    """End a role now. One regulator may: it only takes power away."""

    async def work(tx: Tx) -> Done[Grant]:
        await _grant_again(tx, str(grant_id))
        if not await store.end_grant(tx, grant_id):
            raise rules.AlreadyLifted(f"Grant {grant_id} has ended already.")
        await _two_regulators_remain_in(tx)
        return Done(grant_id, await _grant_again(tx, str(grant_id)))

    return await db.once(call, work, _grant_again)


async def _grant_again(tx: Tx, grant_id: str) -> Grant:
    if grant := await store.grant(tx, int(grant_id)):
        return grant
    raise Unknown(f"There is no grant {grant_id}.")


async def grants(window: Window, *, db: Database) -> Page[Grant]:
    """All grants, oldest first."""
    async with db.reading() as tx:
        return await store.grants(tx, window)


async def restrict(body: NewRestriction, *, call: Call, db: Database) -> Restriction:
    """Freeze an account, a project or an issuance. One person may; lifting takes two."""

    async def work(tx: Tx) -> Done[Restriction]:
        if not await store.target_exists(tx, body):
            raise Unknown(f"There is no {body.scope} {body.target_id}.")
        restriction_id = await store.insert_restriction(tx, body, call.by)
        return Done(restriction_id, await _restriction_again(tx, str(restriction_id)))

    return await db.once(call, work, _restriction_again)


async def lift_restriction(approved: Approved, *, call: Call, db: Database) -> Restriction:
    """Lift a freeze, by two people."""

    async def work(tx: Tx) -> Done[Restriction]:
        body = await second_in(tx, approved, LiftBody, by=call.by)
        await _restriction_again(tx, str(body.restriction_id))
        if not await store.lift_restriction(tx, body.restriction_id, approved.approval_id):
            raise rules.AlreadyLifted(f"Restriction {body.restriction_id} has been lifted already.")
        return Done(body.restriction_id, await _restriction_again(tx, str(body.restriction_id)))

    return await db.once(call, work, _restriction_again)


async def _restriction_again(tx: Tx, restriction_id: str) -> Restriction:
    if restriction := await store.restriction(tx, int(restriction_id)):
        return restriction
    raise Unknown(f"There is no restriction {restriction_id}.")


async def restrictions(window: Window, *, db: Database) -> Page[Restriction]:
    """All restrictions, oldest first."""
    async with db.reading() as tx:
        return await store.restrictions(tx, window)


async def refuse_frozen_in(tx: Tx, *, accounts: list[int], projects: list[int], issuances: list[int]) -> None:
    """Raise `Frozen` where a restriction is in effect. Call it after the accounts are locked."""
    if row := await store.in_effect(tx, accounts, projects, issuances):
        raise rules.Frozen(
            f"The {row['scope']} {row['target_id']} is frozen (restriction {row['id']}: {row['reason']}). "
            "Its credits can move again when two regulators lift it.",
            restriction_id=row["id"],
        )

"""Placing and lifting freezes, and refusing what they stop."""

from registry.access.approvals import service as approvals
from registry.access.grants import service as grants
from registry.access.restrictions import rules, store
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import AlreadyEnded, Unknown
from schemas.access import Approved, Call, Frozen, LiftBody, NewRestriction, Restriction
from schemas.pages import Page


async def restrict(body: NewRestriction, *, call: Call, db: Database) -> Restriction:
    """Freeze an account, a project or an issuance. One person may; lifting takes two."""

    async def work(tx: Tx) -> Written[Restriction]:
        if not await store.target_exists(tx, body):
            raise Unknown(f"There is no {body.scope} {body.target_id}.")
        restriction_id = await store.insert_restriction(tx, body, call.by)
        return Written(restriction_id, await _restriction_again(tx, str(restriction_id)))

    return await once(db, call, work, _restriction_again)


async def lift_restriction(approved: Approved, *, call: Call, db: Database) -> Restriction:
    """Lift a freeze, by two people."""

    async def work(tx: Tx) -> Written[Restriction]:
        body = await approvals.use_approval_in(tx, approved, LiftBody, by=call.by)
        await _restriction_again(tx, str(body.restriction_id))
        owner_id = await store.owner(tx, body.restriction_id)
        await grants.refuse_own_in(tx, await approvals.both_in(tx, approved, call), owner_id, "lifting a freeze")
        if not await store.lift_restriction(tx, body.restriction_id, approved.approval_id):
            raise AlreadyEnded(f"Restriction {body.restriction_id} has already been lifted.")
        return Written(body.restriction_id, await _restriction_again(tx, str(body.restriction_id)))

    return await once(db, call, work, _restriction_again)


async def _restriction_again(tx: Tx, restriction_id: str) -> Restriction:
    if restriction := await store.restriction(tx, int(restriction_id)):
        return restriction
    raise Unknown(f"There is no restriction {restriction_id}.")


async def restriction(restriction_id: int, *, db: Database) -> Restriction:
    """One freeze."""
    async with db.reading() as tx:
        return await _restriction_again(tx, str(restriction_id))


async def restrictions(
    window: Window,
    *,
    db: Database,
    scope: Frozen | None = None,
    target_id: int | None = None,
    in_effect: bool | None = None,
) -> Page[Restriction]:
    """List restrictions: all, on one kind of thing or one thing, or those in effect now or not."""
    async with db.reading() as tx:
        return await store.restrictions(tx, window, scope, target_id, in_effect=in_effect)


async def refuse_frozen_in(tx: Tx, *, accounts: list[int], projects: list[int], issuances: list[int]) -> None:
    """Raise `Frozen` if a restriction is in effect on any of these. Call it after the accounts are locked."""
    if row := await store.in_effect(tx, accounts, projects, issuances):
        raise rules.Frozen(
            f"The {row['scope']} {row['target_id']} is frozen (restriction {row['id']}: {row['reason']}). "
            "Its credits can move again when two regulators lift it.",
            restriction_id=row["id"],
        )

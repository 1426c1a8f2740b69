"""Suspending at once, alone; and settling it by two people, or by the operator's recovery."""

from registry.access.approvals import service as approvals
from registry.access.persons import service as persons
from registry.access.suspensions import rules, store
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import AlreadyEnded, Unknown
from schemas.access import Approved, Call, NewSuspension, SettleSuspensionBody, Suspension, SuspensionState
from schemas.pages import Page


async def suspend(body: NewSuspension, *, call: Call, db: Database) -> Suspension:
    """
    Stop another regulator and the caller from deciding, at once; it lapses after seven days of real time.

    Allowed also if no pair is left that can decide: a thief with one key must not win by being quicker. Nor by being
    many at once: a person who has suspended somebody is suspended too, and suspends nobody else. Raises `NoSuspension`,
    `NoLongerRegulator`.
    """

    async def work(tx: Tx) -> Written[Suspension]:
        power = await persons.power_in(tx)  # others who suspend wait: a thief's five requests are one suspension
        rules.check_suspender(call.by.person_id, power.regulators)
        regulator = await store.regulator(tx, body.person_id)
        rules.check_target(body.person_id, call.by.person_id, regulator=regulator)
        suspension_id = await store.insert_suspension(tx, body, call.by.person_id)
        return Written(suspension_id, await suspension_in(tx, suspension_id))

    return await once(db, call, work, _again, looks_itself=True)


async def settle_suspension(approved: Approved, *, call: Call, db: Database) -> Suspension:
    """Confirm or lift a suspension, by two people whom it does not touch."""

    async def work(tx: Tx) -> Written[Suspension]:
        body = await approvals.use_approval_in(tx, approved, SettleSuspensionBody, by=call.by)
        found = await suspension_in(tx, body.suspension_id)
        rules.check_untouched(found, await approvals.both_in(tx, approved, call))
        await settle_in(tx, body.suspension_id, approved.approval_id, confirm=body.outcome == "confirm")
        return Written(body.suspension_id, await suspension_in(tx, body.suspension_id))

    return await once(db, call, work, _again)


async def settle_in(tx: Tx, suspension_id: int, approval_id: int | None, *, confirm: bool) -> None:
    """Confirm or lift a suspension; without an approval by the operator on the server. Raises `AlreadyEnded`."""
    await persons.power_in(tx)
    if not await store.settle(tx, suspension_id, approval_id, confirm=confirm):
        found = await suspension_in(tx, suspension_id)
        raise AlreadyEnded(
            f"Suspension {suspension_id} is {found.state}; it cannot be {'confirmed' if confirm else 'lifted'}."
        )


async def suspension_in(tx: Tx, suspension_id: int) -> Suspension:
    """One suspension, inside a transaction. Raises `Unknown`."""
    if found := await store.suspension(tx, suspension_id):
        return found
    raise Unknown(f"There is no suspension {suspension_id}.")


async def _again(tx: Tx, suspension_id: str) -> Suspension:
    return await suspension_in(tx, int(suspension_id))


async def suspension(suspension_id: int, *, db: Database) -> Suspension:
    """One suspension."""
    async with db.reading() as tx:
        return await suspension_in(tx, suspension_id)


async def suspensions(
    window: Window, *, db: Database, person_id: int | None = None, state: SuspensionState | None = None
) -> Page[Suspension]:
    """List suspensions: all, of one person or in one state."""
    async with db.reading() as tx:
        return await store.suspensions(tx, window, person_id, state)

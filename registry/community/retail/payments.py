"""
Payments for kilograms of a pool, from the promise to the retirement or back.

A payment is known by its reference, whatever the bank says how often. Each step is a guarded update in one transaction
with the kilograms and the postings that it moves, so a crash leaves the step before or the step after. After a payment
came, and before its kilograms are retired, it is `paid`: housekeeping goes on from there.
"""

from typing import NamedTuple

from registry.access.grants import service as grants
from registry.community.retail import rules, service, store
from registry.community.retail.rules import LockedPool
from registry.community.retail.store import StoredPayment
from registry.credits.reserves import service as reserves
from registry.credits.retirement import service as retirement
from registry.kit import ids
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.problems import Unknown
from registry.parties import service as parties
from schemas.access import Actor, Call, HeldRole, Role
from schemas.credits import RetirementOrder, RetireRequest
from schemas.parties import RegionProfile
from schemas.retail import Confirmation, GuestPayment, NewPayout, Posting

LATE = (
    "The payment came after its 15 minutes, when fewer kilograms were left at that price than it had bought. The whole "
    "amount goes back."
)


class PaidSale(NamedTuple):
    """A payment that has come, with its pool; both are locked."""

    payment: StoredPayment
    pool: LockedPool


async def reserve_in(tx: Tx, pool_id: int, quantity_kg: int) -> StoredPayment:
    """
    Promise kilograms of a pool to a payment that has 15 minutes to come.

    Raises `PoolNotOpen`, `NotEnoughLeft`, `Frozen`, `Unknown`.
    """
    price_fen = await store.reserve(tx, pool_id, quantity_kg)
    pool = await service.locked_pool_in(tx, pool_id)
    if price_fen is None:
        raise rules.not_sold(pool, quantity_kg)
    await service.refuse_frozen_in(tx, pool)
    reference = ids.new("P")
    amount_fen = rules.amount_fen(quantity_kg, price_fen)
    payment_id = await store.insert_payment(
        tx, reference, pool_id, quantity_kg=quantity_kg, amount_fen=amount_fen, held_for=rules.HELD_FOR
    )
    return (await store.payments(tx, [payment_id]))[payment_id]


async def payment(reference: str, *, db: Database) -> GuestPayment:
    """One payment, for operators and overseers."""
    async with db.reading() as tx:
        return await _again(tx, reference)


async def _again(tx: Tx, reference: str) -> GuestPayment:
    return (await _payment_in(tx, reference)).shown


async def _payment_in(tx: Tx, reference: str, *, lock: bool = False) -> StoredPayment:
    if found := await store.payment(tx, reference, lock=lock):
        return found
    raise Unknown(f"There is no payment {reference}.")


async def payment_in(tx: Tx, payment_id: int) -> StoredPayment:
    """One payment by its row."""
    return (await store.payments(tx, [payment_id]))[payment_id]


async def confirm_payment(reference: str, body: Confirmation, *, call: Call, db: Database) -> GuestPayment:
    """
    Note, for the bank, that a payment has come. Said again it changes nothing.

    Raises `WrongAmount`, `OwnOrganisation`, `Unknown`.
    """

    async def work(tx: Tx) -> Written[GuestPayment]:
        found = await _payment_in(tx, reference)
        pool = await service.pool_in(tx, found.shown.pool_id)
        await grants.refuse_own_in(tx, [call.by.person_id], pool.owner_id, f"payment {reference}")
        return Written(reference, await confirm_in(tx, reference, body.amount_fen))

    return await once(db, call, work, _again)


async def confirm_in(tx: Tx, reference: str, amount_fen: int) -> GuestPayment:
    """
    The money has come: its kilograms are to be retired, or it goes back.

    What comes late buys the kilograms if as many are still left in the pool, whose price never changes.
    """
    found = await _payment_in(tx, reference, lock=True)
    rules.check_amount(reference, found.shown.amount_fen, amount_fen)
    if found.shown.state not in ("held", "lapsed"):
        return found.shown
    late = found.shown.state == "lapsed"
    sold = not late or await store.reserve_again(tx, found.shown.pool_id, found.shown.quantity_kg)
    await _post(tx, found, "payment", ("bank", "guests"))
    if sold:
        await store.set_paid(tx, found.id)
    else:
        await store.set_refunded(tx, found.id, LATE)
        await _post(tx, found, "refund", ("guests", "bank"))
    return await _again(tx, reference)


async def _post(tx: Tx, found: StoredPayment, cause: str, accounts: tuple[str, str]) -> None:
    shown = found.shown
    await store.post(tx, shown.pool_id, cause, shown.reference, accounts=accounts, amount_fen=shown.amount_fen)


async def paid_in(tx: Tx, after: int) -> list[tuple[int, str]]:
    """Payments that have come and whose kilograms are to be retired: row and reference, some at a time."""
    return await store.paid(tx, after)


async def lock_paid_in(tx: Tx, reference: str) -> PaidSale | None:
    """
    Lock a payment that has come, its pool and the account; None if it was carried out or given back meanwhile.

    After it the caller may append statements.
    """
    found = await _payment_in(tx, reference, lock=True)
    if found.shown.state != "paid":
        return None
    pool = await service.locked_pool_in(tx, found.shown.pool_id)
    await parties.lock_accounts_in(tx, [pool.account_id])
    return PaidSale(found, pool)


async def retire_in(
    tx: Tx, sale: PaidSale, claimant_id: int, request: RetireRequest, *, region: RegionProfile
) -> RetirementOrder:
    """
    Retire what was paid against the claim of *request*, and owe its price to the pool's owner.

    The owner asked for it by opening the pool, so it is done in the name of the person who did. Raises what `retire`
    raises.
    """
    payment, pool = sale
    released = await reserves.take_out(tx, pool.hold_id, pool.account_id, payment.shown.quantity_kg)
    roles = tuple(HeldRole(Role.ORGANISER, each) for each in {pool.owner_id, claimant_id})
    by = Actor(person_id=pool.opened_by, roles=roles)
    call = Call(by=by, operation="retire_credits", permitted=frozenset({Role.ORGANISER}))
    order = await retirement.retire_released_in(tx, request, released, call=call, region=region)
    kg = payment.shown.quantity_kg
    await store.change_kg(tx, pool.id, held=-kg, reserved=-kg, retired=kg)
    retired = await store.set_retired(tx, payment.id, order.order_id)
    assert retired, "the payment is locked, and was paid"
    await _post(tx, payment, "sale", ("guests", "owner"))
    return order


async def refund_in(tx: Tx, sale: PaidSale, why: str) -> None:
    """Give the money of a payment back, and the kilograms to the pool, because of a refusal that will not pass."""
    payment, pool = sale
    await store.set_refunded(tx, payment.id, why)
    await _post(tx, payment, "refund", ("guests", "bank"))
    await _unreserve_in(tx, pool, payment.shown.quantity_kg)


async def _unreserve_in(tx: Tx, pool: LockedPool, quantity_kg: int) -> None:
    """Kilograms are promised no more: others may buy them, or they go back to the owner of a pool that has ended."""
    await store.change_kg(tx, pool.id, reserved=-quantity_kg)
    if pool.state == "withdrawn":
        await service.give_back_in(tx, pool, quantity_kg)


async def lapse_due(*, db: Database) -> int:
    """Let go of kilograms that were kept 15 minutes for a payment, each in a transaction; returns of how many."""
    async with db.reading() as tx:
        due = await store.overdue(tx)
    lapsed = 0
    for reference in due:

        async def work(tx: Tx, reference: str = reference) -> bool:
            found = await _payment_in(tx, reference, lock=True)
            if not await store.lapse(tx, reference):  # it was paid while we waited for the lock
                return False
            pool = await service.locked_pool_in(tx, found.shown.pool_id)
            await _unreserve_in(tx, pool, found.shown.quantity_kg)
            return True

        lapsed += await db.transaction(work)
    return lapsed


async def pay_out(pool_id: int, body: NewPayout, *, call: Call, db: Database) -> Posting:
    """
    Note what the bank has paid to a pool's owner, once for each of its references.

    Raises `MoreThanOwed`, `PaidOutAlready`, `OwnOrganisation`, `Unknown`.
    """

    async def work(tx: Tx) -> Written[Posting]:
        pool = await service.locked_pool_in(tx, pool_id)
        await grants.refuse_own_in(tx, [call.by.person_id], pool.owner_id, f"a payout of pool {pool_id}")
        rules.check_payout((await store.accounts(tx, pool_id)).owed_fen, body.amount_fen)
        await store.post(tx, pool_id, "payout", body.reference, accounts=("owner", "bank"), amount_fen=body.amount_fen)
        return Written(body.reference, await store.payout(tx, body.reference))

    return await once(db, call, work, store.payout)

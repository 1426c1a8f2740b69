"""
Kilograms on the exchange: held in its favour, delivered from hold to hold, and released again.

Each function may be called again with the same reference: it answers what it answered first, and moves nothing. None
of them opens a transaction: the exchange composes them with what it remembers itself, in one.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import to_builtins

from registry.access import authorisation as access
from registry.access.restrictions import service as restrictions
from registry.credits.blocks import rules
from registry.credits.blocks import service as blocks
from registry.credits.blocks import store as block_store
from registry.credits.blocks.rules import Cut, Part
from registry.credits.custody import store
from registry.credits.custody.store import RememberedAnswer
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.problems import DomainError, Unknown
from registry.parties import service as parties
from registry.parties.rules import LockedAccount
from registry.projects.service import projects
from registry.transparency import rules as transparency
from registry.transparency import service as log
from schemas.access import Call
from schemas.custody import Delivered, Delivery, Freezes, Held, HoldRequest, Vintage
from schemas.parties import RegionProfile
from schemas.statements import DeliveryStatement


async def vintage_in(tx: Tx, project_id: int, year: int) -> Vintage:
    """What can be traded of one project and vintage. Raises `Unknown` if nothing was issued."""
    found = await store.vintage(tx, project_id, year)
    if found is None:
        raise Unknown(f"Nothing of project {project_id} and vintage {year} was issued.")
    code, methodology = found
    project = await projects.project_in(tx, project_id)
    return Vintage(code=str(code.instrument_code), project_name=project.name, methodology=methodology)


async def freezes_in(tx: Tx) -> Freezes:
    """The accounts and vintages that are frozen now."""
    return await store.freezes(tx)


async def holds_in(tx: Tx) -> tuple[Held, ...]:
    """Everything that is held for the exchange."""
    return await store.holds(tx)


async def hold_in(tx: Tx, wanted: HoldRequest, *, call: Call) -> None:
    """
    Hold an owner's kilograms for the exchange.

    Raises `InsufficientCredits`, `Frozen`, `NotYours`, `AccountClosed`.
    """
    locked = await blocks.lock_open_accounts_in(tx, [wanted.account_id])
    access.authorise_for(call, locked[wanted.account_id].owner_id)
    if await store.answered(tx, wanted.reference):
        return
    oldest = await block_store.active_of_vintage(tx, wanted.account_id, wanted.project_id, wanted.vintage)
    cuts = rules.take_fifo(oldest, wanted.quantity_kg)
    if any(cut.block.frozen for cut in cuts):
        await restrictions.refuse_frozen_in(
            tx,
            accounts=[wanted.account_id],
            projects=[wanted.project_id],
            issuances=sorted({cut.block.lot.issuance_id for cut in cuts}),
        )
    hold_id = await store.hold_of(tx, wanted.account_id, wanted.project_id, wanted.vintage)
    await block_store.move_out(
        tx,
        cuts,
        account_id=wanted.account_id,
        to_account_id=wanted.account_id,
        to_state="held",
        hold_id=hold_id,
        cause=wanted.reference,
    )
    await store.resize_hold(tx, hold_id, wanted.quantity_kg)
    await store.remember(tx, wanted.reference, _moved("hold", cuts))


async def release_in(tx: Tx, wanted: HoldRequest) -> None:
    """
    Give held kilograms back to their account, where they are active again.

    A freeze does not matter: in a frozen account they can move no further. Raises `InsufficientCredits` where the hold
    has less, which would be a fault of ours.
    """
    await parties.lock_accounts_in(tx, [wanted.account_id])
    if await store.answered(tx, wanted.reference):
        return
    hold_id = await store.hold_of(tx, wanted.account_id, wanted.project_id, wanted.vintage)
    way = _Way(hold_id, wanted.account_id, wanted.account_id, "active", None)
    cuts = await _moved_from_hold_in(tx, way, wanted.quantity_kg, cause=wanted.reference)
    await store.resize_hold(tx, hold_id, -wanted.quantity_kg)
    await store.remember(tx, wanted.reference, _moved("release", cuts))


async def deliver_in(tx: Tx, batch: Sequence[Delivery], *, region: RegionProfile) -> tuple[Delivered, ...]:
    """
    Deliver what was sold, from the sellers' holds into the buyers'.

    Each delivery is done whole or refused whole; one that is refused leaves the others alone. Freezes do not matter:
    what was traded before them is delivered, and stays held. Accounts are locked together, in id order.
    """
    await parties.lock_accounts_in(tx, {each for one in batch for each in (one.seller_id, one.buyer_id)})
    return tuple([await _delivered_in(tx, each, region=region) for each in batch])


async def _delivered_in(tx: Tx, delivery: Delivery, *, region: RegionProfile) -> Delivered:
    if before := await store.answered(tx, delivery.reference):
        return await _shown(tx, delivery.reference, before)
    try:
        async with tx.transaction():  # a savepoint: whatever a refused delivery did is undone
            answer = await _deliver_in(tx, delivery, region=region)
    except DomainError as refusal:
        answer = RememberedAnswer("deliver", delivery.quantity_kg, refusal.detail, (), ())
    await store.remember(tx, delivery.reference, answer)
    return await _shown(tx, delivery.reference, answer)


async def _deliver_in(tx: Tx, delivery: Delivery, *, region: RegionProfile) -> RememberedAnswer:
    seller = await _open_account_in(tx, delivery.seller_id, "seller")
    buyer = await _open_account_in(tx, delivery.buyer_id, "buyer")
    from_hold = await store.hold_of(tx, seller.id, delivery.project_id, delivery.vintage)
    into_hold = await store.hold_of(tx, buyer.id, delivery.project_id, delivery.vintage)
    way = _Way(from_hold, seller.id, buyer.id, "held", into_hold)
    cuts = await _moved_from_hold_in(tx, way, delivery.quantity_kg, cause=delivery.reference)
    await store.resize_hold(tx, from_hold, -delivery.quantity_kg)
    await store.resize_hold(tx, into_hold, delivery.quantity_kg)
    statements = [
        await _log_delivery_in(tx, delivery, part, (seller.owner_id, buyer.owner_id), region=region)
        for part in rules.parts(cuts, transparency.RANGE_LIMIT)
    ]
    return _moved("deliver", cuts)._replace(statement_ids=tuple(statements))


class _Way(NamedTuple):
    """From under which hold of whom to whom, as what, and under which hold there."""

    from_hold_id: int
    account_id: int
    to_account_id: int
    to_state: str
    hold_id: int | None


async def _moved_from_hold_in(tx: Tx, way: _Way, quantity_kg: int, *, cause: str) -> list[Cut]:
    """
    Move what is oldest from under a hold, in however many pieces it is, a limited number of them at a time.

    What the exchange owes can always be given: refusing it for its pieces would undo a trade that was made, or keep a
    withdrawal back for ever. Raises `InsufficientCredits`.
    """
    cuts: list[Cut] = []
    missing_kg = quantity_kg
    while missing_kg:
        oldest = await block_store.held(tx, way.from_hold_id)
        all_of_them = len(oldest) < rules.BLOCK_LIMIT
        size_kg = missing_kg if all_of_them else min(missing_kg, sum(block.size_kg for block in oldest))
        taken = rules.take_fifo(oldest, size_kg)
        await block_store.move_out(tx, taken, cause=cause, **way._asdict())
        cuts.extend(taken)
        missing_kg -= size_kg
    return cuts


async def _open_account_in(tx: Tx, account_id: int, side: str) -> LockedAccount:
    """One of the accounts that `deliver_in` locked. Either side may read the refusal, and learns no name from it."""
    try:
        return (await blocks.lock_open_accounts_in(tx, [account_id]))[account_id]
    except rules.AccountClosed as refusal:
        raise rules.AccountClosed(f"The {side}'s account is not open any more.") from refusal


async def _log_delivery_in(
    tx: Tx, delivery: Delivery, part: Part, owners: tuple[int, int], *, region: RegionProfile
) -> int:
    """The public log proves that kilograms changed hands; from whom to whom and for how much is behind commitments."""
    sender, receiver = (
        transparency.seal(label, {"organisation": owner})
        for label, owner in zip(("sender", "receiver"), owners, strict=True)
    )
    payment = transparency.seal("payment", {"delivery": delivery.reference, **to_builtins(delivery.payment)})
    statement = DeliveryStatement(
        registry=region.name,
        executed_at=clock.stamp(await clock.now_in(tx)),
        delivery=delivery.reference,
        issuance=part.lot.code,
        ranges=part.ranges,
        quantity_kg=part.quantity_kg,
        sender=sender.digest,
        receiver=receiver.digest,
        payment=payment.digest,
    )
    return (await log.append_in(tx, statement, region=region, openings=(sender, receiver, payment))).id


def _moved(kind: str, cuts: Sequence[Cut]) -> RememberedAnswer:
    spans = tuple(span for part in rules.parts(cuts, rules.BLOCK_LIMIT) for span in part.spans)
    return RememberedAnswer(kind, sum(cut.size_kg for cut in cuts), None, spans, ())


async def _shown(tx: Tx, reference: str, answer: RememberedAnswer) -> Delivered:
    serials = await block_store.serials_of(tx, answer.spans)
    return Delivered(reference=reference, refusal=answer.refusal, serials=serials, statement_ids=answer.statement_ids)

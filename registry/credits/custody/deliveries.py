"""
Deliver what was sold on the exchange, from the sellers' holds into the buyers', a batch in one set of statements.

A batch is worked out in memory under the locks and then written at once: the rows that change, the movements, the
holds, the statements for the public log, and what is remembered under each reference. If the database refuses any of
it, the whole transaction is undone, and the caller may try each delivery for itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import to_builtins

from registry.credits.blocks import rules as block_rules
from registry.credits.blocks import service as blocks
from registry.credits.blocks import store as block_store
from registry.credits.blocks.rules import Block, Cut, Part
from registry.credits.custody import rules, store
from registry.credits.custody.rules import HoldOwner, Holds
from registry.credits.custody.store import NewMovement, RememberedAnswer
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.problems import DomainError
from registry.parties import service as parties
from registry.parties.rules import LockedAccount
from registry.transparency import rules as transparency
from registry.transparency import service as log
from registry.transparency.rules import Prepared
from schemas.custody import Delivered, Delivery
from schemas.parties import RegionProfile
from schemas.statements import DeliveryStatement


class Decided(NamedTuple):
    """What becomes of one delivery: refused, or made of these cuts, with a statement a part."""

    delivery: Delivery
    refusal: str | None = None
    cuts: tuple[Cut, ...] = ()
    parts: tuple[Part, ...] = ()
    statements: tuple[Prepared, ...] = ()


async def deliver_in(tx: Tx, batch: Sequence[Delivery], *, region: RegionProfile) -> tuple[Delivered, ...]:
    """
    Deliver what was sold, from the sellers' holds into the buyers', in the order of the batch.

    Each delivery is done whole or refused whole; one that is refused leaves the others alone. One that was made or
    refused before, under its reference, is answered as it was then. Freezes do not matter: what was traded before them
    is delivered, and stays held. Accounts are locked together, in id order.
    """
    locked = await parties.lock_accounts_in(tx, {each for one in batch for each in (one.seller_id, one.buyer_id)})
    before = await store.remembered(tx, [each.reference for each in batch])
    fresh = {each.reference: each for each in batch if each.reference not in before}
    answers = await _delivered_in(tx, list(fresh.values()), locked, region=region) if fresh else {}
    answers |= await _shown_in(tx, before)
    return tuple(answers[each.reference] for each in batch)


async def _delivered_in(
    tx: Tx, fresh: Sequence[Delivery], locked: Mapping[int, LockedAccount], *, region: RegionProfile
) -> dict[str, Delivered]:
    hold_ids = await store.hold_ids(tx, {owner for each in fresh for owner in (_seller(each), _buyer(each))})
    holds = Holds(await _held_in(tx, fresh, hold_ids))
    now = await clock.now_in(tx)
    decided = [_decide(each, holds, locked, now=now, region=region) for each in fresh]
    made = [each for each in decided if each.refusal is None]
    changes = holds.changes()
    missing = [owner for owner in changes.kg if owner not in hold_ids]
    hold_ids |= await store.open_holds(tx, missing) if missing else {}
    await store.change_blocks(tx, changes, hold_ids)
    await store.insert_movements(tx, [move for each in made for move in _movements(each)], at=now)
    statement_ids = iter(await log.append_all_in(tx, [prepared for each in made for prepared in each.statements]))
    remembered = {
        each.delivery.reference: _remembered(each, [next(statement_ids) for _ in each.parts]) for each in decided
    }
    await store.remember_all(tx, remembered)
    return {each.delivery.reference: _shown(each, remembered[each.delivery.reference]) for each in decided}


async def _held_in(
    tx: Tx, fresh: Iterable[Delivery], hold_ids: Mapping[HoldOwner, int]
) -> dict[HoldOwner, list[Block]]:
    """
    What is oldest under the sellers' holds, as much as they have to give, a limited number of pieces at a time.

    What the exchange owes can always be given, in however many pieces it is: a refusal would undo a trade.
    """
    wanted_kg: dict[HoldOwner, int] = {}
    for each in fresh:
        if _seller(each) in hold_ids:
            wanted_kg[_seller(each)] = wanted_kg.get(_seller(each), 0) + each.quantity_kg
    held: dict[HoldOwner, list[Block]] = {owner: [] for owner in wanted_kg}
    owners = {hold_ids[owner]: owner for owner in wanted_kg}
    while wanted_kg:
        pages = await store.held_beyond(
            tx, {hold_ids[owner]: (kg, held[owner][-1] if held[owner] else None) for owner, kg in wanted_kg.items()}
        )
        wanted_kg = {}
        for hold_id, (page, more) in pages.items():
            held[owners[hold_id]] += page
            if more:
                wanted_kg[owners[hold_id]] = more
    return held


def _decide(
    delivery: Delivery, holds: Holds, locked: Mapping[int, LockedAccount], *, now: datetime, region: RegionProfile
) -> Decided:
    """Take a delivery out of the holds in memory, or say why not; a refusal leaves them as they were."""
    try:
        owners = _owner(locked, delivery.seller_id, "seller"), _owner(locked, delivery.buyer_id, "buyer")
        taken = holds.oldest(_seller(delivery), delivery.quantity_kg)
        cuts = rules.cuts_of(taken)
        parts = tuple(block_rules.parts(cuts, transparency.RANGE_LIMIT))
        statements = tuple(_statement(delivery, part, owners, now=now, region=region) for part in parts)
    except DomainError as refusal:
        return Decided(delivery, refusal.detail)
    holds.move(taken, _seller(delivery), _buyer(delivery))
    return Decided(delivery, None, cuts, parts, statements)


def _owner(locked: Mapping[int, LockedAccount], account_id: int, side: str) -> int:
    """Who owns one of the accounts. Either side may read the refusal, and learns no name from it."""
    try:
        return blocks.open_account(locked.get(account_id), account_id).owner_id
    except block_rules.AccountClosed as refusal:
        raise block_rules.AccountClosed(f"The {side}'s account is not open any more.") from refusal


def _statement(
    delivery: Delivery, part: Part, owners: tuple[int, int], *, now: datetime, region: RegionProfile
) -> Prepared:
    """The public log proves that kilograms changed hands; from whom to whom and for how much is behind commitments."""
    sections = (
        transparency.seal("sender", {"organisation": owners[0]}),
        transparency.seal("receiver", {"organisation": owners[1]}),
        transparency.seal("payment", {"delivery": delivery.reference, **to_builtins(delivery.payment)}),
    )
    sender, receiver, payment = (each.digest for each in sections)
    statement = DeliveryStatement(
        registry=region.name,
        executed_at=clock.stamp(now),
        delivery=delivery.reference,
        issuance=part.lot.code,
        ranges=part.ranges,
        quantity_kg=part.quantity_kg,
        sender=sender,
        receiver=receiver,
        payment=payment,
    )
    return transparency.prepare(region.log_origin, statement, sections)


def _seller(delivery: Delivery) -> HoldOwner:
    return HoldOwner(delivery.seller_id, delivery.project_id, delivery.vintage)


def _buyer(delivery: Delivery) -> HoldOwner:
    return HoldOwner(delivery.buyer_id, delivery.project_id, delivery.vintage)


def _movements(made: Decided) -> Iterable[NewMovement]:
    one = made.delivery
    for cut in made.cuts:
        yield NewMovement(one.reference, cut.block.lot.issuance_id, cut.lower, cut.upper, one.seller_id, one.buyer_id)


def _remembered(each: Decided, statement_ids: Sequence[int]) -> RememberedAnswer:
    spans = tuple(span for part in each.parts for span in part.spans)
    return RememberedAnswer("deliver", each.delivery.quantity_kg, each.refusal, spans, tuple(statement_ids))


def _shown(each: Decided, remembered: RememberedAnswer) -> Delivered:
    serials = tuple(
        serial for part in each.parts for serial in block_rules.serials(part.lot.code, part.lot.base, part.spans)
    )
    return Delivered(
        reference=each.delivery.reference,
        refusal=each.refusal,
        serials=serials,
        statement_ids=remembered.statement_ids,
    )


async def _shown_in(tx: Tx, before: Mapping[str, RememberedAnswer]) -> dict[str, Delivered]:
    """What was answered before, as it was shown then."""
    lots = await block_store.located(tx, (span for each in before.values() for span in each.spans)) if before else {}
    return {
        reference: Delivered(
            reference=reference,
            refusal=each.refusal,
            serials=tuple(serial for span in each.spans for serial in block_rules.serials(*lots[span[0]], [span])),
            statement_ids=each.statement_ids,
        )
        for reference, each in before.items()
    }

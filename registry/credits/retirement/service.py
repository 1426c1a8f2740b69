"""Retire kilograms against a claim, and read what was retired."""

from collections.abc import Sequence
from datetime import datetime

from registry.access import authorisation as access
from registry.claims import service as claims
from registry.claims.rules import LockedClaim, check_source
from registry.credits.blocks import rules
from registry.credits.blocks import service as blocks
from registry.credits.blocks.rules import Cut, Part
from registry.credits.retirement import store
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.ids import new as new_id
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.transparency import rules as transparency
from schemas.access import Call
from schemas.credits import (
    Retirement,
    RetirementOrder,
    RetireRequest,
)
from schemas.pages import Page
from schemas.parties import RegionProfile
from schemas.statements import (
    RetirementStatement,
)


async def retire(request: RetireRequest, *, call: Call, db: Database, region: RegionProfile) -> RetirementOrder:
    """
    Retire part of an account's credits for good, against one claim. There is no inverse command.

    The transaction is five round trips: begin; the idempotency key; the locks, with what may be retired; the
    retirement, its statements appended after every lock; commit.
    """
    order_id = new_id("O")

    async def work(tx: Tx) -> Written[RetirementOrder]:
        locked = await store.lock(tx, request)
        claim, cuts = await _decided_in(tx, request, locked, call=call)
        new = [
            _new_retirement(request, part, claim, order_id=order_id, at=locked.at, region=region)
            for part in rules.parts(cuts, transparency.RANGE_LIMIT)
        ]
        await store.record(tx, request, cuts, new, order_id=order_id, by=call.by.person_id, at=locked.at)
        return Written(order_id, _order([_shown(request, each, order_id, locked.at) for each in new]))

    return await once(db, call, work, _order_again, object_id=order_id)


async def _decided_in(
    tx: Tx, request: RetireRequest, locked: store.Locked, *, call: Call
) -> tuple[LockedClaim, tuple[Cut, ...]]:
    """Decide, under the locks, what is retired; it asks the database again only to say which freeze is in effect."""
    claim = claims.check_allocation(locked.claim, request.claim_id, request.quantity_kg, now=locked.at, call=call)
    account = blocks.open_account(locked.account, request.account_id)
    access.authorise_for(call, account.owner_id)
    cuts = rules.choose(request, rules.named_span(request, locked.named), locked.eligible)
    await blocks.refuse_frozen_in(tx, cuts, request.account_id)
    check_source(claim, (cut.block.lot.methodology for cut in cuts))
    return claim, cuts


def _new_retirement(
    request: RetireRequest, part: Part, claim: LockedClaim, *, order_id: str, at: datetime, region: RegionProfile
) -> store.NewRetirement:
    receipt_id = new_id("R")
    sections = _sections(request)
    statement = RetirementStatement(
        registry=region.name,
        executed_at=clock.stamp(at),
        receipt=receipt_id,
        order=order_id,
        quantity_kg=part.quantity_kg,
        issuance=part.lot.code,
        ranges=part.ranges,
        project=part.lot.project,
        methodology=part.lot.methodology,
        vintage=part.lot.vintage,
        host=region.id,
        adjustment="none",
        purpose="contribution" if claim.type == "contribution" else "claim",
        claim=claim.sha256.hex(),
        allocates_kg=part.quantity_kg,
        sections=transparency.sections(sections),
    )
    return store.NewRetirement(receipt_id, part, transparency.prepare(region.log_origin, statement, sections))


def _shown(request: RetireRequest, made: store.NewRetirement, order_id: str, at: datetime) -> Retirement:
    """What `_order_again` would read back."""
    part = made.part
    return Retirement(
        receipt_id=made.receipt_id,
        order_id=order_id,
        claim_id=request.claim_id,
        issuance=part.lot.code,
        serials=rules.serials(part.lot.code, part.lot.base, part.spans),
        quantity_kg=part.quantity_kg,
        statement_hash=made.statement.sha256.hex(),
        at=at,
    )


def _sections(request: RetireRequest) -> tuple[transparency.SealedSection, ...]:
    named = {
        "beneficiary": {"name": request.beneficiary} if request.beneficiary else None,
        "evidence": {"sha256": request.evidence} if request.evidence else None,
    }
    return tuple(transparency.seal(label, value) for label, value in named.items() if value)


async def _order_again(tx: Tx, order_id: str) -> RetirementOrder:
    found = await store.order_retirements(tx, order_id)
    if not found:
        raise Unknown(f"There is no retirement order {order_id}.")
    return _order(found)


def _order(found: Sequence[Retirement]) -> RetirementOrder:
    return RetirementOrder(
        order_id=found[0].order_id,
        claim_id=found[0].claim_id,
        quantity_kg=sum(each.quantity_kg for each in found),
        retirements=tuple(found),
    )


async def retirement(receipt_id: str, *, db: Database) -> Retirement:
    """One retirement."""
    async with db.reading() as tx:
        return (await retirement_in(tx, receipt_id)).retirement


async def retirement_in(tx: Tx, receipt_id: str) -> store.StoredRetirement:
    """One retirement with its account and statement, inside a transaction. Raises `Unknown`."""
    if found := await store.retirement(tx, receipt_id):
        return found
    raise Unknown(f"There is no retirement with receipt {receipt_id}.")


async def retirements(window: Window, claim_id: int | None, *, db: Database) -> Page[Retirement]:
    """All retirements, or those against one claim."""
    async with db.reading() as tx:
        return await store.retirements(tx, window, claim_id)

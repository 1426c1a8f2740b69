"""Retire kilograms against a claim, with others that arrived at the same moment."""

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from registry.access import authorisation as access
from registry.claims import service as claims
from registry.claims.rules import LockedClaim, check_source
from registry.credits.blocks import rules
from registry.credits.blocks import service as blocks
from registry.credits.blocks.rules import Block, Cut, Part
from registry.credits.retirement import beneficiaries, store
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, forget_all, once, remember_all
from registry.kit.ids import new as new_id
from registry.kit.problems import DomainError, Unknown
from registry.kit.together import Together
from registry.transparency import rules as transparency
from registry.transparency.format.statement_rules import ClaimTerms, check_retirement
from schemas.access import Call
from schemas.credits import (
    Retirement,
    RetirementOrder,
    RetireRequest,
)
from schemas.parties import RegionProfile
from schemas.statements import (
    RetirementStatement,
)

_PATIENCE: Final = "10ms"
"""How long retirements that go together wait for each lock; one that is tried alone has the connection's limit."""

_PARTS_AT_ONCE: Final = 5
"""Statements written before others run on the loop: a thousand ranges."""


class AskedRetirement(NamedTuple):
    """A retirement that is asked for, under the id that it will have."""

    id: str
    request: RetireRequest
    call: Call


Retiring: TypeAlias = Together[AskedRetirement, RetirementOrder]


def retiring(db: Database, region: RegionProfile) -> Retiring:
    """What carries retirements out, and groups those that arrive together; one for each process."""
    return Together(
        partial(_retire_together, db=db, region=region),
        alone=partial(_retire_alone, db=db, region=region),
        about=lambda asked: (("claim", asked.request.claim_id), ("account", asked.request.account_id)),
    )


async def retire(request: RetireRequest, *, call: Call, retiring: Retiring) -> RetirementOrder:
    """
    Retire part of an account's credits for good, against one claim. There is no inverse command.

    Retirements that wait at the same moment share a transaction of five round trips: begin; the locks, with what may be
    retired; the idempotency keys; the retirements, their statements appended after every lock; commit. One that cannot
    go with the others has a transaction of its own: it is refused, was sent before, meets a lock that is held
    elsewhere, or ends more blocks than others should wait for.
    """
    return await retiring.join(AskedRetirement(new_id("O"), request, call))


async def _retire_alone(asked: AskedRetirement, *, db: Database, region: RegionProfile) -> RetirementOrder:
    async def work(tx: Tx) -> Written[RetirementOrder]:
        (locked,) = await store.lock(tx, [asked.request], block_limit=rules.RETIRED_BLOCK_LIMIT)
        assert locked is not None, "it waited as long as it takes"
        decided = await _decided_in(tx, asked, locked, rules.RETIRED_BLOCK_LIMIT, region=region)
        await store.record(tx, [decided])
        return Written(asked.id, _shown(decided))

    return await once(db, asked.call, work, order_in, object_id=asked.id)


async def retire_released_in(
    tx: Tx, request: RetireRequest, released: Sequence[Cut], *, call: Call, region: RegionProfile
) -> RetirementOrder:
    """
    Retire exactly what the same transaction has *released* from a hold of the account, which it has locked.

    The caller sees to it that this happens once. Raises what `retire` raises.
    """
    asked = AskedRetirement(new_id("O"), request, call)
    (locked,) = await store.lock(tx, [request], block_limit=1)
    assert locked is not None, "it waited as long as it takes"
    # Counted as frozen, so that freezes are looked up: what lies under a hold was not read with them.
    eligible = [Block(each.lower, each.upper, each.block.lot, frozen=True) for each in released]
    locked = locked._replace(eligible=eligible)
    decided = await _decided_in(tx, asked, locked, rules.RETIRED_BLOCK_LIMIT, region=region)
    await store.record(tx, [decided])
    return _shown(decided)


async def _retire_together(
    asked: Sequence[AskedRetirement], *, db: Database, region: RegionProfile
) -> list[RetirementOrder | None]:
    """
    Carry out in one transaction what can be; None for what is to be tried alone.

    Each is decided on what the ones before it leave. A key is remembered before that, and forgotten if the retirement
    is refused.
    """

    async def attempt(tx: Tx) -> list[RetirementOrder | None]:
        requests = [each.request for each in asked]
        locked = await store.lock(tx, requests, block_limit=rules.GROUPED_BLOCK_LIMIT, patience=_PATIENCE)
        fresh = await remember_all(
            tx, [(each.call, each.id) for each, found in zip(asked, locked, strict=True) if found is not None]
        )
        decided: dict[str, store.DecidedRetirement] = {}
        for each, found in zip(asked, locked, strict=True):
            if found is not None and each.id in fresh:
                with contextlib.suppress(DomainError):
                    left = _left_by(decided.values(), each.request, found)
                    decided[each.id] = await _decided_in(tx, each, left, rules.GROUPED_BLOCK_LIMIT, region=region)
        if refused := fresh - decided.keys():
            await forget_all(tx, [(each.call, each.id) for each in asked if each.id in refused])
        if decided:
            await store.record(tx, list(decided.values()))
        return [_shown(decided[each.id]) if each.id in decided else None for each in asked]

    return await db.transaction(attempt, patient=False)


def _left_by(
    earlier: Collection[store.DecidedRetirement], request: RetireRequest, locked: store.Locked
) -> store.Locked:
    """What was read under the locks, without what *earlier* ones of the same transaction take of it."""
    of_claim = sum(each.request.quantity_kg for each in earlier if each.request.claim_id == request.claim_id)
    of_account = [cut for each in earlier if each.request.account_id == request.account_id for cut in each.cuts]
    claim = locked.claim._replace(allocated_kg=locked.claim.allocated_kg + of_claim) if locked.claim else None
    return locked._replace(claim=claim, eligible=rules.remaining(locked.eligible, of_account))


async def _decided_in(
    tx: Tx, asked: AskedRetirement, locked: store.Locked, block_limit: int, *, region: RegionProfile
) -> store.DecidedRetirement:
    """Decide, under the locks, what is retired; it asks the database again only to say which freeze is in effect."""
    request, call = asked.request, asked.call
    claim = claims.check_allocation(locked.claim, request.claim_id, request.quantity_kg, now=locked.at, call=call)
    account = blocks.open_account(locked.account, request.account_id)
    access.authorise_for(call, account.owner_id)
    cuts = rules.choose(request, rules.named_span(request, locked.named), locked.eligible, block_limit)
    await blocks.refuse_frozen_in(tx, cuts, request.account_id)
    check_source(claim, (cut.block.lot.methodology for cut in cuts))
    new: list[store.NewRetirement] = []
    for part in rules.parts(cuts, transparency.RANGE_LIMIT):
        new.append(_new_retirement(request, part, claim, order_id=asked.id, at=locked.at, region=region))
        if len(new) % _PARTS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return store.DecidedRetirement(asked.id, request, call.by.person_id, locked.at, cuts, tuple(new))


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
    # No retirement's time is before its claim's: business time never goes back, and the claim's row is locked.
    terms = ClaimTerms(region.name, claim.type, claim.required_kg, claim.new_forest, executed_at=None)
    transparency.require_sense(partial(check_retirement, statement, terms), statement)
    return store.NewRetirement(receipt_id, part, transparency.prepare(region.log_origin, statement, sections))


def _shown(decided: store.DecidedRetirement) -> RetirementOrder:
    """What `order_in` would read back."""
    return _order([_shown_part(each, decided) for each in decided.new])


def _shown_part(made: store.NewRetirement, decided: store.DecidedRetirement) -> Retirement:
    part = made.part
    return Retirement(
        receipt_id=made.receipt_id,
        order_id=decided.order_id,
        claim_id=decided.request.claim_id,
        issuance=part.lot.code,
        serials=rules.serials(part.lot.code, part.lot.base, part.spans),
        quantity_kg=part.quantity_kg,
        reason=decided.request.reason,
        statement_hash=made.statement.sha256.hex(),
        at=decided.at,
    )


def _sections(request: RetireRequest) -> tuple[transparency.SealedSection, ...]:
    named = {
        "beneficiary": beneficiaries.named(request.beneficiary, request.beneficiary_identifiers)
        if request.beneficiary
        else None,
        "evidence": {"sha256": request.evidence} if request.evidence else None,
    }
    return tuple(transparency.seal(label, value) for label, value in named.items() if value)


async def order_in(tx: Tx, order_id: str) -> RetirementOrder:
    """A retirement order with its parts. Raises `Unknown`."""
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

"""Retire kilograms against a claim, and read what was retired."""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from registry.access import authorisation as access
from registry.claims import service as claims
from registry.claims.rules import LockedClaim, check_source
from registry.credits.blocks import rules
from registry.credits.blocks import service as blocks
from registry.credits.blocks.rules import Part
from registry.credits.retirement import store
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once, remember_all
from registry.kit.ids import new as new_id
from registry.kit.pages import Window
from registry.kit.problems import DomainError, Unavailable, Unknown
from registry.kit.together import Together
from registry.transparency import corrections
from registry.transparency import rules as transparency
from schemas.access import Call
from schemas.corrections import CorrectBeneficiary, Correction
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

_PATIENCE: Final = "10ms"
"""How long retirements that go together wait for a lock; one that waits alone has the connection's limit."""


class AskedRetirement(NamedTuple):
    """A retirement that is asked for, under the id that it will have."""

    id: str
    request: RetireRequest
    call: Call


class Retiring(NamedTuple):
    """What carries retirements out, and groups those that arrive together; one for each process."""

    db: Database
    region: RegionProfile
    together: Together[AskedRetirement, RetirementOrder]


def retiring(db: Database, region: RegionProfile) -> Retiring:
    """Put it together."""
    return Retiring(
        db,
        region,
        Together(
            partial(_retire_together, db=db, region=region),
            apart=lambda asked: (
                ("claim", asked.request.claim_id),
                ("account", asked.request.account_id),
                ("call", asked.call.identity),
            ),
        ),
    )


async def retire(request: RetireRequest, *, call: Call, retiring: Retiring) -> RetirementOrder:
    """
    Retire part of an account's credits for good, against one claim. There is no inverse command.

    Retirements that wait at the same moment share a transaction of five round trips: begin; the locks, with what may be
    retired; the idempotency keys; the retirements, their statements appended after every lock; commit. One that is
    refused changes nothing for the others. Where they cannot go together, each has a transaction of its own.
    """
    asked = AskedRetirement(new_id("O"), request, call)
    with contextlib.suppress(_NotTogetherError):
        return await retiring.together.join(asked)

    async def work(tx: Tx) -> Written[RetirementOrder]:
        (locked,) = await store.lock(tx, [request])
        decided = await _decided_in(tx, asked, locked, region=retiring.region)
        await store.record(tx, [decided])
        return Written(asked.id, _shown(decided))

    return await once(retiring.db, call, work, _order_again, object_id=asked.id)


class _NotTogetherError(Exception):
    """This one is to be tried alone: it was refused, or its key was seen before, or a lock was not free."""


async def _retire_together(
    asked: Sequence[AskedRetirement], *, db: Database, region: RegionProfile
) -> list[RetirementOrder | Exception]:
    """Carry out what can be; a refusal is not final here, since it may be of a request that was carried out before."""

    async def attempt(tx: Tx) -> list[RetirementOrder | Exception]:
        locked = await store.lock(tx, [each.request for each in asked], patience=_PATIENCE)
        decided: dict[str, store.DecidedRetirement] = {}
        for each, found in zip(asked, locked, strict=True):
            with contextlib.suppress(DomainError):
                decided[each.id] = await _decided_in(tx, each, found, region=region)
        if decided:
            if not await remember_all(tx, [(each.call, each.id) for each in asked if each.id in decided]):
                raise _NotTogetherError
            await store.record(tx, list(decided.values()))
        return [_shown(decided[each.id]) if each.id in decided else _NotTogetherError() for each in asked]

    try:
        return await db.transaction(attempt)
    except Unavailable:
        raise
    except Exception as error:
        raise _NotTogetherError from error


async def _decided_in(
    tx: Tx, asked: AskedRetirement, locked: store.Locked, *, region: RegionProfile
) -> store.DecidedRetirement:
    """Decide, under the locks, what is retired; it asks the database again only to say which freeze is in effect."""
    request, call = asked.request, asked.call
    claim = claims.check_allocation(locked.claim, request.claim_id, request.quantity_kg, now=locked.at, call=call)
    account = blocks.open_account(locked.account, request.account_id)
    access.authorise_for(call, account.owner_id)
    cuts = rules.choose(request, rules.named_span(request, locked.named), locked.eligible)
    await blocks.refuse_frozen_in(tx, cuts, request.account_id)
    check_source(claim, (cut.block.lot.methodology for cut in cuts))
    new = tuple(
        _new_retirement(request, part, claim, order_id=asked.id, at=locked.at, region=region)
        for part in rules.parts(cuts, transparency.RANGE_LIMIT)
    )
    return store.DecidedRetirement(asked.id, request, call.by.person_id, locked.at, cuts, new)


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


def _shown(decided: store.DecidedRetirement) -> RetirementOrder:
    """What `_order_again` would read back."""
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
        statement_hash=made.statement.sha256.hex(),
        at=decided.at,
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


async def correct_beneficiary(
    receipt_id: str, body: CorrectBeneficiary, *, call: Call, db: Database, region: RegionProfile
) -> Correction:
    """Correct for whom a retirement was, as the claimant; what was retired, and against what, stays."""

    async def work(tx: Tx) -> Written[Correction]:
        found = await retirement_in(tx, receipt_id)
        await claims.lock_words_in(tx, found.retirement.claim_id)
        claim = await claims.claim_in(tx, found.retirement.claim_id)
        access.authorise_for(call, claim.claimant_id)
        sections = (transparency.seal("beneficiary", {"name": body.beneficiary}),)
        new_correction = corrections.NewCorrection(
            found.statement_id, body.reason, claim.claimant_id, sections=sections
        )
        made = await corrections.correct_in(tx, new_correction, call=call, region=region)
        return Written(made.id, made)

    return await once(db, call, work, corrections.own_again)


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

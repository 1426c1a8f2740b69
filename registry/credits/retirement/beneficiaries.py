"""For whom something was retired: sealed in the retirement's statement, and corrected by statements of its own."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from registry.access import authorisation as access
from registry.claims import service as claims
from registry.credits.retirement import look_ups
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.problems import DomainError, Kind
from registry.transparency import corrections
from registry.transparency import rules as transparency
from schemas.access import Call
from schemas.corrections import CorrectBeneficiary, Correction
from schemas.credits import Retirement
from schemas.identifiers import Identifier
from schemas.parties import RegionProfile


class RetirementAnnulled(DomainError):
    """Two regulators said that the retirement should not have been: nothing about it is corrected."""

    kind, slug, title = Kind.CONFLICT, "retirement-annulled", "The retirement was annulled"


def named(name: str, identifiers: Sequence[Identifier]) -> dict[str, Any]:
    """The section's text. A name can be anybody's; an identifier is one organisation's."""
    return {"name": name} | (
        {"identifiers": [msgspec.to_builtins(each) for each in identifiers]} if identifiers else {}
    )


async def correct_beneficiary(
    receipt_id: str, body: CorrectBeneficiary, *, call: Call, db: Database, region: RegionProfile
) -> Correction:
    """
    Correct for whom a retirement was, as the claimant; what was retired, and against what, stays.

    Raises `NothingCorrected`, `SaysNeutral`, `ClaimAnnulled`, `RetirementAnnulled`.
    """

    async def work(tx: Tx) -> Written[Correction]:
        found = await look_ups.retirement_in(tx, receipt_id)
        await claims.lock_claim_in(tx, found.retirement.claim_id)
        claim = await claims.claim_in(tx, found.retirement.claim_id)
        access.authorise_for(call, claim.claimant_id)
        claims.refuse_annulled(claim)
        _refuse_annulled((await look_ups.retirement_in(tx, receipt_id)).retirement)  # as it is under the lock
        claims.refuse_neutral(claim, {"reason": body.reason})
        old = await corrections.sealed_now_in(tx, found.statement_id, "beneficiary")
        sealed = transparency.seal("beneficiary", _corrected(old, body))
        new_correction = corrections.NewCorrection(
            found.statement_id, body.reason, claim.claimant_id, sections=(sealed,)
        )
        made = await corrections.correct_in(tx, new_correction, call=call, region=region)
        return Written(made.id, made)

    return await once(db, call, work, corrections.own_again)


def _refuse_annulled(retirement: Retirement) -> None:
    if retirement.annulled is not None:
        raise RetirementAnnulled(
            f"Receipt {retirement.receipt_id} was annulled by two regulators: nothing about it is corrected any more."
        )


def _corrected(old: dict[str, Any], body: CorrectBeneficiary) -> dict[str, Any]:
    """What the section says now; what *body* leaves out is as it was. Raises `NothingCorrected`."""
    said = dict(old)
    if body.beneficiary is not UNSET:
        said["name"] = body.beneficiary
    if body.beneficiary_identifiers is not UNSET:
        said["identifiers"] = body.beneficiary_identifiers
    if "name" not in said:
        raise corrections.NothingCorrected("The retirement names no beneficiary: give the name in beneficiary.")
    if (new := named(said["name"], said.get("identifiers", ()))) == old:
        raise corrections.NothingCorrected(
            "Nothing would change: give the right beneficiary, beneficiary_identifiers, or both."
        )
    return new

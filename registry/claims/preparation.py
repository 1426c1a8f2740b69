"""What the reduce-first gate looks at, looked up in a transaction: contracts, and whose plan and report they are."""

from registry.claims import gate, rules
from registry.claims.gate import PreparedClaim
from registry.claims.green_power import service as green_power
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.problems import DomainError
from registry.parties import service as parties
from registry.projects.service import documents
from schemas.access import Call
from schemas.claims import DraftTerms, NewClaim, OffsetRule, ReduceFirstGate, ReductionPlan, StoredFootprint
from schemas.identifiers import Identifier
from schemas.statements import ClaimType, ClaimVerifier


async def prepared_in(
    tx: Tx,
    terms: NewClaim | DraftTerms,
    type_: ClaimType,
    organisation_id: int,
    stored: StoredFootprint | None,
    *,
    call: Call,
) -> PreparedClaim:
    """Everything at once. What is named and does not count is a fault of its step, and raises nothing."""
    faults = {}
    if terms.plan is not None and (said := await _fault_in(tx, terms.plan, organisation_id, terms.subject, call)):
        faults["plan"] = said
    if terms.verifier is not None:
        named = ReductionPlan(
            identifier=terms.verifier.identifier,
            level=terms.verifier.level,
            plan_sha256=terms.verifier.report_sha256,
        )
        if said := await _fault_in(tx, named, organisation_id, terms.subject, call):
            faults["finding"] = said
    if stored and (said := rules.profile_fault(type_, terms.about, stored.result.profile)):
        faults["footprint"] = said
    wanted = gate.wanted_kwh(stored.request if stored else None)
    return PreparedClaim(
        type=type_,
        ends=terms.ends,
        deadline=rules.year_after(terms.ends, new_forest=terms.new_forest),
        responsible_person=terms.responsible_person,
        request=stored.request if stored else None,
        counted=stored.result if stored else None,
        reduction_plan=terms.reduction_plan,
        plan=terms.plan,
        measures=terms.measures,
        finding=terms.verifier,
        contracts=await green_power.named_in(tx, organisation_id, tuple(wanted), terms.begins, terms.ends),
        faults=faults,
    )


async def gate_in(tx: Tx, prepared: PreparedClaim, rule: OffsetRule) -> ReduceFirstGate:
    """The gate at business time."""
    return gate.look(prepared, rule, await clock.now_in(tx))


async def verified_by_in(
    tx: Tx, identifier: Identifier, sha256: str, *, owner_id: int, what: str, call: Call
) -> ClaimVerifier:
    """
    The independent organisation whose verifier uploaded a document, by the name that is registered.

    The level is the caller's to set. Raises `Unknown`, `UnknownDocument`, `NotTheVerifiers`, `VerifierConflict`.
    """
    verifier = await parties.organisation_known_as_in(tx, identifier)
    uploaders = await documents.uploading_verifiers_in(tx, sha256, verifier.id)
    await parties.refuse_conflict_in(
        tx,
        verifiers={verifier.id},
        people=uploaders,
        owner_id=owner_id,
        drafters=frozenset({call.by.person_id}),
        what=what,
    )
    return ClaimVerifier(name=verifier.name, level="limited", identifier=identifier)


async def _fault_in(tx: Tx, named: ReductionPlan, owner_id: int, subject: str, call: Call) -> str:
    """Why a document does not count as that of an independent verifier, or nothing."""
    what = f"the claim about {subject[:80]!r}"
    try:
        await verified_by_in(tx, named.identifier, named.plan_sha256, owner_id=owner_id, what=what, call=call)
    except DomainError as refused:
        return refused.detail
    return ""

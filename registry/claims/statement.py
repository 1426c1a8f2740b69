"""The statement by which a claim enters the public log. Pure."""

from typing import NamedTuple

from registry.claims import rules, subjects
from registry.kit.ids import new
from registry.transparency import rules as transparency
from schemas.claims import GATED, NewClaim
from schemas.identifiers import Identifier
from schemas.methodologies import Footprint
from schemas.statements import ClaimStatement, ClaimVerifier, Period, ReducedFirst


class Backing(NamedTuple):
    """What a claim rests on, looked up: the footprint, who verified it, and what came before offsetting."""

    counted: Footprint | None
    verifier: ClaimVerifier | None
    reduce_first: ReducedFirst | None


def openings(body: NewClaim) -> tuple[transparency.SealedSection, ...]:
    """The sections that the log names by digest only: a plan may be confidential, a person may have to be erased."""
    named = {
        "reduction_plan": {"text": body.reduction_plan} if body.reduction_plan else None,
        "responsible_person": {"name": body.responsible_person} if body.responsible_person else None,
    }
    return tuple(transparency.seal(label, value) for label, value in named.items() if value)


def statement_of(
    body: NewClaim,
    claimant: tuple[Identifier, ...],
    backing: Backing,
    sealed: tuple[transparency.SealedSection, ...],
    *,
    registry: str,
    executed_at: str,
) -> ClaimStatement:
    """What is logged. Of a person's claim the organisation that it is made through is not the claimant."""
    counted = backing.counted
    required_kg = counted.footprint_kg if counted else 0
    until = rules.deadline(body)
    return ClaimStatement(
        registry=registry,
        executed_at=executed_at,
        claim=new("C"),
        type=body.type,
        standard=rules.standard_of(body),
        claimant=() if body.type == "person" else claimant,
        organiser=claimant if body.type == "event" and body.attendee is None else (),
        subject=body.subject,
        period=Period(begins=rules.stamp(body.begins), ends=rules.stamp(body.ends)),
        boundary=body.boundary,
        exclusions=body.exclusions,
        footprint=rules.masses_of(counted),
        footprint_kg=required_kg,
        method=rules.method_of(counted),
        factors=rules.factors_of(counted),
        reductions_kg=rules.reductions_kg(body),
        required_kg=required_kg,
        report=body.verifier.report_sha256 if body.verifier else None,
        confirmation="third-party" if backing.verifier else "self",
        deadline=rules.stamp(until) if until else None,
        exclusive=body.exclusive,
        new_forest=body.new_forest,
        sections=transparency.sections(sealed),
        about=body.about,
        attendee=body.attendee,
        implausible=subjects.is_implausible(body, counted),
        verifier=backing.verifier,
        power=rules.power_of(counted) if body.type in GATED else None,
        reduce_first=backing.reduce_first,
    )

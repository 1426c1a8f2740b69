"""
What makes a statement sensible: checked before it is appended, and again by the offline verifier.

A log proves that something was said, not that it can be so. Whatever only the registry would otherwise know is
here, in one place for both. Every refusal is a `Malformed` that says what contradicts what. Statements of all versions
obey these rules; what an earlier version did not state (new forest, categories) is not asked of it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from registry.transparency.format.text import Malformed
from schemas.statements import (
    AnnulmentStatement,
    ClaimStatement,
    CorrectionStatement,
    EventKey,
    IssuanceStatement,
    Ranges,
    RecoveryStatement,
    ReducedFirst,
    RetirementStatement,
    ScenePeriod,
    Statement,
)

_OFFSET_YEARS_AT_MOST = 6
"""A claim of new forest has six years after its subject's period, any other has one."""
_FOREST = "forest-sink/"
_PURPOSES = {"contribution": "contribution", "compliance": "compliance"}
"""The purpose of a retirement by its claim's type; that of every other type is `claim`."""
_CORRECTED_FIELDS = frozenset({"subject", "standard", "boundary", "exclusions"})
_CORRECTED_KINDS = ("claim", "retirement")
_CORRECTED_SECTIONS = frozenset({"beneficiary"})
_REDUCES_FIRST = ("organisation", "scene", "person")
_PLAN_VERIFIED = ("organisation", "scene")
_SUSPENDER_TOO = frozenset({"confirm-suspension", "lift-suspension"})


class ClaimTerms(NamedTuple):
    """What a retirement must agree with in its claim; *executed_at* None where the clock under the lock sees to it."""

    registry: str
    type: str
    required_kg: int
    new_forest: bool
    executed_at: str | None


def check_statement(statement: Statement) -> None:
    """Check a statement against itself. Raises `Malformed`."""
    for what, moment in _moments(statement):
        _require_real(what, moment)
    ranges: Ranges | None = getattr(statement, "ranges", None)
    if ranges is not None:
        _check_ranges(ranges, getattr(statement, "quantity_kg", 0))
    match statement:
        case ClaimStatement():
            _check_claim(statement)
        case IssuanceStatement():
            _check_issuance(statement)
        case RetirementStatement() if statement.allocates_kg > statement.quantity_kg:
            raise Malformed(f"{statement.allocates_kg} kg allocated of {statement.quantity_kg} kg retired")
        case CorrectionStatement():
            _check_correction(statement)
        case RecoveryStatement():
            _check_recovery(statement)
        case AnnulmentStatement():
            _check_persons(statement.approvers)
        case _:
            pass


def claim_terms(claim: ClaimStatement) -> ClaimTerms:
    """The terms as the claim's statement has them."""
    return ClaimTerms(claim.registry, claim.type, claim.required_kg, claim.new_forest, claim.executed_at)


def check_retirement(retirement: RetirementStatement, claim: ClaimTerms) -> None:
    """
    Check a retirement against the claim that it names. Raises `Malformed`.

    That it came after the deadline is no contradiction: it is in the log, and does not count for the claim.
    """
    if retirement.registry != claim.registry:
        raise Malformed(f"the retirement is of {retirement.registry!r}, its claim of {claim.registry!r}")
    if claim.executed_at is not None and retirement.executed_at < claim.executed_at:
        raise Malformed(f"retired {retirement.executed_at}, before the claim of {claim.executed_at}")
    purpose = _PURPOSES.get(claim.type, "claim")
    if retirement.purpose != purpose:
        raise Malformed(f"the purpose {retirement.purpose!r} against a claim of type {claim.type!r}, not {purpose!r}")
    check_allocated(claim, retirement.allocates_kg)
    if claim.new_forest and not retirement.methodology.startswith(_FOREST):
        raise Malformed(f"the claim takes credits of new forest only, these are of {retirement.methodology}")


def check_allocated(claim: ClaimTerms, allocated_kg: int) -> None:
    """A claim takes no more than it requires, a contribution whatever it is given. Raises `Malformed`."""
    if claim.type != "contribution" and allocated_kg > claim.required_kg:
        raise Malformed(f"{allocated_kg} kg allocated to a claim that requires {claim.required_kg} kg")


def check_origin(statement: Statement, issuance: IssuanceStatement) -> None:
    """Check that a statement's kilograms came into being, by the issuance that it names. Raises `Malformed`."""
    last = max((last for _, last in getattr(statement, "ranges", ())), default=0)
    if last > issuance.quantity_kg:
        raise Malformed(f"kilogram {last} of {issuance.issuance}, which has {issuance.quantity_kg}")
    if statement.executed_at < issuance.executed_at:
        raise Malformed(f"{statement.executed_at} is before {issuance.issuance} was issued, {issuance.executed_at}")
    for name in ("project", "methodology", "vintage"):
        stated = getattr(statement, name, None)
        if stated is not None and stated != getattr(issuance, name):
            raise Malformed(f"{name} {stated}, but {issuance.issuance} has {getattr(issuance, name)}")


def check_later(later: CorrectionStatement | AnnulmentStatement, earlier: Statement) -> None:
    """Check a correction or an annulment against the statement that it is about. Raises `Malformed`."""
    if later.registry != earlier.registry:
        raise Malformed(f"it is of {later.registry!r}, what it is about of {earlier.registry!r}")
    if later.executed_at < earlier.executed_at:
        raise Malformed(f"{later.executed_at} is before what it is about, {earlier.executed_at}")
    kind = earlier.TYPE.partition("/")[0]
    if isinstance(later, AnnulmentStatement):
        if later.of != kind:
            raise Malformed(f"the annulment of a {later.of}, and it names a {kind}")
        return
    if kind not in _CORRECTED_KINDS:
        raise Malformed(f"corrections are of claims and retirements, this one is of a {kind}")
    if not (later.wording if kind == "claim" else later.sections) or (later.wording and later.sections):
        raise Malformed(f"a correction of a {kind} is of its {'words' if kind == 'claim' else 'beneficiary'} only")


def check_words(correction: CorrectionStatement, reads: Mapping[str, str]) -> None:
    """Check that what a correction replaces is what *reads* there now, where that is known. Raises `Malformed`."""
    for each in correction.wording:
        if each.field in reads and each.was != reads[each.field]:
            raise Malformed(f"{each.field} reads {reads[each.field]!r}, the correction is of {each.was!r}")


def _moments(statement: Statement) -> Iterator[tuple[str, str]]:
    yield "executed_at", statement.executed_at
    if isinstance(statement, ClaimStatement):
        yield "period.begins", statement.period.begins
        yield "period.ends", statement.period.ends
        if statement.deadline is not None:
            yield "deadline", statement.deadline


def _require_real(what: str, moment: str) -> None:
    """The form is checked by decoding; 31 February has it too."""
    try:
        real = datetime.fromisoformat(moment).isoformat() == f"{moment[:-1]}+00:00"
    except ValueError:
        real = False
    if not real:
        raise Malformed(f"{what} {moment} is no moment of the calendar")


def _check_ranges(ranges: Ranges, quantity_kg: int) -> None:
    _require_apart(ranges)
    total_kg = sum(last - first + 1 for first, last in ranges)
    if total_kg != quantity_kg:
        raise Malformed(f"the ranges hold {total_kg} kg, the statement says {quantity_kg} kg")


def _require_apart(ranges: Ranges) -> None:
    if not (all(first <= last for first, last in ranges) and all(a[1] < b[0] for a, b in pairwise(ranges))):
        raise Malformed("the ranges are not in order, or a kilogram stands in two of them")


def _check_issuance(issuance: IssuanceStatement) -> None:
    serials = f"{issuance.issuance}:1-{issuance.quantity_kg}kg"
    if issuance.serials != serials:
        raise Malformed(f"the serials are {issuance.serials}, the quantity gives {serials}")
    _require_apart(issuance.buffer_ranges)
    if issuance.buffer_ranges and issuance.buffer_ranges[-1][1] > issuance.quantity_kg:
        raise Malformed(
            f"the buffer ends at {issuance.buffer_ranges[-1][1]}, after the issuance {issuance.quantity_kg}"
        )
    if len(set(issuance.approvers)) != len(issuance.approvers):
        raise Malformed(f"one approver twice: {', '.join(issuance.approvers)}")


def _check_claim(claim: ClaimStatement) -> None:
    if claim.period.begins > claim.period.ends:
        raise Malformed(f"the period ends {claim.period.ends}, before it begins, {claim.period.begins}")
    _check_footprint(claim)
    if claim.attendee is not None:
        _check_attendee(claim, claim.attendee)
    _check_power(claim)
    if claim.reduce_first is not None:
        _check_reduce_first(claim, claim.reduce_first)
    if claim.type == "scene":
        _check_scene(claim)
    if claim.type == "contribution":
        if claim.required_kg:
            raise Malformed(f"a contribution requires nothing, this one {claim.required_kg} kg")
        if claim.deadline is not None:
            raise Malformed(f"a contribution has no deadline, this one {claim.deadline}")
        return
    if claim.required_kg != claim.footprint_kg:
        raise Malformed(f"{claim.required_kg} kg required for a footprint of {claim.footprint_kg} kg")
    if claim.deadline is not None:
        _check_deadline(claim, claim.deadline)


def _check_attendee(claim: ClaimStatement, number: int) -> None:
    """An attendee's share is one of several of an event, and somebody else is its organiser."""
    if claim.type != "event" or not isinstance(claim.about, EventKey):
        raise Malformed(f"a share of attendee {number}, and not of an event")
    if claim.organiser:
        raise Malformed(f"attendee {number} is called the organiser")
    if claim.exclusive:
        raise Malformed(f"the share of attendee {number} is called exclusive")


def _check_scene(claim: ClaimStatement) -> None:
    """No version stated scenes before, so all of it is asked of every one."""
    if not isinstance(claim.about, ScenePeriod):
        raise Malformed("a claim of a scene that does not say which scene it is about")
    if claim.reduce_first is None:
        raise Malformed("a claim of a scene that does not say what came before offsetting")


def _check_power(claim: ClaimStatement) -> None:
    power = claim.power
    if power is None:
        return
    if power.green_kwh > power.used_kwh:
        raise Malformed(f"{power.green_kwh} kWh of green power of {power.used_kwh} kWh used")
    if power.market_based_kg > claim.footprint_kg:
        raise Malformed(f"power of {power.market_based_kg} kg in a footprint of {claim.footprint_kg} kg")


def _check_reduce_first(claim: ClaimStatement, first: ReducedFirst) -> None:
    """What there was before adds up, the rest is within the cap, and somebody verified the plan."""
    if claim.type not in _REDUCES_FIRST:
        raise Malformed(f"reduce_first in a claim of type {claim.type!r}")
    before_kg = claim.required_kg + first.green_power_kg + claim.reductions_kg
    if first.before_kg != before_kg:
        raise Malformed(f"{first.before_kg} kg before reducing; required, green power and reductions give {before_kg}")
    if claim.required_kg * 1000 > first.before_kg * first.cap_permille:
        raise Malformed(
            f"{claim.required_kg} kg to offset of {first.before_kg} kg; the cap is {first.cap_permille} thousandths"
        )
    if first.green_power_kg and (claim.power is None or not claim.power.green_kwh):
        raise Malformed(f"{first.green_power_kg} kg less by green power, and no kilowatt-hour of it")
    if (first.plan is None) != (first.plan_verifier is None):
        raise Malformed("a reduction plan and who verified it come together")
    if claim.type in _PLAN_VERIFIED and first.plan is None:
        raise Malformed(f"a claim of type {claim.type!r} without a verified reduction plan")
    if claim.type == "person" and (claim.about is not None or "responsible_person" not in claim.sections):
        raise Malformed("a person stands in the section responsible_person, and nowhere else")


def _check_correction(correction: CorrectionStatement) -> None:
    if not correction.wording and not correction.sections:
        raise Malformed("a correction that corrects nothing")
    fields = [each.field for each in correction.wording]
    if len(set(fields)) != len(fields):
        raise Malformed(f"a field is corrected twice: {', '.join(fields)}")
    if others := sorted({*fields} - _CORRECTED_FIELDS | {*correction.sections} - _CORRECTED_SECTIONS):
        raise Malformed(f"corrections are of words and of the beneficiary, this one is of {', '.join(others)}")
    if same := [each.field for each in correction.wording if each.was == each.now]:
        raise Malformed(f"the correction leaves {same[0]} as it was")


def _check_recovery(recovery: RecoveryStatement) -> None:
    most = 2 if recovery.act in _SUSPENDER_TOO else 1
    if len(recovery.persons) > most:
        raise Malformed(f"{recovery.act} of {len(recovery.persons)} people; it is about {most} at most")
    _check_persons(recovery.persons)


def _check_persons(persons: tuple[str, ...]) -> None:
    if len(set(persons)) != len(persons):
        raise Malformed(f"one person twice: {', '.join(persons)}")
    for each in persons:
        number = each.removeprefix("person-")
        if number == each or not number.isascii() or not number.isdigit() or number.startswith("0"):
            raise Malformed(f"{each} is not person-<number>")


def _check_footprint(claim: ClaimStatement) -> None:
    """
    Categories add up to the footprint.

    Each is rounded up from grams and so is their sum, so n of them come to less than n kilograms more.
    """
    categories = [each.category for each in claim.footprint]
    if len(set(categories)) != len(categories):
        raise Malformed(f"a category stands twice in the footprint: {', '.join(categories)}")
    total_kg = sum(each.mass_kg for each in claim.footprint)
    if categories and not 0 <= total_kg - claim.footprint_kg < len(categories):
        raise Malformed(f"the categories come to {total_kg} kg, the footprint is {claim.footprint_kg} kg")


def _check_deadline(claim: ClaimStatement, deadline: str) -> None:
    if deadline < claim.executed_at:
        raise Malformed(f"the deadline {deadline} had passed when the claim was made, {claim.executed_at}")
    if deadline < claim.period.ends:
        raise Malformed(f"the deadline {deadline} is before the subject's period ends, {claim.period.ends}")
    years = int(deadline[:4]) - int(claim.period.ends[:4])
    if years > _OFFSET_YEARS_AT_MOST:
        raise Malformed(f"a deadline {years} years after the subject; new forest has {_OFFSET_YEARS_AT_MOST}")

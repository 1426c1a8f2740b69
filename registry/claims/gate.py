"""
The reduce-first gate: a list of reasons, each passed or missing, with its numbers. Pure.

The order is that of ISO 14068-1: a plan that somebody independent verified, reductions of one's own, green power, and
only then offsets, up to what is left and to the region's cap. Avoided emissions are never reductions: others did not
emit, so nothing of the claimant's own became less.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from registry.claims import rules
from schemas.claims import (
    ClaimReport,
    GateReason,
    GreenPowerContract,
    OffsetRule,
    ReduceFirstGate,
    ReductionMeasure,
    ReductionPlan,
)
from schemas.methodologies import EventFootprintRequest, Footprint, GreenPower
from schemas.statements import ClaimType, ReducedFirst

THOUSAND = 1000


class PreparedClaim(NamedTuple):
    """
    What the gate looks at. *faults* say why a step that is filled in does not count, such as a plan nobody verified.

    *contracts* are those that the footprint names and that are registered for the claimant, by number.
    """

    type: ClaimType
    ends: datetime
    deadline: datetime | None
    responsible_person: str
    request: EventFootprintRequest | None
    counted: Footprint | None
    reduction_plan: str
    plan: ReductionPlan | None
    measures: Sequence[ReductionMeasure]
    finding: ClaimReport | None
    contracts: Mapping[str, GreenPowerContract]
    faults: Mapping[str, str]


def wanted_kwh(request: EventFootprintRequest | None) -> dict[str, int]:
    """The green kilowatt-hours of a footprint by the number of the contract."""
    found: dict[str, int] = {}
    for each in request.items if request else ():
        if isinstance(each, GreenPower):
            found[each.number] = found.get(each.number, 0) + each.green_kwh
    return found


def reduce_first(counted: Footprint, measures: Sequence[ReductionMeasure], rule: OffsetRule) -> ReducedFirst:
    """What was before reducing and what green power took off it, as statements have it; the plan is added later."""
    green_power_kg = counted.power.green_power_kg if counted.power else 0
    before_kg = counted.footprint_kg + green_power_kg + rules.own_kg(measures)
    return ReducedFirst(before_kg=before_kg, green_power_kg=green_power_kg, cap_permille=rule.cap_permille)


def look(prepared: PreparedClaim, rule: OffsetRule, now: datetime) -> ReduceFirstGate:
    """Every reason, in the order in which a claimant meets them."""
    if prepared.type == "contribution":
        return gate_of(())
    if prepared.type == "event":
        return gate_of((_footprint(prepared), _plan(prepared, rule), _finding(prepared, rule)))
    reasons = [_period(prepared, now)]
    if prepared.type == "person":
        reasons.append(_person(prepared))
    reasons += [_footprint(prepared), _plan(prepared, rule), _reductions(prepared, rule), _green_power(prepared)]
    reasons += [_cap(prepared, rule), _finding(prepared, rule)]
    return gate_of(reasons)


def gate_of(reasons: Iterable[GateReason]) -> ReduceFirstGate:
    """Passed if everything that is needed is."""
    found = tuple(reasons)
    return ReduceFirstGate(passed=all(each.passed for each in found if each.needed), reasons=found)


def require(gate: ReduceFirstGate) -> None:
    """Raise `rules.ReduceFirst`, whose `missing` names the steps, unless the gate is passed."""
    if gate.passed:
        return
    missing = [each for each in gate.reasons if each.needed and not each.passed]
    raise rules.ReduceFirst(
        " ".join(f"({at}) {each.detail}" for at, each in enumerate(missing, start=1)),
        missing=[each.step for each in missing],
    )


def _period(prepared: PreparedClaim, now: datetime) -> GateReason:
    if now < prepared.ends:
        detail = f"The period ends {prepared.ends:%Y-%m-%d %H:%M}Z; what was used in it is known only then."
        return GateReason(step="period", passed=False, needed=True, detail=detail)
    last = prepared.deadline
    if last is not None and now > last:
        detail = f"The period had to be covered by {last:%Y-%m-%d %H:%M}Z. Make a contribution."
        return GateReason(step="period", passed=False, needed=True, detail=detail)
    return GateReason(step="period", passed=True, needed=True, detail="The period is over, and its deadline is not.")


def _person(prepared: PreparedClaim) -> GateReason:
    named = bool(prepared.responsible_person.strip())
    detail = "The person is named, and enters the log as a salted digest only."
    missing = "Say in responsible_person whose footprint it is. The log has a salted digest of it, never the name."
    return GateReason(step="person", passed=named, needed=True, detail=detail if named else missing)


def _footprint(prepared: PreparedClaim) -> GateReason:
    if (counted := prepared.counted) is None:
        detail = "Nothing is counted yet: send the activities of the period."
        return GateReason(step="footprint", passed=False, needed=True, detail=detail)
    if fault := prepared.faults.get("footprint"):
        return GateReason(step="footprint", passed=False, needed=True, detail=fault)
    return GateReason(
        step="footprint",
        passed=counted.footprint_kg > 0,
        needed=True,
        detail=f"{counted.footprint_kg} kg are left after reductions and green power.",
        numbers={"footprint_kg": counted.footprint_kg},
    )


def _plan(prepared: PreparedClaim, rule: OffsetRule) -> GateReason:
    if rule.plan == "described":
        there = bool(prepared.reduction_plan.strip())
        detail = "What was done to reduce first is described." if there else "Say in reduction_plan what was reduced."
        return GateReason(step="plan", passed=there, needed=True, detail=detail)
    if prepared.plan is None:
        detail = (
            "A plan to reduce is missing, verified by an independent organisation: a verifier uploads it, then name "
            "its SHA-256, who verified it and how thoroughly."
        )
        return GateReason(step="plan", passed=False, needed=True, detail=detail)
    fault = prepared.faults.get("plan", "")
    if prepared.finding and prepared.finding.report_sha256 == prepared.plan.plan_sha256:
        fault = "The plan is the report on the footprint: name the plan to reduce, which is a document of its own."
    detail = fault or f"The plan {prepared.plan.plan_sha256[:12]}… is verified, {prepared.plan.level} assurance."
    return GateReason(step="plan", passed=not fault, needed=True, detail=detail)


def _reductions(prepared: PreparedClaim, rule: OffsetRule) -> GateReason:
    own = rules.own_kg(prepared.measures)
    avoided = sum(each.reduction_kg for each in prepared.measures if each.kind == "avoided")
    numbers = {"reductions_kg": own, "avoided_kg": avoided}
    if avoided:
        detail = (
            f"{avoided} kg are avoided emissions: others did not emit them, so the claimant's own footprint is no "
            "smaller. They can never be used as reductions: take them out."
        )
        return GateReason(step="reductions", passed=False, needed=True, detail=detail, numbers=numbers)
    done = own > 0 or bool(prepared.counted and prepared.counted.power and prepared.counted.power.green_kwh)
    passed = done or rule.plan == "described"
    detail = f"Own measures reduced {own} kg." if passed else "No measure of the plan has reduced anything yet."
    return GateReason(step="reductions", passed=passed, needed=True, detail=detail, numbers=numbers)


def _green_power(prepared: PreparedClaim) -> GateReason:
    power = prepared.counted.power if prepared.counted else None
    if power is None:
        return GateReason(step="green-power", passed=True, needed=False, detail="No power was used.")
    numbers = {
        "green_kwh": power.green_kwh,
        "location_based_kg": power.location_based_kg,
        "market_based_kg": power.market_based_kg,
        "green_power_kg": power.green_power_kg,
    }
    faults = [_contract_fault(prepared, number, kwh) for number, kwh in wanted_kwh(prepared.request).items()]
    if said := [each for each in faults if each]:
        return GateReason(step="green-power", passed=False, needed=True, detail=" ".join(said), numbers=numbers)
    if not power.green_kwh:
        detail = f"None of {power.unrounded_kwh} kWh is under a green-power contract, which would come before offsets."
        return GateReason(step="green-power", passed=False, needed=False, detail=detail, numbers=numbers)
    detail = f"{power.green_kwh} of {power.unrounded_kwh} kWh are under contracts, each kilowatt-hour claimed once."
    return GateReason(step="green-power", passed=True, needed=True, detail=detail, numbers=numbers)


def _contract_fault(prepared: PreparedClaim, number: str, kwh: int) -> str:
    contract = prepared.contracts.get(number)
    if contract is None:
        return f"Contract {number!r} is not registered for this organisation and period: register it (/v1/green-power)."
    if kwh > contract.left_kwh:
        return f"Contract {number!r} has {contract.left_kwh} of {contract.green_kwh} kWh left, and {kwh} are named."
    return ""


def _cap(prepared: PreparedClaim, rule: OffsetRule) -> GateReason:
    if (counted := prepared.counted) is None:
        return GateReason(step="cap", passed=False, needed=True, detail="There is no footprint to offset yet.")
    first = reduce_first(counted, prepared.measures, rule)
    most_kg = first.before_kg * rule.cap_permille // THOUSAND
    over_kg = max(0, counted.footprint_kg - most_kg)
    share = f"{rule.cap_permille // 10}.{rule.cap_permille % 10} %"
    detail = (
        f"{counted.footprint_kg} kg are to be offset; of {first.before_kg} kg before reducing, {share} may be, that is "
        f"{most_kg} kg."
    )
    if over_kg:
        detail += f" That is {over_kg} kg too much: reduce further, or cover more power by contracts."
    numbers = {
        "before_kg": first.before_kg,
        "cap_permille": rule.cap_permille,
        "most_kg": most_kg,
        "offset_kg": counted.footprint_kg,
        "over_kg": over_kg,
    }
    return GateReason(step="cap", passed=not over_kg, needed=True, detail=detail, numbers=numbers)


def _finding(prepared: PreparedClaim, rule: OffsetRule) -> GateReason:
    needed = rule.finding == "required"
    if prepared.finding is None:
        detail = "No assessor has examined the footprint: a verifier uploads a report on it, then name it in verifier."
        return GateReason(step="finding", passed=False, needed=needed, detail=detail)
    fault = prepared.faults.get("finding", "")
    detail = fault or f"An assessor examined the footprint, {prepared.finding.level} assurance."
    return GateReason(step="finding", passed=not fault, needed=True, detail=detail)

"""The verdict on one receipt, in the order of registry/transparency/FORMAT.md."""

from itertools import pairwise
from typing import NamedTuple

from registry.receipts.verifier.checklist import Checklist, Stopped
from registry.receipts.verifier.leaf import Leaf, check_leaf
from registry.receipts.verifier.trust import LoadedTrust
from registry.transparency.format.strict_json import decode_strict
from schemas.receipts import EXIT_CODES, Bundle, Verdict, VerifyReport
from schemas.statements import ClaimStatement, RetirementStatement, Statement


class Conclusion(NamedTuple):
    """The result of the checks: the verdict, one sentence, and what was verified on the way."""

    verdict: Verdict
    summary: str
    leaf: Leaf | None = None
    claim: Leaf | None = None


def verify_bundle(raw: bytes, trust: LoadedTrust, *, file: str = "") -> VerifyReport:
    """
    Check one receipt against *trust*, without network or clock.

    A receipt proves its own allocation; what other receipts give to the same claim cannot be seen from it. So a partial
    allocation is valid and says which part it is, "covers the claim alone" is said when it does, and shortfall is the
    verdict on a file that asserts neutrality and does not cover, or that came after the claim's deadline and so counts
    for nothing. Never raises for what is in *raw*.
    """
    checks = Checklist()
    try:
        finding = _find(raw, trust, checks)
    except Stopped:
        failed = checks.checks[-1]
        finding = Conclusion("invalid", f"{failed.name}: {failed.detail}")
    return _report(finding, checks, trust, file)


def _find(raw: bytes, trust: LoadedTrust, checks: Checklist) -> Conclusion:
    if trust.simulated:
        checks.note("SIMULATED", f"{trust.origin} is a simulated region: no tonne behind this receipt is real")
    with checks.checking("file"):
        bundle = decode_strict(raw, Bundle)
    checks.ok("file", f"{len(raw)} bytes, strict parse, re-encoding equals the input")
    leaf = check_leaf(bundle, trust, checks)
    _check_ranges(leaf.statement, checks)
    if not isinstance(leaf.statement, RetirementStatement):
        checks.require(bundle.claim is None and not bundle.asserts_neutral, "claim", "only a retirement names a claim")
        _check_status(bundle, checks)
        return _settle(leaf, None, f"the statement {leaf.statement.TYPE} is in the log", short=False)
    claim = _check_claim(bundle, leaf, trust, checks)
    summary, short = _check_cover(leaf.statement, claim.statement, checks, neutral=bundle.asserts_neutral)
    _check_status(bundle, checks)
    return _settle(leaf, claim, summary, short=short)


def _check_ranges(statement: Statement, checks: Checklist) -> None:
    ranges: tuple[tuple[int, int], ...] | None = getattr(statement, "ranges", None)
    if ranges is None:
        return
    ordered = all(first <= last for first, last in ranges) and all(a[1] < b[0] for a, b in pairwise(ranges))
    checks.require(ordered, "ranges", "the ranges are not in order, or a kilogram stands in two of them")
    total_kg = sum(last - first + 1 for first, last in ranges)
    quantity_kg: int = getattr(statement, "quantity_kg", 0)
    checks.require(total_kg == quantity_kg, "ranges", f"they hold {total_kg} kg, the statement says {quantity_kg} kg")
    issuance: str = getattr(statement, "issuance", "")
    serials = ", ".join(f"{issuance}:{first}-{last}kg" for first, last in ranges[:3])
    more = f" and {len(ranges) - 3} more" * (len(ranges) > 3)  # noqa: PLR2004 - a line holds three serials
    checks.ok("ranges", f"{quantity_kg} kg: {serials}{more}")


def _check_claim(bundle: Bundle, leaf: Leaf, trust: LoadedTrust, checks: Checklist) -> Leaf:
    retirement = leaf.statement
    assert isinstance(retirement, RetirementStatement)
    checks.require(bundle.claim is not None, "claim", "the bundle of the claim is missing")
    assert bundle.claim is not None
    nested = bundle.claim.claim or bundle.claim.status or bundle.claim.asserts_neutral
    checks.require(not nested, "claim", "the claim's bundle carries more than the claim")
    with checks.inside("claim"):
        claim = check_leaf(bundle.claim, trust, checks)
    checks.require(isinstance(claim.statement, ClaimStatement), "claim", "the claim's bundle holds something else")
    named = claim.statement_hash == retirement.claim
    checks.require(named, "claim", f"it is {claim.statement_hash}, the retirement names {retirement.claim}")
    earlier = claim.leaf_index < leaf.leaf_index
    checks.require(earlier, "claim", f"leaf {claim.leaf_index} does not come before the retirement, {leaf.leaf_index}")
    assert isinstance(claim.statement, ClaimStatement)
    checks.ok(
        "claim", f"{claim.statement.claim}, {claim.statement.type}, leaf {claim.leaf_index}, as the receipt names it"
    )
    return claim


def _check_cover(
    retirement: RetirementStatement, claim: Statement, checks: Checklist, *, neutral: bool
) -> tuple[str, bool]:
    assert isinstance(claim, ClaimStatement)
    gives_kg, needs_kg = retirement.allocates_kg, claim.required_kg
    within = gives_kg <= retirement.quantity_kg
    checks.require(within, "allocation", f"{gives_kg} kg allocated of {retirement.quantity_kg} kg retired")
    if claim.type == "contribution":
        checks.require(not neutral, "allocation", "a contribution claim is never neutral")
        checks.ok("allocation", f"contributes {gives_kg} kg; a contribution claim requires nothing")
        return f"contributes {gives_kg} kg; this is no neutrality claim", False
    if claim.deadline is not None and retirement.executed_at > claim.deadline:
        late = f"retired {retirement.executed_at}, after the deadline {claim.deadline}: it does not count for the claim"
        checks.note("allocation", late)
        return late, True
    part = f"allocates {gives_kg} of {needs_kg} kg required"
    if gives_kg >= needs_kg:
        checks.ok("allocation", part)
        return f"{part}: the claim is covered by this receipt alone", False
    if neutral:
        checks.note("allocation", f"{part}, and the file asserts neutrality")
        return f"{part}: {needs_kg - gives_kg} kg are missing for the neutrality that the file asserts", True
    checks.ok("allocation", f"{part}; what other receipts give is not seen from here")
    return f"{part}, a part of the claim", False


def _check_status(bundle: Bundle, checks: Checklist) -> None:
    checks.require(bundle.status is None, "status", "a status snapshot, which this version cannot check")
    checks.ok("status", "no newer statement in the file")


def _settle(leaf: Leaf, claim: Leaf | None, summary: str, *, short: bool) -> Conclusion:
    if short:
        return Conclusion("shortfall", summary, leaf, claim)
    if leaf.witnessed_at is None or (claim is not None and claim.witnessed_at is None):
        return Conclusion("unwitnessed", f"{summary}; no quorum of witnesses has seen this log yet", leaf, claim)
    return Conclusion("valid", summary, leaf, claim)


def _report(finding: Conclusion, checks: Checklist, trust: LoadedTrust, file: str) -> VerifyReport:
    leaf, claim = finding.leaf, finding.claim and finding.claim.statement
    retirement = leaf.statement if leaf and isinstance(leaf.statement, RetirementStatement) else None
    return VerifyReport(
        file=file,
        verdict=finding.verdict,
        exit_code=EXIT_CODES[finding.verdict],
        summary=finding.summary,
        simulated=trust.simulated,
        checks=tuple(checks.checks),
        type=leaf.statement.TYPE if leaf else None,
        statement_hash=leaf.statement_hash if leaf else None,
        leaf_index=leaf.leaf_index if leaf else None,
        size=leaf.checkpoint.size if leaf else None,
        witnessed_at=leaf.witnessed_at if leaf else None,
        receipt=retirement.receipt if retirement else None,
        quantity_kg=retirement.quantity_kg if retirement else None,
        allocates_kg=retirement.allocates_kg if retirement else None,
        required_kg=claim.required_kg if isinstance(claim, ClaimStatement) else None,
    )

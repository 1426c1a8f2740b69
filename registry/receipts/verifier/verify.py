"""The verdict on one file, in the order of registry/transparency/FORMAT.md. What several say together: `together`."""

from contextlib import suppress
from typing import NamedTuple

from msgspec import structs

from registry.receipts.verifier.about import about
from registry.receipts.verifier.attachment import attached, is_pdf
from registry.receipts.verifier.checklist import Checklist, Stopped
from registry.receipts.verifier.evidence import Shown, shown_by, shown_in
from registry.receipts.verifier.later import annulment_of, check_later, in_words
from registry.receipts.verifier.leaf import Leaf, check_form, check_leaf, check_rules
from registry.receipts.verifier.trust import LoadedTrust
from registry.transparency.format.statement_rules import check_retirement, claim_terms
from registry.transparency.format.strict_json import decode_strict
from registry.transparency.format.text import Malformed
from schemas.receipts import Bundle
from schemas.statements import ClaimStatement, Ranges, RetirementStatement, Statement
from schemas.verdicts import EXIT_CODES, Check, Verdict, VerifyReport

_SERIALS_SHOWN = 3


class Judged(NamedTuple):
    """
    One file's report, its leaves that passed every check of a leaf, and what the log signed in it.

    *leaves* are the statement, the claim that it names, and what was said later about the two. *shown* is there for a
    file that is invalid as well: what the log signed in it stays evidence.
    """

    report: VerifyReport
    leaves: tuple[Leaf, ...]
    shown: tuple[Shown, ...]


class Conclusion(NamedTuple):
    """The verdict, and one sentence."""

    verdict: Verdict
    summary: str


def verify_bundle(raw: bytes, trust: LoadedTrust, *, file: str = "") -> VerifyReport:
    """Check one file alone, without network or clock. Never raises for what is in *raw*."""
    return judge(raw, trust, file=file).report


def judge(raw: bytes, trust: LoadedTrust, *, file: str = "") -> Judged:
    """
    Check one file, and keep what a comparison with others needs.

    A receipt proves its own allocation; what other receipts give to the same claim cannot be seen from it. So a partial
    allocation is valid and says which part it is, "covers the claim alone" is said when it does, and shortfall is the
    verdict on a file that asserts neutrality and does not cover, or that came after the claim's deadline and so counts
    for nothing. A receipt that was annulled, or whose claim was, is superseded. Any other statement is logged, not
    valid: it retires nothing.
    """
    checks, leaves = Checklist(), list[Leaf]()
    try:
        finding = _find(raw, trust, checks, leaves)
    except Stopped:
        failed = checks.checks[-1]
        finding = Conclusion("invalid", f"{failed.name}: {failed.detail}")
    shown = shown_in(raw, trust) if finding.verdict == "invalid" else tuple(map(shown_by, leaves))
    return Judged(_report(finding, checks, leaves, trust, file), tuple(leaves), shown)


def judge_all(raw: bytes, trust: LoadedTrust, *, file: str = "") -> tuple[Judged, ...]:
    """
    Check what is in one file: a bundle, or a certificate (PDF) with its receipts, each by itself.

    What is printed on a certificate is ink: it is said that nobody checked it.
    """
    if not is_pdf(raw):
        return (judge(raw, trust, file=file),)
    try:
        found = attached(raw)
    except Malformed as error:
        checks = Checklist()
        with suppress(Stopped):
            checks.require(None, "file", str(error))
        finding = Conclusion("invalid", f"file: {error}")
        return (Judged(_report(finding, checks, [], trust, file), (), ()),)
    return tuple(_from_paper(judge(each.content, trust, file=f"{file}: {each.name}"), each.name) for each in found)


def _from_paper(judged: Judged, name: str) -> Judged:
    said = f"{name} in the PDF; compare what is printed with what stands here"
    note = Check(outcome="note", name="attachment", detail=said)
    return judged._replace(report=structs.replace(judged.report, checks=(note, *judged.report.checks)))


def _find(raw: bytes, trust: LoadedTrust, checks: Checklist, leaves: list[Leaf]) -> Conclusion:
    if trust.simulated:
        checks.note("SIMULATED", f"{trust.origin} is a simulated region: no tonne behind this receipt is real")
    checks.ok("trust", f"edition {trust.number} for {trust.origin}")
    with checks.checking("file"):
        bundle = decode_strict(raw, Bundle)
    check_form(bundle, checks)
    checks.ok("file", f"{len(raw)} bytes, {bundle.format}, strict parse, re-encoding equals the input")
    leaf = check_leaf(bundle, trust, checks)
    leaves.append(leaf)
    check_rules(leaf.statement, trust, checks)
    _show_ranges(leaf.statement, checks)
    if not isinstance(leaf.statement, RetirementStatement):
        checks.require(bundle.claim is None and not bundle.asserts_neutral, "claim", "only a retirement names a claim")
        checks.require(not bundle.later, "later", "only a retirement carries what was said later")
        _check_status(bundle, checks)
        return _logged(leaf)
    claim = _check_claim(bundle, leaf, trust, checks, leaves)
    claimed = leaves[-1]
    if annulments := check_later(bundle, (leaf, claimed), trust, checks, leaves):
        checks.note("allocation", "annulled: it does not count for the claim")
        _check_status(bundle, checks)
        return Conclusion("superseded", in_words(annulment_of(annulments[0].statement)))
    summary, short = _check_cover(leaf.statement, claim, checks, neutral=bundle.asserts_neutral)
    _check_status(bundle, checks)
    return _settle(leaf, claimed, summary, short=short)


def _show_ranges(statement: Statement, checks: Checklist) -> None:
    ranges: Ranges | None = getattr(statement, "ranges", None)
    if ranges is None:
        return
    quantity_kg: int = getattr(statement, "quantity_kg", 0)
    issuance: str = getattr(statement, "issuance", "")
    serials = ", ".join(f"{issuance}:{first}-{last}kg" for first, last in ranges[:_SERIALS_SHOWN])
    more = f" and {len(ranges) - _SERIALS_SHOWN} more" * (len(ranges) > _SERIALS_SHOWN)
    checks.ok("ranges", f"{quantity_kg} kg: {serials}{more}")


def _check_claim(
    bundle: Bundle, leaf: Leaf, trust: LoadedTrust, checks: Checklist, leaves: list[Leaf]
) -> ClaimStatement:
    retirement = leaf.statement
    assert isinstance(retirement, RetirementStatement)
    checks.require(bundle.claim is not None, "claim", "the bundle of the claim is missing")
    assert bundle.claim is not None
    nested = bundle.claim.claim or bundle.claim.status or bundle.claim.asserts_neutral or bundle.claim.later
    checks.require(not nested, "claim", "the claim's bundle carries more than the claim")
    with checks.inside("claim"):
        check_form(bundle.claim, checks)
        claim = check_leaf(bundle.claim, trust, checks, under=leaf.head)
        leaves.append(claim)
        check_rules(claim.statement, trust, checks)
    _check_one_checkpoint(leaf, claim, checks)
    statement = claim.statement
    checks.require(isinstance(statement, ClaimStatement), "claim", "the claim's bundle holds something else")
    assert isinstance(statement, ClaimStatement)
    named = claim.statement_hash == retirement.claim
    checks.require(named, "claim", f"it is {claim.statement_hash}, the retirement names {retirement.claim}")
    earlier = claim.leaf_index < leaf.leaf_index
    checks.require(earlier, "claim", f"leaf {claim.leaf_index} does not come before the retirement, {leaf.leaf_index}")
    with checks.checking("claim"):
        check_retirement(retirement, claim_terms(statement))
    checks.ok("claim", f"{statement.claim}, {statement.type}, leaf {claim.leaf_index}, as the receipt names it")
    return statement


def _check_one_checkpoint(leaf: Leaf, claim: Leaf, checks: Checklist) -> None:
    """Two checkpoints in one file would be two views of the log, which nothing in the file joins."""
    ours, theirs = leaf.head.checkpoint, claim.head.checkpoint
    fork = ours.size == theirs.size and ours.root != theirs.root
    checks.require(not fork, "one log", f"the file has two roots of the tree of size {ours.size}: a fork")
    one = ours.size == theirs.size
    checks.require(one, "one log", f"the claim stands under a checkpoint of size {theirs.size}, not {ours.size}")


def _check_cover(
    retirement: RetirementStatement, claim: ClaimStatement, checks: Checklist, *, neutral: bool
) -> tuple[str, bool]:
    gives_kg, needs_kg = retirement.allocates_kg, claim.required_kg
    if claim.type == "contribution":
        checks.require(not neutral, "allocation", "a contribution claim is never neutral")
        checks.ok("allocation", f"contributes {gives_kg} kg; a contribution claim requires nothing")
        return f"contributes {gives_kg} kg; this is no neutrality claim", False
    if is_late(retirement, claim):
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


def is_late(retirement: RetirementStatement, claim: ClaimStatement) -> bool:
    """Whether a retirement came after its claim's deadline and so does not count for it."""
    return claim.deadline is not None and retirement.executed_at > claim.deadline


def _check_status(bundle: Bundle, checks: Checklist) -> None:
    checks.require(bundle.status is None, "status", "a status snapshot, which this version cannot check")
    checks.ok("status", "no newer statement in the file")


def _logged(leaf: Leaf) -> Conclusion:
    seen = "" if leaf.witnessed_at else "; no quorum of witnesses has seen this log yet"
    return Conclusion("logged", f"the statement {leaf.statement.TYPE} is in the log; it is no receipt{seen}")


def _settle(leaf: Leaf, claim: Leaf, summary: str, *, short: bool) -> Conclusion:
    if short:
        return Conclusion("shortfall", summary)
    if leaf.witnessed_at is None or claim.witnessed_at is None:
        return Conclusion("unwitnessed", f"{summary}; no quorum of witnesses has seen this log yet")
    return Conclusion("valid", summary)


def _report(finding: Conclusion, checks: Checklist, leaves: list[Leaf], trust: LoadedTrust, file: str) -> VerifyReport:
    leaf = leaves[0] if leaves else None
    retirement = leaf.statement if leaf and isinstance(leaf.statement, RetirementStatement) else None
    claims = [each.statement for each in leaves if isinstance(each.statement, ClaimStatement)]
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
        size=leaf.head.checkpoint.size if leaf else None,
        witnessed_at=leaf.witnessed_at if leaf else None,
        receipt=retirement.receipt if retirement else None,
        quantity_kg=retirement.quantity_kg if retirement else None,
        allocates_kg=retirement.allocates_kg if retirement else None,
        required_kg=claims[0].required_kg if claims else None,
        about=about(leaves) if leaves else None,
    )

"""About whom and what the statements of a file speak, and whether that is what the reader expects."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from registry.receipts.verifier.later import annulment_of, words_of
from registry.receipts.verifier.leaf import Leaf
from schemas.identifiers import Identifier
from schemas.statements import (
    AnnulmentStatement,
    ClaimStatement,
    CorrectionStatement,
    IssuanceStatement,
    RetirementStatement,
    Statement,
)
from schemas.verdicts import EXIT_CODES, Check, Corrected, NamedParty, Particulars, VerifyReport

_BENEFICIARY = "beneficiary"


class Expected(NamedTuple):
    """What a reader expects of every file; None: anything. Texts compare exactly."""

    beneficiary: str | None = None
    claimant: str | None = None
    subject: str | None = None
    claim: str | None = None
    project: str | None = None
    vintage: int | None = None
    kg: int | None = None


def about(leaves: Sequence[Leaf]) -> Particulars:
    """Collect it from the statement of a file and, for a retirement, its claim and what was said later about both."""
    statement = leaves[0].statement
    claim = next((each.statement for each in leaves if isinstance(each.statement, ClaimStatement)), None)
    retirement = statement if isinstance(statement, RetirementStatement) else None
    read = _as_corrected(claim, leaves)
    beneficiary = _newest_beneficiary(leaves)
    return Particulars(
        registry=statement.registry,
        claim=claim.claim if claim else None,
        claim_type=claim.type if claim else None,
        standard=read.get("standard"),
        claimant=_identifiers(claim.claimant) if claim else (),
        organiser=_identifiers(claim.organiser) if claim else (),
        subject=read.get("subject"),
        period_begins=claim.period.begins if claim else None,
        period_ends=claim.period.ends if claim else None,
        claimed_at=claim.executed_at if claim else None,
        deadline=claim.deadline if claim else None,
        beneficiary=_beneficiary(beneficiary),
        project=getattr(statement, "project", None),
        methodology=getattr(statement, "methodology", None),
        vintage=getattr(statement, "vintage", None),
        serials=_serials(statement),
        retired_at=retirement.executed_at if retirement else None,
        sealed=tuple(_sealed(leaves, beneficiary)),
        corrected=tuple(_corrected(leaves)),
        annulled=tuple(
            annulment_of(each.statement) for each in leaves[1:] if isinstance(each.statement, AnnulmentStatement)
        ),
    )


def _corrections(leaves: Sequence[Leaf]) -> Iterator[CorrectionStatement]:
    """Those of the file's own statements, in order; a correction that is the file itself is of nothing here."""
    yield from (each.statement for each in leaves[1:] if isinstance(each.statement, CorrectionStatement))


def _as_corrected(claim: ClaimStatement | None, leaves: Sequence[Leaf]) -> dict[str, str]:
    """The words of a claim as they are to be read."""
    words = words_of(claim) if claim else {}
    for each in _corrections(leaves):
        words |= {field.field: field.now for field in each.wording}
    return words


def _newest_beneficiary(leaves: Sequence[Leaf]) -> Leaf:
    """The leaf in which it is said for whom the retirement was: its newest correction, or itself."""
    return next(
        (
            each
            for each in reversed(leaves[1:])
            if isinstance(each.statement, CorrectionStatement) and each.statement.sections
        ),
        leaves[0],
    )


def _corrected(leaves: Sequence[Leaf]) -> Iterator[Corrected]:
    """One line for each field: as it was first, and as it is to be read."""
    newest: dict[str, Corrected] = {}
    for each in _corrections(leaves):
        for words in each.wording:
            was = newest[words.field].was if words.field in newest else words.was
            newest[words.field] = Corrected(
                of="claim", field=words.field, was=was, now=words.now, at=each.executed_at, reason=each.reason
            )
    yield from newest.values()
    leaf = _newest_beneficiary(leaves)
    if leaf is not leaves[0] and isinstance(leaf.statement, CorrectionStatement):
        before, now = _beneficiary(leaves[0]), _beneficiary(leaf)
        yield Corrected(
            of="retirement",
            field=_BENEFICIARY,
            was=before.name if before else None,
            now=now.name if now else None,
            at=leaf.statement.executed_at,
            reason=leaf.statement.reason,
        )


def expecting(report: VerifyReport, expected: Expected) -> VerifyReport:
    """The report with the check `expected`; what is not what was expected is no valid answer to the question asked."""
    if report.about is None or expected == Expected():
        return report
    wrong = list(_differences(report, report.about, expected))
    if not wrong:
        fine = Check(outcome="ok", name="expected", detail="it speaks of what you expect")
        return structs.replace(report, checks=(*report.checks, fine))
    checks = (*report.checks, *(Check(outcome="failed", name="expected", detail=each) for each in wrong))
    if report.verdict == "invalid":
        return structs.replace(report, checks=checks)
    return structs.replace(
        report, verdict="unexpected", exit_code=EXIT_CODES["unexpected"], summary="; ".join(wrong), checks=checks
    )


def _differences(report: VerifyReport, found: Particulars, expected: Expected) -> Iterator[str]:
    if expected.beneficiary is not None and expected.beneficiary not in _names(found.beneficiary):
        if _BENEFICIARY in found.sealed:
            yield "the beneficiary is sealed: this file does not open it"
        else:
            yield f"the beneficiary is {' '.join(_names(found.beneficiary)) or 'nobody'}, not {expected.beneficiary}"
    if expected.claimant is not None and expected.claimant not in _values(found.claimant):
        yield f"the claimant is {', '.join(found.claimant) or 'not stated'}, not {expected.claimant}"
    for what, is_, wanted in (
        ("subject", found.subject, expected.subject),
        ("claim", found.claim, expected.claim),
        ("project", found.project, expected.project),
        ("vintage", found.vintage, expected.vintage),
        ("allocation in kg", report.allocates_kg, expected.kg),
    ):
        if wanted is not None and is_ != wanted:
            yield f"the {what} is {is_ if is_ is not None else 'not stated'}, not {wanted}"


def _names(party: NamedParty | None) -> list[str]:
    if party is None:
        return []
    return [*([party.name] if party.name is not None else []), *_values(party.identifiers)]


def _values(identifiers: Sequence[str]) -> list[str]:
    """`uscc 9151…` may be asked for with its scheme or without."""
    return [spelling for each in identifiers for spelling in (each, each.partition(" ")[2])]


def _identifiers(identifiers: Sequence[Identifier]) -> tuple[str, ...]:
    return tuple(f"{each.scheme} {each.value}" for each in identifiers)


def _beneficiary(leaf: Leaf) -> NamedParty | None:
    text = next((each.text for each in leaf.openings if each.label == _BENEFICIARY), None)
    if text is None:
        return None
    value: Any = msgspec.json.decode(text)  # canonical JSON: it was checked against the statement's digest
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return NamedParty(name=text)
    given = value.get("identifiers", [])
    pairs = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    return NamedParty(
        name=value["name"], identifiers=tuple(f"{each.get('scheme')} {each.get('value')}" for each in pairs)
    )


def _serials(statement: Statement) -> tuple[str, ...]:
    if isinstance(statement, IssuanceStatement):
        return (statement.serials,)
    issuance: str = getattr(statement, "issuance", "")
    return tuple(f"{issuance}:{first}-{last}kg" for first, last in getattr(statement, "ranges", ()))


def _sealed(leaves: Sequence[Leaf], beneficiary: Leaf) -> Iterator[str]:
    """What is not opened: of the beneficiary, what was said last."""
    for leaf in leaves:
        if isinstance(leaf.statement, CorrectionStatement) and leaf is not beneficiary:
            continue
        opened = {each.label for each in leaf.openings}
        replaced = {_BENEFICIARY} if leaf is leaves[0] and leaf is not beneficiary else set()
        yield from sorted(set(getattr(leaf.statement, "sections", {})) - opened - replaced)

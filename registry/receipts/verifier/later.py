"""
What was said later about a retirement and its claim: corrections of their words, and their annulment.

A file holds what the registry put into it. That nothing was left out cannot be seen from it: a correction is missed
only where a later one of the same statement is there, an annulment never. Hence "as of size N".
"""

from collections.abc import Sequence

from registry.receipts.verifier.checklist import Checklist
from registry.receipts.verifier.leaf import Leaf, check_leaf, check_rules
from registry.receipts.verifier.trust import LoadedTrust
from registry.transparency.format.statement_rules import check_later as check_about
from registry.transparency.format.statement_rules import check_words
from registry.transparency.format.text import Malformed
from schemas.receipts import BUNDLE_FORMAT, LATER_CORRECTIONS, Bundle
from schemas.statements import AnnulmentStatement, ClaimStatement, CorrectionStatement, Statement
from schemas.verdicts import FoundAnnulment

CORRECTABLE = ("subject", "standard", "boundary", "exclusions")


class _Reading:
    """A retirement or a claim as it reads while its corrections are gone through; *words* only where all are known."""

    def __init__(self, leaf: Leaf) -> None:
        self.leaf = leaf
        self.last = 0
        self.annulled = False
        self.words = words_of(leaf.statement)

    def correct(self, correction: CorrectionStatement, checks: Checklist) -> None:
        number = correction.number
        if not self.last and number > 1:
            checks.note("number", f"corrections before number {number} are not in the file: other words may be older")
            self.words = {}
        elif number != self.last + 1:
            checks.require(None, "number", f"correction {number} follows {self.last}: one is missing, or they repeat")
        with checks.checking("words"):
            check_words(correction, self.words)
        self.words.update({each.field: each.now for each in correction.wording})
        self.last = number


def words_of(statement: Statement) -> dict[str, str]:
    """What of a statement's words can be corrected, as it has them: a claim's."""
    if not isinstance(statement, ClaimStatement):
        return {}
    return {name: getattr(statement, name) for name in CORRECTABLE}


def check_later(
    bundle: Bundle, named: Sequence[Leaf], trust: LoadedTrust, checks: Checklist, leaves: list[Leaf]
) -> list[Leaf]:
    """
    Check what a file carries of later statements about *named*, the retirement and its claim.

    All that hold go to *leaves*. Returns the annulments among them. Raises `Stopped`.
    """
    readings = {each.statement_hash: _Reading(each) for each in named}
    annulments: list[Leaf] = []
    before = -1
    for number, each in enumerate(bundle.later, 1):
        with checks.inside(f"later {number}"):
            found = _check_one(each, named[0], trust, checks)
            in_order = found.leaf_index > before
            checks.require(in_order, "order", f"leaf {found.leaf_index} does not come after leaf {before}")
            before = found.leaf_index
            leaves.append(found)
            if _check_target(found, readings, checks):
                annulments.append(found)
    corrections = len(bundle.later) - len(annulments)
    few = corrections <= LATER_CORRECTIONS
    checks.require(few, "later", f"{corrections} corrections; a file carries the newest {LATER_CORRECTIONS}")
    return annulments


def _check_one(bundle: Bundle, leaf: Leaf, trust: LoadedTrust, checks: Checklist) -> Leaf:
    plain = bundle.format == BUNDLE_FORMAT and bundle.sha256 is not None
    more = bundle.claim or bundle.status or bundle.asserts_neutral or bundle.later
    checks.require(plain and not more, "file", "it is no bundle of version 2, or carries more than one statement")
    found = check_leaf(bundle, trust, checks, under=leaf.head)
    checks.require(found.head is leaf.head, "one log", "it does not stand under the receipt's own checkpoint")
    check_rules(found.statement, trust, checks)
    return found


def _check_target(found: Leaf, readings: dict[str, _Reading], checks: Checklist) -> bool:
    """Whether it is an annulment; what it is about is the retirement or its claim, and comes before it."""
    statement = found.statement
    known = isinstance(statement, CorrectionStatement | AnnulmentStatement)
    checks.require(known, "target", f"{statement.TYPE} is neither a correction nor an annulment")
    assert isinstance(statement, CorrectionStatement | AnnulmentStatement)
    target = target_of(statement)
    reading = readings.get(target)
    checks.require(reading, "target", f"it is about {target}, neither the retirement nor its claim")
    assert reading is not None
    index = reading.leaf.leaf_index
    later = found.leaf_index > index
    checks.require(later, "target", f"leaf {found.leaf_index} does not come after what it is about, leaf {index}")
    with checks.checking("target"):
        check_about(statement, reading.leaf.statement)
    what = reading.leaf.statement.TYPE.partition("/")[0]
    if isinstance(statement, CorrectionStatement):
        reading.correct(statement, checks)
        changes = [f"{each.field} {each.was!r} is to be read {each.now!r}" for each in statement.wording]
        changes += [f"{label} is another" for label in statement.sections]
        said = f"{'; '.join(changes)}; because {statement.reason!r}"
        checks.note("correction", f"number {statement.number} of the {what}, {statement.executed_at}: {said}")
        return False
    checks.require(not reading.annulled, "annulment", f"the {what} is annulled twice")
    reading.annulled = True
    checks.note("annulment", in_words(annulment_of(statement)))
    return True


def contradicts(annulment: AnnulmentStatement, leaf: Leaf, target: Leaf) -> str:
    """Why an annulment cannot be of the statement that it names, or nothing."""
    if leaf.leaf_index < target.leaf_index:
        return f"leaf {leaf.leaf_index} annuls leaf {target.leaf_index}, which comes after it"
    try:
        check_about(annulment, target.statement)
    except Malformed as error:
        return str(error)
    return ""


def target_of(statement: CorrectionStatement | AnnulmentStatement) -> str:
    """The hash of the statement that it is about."""
    return statement.annuls if isinstance(statement, AnnulmentStatement) else statement.corrects


def annulment_of(statement: Statement) -> FoundAnnulment:
    """What an annulment says, for the report."""
    assert isinstance(statement, AnnulmentStatement)
    return FoundAnnulment(of=statement.of, at=statement.executed_at, reason=statement.reason)


def in_words(annulment: FoundAnnulment) -> str:
    """One sentence, the same in every file that it concerns."""
    return (
        f"the {annulment.of} was annulled on {annulment.at} because {annulment.reason!r}; "
        "the kilograms stay retired and count for nothing"
    )

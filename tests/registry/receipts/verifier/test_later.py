"""Receipts of version 3: what was said later about a retirement and its claim, and every way to forge it."""

import json
import os
import random
from functools import cache

import pytest

from registry.receipts.bundle import bundle_file, fitting
from registry.receipts.verifier.about import Expected, expecting
from registry.receipts.verifier.trust import load_trust
from registry.receipts.verifier.verify import verify_bundle
from registry.transparency.format import checkpoint, note
from registry.transparency.format.strict_json import DOCUMENT_LIMIT_BYTES
from schemas.statements import CorrectedWords
from schemas.verdicts import Corrected, FoundAnnulment, NamedParty
from tests.registry.receipts.verifier.later_world import (
    AGAIN,
    FOLDER,
    FORGED,
    OF_CLAIM,
    OF_RETIREMENT,
    SEALED,
    SOUND,
    WHOM,
    WORDS,
    told,
)
from tests.registry.receipts.verifier.test_together import together, verdicts
from tests.registry.receipts.verifier.world import CLAIM, RETIREMENT, World, changed, first_version, verify

CASES = SOUND | FORGED
STEP = 8 if os.environ.get("KILNWOOD_EVERY_VERDICT") else 8 * 3 + 1
"""Between the positions of one test that changes bytes; in the normal run, a third of them."""
STORED = json.loads((FOLDER / "expected.json").read_text("utf-8"))


def failing(report):
    """The name of the check that fails, if one does."""
    return next((each.name for each in report.checks if each.outcome == "failed"), None)


@pytest.mark.parametrize("name", CASES)
def test_what_a_file_carries_later(name):
    """The verdict, and at which check a forgery is seen."""
    case = CASES[name]
    report = verify(case.make())
    assert (case.verdict, case.check) == (report.verdict, failing(report)), report.summary


@pytest.mark.parametrize("path", STORED)
def test_stored_files_have_the_verdict_beside_them(path):
    """Other verifiers are tested with these files: verdict, exit code, failing check, and the sentence."""
    report = verify_bundle((FOLDER / path).read_bytes(), load_trust((FOLDER / "trust.json").read_bytes()))
    found = {name: getattr(report, name) for name in ("verdict", "exit_code", "summary")}
    assert STORED[path] == {**found, "failing_check": failing(report)}


def test_a_corrected_receipt_reads_as_corrected():
    """Words and beneficiary as they are now, beside what they were first; the old ones are not what is expected."""
    report = verify(told(WORDS, AGAIN, WHOM).receipt())
    about = report.about
    assert about is not None
    assert ("中非论坛 closing reception", NamedParty(name="王丽")) == (about.subject, about.beneficiary)
    assert "beneficiary" not in about.sealed
    because = {"at": AGAIN.executed_at, "reason": "In full"}
    assert (
        Corrected(of="claim", field="subject", was=CLAIM.subject, now="中非论坛 closing reception", **because),
        Corrected(of="claim", field="exclusions", was="", now="catering", **because),
        Corrected(
            of="retirement", field="beneficiary", was="Wang Li", now="王丽", at=WHOM.executed_at, reason=WHOM.reason
        ),
    ) == tuple(sorted(about.corrected, key=lambda each: (each.of, each.field != "subject")))
    for expected, verdict in (
        (Expected(subject="中非论坛 closing reception", beneficiary="王丽"), "valid"),
        (Expected(subject=CLAIM.subject), "unexpected"),
        (Expected(beneficiary="Wang Li"), "unexpected"),
    ):
        assert verdict == expecting(report, expected).verdict


def test_a_sealed_correction_hides_the_old_beneficiary_too():
    """What the retirement said first is not for whom it was: the file does not open for whom it was."""
    report = verify(told(WHOM, opened=False).receipt())
    assert report.about is not None
    assert (None, 1) == (report.about.beneficiary, report.about.sealed.count("beneficiary"))
    assert ("Wang Li", None) == (report.about.corrected[0].was, report.about.corrected[0].now)
    assert "unexpected" == expecting(report, Expected(beneficiary="Wang Li")).verdict


def test_an_annulment_is_the_verdict():
    """It says when and why, whatever else could be said about the receipt."""
    late = changed(RETIREMENT, executed_at="2027-06-01T00:00:00Z")
    for later in (OF_CLAIM, OF_RETIREMENT):
        report = verify(told(later).receipt())
        assert ("superseded", 4) == (report.verdict, report.exit_code)
        assert f"the {later.of} was annulled on {later.executed_at} because {later.reason!r}" in report.summary
        assert report.summary.endswith("the kilograms stay retired and count for nothing")
        assert report.about is not None
        assert (FoundAnnulment(of=later.of, at=later.executed_at, reason=later.reason),) == report.about.annulled
    after = changed(OF_RETIREMENT, executed_at="2027-06-02T00:00:00Z")
    assert "superseded" == verify(told(after, retirement=late).receipt()).verdict


def test_an_annulment_hidden_is_not_seen():
    """The same receipt without it is a sound file of version 2: it holds as of its size, and says no more."""
    story = told(OF_CLAIM)
    assert ("valid", "superseded") == (verify(story.receipt([])).verdict, verify(story.receipt()).verdict)


def test_the_annulment_in_another_file_counts():
    """A file that hides it, the claim alone, and the annulment alone, beside each other or beside one that has it."""
    story = told(OF_CLAIM)
    hidden, whole = story.receipt([]), story.receipt()
    claim, alone = story.log.bundle(0, story.sealed), story.log.bundle(2, story.sealed)
    assert ["superseded"] * 2 == verdicts(hidden, whole)
    assert ["superseded", "superseded", "logged"] == verdicts(hidden, claim, alone)
    assert ["superseded"] == verdicts(whole)
    (cover,) = together(hidden, alone).summary.claims
    assert (0, 0, 1200, False, OF_CLAIM.executed_at) == (
        cover.receipts,
        cover.allocated_kg,
        cover.missing_kg,
        cover.covered,
        cover.annulled_at,
    )
    old = first_version(hidden)
    assert ["superseded"] * 2 == verdicts(old, whole)


def test_an_annulled_retirement_gives_nothing():
    """1,200 kg annulled and covered anew: one of the two counts, and nothing is over-allocated."""
    log = World()
    claim = log.add(CLAIM)
    first = log.add(changed(RETIREMENT, claim=claim))
    log.add(changed(OF_RETIREMENT, annuls=first))
    log.add(changed(RETIREMENT, claim=claim, receipt="R-2", ranges=((3001, 4200),), executed_at="2026-07-01T00:00:00Z"))
    sealed = log.checkpoint()
    of_claim = log.bundle(0, sealed)
    one = log.bundle(1, sealed, claim=of_claim, later=(log.bundle(2, sealed),))
    two = log.bundle(3, sealed, claim=of_claim)
    said = together(one, two)
    assert ["superseded", "valid"] == [each.verdict for each in said.reports]
    (cover,) = said.summary.claims
    assert (1, 1200, True, None) == (cover.receipts, cover.allocated_kg, cover.covered, cover.annulled_at)
    assert 4 == said.summary.exit_code


def test_an_older_file_is_asked_for_anew():
    """
    Two retirements that together are too much: the one whose file ends before the other may have been annulled since.

    With a file that reaches as far as the other, and no annulment, both are INVALID.
    """
    log = World()
    claim = log.add(CLAIM)
    log.add(changed(RETIREMENT, claim=claim))
    early = log.checkpoint()
    old = log.bundle(1, early, claim=log.bundle(0, early))
    log.add(changed(RETIREMENT, claim=claim, receipt="R-2", ranges=((3001, 4200),), executed_at="2026-07-01T00:00:00Z"))
    sealed = log.checkpoint()
    of_claim = log.bundle(0, sealed)
    new, fresh = log.bundle(2, sealed, claim=of_claim), log.bundle(1, sealed, claim=of_claim)
    said = together(old, new)
    assert ["superseded", "valid"] == [each.verdict for each in said.reports]
    assert "ask for it anew" in said.reports[0].summary
    (cover,) = said.summary.claims
    assert (1, 1200, True) == (cover.receipts, cover.allocated_kg, cover.covered)
    assert ["invalid", "invalid"] == verdicts(fresh, new)
    assert ["invalid"] * 3 == verdicts(old, fresh, new)


def test_an_annulment_that_contradicts_what_it_names():
    """Beside the claim that it calls a retirement: both are INVALID."""
    claim = told().receipt().claim
    assert claim is not None
    story = told(changed(OF_RETIREMENT, annuls=verify(claim).statement_hash))
    said = together(story.receipt([]), story.log.bundle(2, story.sealed))
    assert ["invalid", "invalid"] == [each.verdict for each in said.reports]
    assert "annulment: the annulment of a retirement, and it names a claim" == said.reports[0].summary


def test_an_annulment_comes_after_what_it_names_and_once():
    """An earlier leaf that names it, and a second annulment: whatever file has them is INVALID."""
    named = verify(told().receipt()).statement_hash
    log = World()
    log.add(changed(OF_RETIREMENT, annuls=named))
    claim = log.add(CLAIM)
    log.add(changed(SEALED, claim=claim))
    sealed = log.checkpoint()
    receipt = log.bundle(2, sealed, claim=log.bundle(1, sealed))
    assert named == verify(receipt).statement_hash
    said = together(receipt, log.bundle(0, sealed))
    assert ["invalid", "invalid"] == [each.verdict for each in said.reports]
    assert "annulment: leaf 0 annuls leaf 2, which comes after it" == said.reports[0].summary
    story = told(OF_CLAIM, changed(OF_CLAIM, annulment="N-9"))
    one, two = (story.log.bundle(at, story.sealed) for at in (2, 3))
    assert ["superseded", "invalid", "invalid"] == verdicts(story.receipt([]), one, two)


def test_the_summary_has_the_words_of_the_newest_file():
    """Whichever file comes first."""
    story = told(WORDS)
    for files in ((story.receipt([]), story.receipt()), (story.receipt(), story.receipt([]))):
        (cover,) = together(*files).summary.claims
        assert "中非论坛 evening reception" == cover.subject


def test_an_old_verifier_refuses_version_3():
    """By its format, and not as a receipt without what came later."""
    raw = bundle_file(told(WORDS).receipt())
    assert raw.count(b'"format":"kilnwood-receipt/v3"') == 1
    assert "invalid" == verify(raw.replace(b"receipt/v3", b"receipt/v4")).verdict


def test_a_file_carries_what_fits():
    """Beyond the limit of a document the oldest corrections are left out, and annulments never."""
    long = [("松" if number % 2 else "竹") * 4_000 for number in range(33)]
    later = [
        changed(
            WORDS,
            number=number,
            correction=f"K-{number}",
            reason="r" * 4_000,
            wording=tuple(
                CorrectedWords(field=field, was=was, now=long[number])
                for field, was in (("boundary", long[number - 1]), ("exclusions", long[number - 1]))
            ),
        )
        for number in range(2, 33)
    ]
    story = told(OF_RETIREMENT, *later)
    assert len(bundle_file(story.receipt())) > DOCUMENT_LIMIT_BYTES
    whole = bundle_file(fitting(story.receipt, story.later))
    assert len(whole) <= DOCUMENT_LIMIT_BYTES
    report = verify(whole)
    assert "superseded" == report.verdict, report.summary
    assert "number" in {each.name.rpartition(" ")[2] for each in report.checks if each.outcome == "note"}


@pytest.fixture
def _remembered_signatures(monkeypatch):
    """A signature found good once is not computed again."""
    for module, name in ((note, "verify_ed25519"), (checkpoint, "verify_ed25519"), (checkpoint, "_verify_ml_dsa")):
        monkeypatch.setattr(module, name, cache(getattr(module, name)))


@pytest.mark.parametrize("part", range(8))
@pytest.mark.usefixtures("_remembered_signatures")
def test_every_byte_of_what_came_later_counts(part):
    """Changed to another printable one, deleted or doubled, at positions from the claim's end on."""
    raw, trust = (FOLDER / "annulled-claim.receipt.json").read_bytes(), load_trust((FOLDER / "trust.json").read_bytes())
    chosen, begins = random.Random(part), raw.index(b'"later":')
    ends = raw.index(b'"}],"note"', begins) + 3
    accepted = []
    for at in range(begins + part, ends, STEP):
        others = [value for value in range(0x20, 0x7F) if value != raw[at]]
        for new in (bytes([chosen.choice(others)]), bytes([raw[at] ^ 1]), b"", raw[at : at + 1] * 2):
            changed_file = raw[:at] + new + raw[at + 1 :]
            if verify_bundle(changed_file, trust).verdict != "invalid":
                accepted.append((at, new))
    assert [] == accepted

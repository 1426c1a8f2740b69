"""
Receipts of version 3 in the small registry of `world`: corrected, annulled, and forged in every way that a file can be.

Run as a program it writes `tests/golden/stored/registry-3`: `python -m tests.registry.receipts.verifier.later_world`.
"""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from registry.receipts.bundle import bundle_file
from registry.transparency.format.statement import section_digest, sign_statement, statement_text
from schemas.receipts import BUNDLE_FORMAT, BUNDLE_FORMAT_3, Bundle, Opening
from schemas.statements import AnnulmentStatement, CorrectedWords, CorrectionStatement
from tests.registry.receipts.verifier.world import (
    CLAIM,
    FILLER,
    GOLDEN,
    ORIGIN,
    RETIREMENT,
    SALT,
    WITNESS,
    WITNESSED_S,
    World,
    changed,
    signer,
    spoiled,
    trust_bytes,
    verify,
)

FOLDER = GOLDEN / "stored" / "registry-3"
NAMED = '{"name":"Wang Li"}'
RENAMED = '{"name":"王丽"}'
OTHER_SALT = bytes(range(1, 33))
OPENED = Opening(label="beneficiary", salt=SALT.hex(), text=NAMED)
REOPENED = Opening(label="beneficiary", salt=OTHER_SALT.hex(), text=RENAMED)
SEALED = changed(RETIREMENT, sections={"beneficiary": section_digest("beneficiary", SALT, NAMED)})
WORDS = CorrectionStatement(
    registry=CLAIM.registry,
    executed_at="2026-06-01T00:00:00Z",
    correction="K-1",
    corrects="0" * 64,
    number=1,
    reason="Misspelt",
    wording=(CorrectedWords(field="subject", was=CLAIM.subject, now="中非论坛 evening reception"),),
)
AGAIN = changed(
    WORDS,
    executed_at="2026-06-02T00:00:00Z",
    correction="K-2",
    number=2,
    reason="In full",
    wording=(
        CorrectedWords(field="exclusions", was="", now="catering"),
        CorrectedWords(field="subject", was="中非论坛 evening reception", now="中非论坛 closing reception"),
    ),
)
WHOM = changed(
    WORDS,
    correction="K-3",
    reason="Another spelling",
    wording=(),
    sections={"beneficiary": section_digest("beneficiary", OTHER_SALT, RENAMED)},
)
OF_CLAIM = AnnulmentStatement(
    registry=CLAIM.registry,
    executed_at="2026-06-03T00:00:00Z",
    annulment="N-1",
    annuls="0" * 64,
    of="claim",
    reason="The event never took place",
    approvers=("person-1", "person-2"),
)
OF_RETIREMENT = changed(OF_CLAIM, annulment="N-2", of="retirement", reason="Retired by mistake")


class Story(NamedTuple):
    """A log with a receipt at leaf 1, its claim at leaf 0, and what came later from leaf 2 on."""

    log: World
    sealed: str
    later: tuple[Bundle, ...]

    def receipt(self, later: Sequence[Bundle] | None = None, **values: object) -> Bundle:
        """The receipt with what came later, or with other things."""
        openings = (OPENED,) if self.log.notes[1].find("beneficiary") > 0 else ()
        carried = self.later if later is None else tuple(later)
        made = self.log.bundle(1, self.sealed, claim=self.log.bundle(0, self.sealed), openings=openings, later=carried)
        return changed(made, **values)


def told(*later, retirement=SEALED, opened=True) -> Story:
    """What becomes of a claim and a retirement; each of *later* is about what it can be about, unless it says so."""
    log = World()
    claim = log.add(CLAIM)
    retired = log.add(changed(retirement, claim=claim))
    for each in later:
        of_claim = each.of == "claim" if isinstance(each, AnnulmentStatement) else bool(each.wording)
        name = "annuls" if isinstance(each, AnnulmentStatement) else "corrects"
        named = getattr(each, name)
        log.add(changed(each, **{name: named if named != "0" * 64 else claim if of_claim else retired}))
    log.add(FILLER)
    sealed = log.checkpoint()
    return Story(
        log,
        sealed,
        tuple(
            log.bundle(at, sealed, openings=(REOPENED,) if opened and getattr(each, "sections", {}) else ())
            for at, each in enumerate(later, 2)
        ),
    )


class Case(NamedTuple):
    """A file, and what a verifier says: the verdict, and the check that fails, if one does."""

    make: Callable[[], Bundle]
    verdict: str
    check: str | None = None


def _sound(*later, **more) -> Callable[[], Bundle]:
    return lambda: told(*later, **more).receipt()


def _carrying(*later, change: Callable[[Story], Bundle]) -> Callable[[], Bundle]:
    return lambda: change(told(*later))


def _elsewhere(story: Story) -> Bundle:
    """The correction under another checkpoint of the same tree."""
    other = story.log.checkpoint(timestamp=WITNESSED_S + 1)
    return story.receipt([story.log.bundle(2, other)])


def _younger(story: Story) -> Bundle:
    """The correction under the checkpoint of a larger tree."""
    story.log.add(FILLER)
    return story.receipt([story.log.bundle(2)])


def _forged_words(story: Story) -> Bundle:
    return story.receipt([spoiled(story.later[0], note=story.later[0].note.replace("Misspelt", "Misspelz"))])


def _forged_issuer(story: Story) -> Bundle:
    text = statement_text(ORIGIN, WORDS)
    note = sign_statement(text, signer("forger.example", WITNESS.key.kind - 3))
    return story.receipt([spoiled(story.later[0], note=note)])


def _damaged(story: Story) -> Bundle:
    return story.receipt([changed(story.later[0], sha256="ab" * 32)])


def _third() -> CorrectionStatement:
    words = (CorrectedWords(field="boundary", was=CLAIM.boundary, now="all of it"),)
    return changed(AGAIN, correction="K-4", number=3, wording=words)


def _miscalled() -> Bundle:
    """The annulment of a retirement that names the claim."""
    claim = told(OF_CLAIM).later[0].note
    named = json.loads(claim.split("\n")[1])["annuls"]
    return told(changed(OF_RETIREMENT, annuls=named)).receipt()


def _words_of_retirement() -> Bundle:
    """Words that are corrected, and not of the claim."""
    named = json.loads(told(OF_RETIREMENT).later[0].note.split("\n")[1])["annuls"]
    return told(changed(WORDS, corrects=named)).receipt()


def _before() -> Bundle:
    """The retirement annulled before it was made: its hash was known when its text was."""
    named = json.loads(told(OF_RETIREMENT).later[0].note.split("\n")[1])["annuls"]
    log = World()
    claim = log.add(CLAIM)
    log.add(changed(OF_RETIREMENT, annuls=named))
    log.add(changed(SEALED, claim=claim))
    sealed = log.checkpoint()
    return log.bundle(2, sealed, claim=log.bundle(0, sealed), openings=(OPENED,), later=(log.bundle(1, sealed),))


def _with(correction: CorrectionStatement, **values: object) -> Bundle:
    story = told(correction)
    return story.receipt([changed(story.later[0], **values)])


def _in_claim(story: Story) -> Bundle:
    made = story.receipt()
    return changed(made, claim=changed(made.claim, format=BUNDLE_FORMAT_3, later=made.later))


def _many(count: int) -> Bundle:
    """So many corrections of one word, back and forth."""
    names = [CLAIM.subject, "Another"]
    return told(
        *(
            changed(
                WORDS,
                number=number,
                correction=f"K-{number}",
                wording=(CorrectedWords(field="subject", was=names[1 - number % 2], now=names[number % 2]),),
            )
            for number in range(1, count + 1)
        )
    ).receipt()


SOUND: dict[str, Case] = {
    "corrected": Case(_sound(WORDS, AGAIN, WHOM), "valid"),
    "corrected-sealed": Case(_sound(WHOM, opened=False), "valid"),
    "correction-before-left-out": Case(lambda: (story := told(WORDS, AGAIN)).receipt(story.later[1:]), "valid"),
    "annulled-claim": Case(_sound(OF_CLAIM), "superseded"),
    "annulled-retirement": Case(_sound(OF_RETIREMENT), "superseded"),
    "corrected-and-annulled-both": Case(_sound(WORDS, OF_RETIREMENT, OF_CLAIM), "superseded"),
}
FORGED: dict[str, Case] = {
    "another-claim": Case(_sound(changed(WORDS, corrects="ab" * 32)), "invalid", "later 1: target"),
    "another-retirement": Case(_sound(changed(OF_RETIREMENT, annuls="ab" * 32)), "invalid", "later 1: target"),
    "claim-called-retirement": Case(_miscalled, "invalid", "later 1: target"),
    "words-of-a-retirement": Case(_words_of_retirement, "invalid", "later 1: target"),
    "neither": Case(
        lambda: (story := told()).receipt([story.log.bundle(2, story.sealed)]), "invalid", "later 1: target"
    ),
    "before-its-target": Case(_before, "invalid", "later 1: target"),
    "earlier-by-the-clock": Case(
        _sound(changed(WORDS, executed_at="2026-05-01T00:00:00Z")), "invalid", "later 1: target"
    ),
    "another-registry": Case(_sound(changed(OF_CLAIM, registry="Another")), "invalid", "later 1: target"),
    "wrong-order": Case(lambda: (story := told(WHOM, WORDS)).receipt(story.later[::-1]), "invalid", "later 2: order"),
    "twice": Case(lambda: (story := told(OF_CLAIM)).receipt(story.later * 2), "invalid", "later 2: order"),
    "annulled-twice": Case(_sound(OF_CLAIM, changed(OF_CLAIM, annulment="N-9")), "invalid", "later 2: annulment"),
    "one-left-out": Case(
        lambda: (story := told(WORDS, AGAIN, _third())).receipt((story.later[0], story.later[2])),
        "invalid",
        "later 2: number",
    ),
    "was-something-else": Case(
        _sound(WORDS, changed(AGAIN, wording=(CorrectedWords(field="subject", was="x", now="y"),))),
        "invalid",
        "later 2: words",
    ),
    "was-never-so": Case(
        _sound(changed(WORDS, wording=(CorrectedWords(field="subject", was="x", now="y"),))),
        "invalid",
        "later 1: words",
    ),
    "another-checkpoint": Case(_carrying(WORDS, change=_elsewhere), "invalid", "later 1: one log"),
    "larger-tree": Case(_carrying(WORDS, change=_younger), "invalid", "later 1: one log"),
    "forged-words": Case(_carrying(WORDS, change=_forged_words), "invalid", "later 1: issuer signature"),
    "forged-issuer": Case(_carrying(WORDS, change=_forged_issuer), "invalid", "later 1: issuer signature"),
    "damaged": Case(_carrying(WORDS, change=_damaged), "invalid", "later 1: digest"),
    "one-approver": Case(_sound(changed(OF_CLAIM, approvers=("person-1", "person-1"))), "invalid", "later 1: rules"),
    "wrong-opening": Case(
        lambda: _with(WHOM, openings=(changed(REOPENED, text=NAMED),)), "invalid", "later 1: sections"
    ),
    "carries-a-claim": Case(lambda: _with(WORDS, claim=told().receipt().claim), "invalid", "later 1: file"),
    "carries-more": Case(
        lambda: _with(WORDS, format=BUNDLE_FORMAT_3, later=(told(WORDS).later[0],)), "invalid", "later 1: file"
    ),
    "nothing-later": Case(lambda: told().receipt(format=BUNDLE_FORMAT_3), "invalid", "file"),
    "version-2-with-later": Case(
        _carrying(WORDS, change=lambda story: story.receipt(format=BUNDLE_FORMAT)), "invalid", "file"
    ),
    "later-of-a-claim": Case(
        lambda: (story := told(OF_CLAIM)).log.bundle(0, story.sealed, later=story.later), "invalid", "later"
    ),
    "later-in-the-claim": Case(lambda: _in_claim(told(WORDS)), "invalid", "claim"),
    "too-many-corrections": Case(lambda: _many(33), "invalid", "later"),
}


if __name__ == "__main__":
    (FOLDER / "forged").mkdir(parents=True, exist_ok=True)
    (FOLDER / "trust.json").write_bytes(trust_bytes())
    expected = {}
    for folder, cases in (("", SOUND), ("forged/", FORGED)):
        for name, case in cases.items():
            path = f"{folder}{name}.receipt.json"
            (FOLDER / path).write_bytes(bundle_file(case.make()))
            report = verify((FOLDER / path).read_bytes())
            assert report.verdict == case.verdict, (name, report.summary)
            expected[path] = {
                "verdict": report.verdict,
                "exit_code": report.exit_code,
                "failing_check": next((each.name for each in report.checks if each.outcome == "failed"), None),
                "summary": report.summary,
            }
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n", "utf-8")

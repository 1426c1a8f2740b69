"""Several files: one log or a fork, kilograms used twice, and the claims that they cover together."""

import pytest

from registry.receipts.bundle import bundle_file
from registry.receipts.verifier.together import compare
from registry.receipts.verifier.trust import load_trust
from registry.receipts.verifier.verify import judge
from registry.transparency.format.checkpoint import verify_checkpoint
from registry.transparency.format.note import parse_note
from schemas.statements import IssuanceStatement
from tests.registry.receipts.verifier.world import CLAIM, FILLER, RETIREMENT, World, changed, receipt, trust_bytes

TRUST = load_trust(trust_bytes())
ISSUANCE = IssuanceStatement(
    registry=CLAIM.registry,
    executed_at="2026-05-01T00:00:00Z",
    issuance="SC-CDCER-0007-2024-01",
    project="SC-0007",
    methodology="kiln-electrification/1",
    vintage=2024,
    kind="monitored",
    serials="SC-CDCER-0007-2024-01:1-3619000kg",
    quantity_kg=3_619_000,
    approvers=("person-1", "person-2"),
    verification_report="ab" * 32,
)


CONTRIBUTION = changed(CLAIM, type="contribution", required_kg=0, deadline=None)


def together(*bundles):
    """Compare files that are called 0, 1, 2 and so on."""
    return compare([judge(bundle_file(each), TRUST, file=str(at)) for at, each in enumerate(bundles)])


def verdicts(*bundles):
    """Only the verdicts."""
    return [each.verdict for each in together(*bundles).reports]


def retired(**values):
    """A retirement of 600 kg."""
    return changed(RETIREMENT, **{"ranges": ((1, 600),), "quantity_kg": 600, "allocates_kg": 600} | values)


def receipts(*statements, claim=CLAIM):
    """Receipts of retirements for one claim, under one checkpoint."""
    log = World()
    named = log.add(claim)
    for each in statements:
        log.add(changed(each, claim=named) if each.TYPE == "retirement/v1" else each)
    sealed = log.checkpoint()
    first = log.bundle(0, sealed)
    return [
        log.bundle(at, sealed, **({"claim": first} if each.TYPE == "retirement/v1" else {}))
        for at, each in enumerate(statements, 1)
    ]


def forked(*statements, padding=0):
    """Two receipts of logs that begin alike and then differ, the second *padding* leaves longer."""
    made = []
    for number, each in enumerate(statements):
        log = World()
        named = log.add(CLAIM)
        log.add(changed(each, claim=named))
        for extra in range(padding * number):
            log.add(changed(FILLER, cancellation=f"X-{extra}", ranges=((9000 + extra, 9000 + extra),)))
        sealed = log.checkpoint()
        made.append(log.bundle(1, sealed, claim=log.bundle(0, sealed)))
    return made


@pytest.mark.parametrize(
    ("padding", "what"), [(0, "two roots of the tree of size 2"), (3, "two leaves at index 1")], ids=["size", "index"]
)
def test_a_fork_is_invalid_on_both_sides_and_both_signed_notes_prove_it(padding, what):
    """Each file alone is valid; together they show two histories. The notes carry the log's verified signatures."""
    two = forked(retired(), retired(receipt="R-2", ranges=((601, 1200),)), padding=padding)
    assert ["valid"] == verdicts(two[0])
    assert ["valid"] == verdicts(two[1])
    found = together(*two)
    assert [("invalid", 1)] * 2 == [(each.verdict, each.exit_code) for each in found.reports]
    assert all(each.summary.startswith(f"one log: {what}") for each in found.reports)
    assert (1, 1) == (found.summary.exit_code, len(found.summary.forks))
    fork = found.summary.forks[0]
    assert (what, "0", "1") == (fork.what, fork.first.file, fork.second.file)
    keys = TRUST.checkpoint_keys()
    sealed = [verify_checkpoint(parse_note(each.note), keys) for each in (fork.first, fork.second)]
    assert sealed[0].checkpoint != sealed[1].checkpoint
    assert [3, 3] == [len(each.seals) for each in sealed]
    assert (padding > 0) == (fork.first.leaf is not None and fork.first.leaf != fork.second.leaf)
    assert () == found.summary.claims


def test_a_fork_inside_one_file_is_invalid():
    """The claim under one root, its retirement under another of the same size: what one auditor held in one hand."""
    one, other = forked(retired(), retired(receipt="R-2", ranges=((601, 1200),)))
    found = together(changed(one, claim=other.claim))
    assert ("invalid", "one log: the file has two roots of the tree of size 2: a fork") == (
        found.reports[0].verdict,
        found.reports[0].summary,
    )
    assert ["two roots of the tree of size 2"] == [each.what for each in found.summary.forks]
    assert found.summary.forks[0].first.note != found.summary.forks[0].second.note


def test_a_file_has_one_checkpoint():
    """Two sizes in one file need a proof that joins them, and a receipt has none."""
    log = World()
    named = log.add(CLAIM)
    claim = log.bundle(0)
    log.add(retired(claim=named))
    (report,) = together(log.bundle(1, claim=claim)).reports
    assert "one log: the claim stands under a checkpoint of size 1, not 2" == report.summary


def test_files_of_one_log_at_several_sizes_agree():
    """The same receipt under a newer checkpoint, and again: nothing conflicts, and it counts once."""
    log = World()
    named = log.add(CLAIM)
    log.add(retired(claim=named))
    bundles = []
    for extra in range(3):
        sealed = log.checkpoint()
        bundles.append(log.bundle(1, sealed, claim=log.bundle(0, sealed)))
        log.add(changed(FILLER, cancellation=f"X-{extra}"))
    found = together(*bundles, bundles[0])
    assert ["valid"] * 4 == [each.verdict for each in found.reports]
    assert [(1, 600, 600, False)] == [
        (each.receipts, each.allocated_kg, each.missing_kg, each.covered) for each in found.summary.claims
    ]


def test_two_halves_cover_a_claim_together():
    """600 + 600 of 1,200: each alone is a part, both are the whole."""
    two = receipts(retired(), retired(receipt="R-2", ranges=((601, 1200),)))
    assert [(False, 600)] == [(each.covered, each.missing_kg) for each in together(two[0]).summary.claims]
    found = together(*two)
    assert ["valid", "valid"] == [each.verdict for each in found.reports]
    (claim,) = found.summary.claims
    assert ("claim-1", True, 2, 1200, 0) == (
        claim.claim,
        claim.covered,
        claim.receipts,
        claim.allocated_kg,
        claim.missing_kg,
    )
    assert "2 receipts: 1200 of 1200 kg, covered" == claim.summary


def test_a_claim_is_given_no_more_than_it_requires():
    """1,200 + 1 of 1,200, over two files: the registry would have refused it, so both are invalid."""
    two = receipts(RETIREMENT, retired(receipt="R-2", ranges=((5000, 5000),), quantity_kg=1, allocates_kg=1))
    assert [["valid"], ["valid"]] == [verdicts(each) for each in two]
    found = together(*two)
    assert ["invalid", "invalid"] == [each.verdict for each in found.reports]
    summary = "claim: claim-1: 1201 kg allocated to a claim that requires 1200 kg, by all files together"
    assert {summary} == {each.summary for each in found.reports}


def test_a_contribution_takes_what_it_is_given_and_a_late_receipt_gives_nothing():
    """Neither is over-allocation."""
    contributions = [retired(purpose="contribution"), retired(purpose="contribution", ranges=((601, 1200),))]
    given = together(*receipts(*contributions, claim=CONTRIBUTION))
    assert [(None, 1200)] == [(each.covered, each.allocated_kg) for each in given.summary.claims]
    late = retired(receipt="R-2", ranges=((5000, 5599),), executed_at="2027-06-01T00:00:00Z")
    found = together(*receipts(RETIREMENT, late))
    assert ["valid", "shortfall"] == [each.verdict for each in found.reports]
    assert [(1, 1200, True)] == [(each.receipts, each.allocated_kg, each.covered) for each in found.summary.claims]


@pytest.mark.parametrize(
    "second",
    [
        retired(receipt="R-2", ranges=((600, 1199),)),
        retired(receipt="R-2"),
        changed(FILLER, ranges=((300, 300),)),
    ],
    ids=["one kilogram", "all of it", "cancelled as well"],
)
def test_a_kilogram_is_used_once(second):
    """Retired twice, or retired and cancelled: both files are invalid and say which serials."""
    found = together(*receipts(retired(), second))
    assert ["invalid", "invalid"] == [each.verdict for each in found.reports]
    first, last = second.ranges[0][0], min(second.ranges[0][1], 600)
    summary = f"serials: SC-CDCER-0007-2024-01:{first}-{last}kg is used twice, by leaves 1 and 2: 0 and 1"
    assert {summary} == {each.summary for each in found.reports}


def test_every_overlap_is_found_among_many():
    """One long range over two short ones; the one beside them, and equal positions of another issuance, stay valid."""
    claim = changed(CLAIM, required_kg=9000, footprint_kg=9000)
    ranges = [(1, 600), (100, 110), (500, 510), (601, 700)]
    parts = [
        retired(receipt=f"R-{at}", ranges=(each,), quantity_kg=each[1] - each[0] + 1, allocates_kg=1)
        for at, each in enumerate(ranges)
    ]
    other = retired(receipt="R-9", issuance="SC-CDCER-0008-2024-01", project="SC-0008")
    assert ["invalid"] * 3 + ["valid"] * 2 == verdicts(*receipts(*parts, other, claim=claim))


def test_an_issuance_among_the_files_bounds_the_others():
    """Serials that never came into being, a statement before the issuance, another project, a second issuance."""
    assert ["valid", "logged"] == verdicts(*receipts(RETIREMENT, ISSUANCE))
    small = changed(ISSUANCE, serials="SC-CDCER-0007-2024-01:1-2199kg", quantity_kg=2199)
    for wrong, words in (
        (small, "kilogram 2200 of SC-CDCER-0007-2024-01, which has 2199"),
        (changed(ISSUANCE, executed_at="2026-06-01T00:00:00Z"), "is before SC-CDCER-0007-2024-01 was issued"),
        (changed(ISSUANCE, project="SC-0008"), "project SC-0007, but SC-CDCER-0007-2024-01 has SC-0008"),
        (changed(ISSUANCE, vintage=2023), "vintage 2024, but"),
    ):
        found = together(*receipts(RETIREMENT, wrong))
        assert ["invalid", "invalid"] == [each.verdict for each in found.reports]
        assert words in found.reports[0].summary
    twice = together(*receipts(ISSUANCE, changed(ISSUANCE, verification_report="cd" * 32)))
    assert {"serials: SC-CDCER-0007-2024-01 is issued by two statements"} == {each.summary for each in twice.reports}


def test_no_comparison_takes_a_file_out_of_the_next_one():
    """What contradicts one file contradicts every other that it contradicts: more files, never fewer INVALID."""
    parts = [((1, 600), "R-1"), ((601, 1200), "R-2"), ((1201, 1800), "R-3"), ((600, 601), "R-4")]
    made = [
        retired(receipt=code, ranges=(span,), quantity_kg=span[1] - span[0] + 1, allocates_kg=span[1] - span[0] + 1)
        for span, code in parts
    ]
    assert ["invalid"] * 3 == verdicts(*receipts(*made[:3]))
    assert ["invalid"] * 4 == verdicts(*receipts(*made))


def test_every_issuance_of_one_code_bounds_the_others():
    """Two issuances of one code contradict each other, and the receipt that goes with one of them the other."""
    other = changed(ISSUANCE, project="SC-0008")
    assert ["invalid", "invalid"] == verdicts(*receipts(RETIREMENT, other))
    for issuances in ((ISSUANCE, other), (other, ISSUANCE)):
        found = together(*receipts(RETIREMENT, *issuances))
        assert ["invalid"] * 3 == [each.verdict for each in found.reports]
        assert "serials: project SC-0007, but SC-CDCER-0007-2024-01 has SC-0008" == found.reports[0].summary
    late = retired(
        receipt="R-2", ranges=((700, 700),), quantity_kg=1, allocates_kg=1, executed_at="2027-06-01T00:00:00Z"
    )
    assert ["invalid", "invalid", "invalid"] == verdicts(*receipts(late, ISSUANCE, other))


def test_an_issuance_struck_out_by_another_file_still_bounds():
    """A cancellation overlaps a receipt, and an issuance contradicts that receipt: all three, in whatever order."""
    used = changed(FILLER, ranges=((600, 609),), quantity_kg=10)
    early = changed(ISSUANCE, executed_at="2026-05-20T12:00:00Z")
    made = receipts(used, early, retired())
    assert ["logged"] * 1 == verdicts(made[1])
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2)):
        found = together(*(made[at] for at in order))
        assert ["invalid"] * 3 == [each.verdict for each in found.reports]
        failed = [check.name for each in found.reports for check in each.checks if check.outcome == "failed"]
        assert ["serials"] * 4 == failed  # the cancellation contradicts both others


def test_what_is_invalid_by_itself_speaks_against_nobody_and_still_proves_a_fork():
    """A receipt with a contradiction in it does not spoil others' serials; its checkpoint is evidence all the same."""
    bad = retired(receipt="R-2", purpose="contribution")
    assert ["valid", "invalid"] == verdicts(*receipts(retired(), bad))
    two = forked(retired(), bad)
    found = together(*two)
    assert ["invalid", "invalid"] == [each.verdict for each in found.reports]
    assert 1 == len(found.summary.forks)


def test_the_claim_itself_may_be_among_the_files():
    """It is logged, not valid, and is summed up like any other."""
    log = World()
    log.add(CLAIM)
    found = together(log.bundle(0))
    assert (["logged"], 6) == ([each.verdict for each in found.reports], found.summary.exit_code)
    assert [(0, 1200, False)] == [(each.receipts, each.missing_kg, each.covered) for each in found.summary.claims]


def test_no_file_and_no_bundle():
    """Nothing to compare."""
    assert (0, 0) == (together().summary.files, together().summary.exit_code)
    assert ["invalid"] == [each.verdict for each in compare([judge(b"{}", TRUST)]).reports]
    assert "valid" == together(receipt()).reports[0].verdict

"""The checks of a receipt, one by one, and the verdicts."""

import pytest

from registry.receipts.bundle import bundle_file, trusted, witness_policy
from registry.receipts.verifier.trust import load_trust
from registry.transparency.format.checkpoint import Checkpoint, cosign
from registry.transparency.format.note import COSIGNATURE_ED25519, ED25519, SignatureLine, format_note, parse_note
from registry.transparency.format.statement import sign_statement
from registry.transparency.format.text import Malformed
from schemas.receipts import BUNDLE_FORMAT_1, Opening
from tests.registry.receipts.verifier import world
from tests.registry.receipts.verifier.world import (
    CLAIM,
    FILLER,
    ISSUER,
    LOG,
    LOG_PQ,
    OPENING,
    ORIGIN,
    RETIREMENT,
    WITNESS,
    WITNESSED_S,
    World,
    changed,
    first_version,
    receipt,
    spoiled,
    trust_bytes,
    verify,
)

W2, W3 = (world.signer(f"witness.kilnwood.example/w{n}", COSIGNATURE_ED25519) for n in (2, 3))
STRANGER = world.signer("stranger.example/w9", COSIGNATURE_ED25519)
OTHER_ISSUER = world.signer(f"{ORIGIN}/issuer-2", ED25519)
OTHER_LOG = world.signer(ORIGIN + "/fork", ED25519)


def failed(bundle, trust=None):
    """The name and the text of the check that failed; the verdict must be invalid, with exit code 1."""
    report = verify(bundle, trust)
    assert ("invalid", 1) == (report.verdict, report.exit_code)
    assert "failed" == report.checks[-1].outcome
    return report.checks[-1].name, report.checks[-1].detail


def summary_of(bundle, trust=None):
    """Verdict, exit code and summary."""
    report = verify(bundle, trust)
    return report.verdict, report.exit_code, report.summary


def test_the_checks_come_in_the_order_of_the_design():
    """The checks of registry/transparency/FORMAT.md, first for the retirement, then for its claim."""
    names = [check.name for check in verify(receipt()).checks]
    one = [
        "statement",
        "issuer signature",
        "sections",
        "leaf",
        "path",
        "checkpoint",
        "witnesses",
        "keys in force",
        "digest",
    ]
    inner = [f"claim: {name}" for name in one if name != "witnesses"]  # under the receipt's own checkpoint
    both = [*one, "rules", "ranges", *inner, "claim: rules"]
    assert ["SIMULATED", "trust", "file", *both, "claim", "allocation", "status"] == names


def test_what_a_full_receipt_says():
    """The numbers of the report, and as of which log it holds."""
    report = verify(receipt())
    assert (1200, 1200, 1200, "R-1") == (report.quantity_kg, report.allocates_kg, report.required_kg, report.receipt)
    assert (3, 5, "2026-05-28T20:26:40Z") == (report.leaf_index, report.size, report.witnessed_at)
    assert "covered by this receipt alone" in report.summary


def test_an_origin_without_sim_is_not_called_simulated():
    """Only `/sim/` makes a region simulated; this trust is for another origin, so nothing else holds."""
    logs = [trusted(world.signer("a.example/simple", each.key.kind).key) for each in (LOG, LOG_PQ)]
    issuers = [trusted(world.signer("a.example/simple/issuer", ED25519).key)]
    report = verify(receipt(), trust_bytes(origin="a.example/simple", logs=logs, issuers=issuers))
    assert not report.simulated
    assert "statement" == report.checks[-1].name


@pytest.mark.parametrize(
    ("allocates_kg", "neutral", "verdict", "code", "words"),
    [
        (1200, False, "valid", 0, "covered by this receipt alone"),
        (1200, True, "valid", 0, "covered by this receipt alone"),
        (1199, False, "valid", 0, "allocates 1199 of 1200 kg required, a part"),
        (1199, True, "shortfall", 5, "1 kg are missing"),
    ],
)
def test_cover(allocates_kg, neutral, verdict, code, words):
    """A part is valid and says so; a file that asserts neutrality must cover."""
    made = receipt(retirement=changed(RETIREMENT, allocates_kg=allocates_kg))
    found = summary_of(first_version(made, asserts_neutral=neutral))
    assert (verdict, code) == found[:2]
    assert words in found[2]


def test_a_retirement_after_the_deadline_does_not_count():
    """Shortfall; one at the last second still counts, and a claim need not have a deadline."""
    late = receipt(retirement=changed(RETIREMENT, executed_at="2027-05-03T00:00:00Z"))
    assert ("shortfall", 5) == summary_of(late)[:2]
    assert "valid" == verify(receipt(retirement=changed(RETIREMENT, executed_at=CLAIM.deadline))).verdict
    assert "valid" == verify(receipt(claim=changed(CLAIM, deadline=None))).verdict


def test_a_contribution_is_never_neutral():
    """It requires nothing, says no "neutral", and a file that asserts neutrality for it is invalid."""
    given = {
        "claim": changed(CLAIM, type="contribution", required_kg=0, deadline=None),
        "retirement": changed(RETIREMENT, purpose="contribution"),
    }
    assert ("valid", 0, "contributes 1200 kg; this is no neutrality claim") == summary_of(receipt(**given))
    assert ("allocation", "a contribution claim is never neutral") == failed(
        first_version(receipt(**given), asserts_neutral=True)
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"quantity_kg": 1201, "allocates_kg": 1200}, "the ranges hold 1200 kg, the statement says 1201 kg"),
        ({"ranges": ((2001, 2200), (1, 1000))}, "not in order"),
        ({"ranges": ((1, 1000), (1000, 1199))}, "in two of them"),
        ({"ranges": ((1000, 1), (2001, 2200))}, "not in order"),
    ],
)
def test_ranges_add_up(values, words):
    """In order, apart, and together the quantity."""
    name, detail = failed(receipt(retirement=changed(RETIREMENT, **values)))
    assert "rules" == name
    assert words in detail


def test_more_cannot_be_allocated_than_was_retired():
    """The allocation is a part of the quantity."""
    assert "rules" == failed(receipt(retirement=changed(RETIREMENT, allocates_kg=1201)))[0]


def test_sections():
    """Sealed ones are reported; a wrong, foreign, doubled, unsorted or non-canonical opening is invalid."""
    assert "sealed: organiser, report" in [each.detail for each in verify(receipt(openings=())).checks]
    wrong = changed(OPENING, text='{"name":"李四"}')
    foreign = changed(OPENING, label="beneficiary")
    salted = changed(OPENING, salt=OPENING.salt.replace("a", "A"))
    loose = changed(OPENING, text='{"name": "张伟"}')
    for opening in (wrong, foreign, salted, loose, changed(OPENING, salt="00" * 32)):
        assert "claim: sections" == failed(receipt(openings=(opening,)))[0]
    assert "claim: sections" == failed(receipt(openings=(OPENING, OPENING)))[0]
    report = Opening(label="report", salt="00" * 32, text="{}")
    good = receipt()
    unsorted = changed(good, claim=changed(good.claim, openings=(report, OPENING)))
    assert "claim: sections" == failed(unsorted)[0]


def test_the_claim_must_be_the_one_named_and_come_first():
    """Another claim, no claim, a claim after the retirement, something that is no claim, a claim with a claim."""
    log = World()
    named = log.add(CLAIM)
    log.add(changed(CLAIM, claim="claim-2"))
    log.add(changed(RETIREMENT, claim=named))
    log.add(FILLER)
    sealed = log.checkpoint()
    claims = [log.bundle(at, sealed) for at in range(4)]
    assert "valid" == verify(log.bundle(2, sealed, claim=claims[0])).verdict
    assert "the retirement names" in failed(log.bundle(2, sealed, claim=claims[1]))[1]
    assert "holds something else" in failed(log.bundle(2, sealed, claim=claims[3]))[1]
    assert "is missing" in failed(log.bundle(2, sealed))[1]
    nested = changed(claims[0], claim=claims[1])
    assert "more than the claim" in failed(log.bundle(2, sealed, claim=nested))[1]
    early = World()
    early.add(changed(RETIREMENT, claim=named))
    early.add(CLAIM)
    sealed = early.checkpoint()
    assert "does not come before" in failed(early.bundle(0, sealed, claim=early.bundle(1, sealed)))[1]


def test_other_statements_are_verified_too_and_carry_no_claim():
    """A claim's own file, or a cancellation: in the log, its rules checked, and no receipt, witnessed or not."""
    log = World()
    log.add(FILLER)
    log.add(CLAIM)
    summary = "the statement {} is in the log; it is no receipt"
    assert ("logged", 6, summary.format("cancellation/v1")) == summary_of(log.bundle(0))
    assert ("logged", 6, summary.format("claim/v1")) == summary_of(log.bundle(1))
    unseen = summary_of(log.bundle(1, log.checkpoint(witnesses=())))
    assert ("logged", 6, summary.format("claim/v1") + "; no quorum of witnesses has seen this log yet") == unseen
    assert "claim" == failed(log.bundle(0, claim=log.bundle(1)))[0]
    assert "claim" == failed(first_version(log.bundle(0), asserts_neutral=True))[0]


def test_a_status_snapshot_is_refused_until_it_can_be_checked():
    """The slot is reserved; unchecked content would be believed."""
    good = receipt()
    assert "status" == failed(changed(good, status=good.claim))[0]


def test_without_a_quorum_it_is_unwitnessed():
    """No cosignature, a stranger's, a witness that states no time, or a policy that asks for none: exit code 3."""
    for witnesses in ((), (STRANGER,)):
        assert ("unwitnessed", 3) == summary_of(receipt(witnesses=witnesses))[:2]
    assert ("unwitnessed", 3) == summary_of(receipt(timestamp=0))[:2]
    assert ("unwitnessed", 3) == summary_of(receipt(), trust_bytes(policy="quorum none\n"))[:2]
    assert verify(receipt(witnesses=())).witnessed_at is None


def test_an_unwitnessed_claim_leaves_the_receipt_unwitnessed():
    """Both leaves must have been seen."""
    log = World()
    named = log.add(CLAIM)
    log.add(changed(RETIREMENT, claim=named))
    claim = log.bundle(0, log.checkpoint(witnesses=()))
    assert ("unwitnessed", 3) == summary_of(log.bundle(1, claim=claim))[:2]


def test_a_quorum_of_several_is_reached_when_its_last_needed_witness_signed():
    """Two of three; the time is the earliest at which two had signed."""
    trust = trust_bytes(policy=witness_policy([[WITNESS.key], [W2.key], [W3.key]], quorum=2))
    log = World()
    log.add(FILLER)
    head = Checkpoint(ORIGIN, 1, log.root)
    note = parse_note(log.checkpoint(witnesses=()))
    lines = [cosign(head, each, timestamp=WITNESSED_S + at) for at, each in ((60, W3), (0, WITNESS), (30, W2))]
    found = [
        verify(log.bundle(0, format_note(note.text, [*note.signatures, *lines[:count]])), trust) for count in (1, 2, 3)
    ]
    assert ["logged"] * 3 == [each.verdict for each in found]
    assert [None, "2026-05-28T20:27:40Z", "2026-05-28T20:27:10Z"] == [each.witnessed_at for each in found]


def test_bundles_of_version_1_are_read_and_those_of_version_2_state_their_digest():
    """What earlier registries wrote is valid for ever; neither version takes what belongs to the other."""
    good = receipt()
    assert ("valid", "valid") == (verify(good).verdict, verify(first_version(good)).verdict)
    assert "it is damaged" in failed(changed(good, sha256="0" * 64))[1]
    assert "states its sha256" in failed(changed(good, sha256=None))[1]
    assert "asserts nothing" in failed(changed(good, asserts_neutral=True))[1]
    assert "version 1 has no sha256" in failed(changed(good, format=BUNDLE_FORMAT_1))[1]
    assert good.claim is not None
    assert "claim: digest" == failed(changed(good, claim=changed(good.claim, sha256="0" * 64)))[0]


def test_a_line_with_a_known_name_and_another_id_is_by_an_unknown_key():
    """As signed-note says: a name whose key was changed signs with two ids. Name and id of a known key must verify."""
    log = World()
    log.add(FILLER)
    note = parse_note(log.checkpoint())
    for unknown in (
        SignatureLine(WITNESS.key.name, b"abcd", b"x"),
        SignatureLine("else.example", LOG.key.key_id, b"x"),
    ):
        assert "logged" == verify(log.bundle(0, format_note(note.text, [*note.signatures, unknown]))).verdict
    wrong = SignatureLine(WITNESS.key.name, WITNESS.key.key_id, b"x" * 72)
    assert "log proof" == failed(log.bundle(0, format_note(note.text, [*note.signatures, wrong])))[0]


def test_in_a_bundle_of_version_1_a_line_that_resembles_a_trusted_key_is_damage():
    """It states no digest, so a changed byte in a line is seen no other way."""
    log = World()
    log.add(FILLER)
    note = parse_note(log.checkpoint())
    for alike in (SignatureLine(WITNESS.key.name, b"abcd", b"x"), SignatureLine("else.example", LOG.key.key_id, b"x")):
        name, detail = failed(first_version(log.bundle(0, format_note(note.text, [*note.signatures, alike]))))
        assert ("checkpoint", True) == (name, "damaged or forged" in detail)
    stranger = SignatureLine("else.example", b"abcd", b"x")
    strange = log.bundle(0, format_note(note.text, [*note.signatures, stranger]))
    assert ["logged"] * 2 == [verify(each).verdict for each in (strange, first_version(strange))]


def test_both_log_signatures_are_required():
    """Ed25519 and ML-DSA-44, from keys that the trust file names."""
    assert "ML-DSA-44" in failed(receipt(logs=(LOG,)))[1]
    assert "Ed25519" in failed(receipt(logs=(LOG_PQ,)))[1]
    assert "checkpoint" == failed(receipt(logs=(OTHER_LOG, LOG_PQ)))[0]


def test_a_policy_that_lists_logs_wants_one_of_them():
    """C2SP's rule, on top of ours."""
    policy = witness_policy([[WITNESS.key]], quorum=1)
    assert "valid" == verify(receipt(), trust_bytes(policy=f"log {LOG.key.text()}\n{policy}")).verdict
    other = world.signer(ORIGIN + "2", ED25519).key
    with pytest.raises(Malformed, match="lists a log"):
        load_trust(trust_bytes(policy=f"log {other.text()}\n{policy}"))


@pytest.mark.parametrize(
    ("first", "end", "verdict"), [(0, None, "valid"), (3, 4, "invalid"), (1, 4, "valid"), (0, 3, "invalid")]
)
def test_an_issuer_key_counts_for_its_leaves_only(first, end, verdict):
    """The retirement is leaf 3, its claim leaf 1: revocation is by position."""
    assert verdict == verify(receipt(), trust_bytes(issuers=[trusted(ISSUER.key, first, end)])).verdict


@pytest.mark.parametrize(
    ("first", "end", "verdict"), [(4, None, "valid"), (0, 5, "valid"), (0, 4, "invalid"), (5, None, "invalid")]
)
def test_log_keys_count_for_the_last_leaf_of_the_checkpoint(first, end, verdict):
    """Size 5 ends with leaf 4. Either of the two out of force is enough to refuse."""
    for logs in (
        [trusted(LOG.key, first, end), trusted(LOG_PQ.key)],
        [trusted(LOG.key), trusted(LOG_PQ.key, first, end)],
    ):
        assert verdict == verify(receipt(), trust_bytes(logs=logs)).verdict


def test_a_statement_by_another_issuer_is_refused():
    """In the log, and not said by this registry; nor may a second signature stand beside the first."""
    log = World()
    log.add(FILLER, issuer=OTHER_ISSUER)
    assert "issuer signature" == failed(log.bundle(0))[0]
    log.add(FILLER)
    note = parse_note(log.notes[1])
    log.add_note(format_note(note.text, [*note.signatures, *parse_note(log.notes[0]).signatures]))
    assert "2 signatures" in failed(log.bundle(2))[1]


@pytest.mark.parametrize(
    "text",
    [
        "other.example/cancellation/v1\n{}\n",
        f"{ORIGIN}/cancellation/v2\n{{}}\n",
        f"{ORIGIN}/unknown/v1\n{{}}\n",
        f"{ORIGIN}/cancellation/v1\n{{}}\n",
        f"{ORIGIN}/cancellation/v1\n{{}}\nmore\n",
        f"{ORIGIN}/cancellation/v1\n",
        "x\n",
        f"{ORIGIN}/cancellation/v1\nnull\n",
        f"{ORIGIN}/cancellation\n{{}}\n",
        f"{ORIGIN}//cancellation/v1\n{{}}\n",
    ],
)
def test_a_signed_text_that_is_no_statement_is_refused(text):
    """Whatever the issuer signed: type line of this origin, one line of JSON of that type."""
    log = World()
    log.add_note(sign_statement(text, ISSUER))
    assert "statement" == failed(log.bundle(0))[0]


def test_proofs_are_checked():
    """Another leaf's proof, extra data, and a checkpoint of another origin."""
    good = receipt()
    assert good.claim is not None
    assert "path" == failed(spoiled(good, proof=good.claim.proof))[0]
    assert "extra data" in failed(spoiled(good, proof=good.proof.replace("index", "extra AAAA\nindex")))[1]
    assert "log proof" == failed(spoiled(good, proof="x"))[0]
    log = World()
    log.add(FILLER)
    assert "not of" in failed(log.bundle(0, log.checkpoint(origin="other.example")))[1]


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"null", b"[]", b"x" * (2 << 20), b"\xff", b'{"format":"kilnwood-receipt/v1"}']
)
def test_files_that_are_no_bundle_are_invalid(raw):
    """Never an exception, whatever the bytes."""
    assert "file" == failed(raw)[0]


def test_a_bundle_may_not_say_more():
    """Unknown fields, white space, the second spelling of a default."""
    raw = bundle_file(receipt())
    for changed_raw in (raw[:-1] + b',"zzz":1}', raw.replace(b":", b": ", 1), b'{"asserts_neutral":false,' + raw[1:]):
        assert "file" == failed(changed_raw)[0]

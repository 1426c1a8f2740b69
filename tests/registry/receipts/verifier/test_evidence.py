"""Forks: what the log signed counts in any file, whatever else is wrong with it, and nothing else counts."""

import json

import pytest

from registry.receipts.bundle import bundle_file, trusted
from registry.receipts.verifier.evidence import shown_in
from registry.receipts.verifier.together import compare
from registry.receipts.verifier.trust import load_trust
from registry.receipts.verifier.verify import judge
from registry.transparency.format.signer import SeedSigner
from tests.registry.receipts.verifier import world
from tests.registry.receipts.verifier.world import (
    CLAIM,
    FILLER,
    ISSUER,
    LOG,
    LOG_PQ,
    RETIREMENT,
    WITNESS,
    World,
    changed,
    spoiled,
    trust_bytes,
)

TRUST = load_trust(trust_bytes())
TWO_ROOTS = "two roots of the tree of size 2"
STOLEN = SeedSigner(LOG.key.name, LOG.key.kind, b"\x08" * 32)


def log_of(*extra, receipt="R-1", **sealing):
    """A receipt in a log of a claim, a retirement and what follows; its name tells it from the log's other face."""
    log = World()
    named = log.add(CLAIM)
    log.add(changed(RETIREMENT, claim=named, receipt=receipt))
    for each in extra:
        log.add(each)
    head = log.checkpoint(**sealing)
    return log.bundle(1, head, claim=log.bundle(0, head))


def together(*files, trust=TRUST):
    """Compare bundles, or the bytes of files."""
    raws = [each if isinstance(each, bytes) else bundle_file(each) for each in files]
    return compare([judge(raw, trust, file=str(at)) for at, raw in enumerate(raws)])


def edited(bundle, **values):
    """The file with other values in its JSON, of whatever form; None takes a field out."""
    document = json.loads(bundle_file(bundle)) | values
    return json.dumps({key: each for key, each in document.items() if each is not None}).encode()


OTHER = log_of(receipt="R-2")
LINES = OTHER.proof.splitlines(keepends=True)
DAMAGED = {
    "file: unknown field": edited(OTHER, more=1),
    "file: only a proof": edited(OTHER, note=None, sha256=None, claim=None),
    "file: only a claim": edited(OTHER, note=None, proof=None),
    "file: status instead": json.dumps({"status": {"proof": OTHER.proof}}).encode(),
    "statement": spoiled(OTHER, note="x"),
    "issuer signature": spoiled(OTHER, note=log_of(receipt="R-3").note),
    "log proof: a witness's line": spoiled(OTHER, proof=OTHER.proof.replace(LINES[-1][-30:], f"{'A' * 28}=\n")),
    "log proof: extra": spoiled(OTHER, proof=OTHER.proof.replace("index", "extra AAAA\nindex")),
    "log proof: no index": spoiled(OTHER, proof=OTHER.proof.replace("index 1", "index x")),
    "path": spoiled(OTHER, proof=OTHER.proof.replace("index 1", "index 0")),
    "digest": changed(OTHER, sha256="0" * 64),
    "claim missing": changed(OTHER, claim=None),
    "status": changed(OTHER, status=OTHER.claim),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_signed_fork_counts_whatever_fails_before_or_after(name):
    """The file is INVALID anyway; the honest one beside it is so because the log signed two trees."""
    found = together(log_of(), DAMAGED[name])
    assert ["invalid", "invalid"] == [each.verdict for each in found.reports]
    assert f"one log: {TWO_ROOTS}, both signed by the log: a fork" == found.reports[0].summary
    assert [TWO_ROOTS] == [each.what for each in found.summary.forks]
    assert OTHER.proof.partition("\n\n")[2].split("\n")[:3] == found.summary.forks[0].second.note.split("\n")[:3]


def test_a_void_issuer_key_hides_no_fork():
    """`keys in force` fails after the log's signatures held."""
    trust = load_trust(trust_bytes(issuers=[trusted(ISSUER.key, 0, 2)]))
    bad = World()
    named = bad.add(CLAIM)
    bad.add(changed(RETIREMENT, claim=named))
    bad.add(changed(FILLER, cancellation="X-2"))
    late = bad.bundle(2)
    assert "keys in force" == judge(bundle_file(late), trust).report.checks[-1].name
    found = together(log_of(FILLER), late, trust=trust)
    assert ["invalid", "invalid"] == [each.verdict for each in found.reports]
    assert ["two roots of the tree of size 3"] == [each.what for each in found.summary.forks]


def test_a_leaf_counts_where_the_path_holds():
    """Another size, so only the leaves can differ; that no known issuer signed one of them excuses nobody."""
    log = World()
    log.add(CLAIM)
    log.add(FILLER, issuer=SeedSigner(ISSUER.key.name, ISSUER.key.kind, b"\x0a" * 32))
    log.add(FILLER)
    found = together(log_of(), log.bundle(1))
    assert "issuer signature" == found.reports[1].checks[-1].name
    assert "one log: two leaves at index 1, under checkpoints of the log: a fork" == found.reports[0].summary
    no_path = spoiled(log.bundle(1), proof=log.bundle(1).proof.replace("index 1", "index 0"))
    assert ["valid", "invalid"] == [each.verdict for each in together(log_of(), no_path).reports]


def test_every_file_of_a_fork_is_invalid():
    """Three files: two roots of one size, and a third of another size that contradicts only the second."""
    third = log_of(FILLER)
    assert ["valid", "valid"] == [each.verdict for each in together(log_of(), third).reports]
    for files in ((log_of(), OTHER, third), (OTHER, log_of(), third), (third, log_of(), OTHER)):
        found = together(*files)
        assert ["invalid"] * 3 == [each.verdict for each in found.reports]
        assert [TWO_ROOTS, "two leaves at index 1"] == [each.what for each in found.summary.forks]
        leaf = found.summary.forks[1]
        assert leaf.first.leaf != leaf.second.leaf


@pytest.mark.parametrize(
    "sealing",
    [
        {"logs": (LOG,)},
        {"logs": (LOG_PQ,)},
        {"logs": ()},
        {"logs": (STOLEN, LOG_PQ)},
        {"origin": "other.example"},
    ],
    ids=["no ML-DSA-44", "no Ed25519", "witness only", "key void there", "another origin"],
)
def test_what_the_log_did_not_sign_with_keys_in_force_is_no_evidence(sealing):
    """Else a stolen key that is void, or a broken algorithm, would make every honest receipt INVALID."""
    logs = [trusted(LOG.key), trusted(LOG_PQ.key), trusted(STOLEN.key, 0, 1)]
    trust = load_trust(trust_bytes(logs=logs))
    forged = log_of(receipt="R-2", **sealing)
    found = together(log_of(), forged, trust=trust)
    assert ["valid", "invalid"] == [each.verdict for each in found.reports]
    assert () == found.summary.forks


def test_a_log_line_that_fails_hides_no_good_one():
    """Somebody wrote a line by the log's key that does not verify beside the two that do."""
    head = OTHER.proof.rstrip("\n").rsplit("\n", 1)
    line = next(each for each in LINES if each.startswith(f"\u2014 {LOG.key.name} ") and len(each) < 200)
    more = spoiled(OTHER, proof="\n".join([*head, f"{line[:-20]}{'A' * 17}==", ""]))
    assert "log proof" == judge(bundle_file(more), TRUST).report.checks[-1].name
    assert ["invalid", "invalid"] == [each.verdict for each in together(log_of(), more).reports]


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"null", b"1", b'{"proof":1}', b'{"proof":"x"}', b'{"claim":[]}', b'{"claim":{"proof":"\\n\\n"}}',
        b'{"proof":"\\ud800"}', b"[" * 40, b"\xff", b'{"proof":"a\\n\\nb\\n\\n\xe2\x80\x94 c AAAAAAA=\\n"}',
        b'{"note":"\\ud800","proof":"c2sp.org/tlog-proof@v1\\nindex 0\\n\\n"}', b"x" * (2 << 20),
    ],
)  # fmt: skip
def test_files_without_evidence(raw):
    """Whatever the bytes: nothing found, nothing raised."""
    assert () == shown_in(raw, TRUST)


def test_a_sound_file_shows_what_a_search_of_it_shows():
    """Both ways to the evidence agree, so nothing depends on the verdict."""
    for bundle in (log_of(), log_of(FILLER), log_of(witnesses=()), world.receipt()):
        raw = bundle_file(bundle)
        assert judge(raw, TRUST).shown == shown_in(raw, TRUST)
        assert 2 == len(shown_in(raw, TRUST))
    assert WITNESS.key.name in shown_in(bundle_file(log_of()), TRUST)[0].note.signatures[-1].name

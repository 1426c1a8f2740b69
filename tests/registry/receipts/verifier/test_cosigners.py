"""Witnesses with ML-DSA-44 keys, checkpoints with extension lines, and an installation that verifies no ML-DSA-44."""

import pytest
from cryptography.hazmat.backends.openssl.backend import backend

from deploy.cli.verify import main
from registry.receipts.bundle import bundle_file, witness_policy
from registry.receipts.verifier.trust import load_trust
from registry.transparency.format.checkpoint import Checkpoint, checkpoint_text, cosign, sign_checkpoint
from registry.transparency.format.note import COSIGNATURE_ML_DSA_44, format_note
from registry.transparency.format.signer import SeedSigner
from registry.transparency.format.text import Malformed
from tests.registry.receipts.verifier.world import (
    FILLER,
    LOG,
    LOG_PQ,
    ORIGIN,
    WITNESS,
    WITNESSED_S,
    World,
    receipt,
    spoiled,
    trust_bytes,
    verify,
)

WITNESS_PQ = SeedSigner(WITNESS.key.name, COSIGNATURE_ML_DSA_44, b"\x05" * 32)
RENEWED_PQ = SeedSigner(WITNESS.key.name, COSIGNATURE_ML_DSA_44, b"\x06" * 32)
BOTH = trust_bytes(policy=witness_policy([[WITNESS.key, WITNESS_PQ.key]], quorum=1))
ONE = trust_bytes(policy=witness_policy([[WITNESS_PQ.key]], quorum=1))


@pytest.mark.parametrize(
    ("trust", "witnesses", "verdict", "said"),
    [
        (ONE, (WITNESS_PQ,), "valid", "w1 (ML-DSA-44)"),
        (ONE, (WITNESS, WITNESS_PQ), "valid", "w1 (ML-DSA-44)"),
        (ONE, (WITNESS,), "unwitnessed", "cosigned by nobody"),
        (ONE, (RENEWED_PQ,), "unwitnessed", "cosigned by nobody"),  # the same name and type with another id: ignored
        (BOTH, (WITNESS, WITNESS_PQ), "valid", "w1, witness.kilnwood.example/w1 (ML-DSA-44)"),
        (BOTH, (WITNESS,), "unwitnessed", "cosigned by witness.kilnwood.example/w1"),
        (BOTH, (WITNESS_PQ,), "unwitnessed", "cosigned by witness.kilnwood.example/w1 (ML-DSA-44)"),
    ],
)
def test_a_witness_counts_with_every_key_that_the_policy_names(trust, witnesses, verdict, said):
    """ML-DSA-44 alone or beside Ed25519; a forger of the pair must break both."""
    report = verify(receipt(witnesses=witnesses), trust)
    assert verdict == report.verdict
    assert said in next(check.detail for check in report.checks if check.name == "witnesses")


def test_an_ml_dsa_line_by_a_known_key_that_fails_is_invalid():
    """Same name and id: the whole note is refused, though Ed25519 would do for the quorum."""
    good = receipt(witnesses=(WITNESS, WITNESS_PQ))
    line = good.proof.splitlines()[-1]
    damaged = spoiled(good, proof=good.proof.replace(line[-40:], f"{'A' * 36}{line[-4:]}"))
    report = verify(damaged, BOTH)
    assert "invalid" == report.verdict
    assert "the ML-DSA-44 signature of witness.kilnwood.example/w1 does not verify" in report.summary
    assert "valid" == verify(spoiled(good), trust_bytes()).verdict


def extended(*extensions):
    """A statement under a checkpoint of the log with extension lines."""
    log = World()
    log.add(FILLER)
    head = Checkpoint(ORIGIN, 1, log.root, extensions)
    lines = [
        sign_checkpoint(head, LOG),
        cosign(head, LOG_PQ, timestamp=0),
        cosign(head, WITNESS, timestamp=WITNESSED_S),
    ]
    return log.bundle(0, format_note(checkpoint_text(head), lines))


def test_extension_lines_say_nothing_and_are_signed():
    """tlog-checkpoint permits them to any log: accepted, mentioned, and a changed one fails the Ed25519 signatures."""
    made = extended("one", "two")
    report = verify(made)
    assert "logged" == report.verdict
    assert "extension lines that say nothing here: 2" in next(
        check.detail for check in report.checks if check.name == "checkpoint"
    )
    for changed in (made.proof.replace("\ntwo\n", "\nTWO\n"), made.proof.replace("\ntwo\n", "\n")):
        assert "does not verify" in verify(spoiled(made, proof=changed)).summary


def test_without_ml_dsa_nothing_is_judged(monkeypatch, tmp_path, capsys):
    """Every log key comes in both types: a verifier that cannot check one says so, and calls no receipt invalid."""
    (tmp_path / "it.json").write_bytes(bundle_file(receipt()))
    (tmp_path / "trust.json").write_bytes(trust_bytes())
    monkeypatch.setattr(backend, "mldsa_supported", lambda: False)
    with pytest.raises(Malformed, match="which the cryptography package installed here cannot verify"):
        load_trust(trust_bytes())
    with pytest.raises(Malformed, match="cannot sign with ML-DSA-44"):
        SeedSigner("w.example", COSIGNATURE_ML_DSA_44, bytes(32))
    assert 2 == main([str(tmp_path / "it.json"), "--trust", str(tmp_path / "trust.json")])
    assert "nothing is judged without it. Install a wheel of cryptography 50 or newer" in capsys.readouterr().err

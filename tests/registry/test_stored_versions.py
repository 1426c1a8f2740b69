"""Receipts and key folders of every version ever released are read by today's."""

import shutil
from pathlib import Path

import pytest

from registry.receipts.verifier.trust import load_trust
from registry.receipts.verifier.verify import verify_bundle
from registry.transparency import keys
from registry.transparency.head import SignedHead

FIRST = Path(__file__).parents[1] / "golden" / "stored" / "registry-1"
SECOND = FIRST.parent / "registry-2"


def test_a_receipt_of_the_first_version_is_valid():
    """With the trust file of its time; its holder must be able to show it years later."""
    trust = load_trust((FIRST / "trust.json").read_bytes())
    report = verify_bundle((FIRST / "event.receipt.json").read_bytes(), trust)
    assert ("valid", 0, 5) == (report.verdict, report.exit_code, report.size)


def test_a_receipt_of_the_second_version_is_valid():
    """With a trust file that has another witness since: the policy of its time is kept."""
    trust = load_trust((SECOND / "trust.json").read_bytes())
    report = verify_bundle((SECOND / "event.receipt.json").read_bytes(), trust)
    assert ("valid", 0, 5, 2) == (report.verdict, report.exit_code, report.size, trust.number)


@pytest.fixture
def folder(tmp_path) -> Path:
    """The key folder of the first version with the modes that it had, which Git does not keep."""
    copied = shutil.copytree(FIRST / "keys", tmp_path / "keys")
    copied.chmod(0o700)
    for each in copied.glob("*.key"):
        each.chmod(0o600)
    return copied


def test_a_key_folder_of_the_first_version_is_read(folder):
    """The same public keys as then: a registry that lost them could not continue its log."""
    read = keys.load_registry_keys(folder, "log.example/sim/first")
    (witness,) = keys.load_witness_keys(folder)
    assert [
        "log.example/sim/first/issuer+188260ba+AbL7C6zIG+25n2sEhE0KKeTDR1Ze7EskD4vqIUY44CYv",
        "log.example/sim/first+fd11a436+AdBez6uNUrVHZidblxuvjVhHx5IgmSKVkmk1WMu94wYk",
        "witness.example+e7a643e6+BONN8nt9/yiMxicFuVDV3SMgcjCLgBDR5PMtqZOPDeZ3",
    ] == [each.key.text() for each in (read.issuer, read.log_ed25519, witness)]
    assert read.log_ml_dsa_44.key.text().startswith("log.example/sim/first+911bd115+BmF/FZiOdBqz")


def test_the_head_file_of_the_first_version_is_read(folder):
    """It says the largest tree that was signed, below which nothing may be signed again."""
    assert (7, bytes(range(32))) == SignedHead(folder / keys.HEAD_FILE).read()

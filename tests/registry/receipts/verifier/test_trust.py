"""Reading trust.json: strictly, with both types of log keys and one role for each key."""

from hashlib import sha256

import pytest

from registry.receipts.bundle import bundle_file, trusted, witness_policy
from registry.receipts.verifier.trust import load_trust
from registry.receipts.verifier.verify import verify_bundle
from registry.transparency.format.signer import SeedSigner
from registry.transparency.format.text import Malformed
from tests.registry.receipts.verifier import world
from tests.registry.receipts.verifier.world import ISSUER, LOG, LOG_PQ, ORIGIN, WITNESS, receipt, trust_bytes

TRUST = trust_bytes()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        TRUST.replace(b'"number": 1', b'"number": 0'),
        TRUST.replace(b'"number": 1', b'"number": 1.0'),
        TRUST.replace(b'"number"', b'"more": 1,\n  "number"'),
        TRUST.replace(b"  ", b"   "),
        TRUST + b"\n",
        TRUST.replace(b"kilnwood-trust/v1", b"kilnwood-trust/v2"),
        TRUST.replace(b"+01309e7b+", b"+01309e7c+"),
        TRUST.replace(b'"from": 0', b'"from": -1'),
        TRUST.replace(b"quorum witnesses", b"quorum w9"),
        TRUST.replace(f'"origin": "{ORIGIN}"'.encode(), b'"origin": "other.example"'),
    ],
)
def test_trust_files_are_read_strictly(raw):
    """Unknown fields, other spellings, ids that the bytes do not give."""
    assert raw != TRUST
    with pytest.raises(Malformed):
        load_trust(raw)


@pytest.mark.parametrize(
    "parts",
    [
        {"logs": [trusted(LOG.key), trusted(world.signer(ORIGIN, 1).key)]},
        {"logs": [trusted(LOG.key), trusted(LOG.key)]},
        {"logs": [trusted(LOG.key), trusted(LOG_PQ.key), trusted(WITNESS.key)]},
        {"issuers": [trusted(LOG_PQ.key)]},
        {"issuers": [trusted(ISSUER.key, 5, 5)]},
        {"issuers": [trusted(ISSUER.key), trusted(ISSUER.key, 7)]},
        {"policy": witness_policy([[SeedSigner("w", 4, sha256(f"{ORIGIN} 1".encode()).digest()).key]], quorum=1)},
    ],
)
def test_trust_wants_both_types_and_one_role_a_key(parts):
    """A witness that is the log itself, a key twice, an empty interval, a key of a wrong type."""
    with pytest.raises(Malformed):
        load_trust(trust_bytes(**parts))


def test_the_trust_file_may_be_compact():
    """Canonical or indented: the same trust."""
    compact = b"".join(line.strip() for line in TRUST.replace(b'": ', b'":').split(b"\n"))
    assert load_trust(compact) == load_trust(TRUST)
    assert "valid" == verify_bundle(bundle_file(receipt()), load_trust(compact)).verdict

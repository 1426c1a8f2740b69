"""Reading trust.json: strictly, with both types of log keys and one role for each key."""

from hashlib import sha256

import pytest

from registry.receipts.bundle import bundle_file, next_trust_file, trusted, witness_policy
from registry.receipts.verifier.trust import load_trust
from registry.receipts.verifier.verify import verify_bundle
from registry.transparency.format.signer import SeedSigner
from registry.transparency.format.text import Malformed
from tests.registry.receipts.verifier import world
from tests.registry.receipts.verifier.world import (
    CLAIM,
    ISSUER,
    LOG,
    LOG_PQ,
    ORIGIN,
    RETIREMENT,
    WITNESS,
    changed,
    receipt,
    trust_bytes,
)
from tests.registry.transparency.format.test_policy import chain

TRUST = trust_bytes()
AS_LOG = SeedSigner(ORIGIN, 1, WITNESS._seed).key.text()
"""The witness's public key, named as the log."""


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
        {"policy": f"log {AS_LOG}\nwitness w {WITNESS.key.text()}\nquorum w\n"},
        {"policy": f"log {SeedSigner(ORIGIN, 1, ISSUER._seed).key.text()}\nquorum none\n"},
        {"policy": f"log {world.signer('other.example', 1).key.text()}\nquorum none\n"},
        {"issuers": [trusted(world.signer(f"{ORIGIN}/issuer-2", 1).key)]},
        {"issuers": [trusted(ISSUER.key), trusted(world.signer(ORIGIN, 1).key)]},
        {"policy": chain(1500)},
    ],
)
def test_trust_wants_both_types_and_one_role_a_key(parts):
    """A key in two roles or twice, an empty interval, a wrong type or name, a policy of too many groups."""
    with pytest.raises(Malformed):
        load_trust(trust_bytes(**parts))


@pytest.mark.parametrize("character", ["x", "\u4e2d"])
def test_an_origin_has_at_most_255_bytes(character):
    """Bytes of UTF-8, for a cosignature states them in one: 85 Chinese characters, 255 Latin ones."""
    most = 255 // len(character.encode())
    for origin, fits in ((character * most, True), (character * most + "x", False)):
        logs = [trusted(world.signer(origin, each.key.kind).key) for each in (LOG, LOG_PQ)]
        raw = trust_bytes(origin=origin, logs=logs, issuers=[trusted(world.signer(f"{origin}/issuer", 1).key)])
        if fits:
            assert origin == load_trust(raw).origin
        else:
            with pytest.raises(Malformed, match=r"an origin of 256 bytes|`str` of length <= 255"):
                load_trust(raw)


def test_a_policy_may_list_the_log_itself():
    """Its key is no witness, and stands among the trusted ones as well."""
    policy = f"log {LOG.key.text()}\n{witness_policy([[WITNESS.key]], quorum=1)}"
    assert "valid" == world.verify(receipt(), trust_bytes(policy=policy)).verdict


def test_a_trust_file_may_name_the_registry():
    """Then statements of another name are INVALID, with both names, though claim and retirement agree."""
    ours = trust_bytes(registry=CLAIM.registry)
    report = world.verify(receipt(), ours)
    named = [check.name for check in report.checks if check.name.endswith("registry")]
    assert ("valid", ["registry", "claim: registry"]) == (report.verdict, named)
    theirs = {"retirement": changed(RETIREMENT, registry="Other"), "claim": changed(CLAIM, registry="Other")}
    assert "valid" == world.verify(receipt(**theirs), TRUST).verdict
    wrong = world.verify(receipt(**theirs), ours)
    said = "registry: the statement is of 'Other', the trust file is for 'Sichuan Carbon Inclusion'"
    assert ("invalid", 1, said) == (wrong.verdict, wrong.exit_code, wrong.summary)
    claim = world.verify(receipt(claim=theirs["claim"]), ours)
    assert ("invalid", f"claim: {said}") == (claim.verdict, claim.summary)


def test_the_registry_makes_a_file_of_version_2():
    """Exactly then, or with earlier policies; version 1 knows no such member."""
    named = trust_bytes(registry="Sichuan Carbon Inclusion")
    assert (b"kilnwood-trust/v2" in named, b"kilnwood-trust/v1" in TRUST) == (True, True)
    assert ("Sichuan Carbon Inclusion", None) == (load_trust(named).registry, load_trust(TRUST).registry)
    with pytest.raises(Malformed, match="0 earlier policies and the registry Sichuan Carbon Inclusion"):
        load_trust(named.replace(b"trust/v2", b"trust/v1"))
    for wrong in (b'"registry": ""', b'"registry": null', b'"registry": 1'):
        with pytest.raises(Malformed):
            load_trust(named.replace(b'"registry": "Sichuan Carbon Inclusion"', wrong))


def test_the_next_edition_keeps_the_name():
    """A file without one gets it, and the settings of another registry are refused."""
    policy = "quorum none\n"
    for before in (TRUST, trust_bytes(registry="A")):
        assert "A" == load_trust(next_trust_file(before, policy, from_leaf=5, registry="A")).registry
    assert "A" == load_trust(next_trust_file(trust_bytes(registry="A"), policy, from_leaf=5)).registry
    with pytest.raises(Malformed, match="the trust file is for 'A', the settings are of 'B'"):
        next_trust_file(trust_bytes(registry="A"), policy, from_leaf=5, registry="B")


def test_the_trust_file_may_be_compact():
    """Canonical or indented: the same trust."""
    compact = b"".join(line.strip() for line in TRUST.replace(b'": ', b'":').split(b"\n"))
    assert load_trust(compact) == load_trust(TRUST) == load_trust(compact + b"\n")
    for wrong in (compact + b"\n\n", TRUST.rstrip(b"\n")):
        with pytest.raises(Malformed):
            load_trust(wrong)
    assert "valid" == verify_bundle(bundle_file(receipt()), load_trust(compact)).verdict

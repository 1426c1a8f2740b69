"""Trust files with earlier policies: a change of witnesses spoils no receipt, and excuses none."""

import pytest

from registry.receipts.bundle import next_trust_file, trust_file, trusted, witness_policy
from registry.receipts.verifier.trust import load_trust
from registry.transparency.format.note import COSIGNATURE_ED25519
from registry.transparency.format.signer import SeedSigner
from registry.transparency.format.text import Malformed
from schemas.receipts import EarlierPolicy
from tests.registry.receipts.verifier import world
from tests.registry.receipts.verifier.world import FILLER, ISSUER, LOG, LOG_PQ, ORIGIN, WITNESS, World, receipt, verify

SECOND = world.signer("witness.kilnwood.example/w2", COSIGNATURE_ED25519)
RENEWED = SeedSigner(WITNESS.key.name, COSIGNATURE_ED25519, b"\x07" * 32)
"""The first witness's name with another key, as after a loss."""


def policy(*witnesses):
    """All of them."""
    return witness_policy([[each.key] for each in witnesses], quorum=len(witnesses))


def trust(today, *earlier, number=2):
    """A trust file with earlier policies, as (end, policy)."""
    return trust_file(
        ORIGIN,
        issuers=[trusted(ISSUER.key)],
        logs=[trusted(LOG.key), trusted(LOG_PQ.key)],
        policy=today,
        number=number,
        earlier_policies=[EarlierPolicy(policy=text, end=end) for end, text in earlier],
    )


@pytest.mark.parametrize(
    ("witnesses", "end", "verdict"),
    [
        ((WITNESS,), 5, "valid"),  # the checkpoint of size 5 ends with leaf 4, which is before 5
        ((WITNESS,), 4, "unwitnessed"),  # from leaf 4 on the second one must sign
        ((SECOND,), 4, "valid"),
        ((SECOND,), 5, "unwitnessed"),
        ((WITNESS, SECOND), 4, "valid"),
        ((), 5, "unwitnessed"),
    ],
)
def test_a_checkpoint_is_judged_by_the_policy_of_its_size(witnesses, end, verdict):
    """Yesterday's receipt by yesterday's witnesses, today's by today's, and never by the others."""
    made = trust(policy(SECOND), (end, policy(WITNESS)))
    assert verdict == verify(receipt(witnesses=witnesses), made).verdict


def test_a_witness_may_have_a_new_key_under_its_old_name():
    """Both are known, each for its time; a line by the one that is not asked changes nothing."""
    made = trust(policy(RENEWED), (5, policy(WITNESS)))
    log = World()
    for at in range(6):
        log.add(world.changed(FILLER, cancellation=f"X-{at}"))
    for signed, seen in (((RENEWED,), True), ((WITNESS,), False), ((WITNESS, RENEWED), True)):
        report = verify(log.bundle(0, log.checkpoint(witnesses=signed)), made)
        assert ("logged", seen) == (report.verdict, report.witnessed_at is not None)
    assert "valid" == verify(receipt(witnesses=(WITNESS,)), made).verdict


def test_the_next_edition_keeps_the_policies_before_it():
    """Twice changed: three policies, each number one more; receipts of all times stay valid."""
    first = trust_file(
        ORIGIN, issuers=[trusted(ISSUER.key)], logs=[trusted(LOG.key), trusted(LOG_PQ.key)], policy=policy(WITNESS)
    )
    second = next_trust_file(first, policy(SECOND), from_leaf=5)
    third = next_trust_file(second, policy(WITNESS, SECOND), from_leaf=9)
    assert [1, 2, 3] == [load_trust(each).number for each in (first, second, third)]
    assert [(5, 1), (9, 1), (None, 2)] == [(end, len(each.witnesses)) for end, each in load_trust(third).policies]
    assert ["valid"] * 3 == [verify(receipt(), each).verdict for each in (first, second, third)]
    with pytest.raises(Malformed, match="nothing to change"):
        next_trust_file(third, policy(WITNESS, SECOND), from_leaf=20)
    with pytest.raises(Malformed, match="order of their ends"):
        next_trust_file(third, policy(WITNESS), from_leaf=9)


@pytest.mark.parametrize(
    ("earlier", "words"),
    [
        (((5, policy(SECOND)), (5, policy(WITNESS))), "order of their ends"),
        (((6, policy(SECOND)), (5, policy(WITNESS))), "order of their ends"),
        (((0, policy(SECOND)),), "Expected `int` >= 1"),
        (((5, "quorum w9\n"),), "not defined above"),
        (((5, policy(SeedSigner("w", 4, LOG._seed))),), "two places"),
    ],
)
def test_earlier_policies_are_read_strictly(earlier, words):
    """In order, readable, and no witness that is the log itself."""
    with pytest.raises(Malformed, match=words):
        load_trust(trust(policy(WITNESS), *earlier))


def test_the_versions_of_the_trust_file_do_not_mix():
    """Version 1 has no earlier policies and no registry, version 2 has one of them."""
    with_one = trust(policy(SECOND), (5, policy(WITNESS)))
    without = trust(policy(SECOND))
    assert (b"kilnwood-trust/v2" in with_one, b"kilnwood-trust/v1" in without) == (True, True)
    for wrong in (with_one.replace(b"trust/v2", b"trust/v1"), without.replace(b"trust/v1", b"trust/v2")):
        with pytest.raises(Malformed, match="earlier policies"):
            load_trust(wrong)

"""Limits and forms that a second verifier, written from the page of the format alone, read otherwise."""

from registry.transparency.format.statement import sign_statement
from registry.transparency.format.strict_json import encode
from schemas.statements import RecoveryStatement
from tests.registry.receipts.verifier.test_verify import failed
from tests.registry.receipts.verifier.world import (
    CLAIM,
    ISSUER,
    ORIGIN,
    RETIREMENT,
    WITNESS,
    WITNESSED_S,
    World,
    changed,
    first_version,
    receipt,
    verify,
)


def test_a_statement_has_at_most_60000_bytes():
    """One more is refused, though it would fit into a leaf: no registry writes it."""
    log = World()
    for size in (60_000, 60_001):
        text = f"{ORIGIN}/claim/v1\n{encode(changed(CLAIM, exclusions='x')).decode()}\n"
        log.add_note(sign_statement(text.replace('"x"', f'"{"x" * (1 + size - len(text.encode()))}"'), ISSUER))
    assert "logged" == verify(log.bundle(0)).verdict
    assert ("statement", "a statement of 60001 bytes; the limit is 60000: split it") == failed(log.bundle(1))


def test_a_status_is_refused_beside_a_shortfall():
    """It cannot be checked, so it is INVALID and no shortfall: both for a file that came too late and a part."""
    made = receipt(retirement=changed(RETIREMENT, executed_at="2027-06-01T00:00:00Z"))
    assert "shortfall" == verify(made).verdict
    assert "status" == failed(changed(made, status=made.claim))[0]
    part = first_version(receipt(retirement=changed(RETIREMENT, allocates_kg=1199)), asserts_neutral=True)
    assert "status" == failed(changed(part, status=part.claim))[0]


def test_fields_of_another_version_are_the_only_line_of_the_file():
    """No `ok` before the failure; for the claim's bundle under its own name."""
    made = receipt()
    for bundle, name in (
        (changed(made, sha256=None), "file"),
        (changed(made, asserts_neutral=True), "file"),
        (changed(made, claim=changed(made.claim, sha256=None)), "claim: file"),
        (changed(first_version(made), sha256="ab" * 32), "file"),
    ):
        assert name == failed(bundle)[0]
        assert 1 == [check.name for check in verify(bundle).checks].count(name)


def test_a_person_of_a_recovery_is_a_number():
    """`person-<number>` without leading zero, as the registry writes it."""
    recovery = RecoveryStatement(
        registry=CLAIM.registry, executed_at="2026-05-19T00:00:00Z", recovery="Y-1", act="confirm-suspension",
        persons=("person-1", "person-22"), reason="r",
    )  # fmt: skip
    log = World()
    log.add(recovery)
    for wrong in ("person-0", "person-01", "person-", "alice", "Person-1"):
        log.add(changed(recovery, persons=(wrong,)))
    assert "logged" == verify(log.bundle(0)).verdict
    assert ["statement"] * 5 == [failed(log.bundle(at))[0] for at in range(1, 6)]


def test_the_claim_may_stand_under_another_note_of_the_same_checkpoint():
    """Its signatures and witnesses are checked too; without a quorum of its own the receipt is not witnessed."""
    log = World()
    named = log.add(CLAIM)
    log.add(changed(RETIREMENT, claim=named))
    for witnesses, verdict in (((WITNESS,), "valid"), ((), "unwitnessed")):
        claim = log.bundle(0, log.checkpoint(witnesses=witnesses, timestamp=WITNESSED_S + 1))
        report = verify(log.bundle(1, claim=claim))
        assert (verdict, "claim: witnesses" in [check.name for check in report.checks]) == (report.verdict, True)

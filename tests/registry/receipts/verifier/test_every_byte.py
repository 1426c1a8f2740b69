"""Changing any one byte of the golden receipt is refused, and so are insertions and cuts."""

import os
import random
from functools import cache

import pytest

from registry.receipts.verifier.trust import load_trust
from registry.receipts.verifier.verify import verify_bundle
from registry.transparency.format import checkpoint, note
from tests.registry.receipts.verifier.world import GOLDEN

RECEIPT = (GOLDEN / "event.receipt.json").read_bytes()
TRUST = load_trust((GOLDEN / "trust.json").read_bytes())
PARTS = 16
"""The positions are dealt to this many tests, so that two workers share them."""
STEP = PARTS if os.environ.get("KILNWOOD_EVERY_VERDICT") else PARTS * 3 + 1
"""In the normal run, a third of them."""


@pytest.fixture(autouse=True)
def _remembered_signatures(monkeypatch):
    """A signature found good once is not computed again: pure functions, four times the speed over 60,000 receipts."""
    for module, name in ((note, "verify_ed25519"), (checkpoint, "verify_ed25519"), (checkpoint, "_verify_ml_dsa")):
        monkeypatch.setattr(module, name, cache(getattr(module, name)))


def accepted(changed):
    """Those of (position, bytes) that are not judged invalid."""
    return [at for at, raw in changed if verify_bundle(raw, TRUST).verdict != "invalid"]


def test_the_golden_receipt_is_valid():
    """What the other tests change is accepted as it stands."""
    report = verify_bundle(RECEIPT, TRUST)
    assert ("valid", 0, True, 5) == (report.verdict, report.exit_code, report.simulated, report.size)
    assert {"ok", "note"} == {check.outcome for check in report.checks}


@pytest.mark.parametrize("part", range(PARTS))
def test_every_changed_byte_is_refused(part):
    """Lowest bit, letter case, and another printable value at every position."""
    chosen = random.Random(part)

    def changes():
        for at in range(part, len(RECEIPT), STEP):
            here = RECEIPT[at]
            for value in {here ^ 1, here ^ 0x20, chosen.choice(range(0x20, 0x7F))} - {here}:
                yield (at, value), RECEIPT[:at] + bytes([value]) + RECEIPT[at + 1 :]

    assert [] == accepted(changes())


@pytest.mark.parametrize("part", range(PARTS))
def test_every_deleted_or_doubled_byte_is_refused(part):
    """One byte less, one byte more: a copy of its neighbour, or a space."""

    def changes():
        for at in range(part, len(RECEIPT), STEP):
            yield ("deleted", at), RECEIPT[:at] + RECEIPT[at + 1 :]
            yield ("doubled", at), RECEIPT[:at] + RECEIPT[at : at + 1] + RECEIPT[at:]
            yield ("space", at), RECEIPT[:at] + b" " + RECEIPT[at:]

    assert [] == accepted(changes())


def test_every_truncation_is_refused():
    """However much is missing at the end; and nothing may follow it either."""
    assert [] == accepted((at, RECEIPT[:at]) for at in range(len(RECEIPT)))
    assert [] == accepted((tail, RECEIPT + tail) for tail in (b"\n", b" ", b"\x00", b"{}"))

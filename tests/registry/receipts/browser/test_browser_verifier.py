"""The script of the receipt page: its size, what it agrees on beyond the verifier's own tests, its trust files."""

import gzip
import json
import os
import random
import re
from pathlib import Path

import pytest

from registry.receipts.browser.script import HERE, page_script, verifier_script
from registry.receipts.bundle import bundle_file
from registry.receipts.verifier.trust import load_trust
from registry.receipts.verifier.verify import judge_all
from registry.transparency.format.text import Malformed
from tests.registry.receipts.browser.node import Browser, as_said, needs_node
from tests.registry.receipts.verifier.later_world import OF_CLAIM
from tests.registry.receipts.verifier.world import World, changed, trust_bytes
from tests.registry.transparency.format.test_statement_rules import NOT_REDUCED, REDUCED, SENSELESS, SENSIBLE

pytestmark = needs_node
GOLDEN = Path(__file__).parents[3] / "golden"
STORED = sorted(GOLDEN.glob("**/*.receipt.json"))
LIMIT_BYTES = 100_000
SAMPLED = 150 if os.environ.get("KILNWOOD_EVERY_VERDICT") else 20


def test_the_script_is_at_most_100_kb():
    """All of it, with the signatures of @noble, as it is and not as it travels."""
    assert len(page_script().encode()) <= LIMIT_BYTES
    assert len(gzip.compress(page_script().encode())) <= LIMIT_BYTES // 2


def test_the_script_can_stand_in_a_page():
    """Nothing in it ends or begins a script, and it loads nothing."""
    for script in (page_script(), verifier_script()):
        assert not re.search(r"</script|<!--|<script", script, re.IGNORECASE)
        assert not re.search(r"^import |\bimport\(|eval\(|new Function", script, re.MULTILINE)
    assert "innerHTML" not in "".join(each.read_text(encoding="utf-8") for each in HERE.glob("*.js"))


@pytest.mark.parametrize("file", STORED, ids=lambda each: "-".join(each.parts[-2:]))
def test_both_verifiers_agree_on_changed_bytes_of_every_stored_receipt(file, browser: Browser):
    """Of every version ever written: as it is, and with one byte changed, left out or doubled anywhere."""
    trust = next(each / "trust.json" for each in file.parents if (each / "trust.json").exists()).read_bytes()
    loaded, raw, chosen = load_trust(trust), file.read_bytes(), random.Random(file.parent.name)
    changed = [raw]
    for at in chosen.sample(range(len(raw)), SAMPLED):
        value = chosen.choice([raw[at] ^ 1, raw[at] ^ 0x20, raw[at] ^ 0x80, *b' "\\{}[]0,:'])
        changed.append(
            chosen.choice(
                [
                    raw[:at] + bytes([value]) + raw[at + 1 :],
                    raw[:at] + raw[at + 1 :],
                    raw[:at] + raw[at : at + 1] + raw[at:],
                ]
            )
        )
    for each in changed:
        mine = [as_said(judged.report) for judged in judge_all(each, loaded)]
        assert mine == [as_said(said) for said in browser.judge(each, trust)]


ANNULLING = [changed(OF_CLAIM, approvers=each) for each in (("person-1", "person-1"), ("person-1", "person-02"))]
RULED = [*SENSIBLE, *REDUCED, *(each for each, _ in (*SENSELESS, *NOT_REDUCED)), OF_CLAIM, *ANNULLING]


def test_both_have_the_same_rules_of_statements(browser: Browser):
    """Each statement that a test calls sensible or senseless, in a log: the same verdict, in the same words."""
    log, trust = World(), trust_bytes()
    for each in RULED:
        log.add(each)
    sealed, verdicts = log.checkpoint(), set()
    for at, each in enumerate(RULED):
        raw = bundle_file(log.bundle(at, sealed))
        (mine,) = (as_said(judged.report) for judged in judge_all(raw, load_trust(trust)))
        assert [mine] == [as_said(said) for said in browser.judge(raw, trust)], each
        verdicts.add(mine["verdict"])
    assert {"logged", "invalid"} <= verdicts


HOSTILE = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b'"\\ud800"',
    b'{"__proto__":{"format":"kilnwood-receipt/v2"}}',
    b'{"constructor":1}',
    b"[" * 100_000,
    b'{"a":' * 40 + b"1" + b"}" * 40,
    b'{"format":"kilnwood-receipt/v2","note":1e400}',
    b"-0",
    b"1" + b"0" * 400,
    b"%PDF-1.7",
    b"%PDF-1.7 /Type/Filespec/F(a)/UF(a)/EF<</F 1 0 R/UF 1 0 R>>/AFRelationship/Source",
]


@pytest.mark.parametrize("raw", HOSTILE, ids=lambda each: repr(each[:20]))
def test_both_refuse_what_is_no_receipt(raw, browser: Browser):
    """Neither breaks on it."""
    trust = (GOLDEN / "trust.json").read_bytes()
    mine = [as_said(judged.report) for judged in judge_all(raw, load_trust(trust))]
    assert mine == [as_said(said) for said in browser.judge(raw, trust)]
    assert ["invalid"] == [each["verdict"] for each in mine]


def test_both_refuse_the_same_trust_files(browser: Browser):
    """One change in each: numbers, keys, ids, intervals, the policy. Where one reads it, so does the other."""
    trust = json.loads((GOLDEN / "trust.json").read_text())
    raw, chosen, refused = (GOLDEN / "event.receipt.json").read_bytes(), random.Random(9), 0
    text = json.dumps(trust, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    for _ in range(SAMPLED):
        at = chosen.randrange(len(text))
        changed = (text[:at] + chosen.choice('0123456789+/=" \n-azAZ{}') + text[at + 1 :]).encode()
        said = browser.judge(raw, changed)
        try:
            loaded = load_trust(changed)
        except Malformed:
            refused += 1
            assert isinstance(said, str), (changed, said)
        else:
            assert [as_said(each.report) for each in judge_all(raw, loaded)] == [as_said(each) for each in said]
    assert refused > SAMPLED // 2

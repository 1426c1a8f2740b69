"""Receipts over HTTP: when there is one, who sees what in it, and that it verifies with nothing but trust."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.receipts.verifier.together import compare
from registry.receipts.verifier.verify import judge, verify_bundle
from registry.transparency.format.note import parse_note
from registry.transparency.format.strict_json import decode_strict
from schemas.receipts import Bundle
from schemas.statements import RetirementStatement
from schemas.verdicts import NamedParty
from tests.registry.claims.preparing import ready
from tests.registry.credits.annulment.test_annul import annul
from tests.registry.transparency.logs import Log, new_log
from tests.worlds import World

RESPONSIBLE = "Jing Qu"
BENEFICIARY = "Guests of the launch"
LEI = "5493001KJTIIGC8Y1R12"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """The witness and the head of one log."""
    with new_log(tmp_path) as made:
        yield made


async def retired(world: World, quantity_kg: int, *, claim: int, who: str = "scenic") -> list[str]:
    """Retire for a claim, oldest credits first; return the paths of the receipts."""
    party = world.party(who)
    body = {
        "account_id": party.account_id,
        "claim_id": claim,
        "quantity_kg": quantity_kg,
        "reason": "event",
        "beneficiary": BENEFICIARY,
    }
    order = await world.ok("/v1/retirements", body, by=party.key)
    return [f"/v1/receipts/{each['receipt_id']}" for each in order["retirements"]]


def retirement_in(content: bytes) -> RetirementStatement:
    """The statement that a bundle holds."""
    bundle = decode_strict(content, Bundle)
    return decode_strict(parse_note(bundle.note).text.split("\n")[1].encode(), RetirementStatement)


async def test_a_receipt_waits_for_its_witnessed_checkpoint(delivered, log):
    """202 with Retry-After when committed and when sequenced; then the bundle, and it verifies."""
    scenic = delivered.party("scenic")
    (path,) = await retired(delivered, 1200, claim=await delivered.event_claim())
    for happens in (None, delivered.sequence):
        if happens:
            await happens()
        answer = await delivered.get(path, by=scenic.key)
        assert (202, "1") == (answer.status_code, answer.headers["Retry-After"])
        assert "urn:kilnwood:problem:not-yet-witnessed" == answer.json()["type"]
    await log.publish(delivered.dsn)
    answer = await delivered.get(path, by=scenic.key)
    assert (200, "application/json") == (answer.status_code, answer.headers["Content-Type"])
    assert f'filename="{path.rpartition("/")[2]}.receipt.json"' in answer.headers["Content-Disposition"]
    report = verify_bundle(answer.content, log.trust)
    assert ("valid", True) == (report.verdict, report.simulated)


async def test_a_new_checkpoint_gives_a_newer_proof(delivered, log):
    """The bundle is built on each request; the old one stays valid."""
    (path,) = await retired(delivered, 1200, claim=await delivered.event_claim())
    await log.publish(delivered.dsn)
    first = (await delivered.get(path)).content
    await delivered.contribution("bank")
    assert first == (await delivered.get(path)).content
    await log.publish(delivered.dsn)
    second = (await delivered.get(path)).content
    sizes = [verify_bundle(each, log.trust).size for each in (first, second)]
    assert sizes[0] is not None
    assert [sizes[0], sizes[0] + 1] == sizes


async def test_sealed_sections_are_opened_for_holder_and_overseers_only(delivered, log):
    """Everybody else gets the same proof with digests in their place, and it verifies as well."""
    (path,) = await retired(delivered, 1200, claim=await delivered.event_claim())
    await log.publish(delivered.dsn)
    readers = {
        "holder": (delivered.party("scenic").key, True),
        "regulator": (delivered.regulators[1], True),
        "another enterprise": (delivered.party("bank").key, False),
        "the seller": (delivered.party("forest").key, False),
        "the public": ("", False),
    }
    for reader, (key, opened) in readers.items():
        content = (await delivered.get(path, by=key)).content
        bundle = decode_strict(content, Bundle)
        assert bundle.claim is not None
        shown = json.dumps([each.text for each in (*bundle.openings, *bundle.claim.openings)])
        assert (reader, [opened, opened]) == (reader, [word in shown for word in (RESPONSIBLE, BENEFICIARY)])
        assert opened == any(word.encode() in content for word in (RESPONSIBLE, BENEFICIARY))
        assert "valid" == verify_bundle(content, log.trust).verdict


async def test_a_retirement_over_two_issuances_gives_two_receipts(delivered, log):
    """Each names its own kilograms; together they are what was retired, and each verifies alone."""
    claim = await delivered.contribution("scenic")
    paths = await retired(delivered, 1_000_047, claim=claim)
    await log.publish(delivered.dsn)
    bundles = [(await delivered.get(path)).content for path in paths]
    parts = [retirement_in(each) for each in bundles]
    assert [1_000_000, 47] == [part.quantity_kg for part in parts]
    assert 2 == len({part.issuance for part in parts})
    assert ["valid", "valid"] == [verify_bundle(each, log.trust).verdict for each in bundles]


async def test_a_beneficiary_has_its_identifiers_beside_its_name(delivered, log):
    """Sealed with it, opened with it, and refused without a name or with a wrong check digit."""
    party, claim = delivered.party("scenic"), await delivered.event_claim()
    body = {
        "account_id": party.account_id,
        "claim_id": claim,
        "quantity_kg": 47,
        "reason": "event",
        "beneficiary": BENEFICIARY,
        "beneficiary_identifiers": [{"scheme": "lei", "value": LEI}],
    }
    wrong = {"beneficiary_identifiers": [{"scheme": "lei", "value": LEI[:-1] + "3"}]}
    for refused, words in ((body | wrong, "check digits"), (body | {"beneficiary": " "}, "the beneficiary's name")):
        answer = await delivered.post("/v1/retirements", refused, by=party.key)
        assert (400, True) == (answer.status_code, words in answer.text)
    order = await delivered.ok("/v1/retirements", body, by=party.key)
    await log.publish(delivered.dsn)
    path = f"/v1/receipts/{order['retirements'][0]['receipt_id']}"
    report = verify_bundle((await delivered.get(path, by=party.key)).content, log.trust)
    assert report.about is not None
    assert NamedParty(name=BENEFICIARY, identifiers=(f"lei {LEI}",)) == report.about.beneficiary


async def test_a_part_of_an_event_is_not_neutral_alone(delivered, log):
    """Two receipts cover one claim: each is a part, together they are the whole."""
    claim = await delivered.event_claim()
    paths = [path for part in (700, 500) for path in await retired(delivered, part, claim=claim)]
    await log.publish(delivered.dsn)
    judged = [judge((await delivered.get(path)).content, log.trust, file=path) for path in paths]
    assert ["a part of the claim"] * 2 == [each.report.summary.rpartition(", ")[2] for each in judged]
    (cover,) = compare(judged).summary.claims
    assert (True, 2, 1200) == (cover.covered, cover.receipts, cover.allocated_kg)


async def test_a_receipt_carries_what_was_said_later(delivered, log):
    """Version 2 until something is; then corrections and annulments, in order, sealed for some readers."""
    scenic, claim = delivered.party("scenic"), await delivered.event_claim()
    (path,) = await retired(delivered, 1200, claim=claim)
    receipt_id = path.rpartition("/")[2]
    await log.publish(delivered.dsn)
    first = (await delivered.get(path, by=scenic.key)).content
    words = {"reason": "Misspelt", "subject": "Evening reception"}
    await delivered.ok(f"/v1/claims/{claim}/corrections", words, by=scenic.key)
    whom = {"reason": "Misspelt", "beneficiary": "Guests of the reception"}
    await delivered.ok(f"/v1/retirements/{receipt_id}/corrections", whom, by=scenic.key)
    assert first == (await delivered.get(path, by=scenic.key)).content, "what no witness has seen is not carried"
    await log.publish(delivered.dsn)
    corrected = (await delivered.get(path, by=scenic.key)).content
    assert ("kilnwood-receipt/v2", "kilnwood-receipt/v3") == tuple(
        decode_strict(each, Bundle).format for each in (first, corrected)
    )
    about = verify_bundle(corrected, log.trust).about
    assert about is not None
    assert ("Evening reception", NamedParty(name=whom["beneficiary"])) == (about.subject, about.beneficiary)
    public = verify_bundle((await delivered.get(path)).content, log.trust)
    assert public.about is not None
    assert ("valid", None, True) == (
        public.verdict,
        public.about.beneficiary,
        "beneficiary" in public.about.sealed,
    )
    for annulled in (f"retirements/{receipt_id}", f"claims/{claim}"):
        await annul(delivered, annulled)
    await log.publish(delivered.dsn)
    last = (await delivered.get(path)).content
    report = verify_bundle(last, log.trust)
    assert ("superseded", 4) == (report.verdict, report.exit_code), report.summary
    assert report.about is not None
    assert ["retirement", "claim"] == [each.of for each in report.about.annulled]
    both = compare([judge(first, log.trust, file="first"), judge(last, log.trust, file="last")])
    assert ["superseded"] * 2 == [each.verdict for each in both.reports]


async def test_only_the_newest_corrections_are_carried(delivered, log):
    """Thirty-two, and every annulment; the receipt says that some came before."""
    scenic, claim = delivered.party("scenic"), await delivered.event_claim()
    (path,) = await retired(delivered, 1200, claim=claim)
    for number in range(34):
        words = {"reason": "Misspelt", "subject": f"Reception {number}"}
        await delivered.ok(f"/v1/claims/{claim}/corrections", words, by=scenic.key)
    await annul(delivered, f"claims/{claim}")
    await log.publish(delivered.dsn)
    content = (await delivered.get(path)).content
    report = verify_bundle(content, log.trust)
    assert ("superseded", 33) == (report.verdict, len(decode_strict(content, Bundle).later)), report.summary
    assert report.about is not None
    assert "Reception 33" == report.about.subject
    (said,) = [each.detail for each in report.checks if each.name == "later 1: number"]
    assert said.startswith("corrections before number 3 ")


async def test_what_reduced_first_verifies_offline(delivered, log):
    """An organisation's receipt carries its claim with plan, power and cap; the rules are run again: valid."""
    solar = delivered.party("solar")
    draft = await ready(delivered, solar)
    claim = await delivered.ok(f"{draft}/declare", by=solar.key)
    (path,) = await retired(delivered, claim["required_kg"], claim=claim["id"], who="solar")
    await log.publish(delivered.dsn)
    content = (await delivered.get(path)).content
    bundle = decode_strict(content, Bundle)
    assert bundle.claim is not None
    assert '"reduce_first":' in parse_note(bundle.claim.note).text
    judged = judge(content, log.trust, file=path)
    assert "valid" == judged.report.verdict
    (cover,) = compare([judged]).summary.claims
    assert (True, 129_239) == (cover.covered, cover.allocated_kg)


async def test_an_unknown_receipt_is_not_found(empty):
    """Whatever the name looks like."""
    for name in ("R-AAAAAAAAAAAAAAAAAAAAAAAAAA", "1", "x" * 80):
        answer = await empty.get(f"/v1/receipts/{name}")
        assert (name, 404) == (name, answer.status_code)
        assert "application/problem+json" == answer.headers["Content-Type"]
    for name in ("x" * 81, "%00", "%2e%2e", "收据"):
        assert (await empty.get(f"/v1/receipts/{name}")).status_code in (400, 404)

"""Wording is corrected by statements of their own: the old text stays, and serials, kilograms and keys do not move."""

import json
from typing import Any

import pytest

from tests.probes import refused, unchanged
from tests.registry.claims.test_claims import shown
from tests.registry.claims.test_subjects import HALL, TRIP, claim, taken
from tests.registry.credits import steps
from tests.worlds import World

CORRECTIONS = "select note_text from registry.statement where type = 'correction/v1' order by id"


async def said(world: World) -> list[dict[str, Any]]:
    """The bodies of all corrections in the log."""
    return [json.loads(row[0].split("\n")[1]) for row in await steps.rows(world, CORRECTIONS)]


async def test_the_words_of_a_claim(delivered: World):
    """Old and new side by side in log and list; the claim reads as corrected, its statement is the first one."""
    scenic, claim_id = delivered.party("scenic"), await taken(delivered, about=HALL, subject="Lanch")
    before = await shown(delivered, claim_id)
    path = f"/v1/claims/{claim_id}/corrections"
    made = await delivered.ok(path, {"reason": "Misspelt", "subject": "Launch"}, by=scenic.key)
    again = await delivered.ok(path, {"reason": "Left out", "exclusions": "None"}, by=scenic.key)
    assert {**before, "subject": "Launch", "exclusions": "None", "corrected": True} == await shown(delivered, claim_id)
    first = {"field": "subject", "was": "Lanch", "now": "Launch"}
    second = {"field": "exclusions", "was": "", "now": "None"}
    assert [([first], 1, "Misspelt"), ([second], 2, "Left out")] == [
        (each["wording"], each["number"], each["reason"]) for each in await said(delivered)
    ]
    listed = (await delivered.get(f"/v1/statements/{before['statement_hash']}/corrections")).json()["items"]
    assert [made, again] == listed
    assert {before["statement_hash"]} == {each["corrects"] for each in listed}


async def test_a_correction_moves_no_key(delivered: World):
    """A claim that is renamed still is about what it was about."""
    claim_id = await taken(delivered, subject="Launch")
    body = {"reason": "Other words", "subject": "Quite another event"}
    await delivered.ok(f"/v1/claims/{claim_id}/corrections", body, by=delivered.party("scenic").key)
    answer = await claim(delivered, "solar", (TRIP,), subject="Launch")
    refused(answer, 409, "subject-claimed", f"Claim {claim_id} (", "'Launch'")


async def test_a_correction_takes_no_other_claims_words(delivered: World):
    """What a new claim is refused for, a correction is; both spellings of a corrected claim keep others away."""
    first = await taken(delivered, subject="Spring gala 2025")
    second = await taken(delivered, "solar", (TRIP,), subject="Something else")
    path, key = f"/v1/claims/{second}/corrections", delivered.party("solar").key
    async with unchanged(delivered):
        answer = await delivered.post(path, {"reason": "Misspelt", "subject": " SPRING gala 2025"}, by=key)
    refused(answer, 409, "subject-claimed", f"Claim {first} (", "'Spring gala 2025'")
    await delivered.ok(path, {"reason": "Misspelt", "subject": "Summer gala"}, by=key)
    for words in ("Something else", "summer  gala"):
        answer = await claim(delivered, "car", (TRIP,), subject=words)
        refused(answer, 409, "subject-claimed", f"Claim {second} ('Something else', now 'Summer gala'")


async def test_a_claim_that_stands_beside_another_is_still_corrected(delivered: World):
    """Two shares of one event were one subject before: other words make nothing worse."""
    await taken(delivered, about=HALL, exclusive=False, subject="Launch")
    share = await taken(delivered, "solar", (TRIP,), about=HALL, attendee=1, subject="Lanch")
    body = {"reason": "Misspelt", "subject": "Launch"}
    await delivered.ok(f"/v1/claims/{share}/corrections", body, by=delivered.party("solar").key)


async def test_the_inbox_has_the_words_of_today(delivered: World):
    """What waits is shown as corrected."""
    claim_id = await taken(delivered, subject="Lanch")
    scenic = delivered.party("scenic")
    body = {"reason": "Misspelt", "subject": "Launch"}
    await delivered.ok(f"/v1/claims/{claim_id}/corrections", body, by=scenic.key)
    waiting = (await delivered.get("/v1/inbox", by=scenic.key)).json()["items"]
    assert ["Launch"] == [each["about"] for each in waiting if each["kind"] == "claim"]


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({"reason": "Same", "subject": "A contribution"}, 422, "nothing-corrected"),
        ({"reason": "Nothing"}, 422, "nothing-corrected"),
        ({"reason": "Better", "subject": "Carbon neutral"}, 422, "says-neutral"),
        ({"reason": "It is now climate neutral", "subject": "Coffee"}, 422, "says-neutral"),
        ({"subject": "No reason"}, 400, "invalid-request"),
        ({"reason": "More", "required_kg": 1}, 400, "invalid-request"),
        ({"reason": "Empty", "subject": ""}, 400, "invalid-request"),
    ],
)
async def test_what_is_no_correction(delivered: World, body: Any, status: int, slug: str):
    """The same words, none, neutral for a contribution, also in the reason, no reason, kilograms, an empty subject."""
    claim_id = await delivered.contribution("bank")
    async with unchanged(delivered):
        path = f"/v1/claims/{claim_id}/corrections"
        refused(await delivered.post(path, body, by=delivered.party("bank").key), status, slug)


async def test_only_the_claimant_corrects(delivered: World):
    """Neither the words nor the beneficiary of somebody else's."""
    scenic, solar, claim_id = delivered.party("scenic"), delivered.party("solar"), await delivered.event_claim()
    order = await steps.retire(delivered, scenic, claim_id, 5)
    receipt = order["retirements"][0]["receipt_id"]
    async with unchanged(delivered):
        for path, more in ((f"claims/{claim_id}", {"subject": "x"}), (f"retirements/{receipt}", {"beneficiary": "x"})):
            answer = await delivered.post(f"/v1/{path}/corrections", {"reason": "x", **more}, by=solar.key)
            refused(answer, 403, "not-yours")


async def test_the_beneficiary_of_a_retirement(delivered: World):
    """A salted digest in the log; the name is shown to the claimant and to overseers; the retirement stays as it is."""
    scenic, claim_id = delivered.party("scenic"), await delivered.event_claim()
    order = await steps.retire(delivered, scenic, claim_id, 5)
    (before,) = order["retirements"]
    path = f"/v1/retirements/{before['receipt_id']}"
    made = await delivered.ok(f"{path}/corrections", {"reason": "Typo", "beneficiary": "Wang Li 王丽"}, by=scenic.key)
    assert before == (await delivered.get(path, by=scenic.key)).json()
    (statement,) = await said(delivered)
    assert (before["statement_hash"], ["beneficiary"]) == (statement["corrects"], list(statement["sections"]))
    assert "王丽" not in json.dumps(statement, ensure_ascii=False)
    where = f"/v1/statements/{before['statement_hash']}/corrections"
    keys = ("", delivered.party("solar").key, scenic.key, delivered.regulators[0])
    seen = [(await delivered.get(where, by=key)).json()["items"][0]["opened"] for key in keys]
    assert [{}, {}, made["opened"], made["opened"]] == seen
    assert {"name": "Wang Li 王丽"} == json.loads(made["opened"]["beneficiary"])


async def test_identifiers_of_a_beneficiary(delivered: World):
    """Kept where only the name is corrected, corrected by themselves, taken away by an empty list."""
    scenic, claim_id = delivered.party("scenic"), await delivered.event_claim()
    first = {"scheme": "uscc", "value": "11510100MB0000000U"}
    second = {"scheme": "lei", "value": "5493001KJTIIGC8Y1R12"}
    body = {"account_id": scenic.account_id, "claim_id": claim_id, "quantity_kg": 5, "reason": "x"}
    named = {"beneficiary": "Lanch Ltd", "beneficiary_identifiers": [first]}
    (made,) = (await delivered.ok("/v1/retirements", body | named, by=scenic.key))["retirements"]
    path = f"/v1/retirements/{made['receipt_id']}/corrections"
    wanted: tuple[tuple[Any, Any], ...] = (
        ({"beneficiary": "Launch Ltd"}, {"name": "Launch Ltd", "identifiers": [first]}),
        ({"beneficiary_identifiers": [second]}, {"name": "Launch Ltd", "identifiers": [second]}),
        ({"beneficiary_identifiers": []}, {"name": "Launch Ltd"}),
    )
    for change, said_now in wanted:
        answer = await delivered.ok(path, {"reason": "Wrong", **change}, by=scenic.key)
        assert said_now == json.loads(answer["opened"]["beneficiary"])
        async with unchanged(delivered):
            again = await delivered.post(path, {"reason": "Once more", **change}, by=scenic.key)
            refused(again, 422, "nothing-corrected")
            refused(await delivered.post(path, {"reason": "None"}, by=scenic.key), 422, "nothing-corrected")


async def test_a_beneficiary_is_found_as_corrected(delivered: World):
    """By the newest name, and not by those that were wrong; one that was added is found as well."""
    scenic, claim_id = delivered.party("scenic"), await delivered.event_claim()
    body = {"account_id": scenic.account_id, "claim_id": claim_id, "quantity_kg": 5, "reason": "x"}
    (named,) = (await delivered.ok("/v1/retirements", {**body, "beneficiary": "Wnag"}, by=scenic.key))["retirements"]
    (nobody,) = (await delivered.ok("/v1/retirements", body, by=scenic.key))["retirements"]

    async def found(name: str) -> list[str]:
        listed = await delivered.get(f"/v1/retirements?beneficiary={name}", by=scenic.key)
        return [each["receipt_id"] for each in listed.json()["items"]]

    for made, names in ((named, ("Wagn", "Wang")), (nobody, ("Li",))):
        path = f"/v1/retirements/{made['receipt_id']}/corrections"
        for name in names:
            await delivered.ok(path, {"reason": "Typo", "beneficiary": name}, by=scenic.key)
    receipts = {name: await found(name) for name in ("Wnag", "Wagn", "Wang", "Li")}
    assert {"Wnag": [], "Wagn": [], "Wang": [named["receipt_id"]], "Li": [nobody["receipt_id"]]} == receipts


async def test_a_beneficiary_of_a_contribution(delivered: World):
    """The reason is published: it does not say neutral. Identifiers without a name are those of nobody."""
    bank, claim_id = delivered.party("bank"), await delivered.contribution("bank")
    order = await steps.retire(delivered, bank, claim_id, 5)
    path = f"/v1/retirements/{order['retirements'][0]['receipt_id']}/corrections"
    async with unchanged(delivered):
        body = {"reason": "Now climate neutral", "beneficiary": "Wang"}
        refused(await delivered.post(path, body, by=bank.key), 422, "says-neutral", "its reason")
        nobody = {"reason": "Wrong", "beneficiary_identifiers": [{"scheme": "lei", "value": "5493001KJTIIGC8Y1R12"}]}
        refused(await delivered.post(path, nobody, by=bank.key), 422, "nothing-corrected", "names no beneficiary")


async def test_a_correction_that_is_sent_again(delivered: World):
    """The same key: the same answer, and one statement."""
    scenic, claim_id = delivered.party("scenic"), await delivered.event_claim()
    headers = {"Authorization": f"Bearer {scenic.key}", "Idempotency-Key": "once"}
    body = {"reason": "Misspelt", "subject": "Another wording"}
    path = f"/v1/claims/{claim_id}/corrections"
    answers = [await delivered.http.post(path, json=body, headers=headers) for _ in range(2)]
    assert [201, 201] == [each.status_code for each in answers]
    assert answers[0].json() == answers[1].json()
    assert 1 == len(await said(delivered))

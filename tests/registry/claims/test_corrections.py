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


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({"reason": "Same", "subject": "A contribution"}, 422, "nothing-corrected"),
        ({"reason": "Nothing"}, 422, "nothing-corrected"),
        ({"reason": "Better", "subject": "Carbon neutral"}, 422, "says-neutral"),
        ({"subject": "No reason"}, 400, "invalid-request"),
        ({"reason": "More", "required_kg": 1}, 400, "invalid-request"),
        ({"reason": "Empty", "subject": ""}, 400, "invalid-request"),
    ],
)
async def test_what_is_no_correction(delivered: World, body: Any, status: int, slug: str):
    """The same words, none, the word neutral for a contribution, no reason, kilograms, an empty subject."""
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

"""Annulments: what should not have been is said so by two regulators, and no kilogram comes back."""

import json
from typing import Any

import pytest

from tests.probes import refused, unchanged
from tests.registry.access.test_own_organisation import insider
from tests.registry.access.test_two_people import propose
from tests.registry.claims.test_claims import claim_body, shown
from tests.registry.claims.test_subjects import HALL, claim, taken
from tests.registry.credits import steps
from tests.worlds import World

REASON = "The event never took place"
STATEMENTS = "select note_text from registry.statement where type = 'annulment/v1' order by id"


async def body_for(world: World, path: str) -> dict[str, Any]:
    """What two regulators agree on to annul the claim or retirement at *path*."""
    kind, _, name = path.partition("/")
    found = (await world.get(f"/v1/{path}")).json()
    named = {"claim_id": int(name)} if kind == "claims" else {"receipt_id": name}
    return {
        "operation": "annul_statement",
        **named,
        "statement_hash": found["statement_hash"],
        "reason": REASON,
    }


async def annul(world: World, path: str) -> Any:
    """Two regulators annul it."""
    return await world.decide("/v1/annulments", await body_for(world, path))


async def conservation(world: World) -> Any:
    """Where all kilograms of the region are."""
    return (await world.get("/v1/conservation")).json()


async def retired_for(world: World, quantity_kg: int = 1_200) -> tuple[int, str]:
    """An event claim of the scenic area and one retirement for it."""
    claim_id = await world.event_claim()
    order = await steps.retire(world, world.party("scenic"), claim_id, quantity_kg)
    return claim_id, order["retirements"][0]["receipt_id"]


async def test_a_claim_is_annulled(delivered: World):
    """It says so, is not neutral and takes nothing; what was retired for it stays retired and says so too."""
    claim_id, receipt = await retired_for(delivered)
    await delivered.ok("/v1/clock", {"at": "2025-12-01T00:00:00Z"}, by=delivered.regulators[0])
    before, kilograms = await shown(delivered, claim_id), await conservation(delivered)
    assert before["neutral"]
    made = await annul(delivered, f"claims/{claim_id}")
    annulled = {
        "annulment_id": made["id"],
        "at": made["at"],
        "reason": REASON,
        "statement_hash": made["statement_hash"],
    }
    after = {**before, "neutral": False, "annulled": annulled}
    assert after == await shown(delivered, claim_id)
    retirement = (await delivered.get(f"/v1/retirements/{receipt}")).json()
    assert (None, annulled) == (retirement["annulled"], retirement["claim_annulled"])
    assert kilograms == await conservation(delivered)
    (statement,) = [json.loads(row[0].split("\n")[1]) for row in await steps.rows(delivered, STATEMENTS)]
    assert (before["statement_hash"], "claim", REASON, [f"person-{each}" for each in made["approvers"]]) == (
        statement["annuls"],
        statement["of"],
        statement["reason"],
        statement["approvers"],
    )
    async with unchanged(delivered):
        again = steps.retire_body(delivered.party("scenic"), claim_id, 1)
        refused(
            await delivered.post("/v1/retirements", again, by=delivered.party("scenic").key),
            409,
            "claim-annulled",
            f"Claim {claim_id}",
        )


async def test_a_retirement_is_annulled(delivered: World):
    """Its claim misses those kilograms again and is covered anew; the retirement stays, and says so."""
    claim_id, receipt = await retired_for(delivered)
    active = await delivered.active_kg("scenic")
    retired = (await conservation(delivered))["retired_kg"]
    made = await annul(delivered, f"retirements/{receipt}")
    assert ("retirement", receipt, claim_id, 1_200) == tuple(
        made[name] for name in ("of", "receipt_id", "claim_id", "released_kg")
    )
    found = await shown(delivered, claim_id)
    assert (0, 1_200, None) == (found["allocated_kg"], found["missing_kg"], found["annulled"])
    retirement = (await delivered.get(f"/v1/retirements/{receipt}")).json()
    assert (made["id"], None) == (retirement["annulled"]["annulment_id"], retirement["claim_annulled"])
    assert (active, retired) == (
        await delivered.active_kg("scenic"),
        (await conservation(delivered))["retired_kg"],
    )
    await steps.retire(delivered, delivered.party("scenic"), claim_id, 1_200)
    assert 0 == (await shown(delivered, claim_id))["missing_kg"]
    assert (active - 1_200, retired + 1_200) == (
        await delivered.active_kg("scenic"),
        (await conservation(delivered))["retired_kg"],
    )


async def test_the_subject_is_free_again(delivered: World):
    """Another claim about the same hall, on a footprint of its own: that of the annulled one may be what was wrong."""
    first = await taken(delivered, about=HALL)
    refused(await claim(delivered, about=HALL), 409, "subject-claimed")
    footprint = (await shown(delivered, first))["footprint_id"]
    await annul(delivered, f"claims/{first}")
    body = claim_body(delivered, "scenic", footprint_id=footprint, about=HALL, exclusive=True)
    answer = await delivered.post("/v1/claims", body, by=delivered.party("scenic").key)
    refused(answer, 409, "footprint-used", f"Footprint {footprint}")
    second = await taken(delivered, about=HALL)
    refused(await claim(delivered, about=HALL), 409, "subject-claimed", f"Claim {second} (")


async def test_nothing_is_annulled_twice(delivered: World):
    """Neither a claim nor a retirement; another approval for it is refused and stays open."""
    claim_id, receipt = await retired_for(delivered)
    for path in (f"retirements/{receipt}", f"claims/{claim_id}"):
        made = await annul(delivered, path)
        order = await propose(delivered, await body_for(delivered, path), delivered.regulators[0])
        async with unchanged(delivered):
            answer = await delivered.post("/v1/annulments", order, by=delivered.regulators[1])
            refused(answer, 409, "annulled-before", f"annulment {made['id']}")


async def test_one_that_is_sent_again_is_answered_again(delivered: World):
    """The same key and body, once more: the same answer, and one statement."""
    claim_id, _ = await retired_for(delivered)
    order = await propose(delivered, await body_for(delivered, f"claims/{claim_id}"), delivered.regulators[0])
    sent = [await delivered.post("/v1/annulments", order, by=delivered.regulators[1], key="once") for _ in range(2)]
    assert [201, 201] == [each.status_code for each in sent]
    assert sent[0].content == sent[1].content
    assert 1 == len(await steps.rows(delivered, STATEMENTS))


async def test_what_is_annulled_is_not_corrected(delivered: World):
    """Neither the words of a claim, nor for whom something was retired against it."""
    scenic = delivered.party("scenic")
    claim_id, receipt = await retired_for(delivered, 5)
    words, who = {"reason": "Misspelt", "subject": "Launch"}, {"reason": "Misspelt", "beneficiary": "Somebody"}
    await annul(delivered, f"retirements/{receipt}")
    async with unchanged(delivered):
        answer = await delivered.post(f"/v1/retirements/{receipt}/corrections", who, by=scenic.key)
        refused(answer, 409, "retirement-annulled", receipt)
    other = (await steps.retire(delivered, scenic, claim_id, 5))["retirements"][0]["receipt_id"]
    await annul(delivered, f"claims/{claim_id}")
    async with unchanged(delivered):
        for path, correction in ((f"claims/{claim_id}", words), (f"retirements/{other}", who)):
            answer = await delivered.post(f"/v1/{path}/corrections", correction, by=scenic.key)
            refused(answer, 409, "claim-annulled", f"Claim {claim_id}")


@pytest.mark.parametrize("of", ["claim", "retirement"])
@pytest.mark.parametrize("half", ["proposes", "carries out"])
async def test_nobody_annuls_for_their_own(delivered: World, of: str, half: str):
    """Neither half is of somebody who belongs to the claimant and holder."""
    claim_id, receipt = await retired_for(delivered, 5)
    path = f"claims/{claim_id}" if of == "claim" else f"retirements/{receipt}"
    person_id, key = await insider(delivered, delivered.party("scenic").organisation_id)
    pair = (key, delivered.regulators[1]) if half == "proposes" else (delivered.regulators[1], key)
    order = await propose(delivered, await body_for(delivered, path), pair[0])
    async with unchanged(delivered):
        answer = await delivered.post("/v1/annulments", order, by=pair[1])
        refused(answer, 403, "own-organisation", f"Person {person_id}", f"annulling its {of}")
    await annul(delivered, path)


async def test_the_holder_of_the_credits_counts_too(delivered: World):
    """Where somebody who acts for two retires one's credits for the other's claim."""
    scenic, solar = delivered.party("scenic"), delivered.party("solar")
    grant = {"person_id": scenic.person_id, "organisation_id": solar.organisation_id, "role": "enterprise"}
    await delivered.decide("/v1/grants", {"operation": "grant_role", **grant})
    claim_id = await delivered.event_claim("scenic")
    order = await steps.retire(delivered, scenic, claim_id, 5, account_id=solar.account_id)
    path = f"retirements/{order['retirements'][0]['receipt_id']}"
    _, key = await insider(delivered, solar.organisation_id)
    order = await propose(delivered, await body_for(delivered, path), delivered.regulators[1])
    refused(await delivered.post("/v1/annulments", order, by=key), 403, "own-organisation", solar.organisation_id)
    await annul(delivered, path)


async def test_one_regulator_does_not_annul(delivered: World):
    """Nor without an approval, nor of another body."""
    claim_id, _ = await retired_for(delivered, 5)
    body = await body_for(delivered, f"claims/{claim_id}")
    order = await propose(delivered, body, delivered.regulators[0])
    async with unchanged(delivered):
        refused(await delivered.post("/v1/annulments", order, by=delivered.regulators[0]), 403, "same-person")
        changed = {**order, "body": {**body, "reason": "Another"}}
        refused(
            await delivered.post("/v1/annulments", changed, by=delivered.regulators[1]), 409, "approval-body-changed"
        )
        missing = {**order, "approval_id": 10_000}
        refused(await delivered.post("/v1/annulments", missing, by=delivered.regulators[1]), 404, "not-found")


@pytest.mark.parametrize(
    ("changes", "status", "slug"),
    [
        ({"statement_hash": "0" * 64}, 409, "another-statement"),
        ({"claim_id": 10_000}, 404, "not-found"),
        ({"claim_id": None, "receipt_id": "R-NONE"}, 404, "not-found"),
    ],
)
async def test_what_cannot_be_annulled(delivered: World, changes: dict[str, Any], status: int, slug: str):
    """Another statement than both named, and what does not exist."""
    claim_id = await delivered.event_claim()
    body = {**await body_for(delivered, f"claims/{claim_id}"), **changes}
    order = await propose(delivered, body, delivered.regulators[0])
    async with unchanged(delivered):
        refused(await delivered.post("/v1/annulments", order, by=delivered.regulators[1]), status, slug)


@pytest.mark.parametrize(
    "changes", [{"receipt_id": "R-1"}, {"claim_id": None}, {"reason": ""}, {"statement_hash": "x"}]
)
async def test_what_is_no_body_of_an_annulment(delivered: World, changes: dict[str, Any]):
    """Two things at once, none, no reason, no hash: refused when it is proposed."""
    claim_id = await delivered.event_claim()
    body = {**await body_for(delivered, f"claims/{claim_id}"), **changes}
    proposal = {"body": body, "reason": "test"}
    refused(await delivered.post("/v1/approvals", proposal, by=delivered.regulators[0]), 400, "invalid-request")


async def test_lists(delivered: World):
    """Annulments of all, of one kind, of a claim and what was retired for it; claims that are annulled, or not."""
    claim_id, receipt = await retired_for(delivered, 5)
    other = await delivered.contribution("bank")
    made = [
        await annul(delivered, path) for path in (f"retirements/{receipt}", f"claims/{claim_id}", f"claims/{other}")
    ]
    for query, expected in (
        ("", made),
        ("?of=claim", made[1:]),
        ("?of=retirement", made[:1]),
        (f"?claim_id={claim_id}", made[:2]),
        (f"?claim_id={claim_id}&of=claim", made[1:2]),
        ("?order=newest&limit=1", made[2:]),
    ):
        assert (query, expected) == (query, (await delivered.get(f"/v1/annulments{query}")).json()["items"])
    assert made[0] == (await delivered.get(f"/v1/annulments/{made[0]['id']}")).json()
    refused(await delivered.get("/v1/annulments/10000"), 404, "not-found")
    standing = await delivered.event_claim()
    for annulled, ids in (("true", [claim_id, other]), ("false", [standing])):
        listed = (await delivered.get(f"/v1/claims?annulled={annulled}&limit=200")).json()["items"]
        assert ids == [each["id"] for each in listed if each["id"] >= claim_id]


async def test_an_annulled_claim_waits_for_nothing(delivered: World):
    """Nobody is asked to cover it."""
    claim_id = await delivered.event_claim()
    assert (await shown(delivered, claim_id))["awaits"] is not None
    await annul(delivered, f"claims/{claim_id}")
    assert (await shown(delivered, claim_id))["awaits"] is None

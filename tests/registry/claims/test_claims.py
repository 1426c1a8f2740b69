"""Footprints and claims: reduce first, then retire what is required, and only then say neutral."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.scenarios.cast import EVENT
from registry.claims import rules
from registry.claims.rules import LockedClaim
from schemas.claims import NewClaim
from tests.registry.credits import steps
from tests.worlds import World

REQUIRED_KG = 1_200


def claim_body(world: World, who: str, **more: Any) -> dict[str, Any]:
    """An event claim; its footprint is added by the caller."""
    return {
        "organisation_id": world.party(who).organisation_id,
        "type": "event",
        "subject": "Launch",
        "begins": "2025-01-06T01:00:00Z",
        "ends": "2025-01-06T10:00:00Z",
        "boundary": "The hall",
        "reduction_plan": "Metro first",
        "exclusive": True,
        **more,
    }


def locked(**more: Any) -> LockedClaim:
    """A claim of 100 kg under its lock."""
    base: dict[str, Any] = {
        "claimant_id": 1,
        "type": "event",
        "new_forest": False,
        "required_kg": 100,
        "allocated_kg": 0,
        "deadline": None,
        "sha256": b"",
    }
    return LockedClaim(**(base | more))


async def footprint(world: World, who: str, items: Any = EVENT) -> Any:
    """The response to a footprint."""
    party = world.party(who)
    body = {"organisation_id": party.organisation_id, "request": {"profile": "chengdu-event", "items": list(items)}}
    return await world.post("/v1/footprints", body, by=party.key)


async def shown(world: World, claim: int, who: str = "scenic") -> Any:
    """A claim as its owner sees it."""
    return (await world.get(f"/v1/claims/{claim}", by=world.party(who).key)).json()


@pytest.mark.parametrize(("allocated_kg", "more_kg", "missing_kg"), [(0, 101, 100), (60, 41, 40), (100, 1, 0)])
def test_more_than_is_required_is_refused_with_the_numbers(allocated_kg: int, more_kg: int, missing_kg: int):
    """What is required, what there is, what is missing; exactly what is missing is taken."""
    claim = locked(allocated_kg=allocated_kg)
    with pytest.raises(rules.OverClaimed) as caught:
        rules.check_amount(claim, more_kg)
    assert {"required_kg": 100, "allocated_kg": allocated_kg, "missing_kg": missing_kg} == caught.value.members
    rules.check_amount(claim, missing_kg)
    rules.check_amount(locked(type="contribution", required_kg=0), 10**9)


def test_the_deadline_is_the_last_moment():
    """At it yes, a moment later no; a contribution has none."""
    ends = datetime(2026, 1, 6, 10, tzinfo=UTC)
    rules.check_deadline(locked(deadline=ends), ends)
    rules.check_deadline(locked(), datetime(2099, 1, 1, tzinfo=UTC))
    with pytest.raises(rules.DeadlinePassed, match="it is 2026-01-06 10:00Z"):
        rules.check_deadline(locked(deadline=ends), ends.replace(microsecond=1))


@pytest.mark.parametrize(
    ("ends", "new_forest", "deadline"),
    [
        ("2025-01-06T10:00:00Z", False, "2026-01-06T10:00:00+00:00"),
        ("2025-01-06T10:00:00Z", True, "2031-01-06T10:00:00+00:00"),
        ("2024-02-29T10:00:00Z", False, "2025-02-28T10:00:00+00:00"),
        ("2024-02-29T10:00:00Z", True, "2030-02-28T10:00:00+00:00"),
    ],
)
def test_an_event_has_a_year_and_new_forest_six(ends: str, new_forest: bool, deadline: str):
    """Counted from the end of the event; a leap day has its anniversary on the 28th."""
    body = NewClaim(
        organisation_id=1,
        type="event",
        subject="x",
        begins=datetime(2024, 1, 1, tzinfo=UTC),
        ends=datetime.fromisoformat(ends),
        boundary="x",
        footprint_id=1,
        new_forest=new_forest,
        exclusive=True,
    )
    found = rules.deadline(body)
    assert found is not None
    assert deadline == found.isoformat()


async def test_a_claim_is_neutral_only_when_it_is_covered(delivered: World):
    """One kilogram short it is not; with the last one it is once the event is over, and takes no more."""
    scenic, claim = delivered.party("scenic"), await delivered.event_claim()
    assert (REQUIRED_KG, 0, REQUIRED_KG, False) == _coverage(await shown(delivered, claim))
    await steps.retire(delivered, scenic, claim, REQUIRED_KG - 1)
    assert (REQUIRED_KG, REQUIRED_KG - 1, 1, False) == _coverage(await shown(delivered, claim))
    answer = await delivered.post("/v1/retirements", steps.retire_body(scenic, claim, 2), by=scenic.key)
    assert (409, "over-claimed", 1) == (*steps.refusal(answer), answer.json()["missing_kg"])
    await steps.retire(delivered, scenic, claim, 1)
    assert (REQUIRED_KG, REQUIRED_KG, 0, False) == _coverage(await shown(delivered, claim))
    await steps.at(delivered, "2025-01-06T09:59:59Z")
    assert not (await shown(delivered, claim))["neutral"]
    await steps.at(delivered, "2025-01-06T10:00:00Z")
    assert (REQUIRED_KG, REQUIRED_KG, 0, True) == _coverage(await shown(delivered, claim))
    answer = await delivered.post("/v1/retirements", steps.retire_body(scenic, claim, 1), by=scenic.key)
    assert (409, "over-claimed", 0) == (*steps.refusal(answer), answer.json()["missing_kg"])


def _coverage(claim: dict[str, Any]) -> tuple[int, int, int, bool]:
    return claim["required_kg"], claim["allocated_kg"], claim["missing_kg"], claim["neutral"]


async def test_a_contribution_is_never_neutral(delivered: World):
    """It requires nothing, takes any amount, has no deadline, and proves no neutrality."""
    claim = await delivered.contribution("bank")
    await steps.at(delivered, "2039-01-01T00:00:00Z")
    await steps.retire(delivered, delivered.party("bank"), claim, 300_000)
    assert (0, 300_000, 0, False) == _coverage(await shown(delivered, claim, "bank"))


async def test_after_the_deadline_nothing_is_allocated(delivered: World):
    """In the last second it is; after it the refusal says what to do, and the credits stay."""
    scenic, claim = delivered.party("scenic"), await delivered.event_claim()
    assert "2026-01-06T10:00:00Z" == (await shown(delivered, claim))["deadline"]
    await steps.at(delivered, "2026-01-06T10:00:00Z")
    await steps.retire(delivered, scenic, claim, 100)
    await steps.at(delivered, "2026-01-06T10:00:01Z")
    answer = await delivered.post("/v1/retirements", steps.retire_body(scenic, claim, 100), by=scenic.key)
    assert (409, "deadline-passed") == steps.refusal(answer)
    assert 1_199_900 == await delivered.active_kg("scenic")


async def test_a_footprint_backs_one_claim(delivered: World):
    """The second is refused; the first statement stays the only one."""
    party = delivered.party("scenic")
    made = (await footprint(delivered, "scenic")).json()
    body = claim_body(delivered, "scenic", footprint_id=made["id"])
    await delivered.ok("/v1/claims", body, by=party.key)
    answer = await delivered.post("/v1/claims", {**body, "subject": "Another"}, by=party.key)
    assert (409, "footprint-used") == steps.refusal(answer)
    assert 1 == len(await steps.rows(delivered, "select 1 from registry.statement where type = 'claim/v1'"))


async def test_claims_that_are_not_taken(delivered: World):
    """Without a reduction, of types that are not open, with a footprint too many or too few, or unknown."""
    party = delivered.party("scenic")
    made = (await footprint(delivered, "scenic")).json()
    body = claim_body(delivered, "scenic", footprint_id=made["id"])
    contribution = {**body, "type": "contribution"}
    cases: list[tuple[dict[str, Any], tuple[int, str]]] = [
        ({**body, "reduction_plan": " \n "}, (422, "reduce-first")),
        ({**body, "reduction_plan": ""}, (422, "reduce-first")),
        *(({**body, "type": each}, (422, "claim-type-not-open")) for each in ("product", "compliance")),
        *(({**body, "type": each}, (422, "wrong-profile")) for each in ("organisation", "scene", "person")),
        ({**body, "type": "person", "about": {"kind": "event", "place": "Hall"}}, (422, "wrong-subject")),
        ({**body, "type": "scene", "about": {"kind": "event", "place": "Hall"}}, (422, "wrong-subject")),
        ({**body, "type": "scene", "reductions_kg": 1}, (400, "invalid-request")),
        ({**body, "measures": [{"what": "Less", "reduction_kg": 1}]}, (400, "invalid-request")),
        ({**body, "type": "marketing"}, (400, "invalid-request")),
        (contribution, (400, "invalid-request")),
        ({**body, "footprint_id": None}, (400, "invalid-request")),
        ({**body, "footprint_id": 999}, (404, "not-found")),
        ({**body, "ends": "2025-01-06T00:59:59Z"}, (400, "invalid-request")),
        ({**body, "ends": "9999-01-06T00:59:59Z"}, (400, "invalid-request")),
        ({**body, "begins": "2025-01-06T01:00:00"}, (400, "invalid-request")),
        ({**body, "organisation_id": 999}, (403, "not-yours")),
    ]
    for each, expected in cases:
        answer = await delivered.post("/v1/claims", each, by=party.key)
        assert (each, expected) == (each, steps.refusal(answer))
    await delivered.ok("/v1/claims", body, by=party.key)


async def test_somebody_elses_footprint_backs_no_claim(delivered: World):
    """Nor is it theirs to read, nor can they make one for another organisation."""
    made = (await footprint(delivered, "scenic")).json()
    solar = delivered.party("solar")
    answer = await delivered.post("/v1/claims", claim_body(delivered, "solar", footprint_id=made["id"]), by=solar.key)
    assert (403, "not-yours") == steps.refusal(answer)
    assert (403, "not-yours") == steps.refusal(await delivered.get(f"/v1/footprints/{made['id']}", by=solar.key))
    body = {"organisation_id": delivered.party("scenic").organisation_id, "request": made["request"]}
    assert (403, "not-yours") == steps.refusal(await delivered.post("/v1/footprints", body, by=solar.key))


async def test_a_footprint_keeps_its_arithmetic(delivered: World):
    """A footprint reads back as it was returned; one of zero kilograms is refused."""
    answer = await footprint(delivered, "scenic")
    made = answer.json()
    assert REQUIRED_KG == made["result"]["footprint_kg"]
    found = await delivered.get(f"/v1/footprints/{made['id']}", by=delivered.party("scenic").key)
    assert answer.content == found.content
    nothing = await footprint(delivered, "scenic", [{"kind": "accommodation", "room_nights": 0}])
    assert (422, "empty-footprint") == steps.refusal(nothing)
    for missing in ("/v1/footprints/999", "/v1/claims/999"):
        answer = await delivered.get(missing, by=delivered.party("scenic").key)
        assert (404, "not-found") == steps.refusal(answer)


async def test_the_statement_says_what_is_claimed_and_hides_who(delivered: World):
    """Footprint by category, method, factors, deadline; the responsible person and the plan by digest only."""
    party = delivered.party("scenic")
    made = (await footprint(delivered, "scenic")).json()
    body = claim_body(delivered, "scenic", footprint_id=made["id"], responsible_person="Wang 王", reductions_kg=7)
    claim = await delivered.ok("/v1/claims", body, by=party.key)
    (row,) = await steps.rows(delivered, "select note_text, sha256 from registry.statement where type = 'claim/v1'")
    text = row["note_text"]
    said = json.loads(text.split("\n")[1])
    assert [False, False, False] == [each in text for each in ("Wang", "王", "Metro first")]
    assert row["sha256"].hex() == claim["statement_hash"]
    assert (REQUIRED_KG, REQUIRED_KG, 7, "self", True, "2026-01-06T10:00:00Z") == tuple(
        said[name] for name in ("required_kg", "footprint_kg", "reductions_kg", "confirmation", "exclusive", "deadline")
    )
    assert [(each["category"], each["mass_kg"]) for each in made["result"]["categories"]] == [
        (each["category"], each["mass_kg"]) for each in said["footprint"]
    ]


async def test_new_forest_takes_only_forest(delivered: World):
    """Six years, because it takes forest credits: kiln credits are refused and stay."""
    party = delivered.party("scenic")
    made = (await footprint(delivered, "scenic")).json()
    body = claim_body(delivered, "scenic", footprint_id=made["id"], new_forest=True)
    claim = (await delivered.ok("/v1/claims", body, by=party.key))["id"]
    kiln, forest = (delivered.season.issuances[word] for word in ("kiln", "forest"))
    answer = await delivered.post("/v1/retirements", steps.retire_body(party, claim, 5, issuance=kiln), by=party.key)
    assert (422, "not-forest") == steps.refusal(answer)
    await steps.at(delivered, "2030-12-31T00:00:00Z")
    await steps.retire(delivered, party, claim, 5, issuance=forest)
    assert (REQUIRED_KG, 5, REQUIRED_KG - 5, False) == _coverage(await shown(delivered, claim))


async def test_claims_are_public(delivered: World):
    """Everybody sees all of them, as in the log; one's own are found by the claimant's number."""
    own, other = await delivered.event_claim(), await delivered.contribution("bank")
    for key in ("", delivered.party("scenic").key, delivered.regulators[0]):
        assert [own, other] == [each["id"] for each in (await delivered.get("/v1/claims", by=key)).json()["items"]]
    mine = f"/v1/claims?organisation_id={delivered.party('scenic').organisation_id}"
    assert [own] == [each["id"] for each in (await delivered.get(mine)).json()["items"]]

"""One subject is claimed once: which event, which share of it, and what a contribution may call itself."""

import json
from typing import Any

import httpx
import pytest

from registry.claims.wording import says_neutral
from tests.probes import refused, unchanged
from tests.registry.claims.test_claims import claim_body, footprint, shown
from tests.registry.credits import steps
from tests.registry.projects.life import upload
from tests.worlds import World

HALL = {"kind": "event", "place": "Hall A"}
ENERGY = {"kind": "electricity", "electricity_kwh": 12_000, "grid_region": "CN-510000", "grid_year": 2021}
TRIP = {"kind": "travel", "mode": "car", "distance_km": 20}


async def claim(world: World, who: str = "scenic", items: Any = (ENERGY,), **more: Any) -> httpx.Response:
    """The answer to an event claim on a new footprint."""
    made = (await footprint(world, who, items)).json()
    return await world.post(
        "/v1/claims", claim_body(world, who, footprint_id=made["id"], **more), by=world.party(who).key
    )


async def taken(world: World, who: str = "scenic", items: Any = (ENERGY,), **more: Any) -> int:
    """The claim's id; it must be taken."""
    answer = await claim(world, who, items, **more)
    assert 201 == answer.status_code, answer.text
    return int(answer.json()["id"])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),
        ({}, {"subject": "Under another name"}),
        ({"about": HALL}, {"about": {**HALL, "place": " ｈａｌｌ　 a"}, "subject": "Another"}),
        ({"about": HALL}, {"about": {**HALL, "event_id": "E-2"}, "subject": "Another"}),
        ({"about": HALL}, {"subject": "Another"}),
        (
            {"about": {**HALL, "event_id": "E-1"}},
            {"about": {"kind": "event", "place": "Hall B", "event_id": "e-1"}, "begins": "2025-01-05T01:00:00Z"},
        ),
    ],
)
async def test_a_second_footprint_of_the_same_event(delivered: World, first: Any, second: Any):
    """Same number, same place and time, or a claimant's unnamed event at one time: refused, and the first shown."""
    made = await taken(delivered, **first)
    statement_hash = (await shown(delivered, made))["statement_hash"]
    answer = await claim(delivered, items=(TRIP,), **second)
    problem = refused(answer, 409, "subject-claimed", f"Claim {made} (", "the organiser's share already")
    assert (made, statement_hash) == (problem["claim_id"], problem["statement_hash"])
    assert 1 == len(await steps.rows(delivered, "select 1 from registry.statement where type = 'claim/v1'"))


async def test_somebody_elses_claim_on_the_same_event(delivered: World):
    """By its place, or by its words if no place is given; another claimant's own event is another."""
    made = await taken(delivered, about=HALL)
    for more in ({"about": HALL, "subject": "Ours"}, {"subject": "LAUNCH"}):
        refused(await claim(delivered, "solar", **more), 409, "subject-claimed", f"Claim {made} (")
    await taken(delivered, "solar", subject="Our own")


async def test_other_events_are_other_subjects(delivered: World):
    """Another hall at the time, the same hall on another day, and an unnamed event on another day."""
    await taken(delivered, about=HALL)
    day: dict[str, Any] = {"begins": "2025-01-05T01:00:00Z", "ends": "2025-01-05T10:00:00Z"}
    await taken(delivered, about={**HALL, "place": "Hall B"})
    await taken(delivered, about=HALL, **day)
    await taken(delivered, "solar", subject="Theirs", **day)


async def test_shares_part_an_event(delivered: World):
    """One for each attendee, by number, in categories that the organiser left out."""
    made = await taken(delivered, about=HALL, exclusive=False)
    await taken(delivered, "solar", (TRIP,), about=HALL, attendee=1)
    await taken(delivered, "car", (TRIP,), about=HALL, attendee=2)
    again = await claim(delivered, "bank", (TRIP,), about=HALL, attendee=2)
    refused(again, 409, "subject-claimed", "the share of attendee 2 already")
    refused(await claim(delivered, items=(TRIP,), about=HALL), 409, "subject-claimed", f"Claim {made} (")
    refused(await claim(delivered, "solar", about=HALL, attendee=3), 422, "not-a-share", "energy")


async def test_an_exclusive_claim_covers_the_shares(delivered: World):
    """Whichever is there first."""
    day: dict[str, Any] = {"begins": "2025-01-05T01:00:00Z", "ends": "2025-01-05T10:00:00Z", "about": HALL}
    await taken(delivered, about=HALL)
    answer = await claim(delivered, "solar", (TRIP,), about=HALL, attendee=1)
    refused(answer, 409, "subject-claimed", "exclusive")
    await taken(delivered, "solar", (TRIP,), attendee=1, **day)
    refused(await claim(delivered, **day), 409, "subject-claimed", "attendee 1", "send exclusive false")
    counted = await claim(delivered, items=(ENERGY, TRIP), exclusive=False, **day)
    refused(counted, 409, "subject-claimed", "counts travel already")
    await taken(delivered, exclusive=False, **day)


async def test_an_attendees_trip_is_offset_at_any_time(delivered: World):
    """Before the event, and years after it; the word neutral is there once the event has taken place."""
    day: dict[str, Any] = {"begins": "2026-01-05T01:00:00Z", "ends": "2026-01-05T10:00:00Z", "about": HALL}
    early = await taken(delivered, "solar", (TRIP,), attendee=1, **day)
    await steps.retire(delivered, delivered.party("solar"), early, 6)
    before = await shown(delivered, early, "solar")
    assert (6, False, None) == (before["allocated_kg"], before["neutral"], before["deadline"])
    await steps.at(delivered, "2029-01-01T00:00:00Z")
    assert (await shown(delivered, early, "solar"))["neutral"]
    await taken(delivered, "car", (TRIP,), attendee=2, **day)


async def test_a_claim_is_not_born_past_its_deadline(delivered: World):
    """In the last second it is made, a second later it is refused."""
    await steps.at(delivered, "2026-01-06T10:00:00Z")
    await taken(delivered)
    await steps.at(delivered, "2026-01-06T10:00:01Z")
    answer = await claim(delivered, about=HALL)
    refused(answer, 409, "deadline-passed", "by 2026-01-06 10:00Z", "it is 2026-01-06 10:00Z", "make a contribution")


@pytest.mark.parametrize(
    "text",
    [
        *("Carbon-neutral bank", "CO₂-Neutralität", "neutralité carbone", "carbono neutro", "Kooldioxideneutraal"),
        *(
            "碳中和活动",
            "カーボンニュートラル",
            "탄소중립",
            "углеродно нейтральный",
            "κλιματικά ουδέτερο",
            "محايد كربونيا",
        ),
        *("netral karbon", "karbon nötr", "trung hòa carbon", "ניטרלי", "तटस्थ", "เป็นกลางทางคาร์บอน", "净零"),
        *("Net-Zero 2025", "n e u t r a l", "n\u200beutral", "ｎｅｕｔｒａｌ", "nеutrаl", "neu\u00adtral", "NEUTRAL"),
    ],
)
def test_neutral_in_any_language(text: str):
    """Also spaced out, with letters that look alike, and with letters that are not seen."""
    assert says_neutral(text)


@pytest.mark.parametrize(
    "text", ["A contribution to forests 对本地森林的贡献", "Contribution", "None: offsets nothing", ""]
)
def test_words_that_promise_nothing(text: str):
    """What a contribution may say."""
    assert not says_neutral(text)


@pytest.mark.parametrize("field", ["subject", "standard", "boundary", "exclusions"])
async def test_a_contribution_never_says_neutral(delivered: World, field: str):
    """None of its published words may; a standard that is left out is not that of neutral events."""
    bank = delivered.party("bank")
    body = {**claim_body(delivered, "bank"), "type": "contribution", "exclusive": False}
    async with unchanged(delivered):
        answer = await delivered.post("/v1/claims", {**body, field: "碳中和"}, by=bank.key)
    refused(answer, 422, "says-neutral", f"its {field} says neutral", "碳中和")
    made = await delivered.ok("/v1/claims", body, by=bank.key)
    assert "Contribution" == made["standard"]


async def test_a_footprint_far_below_is_shown_as_such(delivered: World):
    """Of a whole event, in the footprint, the claim and the log; an attendee's trip may be as small as it is."""
    small = await taken(delivered, items=(TRIP,), about=HALL, exclusive=False)
    usual = await taken(delivered, about={**HALL, "place": "Hall B"})
    trip = await taken(delivered, "solar", (TRIP,), about={**HALL, "place": "Hall C"}, attendee=1)
    seen = [(await shown(delivered, each, who))["implausible"] for each, who in ((small, "scenic"), (usual, "scenic"))]
    assert [True, False, False] == [*seen, (await shown(delivered, trip, "solar"))["implausible"]]
    query = "select note_text from registry.statement where type = 'claim/v1' order by id"
    said = [json.loads(row[0].split("\n")[1]) for row in await steps.rows(delivered, query)]
    assert [True, None, None] == [each.get("implausible") for each in said]
    assert [None, None, 1] == [each.get("attendee") for each in said]
    assert HALL == said[0]["about"]


async def test_a_verifiers_name_and_level_are_in_the_claim(delivered: World):
    """With the report, which the claimant did not upload itself."""
    report = {"name": "Tianfu Verification", "level": "limited"}
    own = (await upload(delivered, b"By ourselves", by=delivered.party("scenic").key)).json()["sha256"]
    answer = await claim(delivered, verifier={**report, "report_sha256": own})
    refused(answer, 422, "own-report", own[:12])
    theirs = (await upload(delivered, b"By the verifier", by=delivered.party("vvb").key)).json()["sha256"]
    await taken(delivered, verifier={**report, "report_sha256": theirs})
    (row,) = await steps.rows(delivered, "select note_text from registry.statement where type = 'claim/v1'")
    said = json.loads(row[0].split("\n")[1])
    assert (report, theirs, "third-party") == (said["verifier"], said["report"], said["confirmation"])


@pytest.mark.parametrize(
    ("more", "status", "slug"),
    [
        ({"about": {"kind": "product", "product": "Glass", "batch": "1"}}, 422, "wrong-subject"),
        ({"attendee": 1}, 400, "invalid-request"),
        ({"attendee": 0, "about": HALL}, 400, "invalid-request"),
    ],
)
async def test_keys_that_do_not_fit(delivered: World, more: Any, status: int, slug: str):
    """A product's key for an event; an attendee of no event; an attendee without a number."""
    refused(await claim(delivered, **more), status, slug)

"""One subject is claimed once: which event, which share of it, and what a contribution may call itself."""

import json
from typing import Any

import httpx
import pytest

from registry.claims.wording import says_neutral
from tests.probes import refused, unchanged
from tests.registry.claims.test_claims import claim_body, footprint, shown
from tests.registry.credits import steps
from tests.registry.projects.life import life_of, upload
from tests.worlds import World

HALL = {"kind": "event", "place": "Hall A"}
ENERGY = {"kind": "electricity", "electricity_kwh": 12_000, "grid_region": "CN-510000", "grid_year": 2021}
TRIP = {"kind": "travel", "mode": "car", "distance_km": 20}


async def claim(world: World, who: str = "scenic", items: Any = (ENERGY,), **more: Any) -> httpx.Response:
    """The answer to an event claim on a new footprint; an attendee's share is not exclusive unless it says so."""
    made = (await footprint(world, who, items)).json()
    more = {"exclusive": "attendee" not in more, **more}
    return await world.post(
        "/v1/claims", claim_body(world, who, footprint_id=made["id"], **more), by=world.party(who).key
    )


async def taken(world: World, who: str = "scenic", items: Any = (ENERGY,), **more: Any) -> int:
    """The claim's id; it must be taken."""
    answer = await claim(world, who, items, **more)
    assert 201 == answer.status_code, answer.text
    return int(answer.json()["id"])


async def logged(world: World) -> list[dict[str, Any]]:
    """The bodies of all claims in the log."""
    query = "select note_text from registry.statement where type = 'claim/v1' order by id"
    return [json.loads(row[0].split("\n")[1]) for row in await steps.rows(world, query)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),
        ({}, {"subject": "Under another name"}),
        ({"about": HALL}, {"about": {**HALL, "place": " ｈａｌｌ　 a"}, "subject": "Another"}),
        ({"about": HALL}, {"about": {**HALL, "event_id": "E-2"}, "subject": "Another"}),
        (
            {"about": {**HALL, "event_id": "E-1"}},
            {"about": {**HALL, "event_id": "e-1"}, "begins": "2025-01-05T01:00:00Z", "ends": "2025-01-05T02:00:00Z"},
        ),
        ({"about": HALL}, {"subject": "Another"}),
        (
            {"about": {**HALL, "event_id": "E-1"}},
            {"about": {"kind": "event", "place": "Hall B", "event_id": "e-1"}, "begins": "2025-01-05T01:00:00Z"},
        ),
    ],
)
async def test_a_second_footprint_of_the_same_event(delivered: World, first: Any, second: Any):
    """A number at one place or of one claimant, one place and time, or a claimant's at one time: the first is shown."""
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


async def test_an_attendee_is_not_the_organiser(delivered: World):
    """The log names no organiser for a share, and a share that should be exclusive is refused."""
    await taken(delivered, about=HALL, exclusive=False)
    answer = await claim(delivered, "solar", (TRIP,), about=HALL, attendee=7, exclusive=True)
    refused(answer, 422, "not-a-share", "attendee 7", "exclusive false")
    await taken(delivered, "solar", (TRIP,), about=HALL, attendee=7)
    whole, share = await logged(delivered)
    assert whole["claimant"] == whole["organiser"]
    assert (7, None, False) == (share["attendee"], share.get("organiser"), share["exclusive"])


async def test_numbered_events_at_one_place_are_two(delivered: World):
    """A fair and a congress in one hall at one time; another organiser's number 1, elsewhere and in another year."""
    await taken(delivered, about={**HALL, "event_id": "1"}, subject="Fair")
    await taken(delivered, "solar", about={**HALL, "event_id": "2"}, subject="Congress")
    elsewhere = {"kind": "event", "place": "Hall B", "event_id": "1"}
    year: dict[str, Any] = {"begins": "2024-06-01T01:00:00Z", "ends": "2024-06-02T10:00:00Z"}
    await taken(delivered, "car", about=elsewhere, subject="Ours", **year)
    answer = await claim(delivered, "bank", about=elsewhere, subject="Theirs")
    refused(answer, 409, "subject-claimed", "in about give its own place, or the number")


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
    said = await logged(delivered)
    assert [True, None, None] == [each.get("implausible") for each in said]
    assert [None, None, 1] == [each.get("attendee") for each in said]
    assert HALL == said[0]["about"]


async def identifier_of(world: World, organisation_id: int) -> dict[str, str]:
    """The identifier under which an organisation is registered."""
    organisation = (await world.get(f"/v1/organisations/{organisation_id}", by=world.regulators[0])).json()
    return dict(organisation["identifiers"][0])


async def test_a_verifier_is_who_uploaded_the_report(delivered: World):
    """The log has the registered name; a file of nobody there is refused, no matter who came first with it."""
    vvb = delivered.party("vvb")
    body = {"identifier": await identifier_of(delivered, vvb.organisation_id), "level": "limited"}
    files = {}
    for who in ("scenic", "forest"):
        files[who] = (await upload(delivered, f"By {who}".encode(), by=delivered.party(who).key)).json()["sha256"]
        answer = await claim(delivered, verifier={**body, "report_sha256": files[who]})
        refused(answer, 422, "not-the-verifiers", files[who][:12], f"organisation {vvb.organisation_id}")
    await upload(delivered, b"By scenic", by=vvb.key)
    await taken(delivered, verifier={**body, "report_sha256": files["scenic"]})
    (said,) = await logged(delivered)
    assert {**body, "name": "Tianfu Verification 天府核查"} == said["verifier"]
    assert (files["scenic"], "third-party") == (said["report"], said["confirmation"])


async def test_a_verifier_that_cannot_be(delivered: World):
    """Nobody is registered so; it is no verifier; it is not named; its name is made up; it is too close."""
    scenic, vvb = delivered.party("scenic"), delivered.party("vvb")
    sha256 = (await upload(delivered, b"Report", by=vvb.key)).json()["sha256"]
    report = {"level": "limited", "report_sha256": sha256}
    theirs = await identifier_of(delivered, vvb.organisation_id)
    unknown = {"scheme": "lei", "value": "5493001KJTIIGC8Y1R12"}
    refused(await claim(delivered, verifier={**report, "identifier": unknown}), 404, "not-found", unknown["value"])
    bank = await identifier_of(delivered, delivered.party("bank").organisation_id)
    refused(await claim(delivered, verifier={**report, "identifier": bank}), 422, "not-the-verifiers")
    refused(await claim(delivered, verifier=report), 400, "invalid-request")
    made_up = {**report, "identifier": theirs, "name": "Famous Verifiers"}
    refused(await claim(delivered, verifier=made_up), 400, "invalid-request")
    grant = {"operation": "grant_role", "organisation_id": scenic.organisation_id, "role": "member"}
    await delivered.decide("/v1/grants", {**grant, "person_id": vvb.person_id})
    refused(await claim(delivered, verifier={**report, "identifier": theirs}), 403, "verifier-conflict", "one person")


async def test_a_report_carries_one_claim(delivered: World):
    """Neither another claim nor a validation, whichever comes first."""
    life = await life_of(delivered)
    finding = await life.finding()
    identifier = await identifier_of(delivered, delivered.party("vvb").organisation_id)
    report = {"identifier": identifier, "level": "reasonable", "report_sha256": finding["report_sha256"]}
    await taken(delivered, about=HALL, verifier=report)
    answer = await claim(delivered, "solar", about={**HALL, "place": "Hall B"}, verifier=report)
    refused(answer, 409, "report-used", "the claim about 'Launch'")
    first, second = await life.project("submitted"), await life.project("submitted")
    refused(await life.step(first, "validate", body=finding), 409, "report-used", "the claim about 'Launch'")
    finding = await life.finding()
    await delivered.ok(f"/v1/projects/{second}/validate", finding, by=life.verifier)
    again = {**report, "report_sha256": finding["report_sha256"]}
    answer = await claim(delivered, "solar", about={**HALL, "place": "Hall B"}, verifier=again)
    refused(answer, 409, "report-used", "the validation of")


@pytest.mark.parametrize(
    ("about", "field"),
    [
        ({"kind": "product", "product": "Carbon neutral coffee", "batch": "7"}, "about.product"),
        ({"kind": "product", "product": "Coffee", "batch": "net zero"}, "about.batch"),
        ({"kind": "event", "place": "Climate neutral hall"}, "about.place"),
        ({"kind": "event", "place": "Hall", "event_id": "碳中和"}, "about.event_id"),
    ],
)
async def test_a_contributions_key_never_says_neutral(delivered: World, about: Any, field: str):
    """What it is about is published as well."""
    body = {**claim_body(delivered, "bank"), "type": "contribution", "exclusive": False, "about": about}
    async with unchanged(delivered):
        answer = await delivered.post("/v1/claims", body, by=delivered.party("bank").key)
    assert field == refused(answer, 422, "says-neutral")["field"]


async def test_a_contributions_verifier_never_says_neutral(delivered: World):
    """By a registered name that promises it."""
    vvb = await delivered.newcomer("verifier", name="Climate Neutral Verifiers")
    sha256 = (await upload(delivered, b"Report", by=vvb.key)).json()["sha256"]
    identifier = await identifier_of(delivered, vvb.organisation_id)
    report = {"identifier": identifier, "level": "limited", "report_sha256": sha256}
    body = {**claim_body(delivered, "bank"), "type": "contribution", "exclusive": False, "verifier": report}
    answer = await delivered.post("/v1/claims", body, by=delivered.party("bank").key)
    refused(answer, 422, "says-neutral", "verifier's name", "Climate Neutral Verifiers")


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

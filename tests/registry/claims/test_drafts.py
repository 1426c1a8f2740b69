"""From a draft to a claim: activities, the reduce-first gate, declaring; and what is refused on the way."""

import json
from typing import Any

import pytest

from registry.claims import service as claims
from registry.kit.database import Tx
from tests.probes import refused, unchanged
from tests.registry.claims.preparing import (
    FUEL,
    GREEN,
    HEADER,
    POWER,
    YEAR,
    begun,
    contract,
    counted,
    draft_body,
    found_by_assessor,
    missing,
    ready,
    reason,
    sent,
    verified_plan,
)
from tests.registry.credits import steps
from tests.worlds import World

LEFT_KG = 98_280 + 30_959
"""Market-based power and diesel."""
PERSON = {"responsible_person": "Wang 堃"}


async def last_claim(world: World) -> tuple[str, dict[str, Any]]:
    """The newest claim in the log, as text and as what it says."""
    query = "select note_text from registry.statement where type = 'claim/v1' order by id desc limit 1"
    ((text,),) = await steps.rows(world, query)
    return text, json.loads(text.split("\n")[1])


async def test_an_organisation_reduces_first_then_declares(delivered: World):
    """Each step of the gate is named until it is there; then the claim is in the log with its numbers."""
    solar = delivered.party("solar")
    draft = await begun(delivered, solar)
    shown = (await delivered.get(draft, by=solar.key)).json()
    assert ["footprint", "plan", "reductions", "cap", "finding"] == missing(shown)
    assert {"kind": "organisation", "year": 2024} == {name: shown["terms"]["about"][name] for name in ("kind", "year")}
    answer = await delivered.post(f"{draft}/declare", by=solar.key)
    found = refused(answer, 422, "reduce-first", "(1) Nothing is counted yet", "(2) A plan to reduce is missing")
    assert ["footprint", "plan", "reductions", "cap", "finding"] == found["missing"]

    shown = await counted(delivered, draft, POWER, FUEL, by=solar.key)
    assert 168_480 + 30_959 == shown["footprint"]["result"]["footprint_kg"]
    assert ["plan", "reductions", "cap", "finding"] == missing(shown)
    assert (False, False) == tuple(reason(shown, "green-power")[name] for name in ("passed", "needed"))
    assert {"before_kg": 199_439, "cap_permille": 900, "most_kg": 179_495, "offset_kg": 199_439, "over_kg": 19_944} == (
        reason(shown, "cap")["numbers"]
    )

    shown = await counted(delivered, draft, POWER, GREEN, FUEL, by=solar.key)
    assert "is not registered" in reason(shown, "green-power")["detail"]
    assert 201 == (await contract(delivered, solar)).status_code
    change: dict[str, Any] = {
        "plan": await verified_plan(delivered),
        "measures": [{"what": "Heat recovered", "reduction_kg": 6_000}],
    }
    shown = await delivered.ok(f"{draft}/update", change, by=solar.key)
    assert ["finding"] == missing(shown)
    shown = await delivered.ok(f"{draft}/update", {"verifier": await found_by_assessor(delivered)}, by=solar.key)
    assert (True, []) == (shown["gate"]["passed"], missing(shown))

    claim = await delivered.ok(f"{draft}/declare", by=solar.key)
    assert (LEFT_KG, 6_000, "organisation", False) == tuple(
        claim[name] for name in ("required_kg", "reductions_kg", "type", "neutral")
    )
    _, said = await last_claim(delivered)
    first = said["reduce_first"]
    assert (205_439, 70_200, 900) == tuple(first[name] for name in ("before_kg", "green_power_kg", "cap_permille"))
    assert ("Tianfu Verification 天府核查", "limited") == tuple(first["plan_verifier"][n] for n in ("name", "level"))
    assert (change["plan"]["plan_sha256"], "reasonable") == (first["plan"], said["verifier"]["level"])
    assert {"used_kwh": 1_200_000, "green_kwh": 500_000, "location_based_kg": 168_480, "market_based_kg": 98_280} == (
        said["power"]
    )
    assert [("scope-1", 30_959), ("scope-2", 98_280), ("scope-3", 0)] == [
        (each["category"], each["mass_kg"]) for each in said["footprint"]
    ]
    contracts = (await delivered.get("/v1/green-power", by=solar.key)).json()["items"]
    assert [(500_000, 500_000, 0)] == [(e["green_kwh"], e["used_kwh"], e["left_kwh"]) for e in contracts]
    shown = (await delivered.get(draft, by=solar.key)).json()
    assert ("declared", claim["id"]) == (shown["state"], shown["claim_id"])
    assert {"passed": True, "reasons": []} == shown["gate"]
    refused(await delivered.post(f"{draft}/declare", by=solar.key), 409, "draft-closed", "declared")
    await steps.retire(delivered, solar, claim["id"], LEFT_KG)
    assert (await delivered.get(f"/v1/claims/{claim['id']}")).json()["neutral"]
    shown = (await delivered.get(f"/v1/claims/{claim['id']}")).json()
    assert (None, None) == (shown["measures"], shown["reduction_plan"])


async def test_avoided_emissions_are_never_reductions(delivered: World):
    """However much others did not emit; taking it out opens the gate again."""
    solar = delivered.party("solar")
    draft = await ready(delivered, solar)
    both = [
        {"what": "Heat recovered", "reduction_kg": 6_000},
        {"what": "Panels sold", "kind": "avoided", "reduction_kg": 9_000_000},
    ]
    shown = await delivered.ok(f"{draft}/update", {"measures": both}, by=solar.key)
    assert {"reductions_kg": 6_000, "avoided_kg": 9_000_000} == reason(shown, "reductions")["numbers"]
    answer = await delivered.post(f"{draft}/declare", by=solar.key)
    found = refused(answer, 422, "reduce-first", "9000000 kg are avoided emissions", "never be used as reductions")
    assert ["reductions"] == found["missing"]
    shown = await delivered.ok(f"{draft}/update", {"measures": both[:1]}, by=solar.key)
    assert shown["gate"]["passed"]


async def test_the_gate_stands_before_claims_made_without_a_draft(delivered: World):
    """A program that posts the claim itself is asked for the same."""
    solar = delivered.party("solar")
    draft = (await delivered.get(await begun(delivered, solar), by=solar.key)).json()
    shown = await counted(delivered, f"/v1/claim-drafts/{draft['id']}", POWER, by=solar.key)
    body = draft_body(solar, about=shown["terms"]["about"], footprint_id=shown["terms"]["footprint_id"], exclusive=True)
    async with unchanged(delivered):
        answer = await delivered.post("/v1/claims", body, by=solar.key)
    found = refused(answer, 422, "reduce-first", "A plan to reduce is missing")
    assert ["plan", "reductions", "cap", "finding"] == found["missing"]


@pytest.mark.parametrize(
    ("change", "missing_steps", "said"),
    [
        ({"plan": None}, ["plan"], "A plan to reduce is missing"),
        ({"verifier": None}, ["finding"], "No assessor has examined"),
        ({"measures": []}, [], ""),  # green power alone took a third
        ({"ends": "2025-12-31T15:59:59Z"}, ["period"], "known only then"),
        ({"about": None}, [], ""),
    ],
)
async def test_what_keeps_the_gate_closed(delivered: World, change: Any, missing_steps: list[str], said: str):
    """One part taken out of a draft that was ready."""
    solar = delivered.party("solar")
    draft = await ready(delivered, solar)
    if change == {"about": None}:
        refused(await delivered.post(f"{draft}/update", change, by=solar.key), 400, "invalid-request")
        return
    shown = await delivered.ok(f"{draft}/update", change, by=solar.key)
    assert missing_steps == missing(shown)
    assert any(said in each["detail"] for each in shown["gate"]["reasons"])


async def test_a_plan_is_verified_by_somebody_else(delivered: World):
    """Uploaded by the claimant itself, or by nobody: the gate says why it does not count."""
    solar = delivered.party("solar")
    draft = await ready(delivered, solar)
    plan = await verified_plan(delivered)
    own = await delivered.season.document("Our own plan", by=solar.key)
    shown = await delivered.ok(f"{draft}/update", {"plan": {**plan, "plan_sha256": own}}, by=solar.key)
    assert "was uploaded by nobody who is a verifier" in reason(shown, "plan")["detail"]
    shown = await delivered.ok(f"{draft}/update", {"plan": {**plan, "plan_sha256": "ab" * 32}}, by=solar.key)
    assert "were not uploaded" in reason(shown, "plan")["detail"]
    assert ["plan"] == missing(shown)


async def test_a_plan_is_no_report_on_the_footprint(delivered: World):
    """One document for both steps is one step, in a draft and in a claim without one."""
    solar = delivered.party("solar")
    draft = await ready(delivered, solar, plan=b"One document", report=b"One document")
    shown = (await delivered.get(draft, by=solar.key)).json()
    assert ["plan"] == missing(shown)
    async with unchanged(delivered):
        refused(await delivered.post(f"{draft}/declare", by=solar.key), 422, "reduce-first", "a document of its own")


async def test_a_kilowatt_hour_is_claimed_once(delivered: World):
    """A second claim by the same contract gets what is left; another organisation cannot register its number."""
    solar, bank = delivered.party("solar"), delivered.party("bank")
    first = await ready(delivered, solar)
    assert 201 == (await contract(delivered, solar, 100, number="GP-2")).status_code
    for number in ("GP-2024-1", " gp-2024-1", "ＧＰ-2024-1"):
        answer = await contract(delivered, bank, number=number.strip())
        refused(answer, 409, "contract-registered", "registered already")
    second = await begun(delivered, solar, subject="Another year", begins="2024-01-01T00:00:00Z")
    await counted(delivered, second, POWER, GREEN, by=solar.key)
    await delivered.ok(f"{first}/declare", by=solar.key)
    shown = (await delivered.get(second, by=solar.key)).json()
    assert "has 0 of 500000 kWh left, and 500000 are named" in reason(shown, "green-power")["detail"]
    assert "green-power" in missing(shown)


async def test_a_contract_of_another_time_covers_nothing(delivered: World):
    """Its period does not meet the claim's; or it is another organisation's."""
    solar, bank = delivered.party("solar"), delivered.party("bank")
    await contract(delivered, solar, begins="2022-01-01T00:00:00Z", ends="2022-12-31T00:00:00Z")
    await contract(delivered, bank, number="GP-3")
    draft = await begun(delivered, solar)
    for number in ("GP-2024-1", "GP-3"):
        shown = await counted(delivered, draft, POWER, GREEN.replace("GP-2024-1", number), by=solar.key)
        assert "is not registered for this organisation and period" in reason(shown, "green-power")["detail"]


async def test_a_person_stays_sealed(delivered: World):
    """A household's claim: the name is in no statement and no page of the log, one claim for one person at a time."""
    scenic = delivered.party("scenic")
    words = {"subject": "A household's year", "boundary": "Power at home and trips by train", **PERSON}
    draft = await begun(delivered, scenic, "person", **words)
    rows = ("electricity,2400,kWh,,CN-510000,2022,,,,,\r\n", "train,3000,km,,,,,,,,\r\n")
    shown = await counted(delivered, draft, *rows, by=scenic.key)
    assert ["plan"] == missing(shown)
    await delivered.ok(f"{draft}/update", {"reduction_plan": "No car, no flights"}, by=scenic.key)
    claim = await delivered.ok(f"{draft}/declare", by=scenic.key)
    assert 444 == claim["required_kg"]  # 336.96 + 106.38
    text, said = await last_claim(delivered)
    assert ("Wang" in text, "堃" in text, "claimant" in said, "about" in said) == (False, False, False, False)
    assert {"reduction_plan", "responsible_person"} == said["sections"].keys()
    assert "Wang" not in (await delivered.get(f"/v1/claims/{claim['id']}", by=scenic.key)).text
    assert "Wang" not in (await delivered.get(draft, by=scenic.key)).text
    assert "A household" not in (await delivered.get("/v1/search?q=person-")).text

    path = f"/v1/claims/{claim['id']}/corrections"
    for named in (
        {"reason": "Typo", "subject": "The year of ＷANG 堃"},
        {"reason": "For Wang 堃", "subject": "A year"},
    ):
        async with unchanged(delivered):
            refused(await delivered.post(path, named, by=scenic.key), 422, "names-a-person")

    again = await begun(delivered, scenic, "person", **{**words, "subject": "Other words"})
    await counted(delivered, again, *rows, by=scenic.key)
    await delivered.ok(f"{again}/update", {"reduction_plan": "None"}, by=scenic.key)
    refused(await delivered.post(f"{again}/declare", by=scenic.key), 409, "subject-claimed")


async def test_a_person_is_named_nowhere_else(delivered: World):
    """Without a name the gate is closed; with the name in the published words the claim is refused."""
    scenic = delivered.party("scenic")
    draft = await begun(delivered, scenic, "person", subject="The year of Ｗang  堃")
    await counted(delivered, draft, "train,3000,km,,,,,,,,\r\n", by=scenic.key)
    shown = await delivered.ok(f"{draft}/update", {"reduction_plan": "No car"}, by=scenic.key)
    assert ["person"] == missing(shown)
    await delivered.ok(f"{draft}/update", PERSON, by=scenic.key)
    refused(await delivered.post(f"{draft}/declare", by=scenic.key), 422, "names-a-person", "subject")


async def test_a_scene_is_counted_as_what_it_is(delivered: World):
    """A hotel by room-nights; claimed once at a place in a time; an organisation's file does not fit it."""
    scenic = delivered.party("scenic")
    inn = {"about": {"kind": "scene", "scene": "hotel", "place": "Riverside inn"}}
    draft = await begun(delivered, scenic, "scene", **inn)
    answer = await sent(delivered, draft, HEADER + "train,1,km,,,,,,,,\r\nscope-1,1,t,,,,,1,Ours,,\r\n", by=scenic.key)
    found = refused(answer, 422, "activity-file-wrong", "1 cells are wrong, first row 3, activity: 'scope-1'")
    assert [3] == [each["row"] for each in found["rows"]]
    shown = await counted(delivered, draft, POWER, "served,12000,room-nights,,,,,,,,\r\n", by=scenic.key)
    intensity = shown["footprint"]["result"]["intensity"]
    assert ("room-nights", 12_000, "14.04") == tuple(intensity[name] for name in ("unit", "count", "kg_each"))
    measures = {"measures": [{"what": "LED", "reduction_kg": 20_000}], "plan": await verified_plan(delivered)}
    await delivered.ok(f"{draft}/update", measures, by=scenic.key)
    await delivered.ok(f"{draft}/declare", by=scenic.key)
    _, said = await last_claim(delivered)
    assert {**inn["about"]} == said["about"]
    again = await begun(delivered, scenic, "scene", **inn, subject="Other words")
    await counted(delivered, again, POWER, by=scenic.key)
    await delivered.ok(f"{again}/update", measures, by=scenic.key)
    refused(await delivered.post(f"{again}/declare", by=scenic.key), 409, "subject-claimed")


async def test_an_organisation_claims_its_own_year(delivered: World):
    """Not another's, and no period of two years."""
    solar, bank = delivered.party("solar"), delivered.party("bank")
    draft = await ready(delivered, solar)
    theirs = (await delivered.get(f"/v1/organisations/{bank.organisation_id}")).json()["identifiers"][0]
    for change, said in (
        ({"about": {"kind": "organisation", "organisation": theirs, "year": 2024}}, "claims for itself"),
        ({"begins": "2023-06-30T16:00:00Z"}, "period is of 2023, 2024"),
    ):
        before = (await delivered.get(draft, by=solar.key)).json()["terms"]
        await delivered.ok(f"{draft}/update", change, by=solar.key)
        async with unchanged(delivered):
            refused(await delivered.post(f"{draft}/declare", by=solar.key), 422, "not-its-year", said)
        await delivered.ok(f"{draft}/update", {name: before[name] for name in change}, by=solar.key)
    await delivered.ok(f"{draft}/declare", by=solar.key)


async def test_an_organisation_has_one_claim_a_year_by_any_identifier(delivered: World):
    """Its second identifier makes no second subject, not for another part of the year either; another year is one."""
    solar = delivered.party("solar")
    lei = {"scheme": "lei", "value": "5493001KJTIIGC8Y1R12"}

    async def identified(tx: Tx) -> None:
        query = "insert into registry.party_identifier (scheme, value, party_id) values ($1, $2, $3)"
        await tx.execute(query, lei["scheme"], lei["value"], solar.organisation_id)

    await delivered.db.transaction(identified)
    draft = await ready(delivered, solar)
    first = await delivered.ok(f"{draft}/declare", by=solar.key)
    again = await ready(delivered, solar, plan=b"Another plan", report=b"Another report")
    by_other = {"about": {**first["about"], "organisation": lei}, "begins": "2024-06-30T16:00:00Z"}
    shown = await delivered.ok(f"{again}/update", by_other, by=solar.key)
    assert ["green-power"] == missing(shown)  # that contract is used up by the first
    await counted(delivered, again, POWER, FUEL, by=solar.key)
    await delivered.ok(f"{again}/update", {"measures": [{"what": "Heat", "reduction_kg": 60_000}]}, by=solar.key)
    refused(await delivered.post(f"{again}/declare", by=solar.key), 409, "subject-claimed", f"Claim {first['id']} (")


async def test_drafts_are_private_and_end(delivered: World):
    """Nobody else sees or changes one; a withdrawn one forgets the person and changes no more."""
    solar, bank = delivered.party("solar"), delivered.party("bank")
    draft = await begun(delivered, solar, **PERSON)
    assert [] == (await delivered.get("/v1/claim-drafts", by=bank.key)).json()["items"]
    refused(await delivered.get(draft, by=bank.key), 403, "not-yours")
    for step, body in (("update", {"subject": "Mine"}), ("activities", {"csv": HEADER.strip()}), ("withdraw", None)):
        refused(await delivered.post(f"{draft}/{step}", body, by=bank.key), 403, "not-yours")
    refused(await sent(delivered, draft, HEADER, by=bank.key), 403, "not-yours")
    refused(await delivered.post(f"{draft}/declare", by=bank.key), 403, "not-yours")
    withdrawn = await delivered.ok(f"{draft}/withdraw", by=solar.key)
    assert ("withdrawn", "") == (withdrawn["state"], withdrawn["terms"]["responsible_person"])
    for step, body in (("update", {"subject": "Mine"}), ("withdraw", None), ("declare", None)):
        refused(await delivered.post(f"{draft}/{step}", body, by=solar.key), 409, "draft-closed", "withdrawn")
    refused(await delivered.get("/v1/claim-drafts/999", by=solar.key), 404, "not-found")
    for each in ("product", "compliance"):
        answer = await delivered.post("/v1/claim-drafts", draft_body(solar, each), by=solar.key)
        refused(answer, 422, "claim-type-not-open")
    backwards = draft_body(solar, begins=YEAR["ends"], ends=YEAR["begins"])
    refused(await delivered.post("/v1/claim-drafts", backwards, by=solar.key), 400, "invalid-request")


async def test_an_event_and_a_contribution_are_prepared_too(delivered: World):
    """An event describes what it reduced; a contribution asks for nothing."""
    scenic = delivered.party("scenic")
    hall = {"kind": "event", "place": "Hall D"}
    draft = await begun(delivered, scenic, "event", about=hall, subject="Spring concert")
    await counted(delivered, draft, "metro,20,km,60,,,,,,,\r\n", "hotel,3,room-nights,,,,,,,,\r\n", by=scenic.key)
    assert ["plan"] == missing((await delivered.get(draft, by=scenic.key)).json())
    await delivered.ok(f"{draft}/update", {"reduction_plan": "Metro first"}, by=scenic.key)
    assert "event" == (await delivered.ok(f"{draft}/declare", by=scenic.key))["type"]
    gift = await begun(delivered, scenic, "contribution", subject="For the forest", exclusive=False)
    refused(
        await delivered.post(f"{gift}/activities", {"csv": (HEADER + POWER).replace("\r", "")}, by=scenic.key),
        422,
        "claim-type-not-open",
    )
    assert "contribution" == (await delivered.ok(f"{gift}/declare", by=scenic.key))["type"]


async def test_what_was_counted_is_sent_again(delivered: World):
    """The activities of a footprint come back as a file; corrected, it replaces the footprint of the draft."""
    solar = delivered.party("solar")
    draft = await begun(delivered, solar)
    shown = await counted(delivered, draft, POWER, GREEN, FUEL, by=solar.key)
    first = shown["terms"]["footprint_id"]
    file = (await delivered.get(f"/v1/footprints/{first}/activities", by=solar.key)).text
    assert ("\ufeff", "\r\n") == (file[0], file[-2:])
    file = file.removeprefix("\ufeff").replace("\r\n", "\n")  # in JSON a text has the characters that can be seen
    answer = await delivered.post(f"{draft}/activities", {"csv": file.replace("1200000", "1300000")}, by=solar.key)
    again = answer.json()
    assert first != again["terms"]["footprint_id"]
    assert 14_040 == again["footprint"]["result"]["footprint_kg"] - shown["footprint"]["result"]["footprint_kg"]
    wrong = file.replace("1200000", "1,3e6")
    refused(await delivered.post(f"{draft}/activities", {"csv": wrong}, by=solar.key), 422, "activity-file-wrong")
    stays = (await delivered.get(draft, by=solar.key)).json()
    assert again["terms"]["footprint_id"] == stays["terms"]["footprint_id"]


async def test_what_a_draft_or_claim_names_is_no_waste(delivered: World):
    """Plan and report are kept from the operator's clean-up from the moment a draft names them, and for the claim."""
    solar = delivered.party("solar")
    draft = await ready(delivered, solar)
    terms = (await delivered.get(draft, by=solar.key)).json()["terms"]
    named = {terms["plan"]["plan_sha256"], terms["verifier"]["report_sha256"]}
    for step in ("drafted", "declared"):
        if step == "declared":
            await delivered.ok(f"{draft}/declare", by=solar.key)
        async with delivered.db.reading() as tx:
            assert named == await claims.reports_named_in(tx, [*named, "ab" * 32])
    other = await begun(delivered, solar, subject="Given up")
    plan = await verified_plan(delivered, b"Another plan")
    await delivered.ok(f"{other}/update", {"plan": plan}, by=solar.key)
    await delivered.ok(f"{other}/withdraw", by=solar.key)
    async with delivered.db.reading() as tx:
        assert frozenset() == await claims.reports_named_in(tx, [plan["plan_sha256"]])

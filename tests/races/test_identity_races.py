"""Two that are the same come at once: one subject, one site. Each waits past its checks until both are there."""

from tests.probes import as_owner
from tests.races.race_region import RaceRegion
from tests.races.test_ledger_races import claim_body, outcome, race
from tests.registry.projects.life import project_body, upload


async def test_a_subject_is_claimed_by_one_of_two(region: RaceRegion):
    """Two footprints, one event: the second sees the first one's claim, and is refused."""
    about = {"kind": "event", "place": "One hall"}
    bodies = [{**await claim_body(region), "about": about} for _ in range(2)]
    contenders = [region.world.post("/v1/claims", each, by=region.buyers[0].key) for each in bodies]
    answers = await race(region, contenders, "lock table registry.claim in exclusive mode")
    assert [(201, ""), (409, "subject-claimed")] == outcome(answers)


async def test_a_claim_is_renamed_or_another_one_made(region: RaceRegion):
    """A correction to the words of a claim that is just being made: whichever comes second is refused."""
    one, other = region.buyers
    body = {**await claim_body(region), "about": None, "subject": "Another"}
    made = await region.world.ok("/v1/claims", body, by=one.key)
    correction = {"reason": "Misspelt", "subject": "Spring gala"}
    body = {**await claim_body(region, other), "about": None, "subject": "spring  gala"}
    contenders = [
        region.world.post(f"/v1/claims/{made['id']}/corrections", correction, by=one.key),
        region.world.post("/v1/claims", body, by=other.key),
    ]
    answers = await race(region, contenders, "lock table registry.statement in exclusive mode")
    assert [(201, ""), (409, "subject-claimed")] == outcome(answers)


async def test_a_report_carries_one_of_two_decisions(region: RaceRegion):
    """Two projects validated by one report: the second waits for the first, and is refused."""
    world, key, verifier = region.world, region.maker.key, region.operator.key
    granted = (
        "insert into registry.role_grant (person_id, organisation_id, role, during) "
        "values ($1, $2, 'verifier', tstzrange(registry.business_now(), null))"
    )
    await as_owner(world, granted, region.operator.person_id, region.operator.organisation_id)
    report = (await upload(world, b"Validation report", by=verifier)).json()["sha256"]
    contenders = []
    for word in ("first", "second"):
        pdd = (await upload(world, f"The {word} design".encode(), by=key)).json()["sha256"]
        draft = await world.ok("/v1/projects", project_body(region.maker.organisation_id, documents=[pdd]), by=key)
        await world.ok(f"/v1/projects/{draft['id']}/submit", {"why": "Ready"}, by=key)
        finding = {"why": "Right", "report_sha256": report}
        contenders.append(world.post(f"/v1/projects/{draft['id']}/validate", finding, by=verifier))
    answers = await race(region, contenders, "lock table registry.project_event in exclusive mode")
    assert [(201, ""), (409, "report-used")] == outcome(answers)


async def test_a_site_is_submitted_by_one_of_two(region: RaceRegion):
    """Two drafts of one site: the second sees that the first is submitted, and is refused."""
    world, key = region.world, region.maker.key
    drafts = []
    for word in ("first", "second"):
        pdd = (await upload(world, f"The {word} design".encode(), by=key)).json()["sha256"]
        body = project_body(region.maker.organisation_id, location="One site", documents=[pdd])
        drafts.append((await world.ok("/v1/projects", body, by=key))["id"])
    contenders = [world.post(f"/v1/projects/{each}/submit", {"why": "Ready"}, by=key) for each in drafts]
    answers = await race(region, contenders, "lock table registry.project_event in exclusive mode")
    assert [(201, ""), (409, "project-repeated")] == outcome(answers)

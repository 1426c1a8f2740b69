"""Two that are the same come at once: one subject, one site. Each waits past its checks until both are there."""

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

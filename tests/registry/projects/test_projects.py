"""A project from draft to registration: who takes which step from where, and what the history says afterwards."""

from typing import Any

import pytest

from registry.projects.rules import PROJECT_STEPS, WHO_REJECTS
from tests.probes import as_owner, refused, unchanged
from tests.registry.projects.life import (
    FIRST_DAY,
    NOTICE_ENDS,
    NOTICE_IS_OVER,
    PROJECT_STATES,
    Life,
    life_of,
    project_body,
)
from tests.worlds import World

STEPS = {
    "update": "update",
    "submit": "submit",
    "validate": "validate",
    "notice": "open_notice",
    "comments": "comment",
    "register": "register",
    "reject": "reject",
    "reports": "report",
}
"""The name of a step in the path and in the rules."""


async def state_of(world: World, project_id: int) -> str:
    """The state of a project."""
    return str((await world.get(f"/v1/projects/{project_id}", by=world.regulators[1])).json()["state"])


async def history(world: World, project_id: int) -> list[dict[str, Any]]:
    """The whole history."""
    answer = await world.get(f"/v1/projects/{project_id}/history?limit=100")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_the_whole_way(delivered: World):
    """Draft, submitted, validated, public notice, registered: five states, each by one step."""
    life = await life_of(delivered)
    project_id = await life.project("draft")
    states = [await state_of(delivered, project_id)]
    states += [(await life.took(project_id, step))["state"] for step in ("submit", "validate", "notice")]
    await life.notice_over(project_id)
    states.append((await life.took(project_id, "register"))["state"])
    assert [state for state in PROJECT_STATES if state != "rejected"] == states


async def test_the_history_says_who_when_from_to_and_why(delivered: World):
    """Every step of a life with one rejection: person, organisation, instant, both states, reason."""
    life = await life_of(delivered)
    project_id = await life.project("draft")
    for step, by in (("submit", ""), ("reject", life.verifier), ("submit", ""), ("validate", ""), ("notice", "")):
        await life.took(project_id, step, why=f"{step}!", by=by)
    await life.notice_over(project_id)
    await life.took(project_id, "register", why="register!")
    forest, vvb = delivered.party("forest"), delivered.party("vvb")
    regulator = (delivered.season.regulator_ids[0], 1)
    developer, verifier = (forest.person_id, forest.organisation_id), (vvb.person_id, vvb.organisation_id)
    opened = "2025-01-06T02:00:00Z"
    expected = [
        (developer, None, "draft", "Draft created", opened),
        (developer, "draft", "submitted", "submit!", opened),
        (verifier, "submitted", "rejected", "reject!", opened),
        (developer, "rejected", "submitted", "submit!", opened),
        (verifier, "submitted", "validated", "validate!", opened),
        (regulator, "validated", "public_notice", "notice!", opened),
        (regulator, "public_notice", "registered", "register!", NOTICE_IS_OVER),
    ]
    actual = [
        ((each["person_id"], each["organisation_id"]), each["from_state"], each["to_state"], each["why"], each["at"])
        for each in await history(delivered, project_id)
    ]
    validated = actual[4][3]
    assert "validation report" in validated
    assert expected == [(*each[:3], each[3].partition(" (")[0], each[4]) for each in actual]


@pytest.mark.parametrize("state", PROJECT_STATES)
async def test_a_step_from_the_wrong_state(delivered: World, state: str):
    """Every step that does not follow: 409 that names the state and those it follows from; nothing is changed."""
    life = await life_of(delivered)
    project_id = await life.project(state)
    wrong = {step: await life.body(step) for step, rule in STEPS.items() if state not in PROJECT_STEPS[rule]}
    async with unchanged(delivered):
        for step, body in wrong.items():
            answer = await life.step(project_id, step, by=life.verifier if step == "reject" else "", body=body)
            problem = refused(answer, 409, "wrong-state", state, STEPS[step])
            assert sorted(PROJECT_STEPS[STEPS[step]]) == problem["allowed"]


@pytest.mark.parametrize("state", ["submitted", "validated", "public_notice"])
async def test_sent_back_and_submitted_again(delivered: World, state: str):
    """The role whose turn it is sends it back; the history says from which state, and it can be submitted again."""
    life = await life_of(delivered)
    project_id = await life.project(state)
    by = life.verifier if WHO_REJECTS[state] == "verifier" else life.regulator
    rejected = await life.took(project_id, "reject", by=by)
    assert ("rejected", state) == (rejected["state"], rejected["rejected_from"])
    await life.took(project_id, "update")
    submitted = await life.took(project_id, "submit")
    assert ("submitted", None) == (submitted["state"], submitted["rejected_from"])
    assert "validated" == (await life.took(project_id, "validate"))["state"]


@pytest.mark.parametrize("state", ["submitted", "validated", "public_notice"])
async def test_the_others_do_not_send_it_back(delivered: World, state: str):
    """The regulator waits for the verifier, and the verifier is done once it has validated."""
    life = await life_of(delivered)
    project_id = await life.project(state)
    by = life.regulator if WHO_REJECTS[state] == "verifier" else life.verifier
    async with unchanged(delivered):
        refused(await life.step(project_id, "reject", by=by), 403, "not-your-turn")


async def test_a_notice_lasts_seven_working_days(delivered: World):
    """Opened on a Monday it counts from Tuesday and ends on Wednesday week; it is over at midnight in Shanghai."""
    life = await life_of(delivered)
    project_id = await life.project("validated")
    opened = await life.took(project_id, "notice")
    assert (FIRST_DAY, NOTICE_ENDS) == (opened["notice_opened"], opened["notice_ends"])
    await delivered.ok("/v1/clock", {"at": "2025-01-15T15:59:59Z"}, by=life.regulator)
    async with unchanged(delivered):
        answer = await life.step(project_id, "register")
    refused(answer, 409, "notice-running", NOTICE_ENDS, "2025-01-15 15:59Z", "2025-01-15 16:00Z")
    await delivered.ok("/v1/clock", {"at": NOTICE_IS_OVER}, by=life.regulator)
    assert "registered" == (await life.took(project_id, "register"))["state"]


async def test_a_notice_over_the_spring_festival(delivered: World):
    """Holidays do not count and a worked Sunday does: opened on 2025-01-24, it ends on 2025-02-10."""
    life = await life_of(delivered)
    project_id = await life.project("validated")
    await delivered.ok("/v1/clock", {"at": "2025-01-24T01:00:00Z"}, by=life.regulator)
    assert "2025-02-10" == (await life.took(project_id, "notice"))["notice_ends"]


async def test_a_year_without_a_calendar(delivered: World):
    """A simulated region assumes it and goes on; a real one refuses: a guess would be worse."""
    life = await life_of(delivered)
    real, simulated = [await life.project("validated") for _ in range(2)]
    await delivered.ok("/v1/clock", {"at": "2029-03-01T01:00:00Z"}, by=life.regulator)
    assert "2029-03-12" == (await life.took(simulated, "notice"))["notice_ends"]
    await as_owner(delivered, "update registry.region set simulated = false")
    async with unchanged(delivered):
        answer = await life.step(real, "notice")
    refused(answer, 422, "calendar-not-covered", "2029", "calendar add")


async def test_anybody_comments_while_the_notice_runs(delivered: World):
    """The text is public, its author is not."""
    life = await life_of(delivered)
    project_id = await life.project("public_notice")
    made = await life.took(project_id, "comments", why="Which plots?", by=delivered.party("bank").key)
    listed = (await delivered.get(f"/v1/projects/{project_id}/comments")).json()["items"]
    assert ([made], {"id", "text", "at"}) == (listed, set(made))


async def test_no_comment_after_the_notice(delivered: World):
    """Its last day is over, and the project is not registered yet: too late."""
    life = await life_of(delivered)
    project_id = await life.project("public_notice")
    await delivered.ok("/v1/clock", {"at": NOTICE_IS_OVER}, by=life.regulator)
    async with unchanged(delivered):
        answer = await life.step(project_id, "comments", by=delivered.party("bank").key)
    refused(answer, 409, "notice-over", NOTICE_ENDS)


@pytest.mark.parametrize("changed", [{"crediting_ends": "2024-01-01"}, {"crediting_ends": "2023-12-31"}])
async def test_a_crediting_period_that_is_none(delivered: World, changed: dict[str, str]):
    """It ends after it begins."""
    life = await life_of(delivered)
    async with unchanged(delivered):
        body = project_body(life.organisation_id, **changed)
        answer = await delivered.post("/v1/projects", body, by=life.developer)
    refused(answer, 400, "invalid-request", changed["crediting_ends"], "2024-01-01")


async def test_an_unknown_methodology(delivered: World):
    """Only those of the catalogue."""
    life = await life_of(delivered)
    async with unchanged(delivered):
        body = project_body(life.organisation_id, methodology="perpetual-motion")
        refused(await delivered.post("/v1/projects", body, by=life.developer), 400, "invalid-request", "methodology")


async def test_an_update_replaces_what_the_draft_says(delivered: World):
    """Everything but its owner, number and state."""
    life = await life_of(delivered)
    project_id = await life.project("draft")
    body = {**project_body(0, name="Another name", location="Elsewhere")}
    del body["organisation_id"]
    made = await delivered.ok(f"/v1/projects/{project_id}/update", body, by=life.developer)
    assert ("Another name", "Elsewhere", "draft") == (made["name"], made["location"], made["state"])
    assert life.organisation_id == made["developer_id"]


async def test_a_list_by_state(delivered: World):
    """Only those in it."""
    life: Life = await life_of(delivered)
    project_id = await life.project("validated")
    items = (await delivered.get("/v1/projects?state=validated")).json()["items"]
    assert [project_id] == [each["id"] for each in items]


DRAFTS = ("/v1/projects/{0}", "/v1/projects/{0}/history", "/v1/projects/{0}/comments", "/v1/projects/{0}/reports")


async def test_a_draft_is_its_developers(delivered: World):
    """Only its developer and overseers see that it exists; once it is submitted, everybody does."""
    life = await life_of(delivered)
    project_id = await life.project("draft")
    for path in DRAFTS:
        refused(await delivered.get(path.format(project_id)), 404, "not-found", project_id)
        refused(await delivered.get(path.format(project_id), by=life.verifier), 404, "not-found", project_id)
        answers = [await delivered.get(path.format(project_id), by=key) for key in (life.developer, life.regulator)]
        assert [200, 200] == [answer.status_code for answer in answers]
    await life.took(project_id, "submit")
    assert 200 == (await delivered.get(f"/v1/projects/{project_id}")).status_code


async def test_a_list_hides_the_drafts_of_others(delivered: World):
    """The public sees none, the developer its own, an overseer all."""
    life = await life_of(delivered)
    await life.project("draft")
    keys = ("", life.verifier, life.developer, life.regulator)
    answers = [(await delivered.get("/v1/projects?state=draft", by=key)).json()["items"] for key in keys]
    assert [0, 0, 1, 1] == [len(items) for items in answers]

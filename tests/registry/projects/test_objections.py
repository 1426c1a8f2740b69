"""The notice has a public: what it reads, how anybody objects, and that each objection has an answer in the end."""

from typing import Any

import httpx
import pytest

from tests.probes import refused, unchanged
from tests.registry.projects.life import NOTICE_ENDS, NOTICE_IS_OVER, Life, life_of, upload
from tests.worlds import World

OBJECTION = {"name": "Village 3 三村", "contact": "+86 28 0000 0000", "text": "The spring dries up 泉水会干"}


async def noticed(world: World) -> tuple[Life, int]:
    """A project in public notice."""
    life = await life_of(world)
    return life, await life.project("public_notice")


async def objected(world: World, project_id: int, **changed: Any) -> httpx.Response:
    """The answer to an objection without a key of any kind."""
    return await world.http.post(f"/v1/projects/{project_id}/objections", json={**OBJECTION, **changed})


async def test_anybody_reads_the_design(delivered: World):
    """Without a key: who develops it, the documents byte for byte, the validation report; nothing of a draft."""
    life = await life_of(delivered)
    content = b"Project design document \xff"
    pdd = (await upload(delivered, content, by=life.developer)).json()["sha256"]
    project_id = await life.project("public_notice", documents=[pdd])
    shown = (await delivered.http.get(f"/v1/projects/{project_id}")).json()
    assert "Longquan Hills Forestry 龙泉山林业" == shown["developer"]
    answer = await delivered.http.get(f"/v1/projects/{project_id}/documents/{pdd}")
    assert (200, content, "nosniff") == (answer.status_code, answer.content, answer.headers["x-content-type-options"])
    report = await delivered.http.get(f"/v1/projects/{project_id}/documents/{shown['validation_report']}")
    assert report.content.startswith(b"Report")
    draft = await life.project("draft")
    (own,) = (await delivered.get(f"/v1/projects/{draft}", by=life.developer)).json()["documents"]
    refused(await delivered.http.get(f"/v1/projects/{draft}/documents/{own}"), 404, "not-found")
    refused(await delivered.http.get(f"/v1/projects/{project_id}/documents/{own}"), 404, "not-found", own)


async def test_anybody_objects(delivered: World):
    """Without a key, once however often it is sent; the name and the words are public, the contact the regulator's."""
    life, project_id = await noticed(delivered)
    first, again = [(await objected(delivered, project_id)).json() for _ in range(2)]
    assert first == again
    path = f"/v1/projects/{project_id}/objections"
    keys = ("", life.developer, life.regulator)
    (public,), (developers,), (regulators,) = [(await delivered.get(path, by=k)).json()["items"] for k in keys]
    assert {**first, "contact": None} == public == developers
    assert first == regulators
    assert (*OBJECTION.values(), None) == (*(regulators[each] for each in OBJECTION), regulators["answer"])


@pytest.mark.parametrize("changed", [{"contact": ""}, {"contact": "ab"}, {"text": ""}, {"name": ""}, {"more": 1}])
async def test_an_objection_says_who_and_what(delivered: World, changed: Any):
    """A contact, words, a name, and nothing else."""
    _, project_id = await noticed(delivered)
    async with unchanged(delivered):
        refused(await objected(delivered, project_id, **changed), 400, "invalid-request", *changed)


async def test_only_while_the_notice_runs(delivered: World):
    """Neither before it nor after its last day."""
    life = await life_of(delivered)
    early = await life.project("validated")
    refused(await objected(delivered, early), 409, "wrong-state", "validated", "object")
    project_id = await life.project("public_notice")
    await delivered.ok("/v1/clock", {"at": NOTICE_IS_OVER}, by=life.regulator)
    refused(await objected(delivered, project_id), 409, "notice-over", NOTICE_ENDS)


async def test_no_registration_without_answers(delivered: World):
    """Each one alone, or the rest jointly; then it is registered, and every objection shows its answer."""
    life, project_id = await noticed(delivered)
    made = [(await objected(delivered, project_id, text=f"Because {n}")).json()["id"] for n in range(25)]
    await life.notice_over(project_id)
    async with unchanged(delivered):
        problem = refused(await life.step(project_id, "register"), 409, "objections-open", "25 objections", made[0])
    assert (25, made[0]) == (problem["open"], problem["first"])
    path = f"/v1/projects/{project_id}/answers"
    alone = await delivered.ok(path, {"text": "The spring is outside", "objections": [made[1]]}, by=life.regulator)
    refused(await life.step(project_id, "register"), 409, "objections-open", "24 objections")
    jointly = await delivered.ok(path, {"text": "Looked into"}, by=life.regulator)
    assert (1, 24) == (alone["objections"], jointly["objections"])
    assert "registered" == (await life.took(project_id, "register"))["state"]
    listed = (await delivered.get(f"/v1/projects/{project_id}/objections?limit=100")).json()["items"]
    assert ["Looked into", "The spring is outside", "Looked into"] == [each["answer"] for each in listed[:3]]


async def test_answers_to_nothing(delivered: World):
    """An objection that has an answer keeps it; one of another project, or none at all, is not answered."""
    life, project_id = await noticed(delivered)
    other = await life.project("public_notice")
    theirs = (await objected(delivered, other)).json()["id"]
    path = f"/v1/projects/{project_id}/answers"
    refused(await delivered.post(path, {"text": "None"}, by=life.regulator), 409, "objection-not-open", "0 of 1")
    own = (await objected(delivered, project_id)).json()["id"]
    async with unchanged(delivered):
        both = {"text": "Both", "objections": [own, theirs]}
        refused(await delivered.post(path, both, by=life.regulator), 409, "objection-not-open", "1 of 2")
        refused(await delivered.post(path, {"text": "x"}, by=life.developer), 403, "denied")
    await delivered.ok(path, {"text": "First", "objections": [own]}, by=life.regulator)
    again = await delivered.post(path, {"text": "Second", "objections": [own]}, by=life.regulator)
    refused(again, 409, "objection-not-open", "0 of 1")

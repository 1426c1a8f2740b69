"""What a developer takes back, and what a report said before it was filed again."""

import pytest

from tests.probes import refused, unchanged
from tests.registry.projects.life import Life, life_of
from tests.worlds import World


@pytest.mark.parametrize("state", ["draft", "rejected"])
async def test_a_draft_is_withdrawn(delivered: World, state: str):
    """For good; what nobody saw stays unseen, what was submitted stays to be read."""
    life = await life_of(delivered)
    project_id = await life.project(state)
    assert "withdrawn" == (await life.took(project_id, "withdraw"))["state"]
    seen = 404 if state == "draft" else 200
    assert seen == (await delivered.get(f"/v1/projects/{project_id}")).status_code
    listed = (await delivered.get("/v1/projects?state=withdrawn")).json()["items"]
    assert ([] if state == "draft" else [project_id]) == [each["id"] for each in listed]
    assert 200 == (await delivered.get(f"/v1/projects/{project_id}", by=life.developer)).status_code
    for step in ("submit", "withdraw", "update"):
        refused(await life.step(project_id, step), 409, "wrong-state", "withdrawn", step)


async def test_others_withdraw_nothing(delivered: World):
    """Only the developer's own people."""
    life, kiln = await life_of(delivered), await life_of(delivered, "kiln")
    project_id = await life.project("draft")
    async with unchanged(delivered):
        refused(await life.step(project_id, "withdraw", by=kiln.developer), 403, "not-yours")


async def test_a_site_is_free_after_a_withdrawal(delivered: World):
    """Sent back and withdrawn: somebody else may register what is there."""
    life = await life_of(delivered)
    project_id = await life.project("rejected")
    location = (await delivered.get(f"/v1/projects/{project_id}")).json()["location"]
    await life.took(project_id, "withdraw")
    other: Life = await life_of(delivered, "kiln")
    await other.took(await other.project("draft", location=location), "submit")


async def test_a_report_keeps_what_it_said(delivered: World):
    """Filed, verified, sent back and filed again: the first one is read beside the second."""
    life = await life_of(delivered)
    report_id = await life.report(await life.project("registered"))
    await life.report_step(report_id, "verify")
    before = (await delivered.get(f"/v1/reports/{report_id}")).json()
    assert 201 == (await life.report_step(report_id, "reject", by=life.regulator)).status_code
    assert [] == (await delivered.get(f"/v1/reports/{report_id}/versions")).json()["items"]
    assert 201 == (await life.report_step(report_id, "resubmit")).status_code
    (kept,) = (await delivered.get(f"/v1/reports/{report_id}/versions")).json()["items"]
    assert 1 == kept.pop("number")
    del kept["replaced_at"]
    assert kept.items() <= before.items()
    assert kept["verification_report"]

"""Monitoring reports: what period they may cover, who confirms them, and what cannot be issued."""

import itertools
from typing import Any

import pytest

from deploy.scenarios.cast import KILN_ACTIVITY
from registry.projects.rules import REPORT_STEPS
from tests.probes import as_owner, refused, unchanged
from tests.registry.projects.life import FOREST, REPORT_STATES, Life, life_of, report_body
from tests.worlds import World

WRONG = [
    (state, step)
    for state, step in itertools.product(REPORT_STATES, ("resubmit", "verify", "reject"))
    if state not in REPORT_STEPS[step]
]


async def in_state(life: Life, state: str) -> int:
    """Make a report in *state* and return its id."""
    report_id = await life.report(await life.project("registered"))
    if state == "rejected":
        assert 201 == (await life.report_step(report_id, "reject")).status_code
    if state in {"verified", "issued"}:
        assert 201 == (await life.report_step(report_id, "verify")).status_code
    if state == "issued":
        account_id = life.world.party("forest").account_id
        body = {"operation": "issue_credits", "report_id": report_id, "account_id": account_id}
        await life.world.decide("/v1/issuances", body)
    return report_id


async def test_the_whole_way(delivered: World):
    """Submitted with its arithmetic, verified with a report that is named, issued; all in the project's history."""
    life = await life_of(delivered)
    report_id = await in_state(life, "issued")
    report = (await delivered.get(f"/v1/reports/{report_id}")).json()
    assert "issued" == report["state"]
    assert report["verification_report"]
    assert (2024, delivered.party("vvb").organisation_id) == (report["vintage"], report["verifier_id"])
    answer = await delivered.get(f"/v1/projects/{report['project_id']}/history")
    steps = [(each["from_state"], each["to_state"]) for each in answer.json()["items"] if each["report_id"]]
    assert [(None, "submitted"), ("submitted", "verified"), ("verified", "issued")] == steps


@pytest.mark.parametrize(("state", "step"), WRONG)
async def test_a_step_from_the_wrong_state(delivered: World, state: str, step: str):
    """409 that names the state and those it takes; nothing is changed."""
    life = await life_of(delivered)
    report_id = await in_state(life, state)
    finding = await life.finding()
    bodies: dict[str, Any] = {"verify": finding, "resubmit": report_body(), "reject": {"why": "Because"}}
    by = life.developer if step == "resubmit" else life.verifier
    async with unchanged(delivered):
        answer = await delivered.post(f"/v1/reports/{report_id}/{step}", bodies[step], by=by)
    problem = refused(answer, 409, "wrong-state", state, step)
    assert sorted(REPORT_STEPS[step]) == problem["allowed"]


async def test_what_is_not_verified_is_not_issued(delivered: World):
    """Nor what was rejected, nor what was issued: two people cannot agree past the verifier."""
    life = await life_of(delivered)
    report_id = await in_state(life, "submitted")
    body = {"operation": "issue_credits", "report_id": report_id, "account_id": delivered.party("forest").account_id}
    proposed = await delivered.ok("/v1/approvals", {"body": body, "reason": "test"}, by=delivered.regulators[0])
    async with unchanged(delivered):
        order = {"approval_id": proposed["id"], "body": body}
        answer = await delivered.post("/v1/issuances", order, by=delivered.regulators[1])
    refused(answer, 409, "wrong-state", "submitted", "verified")


@pytest.mark.parametrize("state", ["submitted", "verified"])
async def test_sent_back_and_filed_again(delivered: World, state: str):
    """The verifier sends back what is submitted, the regulator what is verified; the correction begins anew."""
    life = await life_of(delivered)
    report_id = await in_state(life, state)
    right, other = (life.verifier, life.regulator) if state == "submitted" else (life.regulator, life.verifier)
    refused(await life.report_step(report_id, "reject", by=other), 403, "not-your-turn")
    assert 201 == (await life.report_step(report_id, "reject", by=right)).status_code
    again = (await life.report_step(report_id, "resubmit")).json()
    assert ("submitted", None, None) == (again["state"], again["verification_report"], again["verifier_id"])
    assert "verified" == (await life.report_step(report_id, "verify")).json()["state"]


OUTSIDE = (
    ("2023-12-31", "2023-12-31", "2024-01-01"),
    ("2034-01-01", "2034-03-31", "2033-12-31"),
    ("2025-01-01", "2025-01-16", "only what is over"),
    ("2026-01-01", "2026-03-31", "only what is over"),
    ("2024-06-30", "2024-07-31", "overlaps"),
    ("2024-03-01", "2024-04-01", "overlaps"),
    ("2024-05-01", "2024-05-02", "overlaps"),
    ("2024-01-01", "2024-12-31", "overlaps"),
)


@pytest.mark.parametrize(("begins", "ends", "said"), OUTSIDE)
async def test_a_period_that_does_not_fit(delivered: World, begins: str, ends: str, said: str):
    """Outside the crediting period, not over yet, or one day in common with another report."""
    life = await life_of(delivered)
    project_id = await life.project("registered")
    await life.report(project_id, await life.report_body("2024-04-01", "2024-06-30"))
    async with unchanged(delivered):
        body = report_body(begins, ends)
        answer = await delivered.post(f"/v1/projects/{project_id}/reports", body, by=life.developer)
    refused(answer, 422, "outside-period", ends, said)


async def test_a_period_that_is_rejected_is_free(delivered: World):
    """Its reduction was never counted; filing the rejected one again then overlaps."""
    life = await life_of(delivered)
    report_id = await in_state(life, "rejected")
    project_id = (await delivered.get(f"/v1/reports/{report_id}")).json()["project_id"]
    other = await life.report(project_id)
    async with unchanged(delivered):
        answer = await delivered.post(f"/v1/reports/{report_id}/resubmit", report_body(), by=life.developer)
    refused(answer, 422, "outside-period", f"overlaps report {other}")


async def test_growth_fits_its_period(delivered: World):
    """A year of growth in 91 days is refused, with the most that can be counted; that much is taken."""
    life = await life_of(delivered)
    project_id = await life.project("registered")
    path = f"/v1/projects/{project_id}/reports"
    async with unchanged(delivered):
        for years in ("1", "0.25"):
            answer = await delivered.post(path, report_body(activity={**FOREST, "years": years}), by=life.developer)
            refused(answer, 422, "outside-period", years, "91 days", "at most 0.249 years")
    await delivered.ok(path, await life.report_body(activity={**FOREST, "years": "0.249"}), by=life.developer)


@pytest.mark.parametrize(("begins", "ends"), [("2024-12-01", "2025-01-05"), ("2024-03-31", "2024-03-01")])
async def test_a_period_that_is_none(delivered: World, begins: str, ends: str):
    """Backwards, or over two vintages."""
    life = await life_of(delivered)
    project_id = delivered.season.projects["forest"]
    async with unchanged(delivered):
        body = report_body(begins, ends)
        answer = await delivered.post(f"/v1/projects/{project_id}/reports", body, by=life.developer)
    refused(answer, 400, "invalid-request", begins, ends)


async def test_another_methodology(delivered: World):
    """A forest does not report gas."""
    life = await life_of(delivered)
    project_id = await life.project("registered")
    async with unchanged(delivered):
        body = report_body(activity=KILN_ACTIVITY)
        answer = await delivered.post(f"/v1/projects/{project_id}/reports", body, by=life.developer)
    refused(answer, 422, "wrong-methodology", "forest-sink", "kiln-electrification")


async def test_nothing_to_issue_shows_its_arithmetic(delivered: World):
    """The kiln under the national grid factor: 422, minus 2,070 tonnes, every term with its factor."""
    kiln = await life_of(delivered, "kiln")
    project_id = delivered.season.projects["kiln"]
    activity = {**KILN_ACTIVITY, "grid_region": "CN"}
    await delivered.ok("/v1/clock", {"at": "2026-02-01T00:00:00Z"}, by=kiln.regulator)
    async with unchanged(delivered):
        body = report_body("2025-01-01", "2025-12-31", activity=activity)
        answer = await delivered.post(f"/v1/projects/{project_id}/reports", body, by=kiln.developer)
    problem = refused(answer, 422, "nothing-to-issue", "-2070")
    assert "0.5568" in " ".join(problem["terms"])


@pytest.mark.parametrize(
    "changed", [{"area_ha": -1}, {"area_ha": "x"}, {"species": "plastic"}, {"growth_project_m3_ha_yr": "NaN"}]
)
async def test_activity_data_that_are_none(delivered: World, changed: dict[str, Any]):
    """400 or 422 with what is wrong, and no report."""
    life = await life_of(delivered)
    project_id = delivered.season.projects["forest"]
    async with unchanged(delivered):
        body = report_body(activity={**FOREST, **changed})
        answer = await delivered.post(f"/v1/projects/{project_id}/reports", body, by=life.developer)
    assert answer.status_code in (400, 422), answer.text
    refused(answer, answer.status_code, answer.json()["type"].rpartition(":")[2])


async def test_reports_that_were_sent_back_hide_no_other(delivered: World):
    """Hundreds of them, and the overlap with the newest one that stands is still found."""
    life = await life_of(delivered)
    project_id = await life.project("registered")
    first = await life.report(project_id)
    assert 201 == (await life.report_step(first, "reject")).status_code
    await as_owner(
        delivered,
        "insert into registry.monitoring_report (project_id, vintage, begins, ends, activity, reduction, reduction_kg, "
        "issuable_t, documents, state, created_at) select project_id, vintage, begins, ends, activity, reduction, "
        "reduction_kg, issuable_t, documents, state, created_at from registry.monitoring_report, "
        "generate_series(1, 400) where id = $1",
        first,
    )
    newest = await life.report(project_id)
    answer = await delivered.post(f"/v1/projects/{project_id}/reports", await life.report_body(), by=life.developer)
    refused(answer, 422, "outside-period", f"overlaps report {newest}")

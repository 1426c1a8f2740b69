"""The same kiln twice, the same evidence twice, and reports that say more than their project's design."""

import re
from typing import Any

import httpx
import pytest

from deploy.scenarios.cast import KILN_ACTIVITY
from tests.probes import refused, unchanged
from tests.registry.projects.life import FOREST, Life, life_of, project_body, report_body, upload
from tests.worlds import World

PLACE = {"latitude": "30.584321", "longitude": "104.271"}
KILN = {"methodology": "kiln-electrification"}


async def submitted(life: Life, **changed: Any) -> httpx.Response:
    """The answer to the submission of a new draft with a document of its own."""
    body = {"documents": [await life.document()], **changed}
    made = await life.world.ok("/v1/projects", project_body(life.organisation_id, **body), by=life.developer)
    return await life.step(made["id"], "submit")


async def registered(life: Life, **changed: Any) -> int:
    """A registered project that says so."""
    project_id = int((await submitted(life, **changed)).json()["id"])
    for step in ("validate", "notice"):
        await life.took(project_id, step)
    await life.notice_over(project_id)
    return int((await life.took(project_id, "register"))["id"])


async def filed(life: Life, project_id: int, activity: Any, begins: str, ends: str) -> httpx.Response:
    """The answer to a monitoring report."""
    body = {"begins": begins, "ends": ends, "activity": activity, "documents": [await life.document()]}
    return await life.world.post(f"/v1/projects/{project_id}/reports", body, by=life.developer)


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ({"location": "Kiln hall 1"}, {"location": " KILN  hall １"}, "the location"),
        ({"site": {"number": "B-17"}}, {"site": {"number": "b-17"}}, "the number 'b-17'"),
        ({"site": PLACE}, {"site": {**PLACE, "latitude": "30.584999"}}, "the coordinates"),
        ({"site": {**PLACE, "number": "B-17"}}, {"site": PLACE}, "the coordinates"),
        ({"site": {**PLACE, "number": "1"}}, {"site": {**PLACE, "number": "1a"}}, "the coordinates"),
        ({"site": {**PLACE, "number": "1"}}, {"site": {"number": "1"}}, "the number '1'"),
        ({"name": "Same"}, {"name": "SAME"}, "the name and the developer"),
    ],
)
async def test_the_same_project_twice(delivered: World, one: Any, other: Any, said: str):
    """The second is refused when it is submitted, and both are shown; the first goes on."""
    life = await life_of(delivered)
    first = (await submitted(life, **one)).json()
    second = await submitted(life, **other)
    problem = refused(second, 409, "project-repeated", first["code"], said, "2024-01-01 to 2033-12-31")
    assert (first["id"], first["code"]) == (problem["other_id"], problem["other"])
    assert problem["project"] in problem["detail"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"location": "Here", "site": {"number": "B-1"}}, {"location": "Here", "site": {"number": "B-2"}}),
        ({"location": "Here"}, {"location": "Here", **KILN}),
        ({"location": "Here", "crediting_ends": "2024-12-31"}, {"location": "Here", "crediting_begins": "2025-01-01"}),
        ({"site": PLACE}, {"site": {**PLACE, "longitude": "104.3"}}),
        ({"site": {**PLACE, "number": "Kiln 1"}}, {"site": {**PLACE, "number": "Kiln 1", "latitude": "31.9"}}),
    ],
)
async def test_projects_that_are_two(delivered: World, one: Any, other: Any):
    """Two boilers of a plant, another methodology, other years, another place, the first kiln of another plant."""
    life = await life_of(delivered)
    answers = [await submitted(life, **each) for each in (one, other)]
    assert [201, 201] == [answer.status_code for answer in answers], answers[1].text


async def test_somebody_elses_project_on_the_site(delivered: World):
    """The second project is refused until the first is sent back; then the first cannot return."""
    forest, kiln = await life_of(delivered), await life_of(delivered, "kiln")
    first = (await submitted(forest, location="Here")).json()["id"]
    refused(await submitted(kiln, location="Here"), 409, "project-repeated")
    await forest.took(first, "reject", by=forest.verifier)
    assert 201 == (await submitted(kiln, location="Here")).status_code
    refused(await forest.step(first, "submit"), 409, "project-repeated")


async def test_a_number_is_its_developers(delivered: World):
    """Everybody has a kiln 1; the coordinates say whether it is the same one, and the refusal what to do."""
    forest, kiln = await life_of(delivered), await life_of(delivered, "kiln")
    await submitted(forest, site={"number": "Kiln 1"})
    assert 201 == (await submitted(kiln, site={"number": "Kiln 1"})).status_code
    await submitted(forest, site={**PLACE, "number": "Kiln 2"})
    answer = await submitted(kiln, site={**PLACE, "number": "Kiln 2"})
    refused(answer, 409, "project-repeated", "the coordinates", "within 0.001 degrees are one project")


async def test_the_same_evidence_twice(delivered: World):
    """By its SHA-256, in another project or another report, of any developer; the refusal says who uses it."""
    life = await life_of(delivered)
    sha256 = await life.document()
    first = await registered(life, documents=[sha256])
    code = (await delivered.get(f"/v1/projects/{first}")).json()["code"]
    refused(await submitted(life, documents=[sha256]), 409, "evidence-used", sha256[:12], f"{code} (project)")
    body = await life.report_body()
    report_id = await life.report(first, body)
    again = {**report_body("2024-04-01", "2024-06-30"), "documents": body["documents"]}
    answer = await delivered.post(f"/v1/projects/{first}/reports", again, by=life.developer)
    refused(answer, 409, "evidence-used", f"report {report_id} of {code}")


async def test_no_evidence(delivered: World):
    """A draft may still have none; neither a submission nor a report may."""
    life = await life_of(delivered)
    refused(await submitted(life, documents=[]), 422, "no-evidence", "/v1/documents")
    project_id = await life.project("registered")
    async with unchanged(delivered):
        answer = await delivered.post(f"/v1/projects/{project_id}/reports", report_body(), by=life.developer)
    refused(answer, 422, "no-evidence", "2024-01-01")


async def test_the_developers_own_file_is_no_report(delivered: World):
    """Neither for validation nor for verification, no matter who uploaded the evidence; nor is a stranger's."""
    life = await life_of(delivered)
    own, theirs = await life.document(), await life.document(by=life.verifier)
    strange = await life.document(by=delivered.party("bank").key)
    project_id = int((await submitted(life, documents=[theirs])).json()["id"])
    report_id = await life.report(await life.project("registered"))
    async with unchanged(delivered):
        for path, sha256, slug in (
            (f"projects/{project_id}/validate", own, "not-the-verifiers"),
            (f"projects/{project_id}/validate", strange, "not-the-verifiers"),
            (f"projects/{project_id}/validate", theirs, "own-report"),
            (f"reports/{report_id}/verify", own, "not-the-verifiers"),
        ):
            body = {"why": "Fine", "report_sha256": sha256}
            refused(await delivered.post(f"/v1/{path}", body, by=life.verifier), 422, slug, sha256[:12])


async def test_a_report_that_the_developer_uploaded_first(delivered: World):
    """It is the verifier's all the same, once the verifier uploads it; a developer cannot make it unusable."""
    life = await life_of(delivered)
    project_id = await life.project("submitted")
    sha256 = (await upload(delivered, b"Validation report", by=life.developer)).json()["sha256"]
    finding = {"why": "Fine", "report_sha256": sha256}
    refused(await life.step(project_id, "validate", body=finding), 422, "not-the-verifiers")
    await upload(delivered, b"Validation report", by=life.verifier)
    assert 201 == (await life.step(project_id, "validate", body=finding)).status_code


async def test_whoever_left_the_developer_is_not_the_verifier(delivered: World):
    """A file of somebody who was there last month and is nobody's verifier, or who is but judges with a conflict."""
    life = await life_of(delivered)
    project_id = await life.project("submitted")
    person_id, key = await delivered.member("member", life.organisation_id)
    sha256 = (await upload(delivered, b"Written at home", by=key)).json()["sha256"]
    grants = (await delivered.get("/v1/grants?limit=200", by=life.regulator)).json()["items"]
    (held,) = [each["id"] for each in grants if each["person_id"] == person_id]
    await delivered.ok(f"/v1/grants/{held}/end", by=life.regulator)
    finding = {"why": "Fine", "report_sha256": sha256}
    refused(await life.step(project_id, "validate", body=finding), 422, "not-the-verifiers")
    await delivered.decide(
        "/v1/grants",
        {
            "operation": "grant_role",
            "person_id": person_id,
            "organisation_id": delivered.party("vvb").organisation_id,
            "role": "verifier",
        },
    )
    refused(await life.step(project_id, "validate", body=finding), 403, "verifier-conflict")


async def test_one_report_for_two_decisions(delivered: World):
    """A verifier's report carries one validation or verification; that one again after it was sent back."""
    life = await life_of(delivered)
    first, second = await life.project("submitted"), await life.project("submitted")
    report_id = await life.report(await life.project("registered"))
    finding = await life.finding()
    code = (await delivered.ok(f"/v1/projects/{first}/validate", finding, by=life.verifier))["code"]
    async with unchanged(delivered):
        for path in (f"/v1/projects/{second}/validate", f"/v1/reports/{report_id}/verify"):
            answer = await delivered.post(path, finding, by=life.verifier)
            refused(answer, 409, "report-used", f"the validation of {code}")
    await life.took(first, "reject", by=life.regulator)
    await life.took(first, "submit")
    await delivered.ok(f"/v1/projects/{first}/validate", finding, by=life.verifier)


async def test_a_report_stays_used_when_what_it_was_about_changes(delivered: World):
    """A project that was changed is validated anew; a monitoring report that was filed again is verified anew."""
    life = await life_of(delivered)
    project_id, finding = await life.project("submitted"), await life.finding()
    await delivered.ok(f"/v1/projects/{project_id}/validate", finding, by=life.verifier)
    await life.took(project_id, "reject", by=life.regulator)
    changed = await life.step(project_id, "update", body={"description": "Something quite different"})
    assert (201, None) == (changed.status_code, changed.json()["validation_report"])
    await life.took(project_id, "submit")
    refused(await life.step(project_id, "validate", body=finding), 409, "report-used", "the validation of")
    registered_id = await life.project("registered")
    first, finding = await life.report(registered_id), await life.finding()
    await delivered.ok(f"/v1/reports/{first}/verify", finding, by=life.verifier)
    assert 201 == (await life.report_step(first, "reject", by=life.regulator)).status_code
    assert 201 == (await life.report_step(first, "resubmit")).status_code
    second = await life.report(registered_id, await life.report_body("2024-04-01", "2024-06-30"))
    for report_id in (first, second):
        answer = await delivered.post(f"/v1/reports/{report_id}/verify", finding, by=life.verifier)
        refused(answer, 409, "report-used", f"the verification of report {first}")


async def test_a_validation_takes_no_word_on_the_design(delivered: World):
    """There is no result yet that could be above it."""
    life = await life_of(delivered)
    project_id = await life.project("submitted")
    answer = await life.step(project_id, "validate", body={**await life.finding(), "above_design": "Why"})
    refused(answer, 400, "invalid-request", "above_design")


@pytest.mark.parametrize("stated", [True, False])
async def test_more_hectares_than_the_project_has(delivered: World, stated: bool):
    """Those of its site; without them, those of its first report."""
    life = await life_of(delivered)
    project_id = await registered(life, **({"site": {"area_ha": 10}} if stated else {}))
    year = {**FOREST, "years": "0.2"}
    assert 201 == (await filed(life, project_id, year, "2024-01-01", "2024-03-31")).status_code
    more = await filed(life, project_id, {**year, "area_ha": "10.1"}, "2024-04-01", "2024-06-30")
    refused(more, 422, "outside-design", "10.1 ha", "has 10 ha")


@pytest.mark.parametrize("stated", [True, False])
async def test_any_grid_year(delivered: World, stated: bool):
    """That of the design, or of the first report; and none that is later than the vintage."""
    life = await life_of(delivered, "kiln")
    design = {"annual_t": 3_600, "grid_region": "CN-510000", "grid_year": 2022}
    early = {"crediting_begins": "2021-01-01"}
    project_id = await registered(life, **KILN, **early, **({"design": design} if stated else {}))
    year = {**KILN_ACTIVITY, "grid_year": 2022}
    late = await filed(life, project_id, year, "2021-01-01", "2021-12-31")
    refused(late, 422, "outside-design", "2022 says nothing about 2021")
    assert 201 == (await filed(life, project_id, year, "2022-01-01", "2022-12-31")).status_code
    other = await filed(life, project_id, {**year, "grid_year": 2021}, "2023-01-01", "2023-12-31")
    refused(other, 422, "outside-design", "CN-510000 2021", "CN-510000 2022")


@pytest.mark.parametrize(("annual_t", "taken"), [(300, True), (46, False), (47, True)])
async def test_a_result_far_above_the_design(delivered: World, annual_t: int, taken: bool):
    """56.116 t in a year: more than 20 % above 46 t, and not above 47 t. The justification is kept and shown."""
    life = await life_of(delivered)
    project_id = await registered(life, design={"annual_t": annual_t})
    answer = await filed(life, project_id, {**FOREST, "years": "0.997"}, "2024-01-01", "2024-12-30")
    report_id = answer.json()["id"]
    verified = await life.report_step(report_id, "verify")
    if taken:
        assert (201, None) == (verified.status_code, verified.json()["above_design"])
        return
    problem = refused(verified, 422, "above-design", "above_design", "20 % more")
    assert (46_000, answer.json()["reduction"]["reduction_kg"]) == (problem["expected_kg"], problem["reduction_kg"])
    word = {**await life.finding(), "above_design": "The wettest spring in forty years"}
    made = await delivered.ok(f"/v1/reports/{report_id}/verify", word, by=life.verifier)
    assert ("verified", word["above_design"]) == (made["state"], made["above_design"])


async def test_without_a_design_the_first_report_is_the_measure(delivered: World):
    """Twice its rate needs a word; the first one has nothing to be compared with."""
    life = await life_of(delivered)
    project_id = await life.project("registered")
    await life.report(project_id)
    twice = {**FOREST, "growth_project_m3_ha_yr": "10.46", "years": "0.249"}
    report_id = (await filed(life, project_id, twice, "2024-04-01", "2024-06-30")).json()["id"]
    problem = refused(await life.report_step(report_id, "verify"), 422, "above-design")
    assert re.search(r"for its 91 days SC-\S+ expects", problem["detail"])


@pytest.mark.parametrize(
    "site", [{}, {"latitude": "30"}, {"latitude": "90.1", "longitude": "0"}, {"latitude": "x", "longitude": "0"}]
)
async def test_a_site_that_is_none(delivered: World, site: Any):
    """Empty, half a place, off the globe, no number."""
    life = await life_of(delivered)
    body = project_body(life.organisation_id, site=site)
    refused(await delivered.post("/v1/projects", body, by=life.developer), 400, "invalid-request")


async def test_an_update_keeps_what_is_left_out(delivered: World):
    """Documents, site and all the rest; what is sent is changed, and a null empties."""
    life = await life_of(delivered)
    body = project_body(life.organisation_id, documents=[await life.document()], site={"number": "B-1"})
    made = await delivered.ok("/v1/projects", body, by=life.developer)
    path = f"/v1/projects/{made['id']}/update"
    assert {**made, "name": "New"} == await delivered.ok(path, {"name": "New"}, by=life.developer)
    emptied = await delivered.ok(path, {"site": None, "documents": []}, by=life.developer)
    assert (None, []) == (emptied["site"], emptied["documents"])
    answer = await delivered.post(path, {"crediting_ends": "2023-01-01"}, by=life.developer)
    refused(answer, 400, "invalid-request", "2023-01-01 is not after crediting_begins 2024-01-01")

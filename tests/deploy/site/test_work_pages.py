"""Pages on which developers and verifiers work: who may open them, where they lead, what they say when refused."""

import re
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.registry.projects.life import Life, life_of
from tests.site.crowded import HOSTILE, read
from tests.site.test_public_pages import LIMIT_BYTES, untranslated
from tests.worlds import World

BROWSER = {"Sec-Fetch-Site": "same-origin"}


async def send(world: World, path: str, fields: dict[str, str], *, by: str) -> httpx.Response:
    """A form, as a browser sends it."""
    headers = {**BROWSER, "Authorization": f"Bearer {by}", "Content-Type": "application/x-www-form-urlencoded"}
    return await world.http.post(path, content=urlencode({"_key": world.next_key(), **fields}), headers=headers)


async def text(world: World, path: str, *, by: str, status: int = 200) -> str:
    """A page."""
    answer = await world.get(path, by=by)
    assert status == answer.status_code, answer.text[:300]
    return answer.text


async def leads(world: World, path: str, *, by: str) -> str:
    """Where a page leads at once."""
    answer = await world.get(path, by=by)
    assert 303 == answer.status_code, answer.text[:300]
    return str(answer.headers["location"])


async def test_a_draft_is_its_developer_s(issued: World):
    """Others have no page of it, and nobody changes what was submitted."""
    life = await life_of(issued)
    draft, submitted = await life.project("draft"), await life.project("submitted")
    for step in ("what", "where", "estimate", "documents", "check"):
        await text(issued, f"/projects/{draft}/draft/{step}", by=life.developer)
        assert f"/projects/{submitted}" == await leads(issued, f"/projects/{submitted}/draft/{step}", by=life.developer)
    other = await issued.newcomer("developer")
    await text(issued, f"/projects/{draft}/draft/check", by=other.key, status=404)
    await text(issued, f"/projects/{submitted}/draft/check", by=other.key, status=403)
    await text(issued, f"/projects/{draft}/draft/what", by=life.verifier, status=403)
    await text(issued, f"/projects/{draft}/draft/nothing", by=life.developer, status=400)
    assert f"/projects/{draft}/draft/check" == await leads(issued, f"/projects/{draft}/draft", by=life.developer)
    assert "/sign-in?then=%2Fprojects%2Fnew" == await leads(issued, "/projects/new", by="")


async def test_a_refused_step_says_it_beside_the_field(issued: World):
    """What was entered stays, the fault stands at its field, under the refusal's status."""
    life = await life_of(issued)
    draft = await life.project("draft")
    fields = {
        "site.latitude": "thirty",
        "site.longitude": "104.1",
        "_page": f"/projects/{draft}/draft/where",
        "_then": "/projects/{id}/draft/estimate",
    }
    answer = await send(issued, f"/v1/projects/{draft}/update", fields, by=life.developer)
    assert 400 == answer.status_code
    field = re.search(r'<div class="field wrong">.*?</div>', answer.text, re.DOTALL)
    assert field
    assert 'value="thirty"' in field[0]
    assert 'value="104.1"' in answer.text
    fields["site.latitude"] = "30.5"
    answer = await send(issued, f"/v1/projects/{draft}/update", fields, by=life.developer)
    assert (303, f"/projects/{draft}/draft/estimate") == (answer.status_code, answer.headers["location"])


async def test_the_estimate_shows_its_arithmetic(issued: World):
    """Without a script the address has what was entered; what is missing is said."""
    life = await life_of(issued)
    path = f"/projects/{await life.project('draft')}/draft/estimate"
    entered = {"activity.area_ha": "10", "activity.species": "chinese-fir", "activity.growth_project_m3_ha_yr": "5.23"}
    page = await text(issued, f"{path}?{urlencode(entered)}", by=life.developer)
    assert "chinese-fir-density" in page
    assert 'name="design.annual_t:int" type="number" value="56"' in page
    page = await text(issued, f"{path}?{urlencode(entered | {'activity.area_ha': 'ten'})}", by=life.developer)
    assert re.search(r'<p class="awaits">[^<]*area_ha', page)
    assert "The arithmetic, line by line" not in page
    kept = await text(issued, path, by=life.developer)
    assert "Enter the data" in kept


async def test_a_rejected_project_says_why_until_it_is_submitted_again(issued: World):
    """The reason stands on every step."""
    life = await life_of(issued)
    project = await life.project("submitted")
    await life.took(project, "reject", why="The map is missing", by=life.verifier)
    for step in ("what", "documents", "check"):
        assert "The map is missing" in await text(issued, f"/projects/{project}/draft/{step}", by=life.developer)


async def test_a_project_that_is_submitted_again_is_shown_beside_what_it_was(issued: World):
    """Each field that changed, with what stood there when it was judged last; the first time there is nothing."""
    life = await life_of(issued)
    project = await life.project("submitted", design={"annual_t": 50})
    path, versions = f"/projects/{project}/validation", f"/v1/projects/{project}/versions"
    assert "What is different" not in await text(issued, path, by=life.verifier)
    assert [] == (await issued.get(versions)).json()["items"]
    await life.took(project, "reject", by=life.verifier)
    change = {"design": {"annual_t": 56}, "description": "Eleven hectares of fir"}
    await issued.ok(f"/v1/projects/{project}/update", change, by=life.developer)
    assert [] == (await issued.get(versions)).json()["items"]
    await life.took(project, "submit")
    page = await text(issued, path, by=life.verifier)
    assert "<del>50</del></td><td><ins>56</ins>" in page
    assert "<ins>Eleven hectares of fir</ins>" in page
    assert "<del>Longquan" not in page
    (before,) = (await issued.get(versions)).json()["items"]
    assert (1, {"annual_t": 50}) == (before["number"], before["design"])


async def test_a_report_is_filed_with_what_stands_in_the_address(issued: World):
    """Documents that are not the caller's own are left out; the form sends the others."""
    life = await life_of(issued)
    project = await life.project("registered")
    own, others = await life.document(), await life.document(by=issued.party("kiln").key)
    path = f"/projects/{project}/reports/new"
    page = await text(issued, f"{path}?{urlencode({'documents[0]': own, 'documents[1]': others})}", by=life.developer)
    assert f"/v1/documents/{own}" in page
    assert f"/v1/documents/{others}" not in page
    data = await text(issued, f"{path}/data?{urlencode({'documents[0]': own})}", by=life.developer)
    assert f'name="documents[0]" value="{own}"' in data
    fields = {
        "begins": "2024-01-01",
        "ends": "2024-12-31",
        "documents[0]": own,
        "activity.methodology": "forest-sink/1",
        "activity.area_ha": "10",
        "activity.species": "chinese-fir",
        "activity.growth_project_m3_ha_yr": "5.23",
        "_page": f"{path}/data",
        "_then": "/reports/{id}?done=submit_report",
    }
    answer = await send(issued, f"/v1/projects/{project}/reports", fields, by=life.developer)
    assert 303 == answer.status_code, answer.text
    assert "The report is filed" in await text(issued, answer.headers["location"], by=life.developer)
    await text(issued, path, by=issued.party("kiln").key, status=403)


async def test_calculating_again_and_again_leaves_the_address_as_it_is(issued: World):
    """Without a script the whole form is in the address; its own fields are not carried on into the next one."""
    life = await life_of(issued)
    path = f"/projects/{await life.project('registered')}/reports/new/data"
    query = urlencode({"_key": "some-key", "_page": f"{path}?_page=x", "_then": "/", "activity.area_ha": "10"})
    page = await text(issued, f"{path}?{query}", by=life.developer)
    (shown,) = set(re.findall(r'name="_page" value="([^"]*)"', page))
    assert f"{path}?activity.area_ha=10" == shown


async def sent_back(life: Life) -> tuple[int, dict[str, Any]]:
    """A report that the verifier sent back, and what it said."""
    project = await life.project("registered")
    body = await life.report_body()
    report = await life.report(project, body)
    answer = await life.report_step(report, "reject", why="One plot was counted twice", by=life.verifier)
    assert 201 == answer.status_code
    return report, body


async def test_a_corrected_report_is_shown_beside_what_it_was(issued: World):
    """Prefilled for the developer; for the verifier, each field that changed, was and is."""
    life = await life_of(issued)
    report, body = await sent_back(life)
    documents = urlencode({"documents[0]": body["documents"][0]})
    assert f"/reports/{report}/again?{documents}" == await leads(issued, f"/reports/{report}/again", by=life.developer)
    page = await text(issued, f"/reports/{report}/again/data?{documents}", by=life.developer)
    assert "One plot was counted twice" in page
    assert 'value="2024-03-31"' in page
    assert 'name="activity.growth_project_m3_ha_yr" type="text" value="5.23"' in page
    corrected = {**body, "activity": {**body["activity"], "area_ha": 9}}
    await issued.ok(f"/v1/reports/{report}/resubmit", corrected, by=life.developer)
    page = await text(issued, f"/reports/{report}/verification", by=life.verifier)
    assert "<del>10</del></td><td><ins>9</ins>" in page
    assert "<del>5.23</del>" not in page
    assert "the same to the kilogram" in page
    assert f"/reports/{report}" == await leads(issued, f"/reports/{report}/again", by=life.developer)


async def test_who_is_too_close_reads_why_and_decides_nothing(issued: World):
    """The page says what the operation would, and has no form."""
    life = await life_of(issued)
    project = await life.project("submitted")
    registered = await life.project("registered")
    report = await life.report(registered)
    own = await issued.member("verifier", life.organisation_id)
    for path in (f"/projects/{project}/validation", f"/reports/{report}/verification"):
        page = await text(issued, path, by=own[1])
        assert 'role="alert"' in page
        assert "organisation" in page.partition('role="alert"')[2][:400]
        assert 'name="why"' not in page
        assert 'type="file"' in await text(issued, path, by=life.verifier)
    await text(issued, f"/projects/{project}/validation", by=life.developer, status=403)


async def test_a_decision_is_taken_with_the_verifier_s_own_report(issued: World):
    """Only a file that they may see is named; after the decision the page leads to the project."""
    life = await life_of(issued)
    project = await life.project("submitted")
    path = f"/projects/{project}/validation"
    report, evidence = await life.document(by=life.verifier), await life.document()
    assert f'name="report_sha256" value="{report}"' in await text(issued, f"{path}?report={report}", by=life.verifier)
    assert "report_sha256" not in await text(issued, f"{path}?report={evidence}", by=life.verifier)
    fields = {"report_sha256": report, "why": "It is what it says", "_page": path, "_then": f"/projects/{project}"}
    answer = await send(issued, f"/v1/projects/{project}/validate", fields, by=life.verifier)
    assert (303, f"/projects/{project}") == (answer.status_code, answer.headers["location"])
    assert f"/projects/{project}" == await leads(issued, path, by=life.verifier)


async def test_a_file_is_uploaded_by_a_plain_form(issued: World):
    """As a browser without a script sends it: stored, named, and the page of the documents again."""
    life = await life_of(issued)
    draft = await life.project("draft", documents=[])
    headers = {**BROWSER, "Authorization": f"Bearer {life.developer}"}
    page = f"/projects/{draft}/draft/documents"
    sent = {"_key": "upload-by-form", "_page": page, "_then": f"{page}?done=added"}
    file = ("plan.pdf", b"%PDF-1.4 plan", "application/pdf")
    answer = await issued.http.post(f"/v1/projects/{draft}/documents", data=sent, files={"file": file}, headers=headers)
    assert (303, f"{page}?done=added") == (answer.status_code, answer.headers["location"])
    assert "application/pdf" in await text(issued, page, by=life.developer)
    wrong = ("page.html", b"<script>alert(1)</script>", "text/html")
    answer = await issued.http.post(
        f"/v1/projects/{draft}/documents",
        data=sent | {"_key": "upload-wrong"},
        files={"file": wrong},
        headers=headers,
    )
    assert 422 == answer.status_code
    assert "Files of the type text/html are not taken" in answer.text


async def test_income_is_one_s_own(delivered: World):
    """Yuan and tonnes in all, by instrument and by sale; another's account is refused; without one it teaches."""
    kiln = delivered.party("kiln")
    page = (await text(delivered, "/income", by=kiln.key)).replace("\u202f", " ")
    assert "50 304.10" in page
    assert "3 619" in page
    assert f"/accounts/{kiln.account_id}/statements.csv" in page
    await text(delivered, f"/income?account={delivered.party('forest').account_id}", by=kiln.key, status=403)
    nobody = await delivered.newcomer("developer")
    assert "Nothing was sold" in await text(delivered, "/income", by=nobody.key)
    _, auditor = await delivered.member("auditor")
    assert "no account yet" in await text(delivered, "/income", by=auditor)
    sheet = await delivered.get(f"/accounts/{kiln.account_id}/statements.csv", by=kiln.key)
    assert 4 == len(sheet.text.splitlines())


async def every_page(world: World, life: Life, name: str) -> list[tuple[str, str]]:
    """Every page of the work, with the key of who works there; *name* is in every text."""
    said = {"name": name[:200], "description": name, "documents": [await life.document()]}
    draft = await life.project("draft", location=f"{name[:180]} 1", **said)
    registered = await life.project("registered")
    submitted = await life.project("submitted", location=f"{name[:180]} 2", name=f"{name[:180]} 3", description=name)
    report = await life.report(registered)
    own = await life.document()
    new = f"/projects/{registered}/reports/new"
    query = urlencode({"documents[0]": own, "activity.area_ha": name, "begins": name})
    steps = ("what", "where", "estimate", "documents", "check")
    return [
        *((address, life.developer) for address in ("/desk", "/income", "/projects/new", f"{new}?{query}")),
        (f"{new}/data?{query}", life.developer),
        *((f"/projects/{draft}/draft/{step}?{query}", life.developer) for step in steps),
        *((address, life.verifier) for address in ("/desk", f"/projects/{submitted}/validation")),
        (f"/reports/{report}/verification?report={await life.document(by=life.verifier)}", life.verifier),
    ]


async def test_what_people_wrote_is_never_html(delivered: World):
    """A hostile text in every field and in the address; no page is larger than 50 kB, no id stands twice."""
    for address, key in await every_page(delivered, await life_of(delivered), HOSTILE):
        page = await text(delivered, address, by=key)
        assert "<script>alert" not in page, address
        assert "<img src=x" not in page, address
        assert "{{ 7*7 }}" in page or "7*7" not in page, address
        assert len(page.encode()) <= LIMIT_BYTES, address
        assert len(set(read(page).ids)) == len(read(page).ids), address


async def test_everything_is_said_in_chinese(delivered: World):
    """No English text of a template is left on a Chinese page."""
    for address, key in await every_page(delivered, await life_of(delivered), "九峰山"):
        page = await text(delivered, f"{address}{'&' if '?' in address else '?'}lang=zh", by=key)
        assert set() == untranslated(page), address

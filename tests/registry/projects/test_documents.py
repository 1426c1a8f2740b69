"""Documents are named by their SHA-256: stored once, given back byte for byte; nothing names one that is missing."""

import hashlib

import pytest

from tests.probes import refused, unchanged
from tests.registry.claims.test_subjects import identifier_of, taken
from tests.registry.projects.life import life_of, project_body, report_body, upload
from tests.worlds import World

LIMIT = 10 * 1024 * 1024
MISSING = "ab" * 32


async def test_a_document_comes_back_as_it_went(empty: World):
    """Every byte, under the SHA-256 that anybody can compute, as a download that no browser runs."""
    content = b"%PDF-1.7\n" + bytes(range(256)) + b"<script>"
    stored = (await upload(empty, content, by=empty.regulators[0])).json()
    answer = await empty.get(f"/v1/documents/{stored['sha256']}", by=empty.regulators[1])
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (stored["sha256"], stored["size_bytes"])
    assert (content, "nosniff") == (answer.content, answer.headers["x-content-type-options"])
    assert answer.headers["content-disposition"].startswith("attachment")
    assert ("application/octet-stream", "application/pdf") == (
        answer.headers["content-type"],
        answer.headers["x-document-type"],
    )


async def test_the_same_document_twice(empty: World):
    """Two people upload it: it is stored once, and stays the first one's."""
    first = (await upload(empty, b"the same", by=empty.regulators[0])).json()
    again = (await upload(empty, b"the same", by=empty.regulators[1])).json()
    assert first == again


async def test_a_resent_upload(empty: World):
    """The same key with the same bytes returns the same; with other bytes it is refused."""
    first = await upload(empty, b"one", by=empty.regulators[0], key="once")
    async with unchanged(empty):
        again = await upload(empty, b"one", by=empty.regulators[0], key="once")
        refused(await upload(empty, b"two", by=empty.regulators[0], key="once"), 422, "idempotency-key-reused")
    assert first.json() == again.json()


async def test_an_empty_document(empty: World):
    """There is nothing to keep."""
    async with unchanged(empty):
        answer = await upload(empty, b"", by=empty.regulators[0])
    refused(answer, 400, "invalid-request", "empty")


async def test_the_largest_document(empty: World):
    """Ten MiB to the byte are kept; one byte more is 413."""
    assert 201 == (await upload(empty, b"x" * LIMIT, by=empty.regulators[0])).status_code
    async with unchanged(empty):
        refused(await upload(empty, b"x" * (LIMIT + 1), by=empty.regulators[0]), 413, "too-large")


async def test_a_document_that_is_not_there(empty: World):
    """404 with its name, also for a name that is not a SHA-256."""
    refused(await empty.get(f"/v1/documents/{MISSING}", by=empty.regulators[0]), 404, "not-found", MISSING)
    for name in ("AB" * 32, "ab" * 31, "..%2f..%2fetc%2fpasswd"):
        answer = await empty.get(f"/v1/documents/{name}", by=empty.regulators[0])
        assert answer.status_code in (400, 404), answer.text


async def test_who_sees_a_document(delivered: World):
    """Its uploaders and their organisations, overseers, and readers of what names it; to others it does not exist."""
    life, stranger = await life_of(delivered), delivered.party("car").key
    _, colleague = await delivered.member("member", life.organisation_id)
    draft = await life.project("draft")
    (own,) = (await delivered.get(f"/v1/projects/{draft}", by=life.developer)).json()["documents"]
    readers = (life.developer, colleague, life.regulator, stranger)

    async def seen(sha256: str) -> list[int]:
        return [(await delivered.get(f"/v1/documents/{sha256}", by=key)).status_code for key in readers]

    assert [200, 200, 200, 404] == await seen(own)
    refused(await delivered.get(f"/v1/documents/{own}", by=stranger), 404, "not-found", own)
    refused(await delivered.get(f"/v1/projects/{draft}/totals"), 404, "not-found", f"project {draft}")
    assert 200 == (await delivered.get(f"/v1/projects/{draft}/totals", by=life.developer)).status_code
    await life.took(draft, "submit")
    assert [200, 200, 200, 200] == await seen(own)


async def test_who_sees_the_report_on_a_claim(delivered: World):
    """Its hash is in the public log; the file is the verifier's, the claimant's and the overseers'."""
    life, vvb = await life_of(delivered), delivered.party("vvb")
    sha256 = await life.document("Report", by=vvb.key)
    report = {"identifier": await identifier_of(delivered, vvb.organisation_id), "level": "limited"}
    await taken(delivered, verifier={**report, "report_sha256": sha256})
    readers = (vvb.key, delivered.party("scenic").key, life.regulator, delivered.party("car").key)
    answers = [await delivered.get(f"/v1/documents/{sha256}", by=key) for key in readers]
    assert [200, 200, 200, 404] == [each.status_code for each in answers]


async def test_what_is_changed_after_a_rejection_is_not_public(delivered: World):
    """Strangers see what was last submitted, in the list too, until it is submitted again; its developer sees all."""
    life, stranger = await life_of(delivered), delivered.party("car").key
    project_id = await life.project("rejected", site={"number": "B-1"})
    path = f"/v1/projects/{project_id}"
    before = (await delivered.get(path)).json()
    secret = await life.document("Unfinished")
    body = {"description": "Unfinished", "documents": [secret], "site": None}
    changed = (await life.step(project_id, "update", body=body)).json()
    assert before == (await delivered.get(path)).json()
    assert before in (await delivered.get("/v1/projects?limit=200&state=rejected", by=stranger)).json()["items"]
    for key in (life.developer, life.regulator):
        assert changed == (await delivered.get(path, by=key)).json()
    for where in (f"{path}/documents/{secret}", f"/v1/documents/{secret}"):
        refused(await delivered.get(where, by=stranger), 404, "not-found")
    (first,) = before["documents"]
    for where in (f"{path}/documents/{first}", f"/v1/documents/{first}"):
        assert 200 == (await delivered.get(where, by=stranger)).status_code
    await life.took(project_id, "submit")
    assert "Unfinished" == (await delivered.get(path)).json()["description"]


async def test_search_and_lists_say_what_was_submitted(delivered: World):
    """A project that was sent back is found by the words and the methodology that it had, and names those documents."""
    life, stranger = await life_of(delivered), delivered.party("car").key
    project_id = await life.project("rejected", name="Bamboo of the first words", methodology="forest-sink")
    path = f"/v1/projects/{project_id}"
    (first,) = (await delivered.get(path)).json()["documents"]
    secret = await life.document("Unfinished")
    await life.step(project_id, "update", body={"name": "Unfinished words", "documents": [secret]})

    async def found(words: str) -> list[str]:
        return [each["id"] for each in (await delivered.get(f"/v1/search?q={words}", by=stranger)).json()["items"]]

    async def named(key: str) -> list[str]:
        return [each["sha256"] for each in (await delivered.get(f"{path}/documents", by=key)).json()["items"]]

    assert ([str(project_id)], []) == (await found("bamboo of the first"), await found("unfinished"))
    assert ([first], [secret]) == (await named(stranger), await named(life.developer))
    listed = (await delivered.get("/v1/projects?limit=200&state=rejected&methodology=forest-sink", by=stranger)).json()
    assert "Bamboo of the first words" in [each["name"] for each in listed["items"]]


@pytest.mark.parametrize("step", ["create", "update", "report"])
async def test_a_developer_names_a_missing_document(delivered: World, step: str):
    """422 that counts them, names the first, and says where to upload."""
    life = await life_of(delivered)
    known = (await upload(delivered, b"known", by=life.developer)).json()["sha256"]
    named = [known, MISSING]
    draft = project_body(life.organisation_id, documents=named)
    state = {"create": "draft", "update": "draft", "report": "registered"}[step]
    project_id = await life.project(state)
    path, body = {
        "create": ("/v1/projects", draft),
        "update": (f"/v1/projects/{project_id}/update", {k: v for k, v in draft.items() if k != "organisation_id"}),
        "report": (f"/v1/projects/{project_id}/reports", report_body(documents=named)),
    }[step]
    async with unchanged(delivered):
        answer = await delivered.post(path, body, by=life.developer)
    problem = refused(answer, 422, "unknown-document", "1 of 2", MISSING, "/v1/documents")
    assert [MISSING] == problem["missing"]


async def test_a_verifier_names_a_missing_report(delivered: World):
    """Neither validation nor verification without the report that carries it."""
    life = await life_of(delivered)
    project_id, report_id = await life.project("submitted"), await life.report(await life.project("registered"))
    finding = {"why": "Fine", "report_sha256": MISSING}
    async with unchanged(delivered):
        for path in (f"/v1/projects/{project_id}/validate", f"/v1/reports/{report_id}/verify"):
            answer = await delivered.post(path, finding, by=life.verifier)
            refused(answer, 422, "unknown-document", MISSING)

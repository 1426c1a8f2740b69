"""Documents are named by their SHA-256: stored once, given back byte for byte; nothing names one that is missing."""

import hashlib

import pytest

from tests.probes import refused, unchanged
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

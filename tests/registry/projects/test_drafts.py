"""The documents of a draft, one by one."""

import httpx
import pytest

from registry.projects import rules
from tests.registry.projects.life import Life, life_of, some_file
from tests.worlds import World


async def add(life: Life, project_id: int, content: bytes, *, by: str = "", key: str = "") -> httpx.Response:
    """Upload a file into a project."""
    headers = {
        "Authorization": f"Bearer {by or life.developer}",
        "Idempotency-Key": key or life.world.next_key(),
        "Content-Type": "application/pdf",
    }
    return await life.world.http.post(f"/v1/projects/{project_id}/documents", content=content, headers=headers)


async def named(life: Life, project_id: int) -> list[str]:
    """The documents of a project, as its developer sees it."""
    answer = await life.world.get(f"/v1/projects/{project_id}", by=life.developer)
    return [str(each) for each in answer.json()["documents"]]


async def test_a_file_is_stored_and_named_in_one_step(issued: World):
    """Sent again, or the same file under another key, it stays one document; removed, it is named no more."""
    life = await life_of(issued)
    project_id = await life.project("draft", documents=[])
    content = some_file(2_000)
    first = await add(life, project_id, content, key="same")
    assert 201 == first.status_code, first.text
    assert first.json() == (await add(life, project_id, content, key="same")).json()
    assert 201 == (await add(life, project_id, content)).status_code
    sha256 = first.json()["sha256"]
    assert [sha256] == await named(life, project_id)
    removed = await issued.ok(f"/v1/projects/{project_id}/documents/{sha256}/remove", by=life.developer)
    assert [] == removed["documents"]
    again = await issued.post(f"/v1/projects/{project_id}/documents/{sha256}/remove", by=life.developer)
    assert 404 == again.status_code


async def test_others_add_and_remove_nothing(issued: World):
    """Another developer is refused, and nothing of theirs is stored under the project."""
    life = await life_of(issued)
    project_id = await life.project("draft")
    (sha256,) = await named(life, project_id)
    other = await issued.newcomer("developer")
    assert "not-yours" in (await add(life, project_id, some_file(100), by=other.key)).text
    answer = await issued.post(f"/v1/projects/{project_id}/documents/{sha256}/remove", by=other.key)
    assert (403, "not-yours") == (answer.status_code, answer.json()["type"].rpartition(":")[2])
    assert [sha256] == await named(life, project_id)


async def test_what_was_submitted_is_changed_no_more(issued: World):
    """The verifier judges what was submitted; sent back, it can be changed again."""
    life = await life_of(issued)
    project_id = await life.project("submitted")
    (sha256,) = await named(life, project_id)
    assert 409 == (await add(life, project_id, some_file(100))).status_code
    path = f"/v1/projects/{project_id}/documents/{sha256}/remove"
    assert 409 == (await issued.post(path, by=life.developer)).status_code
    await life.took(project_id, "reject", by=life.verifier)
    assert 201 == (await add(life, project_id, some_file(100))).status_code
    assert 2 == len(await named(life, project_id))


async def test_a_file_under_a_wrong_name_is_refused(issued: World):
    """And the draft names nothing new."""
    life = await life_of(issued)
    project_id = await life.project("draft", documents=[])
    answer = await add(life, project_id, b"<script>")
    assert (422, "file-type") == (answer.status_code, answer.json()["type"].rpartition(":")[2])
    assert 400 == (await add(life, project_id, b"")).status_code
    assert [] == await named(life, project_id)


async def test_one_document_too_many_is_refused(issued: World, monkeypatch: pytest.MonkeyPatch):
    """A project names as many as a body may, and no more."""
    monkeypatch.setattr(rules, "MAX_DOCUMENTS", 2)
    life = await life_of(issued)
    project_id = await life.project("draft")
    assert 201 == (await add(life, project_id, some_file(100))).status_code
    answer = await add(life, project_id, some_file(100))
    assert 400 == answer.status_code
    assert "at most 2" in answer.json()["detail"]

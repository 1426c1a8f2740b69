"""`kilnwood documents`: what nothing names is listed and removed, and nothing else."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from tests.deploy import services
from tests.probes import as_owner, unchanged
from tests.registry.projects.life import life_of, project_body, some_file, upload
from tests.worlds import World


async def kilnwood(world: World, *words: str) -> tuple[int, str]:
    """Run the command line on the world's database; returns its exit code and what it said."""
    done = await asyncio.to_thread(services.kilnwood, *words, DATABASE_URL=world.dsn)
    return done.returncode, done.stdout + done.stderr


async def named_by_nothing(world: World) -> set[str]:
    """The SHA-256 of what the command lists, whatever its age."""
    code, said = await kilnwood(world, "documents", "list", "--older-than", "0")
    assert 0 == code, said
    return {line.split()[0] for line in said.splitlines() if len(line.split()[0]) == 64}


async def uploaded(world: World, key: str) -> str:
    """A document of a hundred bytes that nothing names yet."""
    return str((await upload(world, some_file(100), by=key)).json()["sha256"])


async def test_only_what_nothing_names_is_removed(delivered: World):
    """Documents of drafts, of projects and reports in every state, and of claims stay, to the byte."""
    before = await named_by_nothing(delivered)
    life = await life_of(delivered)
    for state in ("draft", "submitted", "public_notice", "rejected"):
        await life.project(state)
    project_id = await life.project("registered")
    report_id = await life.report(project_id)
    await life.world.ok(f"/v1/reports/{report_id}/reject", {"why": "Unclear"}, by=life.verifier)
    await life.world.ok(f"/v1/reports/{report_id}/resubmit", await life.report_body(), by=life.developer)
    await life.world.ok(f"/v1/reports/{report_id}/verify", await life.finding(), by=life.verifier)
    assert before == await named_by_nothing(delivered), "all of these are named, a report's earlier version too"
    alone = await uploaded(delivered, life.developer)
    assert before | {alone} == await named_by_nothing(delivered)
    async with unchanged(delivered):
        code, said = await kilnwood(delivered, "documents", "remove")
        assert (0, "0 documents of 0 bytes were removed.") == (code, said.strip().splitlines()[-1]), said
    await as_owner(delivered, "update registry.document set stored_at = now() - interval '31 days'")
    code, said = await kilnwood(delivered, "documents", "remove", "--compact")
    assert (0, True) == (code, f"{len(before) + 1} documents of" in said), said
    assert set() == await named_by_nothing(delivered)
    assert 404 == (await delivered.get(f"/v1/documents/{alone}", by=life.developer)).status_code
    shown = (await delivered.get(f"/v1/reports/{report_id}")).json()
    for sha256 in (*shown["documents"], shown["verification_report"]):
        content = (await delivered.get(f"/v1/documents/{sha256}", by=life.developer)).content
        assert sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.long
async def test_a_withdrawn_draft_names_nothing(delivered: World):
    """A draft that was never submitted; one that was sent back before is kept with its documents."""
    life = await life_of(delivered)
    before = await named_by_nothing(delivered)
    sha256 = await uploaded(delivered, life.developer)
    body = project_body(life.organisation_id, documents=[sha256])
    draft = await delivered.ok("/v1/projects", body, by=life.developer)
    sent_back = await life.project("rejected")
    assert before == await named_by_nothing(delivered)
    for project_id in (draft["id"], sent_back):
        await life.took(project_id, "withdraw")
    assert before | {sha256} == await named_by_nothing(delivered)


async def test_a_claim_names_its_verifiers_report(delivered: World):
    """What a claim's statement in the log has the digest of."""
    bank, vvb = delivered.party("bank"), delivered.party("vvb")
    before = await named_by_nothing(delivered)
    sha256 = await uploaded(delivered, vvb.key)
    await as_owner(
        delivered,
        "update registry.claim set body = (body::jsonb || jsonb_build_object('verifier', "
        "jsonb_build_object('report_sha256', $1::text)))::text where id = $2",
        sha256,
        await delivered.contribution(bank),
    )
    assert before == await named_by_nothing(delivered)


async def test_where_there_is_no_registry(tmp_path: Path):
    """One line, exit code 1, and nothing is made."""
    folder = str(tmp_path / "nothing")
    done = await asyncio.to_thread(services.kilnwood, "documents", "remove", KILNWOOD_DATA_DIR=folder)
    assert (1, "") == (done.returncode, done.stdout)
    assert "There is no registry in" in done.stderr
    assert not (tmp_path / "nothing").exists()

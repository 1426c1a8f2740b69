"""Two at once at the last place of a quota, and a clean-up while somebody names what it removes."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx

from registry.kit.quotas import Quotas
from registry.usage import service as usage
from tests import worlds
from tests.races.race_region import RaceRegion
from tests.races.test_ledger_races import are_waiting, outcome, race
from tests.registry.projects.life import project_body, some_file, upload


@asynccontextmanager
async def limited(region: RaceRegion, **limits: int) -> AsyncIterator[RaceRegion]:
    """The same region behind an application with other limits."""
    async with worlds.application(region.world.dsn, region.world.season, quotas=Quotas(limits)) as world:
        yield dataclasses.replace(region, world=world)


async def sent(region: RaceRegion, content: bytes, key: str) -> httpx.Response:
    """An upload of the maker's."""
    return await upload(region.world, content, by=region.maker.key, key=key)


async def test_two_uploads_do_not_pass_a_quota_together(region: RaceRegion):
    """One place is left: one of two is stored, the other refused with what is used by then."""
    assert 201 == (await sent(region, b"the first", "first")).status_code
    # The lock, and behind it the row in which the trigger counts.
    held = (
        f"select pg_advisory_xact_lock(hashtextextended('quota:documents:{region.maker.organisation_id}', 0))",
        "select from registry.document_usage for update",
    )
    async with limited(region, documents=2) as tight:
        contenders = [sent(tight, some_file(100), f"race-{number}") for number in range(2)]
        answers = await race(tight, contenders, *held)
    assert [(201, ""), (409, "quota-used-up")] == outcome(answers)
    assert "2 of 2 documents" in answers[1].json()["detail"]


async def test_a_document_is_removed_or_named_but_not_both(region: RaceRegion):
    """It is being removed when a project names it: the project waits, and is refused because it is gone."""
    sha256 = (await sent(region, b"evidence", "evidence")).json()["sha256"]
    body = project_body(region.maker.organisation_id, documents=[sha256])
    owner = await asyncpg.connect(region.world.dsn)
    try:
        async with owner.transaction():
            assert await usage.remove_document_in(owner, sha256, older_than_days=0)
            naming = asyncio.create_task(region.world.post("/v1/projects", body, by=region.maker.key))

            async def it_waits_or_is_answered() -> bool:
                return naming.done() or await are_waiting(region, 1)

            await region.until(it_waits_or_is_answered)
        assert [(422, "unknown-document")] == outcome([await naming])
        assert sha256 == (await sent(region, b"evidence", "again")).json()["sha256"]
        await region.world.ok("/v1/projects", body, by=region.maker.key)
        assert not await usage.remove_document_in(owner, sha256, older_than_days=0)
    finally:
        await owner.close()

"""What a refusal looks like from outside, and whether it left a trace in the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx

from registry.kit.http import PROBLEM_TYPE
from tests.worlds import World

_TABLES = """
select format('%I.%I', schemaname, tablename) from pg_tables
where schemaname in ('registry', 'exchange') order by 1
"""


async def fingerprints(owner: asyncpg.Connection) -> dict[str, str]:
    """
    A digest of every row of every table of registry and exchange.

    The journal's head without its epoch: a request may be the first that lets a test's exchange take over.
    """
    tables = {row[0]: "t::text" for row in await owner.fetch(_TABLES)}
    tables["exchange.head"] = "row(t.sequence, t.hash)::text"
    query = " union all ".join(
        f"select '{table}', md5(coalesce(string_agg({row}, chr(10) order by {row}), '')) from {table} t"
        for table, row in tables.items()
    )
    return dict(await owner.fetch(query))  # type: ignore[arg-type]  # rows of two columns


@asynccontextmanager
async def unchanged(world: World) -> AsyncIterator[None]:
    """Whatever is sent inside leaves every row of every table as it was."""
    owner = await asyncpg.connect(world.dsn)
    try:
        before = await fingerprints(owner)
        yield
        assert before == await fingerprints(owner)
    finally:
        await owner.close()


def refused(answer: httpx.Response, status: int, slug: str, *named: object) -> dict[str, Any]:
    """Assert one problem document whose text names *named*; returns its members."""
    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"]), answer.text
    problem: dict[str, Any] = answer.json()
    assert (PROBLEM_TYPE + slug, status) == (problem["type"], problem["status"]), answer.text
    assert [] == [each for each in named if str(each) not in problem["detail"]], problem["detail"]
    return problem


async def as_owner(world: World, query: str, *args: object) -> Any:
    """Run one statement as the owner of the tables, as no request can; returns its first value."""
    owner = await asyncpg.connect(world.dsn)
    try:
        return await owner.fetchval(query, *args)
    finally:
        await owner.close()

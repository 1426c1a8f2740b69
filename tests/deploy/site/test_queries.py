"""Pages ask the database no more often for many objects than for a few."""

from typing import Any

import pytest
from asyncpg import Connection

from tests.worlds import World

MANY = 40


async def queries(world: World, monkeypatch: pytest.MonkeyPatch, path: str, key: str) -> int:
    """How many statements are sent while a page is made."""
    sent = 0
    real = Connection._execute  # type: ignore[attr-defined]  # what every way to ask goes through

    async def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal sent
        sent += 1
        return await real(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "_execute", counted)
        answer = await world.http.get(path, headers={"Cookie": f"__Host-kilnwood={key}"})
    assert 200 == answer.status_code, answer.text
    return sent


async def opened(world: World, who: str, number: int) -> None:
    """Open accounts of an organisation, straight in the table."""
    query = (
        "insert into registry.account (region_id, owner_id, type, name, opened_at)"
        " select registry.region_id(), $1, 'holding', 'Account ' || n, registry.business_now()"
        " from generate_series(1, $2::int) n"
    )

    async def work(tx: Any) -> None:
        await tx.execute(query, world.party(who).organisation_id, number)

    await world.db.transaction(work)


@pytest.mark.parametrize("path", ["/desk", "/holdings", "/pools/new", "/claims/{claim}"])
async def test_many_accounts_take_no_more_queries(delivered: World, monkeypatch: pytest.MonkeyPatch, path: str):
    """Forty accounts beside one: what is in them is asked in one statement."""
    key = delivered.party("solar").key
    path = path.format(claim=await delivered.contribution("solar"))
    few = await queries(delivered, monkeypatch, path, key)
    await opened(delivered, "solar", MANY)
    many = await queries(delivered, monkeypatch, path, key)
    assert many < few + MANY // 2, (few, many)

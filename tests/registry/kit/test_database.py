"""Transactions: reruns after a deadlock, and an end to them."""

import asyncio

import asyncpg
import pytest

from registry.kit.database import ATTEMPTS, Contended, Tx
from tests.worlds import World

LOCK = "select pg_advisory_xact_lock($1)"


async def test_a_deadlock_is_rerun_until_both_have_committed(empty: World):
    """Two transactions take two locks in opposite order: one is the victim once, and both end well."""
    both_hold_one = asyncio.Barrier(2)
    runs: list[int] = []

    async def crossing(first: int, second: int) -> int:
        async def work(tx: Tx) -> int:
            runs.append(first)
            await tx.execute(LOCK, first)
            if runs.count(first) == 1:
                await both_hold_one.wait()
            await tx.execute(LOCK, second)
            return first

        return await empty.db.transaction(work)

    assert [1, 2] == sorted(await asyncio.gather(crossing(1, 2), crossing(2, 1)))
    assert 3 == len(runs), "one of the two was the victim, once"


@pytest.mark.parametrize("error", [asyncpg.DeadlockDetectedError, asyncpg.SerializationError])
async def test_contention_without_end_is_refused_after_three_attempts(empty: World, error: type[Exception]):
    """Work that never succeeds is tried three times, then refused as unavailable; nothing of it is kept."""
    runs = 0

    async def work(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        await tx.execute(
            "insert into registry.party (region_id, kind, name, created_at)"
            " values ('CN-510100', 'person', 'nobody', now())"
        )
        raise error("again")

    with pytest.raises(Contended):
        await empty.db.transaction(work)
    assert ATTEMPTS == runs
    async with empty.db.reading() as tx:
        assert 0 == await tx.fetchval("select count(*) from registry.party where name = 'nobody'")

"""Who waits for a row that somebody holds keeps no connection from others: not from reads, not from other writers."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from deploy.pool import PATIENT_CONNECTIONS, connect_lanes, terminate_lanes
from registry.kit import database as kit
from registry.kit.database import Contended, Database, Tx
from tests.database import connected
from tests.faults.killing import until
from tests.stopwatch import Stopwatch

POOL = 4
HELD, FREE = 1, 2
ROWS = "create table if not exists public.lane (id bigint primary key, n bigint not null)"


@pytest.fixture
async def lanes(empty) -> AsyncIterator[tuple[Database, "asyncpg.Connection[asyncpg.Record]"]]:
    """The service's connections, four of a kind, and a session of somebody else that holds row 1."""
    holder = await asyncpg.connect(empty.dsn)
    await holder.execute(f"{ROWS}; insert into lane values (1, 0), (2, 0); grant all on lane to kilnwood_api")
    made = await connect_lanes(empty.dsn, size=POOL)
    held = holder.transaction()
    await held.start()
    await holder.execute("select from lane where id = 1 for update")
    try:
        yield Database(made), holder
    finally:
        terminate_lanes(made)
        await holder.execute("rollback")
        await holder.execute("drop table lane")
        await holder.close()


async def add(db: Database, row: int, writer: object, runs: list[int] | None = None, **how: bool) -> None:
    """One write to one row."""

    async def work(tx: Tx) -> None:
        if runs is not None:
            runs.append(row)
        await tx.execute("update lane set n = n + 1 where id = $1", row)

    await db.transaction(work, writer=writer, **how)


async def waiting(dsn: str) -> int:
    """How many sessions wait for a lock; a transaction would see the same number again and again."""
    async with connected(dsn) as watcher:
        blocked = "wait_event_type = 'Lock' and datname = current_database()"
        return int(await watcher.fetchval(f"select count(*) from pg_stat_activity where {blocked}"))


@pytest.mark.parametrize("writers", [1, 40])
async def test_forty_waiters_for_one_row_starve_nobody(empty, lanes, writers):
    """Of one person or of forty: others read and write meanwhile, and when the row is free each of them is done."""
    db, holder = lanes
    stuck = [asyncio.create_task(add(db, HELD, f"person {number % writers}")) for number in range(40)]
    await until(lambda: waiting(empty.dsn), "they wait")
    took = []
    for _ in range(30):
        watch = Stopwatch()
        await add(db, FREE, "somebody else")
        async with db.reading() as tx:
            await tx.fetchval("select n from lane where id = $1", FREE)
        took.append(watch.took_s())
    assert sorted(took)[15] < 0.1
    assert max(took) < 4, "at worst each of the forty has met the lock once before"

    async def patient() -> bool:
        return 0 < await waiting(empty.dsn) <= PATIENT_CONNECTIONS

    await until(patient, "only the patient ones wait")
    await holder.execute("commit")
    await asyncio.gather(*stuck)
    await holder.execute("begin")
    assert [(HELD, 40), (FREE, 30)] == [tuple(row) for row in await holder.fetch("select * from lane order by id")]


@pytest.mark.long
async def test_a_lock_that_is_never_free_is_refused_and_nothing_is_written(lanes, monkeypatch):
    """One waits for the lock, the other for its turn: both are refused, and what follows is carried out."""
    db, holder = lanes
    monkeypatch.setattr(kit, "PATIENCE_S", 1.0)
    refusals = await asyncio.gather(*(add(db, HELD, "a") for _ in range(2)), return_exceptions=True)
    assert [Contended, Contended] == [type(each) for each in refusals]
    assert "Other writers held the same rows for too long; nothing was written. Send it again." == str(refusals[0])
    await add(db, FREE, "a")
    assert 1 == await holder.fetchval("select n from lane where id = $1", FREE)


async def test_who_is_not_patient_is_refused_at_once(lanes):
    """What has another way of its own, such as a group of retirements: it is run once and does not wait twice."""
    db, _ = lanes
    runs: list[int] = []
    watch = Stopwatch()
    with pytest.raises(Contended):
        await add(db, HELD, None, runs, patient=False)
    assert (1, True) == (len(runs), watch.took_s() < 2)

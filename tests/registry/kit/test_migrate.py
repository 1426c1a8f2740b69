"""Migrations: what is applied stays as it was, what is unknown is refused, two at once are one."""

import asyncio
from pathlib import Path

import pytest

from deploy.migrations import every_migration
from registry.kit.migrate import Migration, MigrationRefused, check, migrate
from tests.database import compare, connected, fresh, migrated

GOLDEN = Path(__file__).parents[2] / "golden"
FIRST = Migration("test/0001.sql", "create table first (id int)")
SECOND = Migration("test/0002.sql", "create table second (id int)")


@pytest.fixture
def dsn(server):
    """The address of an empty database."""
    return fresh(server)


async def tables(connection):
    """Names of the tables in the schema public, but for the one that remembers migrations."""
    rows = await connection.fetch("select tablename from pg_tables where schemaname = 'public' order by 1")
    return [row["tablename"] for row in rows if row["tablename"] != "kilnwood_migration"]


def test_the_migrated_schema_is_the_one_that_was_reviewed(server):
    """Tables, columns, constraints, indexes, triggers, functions and grants, as the catalog tells them."""

    async def describe(dsn):
        async with connected(dsn) as owner:
            rows = await owner.fetch((GOLDEN / "schema.sql").read_text(encoding="utf-8"))
        return "".join(f"{row['line']}\n" for row in rows)

    compare(GOLDEN / "schema.txt", asyncio.run(describe(migrated(server))))


async def test_what_is_missing_is_applied_once_and_in_order(dsn):
    """A second run finds nothing to do; a new file is applied alone."""
    async with connected(dsn) as owner:
        assert ("test/0001.sql",) == await migrate(owner, [FIRST])
        assert () == await migrate(owner, [FIRST])
        assert ("test/0002.sql",) == await migrate(owner, [FIRST, SECOND])
        assert ["first", "second"] == await tables(owner)


async def test_a_file_that_was_changed_after_it_was_applied_is_refused(dsn):
    """The text says which file; nothing else is applied either."""
    async with connected(dsn) as owner:
        await migrate(owner, [FIRST])
        changed = Migration(FIRST.name, FIRST.text + " -- one more word")
        with pytest.raises(MigrationRefused, match=r"test/0001\.sql was changed after it was applied"):
            await migrate(owner, [changed, SECOND])
        assert ["first"] == await tables(owner)


async def test_a_migration_that_this_version_does_not_know_is_refused(dsn):
    """An older program leaves a newer database alone."""
    async with connected(dsn) as owner:
        await migrate(owner, [FIRST, SECOND])
        with pytest.raises(MigrationRefused, match=r"test/0002\.sql, which this version does not know"):
            await migrate(owner, [FIRST])


async def test_a_file_that_fails_leaves_nothing_of_itself(dsn):
    """Whole files before it stay; after a correction the work goes on; the lock is given back."""
    async with connected(dsn) as owner:
        broken = Migration(SECOND.name, "create table second (id int); select 1 / 0")
        with pytest.raises(Exception, match="division by zero"):
            await migrate(owner, [FIRST, broken])
        assert ["first"] == await tables(owner)
        async with asyncio.timeout(30), connected(dsn) as other:
            assert ("test/0002.sql",) == await migrate(other, [FIRST, SECOND])


async def test_two_migrators_at_once_both_succeed(dsn):
    """Both wait at the lock before either runs; one applies everything, the other finds nothing to do."""
    async with (
        asyncio.timeout(30),
        connected(dsn) as gate,
        connected(dsn) as one,
        connected(dsn) as two,
    ):
        await gate.execute("select pg_advisory_lock(hashtext('kilnwood migrate'))")
        racing = [asyncio.create_task(migrate(each, every_migration())) for each in (one, two)]
        waiting = """select count(*) from pg_locks where locktype = 'advisory' and not granted
            and database = (select oid from pg_database where datname = current_database())"""
        while 2 != await gate.fetchval(waiting):
            assert not any(task.done() for task in racing), "neither may run while the lock is held"
            await asyncio.sleep(0)
        await gate.execute("select pg_advisory_unlock(hashtext('kilnwood migrate'))")
        done = sorted(await asyncio.gather(*racing), key=len)
        assert [(), tuple(each.name for each in every_migration())] == done


async def test_a_database_that_lags_behind_is_named(dsn):
    """`check` refuses until every file is applied, and says what to run."""
    async with connected(dsn) as owner:
        await migrate(owner, every_migration()[:1])
        with pytest.raises(MigrationRefused, match=r"Not yet applied: .*0002_.*Run: kilnwood migrate"):
            await check(owner, every_migration())
        await migrate(owner, every_migration())
        await check(owner, every_migration())

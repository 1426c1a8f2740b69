"""
A database of the last released version, with rows in every table, takes every migration that came since.

An empty schema that migrates proves nothing about rows: a deferred trigger, a new constraint or a cast meets them only
where there are some.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.migrations import every_migration
from registry.kit.migrate import migrate
from registry.kit.spelling import spelling
from tests.database import connected, fresh

STORED = Path(__file__).parents[2] / "golden" / "stored" / "database-2" / "rows.json"
Rows = dict[str, Any]


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Every table's rows, and the names of the migrations that had been applied."""
    read: Rows = json.loads(STORED.read_text(encoding="utf-8"))
    return read


async def filled(owner: asyncpg.Connection, rows: Rows) -> None:
    """Apply what that version had, and put every row in its place as it was stored."""
    known = set(rows["kilnwood_migration"])
    had = [each for each in every_migration() if each.name in known]
    assert len(known) == len(had)
    await migrate(owner, had)
    tables = await owner.fetch(
        "select schemaname || '.' || tablename as name from pg_tables where schemaname in ('registry', 'exchange')"
    )
    assert {row["name"] for row in tables} == rows.keys() - {"kilnwood_migration"}
    async with owner.transaction():
        await owner.execute("set local session_replication_role = replica")  # triggers and keys have seen these rows
        for table in (row["name"] for row in tables):
            assert rows[table], f"{table} has no row: an upgrade would not be tested on it"
            await owner.execute(f"delete from {table}")  # a migration may have begun with one
            await owner.execute(
                f"insert into {table} overriding system value select * from json_populate_recordset(null::{table}, $1)",
                json.dumps(rows[table]),
            )


@pytest.fixture(scope="module")
def upgraded(server, rows) -> str:
    """The address of that database after every later migration."""

    async def bring_up(dsn: str) -> None:
        async with connected(dsn) as owner:
            await filled(owner, rows)
            await migrate(owner, every_migration())

    dsn = fresh(server)
    asyncio.run(bring_up(dsn))
    return dsn


async def test_every_later_migration_applies_to_rows(upgraded, rows):
    """All of them, and no row of an earlier table is lost."""
    async with connected(upgraded) as owner:
        for table, before in rows.items():
            if table != "kilnwood_migration":
                assert len(before) == await owner.fetchval(f"select count(*) from {table}"), table


async def test_own_keys_of_before_hang_on_the_key_that_was_given(upgraded, rows):
    """Keys that their holders made get a parent; those that somebody else made have none."""
    made = {each["id"] for each in rows["registry.api_key"] if each["created_by"] == each["person_id"]}
    assert made
    async with connected(upgraded) as owner:
        found = await owner.fetch("select id, parent_id from registry.api_key")
    assert made == {row["id"] for row in found if row["parent_id"] is not None}


async def test_the_epoch_of_authority_moves_with_an_upgrade(upgraded, rows):
    """Keys changed, so what a process kept of them is dropped."""
    async with connected(upgraded) as owner:
        assert rows["registry.authority_epoch"][0]["epoch"] < await owner.fetchval(
            "select epoch from registry.authority_epoch"
        )


async def test_validations_of_before_name_their_report(upgraded):
    """Until then only the reason of the step did."""
    async with connected(upgraded) as owner:
        assert 0 == await owner.fetchval(
            "select count(*) from registry.project where state = 'registered' and validation_report is null"
        )


async def test_claims_of_before_are_known_by_the_words_that_new_ones_are_compared_with(upgraded):
    """The database's spelling is that of the product, beyond ASCII as well."""
    async with connected(upgraded) as owner:
        found = await owner.fetch("select subject_words, body::json ->> 'subject' as subject from registry.claim")
    assert {spelling(row["subject"]) for row in found} == {row["subject_words"] for row in found}

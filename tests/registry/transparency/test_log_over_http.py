"""The log as it is served: tiles across every boundary, entry bundles, cache headers, and what does not exist yet."""

import contextlib
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from registry.transparency import store
from registry.transparency.format import grow
from registry.transparency.format.statement import sign_statement, statement_text
from registry.transparency.format.tile import TileKey, format_path, parse_entries
from registry.transparency.rules import Prepared
from registry.transparency.sequencer import sequence_once
from tests import published, worlds
from tests.oracle import merkle
from tests.registry.transparency.logs import append, connected, statement
from tests.worlds import KEYS, ORIGIN, World

FOR_EVER = "public, max-age=31536000, immutable"


async def notes(dsn: str) -> list[bytes]:
    """Every leaf as it is stored."""
    async with connected(dsn) as connection:
        rows = await connection.fetch("select note from registry.statement order by leaf_index")
    return [row["note"].encode() for row in rows]


async def test_tiles_across_the_boundary_of_256(empty, log):
    """255, 256, 257: what is served is the definition, full tiles and partial ones, level by level."""
    full = {(0, 0), (1, 0)}
    for size, more, tiles in ((255, 255, {(0, 0)}), (256, 1, full), (257, 1, full | {(0, 1)})):
        await append(empty, more)
        await log.publish(empty.dsn)
        checkpoint, leaves = await published.fetch_log(empty.http, log.trust)
        assert (size, leaves) == (checkpoint.size, await notes(empty.dsn))
        async with connected(empty.dsn) as connection:
            rows = await connection.fetch("select level, n, hashes from registry.log_tile")
        assert [merkle.tile(row["level"], row["n"], leaves) for row in rows] == [row["hashes"] for row in rows]
        assert tiles == {(row["level"], row["n"]) for row in rows}


@pytest.fixture
async def five(empty, log) -> World:
    """A log of five published statements, and a sixth that is not published."""
    await append(empty, 5)
    await log.publish(empty.dsn)
    await append(empty, 1)
    await empty.sequence()
    return empty


async def test_every_published_width_is_served_for_ever(five):
    """A narrower tile is the beginning of a wider one; neither ever changes."""
    for width in (1, 4, 5):
        leaves = (await notes(five.dsn))[:width]
        hashes = await five.http.get(f"/v1/log/tile/0/000.p/{width}")
        bundle = await five.http.get(f"/v1/log/tile/entries/000.p/{width}")
        assert (200, merkle.tile(0, 0, leaves)) == (hashes.status_code, hashes.content)
        assert (200, tuple(leaves)) == (bundle.status_code, parse_entries(bundle.content))
        for answer in (hashes, bundle):
            assert FOR_EVER == answer.headers["Cache-Control"]
            assert "application/octet-stream" == answer.headers["Content-Type"]


async def test_what_is_not_published_is_not_found(five):
    """Wider than the checkpoint, beyond it, a level too high, or no path of a tile: 404, never cached for ever."""
    beyond = ["0/000.p/6", "0/000", "0/001.p/1", "1/000.p/1", "63/000.p/1"]
    beyond += ["entries/000.p/6", "entries/000", "entries/001.p/1"]
    nonsense = ["64/000.p/1", "0/000.p/0", "0/000.p/256", "0/0", "0/x000/000", "00/000.p/1", "-1/000", "nothing"]
    nonsense += ["entries/000.p/05", "0/000.p/1x", "0/000.p/\u0661", "%2e%2e/0/000.p/1"]
    for path in (*beyond, *nonsense):
        answer = await five.http.get(f"/v1/log/tile/{path}")
        assert (path, 404) == (path, answer.status_code)
        assert "application/problem+json" == answer.headers["Content-Type"]
        assert "no-store" == answer.headers["Cache-Control"]


async def test_the_checkpoint_is_never_cached(five):
    """It changes; and it is the newest witnessed one, not the newest."""
    answer = await five.http.get("/v1/log/checkpoint")
    assert (200, "no-cache") == (answer.status_code, answer.headers["Cache-Control"])
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "5" == answer.text.split("\n")[1]


async def test_an_empty_log_has_no_checkpoint(empty):
    """404 that says when to ask again."""
    answer = await empty.http.get("/v1/log/checkpoint")
    assert (404, "urn:kilnwood:problem:not-in-the-log") == (answer.status_code, answer.json()["type"])


@contextlib.asynccontextmanager
async def large_log(
    server: str, empty_template: worlds.Template, size: int
) -> AsyncIterator[tuple[World, list[bytes]]]:
    """A log of *size* leaves that were put there in one go, with their tiles; dropped without the usual invariants."""
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"create database large template {empty_template.database}")
        dsn = worlds.database_dsn(server, "large")
        leaves = [b"leaf %d" % number for number in range(size)]
        await fill(dsn, leaves)
        async with worlds.application(dsn, empty_template.season) as world:
            yield world, leaves
    finally:
        await admin.execute("drop database if exists large with (force)")
        await admin.close()


async def fill(dsn: str, leaves: list[bytes]) -> None:
    """Store sequenced statements, head and tiles by the superuser."""
    hashes = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    grown = grow.append(0, hashes, {})
    now = datetime.now(UTC)
    rows = [
        ("x/v1", leaf.decode(), hashlib.sha256(leaf).digest(), now, index, leaf.decode(), hashes[index])
        for index, leaf in enumerate(leaves)
    ]
    owner = await asyncpg.connect(dsn)
    try:
        columns = ["type", "note_text", "sha256", "at", "leaf_index", "note", "leaf_hash"]
        await owner.copy_records_to_table("statement", schema_name="registry", columns=columns, records=rows)
        await store.grow(owner, 0, grown.size, grown.root, grown.tiles)
    finally:
        await owner.close()


async def test_the_third_level_of_tiles_begins_at_65_536(server, templates, log):
    """From 65,534 leaves over the boundary: the stored root and every touched tile are the definition's."""
    async with large_log(server, templates["empty"], 65_534) as (world, leaves):
        for more in (1, 1, 1):
            text = statement_text(ORIGIN, statement())
            async with connected(world.dsn) as connection:
                await append_text(world.dsn, text)
                assert more == await sequence_once(connection, KEYS)
                leaves.append(sign_statement(text, KEYS.issuer).encode())
                size, root = await store.head(connection)
                assert (len(leaves), merkle.mth(leaves)) == (size, root)
        touched = [TileKey(0, 255), TileKey(0, 256), TileKey(1, 0), TileKey(2, 0)]
        async with connected(world.dsn) as connection:
            stored = await store.tiles(connection, [*touched, TileKey(1, 1), TileKey(2, 1)])
        assert {key: merkle.tile(*key, leaves) for key in touched} == stored
        assert await log.publish(world.dsn)
        for path in (format_path(2, 0, 1), format_path(1, 0), format_path(0, 256, 1), format_path(0, 255)):
            assert 200 == (await world.http.get(f"/v1/log/{path}")).status_code
        last = await world.http.get(f"/v1/log/{format_path(None, 256, 1)}")
        assert (leaves[-1],) == parse_entries(last.content)


async def append_text(dsn: str, text: str) -> None:
    """Append a statement whose text is known."""
    owner = await asyncpg.connect(dsn)
    try:
        await store.append(owner, [Prepared(statement().TYPE, text, hashlib.sha256(text.encode()).digest())])
    finally:
        await owner.close()

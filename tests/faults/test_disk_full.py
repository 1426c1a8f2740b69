"""
No room left: 507, nothing kept, and the same request succeeds when there is room.

The database of the first test lies in a tablespace on a file system of a few megabytes that is then filled to the last
byte. Only the tables are there: a PostgreSQL whose *journal* has no room stops itself, and that is a database away.
"""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests import worlds
from tests.probes import as_owner, refused, unchanged
from tests.registry.projects.life import some_file
from tests.worlds import Template, World

SIZE = "48m"
DOCUMENT = some_file(4_000_000)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own that the server can write; only root can mount one."""
    folder = Path(tempfile.mkdtemp(prefix="kw-full-", dir="/tmp"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0777", "none", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("a file system cannot be mounted here; the next test raises what PostgreSQL raises")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
async def on_small_disk(server: str, templates: dict[str, Template], small_disk: Path) -> AsyncIterator[World]:
    """A region whose tables lie on the small file system."""
    space = small_disk / "space"
    space.mkdir()
    admin = await asyncpg.connect(server)
    try:
        data = Path(await admin.fetchval("show data_directory")).stat()
        shutil.chown(space, data.st_uid, data.st_gid)
        await admin.execute(f"create tablespace small location '{space}'")
        await admin.execute(f"create database full_disk template {templates['empty'].database} tablespace small")
        dsn = worlds.database_dsn(server, "full_disk")
        async with worlds.application(dsn, templates["empty"].season) as world:
            assert 200 == (await world.get("/v1/region")).status_code  # the first connection writes a file, too
            yield world
        await admin.execute("drop database full_disk with (force)")
        await admin.execute("drop tablespace small")
    finally:
        await admin.close()


def fill(disk: Path) -> Path:
    """Write a file until there is no room for another byte; deleting it makes room again."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while stream.write(b"\0" * 65536):
                pass
        except OSError:
            pass
    return filler


async def upload(world: World, key: str) -> httpx.Response:
    """Send four megabytes that do not compress."""
    headers = {
        "Authorization": f"Bearer {world.regulators[0]}",
        "Idempotency-Key": key,
        "Content-Type": "application/pdf",
    }
    return await world.http.post("/v1/documents", content=DOCUMENT, headers=headers)


async def test_a_full_file_system(on_small_disk: World, small_disk: Path):
    """507 from the file system up; reads go on, nothing is kept, and the same key succeeds when there is room."""
    filler = fill(small_disk)
    async with unchanged(on_small_disk):
        refused(await upload(on_small_disk, "once"), 507, "storage-full", "nothing was written")
        assert 200 == (await on_small_disk.get("/v1/region")).status_code
    filler.unlink()
    assert 201 == (await upload(on_small_disk, "once")).status_code


FULL = (
    """create function registry.no_room() returns trigger language plpgsql as $$
begin
  raise exception 'could not extend file: No space left on device' using errcode = '53100';
end $$""",
    "create trigger no_room before insert on registry.statement for each row execute function registry.no_room()",
)


async def test_full_at_the_last_insert(delivered: World):
    """
    A retirement that finds no room for its statement, the last thing it writes, keeps none of what came before.

    PostgreSQL's own 53100, raised by a trigger: which insert first meets a full disk cannot be chosen otherwise.
    """
    bank = delivered.party("bank")
    claim = await delivered.contribution(bank)
    for statement in FULL:
        await as_owner(delivered, statement)
    body = {"account_id": bank.account_id, "claim_id": claim, "quantity_kg": 3, "reason": "test"}
    async with unchanged(delivered):
        answer = await delivered.post("/v1/retirements", body, by=bank.key, key="once")
    refused(answer, 507, "storage-full", "nothing was written")
    await as_owner(delivered, "drop trigger no_room on registry.statement")
    again = await delivered.post("/v1/retirements", body, by=bank.key, key="once")
    assert (201, 3) == (again.status_code, again.json()["quantity_kg"])


async def test_full_at_the_journal(delivered: World):
    """An order that the journal has no room for is not done; with room, the same command is taken once."""
    bank, code = delivered.party("bank"), delivered.season.instruments["kiln"]
    order = {**bank.next_order(), "instrument": code, "side": "buy", "price_fen": 10_00, "quantity_t": 1}
    exchange = await delivered.trade()
    await as_owner(delivered, FULL[0])
    await as_owner(
        delivered,
        "create trigger no_room before insert on exchange.journal for each row execute function registry.no_room()",
    )
    async with unchanged(delivered):
        refused(
            await delivered.post("/v1/orders", order, by=bank.key), 503, "not-trading", "send the same request again"
        )
    await as_owner(delivered, "drop trigger no_room on exchange.journal")
    async with asyncio.timeout(30):
        await exchange.gateway.writing.wait()
    answers = [await delivered.post("/v1/orders", order, by=bank.key) for _ in range(2)]
    assert (201, "open", answers[0].json()) == (answers[1].status_code, answers[1].json()["state"], answers[1].json())
    assert [1] == [each["orders"] for each in (await delivered.get(f"/v1/instruments/{code}/book")).json()["bids"]]

"""The database goes away and comes back: 503 with Retry-After meanwhile, nothing lost, and no restart of ours."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.postgres import server as postgres
from tests import worlds
from tests.probes import refused
from tests.worlds import Template, World


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """The data folder of a server of this test's own."""
    folder = Path(tempfile.mkdtemp(prefix="kw-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder / "postgres"
    postgres.remove(folder / "postgres")
    shutil.rmtree(folder, ignore_errors=True)


def start(folder: Path) -> str:
    """Start the server of *folder*; its address stays the same, as that of a server elsewhere does."""
    started = postgres.start(folder)
    address = folder.parent / "socket"
    address.unlink(missing_ok=True)
    address.symlink_to(started.socket_dir)
    return started.dsn.replace(started.socket_dir, str(address))


def away(answer: httpx.Response) -> None:
    """Assert the one answer while the database is away: come back in so many seconds, with the same key."""
    problem = refused(answer, 503, "unavailable", "nothing was lost")
    assert str(problem["retry_after_s"]) == answer.headers["retry-after"]


async def test_a_server_that_stops_and_starts(own_folder: Path):
    """Requests are 503 while it is down; the same application serves again when it is back, and writes once."""
    dsn = start(own_folder)
    season = await worlds._first_start(dsn)
    async with worlds.application(dsn, season) as world:
        by = season.regulators[0]
        assert 200 == (await world.get("/v1/me", by=by)).status_code
        postgres.stop(own_folder)
        for path in ("/v1/region", "/v1/me", "/health/ready"):
            away(await world.get(path, by=by))
        away(await world.post("/v1/people", {"name": "Late"}, by=by, key="once"))
        assert 200 == (await world.get("/health/live")).status_code
        start(own_folder)
        answers = [await world.post("/v1/people", {"name": "Late"}, by=by, key="once") for _ in range(2)]
        assert (201, answers[0].json()) == (answers[1].status_code, answers[1].json())
        assert 3 == await people(world)


async def people(world: World) -> int:
    """How many people there are."""
    owner = await asyncpg.connect(world.dsn)
    try:
        return int(await owner.fetchval("select count(*) from registry.party where kind = 'person'"))
    finally:
        await owner.close()


@contextlib.asynccontextmanager
async def closed(server: str, world: World) -> AsyncIterator[None]:
    """Nobody can connect to this test's database inside, and existing connections are terminated."""
    name = world.dsn.partition("?")[0].rpartition("/")[2]
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"alter database {name} allow_connections false")
        await throw_out(admin, name)
        yield
        await admin.execute(f"alter database {name} allow_connections true")
    finally:
        await admin.close()


async def throw_out(admin: asyncpg.Connection, name: str) -> None:
    """End every session of a database and wait until they are gone."""
    async with asyncio.timeout(30):
        while await admin.fetchval(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = $1", name
        ):
            pass


READS = ("/v1/region", "/v1/projects", "/v1/conservation", "/v1/me", "/v1/accounts", "/health/ready")


async def test_reads_and_writes_while_it_is_away(server: str, delivered: World):
    """Each is 503, with connections that were in the pool and without; then everything is as before."""
    by = delivered.regulators[0]
    before = [(await delivered.get(path, by=by)).text for path in READS]
    async with closed(server, delivered):
        for path in (*READS, *READS):
            away(await delivered.get(path, by=by))
        away(await delivered.post("/v1/people", {"name": "Nobody"}, by=by))
    assert before == [(await delivered.get(path, by=by)).text for path in READS]


async def test_a_write_that_met_no_database_is_carried_out_once(server: str, delivered: World):
    """503, then the same key twice: one person more, and the same answer."""
    by, before = delivered.regulators[0], await people(delivered)
    async with closed(server, delivered):
        away(await delivered.post("/v1/people", {"name": "Late"}, by=by, key="once"))
    first, again = [await delivered.post("/v1/people", {"name": "Late"}, by=by, key="once") for _ in range(2)]
    assert (201, first.json()) == (again.status_code, again.json())
    assert before + 1 == await people(delivered)


async def test_orders_and_deposits_while_it_is_away(server: str, delivered: World):
    """
    Each is 503 while the journal cannot be written; then the exchange is built anew, and each is done once.

    A command is known by its client_order_id, a deposit by its idempotency key.
    """
    bank, operator = delivered.party("bank"), delivered.party("exchange")
    order = {**bank.next_order(), "instrument": delivered.season.instruments["kiln"], "side": "buy"}
    order |= {"price_fen": 10_00, "quantity_t": 1}
    money = {"account_id": bank.account_id, "amount_fen": 7}
    sent = (("/v1/orders", order, bank), ("/v1/deposits/cash", money, operator))
    own = f"/v1/accounts/{bank.account_id}/balances"
    before = (await delivered.get(own, by=bank.key)).json()["cash"]
    async with closed(server, delivered):
        for path, body, by in sent:
            answer = await delivered.post(path, body, by=by.key, key="once")
            refused(answer, 503, answer.json()["type"].rpartition(":")[2], "same")
            assert "retry-after" in answer.headers
        assert 503 == (await delivered.get(own, by=bank.key)).status_code
    for path, body, by in sent:
        async with asyncio.timeout(30):  # the journal's own connection is found broken by the first command
            while (first := await delivered.post(path, body, by=by.key, key="once")).status_code == 503:
                pass
        answers = [first, await delivered.post(path, body, by=by.key, key="once")]
        assert (201, answers[0].json()) == (answers[1].status_code, answers[1].json()), answers[1].text
    after = (await delivered.get(own, by=bank.key)).json()["cash"]
    assert (before["settled_fen"] + 7 - 10_00, 10_00) == (after["settled_fen"], after["locked_fen"])


async def until_waiting(owner: asyncpg.Connection) -> None:
    """Return when one session of this database waits for a lock."""
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with asyncio.timeout(30):
        while not await owner.fetchval(waiting):
            await owner.execute("select pg_stat_clear_snapshot()")


async def test_it_goes_away_in_the_middle_of_a_write(server: str, delivered: World):
    """A retirement waits for its account when its session is ended: 503; the same key afterwards retires once."""
    bank = delivered.party("bank")
    claim = await delivered.contribution(bank)
    body: dict[str, Any] = {"account_id": bank.account_id, "claim_id": claim, "quantity_kg": 9, "reason": "test"}
    owner = await asyncpg.connect(delivered.dsn)
    async with contextlib.AsyncExitStack() as stack:
        gate = owner.transaction()
        await gate.start()
        await owner.execute("select from registry.account where id = $1 for update", bank.account_id)
        cut = asyncio.create_task(delivered.post("/v1/retirements", body, by=bank.key, key="once"))
        await until_waiting(owner)
        await stack.enter_async_context(closed(server, delivered))  # the gate's own session goes as well
        away(await cut)
    answers = [await delivered.post("/v1/retirements", body, by=bank.key, key="once") for _ in range(2)]
    assert [201, 201] == [answer.status_code for answer in answers]
    assert answers[0].json() == answers[1].json()
    assert 980_991 == await delivered.active_kg("bank")
    with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError):
        await owner.close()


async def test_more_requests_than_connections(server: str, templates: dict[str, Template]):
    """With two connections, forty requests queue and all are answered."""
    async with worlds.application(
        worlds.database_dsn(server, "template_empty"), templates["empty"].season, pool_size=2
    ) as world:
        answers = await asyncio.gather(*(world.get("/v1/region") for _ in range(40)))
    assert {200} == {answer.status_code for answer in answers}

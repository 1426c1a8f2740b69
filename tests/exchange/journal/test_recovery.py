"""From bytes back to the engine: by snapshot or from the first command, and never from a journal that was touched."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any
from unittest import mock

import asyncpg
import httpx
import pytest

from deploy.app import Parts, create_app
from deploy.pool import connect_pool
from deploy.processes.engine import at_rest
from exchange.engine.core import Engine
from exchange.engine.state import state_hash
from exchange.journal import gateway as gateways
from exchange.journal import store as journal
from exchange.journal.recovery import JournalBroken, Recovered, begin, recover
from registry.kit.database import Database
from tests import worlds
from tests.database import connected
from tests.simulation import trading_stack
from tests.simulation.trading_stack import OPENING, RandomCommands, bid, replayed_hash

SENT = 120


@pytest.fixture
async def market_dsn(server, templates) -> AsyncIterator[str]:
    """The DSN of a database with two instruments and no trading yet."""
    async with trading_stack.market_database(server, templates["empty"]) as dsn:
        yield dsn


async def traded(dsn: str, seed: int, *, sent: int = SENT, opening=OPENING) -> bytes:
    """Send seeded commands, a few at a time, and stop; returns the engine's final state hash."""
    random_commands = RandomCommands(seed)
    async with trading_stack.started(dsn, opening=opening) as stack:
        for _ in range(sent // 4):
            for answer in await stack.gateway.submit_all([random_commands.next_command() for _ in range(4)]):
                random_commands.learn_from(answer.events)
        return state_hash(stack.engine.market)


async def recovered(dsn: str) -> Recovered:
    """Recover as the next writer would."""
    async with connected(dsn, role="kilnwood_api") as connection:
        return await recover(connection, await journal.journal_end(connection))


async def test_a_snapshot_and_its_tail_recover_what_the_first_command_leads_to(market_dsn):
    """The same state and the same chain, with the snapshot of a clean stop and without any."""
    await traded(market_dsn, 1)
    async with trading_stack.started(market_dsn, opening=()) as stack:
        begun = stack.engine.market.sequence
        for number in range(900, 905):
            await stack.gateway.submit(bid(3, number))
        live = state_hash(stack.engine.market)
        by_snapshot = await recovered(market_dsn)
    assert (begun, begun + 5) == (by_snapshot.snapshot_at, by_snapshot.engine.market.sequence)
    async with connected(market_dsn) as owner:
        await owner.execute("delete from exchange.snapshot")
    from_genesis = await recovered(market_dsn)
    assert 0 == from_genesis.snapshot_at
    assert {live} == {state_hash(each.engine.market) for each in (by_snapshot, from_genesis)}
    assert by_snapshot.hash == from_genesis.hash
    assert live == await replayed_hash(market_dsn)


async def test_two_snapshots_are_kept(market_dsn):
    """The newest and the one before it; each restart counts from the snapshot it began with."""
    async with (
        trading_stack.started(market_dsn) as stack,
        trading_stack.snapshot_follower(market_dsn, every=10) as stored,
    ):
        for number in range(1, 36):
            await stack.gateway.submit(bid(3, number))
        await stored(len(OPENING) + 30)
    async with connected(market_dsn) as owner:
        kept = [row[0] for row in await owner.fetch("select sequence from exchange.snapshot order by 1")]
    assert [len(OPENING) + 30, len(OPENING) + 35] == kept


async def test_restarts_do_not_put_the_next_snapshot_off(market_dsn):
    """A process that is killed again and again before it comes to a snapshot by itself still leaves one."""
    for number in range(1, 6):
        async with await connect_pool(market_dsn, size=2) as pool:
            stack = trading_stack.TradingStack(market_dsn, pool)
            stack.start()
            await asyncio.wait_for(stack.gateway.writing.wait(), 20)
            await stack.gateway.submit_all([bid(3, number)] if number > 1 else [*OPENING, bid(3, 1)])
            await stack.projector.caught_up()
            async with trading_stack.snapshot_follower(market_dsn, every=len(OPENING) + 4) as stored:
                await stored(len(OPENING) + 4 if number > 3 else 0)
            await stack.crash()
    async with connected(market_dsn) as owner:
        assert len(OPENING) + 4 == await owner.fetchval("select max(sequence) from exchange.snapshot")


async def test_a_snapshot_waits_for_the_projections(market_dsn):
    """One that the tables have not reached is not kept: a recovery from it could not tell them what is missing."""
    async with connected(market_dsn) as owner:
        assert not await journal.keep_snapshot(owner, 5, b"state", bytes(32), bytes(32))
        await owner.execute("update exchange.projection set sequence = 5")
        assert await journal.keep_snapshot(owner, 5, b"state", bytes(32), bytes(32))
        assert not await journal.keep_snapshot(owner, 5, b"again", bytes(32), bytes(32))


FOURTH = "first = (select first from exchange.journal order by first offset 3 limit 1)"
ALTER = f"update exchange.journal set {{}} where {FOURTH}"
TOUCHED = {
    "a byte of the commands": (ALTER.format("commands = set_byte(commands, 7, 99)"), "The batch at 26"),
    "commands that cannot be read": (ALTER.format("commands = '\\xc1'"), "cannot be read"),
    "a hash": (ALTER.format("hash = set_byte(hash, 0, get_byte(hash, 0) # 1)"), "replays to hash"),
    "the hash of the events": (
        ALTER.format("events_hash = set_byte(events_hash, 0, get_byte(events_hash, 0) # 1)"),
        "led to other events",
    ),
    "a command taken out": (ALTER.format("commands = '\\x90'"), "The batch at 26 replays"),
    "another codec": (ALTER.format("codec = 7"), "written with codec 7 by engine"),
    "another engine": (ALTER.format("engine = 9"), "by engine 9"),
    "a row in the middle": (
        f"delete from exchange.journal where {FOURTH}",
        "goes from 25 to 30: batches are missing",
    ),
    "the last row": (
        "delete from exchange.journal where last = (select sequence from exchange.head)",
        "its head says",
    ),
    "the first row": ("delete from exchange.journal where first = 1", "goes from 0 to 18"),
    "the head": ("update exchange.head set hash = set_byte(hash, 0, get_byte(hash, 0) # 1)", "its head says"),
}
SNAPSHOT_TOUCHED = {
    "a byte of the state": (
        "update exchange.snapshot set state = set_byte(state, 9, get_byte(state, 9) # 1)",
        "is not what its hash says",
    ),
    "its hash": (
        "update exchange.snapshot set state_hash = set_byte(state_hash, 0, get_byte(state_hash, 0) # 1)",
        "is not what its hash says",
    ),
    "its codec": ("update exchange.snapshot set codec = 9", "has layout 9; this version reads 1 to"),
    "its place": ("update exchange.snapshot set sequence = sequence - 1", "is of 137"),
    "the journal's hash": (
        "update exchange.snapshot set hash = set_byte(hash, 0, get_byte(hash, 0) # 1)",
        "its head says",
    ),
}


@pytest.fixture(scope="module")
def touchable(server, templates) -> Iterator[str]:
    """A journal with a clean end, of which every case alters a transaction's own view."""
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        dsn = runner.run(stack.enter_async_context(trading_stack.market_database(server, templates["empty"])))
        runner.run(traded(dsn, 2))
        yield dsn
        runner.run(stack.aclose())


@pytest.mark.parametrize("what", [*TOUCHED, *SNAPSHOT_TOUCHED])
async def test_a_touched_journal_is_noticed(touchable, what):
    """Whatever was altered, recovery says where, and what to do."""
    statement, says = {**TOUCHED, **SNAPSHOT_TOUCHED}[what]
    async with connected(touchable) as owner:
        transaction = owner.transaction()
        await transaction.start()
        if what in TOUCHED:
            await owner.execute("delete from exchange.snapshot")
        assert "0" != (await owner.execute(statement)).rpartition(" ")[2], "nothing was altered"
        head = await journal.journal_end(owner)
        with pytest.raises(JournalBroken, match=says):
            await recover(owner, head)
        await transaction.rollback()


async def test_a_recovery_that_fails_leaves_no_order_in_memory(touchable):
    """It is tried again and again, and orders are out of the collector's sight: nothing may hold them."""
    statement, says = TOUCHED[next(iter(TOUCHED))]
    made: list[Engine] = []

    def begun(snapshot: journal.StoredSnapshot | None, *modes: Any) -> tuple[Engine, bytes]:
        engine, chained = begin(snapshot, *modes)
        made.append(engine)
        return engine, chained

    async with connected(touchable) as owner:
        transaction = owner.transaction()
        await transaction.start()
        await owner.execute("delete from exchange.snapshot")
        await owner.execute(statement)
        head = await journal.journal_end(owner)
        with mock.patch("exchange.journal.recovery.begin", begun), pytest.raises(JournalBroken, match=says):
            await recover(owner, head)
        await transaction.rollback()
    books = [each.book for each in made[0].market.instruments.values()]
    assert [(None, {})] * 2 * len(books) == [
        (each.best, each.levels) for book in books for each in (book.bids, book.asks)
    ]


async def test_with_a_broken_journal_the_registry_goes_on(market_dsn):
    """Trading stops and readiness says why and where; the registry and reads of the tables go on."""
    await traded(market_dsn, 4)
    async with connected(market_dsn) as owner:
        await owner.execute("delete from exchange.snapshot")
        await owner.execute("update exchange.journal set commands = set_byte(commands, 7, 99) where first = 1")
    async with await connect_pool(market_dsn, size=4) as pool:
        database = Database(pool)
        exchange = at_rest(database, lambda: asyncpg.connect(market_dsn))
        parts = Parts(
            db=database,
            keyring=worlds.KEYRING,
            authority=worlds.authority(database),
            region=worlds.PROFILE,
            exchange=exchange,
            trouble=lambda: exchange.gateway.trouble,
        )
        await exchange.gateway.run()  # ends by itself
        app: Any = create_app(parts)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://registry.test") as http:
            ready = await http.get("/health/ready")
            assert (503, "not-ready") == (ready.status_code, ready.json()["type"].rpartition(":")[2])
            for path in ("/health/live", "/v1/region", "/v1/projects", "/v1/instruments", "/v1/instruments/I-1/book"):
                assert 200 == (await http.get(path)).status_code, path
            async with connected(market_dsn) as owner:
                await owner.execute("update exchange.projection set sequence = sequence - 1")
            behind = await http.get("/v1/instruments/I-1/book")  # at once: the tables will never follow
            assert (503, True) == (behind.status_code, "The batch at 1 " in behind.json()["detail"])
        with pytest.raises(gateways.NotTrading, match="The batch at 1 "):
            await exchange.gateway.submit(bid(3, 999))

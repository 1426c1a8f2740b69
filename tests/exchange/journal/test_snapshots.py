"""Snapshots by a follower of the journal: never ahead of the tables, never of a journal that is broken, at no cost."""

import asyncio
from collections.abc import AsyncIterator
from unittest import mock

import pytest

from deploy.pool import connect_pool
from exchange.engine.state import dump, state_hash
from exchange.journal import store as journal
from exchange.journal.recovery import JournalBroken, begin, recover
from exchange.journal.snapshots import SnapshotFollower
from tests.database import connected
from tests.simulation import trading_stack
from tests.simulation.trading_stack import OPENING, RandomCommands, bid

EVERY = 40


@pytest.fixture
async def market_dsn(server, templates) -> AsyncIterator[str]:
    """The DSN of a database with two instruments and no trading yet."""
    async with trading_stack.market_database(server, templates["empty"]) as dsn:
        yield dsn


async def kept(dsn: str) -> int:
    """The sequence of the newest snapshot, or 0."""
    async with connected(dsn) as owner:
        return int(await owner.fetchval("select coalesce(max(sequence), 0) from exchange.snapshot"))


async def test_a_followed_snapshot_is_the_writer_s_own_state(market_dsn):
    """A start from it comes to the live state and hash; the writer itself has dumped nothing."""
    random_commands = RandomCommands(3)
    with mock.patch("exchange.journal.gateway.dump", wraps=dump) as dumped:
        async with (
            trading_stack.started(market_dsn) as stack,
            trading_stack.snapshot_follower(market_dsn, every=EVERY) as stored,
        ):
            for _ in range(30):
                for answer in await stack.gateway.submit_all([random_commands.next_command() for _ in range(5)]):
                    random_commands.learn_from(answer.events)
            await stored(EVERY)
            assert 0 == dumped.call_count
            live = state_hash(stack.engine.market)
            async with connected(market_dsn, role="kilnwood_api") as connection:
                found = await recover(connection, await journal.journal_end(connection))
        assert 1 == dumped.call_count, "a clean stop leaves one of its own"
    assert found.snapshot_at >= EVERY
    assert live == state_hash(found.engine.market)


async def test_a_snapshot_waits_for_the_tables(market_dsn):
    """While nothing is projected none is stored; it is once the tables are there."""
    async with await connect_pool(market_dsn, size=4) as pool:
        stack = trading_stack.TradingStack(market_dsn, pool)
        stack.start(projecting=False)
        await asyncio.wait_for(stack.gateway.writing.wait(), 20)
        await stack.gateway.submit_all([*OPENING, *(bid(3, number) for number in range(1, EVERY))])
        async with trading_stack.snapshot_follower(market_dsn, every=EVERY) as stored:
            await asyncio.sleep(0.2)
            assert 0 == await kept(market_dsn)
            stack._tasks.append(asyncio.create_task(stack.projector.run()))
            await stored(EVERY)
        await stack.stop()


async def test_a_follower_that_is_stopped_while_it_waits_stores_nothing(market_dsn):
    """Also when the tables never come: the next one makes the snapshot."""
    async with await connect_pool(market_dsn, size=4) as pool:
        stack = trading_stack.TradingStack(market_dsn, pool)
        stack.start(projecting=False)
        await asyncio.wait_for(stack.gateway.writing.wait(), 20)
        await stack.gateway.submit_all([*OPENING, *(bid(3, number) for number in range(1, EVERY))])
        async with trading_stack.snapshot_follower(market_dsn, every=EVERY):
            await asyncio.sleep(0.1)
        await stack.crash()
    assert 0 == await kept(market_dsn)


async def test_a_broken_journal_is_not_followed(market_dsn):
    """It says where, and what was stored before stays the newest."""
    async with trading_stack.started(market_dsn) as stack:
        await stack.gateway.submit(bid(3, 1))
    before = await kept(market_dsn)
    async with connected(market_dsn) as owner:
        await owner.execute("delete from exchange.snapshot")
        await owner.execute("update exchange.journal set commands = '\\x90' where first = 1")
    async with connected(market_dsn, role="kilnwood_api") as connection:
        with pytest.raises(JournalBroken, match="The batch at 1"):
            await SnapshotFollower(connection, every=1).run(asyncio.Event())
    assert (0, True) == (await kept(market_dsn), before > 0)


async def test_it_begins_from_the_newest_snapshot(market_dsn):
    """What is before that is not read again."""
    async with trading_stack.started(market_dsn) as stack:
        await stack.gateway.submit(bid(3, 1))
    newest = await kept(market_dsn)
    async with connected(market_dsn) as owner:
        await owner.execute("delete from exchange.journal")
        engine, _ = begin(await journal.newest_snapshot(owner))
    assert newest == engine.market.sequence
    async with trading_stack.snapshot_follower(market_dsn, every=1):
        await asyncio.sleep(0.05)
    assert newest == await kept(market_dsn)

"""The projection tables match the engine, however often they were interrupted and replayed."""

import asyncio
from collections.abc import AsyncIterator
from unittest import mock

import asyncpg
import pytest

from deploy.pool import connect_pool
from deploy.processes.engine import TABLES
from exchange.engine.core import Engine
from exchange.journal import store as journal
from exchange.journal.gateway import NotTrading
from exchange.journal.recovery import Committed, Resumed
from exchange.orders import service
from exchange.projections.projector import Projector, project_in
from registry.kit.database import Database
from tests.database import connected
from tests.exchange.marketplace import done
from tests.probes import refused
from tests.simulation import trading_stack
from tests.simulation.expected_tables import assert_tables_match, replayed_batches
from tests.simulation.trading_stack import OPENING, RandomCommands, TradingStack, bid

SHOWN = ("projection", "placed", "trade", "position", "request")
GROUPS = 90


@pytest.fixture
async def market_dsn(server, templates) -> AsyncIterator[str]:
    """The DSN of a database with two instruments and no trading yet."""
    async with trading_stack.market_database(server, templates["empty"]) as dsn:
        yield dsn


async def rows(connection: asyncpg.Connection) -> dict[str, list[str]]:
    """Every row of every projection."""
    return {
        table: [row[0] for row in await connection.fetch(f"select t::text from exchange.{table} t order by 1")]
        for table in SHOWN
    }


async def sending(stack: TradingStack, random_commands: RandomCommands, groups: int) -> None:
    """Send groups of commands, some of them at the same time."""
    for _ in range(groups // 3):
        sent = [
            stack.gateway.submit_all(
                [random_commands.next_command() for _ in range(random_commands.dice.randrange(1, 7))]
            )
            for _ in range(3)
        ]
        for answers in await asyncio.gather(*sent):
            for answer in answers:
                random_commands.learn_from(answer.events)


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_tables_show_what_the_engine_has(market_dsn, seed):
    """After some hundred commands of every kind, in commits of every size."""
    async with trading_stack.started(market_dsn) as stack:
        await sending(stack, RandomCommands(seed), GROUPS)
        await stack.projector.caught_up()
        await assert_tables_match(market_dsn, stack.engine)


async def test_a_projector_that_dies_behind_the_journal_is_followed_by_one_that_knows_how_far_it_is(market_dsn):
    """Killed at many places with the watermark behind: the next recovery says what it has not seen."""
    random_commands, behind = RandomCommands(3), []
    async with await connect_pool(market_dsn, size=4) as pool:
        for run in range(8):
            stack = TradingStack(market_dsn, pool)
            stack.start(projecting=run % 3 > 0)
            await asyncio.wait_for(stack.gateway.writing.wait(), 20)
            if run == 0:
                await stack.gateway.submit_all(OPENING)
            await sending(stack, random_commands, 9)
            async with connected(market_dsn) as owner:
                behind.append(stack.gateway.committed - await journal.projected(owner))
            await stack.crash()
    assert sum(each > 0 for each in behind) >= 3, behind
    async with trading_stack.started(market_dsn, opening=()) as stack:
        await stack.projector.caught_up()
        await assert_tables_match(market_dsn, stack.engine)


async def written(dsn: str, *, seed: int = 4, groups: int = 30) -> list[Committed]:
    """Write a journal and project nothing; returns its batches."""
    random_commands = RandomCommands(seed)
    async with await connect_pool(dsn, size=2) as pool:
        stack = TradingStack(dsn, pool)
        stack.start(projecting=False)
        await asyncio.wait_for(stack.gateway.writing.wait(), 20)
        await stack.gateway.submit_all(OPENING)
        await sending(stack, random_commands, groups)
        await stack.crash()
    return await replayed_batches(dsn)


async def test_however_batches_are_said_the_rows_are_the_same(market_dsn):
    """One by one; all at once; each twice in one transaction; twice in two; old ones again: the same rows."""
    batches = await written(market_dsn)
    ways = {
        "one by one": [[each] for each in batches],
        "all at once": [batches],
        "twice in one transaction": [[each, each] for each in batches],
        "all, and all again": [[*batches, *batches]],
        "twice in two": [each for one in batches for each in ([one], [one])],
        "old ones again": [[*batches[max(0, at - 3) : at + 1]] for at in range(len(batches))],
    }
    found = {}
    async with connected(market_dsn, role="kilnwood_api") as connection:
        for way, said in ways.items():
            transaction = connection.transaction()
            await transaction.start()
            for each in said:
                assert each[-1].last == await project_in(connection, each, TABLES), way
            found[way] = await rows(connection)
            await transaction.rollback()
    expected = found["one by one"]
    assert len(expected["trade"]) > 5
    assert [] == [way for way, shown in found.items() if shown != expected]


async def test_nothing_is_projected_beyond_a_gap(market_dsn):
    """What a crashed database forgot comes before what waits: that is passed over until the recovery says it again."""
    batches = await written(market_dsn, groups=9)
    async with connected(market_dsn, role="kilnwood_api") as connection:
        assert 0 == await project_in(connection, batches[2:], TABLES)
        assert batches[0].last == await project_in(connection, [batches[0], *batches[2:]], TABLES)
        assert batches[0].last == await journal.projected(connection)
        assert batches[-1].last == await project_in(connection, [batches[3], *batches], TABLES)


async def test_a_recovery_that_says_a_waiting_batch_again_is_projected_once(market_dsn):
    """The projector was busy when the journal was lost: the batch is in its queue twice, and in the tables once."""
    batches = await written(market_dsn, groups=9)
    async with await connect_pool(market_dsn, size=2) as pool:
        projector = Projector(Database(pool), TABLES)
        for each in (*batches[:5], *batches[2:], *batches):
            projector.publish(each)
        projector.stop()
        await projector.run()
        assert batches[-1].last == projector.projected
    engine = Engine()
    for batch in batches:
        for command in batch.commands:
            engine.apply(command)
    await assert_tables_match(market_dsn, engine)


async def test_readers_wait_again_when_the_database_forgot_projections(market_dsn):
    """Projections do not wait for the disk: what is said again after a crash is not shown until it is written again."""
    batches = await written(market_dsn, groups=9)
    async with await connect_pool(market_dsn, size=2) as pool:
        projector = Projector(Database(pool), TABLES)
        task = asyncio.create_task(projector.run())
        projector.publish(Resumed(0, 0))
        for each in batches:
            projector.publish(each)
        await projector.caught_up()
        async with connected(market_dsn) as owner:  # as a crashed server would come back
            await owner.execute(
                "truncate exchange.placed, exchange.trade, exchange.position, exchange.request, exchange.campaign,"
                "exchange.block, exchange.quote, exchange.quote_request, exchange.quote_request_end;"
                "update exchange.projection set sequence = 0"
            )
        projector.publish(Resumed(batches[-1].last, 0))
        for each in batches:
            projector.publish(each)
        assert projector.projected < batches[-1].last
        await projector.caught_up()
        async with connected(market_dsn) as owner:
            assert batches[-1].last == await journal.projected(owner)
        projector.stop()
        await task


async def test_a_fault_of_a_projection_is_reported_and_tried_again(market_dsn):
    """Readers get 503 meanwhile, and are answered once it is repaired; the projector does not die of it."""
    async with trading_stack.started(market_dsn) as stack:
        await stack.projector.caught_up()
        with (
            mock.patch("exchange.projections.projector.project_in", side_effect=ZeroDivisionError),
            mock.patch.object(stack.projector.supervisor, "_retry_s", 0.01),
            mock.patch("exchange.projections.projector.CATCH_UP_TIMEOUT_S", 0.05),
            mock.patch("registry.kit.supervise.log.error") as logged,
        ):
            await stack.gateway.submit(bid(3, 1))
            with pytest.raises(NotTrading, match="The tables are at 17, the journal at 18"):
                await stack.projector.caught_up()
        assert "part_failed" == logged.call_args.args[0]
        await stack.projector.caught_up()
        await assert_tables_match(market_dsn, stack.engine)


async def test_a_process_that_does_not_write_asks_the_database_how_far_the_journal_is(market_dsn):
    """Beside another writer, and before a recovery: what was journalled by now is waited for, not what is unknown."""
    async with trading_stack.started(market_dsn) as stack, await connect_pool(market_dsn, size=2) as pool:
        reader = Projector(Database(pool), TABLES)
        await reader.caught_up()
        with (
            mock.patch("exchange.projections.projector.project_in", side_effect=ZeroDivisionError),
            mock.patch.object(stack.projector.supervisor, "_retry_s", 0.01),
            mock.patch("exchange.projections.projector.CATCH_UP_TIMEOUT_S", 0.05),
            mock.patch("registry.kit.supervise.log.error"),
        ):
            await stack.gateway.submit(bid(3, 1))
            with pytest.raises(NotTrading, match="Ask again in a second"):
                await reader.caught_up()
        await reader.caught_up()
        async with connected(market_dsn) as owner:
            assert stack.gateway.committed == await journal.projected(owner)


async def test_after_a_start_the_tables_are_behind_by_what_they_lack(market_dsn):
    """Not by the whole journal: the first orders of a long one are taken, and the gauges are right at once."""
    async with trading_stack.started(market_dsn) as stack:
        await stack.gateway.submit(bid(3, 1))
    async with trading_stack.started(market_dsn, opening=()) as stack:
        assert stack.gateway.committed == stack.projector.committed == stack.projector.projected > 0


async def test_orders_wait_while_the_tables_are_far_behind(market, monkeypatch):
    """Beyond the limit nothing is taken that nobody could see; what takes something back is not held up by it."""
    await market.pay_in("solar", 28_00)
    bid = await market.buys("solar", 1, 14_00)
    await market.projected()
    monkeypatch.setattr(service, "BEHIND_LIMIT", -1)
    answer = await market.order("solar", "buy", 1, 14_00)
    problem = refused(answer, 503, "not-trading", "The tables are 0 commands behind the journal", "Come again")
    assert ("2", 2) == (answer.headers["retry-after"], problem["retry_after_s"])
    gone = done(await market.send("solar", f"/v1/orders/{bid['id']}/cancel"))
    assert "cancelled" == gone["closed_because"]
    done(await market.send("solar", "/v1/orders/cancel-all"))
    monkeypatch.undo()
    await market.buys("solar", 1, 14_00)

"""The one way to the engine: groups, answers after the commit, and what follows when the journal is lost from sight."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from unittest import mock

import asyncpg
import pytest

from deploy.pool import connect_pool
from exchange.engine.core import Engine
from exchange.engine.events import Reason, Refused
from exchange.engine.modes.continuous import Accepted
from exchange.engine.state import state_hash
from exchange.journal import gateway as gateways
from exchange.journal import store as journal
from exchange.journal.codec import digest
from exchange.journal.gateway import Gateway, NotTrading
from exchange.journal.store import Fenced, WriterElsewhere
from exchange.orders import store
from exchange.projections import store as projections
from registry.kit import supervise
from tests.database import connected
from tests.faults.killing import until
from tests.simulation import trading_stack
from tests.simulation.trading_stack import OPENING, TradingStack, bid, journal_head_locked, replayed_hash, until_blocked


@pytest.fixture
async def market_dsn(server, templates) -> AsyncIterator[str]:
    """The DSN of a database with two instruments and no trading yet. The registry holds nothing for them."""
    async with trading_stack.market_database(server, templates["empty"]) as dsn:
        yield dsn


@pytest.fixture
async def stack(market_dsn) -> AsyncIterator[TradingStack]:
    """A running gateway and projector; afterwards the journal replays to the engine's state."""
    async with trading_stack.started(market_dsn) as opened:
        yield opened
        assert state_hash(opened.engine.market) == await replayed_hash(market_dsn)


async def batches(dsn: str) -> list[tuple[int, int]]:
    """First and last sequence of every batch that is stored."""
    async with connected(dsn) as owner:
        return [tuple(row) for row in await owner.fetch("select first, last from exchange.journal order by first")]


async def until_writing(stack: TradingStack) -> None:
    """Return once the gateway is the writer again."""
    await asyncio.wait_for(stack.gateway.writing.wait(), 60)


async def refused(task: "asyncio.Task[Any]") -> str:
    """The text with which a submission was turned away."""
    with pytest.raises(NotTrading) as problem:
        await asyncio.wait_for(task, 60)
    return problem.value.detail


def submitting(stack: TradingStack, *commands: object) -> "asyncio.Task[Any]":
    """Start a submission; the task returns the list of its answers."""

    async def answers() -> list[Any]:
        return list(await stack.gateway.submit_all(commands))  # type: ignore[arg-type]  # commands, as said

    return asyncio.create_task(answers())


async def test_what_arrives_during_a_commit_is_one_row(stack):
    """The first commit is held; five submissions that come meanwhile are stored together, in their order."""
    begun = len(OPENING)
    async with journal_head_locked(stack.dsn) as holder:
        first = submitting(stack, bid(3, 1))
        await until_blocked(holder, stack.connections[-1])
        rest = [submitting(stack, bid(3, number), bid(4, number)) for number in range(2, 7)]
        await asyncio.sleep(0)
    answers = [await each for each in (first, *rest)]
    assert [begun + 1, *range(begun + 2, begun + 12, 2)] == [each[0].sequence for each in answers]
    assert [(1, begun), (begun + 1, begun + 1), (begun + 2, begun + 11)] == await batches(stack.dsn)


async def test_a_group_has_a_limit(stack, monkeypatch):
    """More than fits in a row goes into the next ones; a submission is never torn apart."""
    monkeypatch.setattr(stack.gateway, "_group_limit", 3)
    begun = len(OPENING)
    await asyncio.gather(*(submitting(stack, bid(3, number), bid(4, number)) for number in range(1, 6)))
    sizes = [last - first + 1 for first, last in await batches(stack.dsn)]
    assert [begun, 4, 4, 2] == sizes


async def test_nobody_is_answered_before_the_commit(stack):
    """While the commit is open the caller waits, and journal, tables and readers know nothing of the order."""
    begun = len(OPENING)
    await stack.projector.caught_up()
    async with journal_head_locked(stack.dsn) as holder:
        task = submitting(stack, bid(3, 1))
        await until_blocked(holder, stack.connections[-1])
        assert not task.done()
        assert begun + 1 == stack.engine.market.sequence, "memory is ahead"
        assert begun == stack.gateway.committed
        await stack.projector.caught_up()
        async with stack.db.reading() as tx:
            assert begun == await journal.projected(tx)
            assert {} == await store.orders(tx, [begun + 1])
        assert [(1, begun)] == await batches(stack.dsn)
    (answer,) = await task
    assert (begun + 1, Accepted) == (answer.sequence, type(answer.events[0]))
    await stack.projector.caught_up()
    async with stack.db.reading() as tx:
        assert [begun + 1] == list(await store.orders(tx, [begun + 1]))


async def test_a_journal_lost_before_the_commit(stack):
    """The server ends the idle session: the next order gets 503 and is not stored; resent, it is carried out."""
    lost = stack.connections[-1]
    async with connected(stack.dsn) as owner:
        await owner.fetchval("select pg_terminate_backend($1, 5000)", lost.get_server_pid())
    assert "send the same request again" in await refused(submitting(stack, bid(3, 1)))
    await until_writing(stack)
    assert lost is not stack.connections[-1]
    assert len(OPENING) == stack.engine.market.sequence
    outcome = (await stack.gateway.submit(bid(3, 1))).events
    assert isinstance(outcome[0], Accepted)


async def test_a_journal_lost_during_the_commit(stack):
    """Both the batch in its commit and the one that grew behind it are dropped from memory; their callers get 503."""
    begun = len(OPENING)
    async with journal_head_locked(stack.dsn) as holder:
        committing = submitting(stack, bid(3, 1))
        await until_blocked(holder, stack.connections[-1])
        growing = submitting(stack, bid(4, 1))
        await asyncio.sleep(0)
        async with connected(stack.dsn) as owner:
            await owner.fetchval("select pg_terminate_backend($1, 5000)", stack.connections[-1].get_server_pid())
        assert ["The commit failed.", "A commit failed."] == [
            (await refused(task)).split(" Nothing")[0] for task in (committing, growing)
        ]
    await until_writing(stack)
    assert [(1, begun)] == await batches(stack.dsn)
    assert begun == stack.engine.market.sequence
    for account in (3, 4):
        outcome = (await stack.gateway.submit(bid(account, 1))).events
        assert isinstance(outcome[0], Accepted)


class LostAnswerConnection:
    """A connection on which the answer to the next commit is lost, after the server has stored it."""

    def __init__(self, real: asyncpg.Connection) -> None:
        self._real = real

    async def fetchval(self, *args: object) -> object:
        await self._real.fetchval(*args)  # type: ignore[arg-type]  # passed on
        self._real.terminate()
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


async def test_a_commit_whose_answer_is_lost_is_found_again(stack):
    """503, although it is stored: the recovery has it, the tables too, and the same client_order_id answers it."""
    begun = len(OPENING)
    append = journal.append

    async def append_without_answer(connection: asyncpg.Connection, epoch: int, **stored: object) -> object:
        return await append(LostAnswerConnection(connection), epoch, **stored)  # type: ignore[arg-type]  # stands in for a connection

    with mock.patch.object(journal, "append", append_without_answer):
        await refused(submitting(stack, bid(3, 1)))
    await until_writing(stack)
    assert [(1, begun), (begun + 1, begun + 1)] == await batches(stack.dsn)
    outcome = (await stack.gateway.submit(bid(3, 1))).events
    assert Refused(Reason.STALE_CLIENT_ORDER_ID, 3, 1, 1, 1) == outcome[0]
    await stack.projector.caught_up()
    async with stack.db.reading() as tx:
        before = (await projections.requests(tx, 3, [1])).get(1)
    assert before is not None
    assert (begun + 1, digest(bid(3, 1)), None) == (before.sequence, before.digest, before.reason)


async def test_a_second_writer_waits_for_the_first(stack):
    """While the first lives the second takes nothing; when it has ended, the second goes on where it was."""
    second = TradingStack(stack.dsn, stack.db._lanes.reading)
    second.start()
    await until(_reports(second, "Another process trades"), "the second is turned away")
    with pytest.raises(NotTrading, match="Another process trades"):
        await second.gateway.submit(bid(3, 1))
    await stack.gateway.submit(bid(3, 1))
    hash_before = state_hash(stack.engine.market)
    lost = stack.connections[-1]
    lost.terminate()  # the lock goes with the connection, and the first notices, idle as it is
    await until(_either_writes_again(stack, second, lost), "one of them trades")
    writer = stack if stack.gateway.writing.is_set() else second
    assert hash_before == state_hash(writer.engine.market)
    if writer is second:  # the fixture compares the first
        await second.stop()
        await until_writing(stack)
    else:
        await second.crash()


def _reports(stack: TradingStack, words: str):
    async def reported() -> bool:
        return words in stack.gateway.trouble

    return reported


def _either_writes_again(first: TradingStack, second: TradingStack, lost: object):
    async def one() -> bool:
        again = first.connections[-1] is not lost and first.gateway.writing.is_set()
        return again or second.gateway.writing.is_set()

    return one


async def test_a_writer_that_was_overtaken_stores_nothing(stack):
    """
    The first loses its lock and does not know; the second takes over. The first's next batch finds no head to go on.

    The second then stores the same sequence number, and only it was acknowledged.
    """
    begun = len(OPENING)
    second = TradingStack(stack.dsn, stack.db._lanes.reading)
    await stack.connections[-1].execute("select pg_advisory_unlock_all()")
    second.start()
    await until_writing(second)
    with mock.patch.object(stack.gateway.supervisor, "_retry_s", 0.01):
        assert "The commit failed." in await refused(submitting(stack, bid(3, 1)))
        assert [(1, begun)] == await batches(stack.dsn)
        answer = await second.gateway.submit(bid(4, 1))
        assert isinstance(answer.events[0], Accepted)
        assert (begun + 1, 4) == (answer.sequence, answer.events[0].account)
        await until(_reports(stack, "Another process trades"), "the first is turned away")
        await second.stop()
        await until_writing(stack)
    assert begun + 1 == stack.engine.market.sequence


async def test_the_journal_says_no_to_an_old_epoch(market_dsn):
    """The guard itself: the right sequence in an old epoch, and the right epoch at an old sequence, store nothing."""
    stored: dict[str, Any] = {
        "first": 1,
        "last": 1,
        "commands": b"\x90",
        "events_hash": bytes(32),
        "chained": bytes(32),
    }
    async with connected(market_dsn) as one, connected(market_dsn) as other:
        first = await journal.take_over(one)
        with pytest.raises(WriterElsewhere):
            await journal.take_over(other)
        await one.execute("select pg_advisory_unlock_all()")
        second = await journal.take_over(other)
        assert (first.epoch + 1, 0) == (second.epoch, second.sequence)
        with pytest.raises(Fenced):
            await journal.append(one, first.epoch, **stored)
        with pytest.raises(Fenced):
            await journal.append(other, second.epoch, **{**stored, "first": 2, "last": 2})
        assert 0 == await one.fetchval("select count(*) from exchange.journal")


def failing_at(number: int):
    """An engine that breaks down, half-way through, at the order with this client_order_id."""
    apply = Engine.apply

    def applied(engine: Engine, command):
        outcome = apply(engine, command)
        if getattr(command, "client_order_id", 0) == number:
            raise ZeroDivisionError("a fault of ours")
        return outcome

    return mock.patch.object(Engine, "apply", applied)


async def test_an_engine_that_breaks_down_is_built_anew(stack):
    """What it had applied is dropped and not stored; waiting callers get 503; what was stored before stays."""
    await stack.gateway.submit(bid(3, 1))
    before = state_hash(stack.engine.market)
    with failing_at(13), mock.patch.object(supervise.log, "error") as logged:
        tasks = [submitting(stack, bid(4, 1)), submitting(stack, bid(3, 13)), submitting(stack, bid(5, 1))]
        for task in tasks:
            await refused(task)
    await until_writing(stack)
    assert [("part_failed",)] == [each.args for each in logged.call_args_list]
    assert before == state_hash(stack.engine.market)
    outcome = (await stack.gateway.submit(bid(3, 13))).events
    assert isinstance(outcome[0], Accepted)


async def test_a_commit_cut_off_before_it_began_answers_its_callers(stack, monkeypatch):
    """The next group breaks the engine before the commit of this one had its first turn: nobody waits for ever."""
    monkeypatch.setattr(stack.gateway, "_group_limit", 1)
    with failing_at(13):
        tasks = [submitting(stack, bid(3, 1)), submitting(stack, bid(3, 13))]
        for task in tasks:
            await refused(task)
    await until_writing(stack)
    assert len(OPENING) == stack.engine.market.sequence


async def test_a_gateway_that_is_cut_off_answers_its_callers(market_dsn):
    """A stop that takes too long cancels the task: every waiting caller gets an error, whatever its batch."""
    async with await connect_pool(market_dsn, size=1) as pool:
        stack = TradingStack(market_dsn, pool)
        stack.start()
        await until_writing(stack)
        async with journal_head_locked(market_dsn) as holder:
            committing = submitting(stack, bid(3, 1))
            await until_blocked(holder, stack.connections[-1])
            growing = submitting(stack, bid(3, 2))
            await asyncio.sleep(0)
            stack._tasks[0].cancel()
            late = submitting(stack, bid(3, 3))
            for task in (committing, growing, late):
                await refused(task)
            await stack.crash()


async def test_too_many_waiting_commands_are_turned_away(stack, monkeypatch):
    """Beyond the limit 503; what waited before is carried out."""
    monkeypatch.setattr(gateways, "WAITING_LIMIT", 3)
    async with journal_head_locked(stack.dsn) as holder:
        first = submitting(stack, bid(3, 1))
        await until_blocked(holder, stack.connections[-1])
        monkeypatch.setattr(stack.gateway, "_group_limit", 0)  # nothing more is taken up
        waiting = submitting(stack, bid(3, 2), bid(3, 3))
        await asyncio.sleep(0)
        with pytest.raises(NotTrading, match="2 commands wait"):
            await stack.gateway.submit_all([bid(3, 4), bid(3, 5)])
        monkeypatch.setattr(stack.gateway, "_group_limit", 1_000)
    assert [len(OPENING) + 1, len(OPENING) + 2] == [(await each)[0].sequence for each in (first, waiting)]


async def test_a_caller_that_goes_away_disturbs_nobody(stack):
    """The order of a caller who hung up is stored like the others; the others are answered."""
    async with journal_head_locked(stack.dsn) as holder:
        gone, stays = submitting(stack, bid(3, 1)), submitting(stack, bid(4, 1))
        await until_blocked(holder, stack.connections[-1])
        gone.cancel()
    await stays
    assert len(OPENING) + 2 == stack.engine.market.sequence


async def test_before_the_start_and_after_the_stop_nothing_is_taken():
    """503 with the reason, and no engine."""
    gateway = Gateway(mock.AsyncMock(side_effect=OSError), mock.Mock())
    with pytest.raises(NotTrading, match="is starting"):
        await gateway.submit(bid(1, 1))
    gateway.stop()
    await gateway.run()
    with pytest.raises(NotTrading, match="has stopped"):
        await gateway.submit(bid(1, 1))
    assert gateway.engine is None


async def test_a_stop_stores_what_was_taken(market_dsn):
    """Submissions that wait when the stop comes are committed and answered; the end leaves a snapshot."""
    async with trading_stack.started(market_dsn) as stack:
        async with journal_head_locked(market_dsn) as holder:
            tasks = [submitting(stack, bid(3, 1))]
            await until_blocked(holder, stack.connections[-1])
            tasks += [submitting(stack, bid(3, 2)), submitting(stack, bid(3, 3))]
            await asyncio.sleep(0)
            stack.gateway.stop()
            with pytest.raises(NotTrading):
                await stack.gateway.submit(bid(3, 4))
        last = [(await each)[0].sequence for each in tasks][-1]
    async with connected(market_dsn) as owner:
        kept = await owner.fetch("select sequence, state_hash from exchange.snapshot")
    assert [(last, await replayed_hash(market_dsn))] == [tuple(row) for row in kept]

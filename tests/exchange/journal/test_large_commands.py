"""Commands that go on in steps: nothing between them, one answer, and no crash that loses the rest."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.state import state_hash
from exchange.projections import store as projections
from tests.simulation import trading_stack
from tests.simulation.trading_stack import TradingStack, bid, replayed_hash


@pytest.fixture
async def market_dsn(server, templates) -> AsyncIterator[str]:
    """The DSN of a database with two instruments and no trading yet."""
    async with trading_stack.market_database(server, templates["empty"]) as dsn:
        yield dsn


@pytest.fixture
async def stack(market_dsn) -> AsyncIterator[TradingStack]:
    """A running gateway and projector; afterwards the journal replays to the engine's state."""
    async with trading_stack.started(market_dsn) as opened:
        yield opened
        assert state_hash(opened.engine.market) == await replayed_hash(market_dsn)


@pytest.mark.parametrize("group_limit", [1, 1_000])
async def test_a_large_cancel_goes_on_in_steps(stack, monkeypatch, group_limit):
    """Nothing comes between the steps; the caller is answered by the last one, and the tables count all of them."""
    await stack.gateway.submit_all([bid(1, number) for number in range(1, 2_502)])
    monkeypatch.setattr(stack.gateway, "_group_limit", group_limit)
    everything = asyncio.create_task(stack.gateway.submit(c.CancelAll(1, 0, 2_502)))
    another = asyncio.create_task(stack.gateway.submit(bid(3, 1)))
    answer, after = await asyncio.gather(everything, another)
    assert [e.Reduced] * 2_501 + [e.Completed] == [type(each) for each in answer.events]
    assert e.Completed(1, 2_502, 2_501) == answer.events[-1]
    assert answer.sequence + 3 == after.sequence, "two more steps, and only then somebody else"
    assert not stack.engine.market.accounts[1].orders
    await stack.projector.caught_up()
    async with stack.db.reading() as tx:
        assert 2_501 == (await projections.requests(tx, 1, [2_502]))[2_502].wanted


async def test_a_crash_between_two_steps_is_gone_on_from(market_dsn):
    """The next writer does the rest before it does anything else."""
    with contextlib.suppress(asyncio.CancelledError):
        async with trading_stack.started(market_dsn) as stack:
            await stack.gateway.submit_all([bid(1, number) for number in range(1, 2_502)])
            stack.gateway._group_limit = 1
            before = stack.gateway.committed
            cancelling = asyncio.create_task(stack.gateway.submit(c.CancelAll(1, 0, 2_502)))
            async with asyncio.timeout(60):
                while stack.gateway.committed == before:  # noqa: ASYNC110 - an instant between two steps
                    await asyncio.sleep(0)
            await stack.crash()
            await asyncio.gather(cancelling, return_exceptions=True)
    async with trading_stack.started(market_dsn, opening=()) as stack:
        await stack.gateway.submit(bid(3, 1))
        assert not stack.engine.market.accounts[1].orders
        assert stack.engine.market.unfinished is None
        await stack.projector.caught_up()
        async with stack.db.reading() as tx:
            assert 2_501 == (await projections.requests(tx, 1, [2_502]))[2_502].wanted

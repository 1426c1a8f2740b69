"""
One more mode, from end to end: what `exchange/modes.py` says that adding one takes, and nothing else.

The mode is `tests.exchange.engine.echo_mode`: an account says a number, the engine says it again. Here are its other
half, as a folder of the exchange would have it, and its line in each table.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from deploy.pool import connect_pool, connecting
from deploy.processes.engine import TABLES
from exchange import modes
from exchange.engine import core
from exchange.engine.state import state_hash
from exchange.journal.gateway import Gateway
from exchange.journal.refusals import CORE, Refusals, Wording, Wordings
from exchange.listings.rules import REFUSALS
from exchange.projections import store
from exchange.projections.changes import Changes, Moment, Part, event_table
from exchange.projections.projector import Projector, Tables
from exchange.projections.replies import About, AboutTable
from exchange.settlement import projection as settlement
from registry.kit.database import Database
from registry.kit.problems import Kind
from tests.database import connected
from tests.exchange.engine import echo_mode
from tests.exchange.engine.echo_mode import Echo, Echoed, EchoReason
from tests.simulation import trading_stack
from tests.simulation.trading_stack import OPENING

MIGRATION = """
create table exchange.echo (sequence bigint primary key, account_id bigint not null, number bigint not null);
grant select, insert on exchange.echo to kilnwood_api;
"""
INSERT = "insert into exchange.echo select * from unnest($1::bigint[], $2::bigint[], $3::bigint[])"


def _echoed(into: Changes, event: Echoed, moment: Moment) -> None:
    into.row(INSERT, moment.sequence, event.account, event.number)


ENGINE_MODES = (*core.MODES, echo_mode.MODE)
EVENTS: Part = {Echoed: _echoed}
COMMANDS: AboutTable = {Echo: About()}
WORDINGS: Wordings = {
    EchoReason.TOO_LOUD: Wording(
        Kind.UNPROCESSABLE, "too-loud", "Too loud", "{wanted:,} is louder than {limit:,}. Say less."
    )
}
WITH_ECHO = Tables(event_table((*modes.EVENTS, settlement.EVENTS, EVENTS)), {**modes.COMMANDS, **COMMANDS})


@pytest.fixture
async def market_dsn(server, templates) -> AsyncIterator[str]:
    """The DSN of a database with two instruments and the mode's own table."""
    async with trading_stack.market_database(server, templates["empty"]) as dsn:
        async with connected(dsn) as owner:
            await owner.execute(MIGRATION)
        yield dsn


@contextlib.asynccontextmanager
async def trading(dsn: str) -> AsyncIterator[tuple[Gateway, Projector]]:
    """A gateway and a projector that know the mode, ended in order."""

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(dsn, **connecting("kilnwood_api"))

    async with await connect_pool(dsn, size=4) as pool:
        projector = Projector(Database(pool), WITH_ECHO)
        gateway = Gateway(connect, projector.publish, modes=ENGINE_MODES)
        tasks = [asyncio.create_task(each) for each in (gateway.run(), projector.run())]
        await asyncio.wait_for(gateway.writing.wait(), 20)
        yield gateway, projector
        gateway.stop()
        await tasks[0]
        projector.stop()
        await tasks[1]


async def test_one_more_mode_trades_is_shown_and_recovers(market_dsn):
    """Its commands are journalled and answered, its own table follows, and the next start has its state."""
    async with trading(market_dsn) as (gateway, projector):
        await gateway.submit_all(OPENING)
        said = await gateway.submit(Echo(3, 47, 1))
        assert [Echoed(3, 47, 1)] == said.events
        await gateway.submit(trading_stack.bid(3, 2))
        await projector.caught_up()
        assert gateway.engine is not None
        before = state_hash(gateway.engine.market)
        async with connected(market_dsn) as owner:
            assert [(said.sequence, 3, 47)] == [tuple(row) for row in await owner.fetch("select * from exchange.echo")]
            replies: Any = await store.requests(owner, 3, [1, 2])
        assert [said.sequence, said.sequence + 1] == [replies[number].order_id for number in (1, 2)]
    async with connected(market_dsn) as owner:
        await owner.execute("delete from exchange.snapshot")  # the next start replays the mode's commands
    async with trading(market_dsn) as (gateway, _):
        assert gateway.engine is not None
        assert before == state_hash(gateway.engine.market)
    async with trading(market_dsn) as (gateway, _):  # and this one begins from a snapshot
        assert gateway.engine is not None
        assert before == state_hash(gateway.engine.market)


async def test_a_refusal_of_one_more_mode_reads_as_the_mode_says(market_dsn):
    """Its own reason with its two numbers, beside those of the core and of the other modes."""
    refusals = Refusals((CORE, REFUSALS, WORDINGS))
    async with trading(market_dsn) as (gateway, _):
        await gateway.submit_all(OPENING)
        refused: Any = (await gateway.submit(Echo(3, 1_001, 1))).events[0]
    said = refusals.of(refused.reason, refused.wanted, refused.limit)
    assert ("too-loud", "1,001 is louder than 1,000. Say less.") == (said.slug, said.detail)
    assert {"wanted": 1_001, "limit": 1_000} == said.members


def test_the_product_does_not_know_it():
    """What is proved here is proved of the tables, not of a mode that is there already."""
    assert Echoed not in TABLES.events
    assert Echo not in core.command_types()

"""
A crash at every statement of deposit, trade, delivery, refund and withdrawal: nothing is lost, nothing is done twice.

Each operation is repeated on one database, and each time the exchange crashes at a different statement of it, including
BEGIN and COMMIT. The client then resends the same request. Afterwards the balances have changed by exactly one deposit,
trade or withdrawal; registry and exchange agree; and the movements replay to the blocks.
"""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from unittest import mock

import pytest

from exchange.engine import commands as c
from exchange.engine.modes import continuous, listings
from exchange.journal import gateway
from exchange.parts import Exchange
from exchange.projections import projector
from exchange.settlement import service as settlement
from schemas.settlement import CashMovement, CreditMovement
from tests.exchange.marketplace import KILN
from tests.simulation import open_market
from tests.simulation.open_market import MarketTemplate, OpenMarket
from tests.simulation.restarts import CrashPoint

TIMES, COMMITS, ATTEMPTS = 2, 6, 3
PRICE_FEN = 12_00
FEE_BPS = 30
SLIPS = itertools.count(1)


async def deposit_tonnes(market: OpenMarket) -> None:
    """3 t of the seller."""
    body = CreditMovement(account_id=market.people.seller, instrument=KILN, quantity_t=3)
    call = market.call("kiln", "deposit_credits")
    done = await market.exchange.until_answered(
        lambda exchange: settlement.deposit_credits(body, call=call, exchange=exchange)
    )
    assert ("done", 3) == (done.state, done.quantity_t)
    market.expect_change(market.people.seller, market.people.instrument, 3)


async def deposit_cash(market: OpenMarket) -> None:
    """Money of the buyer."""
    body = CashMovement(account_id=market.people.buyer, amount_fen=7_777, reference=f"Transfer {next(SLIPS)}")
    call = market.call("exchange", "deposit_cash")
    done = await market.exchange.until_answered(
        lambda exchange: settlement.deposit_cash(body, call=call, exchange=exchange)
    )
    assert "done" == done.state
    market.expect_change(market.people.buyer, 0, 7_777)


async def withdraw_tonnes(market: OpenMarket) -> None:
    """1 t of the seller goes back to the registry."""
    body = CreditMovement(account_id=market.people.seller, instrument=KILN, quantity_t=1)
    call = market.call("kiln", "withdraw_credits")
    done = await market.exchange.until_answered(
        lambda exchange: settlement.withdraw_credits(body, call=call, exchange=exchange)
    )
    assert "done" == done.state
    market.expect_change(market.people.seller, market.people.instrument, -1)


async def withdraw_cash(market: OpenMarket) -> None:
    """Some money of the buyer."""
    body = CashMovement(account_id=market.people.buyer, amount_fen=11, reference="Home")
    call = market.call("solar", "withdraw_cash")
    done = await market.exchange.until_answered(
        lambda exchange: settlement.withdraw_cash(body, call=call, exchange=exchange)
    )
    assert "done" == done.state
    market.expect_change(market.people.buyer, 0, -11)


async def list_and_take(market: OpenMarket) -> None:
    """A listing of 1 t that is taken whole, delivered and paid."""
    people = market.people
    listing = await market.carry_out(
        listings.OpenListing(people.seller, people.instrument, PRICE_FEN, 1, market.next_client_order_id(people.seller))
    )
    taken = await market.carry_out(
        listings.Subscribe(people.buyer, listing.id, 1, market.next_client_order_id(people.buyer))
    )
    assert ("filled", 1) == (taken.state, taken.traded_t)
    paid(market, 1)


async def trade_in_the_book(market: OpenMarket) -> None:
    """An ask and a bid that meet, delivered and paid."""
    people = market.people
    for account, side in ((people.seller, c.SELL), (people.buyer, c.BUY)):
        order = await market.carry_out(
            continuous.Place(account, people.instrument, side, PRICE_FEN, 2, market.next_client_order_id(account))
        )
    assert ("filled", 2) == (order.state, order.traded_t)
    paid(market, 2)


def paid(market: OpenMarket, tonnes: int) -> None:
    """Expect the changes of a delivery of *tonnes*, with its payment and fee."""
    people, amount = market.people, PRICE_FEN * tonnes
    fee = amount * FEE_BPS // 10_000
    market.expect_change(people.seller, people.instrument, -tonnes)
    market.expect_change(people.buyer, people.instrument, tonnes)
    market.expect_change(people.buyer, 0, -amount)
    market.expect_change(people.seller, 0, amount - fee)
    market.expect_change(people.fees, 0, fee)


async def refused_delivery(market: OpenMarket) -> None:
    """The registry cannot deliver into a closed account: both balances are unchanged."""
    people, change = market.people, "update registry.account set status = $2 where id = $1"
    await market.exchange.watcher.execute(change, people.buyer, "closed")
    for account, side in ((people.seller, c.SELL), (people.buyer, c.BUY)):
        order = await market.carry_out(
            continuous.Place(account, people.instrument, side, PRICE_FEN, 2, market.next_client_order_id(account))
        )
    assert 2 == order.traded_t
    await market.exchange.until_settled()
    await market.exchange.watcher.execute(change, people.buyer, "open")


async def start_again(market: OpenMarket) -> None:
    """A start with the journal ahead of the tables and a client that resends; the crash is during the start."""
    crash_plan = market.exchange.current.crash_plan
    crash_point = crash_plan.crash_point
    crash_plan.arm(None)
    body = CashMovement(account_id=market.people.buyer, amount_fen=5)
    call = market.call("exchange", "deposit_cash")

    def asking(exchange: Exchange) -> Awaitable[object]:
        return settlement.deposit_cash(body, call=call, exchange=exchange)

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    with (
        mock.patch.object(projector, "project_in", never),  # the tables stay behind the journal
        mock.patch.object(projector, "CATCH_UP_TIMEOUT_S", 0.02),
        contextlib.suppress(gateway.NotTrading),
    ):
        await asking(market.exchange.current.exchange)
    await market.exchange.restart(crash_point)
    await market.exchange.until_answered(asking)
    market.expect_change(market.people.buyer, 0, 5)


OPERATIONS = (
    deposit_tonnes,
    deposit_cash,
    list_and_take,
    trade_in_the_book,
    refused_delivery,
    withdraw_tonnes,
    withdraw_cash,
    start_again,
)


@pytest.fixture(scope="module")
def market_template(server, templates) -> MarketTemplate:
    """A template with an open market: the seller has deposited 300 t, the buyer money."""
    return asyncio.run(open_market.build_template(server, templates["issued"]))


@pytest.fixture
async def market(server, market_template) -> AsyncIterator[OpenMarket]:
    """A copy of it whose exchange restarts after crashes; afterwards every invariant holds and the log verifies."""
    async with open_market.copied_market(server, market_template) as market:
        yield market


async def run_once(
    market: OpenMarket, operation: Callable[[OpenMarket], Awaitable[None]], crash_point: CrashPoint | None
) -> bool:
    """Run *operation* with a crash at *crash_point*, and check everything; returns whether it crashed."""
    await asyncio.wait_for(market.exchange.current.exchange.gateway.writing.wait(), 20)
    market.exchange.current.crash_plan.arm(crash_point)
    before = len(market.exchange.crash_sites)
    await operation(market)
    await market.exchange.until_settled()
    statements = market.exchange.current.crash_plan.statements
    market.exchange.current.crash_plan.arm(None)
    market.statements = statements
    if market.exchange.current.crash_plan.crashed.is_set():
        await market.exchange.restart()
    assert dict(+market.expected) == await market.balances(), crash_point
    await market.exchange.check()
    return any(market.exchange.crash_sites[before:])


async def crashes_at(
    market: OpenMarket, operation: Callable[[OpenMarket], Awaitable[None]], crash_point: CrashPoint
) -> bool:
    """Try a few times: tasks interleave, so a statement may occur in one run and not in another."""
    for _ in range(ATTEMPTS):
        if await run_once(market, operation, crash_point):
            return True
    return False


def crash_points(statements: list[tuple[str, bool]], *, answer_lost: bool) -> list[CrashPoint]:
    """
    Crash points for the executed statements: one for a read, up to two for a write, up to six for a commit.

    Losing an answer matters only if the statement commits; otherwise the transaction is rolled back as if unsent.
    """
    seen: Counter[str] = Counter()
    found = []
    for query, commits in statements:
        seen[query] += 1
        reads = query.lstrip("-").partition("select")[0].strip() == "" or "\nselect" in query
        if (commits or not answer_lost) and seen[query] <= (1 if reads else TIMES if not commits else COMMITS):
            found.append(CrashPoint(query, seen[query], answer_lost))
    return found


@pytest.mark.parametrize("answer_lost", [False, True], ids=["not-sent", "answer-lost"])
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_crash_at_every_statement_changes_nothing(market, operation, answer_lost):
    """Run once without a crash to collect the statements, then crash once at each: the outcome is the same."""
    assert not await run_once(market, operation, None)
    chosen = crash_points(market.statements, answer_lost=answer_lost)
    crashed = [crash_point for crash_point in chosen if await crashes_at(market, operation, crash_point)]
    missed = set(chosen) - set(crashed)
    assert len(missed) <= max(1, len(chosen) // 5), missed
    texts = {crash_point.statement.lower() for crash_point in crashed}
    assert any("insert into exchange.journal" in each for each in texts) or operation is start_again
    assert any(each.startswith("commit") for each in texts)

"""
Engine, settlement and registry in any order, crashes among it.

Hypothesis chooses who deposits, lists, orders, cancels, is frozen, withdraws and retires, when a delivery fails, and
when the exchange crashes. After every step the journal replays to the tables, and registry and exchange agree. At the
end nothing is under way, money and tonnes are what came in less what went out, and the log verifies.

`KILNWOOD_STATE_EXAMPLES=500` tries more, and others each time.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from exchange.engine import commands as c
from exchange.engine.modes import continuous, listings
from exchange.instructions import service as instructions
from exchange.orders import service as trading
from exchange.parts import Exchange
from exchange.settlement import service as settlement
from exchange.settlement.reconciler import reconcile
from registry.credits.retirement import service as retirement
from registry.kit.problems import DomainError
from schemas.credits import RetireRequest
from schemas.settlement import CashMovement, CreditMovement
from tests import invariants, market_invariants, worlds
from tests.exchange.marketplace import KILN
from tests.simulation import open_market
from tests.simulation.open_market import MarketTemplate, OpenMarket
from tests.state_machine.examples import run_machine

CHANGE_ACCOUNT = "update registry.account set status = $2 where id = $1"
WEIGHTS = {
    "order": 16,
    "deposit": 3,
    "pay_in": 2,
    "list": 2,
    "take": 3,
    "cancel": 2,
    "settle": 3,
    "withdraw": 3,
    "pay_out": 2,
    "crash": 2,
    "retire": 3,
    "fail_a_delivery": 1,
    "freeze": 1,
    "unfreeze": 6,
}
HAPPENED = """
select (select count(*) from exchange.trade where state = 'settled') as settled,
  (select count(*) from exchange.trade where state = 'refunded') as refunded,
  (select count(*) from exchange.delivery where cardinality(trades) > 1) as netted,
  (select count(*) from exchange.instruction where kind = 'debit_tonnes' and state = 'released') as released,
  (select count(*) from exchange.placed where closed_because = 4) as frozen,
  (select count(*) from registry.retirement) as retired
"""
AT_LEAST = {"settled": 20, "refunded": 3, "netted": 1, "released": 10, "frozen": 3, "retired": 5, "crashes": 10}
"""A run in which less happens would prove little: then the weights want another look."""
ACTIONS = [action for action, weight in WEIGHTS.items() for _ in range(weight)]


class Setting(NamedTuple):
    """What all examples share."""

    server: str
    opened: MarketTemplate
    runner: asyncio.Runner


class MarketMachine(RuleBasedStateMachine):
    """One open market of a seller and a buyer, whose exchange crashes and restarts."""

    setting: ClassVar[Setting]
    seen: ClassVar[Counter[str]] = Counter()
    """How often what is worth testing happened, in all examples together."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen: set[int] = set()
        self.orders: dict[int, int] = {}
        self.listings: list[int] = []
        self.money_fen, self.tonnes = 0, 0
        self.run(self._open())

    def run(self, work: Any) -> Any:
        return self.setting.runner.run(work)

    async def _open(self) -> None:
        self.stack = contextlib.AsyncExitStack()
        copied = open_market.copied_market(self.setting.server, self.setting.opened)
        self.market: OpenMarket = await self.stack.enter_async_context(copied)
        people = self.people = self.market.people
        self.words = {people.seller: "kiln", people.buyer: "solar"}
        self.money_fen, self.tonnes = await self._sums()

    async def _sums(self) -> tuple[int, int]:
        """Fen and tonnes that all accounts have, whatever they wait for."""
        query = (
            "select coalesce(sum(settled + locked + outgoing) filter (where instrument_id = 0), 0)::bigint,"
            " coalesce(sum(settled + locked + outgoing) filter (where instrument_id > 0), 0)::bigint"
            " from exchange.position"
        )
        row = await self.market.exchange.watcher.fetchrow(query)
        assert row is not None
        return row[0], row[1]

    def teardown(self) -> None:
        """Settle everything, then check every invariant and verify the log from its bytes."""
        self.run(self._end())

    async def _end(self) -> None:
        async with self.stack:
            await self.market.exchange.until_settled()
            await self.market.exchange.check()
            assert (self.money_fen, self.tonnes) == await self._sums()
            happened = await self.market.exchange.watcher.fetchrow(HAPPENED)
            assert happened is not None
            self.seen.update(dict(happened))
            self.seen["crashes"] += len(self.market.exchange.crash_sites)

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """One of the actions that are possible now; then the books are compared."""
        possible = {
            "cancel": bool(self.orders),
            "take": bool(self.listings),
            "unfreeze": bool(self.frozen),
        }
        action = data.draw(st.sampled_from([each for each in ACTIONS if possible.get(each, True)]), label="action")
        self.run(getattr(self, f"_{action}")(data))
        self.run(self._compare())

    async def _compare(self) -> None:
        """Compare the books, even with undelivered trades, unreleased debits and half-reported deliveries."""
        watcher = self.market.exchange.watcher
        async with watcher.transaction(isolation="repeatable_read"):
            await invariants.check_ledger(watcher)
            await market_invariants.check(watcher)
        found = await self.market.exchange.until_answered(lambda exchange: reconcile(db=exchange.db))
        assert ("", ()) == (found.journal, found.differences)

    async def may(self, request: Callable[[Exchange], Awaitable[Any]], *slugs: str) -> Any:
        """Send a request; returns None if it is refused for one of *slugs*."""
        try:
            return await self.market.exchange.until_answered(request)
        except DomainError as refusal:
            if refusal.slug not in slugs:
                raise
            return None

    async def command(self, command: c.AccountCommand, *slugs: str) -> Any:
        """Carry an account's command out, or be refused."""
        return await self.may(lambda exchange: trading.carry_out(command, exchange=exchange), *slugs, "frozen")

    def either(self, data: st.DataObject) -> int:
        """The seller's account or the buyer's."""
        return data.draw(st.sampled_from(sorted(self.words)))

    async def _deposit(self, data: st.DataObject) -> None:
        """Tonnes of either; the buyer has what it took home."""
        account, tonnes = self.either(data), data.draw(st.integers(1, 9))
        body = CreditMovement(account_id=account, instrument=KILN, quantity_t=tonnes)
        call = self.market.call(self.words[account], "deposit_credits")
        done = await self.may(
            lambda exchange: settlement.deposit_credits(body, call=call, exchange=exchange), "insufficient-credits"
        )
        self.tonnes += tonnes if done else 0

    async def _withdraw(self, data: st.DataObject) -> None:
        """Tonnes of either."""
        await self.take_home(self.either(data), data.draw(st.integers(1, 9)))

    async def take_home(self, account: int, tonnes: int) -> None:
        """From the exchange into the account, if so much is settled."""
        body = CreditMovement(account_id=account, instrument=KILN, quantity_t=tonnes)
        call = self.market.call(self.words[account], "withdraw_credits")
        done = await self.may(
            lambda exchange: settlement.withdraw_credits(body, call=call, exchange=exchange),
            "not-enough-tonnes",
            "frozen",
        )
        self.tonnes -= tonnes if done else 0

    async def _pay_in(self, data: st.DataObject) -> None:
        """Money for either."""
        fen = data.draw(st.integers(1, 50_000))
        body = CashMovement(account_id=self.either(data), amount_fen=fen)
        call = self.market.call("exchange", "deposit_cash")
        await self.market.exchange.until_answered(
            lambda exchange: settlement.deposit_cash(body, call=call, exchange=exchange)
        )
        self.money_fen += fen

    async def _pay_out(self, data: st.DataObject) -> None:
        """Money of either."""
        account, fen = self.either(data), data.draw(st.integers(1, 50_000))
        body = CashMovement(account_id=account, amount_fen=fen, reference="Home")
        call = self.market.call(self.words[account], "withdraw_cash")
        done = await self.may(
            lambda exchange: settlement.withdraw_cash(body, call=call, exchange=exchange), "not-enough-cash", "frozen"
        )
        self.money_fen -= fen if done else 0

    async def _order(self, data: st.DataObject) -> None:
        """A bid or an ask of either, near the others; the seller mostly sells, the buyer mostly buys."""
        account = self.either(data)
        mostly = c.SELL if account == self.people.seller else c.BUY
        side = mostly if data.draw(st.integers(0, 3)) else 1 - mostly
        price, tonnes = data.draw(st.sampled_from((11_95, 12_00, 12_05))), data.draw(st.integers(1, 9))
        life = data.draw(st.sampled_from((c.GTC, c.GTC, c.IOC, c.FOK, c.POST_ONLY)))
        number = self.market.next_client_order_id(account)
        command = continuous.Place(account, self.people.instrument, side, price, tonnes, number, life)
        refusals = ("not-enough-cash", "not-enough-tonnes", "not-fillable", "would-trade")
        order = await self.command(command, *refusals)
        if order is not None and order.state == "open":
            self.orders[order.id] = account

    async def _list(self, data: st.DataObject) -> None:
        """A listing of the seller."""
        seller, tonnes = self.people.seller, data.draw(st.integers(1, 9))
        command = listings.OpenListing(
            seller, self.people.instrument, 12_00, tonnes, self.market.next_client_order_id(seller)
        )
        if listing := await self.command(command, "not-enough-tonnes"):
            self.listings.append(listing.id)
            self.orders[listing.id] = seller

    async def _take(self, data: st.DataObject) -> None:
        """Some of a listing."""
        buyer, listing = self.people.buyer, data.draw(st.sampled_from(self.listings))
        command = listings.Subscribe(
            buyer, listing, data.draw(st.integers(1, 5)), self.market.next_client_order_id(buyer)
        )
        await self.command(command, "not-enough-cash", "listing-short", "not-open")

    async def _cancel(self, data: st.DataObject) -> None:
        """Something that was open once."""
        number = data.draw(st.sampled_from(sorted(self.orders)))
        account = self.orders.pop(number)
        await self.command(c.Cancel(account, number, self.market.next_client_order_id(account)), "not-open")

    async def _settle(self, _: st.DataObject) -> None:
        """Until nothing is under way."""
        await self.market.exchange.until_settled()

    async def _fail_a_delivery(self, _: st.DataObject) -> None:
        """The buyer's account is closed while a trade waits: a refund, and both have what they had."""
        await self.market.exchange.until_settled()
        people, watcher = self.people, self.market.exchange.watcher
        before = await self._sums()
        await watcher.execute(CHANGE_ACCOUNT, people.buyer, "closed")
        for account, side, price in ((people.seller, c.SELL, 10_00), (people.buyer, c.BUY, 20_00)):
            number = self.market.next_client_order_id(account)
            command = continuous.Place(
                account, people.instrument, side, price, 1, number, c.IOC if side == c.BUY else c.GTC
            )
            order = await self.command(command, "not-enough-cash", "not-enough-tonnes")
            if order is not None and order.state == "open":
                self.orders[order.id] = account
        await self.market.exchange.until_settled()
        await watcher.execute(CHANGE_ACCOUNT, people.buyer, "open")
        assert before == await self._sums()

    async def _freeze(self, data: st.DataObject) -> None:
        """What an account has open is closed, and it may neither trade nor withdraw."""
        account = self.either(data)
        await self._freeze_or_lift(account, on=True)
        self.frozen.add(account)

    async def _unfreeze(self, data: st.DataObject) -> None:
        """It may again."""
        account = data.draw(st.sampled_from(sorted(self.frozen)))
        await self._freeze_or_lift(account, on=False)
        self.frozen.discard(account)

    async def _freeze_or_lift(self, account: int, *, on: bool) -> None:
        """Store one instruction, and wait until it is carried out."""
        db = self.market.exchange.current.exchange.db
        number = await db.transaction(lambda tx: instructions.store_in(tx, c.Freeze(0, account, on), by=None))
        await self.market.exchange.until_answered(lambda exchange: exchange.teller.carried_out(number))

    async def _crash(self, _: st.DataObject) -> None:
        """The next run continues whatever was under way."""
        await self.market.exchange.restart()

    async def _retire(self, data: st.DataObject) -> None:
        """Kilograms that the buyer has taken home, now or before; what is on the exchange cannot be retired."""
        people = self.people
        if data.draw(st.booleans()):
            await self.take_home(people.buyer, 1)
        quantity = data.draw(st.integers(1, 1_000))
        request = RetireRequest(
            account_id=people.buyer, claim_id=people.claim, quantity_kg=quantity, reason="test", beneficiary="Somebody"
        )
        call = self.market.call("solar", "retire_credits")
        await self.may(
            lambda exchange: retirement.retire(
                request, call=call, retiring=retirement.retiring(exchange.db, worlds.PROFILE)
            ),
            "insufficient-credits",
        )


def test_any_order_of_deposits_trades_crashes_and_withdrawals_keeps_every_book_right(server, templates):
    """Bounded, and the same examples each time, unless more are asked for."""
    with asyncio.Runner() as runner:
        opened = runner.run(open_market.build_template(server, templates["issued"]))
        MarketMachine.setting = Setting(server, opened, runner)
        run_machine(MarketMachine, examples=16, steps=40)
    assert [] == [what for what, least in AT_LEAST.items() if MarketMachine.seen[what] < least], MarketMachine.seen

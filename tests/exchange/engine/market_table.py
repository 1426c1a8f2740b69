"""
Short words for commands, and a market that checks itself after each: the engine, the naive market and all invariants.

The world of the examples: instrument 7 with ticks of 5 fen from 100 to 1,000, lots of 10 t and a fee of 25 bps to
account 90. Accounts 1 (owner 1), 2 and 3 (both of owner 2) and 4 (owner 4) have 1,000,000 fen and 1,000 t each. That
took 10 commands, so the next one is number 11.
"""

from collections.abc import Iterable

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.core import MODES, Engine
from exchange.engine.modes import EngineMode, continuous
from tests.oracle.market import NaiveMarket
from tests.oracle.market_custody import Parts
from tests.oracle.market_state import balances, bidding, faults, open_orders, standing, whats_open

BUY, SELL = c.BUY, c.SELL
CREDIT = 7
FEES = 90
FIRST = 11

GIVEN: tuple[c.Command, ...] = (
    c.OpenInstrument(1, CREDIT, 5, 10, 100, 1_000, 25, FEES, 9),
    *(c.CreditCash(1 + account, account, 2 if account == 3 else account, 1_000_000) for account in (1, 2, 3, 4)),
    *(c.CreditTonnes(5 + account, account, 2 if account == 3 else account, CREDIT, 1_000) for account in (1, 2, 3, 4)),
    c.CreditTonnes(10, 1, 1, CREDIT, 10),
)


class Table:
    """One market, run by the engine and by the naive market."""

    def __init__(self, *before: c.Command, given: tuple[c.Command, ...] = GIVEN) -> None:
        self.engine = Engine()
        self.naive = NaiveMarket()
        for command in (*given, *before):
            self.tell(command)

    def tell(self, *commands: c.Command) -> list[e.Event]:
        """What happens, once both agree on it and nothing is wrong."""
        happened: list[e.Event] = []
        for command in commands:
            expected = self.naive.apply(command)
            assert expected == self.engine.apply(command)
            assert balances(self.naive) == balances(self.engine.market)
            assert bidding(self.naive) == bidding(self.engine.market)
            assert [] == faults(self.engine.market)
            happened += expected
        return happened

    def cash(self, account: int) -> Parts:
        """Settled, locked, incoming, outgoing fen."""
        return balances(self.engine.market).get((account, 0), (0, 0, 0, 0))

    def tonnes(self, account: int) -> Parts:
        """Settled, locked, incoming, outgoing tonnes."""
        return balances(self.engine.market).get((account, CREDIT), (0, 0, 0, 0))

    def bids(self) -> list[tuple[int, int, int]]:
        """Number, price and open tonnes of each bid, best first."""
        return [(number, price, left) for number, _, price, _, left in whats_open(self.engine.market, CREDIT)[0]]

    def asks(self) -> list[tuple[int, int, int]]:
        """Number, price and open tonnes of each ask, best first."""
        return [(number, price, left) for number, _, price, _, left in whats_open(self.engine.market, CREDIT)[1]]

    def listings(self) -> list[tuple[int, int, int]]:
        """Number, price and open tonnes of each listing, oldest first."""
        return [(number, price, left) for number, _, price, _, left in whats_open(self.engine.market, CREDIT)[2]]

    def all_but_standing(self) -> object:
        """Everything that a refusal leaves as it was."""
        market = self.engine.market
        frozen = {number: stands[0] for number, stands in standing(market).items()}
        queues = {number: whats_open(market, number) for number in market.instruments}
        rules = {number: (each.low, each.high, each.halted, each.tonnes) for number, each in market.instruments.items()}
        counts = (dict(market.unsettled), sorted(open_orders(market)), market.trades, market.cash)
        return balances(market), frozen, queues, rules, counts


def engine_of(commands: Iterable[c.Command], modes: Iterable[EngineMode] = MODES) -> Engine:
    """An engine that lived through *commands*."""
    engine = Engine(modes=modes)
    for command in commands:
        engine.apply(command)
    return engine


def buy(account: int, price: int, quantity: int, number: int, life: int = c.GTC, *, own: int = 0) -> continuous.Place:
    """A bid; *number* is its client_order_id, *own* what happens when it meets its owner's."""
    return continuous.Place(account, CREDIT, BUY, price, quantity, number, life, own)


def sell(account: int, price: int, quantity: int, number: int, life: int = c.GTC, *, own: int = 0) -> continuous.Place:
    """An ask, likewise."""
    return continuous.Place(account, CREDIT, SELL, price, quantity, number, life, own)


def traded(events: list[e.Event]) -> list[tuple[int, int, int, int]]:
    """Of each trade: the order bought with, the order sold from, price and quantity."""
    return [
        (each.buy_order, each.sell_order, each.price, each.quantity) for each in events if isinstance(each, e.Traded)
    ]


def reduced(events: list[e.Event]) -> list[tuple[int, int, int]]:
    """Of each reduction: the order, how many tonnes, and the cause."""
    return [(each.order, each.quantity, each.cause) for each in events if isinstance(each, e.Reduced)]

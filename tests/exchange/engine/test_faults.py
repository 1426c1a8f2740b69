"""The invariants bite: a market broken by hand in one place is found out."""

from collections.abc import Callable

import pytest

from exchange.engine import commands as c
from exchange.engine.accounts import Balance
from exchange.engine.market import Market
from exchange.engine.modes import listings
from tests.exchange.engine.market_table import CREDIT, Table, buy, sell
from tests.oracle.market_state import faults, open_orders

CROWD: tuple[c.Command, ...] = (
    buy(2, 200, 30, 1),
    buy(4, 200, 30, 1),
    buy(4, 195, 30, 2),
    sell(1, 300, 30, 1),
    listings.OpenListing(1, CREDIT, 250, 30, 2),
    sell(1, 200, 10, 3),
)


def second_goes(market: Market) -> None:
    """The second bid leaves its queue and nothing else."""
    open_orders(market)[11].next = None


def number_changes(market: Market) -> None:
    """The first bid is found under another number."""
    orders = market.accounts[2].orders
    orders[9] = orders.pop(11)


def best_is_worse(market: Market) -> None:
    """The best bid is not the best."""
    bids = market.instruments[CREDIT].book.bids
    bids.best = bids.levels[195]


def ask_moves(market: Market) -> None:
    """The ask is cheaper than it was when it rested."""
    open_orders(market)[14].price = 200


BREAKS: dict[str, Callable[[Market], object]] = {
    "cash of an account": lambda market: setattr(market.accounts[2].cash, "settled", 1),
    "cash of all": lambda market: setattr(market, "cash", 1),
    "tonnes of all": lambda market: setattr(market.instruments[CREDIT], "tonnes", 1),
    "locked and settled": lambda market: market.accounts[1].tonnes.update({CREDIT: Balance(960, 50, 0, 10)}),
    "negative": lambda market: setattr(market.accounts[3], "cash", Balance(-1, 1_000_001, 0, 0)),
    "incoming": lambda market: setattr(market.accounts[1].cash, "incoming", 0),
    "a trade forgotten": lambda market: market.unsettled.clear(),
    "an order of somebody else": lambda market: setattr(open_orders(market)[11], "account", market.accounts[4]),
    "an order under another number": number_changes,
    "an owner without accounts": lambda market: market.groups[4].clear(),
    "frozen with orders": lambda market: setattr(market.accounts[2], "frozen", True),
    "an order in no table": lambda market: market.accounts[2].orders.pop(11),
    "a listing in no list": lambda market: market.parts["listings"].open.clear(),
    "open tonnes": lambda market: setattr(open_orders(market)[15], "open", 40),
    "second order lost": second_goes,
    "prev": lambda market: setattr(open_orders(market)[12], "prev", None),
    "tail": lambda market: setattr(open_orders(market)[12].queue, "tail", open_orders(market)[11]),
    "level": lambda market: setattr(open_orders(market)[12], "queue", None),
    "best": best_is_worse,
    "total": lambda market: setattr(open_orders(market)[11].queue, "total", 10),
    "heap": lambda market: market.instruments[CREDIT].book.bids._ranks.append(-5),
    "order of the heap": lambda market: market.instruments[CREDIT].book.bids._ranks.reverse(),
    "stale prices": lambda market: market.instruments[CREDIT].book.bids._stale.add(-195),
    "price": ask_moves,
}


def test_a_market_as_it_should_be_has_no_faults():
    """The one that is broken below."""
    assert [] == faults(Table(*CROWD).engine.market)


@pytest.mark.parametrize("way", BREAKS)
def test_a_broken_market_is_found_out(way):
    """One thing wrong, at least one fault."""
    market = Table(*CROWD).engine.market
    BREAKS[way](market)
    assert [] != faults(market)

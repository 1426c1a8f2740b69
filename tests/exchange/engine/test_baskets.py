"""
Baskets by hand: what is locked, what each trade delivers, and what is refused.

Instruments 7 and 8 are assets, 9 is a basket of 8 and 7, in that order; ticks of 5 fen, lots of 10 t, a fee of 25 bps.
Account 1 has 30 t of instrument 8 and 1,010 t of instrument 7; account 4 is another owner's.
"""

from typing import Any

import pytest

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.core import Engine
from exchange.engine.events import Cause
from exchange.engine.modes import continuous, listings, picking
from exchange.engine.modes.auctions import messages as auctions
from exchange.engine.modes.baskets import messages as m
from exchange.engine.modes.blocks import messages as blocks
from exchange.engine.modes.campaigns import messages as campaigns
from exchange.engine.modes.quotes import messages as quotes
from exchange.engine.modes.sessions import messages as sessions
from exchange.engine.parts import BasketReason
from exchange.engine.state import dump, load
from tests.exchange.engine.market_table import CREDIT, FEES, GIVEN, Table
from tests.oracle.market_state import balances

OTHER, BASKET = 8, 9
RULES = (5, 10, 100, 1_000, 25, FEES, 9)


@pytest.fixture
def table() -> Table:
    """The basket, open."""
    return Table(
        c.OpenInstrument(20, OTHER, *RULES),
        c.CreditTonnes(21, 1, 1, OTHER, 30),
        m.OpenBasket(22, BASKET, *RULES, (OTHER, CREDIT)),
    )


def sell(account: int, price: int, quantity: int, number: int) -> continuous.Place:
    """An order to sell in the basket."""
    return continuous.Place(account, BASKET, c.SELL, price, quantity, number)


def buy(account: int, price: int, quantity: int, number: int, life: int = c.GTC) -> continuous.Place:
    """An order to buy in the basket."""
    return continuous.Place(account, BASKET, c.BUY, price, quantity, number, life)


def parts(table: Table, account: int) -> list[tuple[int, int, int, int]]:
    """Settled, locked, incoming and outgoing tonnes of the first asset and of the second; none are of the basket."""
    has = balances(table.engine.market)
    assert (account, BASKET) not in has
    return [has.get((account, asset), (0, 0, 0, 0)) for asset in (OTHER, CREDIT)]


def delivered(happened: list[e.Event]) -> list[tuple[int, int, int]]:
    """Of each trade: what it delivers, how many tonnes, and the fee."""
    return [(each.asset, each.quantity, each.fee) for each in happened if isinstance(each, e.Traded)]


def test_each_trade_has_one_asset_and_the_fee_is_rounded_once(table):
    """
    50 t at 205 fen are 30 t of instrument 8 and 20 t of instrument 7.

    A buyer of 40 t gets both: 30 t x 205 = 6,150 fen, of which 25 bps are 15.375, so 15; with 10 t x 205 = 2,050 more,
    8,200 x 25 bps = 20.5, so 5 more.
    """
    table.tell(sell(1, 205, 50, 1))
    assert [(0, 30, 0, 0), (990, 20, 0, 0)] == parts(table, 1)
    happened = table.tell(buy(4, 205, 40, 1))
    assert [(OTHER, 30, 15), (CREDIT, 10, 5)] == delivered(happened)
    assert [(0, 0, 0, 30), (990, 10, 0, 10)] == parts(table, 1)
    assert [(0, 0, 30, 0), (1_000, 0, 10, 0)] == parts(table, 4)
    first, second = (each.trade for each in happened if isinstance(each, e.Traded))
    table.tell(c.Settle(1, (first,)), c.Refund(2, (second,)))
    assert [(0, 0, 0, 0), (1_000, 10, 0, 0)] == parts(table, 1)
    assert [(30, 0, 0, 0), (1_000, 0, 0, 0)] == parts(table, 4)


def test_what_is_taken_back_is_what_would_be_sold_last(table):
    """An amendment to 40 t gives 10 t of instrument 7 back, one to 30 t the other 10 t; a cancel the rest."""
    (accepted, changed) = table.tell(sell(1, 205, 50, 1))
    assert isinstance(accepted, continuous.Accepted)
    assert ((CREDIT, 20), (OTHER, 30)) == changed.parts
    number = accepted.order
    table.tell(continuous.Amend(1, number, 205, 40, 2))
    assert [(0, 30, 0, 0), (1_000, 10, 0, 0)] == parts(table, 1)
    table.tell(continuous.Amend(1, number, 205, 30, 3))
    assert [(0, 30, 0, 0), (1_010, 0, 0, 0)] == parts(table, 1)
    table.tell(continuous.Amend(1, number, 210, 60, 4))
    assert [(0, 30, 0, 0), (980, 30, 0, 0)] == parts(table, 1)
    (closed,) = table.tell(c.Cancel(1, number, 5))
    assert ((CREDIT, 30), (OTHER, 30)) == closed.parts
    assert [(30, 0, 0, 0), (1_010, 0, 0, 0)] == parts(table, 1)


def test_a_call_cuts_its_fills_where_the_asset_changes(table):
    """The opening call trades 40 t at one price, in two trades."""
    table.tell(sessions.SetPhase(30, BASKET, 2, 0), sell(1, 200, 50, 1), buy(4, 200, 40, 1))
    assert [(OTHER, 30, 15), (CREDIT, 10, 5)] == delivered(table.tell(sessions.SetPhase(31, BASKET, 0, 0)))


def test_a_delisted_asset_is_sold_no_more(table):
    """Orders that would deliver it are closed with that cause; others rest; new ones deliver what is left."""
    table.tell(sell(1, 300, 20, 1), sell(1, 310, 30, 2), sell(1, 320, 10, 3))
    happened = table.tell(m.DelistAsset(30, BASKET, OTHER))
    assert [Cause.DELISTED, Cause.DELISTED] == [each.cause for each in happened if isinstance(each, e.Reduced)]
    assert [(30, 0, 0, 0), (1_000, 10, 0, 0)] == parts(table, 1)
    refusal: Any = table.tell(sell(1, 300, 1_010, 4))[0]
    assert (e.Reason.NOT_ENOUGH_TONNES, 1_010, 1_000) == (refusal.reason, refusal.wanted, refusal.limit)
    table.tell(m.AddAsset(31, BASKET, OTHER), sell(1, 300, 1_010, 5))
    assert [(20, 10, 0, 0), (0, 1_010, 0, 0)] == parts(table, 1)


def test_a_halted_asset_is_sold_nowhere(table):
    """As when its project is frozen. The basket itself goes on with the others."""
    table.tell(sell(1, 300, 20, 1))
    happened = table.tell(c.Halt(30, OTHER, c.HALTED_BY_FREEZE, on=True))
    assert [Cause.ASSET_HALTED] == [each.cause for each in happened if isinstance(each, e.Reduced)]
    table.tell(sell(1, 300, 20, 2))
    assert [(30, 0, 0, 0), (990, 20, 0, 0)] == parts(table, 1)
    table.tell(c.Halt(31, OTHER, c.HALTED_BY_FREEZE, on=False), sell(1, 300, 20, 3))
    assert [(10, 20, 0, 0), (990, 20, 0, 0)] == parts(table, 1)


def test_a_fill_or_kill_order_takes_several_assets(table):
    """Whole, over two orders."""
    table.tell(sell(1, 300, 40, 1), sell(1, 310, 10, 2))
    assert [(OTHER, 30, 22), (CREDIT, 10, 8), (CREDIT, 10, 7)] == delivered(table.tell(buy(4, 310, 50, 1, c.FOK)))


def test_a_snapshot_has_what_is_locked(table):
    """Loaded, it gives the same bytes, and the order delivers the same."""
    table.tell(sell(1, 205, 50, 1), m.DelistAsset(30, BASKET, CREDIT), m.AddAsset(31, BASKET, CREDIT))
    table.tell(sell(1, 205, 50, 2))
    again = Engine(load(dump(table.engine.market)))
    assert dump(table.engine.market) == dump(again.market)
    assert table.engine.apply(buy(4, 205, 40, 1)) == again.apply(buy(4, 205, 40, 1))


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (m.OpenBasket(40, 10, *RULES, ()), (BasketReason.NO_ASSETS, 10, 0)),
        (m.OpenBasket(40, 10, *RULES, (7, 7)), (BasketReason.ASSET_THERE, 7, 0)),
        (m.OpenBasket(40, 10, *RULES, (7, BASKET)), (BasketReason.NOT_AN_ASSET, BASKET, 0)),
        (m.OpenBasket(40, 10, *RULES, (7, 44)), (e.Reason.UNKNOWN_INSTRUMENT, 44, 0)),
        (m.OpenBasket(40, 10, *RULES, tuple(range(201))), (BasketReason.TOO_MANY_ASSETS, 201, 200)),
        (m.OpenBasket(40, BASKET, *RULES, (7,)), (e.Reason.INSTRUMENT_OPEN, BASKET, 0)),
        (m.OpenBasket(40, 10, 0, *RULES[1:], (7,)), (e.Reason.PRICE_OFF_TICK, 0, 1)),
        (m.AddAsset(40, CREDIT, OTHER), (BasketReason.NOT_A_BASKET, CREDIT, 0)),
        (m.AddAsset(40, BASKET, OTHER), (BasketReason.ASSET_THERE, OTHER, 0)),
        (m.DelistAsset(40, BASKET, 44), (BasketReason.NO_SUCH_ASSET, 44, BASKET)),
        (c.CreditTonnes(40, 1, 1, BASKET, 10), (BasketReason.NO_TONNES_OF_BASKETS, BASKET, 0)),
    ],
)
def test_what_the_operator_cannot_do(table, command, why):
    """Nothing changes."""
    (refusal,) = table.tell(command)
    assert isinstance(refusal, e.InstructionRefused)
    assert why == (refusal.reason, refusal.wanted, refusal.limit)


def test_a_basket_has_a_limit_of_assets():
    """200; one more is refused."""
    opened = [c.OpenInstrument(number, number, *RULES) for number in range(100, 301)]
    basket = m.OpenBasket(400, 900, *RULES, tuple(range(100, 300)))
    table = Table(*opened, basket, given=GIVEN[:1])
    refusal: Any = table.tell(m.AddAsset(401, 900, 300))[0]
    assert (BasketReason.TOO_MANY_ASSETS, 201, 200) == (refusal.reason, refusal.wanted, refusal.limit)


@pytest.mark.parametrize(
    "command",
    [
        listings.OpenListing(1, BASKET, 200, 10, 1),
        campaigns.OpenCampaign(1, BASKET, 200, 10, 10, 10, 0, 0, 1, 2, 1),
        auctions.OpenAuction(1, BASKET, 0, 200, 0, 10, 10, 10, 0, False, 1, 2, 0, 2, 1),
        blocks.ProposeBlock(1, BASKET, 4, c.SELL, 200, 10, 100, 1),
        quotes.RequestQuotes(1, BASKET, c.BUY, 10, 100, (), 1),
        picking.SetPicking(999, BASKET, picking.PICK_BEST),
        blocks.SetBlockTerms(999, BASKET, 10, 0, 0),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_basket_trades_only_in_its_book(table, command):
    """Whoever names a basket anywhere else is refused, and may trade its assets there."""
    refusal: Any = table.tell(command)[0]
    assert (BasketReason.ONLY_IN_ITS_BOOK, BASKET) == (refusal.reason, refusal.wanted)

"""An instrument that is delisted in the engine: what is open is closed, in every mode, and nothing new is taken."""

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.core import Engine
from exchange.engine.events import Cause, Reason
from exchange.engine.modes import listings
from exchange.engine.modes.baskets import messages as baskets
from exchange.engine.modes.blocks import messages as blocks
from exchange.engine.modes.campaigns import messages as campaigns
from exchange.engine.modes.continuous import Place
from exchange.engine.modes.quotes import messages as quotes
from tests.exchange.engine.market_table import CREDIT, FEES, Table, buy, reduced, sell
from tests.exchange.engine.test_venues import EACH_WAY, refusals

BASKET = 8


def test_what_is_open_is_closed_and_nothing_is_taken_any_more():
    """In the book and beside it; what was traded is delivered, and what is held can be withdrawn."""
    table = Table(sell(1, 200, 20, 1), buy(2, 200, 10, 1), buy(4, 150, 10, 1))
    table.tell(
        listings.OpenListing(1, CREDIT, 300, 10, 2),
        campaigns.OpenCampaign(1, CREDIT, 200, 10, 10, 10, 0, campaigns.BY_TIME, 1, 2, 3),
        blocks.ProposeBlock(1, CREDIT, 2, c.SELL, 200, 100_0, 99, 4),
        quotes.RequestQuotes(2, CREDIT, c.BUY, 10, 99, (), 2),
    )
    told = table.tell(c.DelistInstrument(11, CREDIT))
    assert e.InstrumentDelisted(11, CREDIT, c.DELISTED) == told[0]
    assert [(11, 10), (13, 10), (14, 10), (15, 10)] == [each[:2] for each in reduced(told)]
    assert {Cause.DELISTED} == {each[2] for each in reduced(told)}
    for number, way in enumerate(EACH_WAY.values()):
        named = {name: getattr(way, name) for name in way.__struct_fields__} | {"client_order_id": 10 + number}
        assert [(Reason.DELISTED, CREDIT, c.DELISTED)] == refusals(table.tell(type(way)(**named))), way
    assert [(Reason.DELISTED, CREDIT, c.DELISTED)] == refusals(table.tell(c.DelistInstrument(12, CREDIT)))
    assert [(Reason.UNKNOWN_INSTRUMENT, 44, 0)] == refusals(table.tell(c.DelistInstrument(13, 44)))
    assert [] == refusals(table.tell(c.Settle(1, (1,)), c.DebitTonnes(14, 2, CREDIT, 10)))


def test_a_halt_that_ends_lists_nothing_again():
    """Whoever halted it before; and a snapshot keeps it delisted."""
    table = Table(c.Halt(11, CREDIT, c.HALTED_BY_OPERATOR, on=True), c.DelistInstrument(12, CREDIT))
    table.tell(c.Halt(13, CREDIT, c.HALTED_BY_OPERATOR, on=False))
    refused = [(Reason.DELISTED, CREDIT, c.DELISTED)]
    assert refused == refusals(table.tell(buy(2, 200, 10, 1)))
    assert refused == refusals(Engine(state.load(state.dump(table.engine.market))).apply(buy(4, 200, 10, 1)))


def test_no_basket_delivers_it_and_a_basket_can_be_delisted():
    """Orders that would deliver it are closed with the same cause; those of the basket itself with it."""
    rules = (5, 10, 100, 1_000, 25, FEES, 9)
    table = Table(baskets.OpenBasket(11, BASKET, *rules, (CREDIT,)), Place(1, BASKET, c.SELL, 200, 20, 1))
    order = table.engine.market.sequence
    assert [(order, 20, Cause.DELISTED)] == reduced(table.tell(c.DelistInstrument(12, CREDIT)))
    assert [(Reason.NOT_ENOUGH_TONNES, 10, 0)] == refusals(table.tell(Place(1, BASKET, c.SELL, 200, 10, 2)))
    table.tell(Place(2, BASKET, c.BUY, 200, 10, 1))
    order = table.engine.market.sequence
    assert [(order, 10, Cause.DELISTED)] == reduced(table.tell(c.DelistInstrument(13, BASKET)))
    assert [(Reason.DELISTED, BASKET, c.DELISTED)] == refusals(table.tell(Place(2, BASKET, c.BUY, 200, 10, 2)))

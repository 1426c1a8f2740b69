"""Fixed-price listings: offered once, taken part by part."""

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.events import Cause
from exchange.engine.modes import listings
from tests.exchange.engine.market_table import BUY, CREDIT, FEES, SELL, Table, buy, reduced, sell, traded
from tests.oracle.market_state import open_orders


def test_a_listing_is_taken_part_by_part_until_nothing_is_left():
    """Three takers at its price; then nobody finds it any more."""
    table = Table()
    assert [listings.ListingOpened(11, 1, CREDIT, 200, 100, 1)] == table.tell(
        listings.OpenListing(1, CREDIT, 200, 100, 1)
    )
    assert (910, 100, 0, 0) == table.tonnes(1)
    assert [
        listings.Subscribed(12, 2, CREDIT, 200, 30, 1, 11),
        e.Traded(1, CREDIT, 200, 30, 12, 11, 2, 1, 200, 15, FEES, BUY),
    ] == table.tell(listings.Subscribe(2, 11, 30, 1))
    assert [(11, 200, 70)] == table.listings()
    assert [(13, 11, 200, 60)] == traded(table.tell(listings.Subscribe(4, 11, 60, 1)))
    assert [(14, 11, 200, 10)] == traded(table.tell(listings.Subscribe(2, 11, 10, 2)))
    assert [] == table.listings()
    assert ({}, {}) == (open_orders(table.engine.market), table.engine.market.parts["listings"].open)
    assert [e.Refused(e.Reason.NOT_OPEN, 2, 3, 11, 0)] == table.tell(listings.Subscribe(2, 11, 10, 3))
    assert (910, 0, 0, 100) == table.tonnes(1)
    assert (1_000_000, 0, 20_000 - 15 - 30 - 5, 0) == table.cash(1)


def test_a_listing_and_the_book_do_not_meet():
    """A bid over a listing's price rests, an order is not taken, a listing is not in the book."""
    table = Table(listings.OpenListing(1, CREDIT, 200, 100, 1))
    assert [] == traded(table.tell(buy(2, 300, 10, 1)))
    assert ([(12, 300, 10)], [], [(11, 200, 100)]) == (table.bids(), table.asks(), table.listings())
    assert [(12, 13, 300, 10)] == traded(table.tell(sell(1, 200, 10, 2)))


def test_a_listing_is_cancelled_like_an_order():
    """What is left of it is settled again."""
    table = Table(listings.OpenListing(1, CREDIT, 200, 100, 1), listings.Subscribe(2, 11, 30, 1))
    assert [e.Reduced(11, 1, CREDIT, SELL, 200, 70, Cause.OWNER, 2)] == table.tell(c.Cancel(1, 11, 2))
    assert (980, 0, 0, 30) == table.tonnes(1)
    assert [] == reduced(table.tell(c.CancelAll(1, 0, 3)))


def test_takers_pick_any_listing():
    """Not the cheapest, not the oldest: the one that they name."""
    table = Table(
        listings.OpenListing(1, CREDIT, 200, 10, 1),
        listings.OpenListing(1, CREDIT, 300, 10, 2),
        listings.OpenListing(4, CREDIT, 200, 10, 1),
    )
    assert [(14, 12, 300, 10)] == traded(table.tell(listings.Subscribe(2, 12, 10, 1)))
    assert [(15, 13, 200, 10)] == traded(table.tell(listings.Subscribe(2, 13, 10, 2)))
    assert [(11, 200, 10)] == table.listings()

"""What auctions refuse, each with the two numbers that disagree."""

import pytest

from exchange.engine import events as e
from exchange.engine.events import Reason
from exchange.engine.modes import continuous, listings
from exchange.engine.modes.auctions.messages import ASCENDING, PAY_AS_BID, AuctionReason, BeginAuction, Bid
from exchange.engine.modes.campaigns.messages import Pledge
from tests.exchange.engine.market_table import CREDIT, Table, buy, sell, traded
from tests.exchange.engine.test_auctions import CLOSES, OPENS, N, auction, begun, bid


@pytest.mark.parametrize(
    ("kind", "terms", "reason", "wanted", "limit"),
    [
        (PAY_AS_BID, {"instrument": 8}, Reason.UNKNOWN_INSTRUMENT, 8, 0),
        (PAY_AS_BID, {"reserve": 201}, Reason.PRICE_OFF_TICK, 201, 5),
        (PAY_AS_BID, {"reserve": 95}, Reason.PRICE_BELOW_BAND, 95, 100),
        (PAY_AS_BID, {"quantity": 2_000}, Reason.NOT_ENOUGH_TONNES, 2_000, 1_010),
        (PAY_AS_BID, {"quantity": 30, "lot": 20}, Reason.QUANTITY_OFF_LOT, 30, 20),
        (PAY_AS_BID, {"lot": 15}, Reason.QUANTITY_OFF_LOT, 15, 10),
        (PAY_AS_BID, {"lot": 0}, Reason.QUANTITY_OFF_LOT, 0, 10),
        (PAY_AS_BID, {"most": 0}, Reason.QUANTITY_OFF_LOT, 0, 10),
        (PAY_AS_BID, {"most": 15}, Reason.QUANTITY_OFF_LOT, 15, 10),
        (PAY_AS_BID, {"closes": OPENS}, AuctionReason.NO_WINDOW, 0, 0),
        (ASCENDING, {"latest": CLOSES - 1}, AuctionReason.NO_WINDOW, 0, 0),
        (ASCENDING, {"increment": 0}, Reason.PRICE_OFF_TICK, 0, 5),
        (ASCENDING, {"increment": 7}, Reason.PRICE_OFF_TICK, 7, 5),
        (ASCENDING, {"extension": -1}, AuctionReason.TERMS_CROSS, -1, 0),
        (PAY_AS_BID, {"increment": 5}, AuctionReason.TERMS_CROSS, 5, 0),
        (PAY_AS_BID, {"extension": 60}, AuctionReason.TERMS_CROSS, 60, 0),
        (PAY_AS_BID, {"latest": CLOSES + 9}, AuctionReason.TERMS_CROSS, 9, 0),
    ],
)
def test_an_auction_that_cannot_be(kind, terms, reason, wanted, limit):
    """Nothing is locked by it."""
    table = Table()
    before = table.all_but_standing()
    assert [e.Refused(reason, 1, 1, wanted, limit)] == table.tell(auction(kind, **terms))
    assert before == table.all_but_standing()


@pytest.mark.parametrize(
    ("made", "reason", "wanted", "limit"),
    [
        (bid(2, 195, 20), AuctionReason.BELOW_RESERVE, 195, 200),
        (bid(2, 201, 20), Reason.PRICE_OFF_TICK, 201, 5),
        (bid(2, 1_005, 20), Reason.PRICE_ABOVE_BAND, 1_005, 1_000),
        (bid(2, 250, 30), Reason.QUANTITY_OFF_LOT, 30, 20),
        (bid(2, 250, 120), AuctionReason.ABOVE_MOST, 120, 100),
        (bid(1, 250, 20, 2), AuctionReason.OWN_AUCTION, N, 0),
        (bid(2, 250, 20, at=CLOSES), AuctionReason.OVER, N, 0),
        (bid(77, 250, 20), Reason.UNKNOWN_ACCOUNT, 0, 0),
        (Bid(2, 99, 250, 20, OPENS, 1), Reason.NOT_OPEN, 99, 0),
    ],
)
def test_a_bid_that_is_not_taken(made, reason, wanted, limit):
    """Lots of 20 t, and 100 t of one owner at most."""
    table = begun(lot=20, most=100)
    assert [e.Refused(reason, made.account, made.client_order_id, wanted, limit)] == table.tell(made)


def test_a_bid_that_cannot_be_paid():
    """In full at its own price, whatever it will pay; in an ascending auction what it had locked counts."""
    table = begun(most=10_000)
    assert [e.Refused(Reason.NOT_ENOUGH_CASH, 2, 1, 1_010_000, 1_000_000)] == table.tell(bid(2, 1_000, 1_010))
    table = begun(ASCENDING, most=10_000)
    table.tell(bid(2, 500, 1_000), bid(2, 900, 1_000, 2))
    assert (100_000, 900_000, 0, 0) == table.cash(2)
    assert [e.Refused(Reason.NOT_ENOUGH_CASH, 2, 3, 1_050_000, 1_000_000)] == table.tell(bid(2, 1_000, 1_050, 3))
    assert (100_000, 900_000, 0, 0) == table.cash(2)


def test_an_ascending_bid_beats_the_best_one():
    """By 5 fen; one's own too, and never for fewer tonnes than before."""
    table = begun(ASCENDING)
    assert [e.Refused(AuctionReason.BELOW_RESERVE, 2, 1, 195, 200)] == table.tell(bid(2, 195, 20))
    table.tell(bid(2, 200, 20, 2))
    assert [e.Refused(AuctionReason.BELOW_INCREMENT, 4, 1, 200, 205)] == table.tell(bid(4, 200, 20))
    assert [e.Refused(AuctionReason.BELOW_INCREMENT, 2, 3, 200, 205)] == table.tell(bid(2, 200, 30, 3))
    assert [e.Refused(AuctionReason.SMALLER_BID, 2, 4, 10, 20)] == table.tell(bid(2, 250, 10, 4))


def test_before_it_begins_nobody_bids():
    """And it begins once."""
    table = Table(auction())
    assert [e.Refused(AuctionReason.NOT_BEGUN, 2, 1, N, 0)] == table.tell(bid(2, 250, 20))
    table.tell(BeginAuction(11, N))
    assert [e.InstructionRefused(12, 0, AuctionReason.BEGUN, N, 0)] == table.tell(BeginAuction(12, N))
    assert [e.InstructionRefused(12, 0, Reason.STALE_INSTRUCTION, 12, 12)] == table.tell(BeginAuction(12, N))


def test_bids_and_books_do_not_meet():
    """Nor is a bid amended, or an auction subscribed or pledged to as if it were something else."""
    table = begun()
    table.tell(bid(2, 250, 30))
    assert [] == traded(table.tell(buy(4, 250, 10, 1), sell(1, 300, 10, 2)))
    assert [e.Refused(Reason.NOT_AN_ORDER, 2, 2, 13, 0)] == table.tell(continuous.Amend(2, 13, 250, 20, 2))
    assert [e.Refused(Reason.NOT_OPEN, 4, 2, N, 0)] == table.tell(listings.Subscribe(4, N, 10, 2))
    assert [e.Refused(Reason.NOT_OPEN, 4, 3, N, 0)] == table.tell(Pledge(4, N, 10, 3))
    assert CREDIT == table.engine.market.parts["auctions"].running[N].instrument

"""Rules of venues in the engine, command by command: modes, limits, the resale lock, and owners that change."""

import pytest

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import state
from exchange.engine import venue as v
from exchange.engine.core import Engine
from exchange.engine.events import Cause, Reason
from exchange.engine.modes import continuous, listings
from exchange.engine.modes.auctions import messages as auctions
from exchange.engine.modes.baskets import messages as baskets
from exchange.engine.modes.blocks import messages as blocks
from exchange.engine.modes.campaigns import messages as campaigns
from exchange.engine.modes.continuous import Place
from exchange.engine.modes.quotes import messages as quotes
from exchange.engine.modes.sessions.messages import SetPhase
from exchange.engine.modes.venues import messages as m
from exchange.engine.session import PRE_OPEN
from exchange.engine.venue import VenueReason
from tests.exchange.engine.market_table import CREDIT, FEES, Table, buy, reduced, sell, traded
from tests.oracle.venue_state import faults_of_venues, ruled


def ruled_table(modes: int = v.EVERY_MODE, largest: int = 0, *, locks: bool = False) -> Table:
    """The market of the examples, by the rules of preset 3."""
    return Table(m.SetVenue(11, CREDIT, 3, modes, largest, locks))


def refusals(events: list[e.Event]) -> list[tuple[int, int, int]]:
    """Reason and numbers of each refusal."""
    return [
        (each.reason, each.wanted, each.limit) for each in events if isinstance(each, e.Refused | e.InstructionRefused)
    ]


EACH_WAY = {
    v.BOOK: buy(1, 200, 10, 1),
    v.LISTINGS: listings.OpenListing(1, CREDIT, 200, 10, 1),
    v.CAMPAIGNS: campaigns.OpenCampaign(1, CREDIT, 200, 10, 10, 10, 0, campaigns.BY_TIME, 1, 2, 1),
    v.BLOCKS: blocks.ProposeBlock(1, CREDIT, 2, c.SELL, 200, 1_000, 99, 1),
    v.QUOTES: quotes.RequestQuotes(1, CREDIT, c.BUY, 10, 99, (), 1),
    v.UNIFORM_AUCTIONS: auctions.OpenAuction(1, CREDIT, 0, 200, 0, 10, 10, 10, 0, False, 1, 2, 0, 2, 1),
    v.PAY_AS_BID_AUCTIONS: auctions.OpenAuction(1, CREDIT, 1, 200, 0, 10, 10, 10, 0, False, 1, 2, 0, 2, 1),
    v.ASCENDING_AUCTIONS: auctions.OpenAuction(1, CREDIT, 2, 200, 5, 10, 10, 10, 0, False, 1, 2, 0, 2, 1),
}


@pytest.mark.parametrize("mode", EACH_WAY)
def test_a_way_to_trade_is_open_or_refused(mode):
    """The refusal names the ways that are open, and the preset; everything is as it was."""
    closed = ruled_table(v.EVERY_MODE & ~mode)
    before = closed.all_but_standing()
    reason = VenueReason.NO_BOOK + mode.bit_length() - 1
    assert [(reason, v.EVERY_MODE & ~mode, 3)] == refusals(closed.tell(EACH_WAY[mode]))
    assert before == closed.all_but_standing()
    assert [] == refusals(ruled_table(mode).tell(EACH_WAY[mode]))


def test_rules_that_cannot_be_are_refused():
    """Of nothing, of no mode, of no role, and limits of an instrument without rules."""
    table = Table()
    for command, expected in (
        (m.SetVenue(11, 44, 3, 1, 0, False), (Reason.UNKNOWN_INSTRUMENT, 44, 0)),
        (m.SetVenue(12, CREDIT, 3, 0, 0, False), (VenueReason.NO_MODE, 0, 255)),
        (m.SetVenue(13, CREDIT, 3, 256, 0, False), (VenueReason.NO_MODE, 256, 255)),
        (m.SetVenue(14, CREDIT, 3, 1, -1, False), (Reason.TOO_LARGE, -1, 100_000_000)),
        (m.SetLimits(15, CREDIT, 1, 10, 10), (VenueReason.NO_VENUE, CREDIT, 0)),
        (m.ReleaseBought(16, CREDIT), (VenueReason.NO_VENUE, CREDIT, 0)),
        (m.SetGroup(17, 1, 1, 4), (VenueReason.NO_ROLE, 4, 3)),
        (m.SetVenue(18, CREDIT, 3, 255, 0, False), None),
        (m.SetLimits(19, CREDIT, 4, 10, 10), (VenueReason.NO_ROLE, 4, 3)),
        (m.SetLimits(20, CREDIT, 1, 10, -1), (Reason.TOO_LARGE, -1, 100_000_000)),
        (m.SetVenue(20, CREDIT, 3, 255, 0, False), (Reason.STALE_INSTRUCTION, 20, 20)),
    ):
        assert ([expected] if expected else []) == refusals(table.tell(command)), command


def test_no_order_but_a_block_is_larger_than_the_largest():
    """Of buyers and sellers, also when it is amended."""
    table = ruled_table(largest=50)
    assert [(VenueReason.ABOVE_LARGEST, 60, 50)] == refusals(table.tell(sell(1, 200, 60, 1)))
    assert [(VenueReason.ABOVE_LARGEST, 60, 50)] == refusals(table.tell(buy(2, 200, 60, 1)))
    table.tell(buy(2, 150, 50, 2))
    grown = table.tell(continuous.Amend(2, table.engine.market.sequence, 150, 60, 3))
    assert [(VenueReason.ABOVE_LARGEST, 60, 50)] == refusals(grown)
    assert [] == refusals(table.tell(blocks.ProposeBlock(1, CREDIT, 2, c.SELL, 200, 1_000, 99, 2)))


def test_limits_are_those_of_the_buyer_s_role():
    """Who has none of its own has those of the others; what is held, coming and wanted counts; sellers have none."""
    table = ruled_table()
    table.tell(m.SetLimits(12, CREDIT, v.INDIVIDUAL, 20, 1_050), m.SetLimits(13, CREDIT, v.UNKNOWN_ROLE, 200, 0))
    table.tell(m.SetGroup(14, 2, 2, v.INDIVIDUAL))
    assert [(VenueReason.ABOVE_LARGEST_OF_ROLE, 30, 20)] == refusals(table.tell(buy(2, 200, 30, 1)))
    assert [(VenueReason.ABOVE_LARGEST_OF_ROLE, 210, 200)] == refusals(table.tell(buy(4, 200, 210, 1)))
    assert [] == refusals(table.tell(buy(2, 200, 20, 2), buy(2, 200, 20, 3)))
    assert [(VenueReason.ABOVE_MOST_HELD, 1_060, 1_050)] == refusals(table.tell(buy(2, 200, 20, 4)))
    table.tell(sell(1, 200, 20, 1), c.Settle(1, (1,)))
    assert [(VenueReason.ABOVE_MOST_HELD, 1_060, 1_050)] == refusals(table.tell(buy(2, 200, 20, 5)))
    assert [] == refusals(table.tell(sell(2, 300, 500, 6), buy(2, 200, 10, 7)))


def test_what_was_bought_today_is_sold_in_no_basket():
    """Nor, if bought in one, in its own book; the basket itself locks nothing. Tomorrow it is sold in both."""
    table, basket = ruled_table(locks=True), 9
    table.tell(baskets.OpenBasket(12, basket, 5, 10, 5, 1_000, 0, FEES, 9, (CREDIT,)))
    assert [(VenueReason.BASKET_LOCKS, basket, 0)] == refusals(table.tell(m.SetVenue(13, basket, 3, 255, 0, True)))
    table.tell(sell(1, 200, 100, 1), buy(4, 200, 100, 1), c.Settle(1, (1,)))
    assert (1_100, 0, 0, 0) == table.tonnes(4)
    too_much = Place(4, basket, c.SELL, 300, 1_010, 2)
    assert [(Reason.NOT_ENOUGH_TONNES, 1_010, 1_000)] == refusals(table.tell(too_much))
    table.tell(Place(4, basket, c.SELL, 300, 1_000, 3), Place(2, basket, c.BUY, 300, 10, 2), c.Settle(2, (2,)))
    old = table.tonnes(2)[0] - 10
    assert [(VenueReason.BOUGHT_TODAY, old + 10, old)] == refusals(table.tell(sell(2, 500, old + 10, 3)))
    table.tell(m.ReleaseBought(14, CREDIT))
    assert [] == refusals(table.tell(sell(2, 500, old + 10, 4), Place(4, basket, c.SELL, 300, 100, 4)))


def test_what_was_bought_today_is_not_sold_today():
    """Nor offered in any way; withdrawn it may be, and comes back as what it is; tomorrow it is sold."""
    table = ruled_table(locks=True)
    table.tell(sell(1, 200, 100, 1), buy(4, 200, 100, 1))
    assert [] == refusals(table.tell(sell(4, 900, 1_000, 2)))  # what it had before
    table.tell(c.Cancel(4, 14, 0), c.Settle(1, (1,)))
    assert (1_100, 0, 0, 0) == table.tonnes(4)
    too_much = (VenueReason.BOUGHT_TODAY, 1_010, 1_000)
    assert [too_much] == refusals(table.tell(sell(4, 900, 1_010, 3)))
    assert [too_much] == refusals(table.tell(listings.OpenListing(4, CREDIT, 900, 1_010, 4)))
    assert [(Reason.NOT_ENOUGH_TONNES, 1_110, 1_100)] == refusals(table.tell(sell(4, 900, 1_110, 5)))
    table.tell(c.DebitTonnes(12, 4, CREDIT, 1_050), c.CreditTonnes(13, 4, 4, CREDIT, 1_050))
    assert [too_much] == refusals(table.tell(sell(4, 900, 1_010, 6)))
    assert [] == refusals(table.tell(m.ReleaseBought(14, CREDIT), sell(4, 900, 1_100, 7)))


def test_what_was_bought_yesterday_and_is_delivered_today_is_yesterday_s():
    """The day of a trade counts, not that of its delivery; a refund locks nothing."""
    table = ruled_table(locks=True)
    table.tell(sell(1, 200, 100, 1), buy(4, 200, 50, 1), m.ReleaseBought(12, CREDIT), buy(4, 200, 50, 2))
    table.tell(c.Settle(1, (1,)), c.Refund(2, (2,)))
    assert [] == refusals(table.tell(sell(4, 900, 1_050, 3)))


def test_what_was_bought_just_after_midnight_is_today_s():
    """The release comes a moment later and names the last trade of yesterday: what came after it stays locked."""
    table = ruled_table(locks=True)
    table.tell(m.ReleaseBought(12, CREDIT, 0))
    table.tell(sell(1, 200, 100, 1), buy(4, 200, 50, 1), buy(4, 200, 30, 2), c.Settle(1, (1, 2)))
    stored = state.dump(table.engine.market)
    table.tell(m.ReleaseBought(13, CREDIT, 1))
    too_much = (VenueReason.BOUGHT_TODAY, 1_060, 1_050)
    assert [too_much] == refusals(table.tell(sell(4, 900, 1_060, 3))), "30 t of trade 2 were bought today"
    loaded = Engine(state.load(stored))
    loaded.apply(m.ReleaseBought(13, CREDIT, 1))
    assert [too_much] == refusals(loaded.apply(sell(4, 900, 1_060, 3))), "a snapshot keeps the trades apart"
    table.tell(buy(4, 200, 20, 4), m.ReleaseBought(14, CREDIT, 2), c.Settle(2, (3,)))
    assert [(VenueReason.BOUGHT_TODAY, 1_100, 1_080)] == refusals(table.tell(sell(4, 900, 1_100, 5)))
    table.tell(m.ReleaseBought(15, CREDIT, 1))
    assert [(VenueReason.BOUGHT_TODAY, 1_100, 1_080)] == refusals(table.tell(sell(4, 900, 1_100, 6))), "no way back"
    assert [] == refusals(table.tell(m.ReleaseBought(16, CREDIT), sell(4, 900, 1_100, 7)))


def test_orders_follow_an_account_to_its_new_owner():
    """From then on they meet none of that owner's; everybody else's as before."""
    table = Table(sell(1, 200, 10, 1), sell(1, 300, 10, 2))
    (said,) = table.tell(m.SetGroup(11, 1, 4, v.ENTERPRISE))
    assert m.GroupSet(11, 1, 4, v.ENTERPRISE) == said
    assert [(13 + 1, 10, Cause.SELF_TRADE)] == reduced(table.tell(buy(4, 200, 10, 1)))
    assert [(15, 11, 200, 10)] == traded(table.tell(buy(2, 200, 10, 1)))


def test_what_would_meet_the_new_owner_s_is_closed():
    """Of a call that collects, orders that cross; of what stands beside the book, everything but listings."""
    table = Table(SetPhase(11, CREDIT, PRE_OPEN, 5), sell(1, 200, 10, 1), sell(1, 300, 10, 2), buy(4, 250, 10, 1))
    table.tell(listings.OpenListing(1, CREDIT, 200, 10, 3), blocks.ProposeBlock(1, CREDIT, 4, c.BUY, 200, 1_000, 99, 4))
    assert [(12, 10, Cause.OWNER_CHANGED), (16, 1_000, Cause.OWNER_CHANGED)] == reduced(
        table.tell(m.SetGroup(12, 1, 4, 0))
    )
    assert ([(13, 300, 10)], [(15, 200, 10)]) == (table.asks(), table.listings())


def test_nobody_agrees_with_an_account_that_came_to_the_same_owner():
    """A block that was proposed, and a quote that was asked for, to what is now one's own."""
    table = Table(blocks.ProposeBlock(1, CREDIT, 4, c.SELL, 200, 1_000, 99, 1))
    table.tell(quotes.RequestQuotes(4, CREDIT, c.BUY, 10, 99, (), 1), quotes.GiveQuote(1, 12, 200, 10, 99, 2))
    table.tell(m.SetGroup(11, 4, 1, 0))
    assert [(blocks.BlockReason.OWN_BLOCK, 1, 0)] == refusals(table.tell(blocks.AcceptBlock(4, 11, 2)))
    assert [(quotes.QuoteReason.OWN_REQUEST, 12, 0)] == refusals(table.tell(quotes.TakeQuote(4, 12, 13, 3)))


def test_a_snapshot_has_rules_roles_and_what_was_bought_today():
    """What is loaded from it behaves alike; an instrument without rules stores nothing of them."""
    table = ruled_table(locks=True)
    table.tell(m.SetLimits(12, CREDIT, v.INDIVIDUAL, 20, 0), m.SetGroup(13, 4, 4, v.INDIVIDUAL))
    table.tell(sell(1, 200, 20, 1), buy(4, 200, 20, 1), c.Settle(1, (1,)))
    snapshot = state.dump(table.engine.market)
    loaded = Engine(state.load(snapshot)).market
    assert snapshot == state.dump(loaded)
    assert ruled(table.naive) == ruled(table.engine.market) == ruled(loaded)
    assert [] == list(faults_of_venues(loaded))
    assert Table().engine.market.parts["venues"].dump() is None

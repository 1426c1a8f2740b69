"""Orders: price, then time; how long they live; what an amendment keeps; who never trades with whom."""

import pytest

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import market as engine_market
from exchange.engine.events import Cause
from exchange.engine.modes import continuous, listings
from tests.exchange.engine.market_table import BUY, CREDIT, FEES, FIRST, SELL, Table, buy, reduced, sell, traded
from tests.oracle.market_state import open_orders

TAKER, MAKER, BOTH, DECREMENT = c.PREVENT_TAKER, c.PREVENT_MAKER, c.PREVENT_BOTH, c.PREVENT_DECREMENT


def fill(trade: int, price: int, quantity: int, buy_order: int, sell_order: int, **given: int) -> e.Traded:
    """A trade between account 2, who buys, and account 1, who sells, unless it is said otherwise."""
    cap, side = given.get("cap", price), given.get("side", BUY)
    fee = price * quantity * 25 // 10_000
    return e.Traded(trade, CREDIT, price, quantity, buy_order, sell_order, 2, 1, cap, fee, FEES, side)


def test_an_order_that_meets_nobody_rests():
    """Accepted, and nothing else; what it needs is locked."""
    table = Table()
    assert [continuous.Accepted(11, 2, CREDIT, BUY, 200, 50, 7, c.GTC)] == table.tell(buy(2, 200, 50, 7))
    assert [continuous.Accepted(12, 1, CREDIT, SELL, 205, 40, 3, c.POST_ONLY)] == table.tell(
        sell(1, 205, 40, 3, c.POST_ONLY)
    )
    assert (990_000, 10_000, 0, 0) == table.cash(2)
    assert (970, 40, 0, 0) == table.tonnes(1)
    assert [(11, 200, 50)] == table.bids()
    assert [(12, 205, 40)] == table.asks()


def test_a_trade_is_at_the_resting_price_and_gives_the_rest_of_the_cap_back():
    """A buyer with a cap of 300 takes asks of 200 and 250 for 200 and 250."""
    table = Table(sell(1, 250, 10, 1), sell(1, 200, 20, 2))
    assert [
        continuous.Accepted(13, 2, CREDIT, BUY, 300, 50, 1, c.GTC),
        fill(1, 200, 20, 13, 12, cap=300),
        fill(2, 250, 10, 13, 11, cap=300),
    ] == table.tell(buy(2, 300, 50, 1))
    assert [(13, 300, 20)] == table.bids()
    assert [] == table.asks()
    assert (1_000_000 - 4_000 - 2_500 - 6_000, 6_000, 0, 6_500) == table.cash(2)
    assert (1_000, 0, 30, 0) == table.tonnes(2)
    assert (1_000_000, 0, 6_500 - 10 - 6, 0) == table.cash(1)
    assert (0, 0, 16, 0) == table.cash(FEES)


def test_price_comes_before_time_and_time_before_size():
    """Of five bids, the best first; of those at one price, the oldest first; the last one in part."""
    table = Table(buy(2, 200, 10, 1), buy(4, 210, 10, 1), buy(3, 205, 90, 1), buy(2, 210, 50, 2), buy(4, 205, 10, 2))
    assert [
        (12, 16, 210, 10),
        (14, 16, 210, 50),
        (13, 16, 205, 90),
        (15, 16, 205, 10),
        (11, 16, 200, 10),
    ] == traded(table.tell(sell(1, 200, 170, 1)))
    assert [] == table.bids()
    table = Table(sell(2, 205, 30, 1), sell(4, 200, 30, 1), sell(3, 200, 30, 1))
    assert [(14, 12, 200, 30), (14, 13, 200, 10)] == traded(table.tell(buy(1, 205, 40, 1)))
    assert [(13, 200, 20), (11, 205, 30)] == table.asks()


@pytest.mark.parametrize(
    ("life", "rests", "gone"),
    [
        (c.GTC, [(12, 200, 20)], []),
        (c.IOC, [], [(12, 20, Cause.NOT_FILLED)]),
    ],
)
def test_what_is_left_of_an_order_waits_or_goes(life, rests, gone):
    """30 t against 10 t: 20 t are left."""
    table = Table(sell(1, 200, 10, 1))
    events = table.tell(buy(2, 200, 30, 1, life))
    assert [(12, 11, 200, 10)] == traded(events)
    assert gone == reduced(events)
    assert rests == table.bids()


def test_immediate_or_cancel_that_meets_nobody_goes_whole():
    """Accepted, reduced to nothing, and all its money is settled again."""
    table = Table(sell(1, 205, 10, 1))
    assert [
        continuous.Accepted(12, 2, CREDIT, BUY, 200, 30, 1, c.IOC),
        e.Reduced(12, 2, CREDIT, BUY, 200, 30, Cause.NOT_FILLED, 0),
    ] == table.tell(buy(2, 200, 30, 1, c.IOC))
    assert (1_000_000, 0, 0, 0) == table.cash(2)


def test_fill_or_kill_trades_whole_over_several_prices():
    """Exactly what is there within its cap."""
    table = Table(sell(1, 205, 10, 1), sell(1, 200, 10, 2), sell(1, 210, 10, 3))
    assert [(14, 12, 200, 10), (14, 11, 205, 10)] == traded(table.tell(buy(2, 205, 20, 1, c.FOK)))
    assert [(13, 210, 10)] == table.asks()


def test_fill_or_kill_counts_what_stands_before_its_own():
    """An own order behind what is needed is in nobody's way; with the maker taken out, nor is one before it."""
    table = Table(sell(1, 200, 20, 1), sell(2, 200, 10, 1))
    assert [(13, 11, 200, 20)] == traded(table.tell(buy(3, 200, 20, 1, c.FOK, own=TAKER)))
    table = Table(sell(2, 200, 10, 1), sell(1, 200, 20, 1))
    events = table.tell(buy(3, 200, 20, 1, c.FOK, own=MAKER))
    assert [(11, 10, Cause.SELF_TRADE)] == reduced(events)
    assert [(13, 12, 200, 20)] == traded(events)


# What is open when account 3 buys 30 t at 205: asks of owner 2 (number 11, 10 t), of account 1 (12, 10 t), and of owner
# 2 again (13, 40 t, in part if anything).
@pytest.mark.parametrize(
    ("mode", "events", "asks", "bids"),
    [
        (TAKER, [(14, 30, Cause.SELF_TRADE)], [(11, 200, 10), (12, 200, 10), (13, 205, 40)], []),
        (
            MAKER,
            [(11, 10, Cause.SELF_TRADE), (14, 12, 200, 10), (13, 40, Cause.SELF_TRADE)],
            [],
            [(14, 205, 20)],
        ),
        (
            BOTH,
            [(11, 10, Cause.SELF_TRADE), (14, 30, Cause.SELF_TRADE)],
            [(12, 200, 10), (13, 205, 40)],
            [],
        ),
        (
            DECREMENT,
            [
                (11, 10, Cause.SELF_TRADE),
                (14, 10, Cause.SELF_TRADE),
                (14, 12, 200, 10),
                (13, 10, Cause.SELF_TRADE),
                (14, 10, Cause.SELF_TRADE),
            ],
            [(13, 205, 30)],
            [],
        ),
    ],
    ids=["taker", "maker", "both", "decrement"],
)
@pytest.mark.parametrize("life", [c.GTC, c.IOC])
def test_nobody_trades_with_the_same_beneficial_owner(mode, events, asks, bids, life):
    """The mode is the later order's; two accounts of one owner count as one."""
    table = Table(sell(2, 200, 10, 1), sell(1, 200, 10, 1), sell(2, 205, 40, 2))
    actual = table.tell(buy(3, 205, 30, 1, life, own=mode))
    if life == c.IOC and bids:
        bids, events = [], [*events, (14, 20, Cause.NOT_FILLED)]
    assert events == [(traded([each]) or reduced([each]))[0] for each in actual[1:]]
    assert asks == table.asks()
    assert bids == table.bids()


def test_the_resting_orders_own_mode_does_not_matter():
    """A maker that asked to be kept is taken out all the same when the taker says so."""
    table = Table(sell(2, 200, 10, 1, own=TAKER))
    assert [(11, 10, Cause.SELF_TRADE)] == reduced(table.tell(buy(2, 200, 10, 2, own=MAKER)))
    assert [(12, 200, 10)] == table.bids()


@pytest.mark.parametrize(
    ("price", "quantity", "first"),
    [
        (200, 20, 11),  # less: keeps its place
        (200, 30, 11),  # the same: keeps its place
        (200, 40, 12),  # more: goes to the end
        (205, 30, 12),  # a worse price for a seller
    ],
)
def test_only_less_keeps_its_place(price, quantity, first):
    """Of two asks at one price the first is amended; then somebody buys 10 t."""
    table = Table(sell(1, 200, 30, 1), sell(4, 200, 30, 1))
    assert [
        continuous.Amended(11, 1, CREDIT, SELL, 200, 30, price, quantity),
        e.Completed(1, 2),
    ] == table.tell(continuous.Amend(1, 11, price, quantity, 2))
    assert [(14, first, 200, 10)] == traded(table.tell(buy(2, 200, 10, 1)))


def test_an_amended_order_queues_by_the_time_of_its_amendment():
    """Back at its old price, it stands behind those that waited meanwhile, under its old number."""
    table = Table(
        sell(1, 200, 10, 1),
        sell(4, 200, 10, 1),
        continuous.Amend(1, 11, 205, 10, 2),
        continuous.Amend(1, 11, 200, 10, 3),
    )
    assert [(12, 200, 10), (11, 200, 10)] == table.asks()


def test_an_amendment_counts_what_was_traded():
    """30 t of which 10 t were sold, amended to 20 t: 10 t are open, and 10 t are unlocked."""
    table = Table(sell(1, 200, 30, 1), buy(2, 200, 10, 1))
    assert [
        continuous.Amended(11, 1, CREDIT, SELL, 200, 20, 200, 10),
        e.Completed(1, 2),
    ] == table.tell(continuous.Amend(1, 11, 200, 20, 2))
    assert (990, 10, 0, 10) == table.tonnes(1)


def test_what_prevention_took_out_counts_as_used():
    """Of 30 t, 10 t met the same owner and 10 t are amended away: 10 t are left, not 20 t."""
    table = Table(sell(2, 200, 30, 1), buy(3, 200, 10, 1, own=DECREMENT))
    table.tell(continuous.Amend(2, 11, 200, 20, 2))
    assert [(11, 200, 10)] == table.asks()


def test_an_amendment_may_trade_at_once():
    """A bid raised over the ask trades at the ask's price; its cap is the new one, its number the old one."""
    table = Table(buy(2, 200, 10, 1), sell(1, 210, 30, 1))
    assert [
        continuous.Amended(11, 2, CREDIT, BUY, 200, 10, 220, 50),
        fill(1, 210, 30, 11, 12, cap=220),
        e.Completed(2, 2),
    ] == table.tell(continuous.Amend(2, 11, 220, 50, 2))
    assert [(11, 220, 20)] == table.bids()
    assert (1_000_000 - 6_300 - 4_400, 4_400, 0, 6_300) == table.cash(2)


def test_an_amendment_is_prevented_as_the_order_was():
    """The mode is the order's own, and what it stops goes."""
    table = Table(buy(2, 200, 10, 1, own=BOTH), sell(3, 210, 30, 1))
    assert [(12, 30, Cause.SELF_TRADE), (11, 10, Cause.SELF_TRADE)] == reduced(
        table.tell(continuous.Amend(2, 11, 210, 10, 2))
    )
    assert ([], [], {}) == (table.bids(), table.asks(), open_orders(table.engine.market))
    assert (1_000_000, 0, 0, 0) == table.cash(2)


def test_an_amendment_that_cannot_be_paid_leaves_the_order_in_its_place():
    """Refused, and still first in the queue."""
    table = Table(buy(2, 1_000, 990, 1), buy(4, 1_000, 10, 1), continuous.Amend(2, 11, 1_000, 1_010, 2))
    assert [(11, 1_000, 990), (12, 1_000, 10)] == table.bids()


def test_cancel_gives_back_what_is_open():
    """Cause: its owner, with the number of the cancel; only what was not traded."""
    table = Table(buy(2, 200, 30, 1), sell(1, 200, 10, 1))
    assert [e.Reduced(11, 2, CREDIT, BUY, 200, 20, Cause.OWNER, 9)] == table.tell(c.Cancel(2, 11, 9))
    assert (998_000, 0, 0, 2_000) == table.cash(2)


def test_cancel_all_takes_the_oldest_first_and_leaves_others():
    """By the number of the order, whatever its place in a queue; listings too; of one instrument, or of all."""
    other = c.OpenInstrument(11, 8, 1, 1, 1, 100, 0, FEES, 9)
    table = Table(
        other,
        buy(2, 200, 10, 1),
        continuous.Place(2, 8, BUY, 50, 1, 2),
        listings.OpenListing(2, CREDIT, 300, 10, 3),
        buy(4, 200, 10, 1),
        sell(2, 250, 10, 4),
        continuous.Amend(2, 12, 205, 10, 5),
    )
    assert [(12, 10, Cause.OWNER), (14, 10, Cause.OWNER), (16, 10, Cause.OWNER)] == reduced(
        table.tell(c.CancelAll(2, CREDIT, 6))
    )
    assert [
        e.Reduced(13, 2, 8, BUY, 50, 1, Cause.OWNER, 0),
        e.Completed(2, 7, 1),
    ] == table.tell(c.CancelAll(2, 0, 7))
    assert [e.Completed(2, 8)] == table.tell(c.CancelAll(2, 0, 8))
    assert [(15, 200, 10)] == table.bids()


def test_a_freeze_closes_everything_and_a_thaw_opens_nothing():
    """Everything settled is still there, and trading goes on after the thaw."""
    table = Table(sell(2, 250, 10, 1), buy(2, 200, 10, 2), listings.OpenListing(2, CREDIT, 300, 10, 3))
    assert [
        e.FreezeChanged(11, 2, on=True),
        e.Reduced(11, 2, CREDIT, SELL, 250, 10, Cause.FREEZE, 0),
        e.Reduced(12, 2, CREDIT, BUY, 200, 10, Cause.FREEZE, 0),
        e.Reduced(13, 2, CREDIT, SELL, 300, 10, Cause.FREEZE, 0),
    ] == table.tell(c.Freeze(11, 2, on=True))
    assert [e.FreezeChanged(12, 2, on=True)] == table.tell(c.Freeze(12, 2, on=True))
    assert [e.FreezeChanged(13, 2, on=False)] == table.tell(c.Freeze(13, 2, on=False))
    assert ((1_000_000, 0, 0, 0), (1_000, 0, 0, 0)) == (table.cash(2), table.tonnes(2))
    assert [continuous.Accepted] == [type(each) for each in table.tell(buy(2, 200, 10, 4))]


def test_an_instrument_trades_again_when_every_cause_is_gone():
    """Two causes; each is made twice and let go once."""
    table = Table()
    halts = ((1, True), (2, True), (1, True), (1, False), (2, False), (2, False))
    events = table.tell(*(c.Halt(number, CREDIT, cause, on=on) for number, (cause, on) in enumerate(halts, 11)))
    assert [e.HaltChanged(11 + at, CREDIT, causes) for at, causes in enumerate((1, 3, 3, 2, 0, 0))] == events
    assert [continuous.Accepted] == [type(each) for each in table.tell(buy(2, 200, 10, 1))]


def test_a_narrower_band_closes_what_it_leaves_out():
    """Nothing trades outside it; what is inside, at both ends too, keeps its place. More in `test_bands`."""
    table = Table(sell(1, 295, 10, 1), sell(1, 300, 10, 2), sell(1, 400, 10, 3), sell(1, 405, 10, 4))
    closed = table.tell(c.SetBand(11, CREDIT, 300, 400))
    assert [(11, 10, Cause.OUTSIDE_BAND), (14, 10, Cause.OUTSIDE_BAND)] == reduced(closed)
    assert [(12, 300, 10), (13, 400, 10)] == table.asks()


def test_every_cause_is_shown_above():
    """A cause that is added without an example fails here."""
    here = {Cause.OWNER, Cause.NOT_FILLED, Cause.SELF_TRADE, Cause.FREEZE, Cause.OUTSIDE_BAND}
    of_campaigns = {Cause.NOT_ALLOTTED, Cause.UNDERSUBSCRIBED, Cause.CALLED_OFF}  # test_campaigns
    beside = {Cause.DECLINED, Cause.LAPSED, Cause.NOT_TAKEN}  # test_blocks, test_quotes
    of_sessions = {Cause.DAY_OVER, Cause.EXPIRED}  # test_sessions
    of_auctions = {Cause.OUTBID, Cause.RAISED}  # test_auctions
    of_baskets = {Cause.DELISTED, Cause.ASSET_HALTED}  # test_baskets
    of_venues = {Cause.OWNER_CHANGED}  # test_venues
    of_modes = of_campaigns | of_auctions | of_baskets | of_venues | of_sessions
    assert here | of_modes | beside == set(Cause)


def test_orders_of_two_instruments_never_meet():
    """The same price, two books."""
    table = Table(c.OpenInstrument(11, 8, 5, 10, 100, 1_000, 0, FEES, 9), sell(1, 200, 10, 1))
    assert [] == traded(table.tell(continuous.Place(2, 8, BUY, 200, 10, 1)))
    assert FIRST + 1 == table.asks()[0][0]


def test_a_post_only_order_stays_so_when_it_is_amended():
    """An amendment to a price at which it would trade is refused, and the order stays as it was."""
    table = Table(sell(1, 205, 10, 1), buy(2, 200, 10, 1, c.POST_ONLY))
    assert [e.Refused(e.Reason.WOULD_TRADE, 2, 2, 205, 205)] == table.tell(continuous.Amend(2, 12, 205, 10, 2))
    assert [(12, 200, 10)] == table.bids()
    assert [continuous.Amended(12, 2, CREDIT, BUY, 200, 10, 195, 10), e.Completed(2, 3)] == table.tell(
        continuous.Amend(2, 12, 195, 10, 3)
    )


def test_what_cannot_be_paid_is_refused_before_the_book_is_searched():
    """A fill-or-kill order beyond its owner's money is refused for the money, however deep the book is."""
    table = Table(sell(1, 205, 10, 1))
    refused = table.tell(buy(2, 205, 100_000_000, 1, c.FOK))
    assert [e.Refused(e.Reason.NOT_ENOUGH_CASH, 2, 1, 20_500_000_000, 1_000_000)] == refused


def test_an_account_with_all_its_orders_open_can_still_take_and_amend(monkeypatch):
    """The limit is on what rests: one more is refused; to take at once, or to change one, adds none."""
    monkeypatch.setattr(engine_market, "OPEN_ORDERS_LIMIT", 1)
    monkeypatch.setattr(continuous, "OPEN_ORDERS_LIMIT", 1)
    table = Table(sell(1, 205, 10, 1), buy(2, 200, 10, 1))
    table.naive.open_orders_limit = 1
    assert [e.Refused(e.Reason.TOO_MANY_ORDERS, 2, 2, 1, 1)] == table.tell(buy(2, 195, 10, 2))
    assert [(14, 11, 205, 10)] == traded(table.tell(buy(2, 205, 10, 3, c.IOC)))
    assert [continuous.Amended(12, 2, CREDIT, BUY, 200, 10, 195, 10), e.Completed(2, 4)] == table.tell(
        continuous.Amend(2, 12, 195, 10, 4)
    )

"""Auctions worked by hand: at one price, at each bid, with a draw, and ascending. The arithmetic stands beside each."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.core import Engine
from exchange.engine.events import Cause, Reason
from exchange.engine.modes.auctions import handlers
from exchange.engine.modes.auctions.awards import StandingBid, awarded, ranked
from exchange.engine.modes.auctions.messages import (
    ASCENDING,
    AT_RANDOM,
    BY_TIME,
    PAY_AS_BID,
    UNIFORM,
    AuctionBegun,
    AuctionEnded,
    AuctionExtended,
    AuctionOpened,
    AuctionReason,
    BeginAuction,
    Bid,
    BidMade,
    CallOffAuction,
    CloseAuction,
    OpenAuction,
)
from tests.exchange.engine.market_table import BUY, CREDIT, FEES, FIRST, Table, reduced, traded

N = FIRST
"""The number of the auction in each example; its first bid is number 13."""
OPENS, CLOSES = 1_000, 2_000
SEED = bytes(range(32))


def auction(kind: int = UNIFORM, **other: int) -> OpenAuction:
    """An auction of account 1: 100 t from 2.00 CNY on, in tens; ascending by 5 fen, prolonged by 60 s up to 100 s."""
    ascending = kind == ASCENDING
    terms: dict[str, int] = {
        "instrument": CREDIT,
        "kind": kind,
        "reserve": 200,
        "increment": 5 if ascending else 0,
        "quantity": 100,
        "lot": 10,
        "most": 1_000,
        "ties": BY_TIME,
        "whole": False,
        "opens": OPENS,
        "closes": CLOSES,
        "extension": 60 if ascending else 0,
        "latest": CLOSES + (100 if ascending else 0),
    }
    return OpenAuction(account=1, client_order_id=1, **terms | other)  # type: ignore[arg-type]  # whole is a truth


def begun(kind: int = UNIFORM, **other: int) -> Table:
    """A market with an auction that takes bids."""
    return Table(auction(kind, **other), BeginAuction(11, N))


def bid(account: int, price: int, quantity: int, number: int = 1, *, at: int = OPENS) -> Bid:
    """A bid in the auction."""
    return Bid(account, N, price, quantity, at, number)


def closing(number: int = 12, *, at: int = CLOSES, seed: bytes = b"") -> CloseAuction:
    """The auction closes."""
    return CloseAuction(number, N, at, seed)


def test_one_price_for_everybody():
    """
    100 t are offered; 40 t at 3.00, 50 t at 2.50 and 30 t at 2.20 are bid for.

    40 + 50 = 90, so the bid at 2.20 is marginal and has the 10 t that remain; everybody pays its 2.20. The first bidder
    locked 40 × 300 = 12,000 fen, pays 40 × 220 = 8,800 and has 3,200 again at once. Fees of 25 bps of all that the
    offer is sold for, rounded down as it grows: 8,800 → 22; 19,800 → 49.5, so 27 more; 22,000 → 55, so 6 more.
    """
    table = Table()
    terms = auction()
    assert [AuctionOpened(N, 1, CREDIT, UNIFORM, 200, 0, 100, 10, 1_000, 0, False, OPENS, CLOSES, 0, CLOSES, 1)] == (
        table.tell(terms)
    )
    assert (910, 100, 0, 0) == table.tonnes(1)
    assert [AuctionBegun(11, N)] == table.tell(BeginAuction(11, N))
    assert [BidMade(13, 2, CREDIT, 300, 40, 1, N)] == table.tell(bid(2, 300, 40))
    assert (1_000_000 - 12_000, 12_000, 0, 0) == table.cash(2)
    table.tell(bid(4, 220, 30), bid(4, 250, 50, 2))
    assert [
        e.Traded(1, CREDIT, 220, 40, 13, N, 2, 1, 300, 22, FEES, BUY),
        e.Traded(2, CREDIT, 220, 50, 15, N, 4, 1, 250, 27, FEES, BUY),
        e.Traded(3, CREDIT, 220, 10, 14, N, 4, 1, 220, 6, FEES, BUY),
        e.Reduced(14, 4, CREDIT, BUY, 220, 20, Cause.OUTBID, 0),
        AuctionEnded(12, N, 3, 120, 100, 220, 0, b""),
    ] == table.tell(closing())
    assert (1_000_000 - 8_800, 0, 0, 8_800) == table.cash(2)
    assert (1_000_000 - 60 * 220, 0, 0, 60 * 220) == table.cash(4)
    assert (910, 0, 0, 100) == table.tonnes(1)


def test_each_pays_what_it_bid():
    """The same bids: 40 × 300 + 50 × 250 + 10 × 220 = 26,700 fen instead of 22,000."""
    table = begun(PAY_AS_BID)
    table.tell(bid(2, 300, 40), bid(4, 220, 30), bid(4, 250, 50, 2))
    events = table.tell(closing())
    assert [(13, N, 300, 40), (15, N, 250, 50), (14, N, 220, 10)] == traded(events)
    assert 26_700 == sum(price * quantity for *_, price, quantity in traded(events))
    assert AuctionEnded(12, N, 3, 120, 100, 220, 0, b"") == events[-1]


def test_equal_bids_by_time():
    """60 t each at 2.50: the older has all, the younger the 40 t that remain."""
    table = begun()
    table.tell(bid(2, 250, 60), bid(4, 250, 60))
    assert [(13, N, 250, 60), (14, N, 250, 40)] == traded(table.tell(closing(seed=SEED)))


@pytest.mark.parametrize(("seed", "first", "second"), [(SEED, 13, 14), (SEED[::-1], 14, 13)])
def test_equal_bids_by_a_draw_that_anybody_repeats(seed: bytes, first: int, second: int):
    """
    Whose SHA-256(seed ‖ number) is smaller is served first; a higher bid is served before both, whatever it draws.

    With the seed 00 01 … 1f bid 13 draws 24003065… and bid 14 4852ea52…; with 1f … 01 00 they draw bc0a3a4a… and
    6f10b126…. The engine publishes the seed in its last event.
    """
    table = begun(ties=AT_RANDOM)
    table.tell(bid(2, 250, 60), bid(4, 250, 60), bid(2, 255, 10, 2))
    drawn = {number: sha256(seed + number.to_bytes(8, "big")).hexdigest()[:8] for number in (13, 14)}
    assert drawn == ({13: "24003065", 14: "4852ea52"} if first == 13 else {13: "bc0a3a4a", 14: "6f10b126"})
    events = table.tell(closing(seed=seed))
    assert [(15, N, 250, 10), (first, N, 250, 60), (second, N, 250, 30)] == traded(events)
    assert AuctionEnded(12, N, 3, 130, 100, 250, 0, seed) == events[-1]


@pytest.mark.parametrize(("wanted", "sold"), [(90, 0), (100, 100), (110, 100)])
def test_cancelled_when_under_subscribed(wanted, sold):
    """All of 100 t or nothing: 90 t are too few, 100 t are just enough."""
    table = begun(whole=True)
    table.tell(bid(2, 250, wanted))
    events = table.tell(closing())
    assert sold == sum(quantity for *_, quantity in traded(events))
    if not sold:
        assert [(13, 90, Cause.UNDERSUBSCRIBED), (N, 100, Cause.UNDERSUBSCRIBED)] == reduced(events)
        assert AuctionEnded(12, N, 1, 90, 0, 0, Cause.UNDERSUBSCRIBED, b"") == events[-1]
        assert ((1_000_000, 0, 0, 0), (1_010, 0, 0, 0)) == (table.cash(2), table.tonnes(1))


def test_fewer_bids_than_tonnes_leave_the_rest_to_the_seller():
    """30 t at 2.50 and 20 t at 2.05: the lowest winning bid is everybody's price, although nothing was short."""
    table = begun()
    table.tell(bid(2, 250, 30), bid(4, 205, 20))
    events = table.tell(closing())
    assert [(13, N, 205, 30), (14, N, 205, 20)] == traded(events)
    assert [(N, 50, Cause.NOT_FILLED)] == reduced(events)


def test_an_ascending_auction_prolonged_twice():
    """
    It closes at 2,000; a bid within 60 s of the close moves it by 60 s, to 2,100 at the latest.

    At 1,939 nothing moves, for 61 s remain. At 1,940 the close moves to 2,060. At 2,059 it moves to 2,119, which is
    above the cap: 2,100. At 2,099 it moves no more. At 2,100 it is over.
    """
    table = begun(ASCENDING)
    assert [BidMade(13, 2, CREDIT, 200, 100, 1, N)] == table.tell(bid(2, 200, 100, at=1_939))
    assert [BidMade(14, 4, CREDIT, 205, 60, 1, N), AuctionExtended(N, 2_060)] == table.tell(bid(4, 205, 60, at=1_940))
    assert [
        BidMade(15, 2, CREDIT, 230, 100, 2, N),
        e.Reduced(13, 2, CREDIT, BUY, 200, 100, Cause.RAISED, 0),
        AuctionExtended(N, 2_100),
    ] == table.tell(bid(2, 230, 100, 2, at=2_059))
    assert (1_000_000 - 23_000, 23_000, 0, 0) == table.cash(2)
    assert [BidMade(16, 4, CREDIT, 235, 60, 2, N), e.Reduced(14, 4, CREDIT, BUY, 205, 60, Cause.RAISED, 0)] == (
        table.tell(bid(4, 235, 60, 2, at=2_099))
    )
    assert [e.Refused(AuctionReason.OVER, 2, 3, N, 0)] == table.tell(bid(2, 300, 100, 3, at=2_100))
    assert [e.InstructionRefused(12, 0, AuctionReason.NOT_OVER, 2_099, 2_100)] == (table.tell(closing(at=2_099)))
    events = table.tell(closing(13, at=2_100, seed=SEED))
    assert [(16, N, 235, 60), (15, N, 230, 40)] == traded(events)
    assert [(15, 60, Cause.OUTBID)] == reduced(events)
    assert AuctionEnded(13, N, 2, 160, 100, 230, 0, b"") == events[-1]


def test_a_bid_that_leads_is_not_taken_back():
    """60 t at 2.10 and 40 of 50 t at 2.00 would be sold; the other bid is free once 100 t stand above it."""
    table = begun(ASCENDING)
    table.tell(bid(2, 200, 50), bid(3, 205, 10), bid(4, 210, 60))
    assert [e.Refused(AuctionReason.LEADS, 2, 2, 13, 0)] == table.tell(c.Cancel(2, 13, 2))
    assert [e.Completed(4, 2, 0)] == table.tell(c.CancelAll(4, 0, 2)), "it goes round what is bound"
    table.tell(bid(4, 215, 100, 3))  # 100 t for 60: now nothing remains for the two others
    assert [e.Reduced(13, 2, CREDIT, BUY, 200, 50, Cause.OWNER, 3)] == table.tell(c.Cancel(2, 13, 3))
    assert [(16, 100, Cause.FREEZE)] == [(number - 2, *rest) for number, *rest in reduced(table.tell(freeze(4)))]
    assert [e.Refused(AuctionReason.LEADS, 3, 2, 14, 0)] == table.tell(c.Cancel(3, 14, 2)), "it leads again"
    table.tell(c.Cancel(1, N, 2))
    assert [(14, 10, Cause.OWNER)] == reduced(table.tell(c.Cancel(3, 14, 3))), "nothing is offered any more"


def freeze(account: int) -> c.Freeze:
    """Somebody is frozen."""
    return c.Freeze(12, account, on=True)


def test_a_sealed_bid_is_taken_back_like_an_order():
    """Until it closes; and an account may have several."""
    table = begun(most=60)
    table.tell(bid(2, 250, 50), bid(2, 300, 10, 2))
    assert [e.Refused(AuctionReason.ABOVE_MOST, 3, 1, 70, 60)] == table.tell(bid(3, 300, 10)), "one owner"
    assert [(13, 50, Cause.OWNER)] == reduced(table.tell(c.Cancel(2, 13, 3)))
    table.tell(bid(3, 300, 50, 2))
    assert [(14, N, 300, 10), (17, N, 300, 50)] == traded(table.tell(closing()))


def test_called_off_also_while_it_is_halted():
    """Closing it has to wait until the instrument trades."""
    table = begun()
    table.tell(bid(2, 250, 30), c.Halt(12, CREDIT, c.HALTED_BY_OPERATOR, on=True))
    assert [e.InstructionRefused(13, 0, Reason.HALTED, CREDIT, 1)] == table.tell(closing(13))
    assert [e.Refused(Reason.HALTED, 4, 1, CREDIT, 1)] == table.tell(bid(4, 250, 30))
    events = table.tell(CallOffAuction(14, N))
    assert [(13, 30, Cause.CALLED_OFF), (N, 100, Cause.CALLED_OFF)] == reduced(events)
    assert [e.InstructionRefused(15, 0, Reason.NOT_OPEN, N, 0)] == table.tell(closing(15))


@pytest.mark.parametrize(
    "gone",
    [c.Cancel(1, N, 2), c.CancelAll(1, 0, 2), freeze(1), c.SetBand(12, CREDIT, 205, 1_000)],
    ids=lambda each: type(each).__name__,
)
def test_without_its_offer_an_auction_sells_nothing(gone):
    """Its seller takes it back, a freeze or a band does: then it may be closed before its time, and frees the bids."""
    table = begun()
    table.tell(bid(2, 250, 30), gone)
    assert [e.Refused(Reason.NOT_OPEN, 4, 1, N, 0)] == table.tell(bid(4, 250, 30))
    events = table.tell(closing(13, at=OPENS))
    assert [(13, 30, Cause.CALLED_OFF)] == reduced(events)
    assert AuctionEnded(13, N, 1, 30, 0, 0, Cause.CALLED_OFF, b"") == events[-1]


def test_many_winners_are_given_theirs_in_steps(monkeypatch):
    """Two at a time; a snapshot between two steps goes on as if nothing had been."""
    monkeypatch.setattr(handlers, "STEP", 2)
    table = begun(ties=AT_RANDOM)
    table.naive.step = 2
    table.tell(*(bid(account, 250, 30, 1 + at) for at in range(2) for account in (2, 3, 4)))
    table.tell(closing(seed=SEED))
    again = Engine(state.load(state.dump(table.engine.market)))
    assert [e.Refused(Reason.BUSY, 2, 9, 0, 0)] == table.tell(c.Cancel(2, 17, 9))
    again.apply(c.Cancel(2, 17, 9))
    second, last = table.tell(c.Continue()), table.tell(c.Continue())
    assert (second, last) == (again.apply(c.Continue()), again.apply(c.Continue()))
    assert AuctionEnded(12, N, 6, 180, 100, 250, 0, SEED) == last[-1]
    assert (910, 0, 0, 100) == table.tonnes(1)


bids = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 9)), min_size=1, max_size=30)


@given(bids, st.integers(1, 100), st.binary(max_size=32))
def test_the_best_win_and_every_tonne_is_sold(prices, supply, seed):
    """Nobody who is given less than they want bid more than somebody who is given any."""
    standing = [StandingBid(number, *each) for number, each in enumerate(prices)]
    grants, lowest = awarded(ranked(standing, seed), supply)
    given_ = dict(grants)
    assert min(supply, sum(each.quantity for each in standing)) == sum(given_.values())
    winners = [each for each in standing if given_[each.order]]
    assert lowest == min(each.price for each in winners)
    assert all(each.price <= lowest for each in standing if given_[each.order] < each.quantity)
    assert 1 >= sum(0 < given_[each.order] < each.quantity for each in standing), "one bid at most is marginal"

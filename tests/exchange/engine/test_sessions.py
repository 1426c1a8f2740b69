"""Sessions of the book: phases, calls uncrossed at one price, closing prices, orders that end. Worked by hand."""

import pytest

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.core import Engine
from exchange.engine.events import Cause, Reason
from exchange.engine.modes import continuous, listings
from exchange.engine.modes.sessions import handlers
from exchange.engine.modes.sessions.clearing import CallPrice, nearest
from exchange.engine.modes.sessions.messages import (
    CLOSED_AT_AVERAGE,
    CLOSED_AT_LAST,
    CLOSED_AT_REFERENCE,
    ClosingPriceSet,
    Dated,
    Expire,
    PhaseChanged,
    SessionReason,
    SessionRulesSet,
    SetPhase,
    SetSessionRules,
    Uncrossed,
)
from exchange.engine.session import CLOSED, CLOSING_CALL, CONTINUOUS, OPENING_CALL, PRE_OPEN
from tests.exchange.engine.market_table import BUY, CREDIT, FEES, FIRST, SELL, Table, buy, reduced, sell, traded

N = FIRST + 2
"""The number of the first order of a call."""


def phase(number: int, to: int, at: int = 100) -> SetPhase:
    """Move instrument 7."""
    return SetPhase(number, CREDIT, to, at)


def in_call(*orders: c.Command, reference: int = 0) -> Table:
    """An opening call with orders in it."""
    return Table(SetSessionRules(11, CREDIT, reference, 0, 1), phase(12, OPENING_CALL), *orders)


def indicated(table: Table) -> CallPrice:
    """What would trade now; both markets agree on it."""
    found = handlers.indicated(table.engine.market.instruments[CREDIT])
    assert found == table.naive.uncrossed_at(CREDIT)
    return found


@pytest.mark.parametrize(
    ("bids", "asks", "reference", "expected"),
    [
        ([], [(200, 10)], 0, (0, 0, 0)),
        ([(195, 10)], [(200, 10)], 0, (0, 0, 0)),  # nothing crosses
        # Most tonnes: at 195, 50 t are wanted (30 + 20) and 10 t offered; at 200, 50 and 40; at 205, 30 and 40. So 40 t
        # at 200, where 10 t too many are wanted.
        ([(205, 30), (200, 20)], [(195, 10), (200, 30)], 0, (200, 40, 10)),
        # Least surplus: 30 t at each price from 200 to 210. At 210, 30 t are wanted and 50 t offered (−20); at 200 and
        # 205, 30 and 30 (0). Of those two, 205 is nearer a reference of 900, and 200 nearer one of 1.
        ([(210, 30)], [(200, 30), (210, 20)], 900, (205, 30, 0)),
        ([(210, 30)], [(200, 30), (210, 20)], 1, (200, 30, 0)),
        # Nearest the reference: 10 t at any price from 200 to 300, surplus 0. The price is one that no order has.
        ([(300, 10)], [(200, 10)], 235, (235, 10, 0)),
        ([(300, 10)], [(200, 10)], 238, (240, 10, 0)),  # 238 is no multiple of 5: 240 is 2 away, 235 is 3
        ([(300, 10)], [(200, 10)], 400, (300, 10, 0)),
        ([(300, 10)], [(200, 10)], 100, (200, 10, 0)),
        # Without a reference, the middle: (200 + 300) ÷ 2 = 250.
        ([(300, 10)], [(200, 10)], 0, (250, 10, 0)),
        # The middle of 200 and 205 is 202.5: both are as near, so the lower.
        ([(205, 10)], [(200, 10)], 0, (200, 10, 0)),
        # The same surplus on either side: at 200, 30 wanted and 20 offered (+10); at 205, 20 wanted and 30 offered
        # (−10): 20 t at both. The reference 300 is nearer 205, 100 is nearer 200.
        ([(205, 20), (200, 10)], [(200, 20), (205, 10)], 300, (205, 20, -10)),
        ([(205, 20), (200, 10)], [(200, 20), (205, 10)], 100, (200, 20, 10)),
        # 10 t at each price from 150 to 200. From 190 on, 100 t are offered (−90); below, only the 10 t at 150 (0). So
        # any price from 150 to 185, and the reference is one of those.
        ([(200, 10)], [(190, 90), (150, 10)], 175, (175, 10, 0)),
    ],
)
def test_the_price_of_a_call_worked_by_hand(bids, asks, reference, expected):
    """Most tonnes, then the least surplus, then the nearest to the reference, then the lower of two."""
    orders = [buy(2, price, tonnes, 1 + at) for at, (price, tonnes) in enumerate(bids)]
    orders += [sell(1, price, tonnes, 1 + at) for at, (price, tonnes) in enumerate(asks)]
    table = in_call(*orders, reference=reference)
    assert expected == indicated(table)
    price, tonnes, surplus = expected
    events = table.tell(phase(13, CONTINUOUS, 200))
    assert Uncrossed(13, CREDIT, price, tonnes, surplus) == events[0]
    assert PhaseChanged(13, CREDIT, CONTINUOUS, 200) == events[-1]
    assert tonnes == sum(each[3] for each in traded(events))
    assert {price} >= {each[2] for each in traded(events)}


@pytest.mark.parametrize(
    ("low", "high", "reference", "expected"),
    [(100, 120, 105, 100), (100, 120, 106, 110), (100, 120, 115, 110), (100, 120, 0, 110), (100, 110, 0, 100)],
)
def test_of_two_prices_that_are_as_near_it_is_the_lower(low, high, reference, expected):
    """In ticks of 10."""
    assert expected == nearest(low, high, 10, reference)


def test_a_call_trades_by_price_and_time_at_one_price():
    """
    60 t are bought at 200 or more, 50 t sold at 200 or less: 50 t at 200.

    The bid of 210 is first, then the older of those at 200, then 10 t of the younger; asks likewise from the cheapest.
    The later order counts as the taker, and what a buyer had locked above 200 is settled again.
    """
    table = in_call(
        buy(2, 200, 30, 1), sell(1, 200, 40, 1), buy(4, 200, 20, 1), buy(2, 210, 10, 2), sell(1, 190, 10, 2)
    )
    assert (200, 50, 10) == indicated(table)
    assert (1_000_000 - 8_100, 8_100, 0, 0) == table.cash(2)
    assert [
        Uncrossed(13, CREDIT, 200, 50, 10),
        e.Traded(1, CREDIT, 200, 10, N + 3, N + 4, 2, 1, 210, 5, FEES, SELL),
        e.Traded(2, CREDIT, 200, 30, N, N + 1, 2, 1, 200, 15, FEES, SELL),
        e.Traded(3, CREDIT, 200, 10, N + 2, N + 1, 4, 1, 200, 5, FEES, BUY),
        PhaseChanged(13, CREDIT, CONTINUOUS, 100),
    ] == table.tell(phase(13, CONTINUOUS))
    assert [(N + 2, 200, 10)] == table.bids()
    assert [] == table.asks()
    assert (1_000_000 - 8_000, 0, 0, 8_000) == table.cash(2)
    assert [e.Traded] == [type(each) for each in table.tell(sell(1, 200, 10, 9))[1:]], "continuous trading has begun"


@pytest.mark.parametrize("to", [PRE_OPEN, OPENING_CALL, CLOSING_CALL])
def test_orders_are_collected_and_only_those_that_may_wait(to):
    """Without a trade, also at prices that meet. What must trade at once, or not at once, is refused."""
    table = Table(phase(11, to), sell(1, 200, 10, 1))
    assert [continuous.Accepted(13, 2, CREDIT, BUY, 210, 10, 1, c.GTC)] == table.tell(buy(2, 210, 10, 1))
    for number, life in enumerate((c.IOC, c.FOK, c.POST_ONLY), 2):
        refusal = e.Refused(SessionReason.NOT_COLLECTED, 2, number, life, to)
        assert [refusal] == table.tell(buy(2, 210, 10, number, life))
    assert [(13, 10, Cause.OWNER)] == reduced(table.tell(c.Cancel(2, 13, 5)))
    assert 0 == indicated(table).quantity


def test_nothing_is_taken_while_closed_but_cancels():
    """Neither an order of any life nor an amendment, except one that closes the order."""
    table = Table(buy(2, 200, 20, 1), buy(2, 195, 20, 2), phase(11, CLOSED))
    for number, life in enumerate((c.GTC, c.IOC, c.DAY, c.GTD), 3):
        assert [e.Refused(SessionReason.CLOSED, 2, number, CREDIT, CLOSED)] == table.tell(buy(2, 200, 10, number, life))
    refusal = e.Refused(SessionReason.CLOSED, 2, 7, CREDIT, CLOSED)
    assert [refusal] == table.tell(continuous.Amend(2, FIRST, 200, 10, 7))
    assert [(FIRST, 20, Cause.OWNER)] == reduced(table.tell(c.Cancel(2, FIRST, 8)))
    assert e.Completed(2, 9, 1) == table.tell(c.CancelAll(2, CREDIT, 9))[-1]


def test_a_phase_stops_no_listing():
    """It is of the book."""
    table = Table(phase(11, CLOSED), listings.OpenListing(1, CREDIT, 300, 10, 1))
    assert [(12, 300, 10)] == table.listings()
    assert [(14 - 1, 12, 300, 10)] == traded(table.tell(listings.Subscribe(2, 12, 10, 1)))


@pytest.mark.parametrize(
    ("own", "left", "gone"),
    [
        (c.PREVENT_TAKER, [(N, 200, 20)], [(N + 1, 30, Cause.SELF_TRADE)]),
        (c.PREVENT_MAKER, [], [(N, 20, Cause.SELF_TRADE)]),
        (c.PREVENT_BOTH, [], [(N, 20, Cause.SELF_TRADE), (N + 1, 30, Cause.SELF_TRADE)]),
        (c.PREVENT_DECREMENT, [], [(N, 20, Cause.SELF_TRADE), (N + 1, 20, Cause.SELF_TRADE)]),
    ],
)
def test_an_owner_never_meets_itself_in_a_call(own, left, gone):
    """
    An ask of account 3 meets a bid of account 2, of the same owner: prevented as it comes in, as if they met alone.

    So what is indicated is what trades: the others' 10 t, and nothing of theirs.
    """
    table = in_call(buy(2, 200, 20, 1))
    assert gone == reduced(table.tell(sell(3, 195, 30, 1, own=own)))
    assert left == table.bids()
    table.tell(buy(4, 200, 10, 1), sell(1, 195, 10, 1))
    assert 10 == indicated(table).quantity
    assert [10] == [each[3] for each in traded(table.tell(phase(13, CONTINUOUS)))]


def test_prevention_in_a_call_begins_with_the_best_of_ones_own():
    """Of bids at 200, 210 and 210: 210 first, the lower number of those; a decrement takes 10 t and 5 t of the next."""
    table = in_call(buy(2, 200, 20, 1), buy(3, 210, 10, 1), buy(2, 210, 20, 2))
    events = table.tell(sell(2, 200, 20, 3, own=c.PREVENT_DECREMENT))
    assert [(N + 1, 10), (N + 3, 10), (N + 2, 10), (N + 3, 10)] == [each[:2] for each in reduced(events)]
    assert [(N + 2, 210, 10), (N, 200, 20)] == table.bids()


def test_an_amendment_in_a_call_is_collected_too():
    """It meets nothing; the place in the queue is lost as ever."""
    table = in_call(sell(1, 200, 10, 1), buy(2, 150, 10, 1), buy(4, 200, 10, 1))
    events = table.tell(continuous.Amend(2, N + 1, 200, 10, 2))
    assert [continuous.Amended, e.Completed] == [type(each) for each in events]
    assert [(N + 2, 200, 10), (N + 1, 200, 10)] == table.bids()
    assert [(N + 2, N, 200, 10)] == traded(table.tell(phase(13, CONTINUOUS)))


@pytest.mark.parametrize(
    ("trades", "least", "reference", "price", "rule"),
    [
        # 30 t at 200 and 10 t at 210: 8,100 fen ÷ 40 t = 202.5, so 203.
        ([(200, 30), (210, 10)], 40, 500, 203, CLOSED_AT_AVERAGE),
        ([(200, 30), (210, 10)], 41, 500, 210, CLOSED_AT_LAST),
        ([], 1, 500, 500, CLOSED_AT_REFERENCE),
        ([], 1, 0, 0, CLOSED_AT_REFERENCE),
    ],
)
def test_the_closing_price_by_its_rule(trades, least, reference, price, rule):
    """The average of a session large enough, else the last trade, else the reference; it is the next reference."""
    table = Table(SetSessionRules(11, CREDIT, reference, 0, least))
    for number, (at, tonnes) in enumerate(trades):
        table.tell(sell(1, at, tonnes, 1 + number), buy(2, at, tonnes, 1 + number))
    volume, turnover = sum(each[1] for each in trades), sum(each[0] * each[1] for each in trades)
    closing = ClosingPriceSet(12, CREDIT, price, rule, volume, turnover, 100, 1_000, 0, least)
    assert [closing, PhaseChanged(12, CREDIT, CLOSED, 100)] == table.tell(phase(12, CLOSED))
    again = ClosingPriceSet(14, CREDIT, price, CLOSED_AT_REFERENCE, 0, 0, 100, 1_000, 0, least)
    assert again == table.tell(phase(13, PRE_OPEN), phase(14, CLOSED))[1], "the next session begins with nothing"


def test_listings_are_no_trades_of_the_session():
    """They have their own price."""
    table = Table(SetSessionRules(11, CREDIT, 250, 0, 1), listings.OpenListing(1, CREDIT, 300, 10, 1))
    table.tell(listings.Subscribe(2, FIRST + 1, 10, 1))
    assert (250, CLOSED_AT_REFERENCE) == _closing(table.tell(phase(12, CLOSED)))


def _closing(events: list[e.Event]) -> tuple[int, int]:
    (found,) = (each for each in events if isinstance(each, ClosingPriceSet))
    return found.price, found.rule


def test_a_closing_call_sets_the_closing_price_with_its_trades():
    """40 t at 300 in the call, after 10 t at 200: 14,000 ÷ 50 = 280."""
    table = Table(SetSessionRules(11, CREDIT, 200, 0, 1), sell(1, 200, 10, 1), buy(2, 200, 10, 1))
    table.tell(phase(12, CLOSING_CALL), sell(1, 300, 40, 2), buy(2, 300, 40, 2))
    assert (280, CLOSED_AT_AVERAGE) == _closing(table.tell(phase(13, CLOSED)))


def test_the_band_follows_the_reference_and_closes_what_is_outside():
    """10 % around 303: 272.7 to 333.3, so 275 to 330. Then closed at 275: 247.5 to 302.5, so 250 to 300."""
    table = Table(buy(2, 270, 10, 1), buy(2, 275, 10, 2), sell(1, 330, 10, 1))
    assert [
        SessionRulesSet(11, CREDIT, 303, 1_000, 1, 275, 330),
        e.Reduced(FIRST, 2, CREDIT, BUY, 270, 10, Cause.OUTSIDE_BAND, 0),
    ] == table.tell(SetSessionRules(11, CREDIT, 303, 1_000, 1))
    table.tell(sell(1, 275, 10, 2))
    assert [
        ClosingPriceSet(12, CREDIT, 275, CLOSED_AT_AVERAGE, 10, 2_750, 250, 300, 1_000, 1),
        e.Reduced(FIRST + 2, 1, CREDIT, SELL, 330, 10, Cause.OUTSIDE_BAND, 0),
        PhaseChanged(12, CREDIT, CLOSED, 100),
    ] == table.tell(phase(12, CLOSED))
    table.tell(phase(13, CONTINUOUS))
    assert [e.Refused(Reason.PRICE_ABOVE_BAND, 2, 3, 305, 300)] == table.tell(buy(2, 305, 10, 3))


def test_orders_of_the_day_end_when_it_is_closed_and_dated_ones_when_they_are_due():
    """In the order of their numbers; an instrument that is never closed takes none of the day."""
    table = Table()
    assert [e.Refused(SessionReason.NEVER_CLOSED, 2, 1, CREDIT, 0)] == table.tell(buy(2, 200, 10, 1, c.DAY))
    table.tell(phase(11, PRE_OPEN, 50), phase(12, CONTINUOUS, 60))
    dated = [continuous.PlaceUntil(2, CREDIT, BUY, 200, 10, number, 0, until) for number, until in ((2, 90), (3, 200))]
    assert Dated(14, 90) == table.tell(dated[0])[1]
    table.tell(buy(2, 205, 10, 4, c.DAY), dated[1], buy(2, 195, 10, 5))
    late = continuous.PlaceUntil(2, CREDIT, BUY, 200, 10, 6, 0, 60)
    assert [e.Refused(SessionReason.EXPIRED_ALREADY, 2, 6, 60, 60)] == table.tell(late)
    assert [PhaseChanged(13, CREDIT, CONTINUOUS, 0)] == table.tell(Expire(13, CREDIT, 89))
    assert [(14, 10, Cause.EXPIRED)] == reduced(table.tell(Expire(14, CREDIT, 90)))
    assert [(15, 10, Cause.DAY_OVER), (16, 10, Cause.EXPIRED)] == reduced(table.tell(phase(15, CLOSED, 200)))
    assert [(17, 195, 10)] == table.bids()


def test_a_halted_book_is_closed_without_a_trade_and_does_not_begin_to_trade():
    """What crosses waits for the next call."""
    table = in_call(buy(2, 200, 10, 1), sell(1, 200, 10, 1), c.Halt(13, CREDIT, 1, on=True))
    halted = e.InstructionRefused(14, 0, Reason.HALTED, CREDIT, 1)
    assert [halted] == table.tell(phase(14, CONTINUOUS))
    assert [e.Refused(Reason.HALTED, 2, 2, CREDIT, 1)] == table.tell(buy(2, 200, 10, 2))
    assert [] == traded(table.tell(phase(15, CLOSED)))
    table.tell(c.Halt(16, CREDIT, 1, on=False))
    assert [(N, N + 1, 200, 10)] == traded(table.tell(phase(17, CONTINUOUS)))


@pytest.mark.parametrize(
    ("command", "reason", "wanted", "limit"),
    [
        (SetPhase(11, 8, OPENING_CALL, 1), Reason.UNKNOWN_INSTRUMENT, 8, 0),
        (SetPhase(11, CREDIT, 5, 1), SessionReason.NO_SUCH_PHASE, 5, CLOSED),
        (SetPhase(11, CREDIT, CONTINUOUS, 1), SessionReason.SAME_PHASE, CREDIT, CONTINUOUS),
        (SetPhase(10, CREDIT, CLOSED, 1), Reason.STALE_INSTRUCTION, 10, 10),
        (SetSessionRules(11, CREDIT, -5, 0, 1), Reason.PRICE_BELOW_BAND, -5, 0),
        (SetSessionRules(11, CREDIT, 10_000_001, 0, 1), Reason.TOO_LARGE, 10_000_001, 10_000_000),
        (SetSessionRules(11, CREDIT, 200, 10_000, 1), Reason.TOO_LARGE, 10_000, 9_999),
        (SetSessionRules(11, CREDIT, 200, 0, 0), Reason.QUANTITY_OFF_LOT, 0, 1),
        (SetSessionRules(11, CREDIT, 0, 1_000, 1), SessionReason.NO_REFERENCE, CREDIT, 1_000),
        (Expire(11, 8, 1), Reason.UNKNOWN_INSTRUMENT, 8, 0),
    ],
)
def test_an_instruction_that_cannot_be_is_refused_with_its_numbers(command, reason, wanted, limit):
    """And leaves everything as it was."""
    table = Table()
    before = table.all_but_standing()
    assert [e.InstructionRefused(command.instruction, 0, reason, wanted, limit)] == table.tell(command)
    assert before == table.all_but_standing()


def test_a_call_is_uncrossed_and_a_day_is_closed_in_steps(monkeypatch):
    """Two trades or two orders at once; nothing else happens between, and a snapshot there changes nothing."""
    monkeypatch.setattr(handlers, "STEP", 2)
    table = Table(phase(11, CLOSING_CALL))
    table.naive.step = 2
    table.tell(*(sell(1, 200, 10, number, c.DAY) for number in range(1, 6)))
    table.tell(*(buy(2, 200, 10, number) for number in range(1, 4)))
    sizes = [len(table.tell(phase(12, CLOSED)))]
    while table.engine.market.unfinished is not None:
        assert [e.Refused(Reason.BUSY, 4, 1, 0, 0)] == table.tell(buy(4, 200, 10, 1))
        table.engine = Engine(state.load(state.dump(table.engine.market)))
        sizes.append(len(table.tell(c.Continue())))
    assert [1 + 2, 1 + 1 + 2 + 1] == sizes
    assert [] == table.asks() + table.bids()


def test_what_ended_before_is_forgotten(monkeypatch):
    """A thousand dated orders that were taken back leave nothing behind in memory or in a snapshot."""
    table = Table()
    plain = len(state.dump(table.engine.market))
    for number in range(1, 2_500):
        table.engine.apply(continuous.PlaceUntil(2, CREDIT, BUY, 200, 10, number, 0, 1_000 + number))
        table.engine.apply(c.CancelAll(2, 0, 0))
    ending = table.engine.market.parts["sessions"].ending[CREDIT]
    assert 1_100 > len(ending.buckets)
    assert 200 > len(state.dump(table.engine.market)) - plain

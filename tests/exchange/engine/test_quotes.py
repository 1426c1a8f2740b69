"""Requests for quotes: asked, answered, one taken or none; and the price that they come to, worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.core import Engine
from exchange.engine.events import Cause, Reason
from exchange.engine.modes.quotes import handlers
from exchange.engine.modes.quotes import messages as m
from exchange.engine.modes.quotes.messages import QuoteReason
from exchange.engine.modes.quotes.state import inquired_price
from tests.exchange.engine.market_table import BUY, CREDIT, FEES, FIRST, SELL, Table, reduced, traded

SOON = 2_000
N = FIRST
"""The number of the request in each example."""


def request(
    account: int = 1, side: int = BUY, quantity: int = 100, invited: tuple[int, ...] = (), number: int = 1
) -> m.RequestQuotes:
    """Account 1 would buy 100 t."""
    return m.RequestQuotes(account, CREDIT, side, quantity, SOON, invited, number)


def test_a_request_from_the_question_to_the_trade():
    """
    100 t at 2.00 and 50 t at 2.10 are quoted: 30,500 fen for 150 t are 203.3 a tonne, in ticks of 5 fen 205.

    The better quote is taken whole, the other one is let go. The fee is 25 bps of 20,000 fen: 50.
    """
    table = Table()
    assert [m.QuotesRequested(N, 1, CREDIT, BUY, 100, SOON, (), 1)] == table.tell(request())
    assert [m.Quoted(12, 2, CREDIT, SELL, 200, 100, 1, N, 500)] == table.tell(m.GiveQuote(2, N, 200, 100, 500, 1))
    table.tell(m.GiveQuote(4, N, 210, 50, 500, 1))
    assert (900, 100, 0, 0) == table.tonnes(2)
    assert [
        m.QuoteTaken(14, 1, CREDIT, BUY, 200, 100, 2, 12),
        e.Traded(1, CREDIT, 200, 100, 14, 12, 1, 2, 200, 50, FEES, BUY),
        e.Reduced(13, 4, CREDIT, SELL, 210, 50, Cause.NOT_TAKEN, 0),
        m.RequestEnded(0, N, 2, 150, 205, 12),
    ] == table.tell(m.TakeQuote(1, N, 12, 2))
    assert ((900, 0, 0, 100), (1_000, 0, 0, 0)) == (table.tonnes(2), table.tonnes(4))
    assert [e.Refused(Reason.NOT_OPEN, 1, 3, 13, 0)] == table.tell(m.TakeQuote(1, N, 13, 3))


def test_a_seller_may_ask_too_and_take_none():
    """Buyers' money is locked, and is theirs again; the price is published all the same."""
    table = Table(request(side=SELL))
    table.tell(m.GiveQuote(2, N, 200, 100, 500, 1))
    assert (980_000, 20_000, 0, 0) == table.cash(2)
    said = [e.Reduced(12, 2, CREDIT, BUY, 200, 100, Cause.NOT_TAKEN, 0), m.RequestEnded(0, N, 1, 100, 200, 0)]
    assert said == table.tell(m.CloseRequest(1, N, 2))
    assert (1_000_000, 0, 0, 0) == table.cash(2)


def test_a_request_whose_time_is_over():
    """Ended by an instruction, once; with no quote there is no price."""
    table = Table(request())
    assert [m.RequestEnded(11, N, 0, 0, 0, 0)] == table.tell(m.EndRequest(11, N))
    assert [e.InstructionRefused(12, 0, Reason.NOT_OPEN, N, 0)] == table.tell(m.EndRequest(12, N))
    assert [e.InstructionRefused(12, 0, Reason.STALE_INSTRUCTION, 12, 12)] == table.tell(m.EndRequest(12, N))


def test_only_quotes_that_stand_count():
    """One has lapsed, one was taken back, one was closed by a band: what is left is 300 fen."""
    table = Table(request())
    table.tell(m.GiveQuote(2, N, 200, 100, 500, 1), m.GiveQuote(4, N, 300, 10, 600, 1))
    said = [m.QuotesLapsed(11, 500), e.Reduced(12, 2, CREDIT, SELL, 200, 100, Cause.LAPSED, 0)]
    assert said == table.tell(m.LapseQuotes(11, 500))
    table.tell(m.GiveQuote(3, N, 900, 10, 700, 1))
    assert [(15, 10, Cause.OUTSIDE_BAND)] == reduced(table.tell(c.SetBand(12, CREDIT, 100, 400)))
    table.tell(m.GiveQuote(3, N, 400, 10, 700, 2))
    assert [(17, 10, Cause.OWNER)] == reduced(table.tell(c.Cancel(3, 17, 3)))
    assert m.RequestEnded(13, N, 1, 10, 300, 0) == table.tell(m.EndRequest(13, N))[-1]


@pytest.mark.parametrize(
    ("quotes", "tick", "price"),
    [
        ([], 5, 0),
        ([(200, 1)], 5, 200),
        ([(200, 1), (205, 1)], 5, 205),  # 202.5, half-way between two ticks: up
        ([(200, 1), (205, 1)], 1, 203),  # 202.5, half-way between two fen: up
        ([(200, 3), (205, 2)], 5, 200),  # 1,010 ÷ 5 = 202
        ([(200, 2), (205, 3)], 5, 205),  # 1,015 ÷ 5 = 203
        ([(1_390, 100), (1_400, 50), (1_360, 250)], 5, 1_375),  # 549,000 ÷ 400 = 1,372.5
    ],
)
def test_inquired_prices_worked_by_hand(quotes, tick, price):
    """Each with its arithmetic beside it."""
    assert price == inquired_price(quotes, tick)


@given(st.lists(st.tuples(st.integers(1, 2_000), st.integers(1, 10**8)), min_size=1, max_size=30), st.integers(1, 100))
def test_an_inquired_price_is_a_price_between_the_quotes(quotes, tick):
    """In whole ticks, and no more than half a tick from the average."""
    said = [(ticks * tick, quantity) for ticks, quantity in quotes]
    found = inquired_price(said, tick)
    amount, total = sum(price * quantity for price, quantity in said), sum(quantity for _, quantity in said)
    assert found % tick == 0
    assert min(said)[0] <= found <= max(said)[0]
    assert abs(2 * (amount - found * total)) <= tick * total


@pytest.mark.parametrize(
    ("asked", "reason", "wanted", "limit"),
    [
        (request(quantity=15), Reason.QUANTITY_OFF_LOT, 15, 10),
        (request(quantity=0), Reason.QUANTITY_OFF_LOT, 0, 10),
        (request(quantity=100_000_010), Reason.TOO_LARGE, 100_000_010, 100_000_000),
        (request(invited=tuple(range(101))), QuoteReason.TOO_MANY_INVITED, 101, 100),
        (m.RequestQuotes(1, 8, BUY, 100, SOON, (), 1), Reason.UNKNOWN_INSTRUMENT, 8, 0),
    ],
)
def test_a_request_that_cannot_be(asked, reason, wanted, limit):
    """With the two numbers that disagree."""
    assert [e.Refused(reason, 1, 1, wanted, limit)] == Table().tell(asked)


def test_a_request_while_it_is_halted_or_the_account_frozen():
    """No more than an order."""
    table = Table(c.Halt(11, CREDIT, 2, on=True))
    assert [e.Refused(Reason.HALTED, 1, 1, CREDIT, 2)] == table.tell(request())
    table.tell(c.Halt(12, CREDIT, 2, on=False), c.Freeze(13, 1, on=True))
    assert [e.Refused(Reason.FROZEN, 1, 2, 0, 0)] == table.tell(request(number=2))


def test_an_account_has_so_many_requests_at_once():
    """When one has ended there is room for another."""
    table = Table(*(request(number=number) for number in range(1, 21)))
    assert [e.Refused(QuoteReason.TOO_MANY_REQUESTS, 1, 21, 20, 20)] == table.tell(request(number=21))
    table.tell(m.CloseRequest(1, N, 22))
    assert [m.QuotesRequested(33, 1, CREDIT, BUY, 100, SOON, (), 23)] == table.tell(request(number=23))


@pytest.mark.parametrize(
    ("quote", "reason", "wanted", "limit"),
    [
        (m.GiveQuote(2, N, 200, 110, 500, 1), QuoteReason.QUOTE_TOO_LARGE, 110, 100),
        (m.GiveQuote(2, N, 200, 15, 500, 1), Reason.QUANTITY_OFF_LOT, 15, 10),
        (m.GiveQuote(2, N, 1_005, 10, 500, 1), Reason.PRICE_ABOVE_BAND, 1_005, 1_000),
        (m.GiveQuote(1, N, 200, 10, 500, 2), QuoteReason.OWN_REQUEST, N, 0),
        (m.GiveQuote(2, 99, 200, 10, 500, 1), Reason.NOT_OPEN, 99, 0),
        (m.GiveQuote(77, N, 200, 10, 500, 1), Reason.UNKNOWN_ACCOUNT, 0, 0),
    ],
)
def test_a_quote_that_is_not_taken(quote, reason, wanted, limit):
    """With the two numbers that disagree."""
    table = Table(request())
    assert [e.Refused(reason, quote.account, quote.client_order_id, wanted, limit)] == table.tell(quote)


def test_who_may_quote_and_how_often():
    """Only the accounts that are named, if some are; each owner once, whichever of its accounts."""
    table = Table(request(invited=(2, 3)))
    assert [e.Refused(Reason.NOT_OPEN, 4, 1, N, 0)] == table.tell(m.GiveQuote(4, N, 200, 10, 500, 1))
    table.tell(m.GiveQuote(2, N, 200, 10, 500, 1))
    assert [e.Refused(QuoteReason.QUOTED_ALREADY, 3, 1, 13, N)] == table.tell(m.GiveQuote(3, N, 200, 10, 500, 1))
    assert [e.Refused(QuoteReason.QUOTED_ALREADY, 2, 2, 13, N)] == table.tell(m.GiveQuote(2, N, 200, 10, 500, 2))


def test_a_request_is_answered_so_often(monkeypatch):
    """So that it ends in one step."""
    monkeypatch.setattr(handlers, "QUOTES_EACH", 1)
    table = Table(request())
    table.tell(m.GiveQuote(2, N, 200, 10, 500, 1))
    assert [e.Refused(QuoteReason.TOO_MANY_QUOTES, 4, 1, 1, 1)] == table.engine.apply(
        m.GiveQuote(4, N, 200, 10, 500, 1)
    )


def test_a_quote_that_cannot_be_covered_or_paid():
    """The quoter has 1,000 t; the asker 1,000,000 fen, of which 1,000 are withdrawn."""
    table = Table(request(quantity=1_010))
    assert [e.Refused(Reason.NOT_ENOUGH_TONNES, 2, 1, 1_010, 1_000)] == table.tell(
        m.GiveQuote(2, N, 200, 1_010, 500, 1)
    )
    table.tell(m.GiveQuote(2, N, 1_000, 1_000, 500, 2), c.DebitCash(11, 1, 1_000))
    assert [e.Refused(Reason.NOT_ENOUGH_CASH, 1, 2, 1_000_000, 999_000)] == table.tell(m.TakeQuote(1, N, 13, 2))


def test_nobody_else_takes_a_quote_or_closes_the_request():
    """Somebody else's request is as good as none; nor is a quote of another request taken."""
    table = Table(request(), request(number=2))
    table.tell(m.GiveQuote(2, N, 200, 10, 500, 1))
    assert [e.Refused(Reason.NOT_OPEN, 4, 1, 13, 0)] == table.tell(m.TakeQuote(4, N, 13, 1))
    assert [e.Refused(Reason.NOT_OPEN, 4, 2, N, 0)] == table.tell(m.CloseRequest(4, N, 2))
    assert [e.Refused(Reason.NOT_OPEN, 1, 3, 13, 0)] == table.tell(m.TakeQuote(1, 12, 13, 3))
    table.tell(c.Halt(11, CREDIT, 1, on=True))
    assert [e.Refused(Reason.HALTED, 1, 4, CREDIT, 1)] == table.tell(m.TakeQuote(1, N, 13, 4))


def test_a_snapshot_has_requests_and_quotes():
    """What was loaded goes on alike."""
    table = Table(request(invited=(2, 4)))
    table.tell(m.GiveQuote(2, N, 200, 100, 500, 1), m.GiveQuote(4, N, 210, 50, 500, 1))
    again = Engine(state.load(state.dump(table.engine.market)))
    assert state.dump(table.engine.market) == state.dump(again.market)
    events = table.tell(m.TakeQuote(1, N, 13, 2))
    assert [(14, 13, 210, 50)] == traded(events)
    assert events == again.apply(m.TakeQuote(1, N, 13, 2))

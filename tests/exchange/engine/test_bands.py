"""A band that moves: what no longer fits is closed with a cause, and nothing ever trades outside."""

import msgspec
import pytest

from exchange.engine import cancelling, state
from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.core import Engine
from exchange.engine.events import Cause, Reason
from exchange.engine.layouts import StoredInstrument
from exchange.engine.modes import continuous, listings
from tests.exchange.engine.market_table import BUY, CREDIT, FIRST, SELL, Table, buy, reduced, sell, traded
from tests.oracle.market_state import faults, open_orders


def test_everything_outside_is_closed_the_oldest_first():
    """Of both sides and of listings, below and above, whosever it is; what was locked is settled again."""
    table = Table(
        buy(2, 200, 10, 1),
        listings.OpenListing(1, CREDIT, 900, 10, 1),
        sell(4, 500, 10, 1),
        buy(3, 300, 10, 1),
        listings.OpenListing(1, CREDIT, 350, 10, 2),
        sell(1, 305, 10, 3),
        buy(2, 205, 10, 2),
    )
    assert [
        e.BandSet(11, CREDIT, 300, 400),
        e.Reduced(11, 2, CREDIT, BUY, 200, 10, Cause.OUTSIDE_BAND, 0),
        e.Reduced(12, 1, CREDIT, SELL, 900, 10, Cause.OUTSIDE_BAND, 0),
        e.Reduced(13, 4, CREDIT, SELL, 500, 10, Cause.OUTSIDE_BAND, 0),
        e.Reduced(17, 2, CREDIT, BUY, 205, 10, Cause.OUTSIDE_BAND, 0),
    ] == table.tell(c.SetBand(11, CREDIT, 300, 400))
    assert ([(14, 300, 10)], [(16, 305, 10)], [(15, 350, 10)]) == (table.bids(), table.asks(), table.listings())
    assert ((1_000_000, 0, 0, 0), (1_000, 0, 0, 0)) == (table.cash(2), table.tonnes(4))


def test_an_order_that_was_outside_can_never_trade():
    """An ask of 200 and a band from 300: a buyer at 300 meets nobody, nor does who subscribes to such a listing."""
    listed = listings.OpenListing(1, CREDIT, 200, 10, 2)
    table = Table(sell(1, 200, 10, 1), listed, c.SetBand(11, CREDIT, 300, 400))
    assert [] == traded(table.tell(buy(2, 300, 10, 1)))
    assert [e.Refused(Reason.NOT_OPEN, 2, 2, FIRST + 1, 0)] == table.tell(listings.Subscribe(2, FIRST + 1, 10, 2))


def test_a_band_moves_while_its_instrument_is_halted():
    """A halt keeps what rests, which nothing can meet; a band closes what it leaves out then too."""
    table = Table(sell(1, 200, 10, 1), sell(1, 305, 10, 2), c.Halt(11, CREDIT, 1, on=True))
    assert [(11, 10, Cause.OUTSIDE_BAND)] == reduced(table.tell(c.SetBand(12, CREDIT, 300, 400)))
    table.tell(c.Halt(13, CREDIT, 1, on=False))
    assert [(305, 10)] == [(price, quantity) for _, _, price, quantity in traded(table.tell(buy(2, 305, 10, 1)))]


def test_other_instruments_are_left_alone():
    """Their bands are their own."""
    table = Table(c.OpenInstrument(11, 8, 5, 10, 100, 1_000, 0, 90, 9), continuous.Place(2, 8, BUY, 200, 10, 1))
    assert [] == reduced(table.tell(c.SetBand(12, CREDIT, 300, 400)))
    assert [FIRST + 1] == list(open_orders(table.engine.market))


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_many_are_closed_in_steps(monkeypatch, steps):
    """Two at once; nothing else happens between, and a snapshot may be taken there."""
    monkeypatch.setattr(cancelling, "STEP", 2)
    table = Table(*(buy(2, 200, 10, number) for number in range(1, 2 * steps + 1)), buy(2, 300, 10, 99))
    table.naive.step = 2
    closed = reduced(table.tell(c.SetBand(11, CREDIT, 300, 400)))
    for _ in range(steps - 1):
        assert [e.Refused(Reason.BUSY, 4, 1, 0, 0)] == table.tell(sell(4, 300, 10, 1))
        table.engine = Engine(state.load(state.dump(table.engine.market)))
        closed += reduced(table.tell(c.Continue()))
    assert [FIRST + number for number in range(2 * steps)] == [number for number, _, _ in closed]
    assert table.engine.market.unfinished is None
    assert [(FIRST + 2 * steps, 300, 10)] == table.bids()


def outside(*orders: c.Command) -> Engine:
    """A market as engine 2 left it: the band is from 300 to 400, and these orders stayed outside."""
    stored = msgspec.msgpack.decode(state.dump(Table(*orders).engine.market))
    low, high = (StoredInstrument.__struct_fields__.index(each) for each in ("low", "high"))
    stored[5][0][low], stored[5][0][high] = 300, 400
    return Engine(state.load(msgspec.msgpack.encode(stored)))


def test_outside_the_band_an_order_may_still_be_made_smaller():
    """And nothing else: not larger, not at another price outside, not off the lot, not while it is halted."""
    engine = outside(sell(1, 200, 30, 1))
    refusals = [
        (continuous.Amend(1, FIRST, 200, 40, 2), (Reason.PRICE_BELOW_BAND, 200, 300)),
        (continuous.Amend(1, FIRST, 205, 20, 3), (Reason.PRICE_BELOW_BAND, 205, 300)),
        (continuous.Amend(1, FIRST, 200, 25, 4), (Reason.QUANTITY_OFF_LOT, 25, 10)),
        (continuous.Amend(1, FIRST, 200, -10, 5), (Reason.QUANTITY_OFF_LOT, -10, 10)),
    ]
    for command, (reason, wanted, limit) in refusals:
        assert [e.Refused(reason, 1, command.client_order_id, wanted, limit)] == engine.apply(command)
    assert [
        continuous.Amended(FIRST, 1, CREDIT, SELL, 200, 30, 200, 20),
        e.Completed(1, 6),
    ] == engine.apply(continuous.Amend(1, FIRST, 200, 20, 6))
    engine.apply(c.Halt(11, CREDIT, 1, on=True))
    halted = e.Refused(Reason.HALTED, 1, 7, CREDIT, 1)
    assert [halted] == engine.apply(continuous.Amend(1, FIRST, 200, 10, 7))
    assert [] == faults(engine.market)


def test_what_an_older_engine_left_outside_is_closed_by_the_band_again():
    """As the migration sets it once more."""
    engine = outside(sell(1, 200, 30, 1), buy(2, 195, 10, 1), listings.OpenListing(1, CREDIT, 150, 10, 2))
    events = engine.apply(c.SetBand(11, CREDIT, 300, 400))
    assert [(FIRST + each, quantity, Cause.OUTSIDE_BAND) for each, quantity in ((0, 30), (1, 10), (2, 10))] == reduced(
        events
    )
    assert ([], {}) == (faults(engine.market), open_orders(engine.market))

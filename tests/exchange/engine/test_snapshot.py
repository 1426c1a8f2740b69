"""A market and what is loaded from its snapshot are one."""

import msgspec
import pytest

from exchange.engine import commands as c
from exchange.engine import state
from exchange.engine.core import Engine, any_of, command_types
from exchange.engine.modes import continuous, listings
from tests.exchange.engine.market_stream import Stream
from tests.exchange.engine.market_table import CREDIT, GIVEN, Table, buy, engine_of, sell
from tests.oracle.market import NaiveMarket
from tests.oracle.market_state import balances, faults, open_orders, standing, whats_open

CROWD: tuple[c.Command, ...] = (
    *GIVEN,
    c.OpenInstrument(11, 3, 1, 1, 1, 50, 0, 2, 2),
    continuous.Place(2, 3, c.BUY, 20, 5, 1),
    buy(2, 200, 10, 2),
    buy(4, 200, 10, 1),
    sell(2, 300, 50, 3, own=c.PREVENT_BOTH),
    listings.OpenListing(2, CREDIT, 250, 40, 4),
    sell(2, 300, 20, 5),
    continuous.Amend(2, 12, 21, 6, 6),
    continuous.Amend(2, 13, 205, 10, 7),
    continuous.Amend(2, 15, 300, 60, 8),
    listings.Subscribe(4, 16, 10, 2),
    c.Halt(12, 3, c.HALTED_BY_FREEZE, on=True),
    c.Freeze(13, 1, on=True),
    c.SetBand(14, CREDIT, 150, 900),
)


@pytest.mark.parametrize(
    "command",
    [
        c.CancelAll(2, 0, 50),
        c.CancelAll(2, CREDIT, 50),
        c.CancelAll(2, 3, 50),
        c.Freeze(50, 2, on=True),
        c.Freeze(50, 1, on=False),
        c.Settle(1, (1,)),
        c.Refund(1, (1,)),
        c.Cancel(2, 16, 50),
        continuous.Amend(2, 15, 300, 50, 50),
        continuous.Amend(2, 17, 205, 50, 50),
        listings.Subscribe(4, 16, 30, 50),
        c.Halt(50, 3, c.HALTED_BY_FREEZE, on=False),
        buy(4, 300, 70, 50),
        buy(2, 300, 70, 50, own=c.PREVENT_DECREMENT),
        sell(2, 205, 10, 50, own=c.PREVENT_MAKER),
        buy(4, 905, 10, 50),
        buy(1, 200, 10, 50),
        c.CreditCash(14, 2, 2, 5),
        buy(4, 200, 10, 2),
    ],
    ids=repr,
)
def test_what_happens_next_does_not_depend_on_a_snapshot(command):
    """Amended orders stand elsewhere in the engine's tables once they are loaded: nobody can tell."""
    lived = engine_of(CROWD)
    loaded = Engine(state.load(state.dump(lived.market)))
    assert list(open_orders(lived.market)) != list(open_orders(loaded.market)), "the tables do differ"
    assert lived.apply(command) == loaded.apply(command)
    assert state.dump(lived.market) == state.dump(loaded.market)


def test_a_loaded_market_has_everything():
    """Balances, standing, queues in their order, bands, halts, trades: looked at, not only hashed."""
    lived = engine_of(CROWD).market
    loaded = state.load(state.dump(lived))
    assert [] == faults(loaded)
    assert balances(lived) == balances(loaded)
    assert standing(lived) == standing(loaded)
    assert lived.unsettled == loaded.unsettled
    for number, instrument in lived.instruments.items():
        assert whats_open(lived, number) == whats_open(loaded, number)
        for name in ("tick", "lot", "low", "high", "fee_bps", "halted", "tonnes"):
            assert getattr(instrument, name) == getattr(loaded.instruments[number], name)
        assert instrument.fee_account.id == loaded.instruments[number].fee_account.id
    for name in ("sequence", "trades", "last_instruction", "cash"):
        assert getattr(lived, name) == getattr(loaded, name)


DIFFERENT: tuple[c.Command, ...] = (
    c.Halt(20, CREDIT, c.HALTED_BY_OPERATOR, on=True),
    c.SetBand(20, CREDIT, 150, 905),
    c.Freeze(20, 4, on=True),
    c.CreditCash(20, 4, 4, 1),
    c.CreditTonnes(20, 4, 4, CREDIT, 1),
    continuous.Amend(2, 17, 305, 20, 9),
    continuous.Amend(2, 17, 300, 10, 9),
    continuous.Amend(2, 17, 300, 30, 9),
    c.Cancel(2, 17, 9),
    c.Cancel(2, 999, 9),
    c.Settle(1, (1,)),
    c.Refund(1, (1,)),
    buy(4, 200, 10, 9),
    buy(4, 200, 10, 9, own=c.PREVENT_BOTH),
    sell(4, 200, 10, 9),
    listings.OpenListing(4, CREDIT, 200, 10, 9),
    c.OpenInstrument(20, 9, 1, 1, 1, 9, 0, 2, 2),
    c.OpenInstrument(20, 9, 1, 1, 1, 9, 1, 2, 2),
    c.OpenInstrument(20, 9, 1, 1, 1, 9, 0, 4, 4),
)


def test_markets_that_differ_have_different_hashes():
    """One command apart in any respect; the same commands give the same hash."""
    hashes = [state.state_hash(engine_of((*CROWD, command)).market) for command in DIFFERENT]
    assert len(DIFFERENT) == len(set(hashes))
    assert hashes == [state.state_hash(engine_of((*CROWD, command)).market) for command in DIFFERENT]


def test_an_empty_market_survives():
    """Before the first command."""
    assert state.state_hash(Engine().market) == state.state_hash(state.load(state.dump(Engine().market)))


@pytest.mark.parametrize("broken", [b"", b"\x90", b"not a state"])
def test_bytes_that_are_no_state_are_refused(broken):
    """Never half a market."""
    with pytest.raises(msgspec.DecodeError):
        state.load(broken)


def test_a_snapshot_cut_short_is_refused():
    """At whatever byte."""
    whole = state.dump(engine_of(CROWD).market)
    for end in range(len(whole)):
        with pytest.raises(msgspec.DecodeError):
            state.load(whole[:end])


def test_commands_are_what_the_journal_gives_back():
    """Every command of the stream, through bytes and back; only a number's place says what it means."""
    naive = NaiveMarket()
    decode = msgspec.msgpack.Decoder(any_of(command_types())).decode
    for command in Stream(3, naive).commands(2_000):
        assert command == decode(msgspec.msgpack.encode(command))
        naive.apply(command)
    assert [9, 1, 7, 0, 200, 10, 3, 0, 0] == msgspec.msgpack.decode(msgspec.msgpack.encode(buy(1, 200, 10, 3)))


def test_a_loaded_table_goes_on_with_the_naive_market():
    """From a snapshot on, the second opinion is still the same."""
    table = Table(given=CROWD)
    table.engine = Engine(state.load(state.dump(table.engine.market)))
    table.tell(buy(4, 300, 70, 50), c.CancelAll(2, 0, 50), c.Refund(1, (1, 2)), c.Freeze(50, 4, on=True))

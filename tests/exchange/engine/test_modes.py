"""A mode is one module and one line in a table: engine and decoders find everything else there."""

from collections import Counter

import msgspec
import pytest

from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.commands import GTC, Continue
from exchange.engine.core import MODES, Engine, account_command_types, any_of, command_types, event_types, step_types
from exchange.engine.events import Reason
from exchange.engine.layouts import StoredState, UnknownLayout
from exchange.engine.modes.continuous import Accepted
from tests.exchange.engine import echo_mode
from tests.exchange.engine.echo_mode import Echo, Echoed, EchoReason
from tests.exchange.engine.market_table import BUY, CREDIT, FIRST, GIVEN, buy, engine_of

ALL = (*MODES, echo_mode.MODE)
PARTS = StoredState.__struct_fields__.index("parts")


def engine_with_echo() -> Engine:
    """The accounts of the examples, in an engine that has the test's mode."""
    return engine_of(GIVEN, ALL)


def test_a_mode_carries_its_commands_out():
    """Its events and its own reasons come back; what every mode shares is as ever."""
    engine = engine_with_echo()
    assert [Echoed(1, 7, 1)] == engine.apply(Echo(1, 7, 1))
    assert [e.Refused(EchoReason.TOO_LOUD, 1, 2, 1_001, 1_000)] == engine.apply(Echo(1, 1_001, 2))
    assert [e.Refused(Reason.STALE_CLIENT_ORDER_ID, 1, 2, 2, 2)] == engine.apply(Echo(1, 7, 2))
    assert [e.Refused(Reason.UNKNOWN_ACCOUNT, 77, 1, 0, 0)] == engine.apply(Echo(77, 7, 1))
    assert [Accepted(FIRST + 4, 1, CREDIT, BUY, 200, 10, 3, GTC)] == engine.apply(buy(1, 200, 10, 3))


def test_what_a_mode_does_goes_on_in_steps():
    """Its own kind of rest, between which everything else waits; also across a snapshot."""
    engine = engine_with_echo()
    assert [Echoed(1, 7, 1)] * 10 == engine.apply(Echo(1, 7, 1, 25))
    assert [e.Refused(Reason.BUSY, 2, 1, 0, 0)] == engine.apply(Echo(2, 7, 1))
    engine = Engine(state.load(state.dump(engine.market), modes=ALL), ALL)
    assert [Echoed(1, 7, 1)] * 10 == engine.apply(Continue())
    assert [Echoed(1, 7, 1)] * 5 == engine.apply(Continue())
    assert [Echoed(2, 7, 1)] == engine.apply(Echo(2, 7, 1))
    assert {1: 25, 2: 1} == engine.market.parts["echo"].times


def test_a_snapshot_has_what_a_mode_has():
    """Under its name; it is part of the state's hash, and what was loaded is dumped as it was."""
    engine = engine_with_echo()
    hashes = [state.state_hash(engine.market)]
    for number in (1, 2):
        engine.apply(Echo(2, 7, number))
        engine.market.sequence -= 1  # nothing else is different
        engine.market.accounts[2].last_client_order_id = 0
        engine.market.accounts[2].gaps.clear()
        hashes.append(state.state_hash(engine.market))
    assert 3 == len(set(hashes))
    loaded = state.load(state.dump(engine.market), modes=ALL)
    assert {2: 2} == loaded.parts["echo"].times
    assert state.dump(engine.market) == state.dump(loaded)


def test_a_snapshot_from_before_a_mode_starts_an_engine_with_it():
    """The mode has nothing yet, and trades."""
    engine = engine_of(GIVEN)
    loaded = Engine(state.load(state.dump(engine.market), modes=ALL), ALL)
    assert {} == loaded.market.parts["echo"].times
    assert state.dump(engine.market) == state.dump(loaded.market)
    assert [Echoed(1, 7, 1)] == loaded.apply(Echo(1, 7, 1))


def test_a_snapshot_with_a_mode_that_is_not_there_is_refused():
    """What it has would be lost."""
    engine = engine_with_echo()
    engine.apply(Echo(1, 7, 1))
    with pytest.raises(UnknownLayout, match="something of 'echo' in layout 2; this version cannot"):
        state.load(state.dump(engine.market))


@pytest.mark.parametrize(("layout", "stored", "times"), [(1, [5], {0: 5}), (2, [[[1, 3], [2, 4]]], {1: 3, 2: 4})])
def test_every_layout_of_a_mode_is_read(layout, stored, times):
    """What an older version of the mode stored starts today's; what a newer one did is refused."""
    whole = msgspec.msgpack.decode(state.dump(engine_of(GIVEN).market))
    whole[PARTS]["echo"] = [layout, stored]
    assert times == state.load(msgspec.msgpack.encode(whole), modes=ALL).parts["echo"].times
    whole[PARTS]["echo"] = [3, stored]
    with pytest.raises(UnknownLayout, match="layout 3"):
        state.load(msgspec.msgpack.encode(whole), modes=ALL)


def test_decoders_are_made_of_the_table():
    """Commands and events of the mode go through bytes with those of all others."""
    commands = msgspec.msgpack.Decoder(any_of(command_types(ALL)))
    events = msgspec.msgpack.Decoder(any_of(event_types(ALL)))
    for command in (*GIVEN, Echo(1, 7, 1), buy(1, 200, 10, 2)):
        assert command == commands.decode(msgspec.msgpack.encode(command))
    for event in (Echoed(1, 7, 1), e.Refused(EchoReason.TOO_LOUD, 1, 2, 1_001, 1_000)):
        assert event == events.decode(msgspec.msgpack.encode(event))
    assert Echo in account_command_types(ALL)
    assert set(account_command_types()) == set(account_command_types(ALL)) - {Echo}


def test_modes_share_no_name_tag_or_reason():
    """What is stored under a number means one thing."""
    names = Counter(mode.name for mode in ALL)
    commands = Counter(kind.__struct_config__.tag for kind in command_types(ALL))
    events = Counter(kind.__struct_config__.tag for kind in event_types(ALL))
    reasons = Counter(int(each) for kind in (Reason, *(mode.reasons or () for mode in ALL)) for each in kind)
    steps = Counter(kind.__struct_config__.tag for kind in step_types(ALL))
    assert {1} == {*names.values(), *commands.values(), *events.values(), *reasons.values(), *steps.values()}
    assert max(Reason) < 100 <= min(EchoReason)

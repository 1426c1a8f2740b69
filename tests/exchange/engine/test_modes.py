"""A mode is one module and one line in a table: engine and decoders find everything else there."""

from collections import Counter

import msgspec

from exchange.engine import events as e
from exchange.engine.commands import GTC
from exchange.engine.core import MODES, Engine, account_command_types, any_of, command_types, event_types
from exchange.engine.events import Reason
from exchange.engine.modes.continuous import Accepted
from tests.exchange.engine import echo_mode
from tests.exchange.engine.echo_mode import Echo, Echoed, EchoReason
from tests.exchange.engine.market_table import BUY, CREDIT, FIRST, GIVEN, buy

ALL = (*MODES, echo_mode.MODE)


def engine_with_echo() -> Engine:
    """The accounts of the examples, in an engine that has the test's mode."""
    engine = Engine(modes=ALL)
    for command in GIVEN:
        engine.apply(command)
    return engine


def test_a_mode_carries_its_commands_out():
    """Its events and its own reasons come back; what every mode shares is as ever."""
    engine = engine_with_echo()
    assert [Echoed(1, 7, 1)] == engine.apply(Echo(1, 7, 1))
    assert [e.Refused(EchoReason.TOO_LOUD, 1, 2, 1_001, 1_000)] == engine.apply(Echo(1, 1_001, 2))
    assert [e.Refused(Reason.STALE_CLIENT_ORDER_ID, 1, 2, 2, 2)] == engine.apply(Echo(1, 7, 2))
    assert [e.Refused(Reason.UNKNOWN_ACCOUNT, 77, 1, 0, 0)] == engine.apply(Echo(77, 7, 1))
    assert [Accepted(FIRST + 4, 1, CREDIT, BUY, 200, 10, 3, GTC)] == engine.apply(buy(1, 200, 10, 3))


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
    assert {1} == {*names.values(), *commands.values(), *events.values(), *reasons.values()}
    assert max(Reason) < 100 <= min(EchoReason)

"""Numbers of accounts: each is used once, in any order near the highest, and none locks its account."""

from random import Random

import pytest

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.core import Engine
from exchange.engine.events import Cause, Reason
from exchange.engine.layouts import STATE_CODEC
from exchange.engine.modes.continuous import Accepted
from tests.exchange.engine.market_table import BUY, CREDIT, FIRST, Table, buy, reduced
from tests.oracle.market_state import standing

FAR = 2**53 - 2**32
LARGEST = 2**53 - 1


def outcome(table: Table, number: int) -> int:
    """What an order of account 4 with this number came to: 0 for accepted, or the reason."""
    (event,) = table.tell(buy(4, 100, 10, number))
    return event.reason if isinstance(event, e.Refused) else 0


def test_a_thousand_numbers_are_taken_in_any_order_and_each_once():
    """As parallel requests arrive: shuffled, then all of them again."""
    engine = Table(c.CreditCash(11, 4, 4, 10_000_000)).engine
    first, *numbers = range(1_073, 49, -1)
    Random(1).shuffle(numbers)
    for number in (first, *numbers):
        assert isinstance(engine.apply(buy(4, 100, 10, number))[0], Accepted)
    engine = Engine(state.load(state.dump(engine.market)))
    for number in (first, *numbers):
        stale = e.Refused(Reason.STALE_CLIENT_ORDER_ID, 4, number, number, first)
        assert [stale] == engine.apply(buy(4, 100, 10, number))


@pytest.mark.parametrize(
    ("used", "number", "expected"),
    [
        ([2_000], 977, 0),
        ([2_000], 976, Reason.STALE_CLIENT_ORDER_ID),
        ([977, 2_000], 977, Reason.STALE_CLIENT_ORDER_ID),
        ([953, 1_977], 953 + 2_048, 0),
        ([953, 1_976, 1_977], 954, 0),
        ([], 0, Reason.STALE_CLIENT_ORDER_ID),
        ([5], 0, Reason.STALE_CLIENT_ORDER_ID),
        ([], FAR, 0),
        ([], FAR + 1, Reason.CLIENT_ORDER_ID_TOO_FAR),
        ([7], 7 + 2**32, 0),
        ([7], 8 + 2**32, Reason.CLIENT_ORDER_ID_TOO_FAR),
        ([1_790_000_000_000], 1_790_003_600_000, 0),  # milliseconds, an hour later
        ([FAR], LARGEST, 0),
        ([FAR, LARGEST], LARGEST - 1, 0),
        ([FAR, LARGEST], LARGEST + 1, Reason.CLIENT_ORDER_ID_TOO_FAR),
    ],
)
def test_which_number_may_follow(used, number, expected):
    """At every border of the window and of a jump; the same behind a snapshot."""
    table = Table(*(buy(4, 100, 10, each) for each in used))
    reloaded = Engine(state.load(state.dump(table.engine.market)))
    events = reloaded.apply(buy(4, 100, 10, number))
    assert expected == outcome(table, number)
    assert expected == (events[0].reason if isinstance(events[0], e.Refused) else 0)


def test_no_number_can_lock_an_account_in_one_step():
    """The largest number of all is refused, and the next is taken."""
    table = Table()
    assert Reason.CLIENT_ORDER_ID_TOO_FAR == outcome(table, LARGEST)
    assert 0 == outcome(table, 1)


def test_cancels_work_without_a_number():
    """One or all, as often as one likes; none is used up."""
    table = Table(*(buy(2, 200, 10, number) for number in (1, 2, 3)))
    before = standing(table.engine.market)[2]
    assert [e.Reduced(FIRST, 2, CREDIT, BUY, 200, 10, Cause.OWNER, 0)] == table.tell(c.Cancel(2, FIRST, 0))
    assert [e.Refused(Reason.NOT_OPEN, 2, 0, FIRST, 0)] == table.tell(c.Cancel(2, FIRST, 0))
    everything = table.tell(c.CancelAll(2, 0, 0))
    assert [(FIRST + 1, 10, Cause.OWNER), (FIRST + 2, 10, Cause.OWNER)] == reduced(everything)
    assert e.Completed(2, 0, 2) == everything[-1]
    assert [e.Completed(2, 0, 0)] == table.tell(c.CancelAll(2, 0, 0))
    assert [e.Refused(Reason.UNKNOWN_ACCOUNT, 77, 0, 0, 0)] == table.tell(c.CancelAll(77, 0, 0))
    assert before == standing(table.engine.market)[2]


def test_an_account_without_numbers_goes_on_from_the_number_in_the_instruction():
    """As the migration tells it of an account that was locked: from 40, or anew; those behind count as used."""
    table = Table(buy(4, 100, 10, FAR), buy(4, 100, 10, LARGEST), c.Halt(11, CREDIT, 1, on=False))
    assert [e.NumbersRestarted(12, 4, 40)] == table.tell(c.RestartNumbers(12, 4, 40))
    assert [Reason.STALE_CLIENT_ORDER_ID, 0, Reason.CLIENT_ORDER_ID_TOO_FAR] == [
        outcome(table, number) for number in (39, 41, LARGEST)
    ]
    table.tell(c.RestartNumbers(13, 4, 0))
    assert [0, 0] == [outcome(table, number) for number in (39, 41)]


def test_a_window_is_stored_in_few_bytes():
    """One bit for each number, in one spelling: an account of 1,024 gaps needs one byte more than one of none."""
    table = Table()
    sizes = []
    for number in (1, 2, 3, 2_000, 977):
        outcome(table, number)
        sizes.append(len(state.dump(table.engine.market)))
    market = table.engine.market
    assert state.dump(market) == state.dump(state.load(state.dump(market), STATE_CODEC))
    assert 128 > sizes[3] - sizes[0]

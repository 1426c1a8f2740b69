"""What takes long is done in steps: nothing else happens between them, and the last one says that it is done."""

import pytest

from exchange.engine import cancelling, state
from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.core import Engine
from exchange.engine.events import Cause, Reason
from exchange.engine.market import OPEN_ORDERS_LIMIT, STEP
from exchange.engine.modes import continuous, listings
from tests.exchange.engine.market_table import BUY, CREDIT, FIRST, Table, buy, reduced, sell
from tests.oracle.market_state import open_orders

FIVE: tuple[c.Command, ...] = (
    buy(2, 200, 10, 1),
    sell(2, 300, 10, 2),
    listings.OpenListing(2, CREDIT, 300, 10, 3),
    buy(2, 195, 10, 4),
    continuous.Amend(2, FIRST, 190, 10, 5),
    buy(2, 185, 10, 6),
    buy(3, 200, 10, 1),
)
BETWEEN: tuple[c.Command, ...] = (
    buy(4, 200, 10, 9),
    c.Cancel(2, FIRST, 9),
    c.CancelAll(4, 0, 9),
    continuous.Amend(2, FIRST, 190, 10, 9),
    listings.OpenListing(1, CREDIT, 300, 10, 9),
    listings.Subscribe(4, FIRST + 2, 10, 9),
    c.Settle(1, ()),
    c.Refund(1, ()),
    c.CreditCash(99, 1, 1, 5),
    c.CreditTonnes(99, 1, 1, CREDIT, 5),
    c.DebitCash(99, 1, 5),
    c.DebitTonnes(99, 1, CREDIT, 5),
    c.OpenInstrument(99, 8, 1, 1, 1, 9, 0, 90, 9),
    c.SetBand(99, CREDIT, 100, 900),
    c.Halt(99, CREDIT, 1, on=True),
    c.Freeze(99, 4, on=True),
)


@pytest.fixture
def two_at_once(monkeypatch):
    """A step closes two orders."""
    monkeypatch.setattr(cancelling, "STEP", 2)


def table_of_five() -> Table:
    """Account 2 has five orders open, with two at once."""
    table = Table()
    table.naive.step = 2
    table.tell(*FIVE)
    return table


def test_a_cancel_of_everything_goes_on_until_everything_is_closed(two_at_once):
    """The oldest first, in the order of their numbers; the last step says how many they were in all."""
    table = table_of_five()
    first = table.tell(c.CancelAll(2, 0, 7))
    assert [(FIRST, 10, Cause.OWNER), (FIRST + 1, 10, Cause.OWNER)] == reduced(first)
    assert 2 == len(first)
    assert [FIRST + 2, FIRST + 3] == [each[0] for each in reduced(table.tell(c.Continue()))]
    assert [
        e.Reduced(FIRST + 5, 2, CREDIT, BUY, 185, 10, Cause.OWNER, 0),
        e.Completed(2, 7, 5),
    ] == table.tell(c.Continue())
    assert table.engine.market.unfinished is None
    assert [FIRST + 6] == list(open_orders(table.engine.market))


@pytest.mark.parametrize(("orders", "steps"), [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2)])
def test_a_step_that_is_just_large_enough_is_the_last(two_at_once, orders, steps):
    """There is no empty step at the end."""
    table = Table(*(buy(2, 200, 10, 1 + each) for each in range(orders)))
    table.naive.step = 2
    events = table.tell(c.CancelAll(2, CREDIT, 50), *[c.Continue()] * (steps - 1))
    assert e.Completed(2, 50, orders) == events[-1]
    assert [e.Refused(Reason.NOTHING_UNFINISHED, 0, 0, 0, 0)] == table.tell(c.Continue())


def test_a_freeze_holds_from_its_first_step(two_at_once):
    """It is said first; what is open is closed bit by bit, and nothing is said at the end."""
    table = table_of_five()
    first = table.tell(c.Freeze(11, 2, on=True))
    assert e.FreezeChanged(11, 2, on=True) == first[0]
    assert [e.Reduced] * 2 == [type(each) for each in first[1:]]
    assert table.engine.market.accounts[2].frozen
    rest = table.tell(c.Continue(), c.Continue())
    assert [Cause.FREEZE] * 3 == [each[2] for each in reduced(rest)]
    assert 3 == len(rest)
    assert [FIRST + 6] == list(open_orders(table.engine.market))


@pytest.mark.parametrize("command", BETWEEN, ids=repr)
def test_everything_else_is_refused_meanwhile_without_a_trace(two_at_once, command):
    """As busy; sent again when it is over, it is carried out, under the same number."""
    table = table_of_five()
    table.tell(c.CancelAll(2, 0, 7))
    (refusal,) = table.tell(command)
    assert isinstance(refusal, e.Refused | e.InstructionRefused)
    assert Reason.BUSY == refusal.reason
    table.tell(c.Continue(), c.Continue())
    after = table.tell(command)[0]
    assert not isinstance(after, e.InstructionRefused)
    assert not isinstance(after, e.Refused) or Reason.NOT_OPEN == after.reason


def test_nobody_can_tell_that_a_snapshot_was_between_two_steps(two_at_once):
    """What remains is part of the state."""
    table = table_of_five()
    table.tell(c.CancelAll(2, 0, 7))
    hashes = set()
    for _ in range(2):
        hashes.add(state.state_hash(table.engine.market))
        table.engine = Engine(state.load(state.dump(table.engine.market)))
        table.tell(c.Continue())
    hashes.add(state.state_hash(table.engine.market))
    assert 3 == len(hashes)
    assert e.Completed(2, 8, 0) == table.tell(c.CancelAll(2, 0, 8))[-1]


def test_ten_thousand_orders_are_closed_a_thousand_at_a_time():
    """The most that an account may have open."""
    engine = Table().engine
    engine.apply(c.CreditCash(11, 4, 4, 10**9))
    for number in range(OPEN_ORDERS_LIMIT):
        engine.apply(buy(4, 200 + 5 * (number % 9), 10, 1 + number))
    sizes = [len(engine.apply(c.CancelAll(4, 0, 10**6)))]
    while engine.market.unfinished is not None:
        sizes.append(len(events := engine.apply(c.Continue())))
    assert [STEP] * 9 + [STEP + 1] == sizes
    assert e.Completed(4, 10**6, OPEN_ORDERS_LIMIT) == events[-1]

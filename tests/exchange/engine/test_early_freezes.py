"""A freeze that comes before the first credit, and amendments that leave nothing open."""

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.core import Engine
from exchange.engine.events import Cause, Reason
from exchange.engine.modes.continuous import Accepted, Amend
from tests.exchange.engine.market_table import CREDIT, FIRST, SELL, Table, buy, sell


def test_a_freeze_waits_for_the_first_credit():
    """Of money or tonnes, also behind a snapshot; lifted, the account trades."""
    table = Table()
    assert [e.FreezeChanged(11, 5, on=True)] == table.tell(c.Freeze(11, 5, on=True))
    table.engine = Engine(state.load(state.dump(table.engine.market)))
    table.tell(c.CreditCash(12, 5, 5, 10_000))
    assert [e.Refused(Reason.FROZEN, 5, 1, 0, 0)] == table.tell(buy(5, 200, 10, 1))
    assert [e.InstructionRefused(13, 5, Reason.FROZEN, 0, 0)] == table.tell(c.DebitCash(13, 5, 1))
    table.tell(c.Freeze(14, 5, on=False))
    assert isinstance(table.tell(buy(5, 200, 10, 2))[0], Accepted)


def test_a_freeze_that_is_lifted_before_the_first_credit_leaves_nothing():
    """Made twice, lifted twice: not a byte of it stays in the state."""
    table = Table()
    before = state.dump(table.engine.market)
    for number, on in enumerate((True, True, False, False), 11):
        table.tell(c.Freeze(number, 5, on=on))
    table.engine.market.sequence -= 4
    table.engine.market.last_instruction -= 4
    assert before == state.dump(table.engine.market)
    table.engine.market.sequence += 4
    table.engine.market.last_instruction += 4
    table.tell(c.CreditTonnes(15, 5, 5, CREDIT, 10))
    assert isinstance(table.tell(sell(5, 200, 10, 1))[0], Accepted)


def test_an_amendment_to_what_was_traded_or_less_closes_the_order():
    """30 t of which 20 t were sold, amended to 20 t or to 10 t; even while it is halted, as a cancel."""
    for quantity in (20, 10, 7):
        table = Table(sell(1, 200, 30, 1), buy(2, 200, 20, 1), c.Halt(11, CREDIT, 1, on=True))
        assert [
            e.Reduced(FIRST, 1, CREDIT, SELL, 200, 10, Cause.OWNER, 2),
            e.Completed(1, 2),
        ] == table.tell(Amend(1, FIRST, 200, quantity, 2))
        assert [] == table.asks()
        assert [e.Refused(Reason.NOT_OPEN, 1, 3, FIRST, 0)] == table.tell(Amend(1, FIRST, 200, 30, 3))


def test_an_amendment_to_nothing_is_refused():
    """Of an order that sold something as of one that did not: a quantity is at least one lot."""
    table = Table(sell(1, 200, 30, 1), buy(2, 200, 20, 1), sell(1, 205, 30, 2))
    assert [e.Refused(Reason.QUANTITY_OFF_LOT, 1, 3, 0, 10)] == table.tell(Amend(1, FIRST, 200, 0, 3))
    assert [e.Refused(Reason.QUANTITY_OFF_LOT, 1, 4, -10, 10)] == table.tell(Amend(1, FIRST + 2, 205, -10, 4))

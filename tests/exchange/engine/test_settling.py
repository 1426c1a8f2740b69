"""Settled, refunded, and what can be used before."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.modes import continuous
from tests.exchange.engine.market_table import CREDIT, FEES, Table, buy, sell

NOTHING = (0, 0, 0, 0)


def traded_twice() -> Table:
    """Account 2 bids 300 and gets 30 t at 200 and 10 t at 250, of 50 t: 8,500 fen, fees of 15 and 6."""
    return Table(sell(1, 200, 30, 1), sell(4, 250, 10, 1), buy(2, 300, 50, 1))


def test_a_settled_trade_moves_money_fee_and_tonnes():
    """What was outgoing is gone, what was incoming is settled; the other trade waits."""
    table = traded_twice()
    assert [e.Settled(9, (1,))] == table.tell(c.Settle(9, (1,)))
    assert (1_000_000 - 6_000 - 2_500 - 3_000, 3_000, 0, 2_500) == table.cash(2)
    assert (1_030, 0, 10, 0) == table.tonnes(2)
    assert (1_000_000 + 6_000 - 15, 0, 0, 0) == table.cash(1)
    assert (980, 0, 0, 0) == table.tonnes(1)
    assert (15, 0, 6, 0) == table.cash(FEES)
    assert (1_000_000, 0, 2_494, 0) == table.cash(4)
    assert (990, 0, 0, 10) == table.tonnes(4)


def test_a_refunded_trade_was_never_made():
    """Buyer, seller and fee account have what they had; what still rests stays locked."""
    table = traded_twice()
    assert [e.Refunded(9, (2, 1))] == table.tell(c.Refund(9, (2, 1)))
    assert (997_000, 3_000, 0, 0) == table.cash(2)
    assert (1_000, 0, 0, 0) == table.tonnes(2)
    assert [(1_010, 0, 0, 0), (1_000, 0, 0, 0)] == [table.tonnes(1), table.tonnes(4)]
    assert [(1_000_000, 0, 0, 0)] * 2 == [table.cash(1), table.cash(4)]
    assert NOTHING == table.cash(FEES)


def test_several_trades_of_one_delivery_settle_together():
    """And nothing waits any more; an empty delivery says so and changes nothing."""
    table = traded_twice()
    table.tell(c.Settle(9, (1, 2)))
    assert {} == table.engine.market.unsettled
    assert [e.Settled(10, ())] == table.tell(c.Settle(10, ()))
    assert [e.Refunded(11, ())] == table.tell(c.Refund(11, ()))


def test_a_delivery_with_one_wrong_trade_settles_none():
    """All or nothing: the right one before it waits as before."""
    table = traded_twice()
    before = table.all_but_standing()
    assert [e.Refused(e.Reason.NOT_OUTSTANDING, 0, 0, 3, 9)] == table.tell(c.Settle(9, (1, 3, 2)))
    assert before == table.all_but_standing()


def test_what_was_bought_can_be_sold_once_it_is_settled():
    """Not a tonne of it before; and a refund therefore never reaches a second trade."""
    table = Table(c.DebitTonnes(11, 2, CREDIT, 1_000), sell(1, 200, 50, 1), buy(2, 200, 50, 1))
    assert [e.Refused(e.Reason.NOT_ENOUGH_TONNES, 2, 2, 10, 0)] == table.tell(sell(2, 200, 10, 2))
    table.tell(c.Settle(1, (1,)))
    assert [continuous.Accepted] == [type(each) for each in table.tell(sell(2, 200, 50, 3))]


def test_a_trade_of_an_account_frozen_since_is_still_settled_or_refunded():
    """It was committed before; the halt of its instrument does not matter either."""
    table = traded_twice()
    table.tell(c.Freeze(11, 2, on=True), c.Freeze(12, 1, on=True), c.Halt(13, CREDIT, 2, on=True))
    assert [e.Settled(1, (1,)), e.Refunded(2, (2,))] == table.tell(c.Settle(1, (1,)), c.Refund(2, (2,)))


def test_the_fee_account_may_trade():
    """As seller it receives the price and the fee, in one holding."""
    table = Table(
        c.CreditTonnes(11, FEES, 9, CREDIT, 10), continuous.Place(FEES, CREDIT, c.SELL, 200, 10, 1), buy(2, 200, 10, 1)
    )
    assert (0, 0, 2_000, 0) == table.cash(FEES)
    table.tell(c.Settle(1, (1,)))
    assert (2_000, 0, 0, 0) == table.cash(FEES)


@pytest.mark.parametrize(
    ("bps", "price", "quantity", "fee"),
    [
        (0, 1_000, 100, 0),
        (25, 399, 1, 0),  # 0.9975
        (25, 400, 1, 1),  # exactly 1
        (25, 799, 1, 1),  # 1.9975
        (1, 9_999, 1, 0),
        (1, 10_000, 1, 1),
        (3_333, 3, 1, 0),
        (9_999, 1, 1, 0),
        (10_000, 7, 3, 21),  # all of it
        (33, 10_000_000, 100_000, 3_300_000_000),
    ],
)
def test_a_fee_is_rounded_down_for_each_trade(bps, price, quantity, fee):
    """Ten-thousandths of the amount, in favour of the seller; what the seller gets and the fee are the amount."""
    table = Table(
        given=(
            c.OpenInstrument(1, CREDIT, 1, 1, 1, 10_000_000, bps, FEES, 9),
            c.CreditCash(2, 2, 2, price * quantity),
            c.CreditTonnes(3, 1, 1, CREDIT, quantity),
        )
    )
    table.tell(sell(1, price, quantity, 1), buy(2, price, quantity, 1))
    assert (0, 0, price * quantity - fee, 0) == table.cash(1)
    assert (0, 0, fee, 0) == table.cash(FEES)
    table.tell(c.Settle(1, (1,)))
    assert [price * quantity - fee, fee] == [table.cash(1)[0], table.cash(FEES)[0]]


def test_the_largest_amounts_are_exact():
    """All money there may be, the highest price and the largest quantity in one trade."""
    price, quantity = 10_000_000, 100_000_000
    table = Table(
        given=(
            c.OpenInstrument(1, CREDIT, 1, 1, 1, price, 10_000, FEES, 9),
            c.CreditCash(2, 2, 2, 2**53 - 1),
            c.CreditTonnes(3, 1, 1, CREDIT, 2**53 - 1),
        )
    )
    table.tell(sell(1, price, quantity, 1), buy(2, price, quantity, 1), c.Settle(1, (1,)))
    assert (2**53 - 1 - 10**15, 0, 0, 0) == table.cash(2)
    assert (10**15, 0, 0, 0) == table.cash(FEES)
    assert [e.InstructionRefused(4, 3, e.Reason.TOO_LARGE, 1, 0)] == table.tell(c.CreditCash(4, 3, 3, 1))


def test_money_and_tonnes_come_and_go():
    """Credits and debits of what is settled, down to nothing; a first credit's owner stays the owner."""
    table = Table()
    assert [e.CashCredited(11, 2, 5)] == table.tell(c.CreditCash(11, 2, 77, 5))
    assert 2 == table.engine.market.accounts[2].group
    assert [e.CashDebited(12, 2, 1_000_005)] == table.tell(c.DebitCash(12, 2, 1_000_005))
    assert [e.TonnesCredited(13, 2, CREDIT, 5)] == table.tell(c.CreditTonnes(13, 2, 2, CREDIT, 5))
    assert [e.TonnesDebited(14, 2, CREDIT, 1_005)] == table.tell(c.DebitTonnes(14, 2, CREDIT, 1_005))
    assert [NOTHING, NOTHING] == [table.cash(2), table.tonnes(2)]
    assert [e.CashCredited(15, 6, 9)] == table.tell(c.CreditCash(15, 6, 6, 9)), "and a new account begins to exist"


orders = st.tuples(st.sampled_from([1, 2, 4]), st.booleans(), st.integers(36, 44), st.integers(1, 9))


@settings(deadline=None)
@given(st.lists(orders, min_size=2, max_size=25), st.randoms(use_true_random=False))
def test_a_refund_of_everything_is_as_if_nobody_had_traded(placed, dice):
    """Cancel what is open, refund what is not delivered, in any order: all have what they began with."""
    table, untouched = Table(), Table()
    numbers = {1: 0, 2: 0, 4: 0}
    for account, selling, price, lots in placed:
        numbers[account] += 1
        table.tell((sell if selling else buy)(account, price * 5, lots * 10, numbers[account]))
    waiting = list(table.engine.market.unsettled)
    dice.shuffle(waiting)
    cut = dice.randrange(len(waiting) + 1)
    table.tell(c.Refund(1, tuple(waiting[:cut])))
    table.tell(*(c.CancelAll(account, 0, 99) for account in numbers))
    table.tell(c.Refund(2, tuple(waiting[cut:])))
    for account in (*numbers, FEES):
        assert untouched.cash(account) == table.cash(account)
        assert untouched.tonnes(account) == table.tonnes(account)

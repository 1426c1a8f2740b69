"""Every refusal, with its two numbers, and that it changes nothing."""

import pytest

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.events import Reason
from exchange.engine.modes import continuous, listings
from tests.exchange.engine.market_table import CREDIT, FEES, FIRST, Table, buy, sell

HALT = c.Halt(11, CREDIT, c.HALTED_BY_FREEZE, on=True)
FREEZE = c.Freeze(11, 2, on=True)
LISTING = listings.OpenListing(1, CREDIT, 200, 100, 1)
HUGE = 2**63
LARGEST = 2**53 - 1
FAR = 2**53 - 2**32


def refused(reason: Reason, account: int, number: int, wanted: int = 0, limit: int = 0) -> e.Refused:
    """A refusal of an account's command."""
    return e.Refused(reason, account, number, wanted, limit)


def instruction_refused(
    reason: Reason, account: int = 0, wanted: int = 0, limit: int = 0, number: int = 11
) -> e.InstructionRefused:
    """A refusal of an instruction."""
    return e.InstructionRefused(number, account, reason, wanted, limit)


def opened(instrument: int = 8, *, tick: int = 1, lot: int = 1, low: int = 1, high: int = 9, fee: int = 0) -> c.Command:
    """An instrument, mostly a new one."""
    return c.OpenInstrument(11, instrument, tick, lot, low, high, fee, FEES, 9)


Case = tuple[list[c.Command], c.Command, e.Refused | e.InstructionRefused]

CASES: list[Case] = [
    # Before anything else: who asks, and whether it was asked before.
    ([], buy(5, 200, 10, 1), refused(Reason.UNKNOWN_ACCOUNT, 5, 1)),
    ([], c.Cancel(5, 11, 1), refused(Reason.UNKNOWN_ACCOUNT, 5, 1)),
    ([], c.CancelAll(5, 0, 1), refused(Reason.UNKNOWN_ACCOUNT, 5, 1)),
    ([], continuous.Amend(5, 11, 200, 10, 1), refused(Reason.UNKNOWN_ACCOUNT, 5, 1)),
    ([], listings.OpenListing(5, CREDIT, 200, 10, 1), refused(Reason.UNKNOWN_ACCOUNT, 5, 1)),
    ([], listings.Subscribe(5, 11, 10, 1), refused(Reason.UNKNOWN_ACCOUNT, 5, 1)),
    ([buy(2, 200, 10, 3)], buy(2, 200, 10, 3), refused(Reason.STALE_CLIENT_ORDER_ID, 2, 3, 3, 3)),
    ([buy(2, 200, 10, 3)], c.Cancel(2, FIRST, 3), refused(Reason.STALE_CLIENT_ORDER_ID, 2, 3, 3, 3)),
    ([buy(2, 200, 10, 3)], c.Cancel(2, FIRST, -1), refused(Reason.STALE_CLIENT_ORDER_ID, 2, -1, -1, 3)),
    ([buy(2, 200, 10, 2_000)], buy(2, 200, 10, 976), refused(Reason.STALE_CLIENT_ORDER_ID, 2, 976, 976, 2_000)),
    ([], buy(2, 200, 10, FAR + 1), refused(Reason.CLIENT_ORDER_ID_TOO_FAR, 2, FAR + 1, FAR + 1, FAR)),
    (
        [buy(2, 200, 10, 3)],
        c.Cancel(2, FIRST, 2**32 + 4),
        refused(Reason.CLIENT_ORDER_ID_TOO_FAR, 2, 2**32 + 4, 2**32 + 4, 2**32 + 3),
    ),
    (
        [buy(2, 200, 10, FAR), buy(2, 200, 10, LARGEST)],
        buy(2, 200, 10, LARGEST + 1),
        refused(Reason.CLIENT_ORDER_ID_TOO_FAR, 2, LARGEST + 1, LARGEST + 1, LARGEST),
    ),
    ([], c.RestartNumbers(11, 5, 7), instruction_refused(Reason.UNKNOWN_ACCOUNT, 5)),
    ([], c.RestartNumbers(10, 2, 7), instruction_refused(Reason.STALE_INSTRUCTION, 0, 10, 10, number=10)),
    ([buy(2, 200, 10, 3)], c.CancelAll(2, 0, 3), refused(Reason.STALE_CLIENT_ORDER_ID, 2, 3, 3, 3)),
    ([buy(2, 200, 10, 3)], continuous.Amend(2, FIRST, 200, 20, 0), refused(Reason.STALE_CLIENT_ORDER_ID, 2, 0, 0, 3)),
    (
        [buy(2, 200, 10, 3)],
        listings.OpenListing(2, CREDIT, 200, 10, -HUGE),
        refused(Reason.STALE_CLIENT_ORDER_ID, 2, -HUGE, -HUGE, 3),
    ),
    (
        [LISTING, buy(2, 200, 10, 3)],
        listings.Subscribe(2, FIRST, 10, 3),
        refused(Reason.STALE_CLIENT_ORDER_ID, 2, 3, 3, 3),
    ),
    ([], c.CreditCash(10, 1, 1, 5), instruction_refused(Reason.STALE_INSTRUCTION, 0, 10, 10, number=10)),
    ([], c.CreditTonnes(9, 1, 1, CREDIT, 5), instruction_refused(Reason.STALE_INSTRUCTION, 0, 9, 10, number=9)),
    ([], c.DebitCash(1, 1, 5), instruction_refused(Reason.STALE_INSTRUCTION, 0, 1, 10, number=1)),
    ([], c.DebitTonnes(0, 1, CREDIT, 5), instruction_refused(Reason.STALE_INSTRUCTION, 0, 0, 10, number=0)),
    ([], c.SetBand(10, CREDIT, 1, 2), instruction_refused(Reason.STALE_INSTRUCTION, 0, 10, 10, number=10)),
    ([], c.Halt(10, CREDIT, 1, on=True), instruction_refused(Reason.STALE_INSTRUCTION, 0, 10, 10, number=10)),
    ([], c.Freeze(10, 1, on=True), instruction_refused(Reason.STALE_INSTRUCTION, 0, 10, 10, number=10)),
    # What is traded, and whether it is now.
    ([], continuous.Place(2, 8, c.BUY, 200, 10, 1), refused(Reason.UNKNOWN_INSTRUMENT, 2, 1, 8)),
    ([], listings.OpenListing(2, 8, 200, 10, 1), refused(Reason.UNKNOWN_INSTRUMENT, 2, 1, 8)),
    ([], c.SetBand(11, 8, 1, 2), instruction_refused(Reason.UNKNOWN_INSTRUMENT, 0, 8)),
    ([], c.Halt(11, 8, 1, on=True), instruction_refused(Reason.UNKNOWN_INSTRUMENT, 0, 8)),
    ([], c.CreditTonnes(11, 2, 2, 8, 5), instruction_refused(Reason.UNKNOWN_INSTRUMENT, 2, 8)),
    ([], opened(CREDIT), instruction_refused(Reason.INSTRUMENT_OPEN, 0, CREDIT)),
    ([HALT], buy(2, 200, 10, 1), refused(Reason.HALTED, 2, 1, CREDIT, c.HALTED_BY_FREEZE)),
    ([HALT], listings.OpenListing(2, CREDIT, 200, 10, 1), refused(Reason.HALTED, 2, 1, CREDIT, c.HALTED_BY_FREEZE)),
    ([buy(2, 200, 10, 1), HALT], continuous.Amend(2, FIRST, 205, 10, 2), refused(Reason.HALTED, 2, 2, CREDIT, 2)),
    ([LISTING, HALT], listings.Subscribe(2, FIRST, 10, 1), refused(Reason.HALTED, 2, 1, CREDIT, 2)),
    ([FREEZE], buy(2, 200, 10, 1), refused(Reason.FROZEN, 2, 1)),
    ([FREEZE], listings.OpenListing(2, CREDIT, 200, 10, 1), refused(Reason.FROZEN, 2, 1)),
    ([LISTING, FREEZE], listings.Subscribe(2, FIRST, 10, 1), refused(Reason.FROZEN, 2, 1)),
    ([FREEZE], c.DebitCash(12, 2, 5), instruction_refused(Reason.FROZEN, 2, number=12)),
    ([FREEZE], c.DebitTonnes(12, 2, CREDIT, 5), instruction_refused(Reason.FROZEN, 2, number=12)),
    # Prices and quantities.
    ([], buy(2, 101, 10, 1), refused(Reason.PRICE_OFF_TICK, 2, 1, 101, 5)),
    ([], listings.OpenListing(2, CREDIT, 999, 10, 1), refused(Reason.PRICE_OFF_TICK, 2, 1, 999, 5)),
    ([buy(2, 200, 10, 1)], continuous.Amend(2, FIRST, 203, 10, 2), refused(Reason.PRICE_OFF_TICK, 2, 2, 203, 5)),
    ([], opened(tick=0), instruction_refused(Reason.PRICE_OFF_TICK, 0, 0, 1)),
    ([], opened(tick=-HUGE), instruction_refused(Reason.PRICE_OFF_TICK, 0, -HUGE, 1)),
    ([], buy(2, 200, 15, 1), refused(Reason.QUANTITY_OFF_LOT, 2, 1, 15, 10)),
    ([], sell(2, 200, 0, 1), refused(Reason.QUANTITY_OFF_LOT, 2, 1, 0, 10)),
    ([], sell(2, 200, -10, 1), refused(Reason.QUANTITY_OFF_LOT, 2, 1, -10, 10)),
    ([], listings.OpenListing(2, CREDIT, 200, -HUGE, 1), refused(Reason.QUANTITY_OFF_LOT, 2, 1, -HUGE, 10)),
    ([LISTING], listings.Subscribe(2, FIRST, 9, 1), refused(Reason.QUANTITY_OFF_LOT, 2, 1, 9, 10)),
    ([LISTING], listings.Subscribe(2, FIRST, -10, 1), refused(Reason.QUANTITY_OFF_LOT, 2, 1, -10, 10)),
    ([buy(2, 200, 20, 1)], continuous.Amend(2, FIRST, 200, 11, 2), refused(Reason.QUANTITY_OFF_LOT, 2, 2, 11, 10)),
    ([], opened(lot=0), instruction_refused(Reason.QUANTITY_OFF_LOT, 0, 0, 1)),
    ([], c.CreditCash(11, 2, 2, 0), instruction_refused(Reason.QUANTITY_OFF_LOT, 2, 0, 1)),
    ([], c.CreditTonnes(11, 2, 2, CREDIT, -1), instruction_refused(Reason.QUANTITY_OFF_LOT, 2, -1, 1)),
    ([], c.DebitCash(11, 2, -HUGE), instruction_refused(Reason.QUANTITY_OFF_LOT, 2, -HUGE, 1)),
    ([], c.DebitTonnes(11, 2, CREDIT, -1), instruction_refused(Reason.QUANTITY_OFF_LOT, 2, -1, 1)),
    ([], buy(2, 95, 10, 1), refused(Reason.PRICE_BELOW_BAND, 2, 1, 95, 100)),
    ([], sell(2, -HUGE, 10, 1), refused(Reason.PRICE_BELOW_BAND, 2, 1, -HUGE, 100)),
    (
        [LISTING, c.SetBand(11, CREDIT, 300, 400)],
        listings.Subscribe(2, FIRST, 10, 1),
        refused(Reason.NOT_OPEN, 2, 1, FIRST),
    ),
    ([], opened(low=0), instruction_refused(Reason.PRICE_BELOW_BAND, 0, 0, 1)),
    ([], c.SetBand(11, CREDIT, -5, 1_000), instruction_refused(Reason.PRICE_BELOW_BAND, 0, -5, 1)),
    ([], sell(2, 1_005, 10, 1), refused(Reason.PRICE_ABOVE_BAND, 2, 1, 1_005, 1_000)),
    ([], buy(2, HUGE, 10, 1), refused(Reason.PRICE_ABOVE_BAND, 2, 1, HUGE, 1_000)),
    (
        [sell(2, 200, 10, 1)],
        continuous.Amend(2, FIRST, HUGE, 10, 2),
        refused(Reason.PRICE_ABOVE_BAND, 2, 2, HUGE, 1_000),
    ),
    ([], buy(2, 200, 100_000_010, 1), refused(Reason.TOO_LARGE, 2, 1, 100_000_010, 100_000_000)),
    ([], sell(2, 200, 10 * HUGE, 1), refused(Reason.TOO_LARGE, 2, 1, 10 * HUGE, 100_000_000)),
    ([LISTING], listings.Subscribe(2, FIRST, 10 * HUGE, 1), refused(Reason.TOO_LARGE, 2, 1, 10 * HUGE, 100_000_000)),
    ([], c.CreditCash(11, 2, 2, HUGE), instruction_refused(Reason.TOO_LARGE, 2, HUGE, LARGEST - 4_000_000)),
    ([], c.CreditTonnes(11, 2, 2, CREDIT, LARGEST), instruction_refused(Reason.TOO_LARGE, 2, LARGEST, LARGEST - 4_010)),
    ([], opened(high=10_000_001), instruction_refused(Reason.TOO_LARGE, 0, 10_000_001, 10_000_000)),
    ([], opened(fee=10_001), instruction_refused(Reason.TOO_LARGE, 0, 10_001, 10_000)),
    ([], c.SetBand(11, CREDIT, 100, HUGE), instruction_refused(Reason.TOO_LARGE, 0, HUGE, 10_000_000)),
    # What it takes.
    ([], buy(2, 1_000, 1_010, 1), refused(Reason.NOT_ENOUGH_CASH, 2, 1, 1_010_000, 1_000_000)),
    ([buy(2, 1_000, 990, 1)], buy(2, 105, 100, 2), refused(Reason.NOT_ENOUGH_CASH, 2, 2, 10_500, 10_000)),
    (
        [buy(2, 1_000, 990, 1)],
        continuous.Amend(2, FIRST, 1_000, 1_010, 2),
        refused(Reason.NOT_ENOUGH_CASH, 2, 2, 20_000, 10_000),
    ),
    (
        [LISTING, buy(2, 1_000, 990, 1)],
        listings.Subscribe(2, FIRST, 60, 2),
        refused(Reason.NOT_ENOUGH_CASH, 2, 2, 12_000, 10_000),
    ),
    ([], c.DebitCash(11, 2, 1_000_001), instruction_refused(Reason.NOT_ENOUGH_CASH, 2, 1_000_001, 1_000_000)),
    (
        [buy(2, 1_000, 990, 1)],
        c.DebitCash(11, 2, 10_001),
        instruction_refused(Reason.NOT_ENOUGH_CASH, 2, 10_001, 10_000),
    ),
    ([], c.DebitCash(11, 5, HUGE), instruction_refused(Reason.NOT_ENOUGH_CASH, 5, HUGE)),
    ([], sell(2, 200, 1_010, 1), refused(Reason.NOT_ENOUGH_TONNES, 2, 1, 1_010, 1_000)),
    (
        [sell(2, 200, 990, 1)],
        continuous.Amend(2, FIRST, 200, 1_010, 2),
        refused(Reason.NOT_ENOUGH_TONNES, 2, 2, 20, 10),
    ),
    (
        [sell(2, 200, 990, 1)],
        listings.OpenListing(2, CREDIT, 200, 20, 2),
        refused(Reason.NOT_ENOUGH_TONNES, 2, 2, 20, 10),
    ),
    (
        [sell(2, 200, 990, 1)],
        c.DebitTonnes(11, 2, CREDIT, 11),
        instruction_refused(Reason.NOT_ENOUGH_TONNES, 2, 11, 10),
    ),
    ([], c.DebitTonnes(11, 2, 8, 1), instruction_refused(Reason.NOT_ENOUGH_TONNES, 2, 1)),
    ([], c.DebitTonnes(11, 5, CREDIT, 1), instruction_refused(Reason.NOT_ENOUGH_TONNES, 5, 1)),
    # What is bought or sold and not yet delivered is nobody's to use.
    (
        [sell(1, 200, 1_000, 1), buy(2, 200, 1_000, 1)],
        sell(2, 200, 1_010, 2),
        refused(Reason.NOT_ENOUGH_TONNES, 2, 2, 1_010, 1_000),
    ),
    (
        [buy(2, 1_000, 1_000, 1), sell(1, 200, 1_000, 1), buy(1, 1_000, 1_000, 2)],
        buy(1, 100, 10, 3),
        refused(Reason.NOT_ENOUGH_CASH, 1, 3, 1_000, 0),
    ),
    # Lives of orders.
    ([sell(1, 200, 10, 1)], buy(2, 205, 10, 1, c.POST_ONLY), refused(Reason.WOULD_TRADE, 2, 1, 205, 200)),
    ([buy(1, 200, 10, 1)], sell(2, 200, 10, 1, c.POST_ONLY), refused(Reason.WOULD_TRADE, 2, 1, 200, 200)),
    ([sell(2, 200, 10, 1)], buy(3, 205, 10, 1, c.POST_ONLY), refused(Reason.WOULD_TRADE, 3, 1, 205, 200)),
    ([sell(1, 200, 10, 1)], buy(2, 200, 20, 1, c.FOK), refused(Reason.NOT_FILLABLE, 2, 1, 20)),
    ([buy(1, 200, 10, 1), buy(1, 195, 10, 2)], sell(2, 200, 20, 1, c.FOK), refused(Reason.NOT_FILLABLE, 2, 1, 20)),
    (
        [sell(1, 200, 10, 1), sell(2, 200, 10, 1)],
        buy(3, 200, 20, 1, c.FOK, own=1),
        refused(Reason.NOT_FILLABLE, 3, 1, 20),
    ),
    (
        [sell(2, 200, 10, 1), sell(1, 200, 10, 1)],
        buy(3, 200, 10, 1, c.FOK, own=0),
        refused(Reason.NOT_FILLABLE, 3, 1, 10),
    ),
    (
        [sell(2, 200, 10, 1), sell(1, 200, 10, 1)],
        buy(3, 200, 10, 1, c.FOK, own=2),
        refused(Reason.NOT_FILLABLE, 3, 1, 10),
    ),
    (
        [sell(2, 200, 10, 1), sell(1, 200, 20, 1)],
        buy(3, 200, 20, 1, c.FOK, own=3),
        refused(Reason.NOT_FILLABLE, 3, 1, 20),
    ),
    # What is not there, not whole any more, or somebody else's.
    ([], c.Cancel(2, 99, 1), refused(Reason.NOT_OPEN, 2, 1, 99)),
    ([], c.Cancel(2, HUGE, 1), refused(Reason.NOT_OPEN, 2, 1, HUGE)),
    ([buy(1, 200, 10, 1)], c.Cancel(2, FIRST, 1), refused(Reason.NOT_OPEN, 2, 1, FIRST)),
    ([buy(2, 200, 10, 1)], c.Cancel(3, FIRST, 1), refused(Reason.NOT_OPEN, 3, 1, FIRST)),
    ([buy(2, 200, 10, 1), sell(1, 200, 10, 1)], c.Cancel(2, FIRST, 2), refused(Reason.NOT_OPEN, 2, 2, FIRST)),
    ([buy(1, 200, 10, 1)], continuous.Amend(2, FIRST, 205, 10, 1), refused(Reason.NOT_OPEN, 2, 1, FIRST)),
    ([buy(1, 200, 10, 1)], listings.Subscribe(2, FIRST, 10, 1), refused(Reason.NOT_OPEN, 2, 1, FIRST)),
    ([LISTING, c.Cancel(1, FIRST, 2)], listings.Subscribe(2, FIRST, 10, 1), refused(Reason.NOT_OPEN, 2, 1, FIRST)),
    ([LISTING], continuous.Amend(1, FIRST, 205, 100, 2), refused(Reason.NOT_AN_ORDER, 1, 2, FIRST)),
    ([LISTING], listings.Subscribe(2, FIRST, 110, 1), refused(Reason.LISTING_SHORT, 2, 1, 110, 100)),
    (
        [LISTING, listings.Subscribe(2, FIRST, 70, 1)],
        listings.Subscribe(4, FIRST, 40, 1),
        refused(Reason.LISTING_SHORT, 4, 1, 40, 30),
    ),
    ([LISTING], listings.Subscribe(1, FIRST, 10, 2), refused(Reason.OWN_LISTING, 1, 2, FIRST)),
    (
        [listings.OpenListing(2, CREDIT, 200, 100, 1)],
        listings.Subscribe(3, FIRST, 10, 1),
        refused(Reason.OWN_LISTING, 3, 1, FIRST),
    ),
    # Deliveries; the second number names them.
    ([], c.Settle(6, (1,)), refused(Reason.NOT_OUTSTANDING, 0, 0, 1, 6)),
    ([], c.Refund(6, (HUGE,)), refused(Reason.NOT_OUTSTANDING, 0, 0, HUGE, 6)),
    ([LISTING, listings.Subscribe(2, FIRST, 10, 1)], c.Settle(6, (1, 1)), refused(Reason.NOT_OUTSTANDING, 0, 0, 1, 6)),
    ([LISTING, listings.Subscribe(2, FIRST, 10, 1)], c.Refund(6, (1, 2)), refused(Reason.NOT_OUTSTANDING, 0, 0, 2, 6)),
    (
        [LISTING, listings.Subscribe(2, FIRST, 10, 1), c.Settle(6, (1,))],
        c.Settle(6, (1,)),
        refused(Reason.NOT_OUTSTANDING, 0, 0, 1, 6),
    ),
    (
        [LISTING, listings.Subscribe(2, FIRST, 10, 1), c.Refund(6, (1,))],
        c.Settle(7, (1,)),
        refused(Reason.NOT_OUTSTANDING, 0, 0, 1, 7),
    ),
]
WITH_CASES_OF_THEIR_OWN = {Reason.TOO_MANY_ORDERS, Reason.BUSY, Reason.NOTHING_UNFINISHED, Reason.DELISTED}
OF_EARLIER_ENGINES = {Reason.ALREADY_TRADED}
"""No engine says it any more; replies that are kept have it."""


def named(case: Case) -> str:
    """The reason and the kind of command."""
    return f"{Reason(case[2].reason).name}-{type(case[1]).__name__}"


def test_every_reason_has_a_case():
    """A reason that is added without an example fails here."""
    assert set(Reason) == {Reason(each.reason) for _, _, each in CASES} | WITH_CASES_OF_THEIR_OWN | OF_EARLIER_ENGINES


@pytest.mark.parametrize(("before", "command", "expected"), CASES, ids=map(named, CASES))
def test_a_refusal_names_two_numbers_and_changes_nothing(before, command, expected):
    """Balances, queues, rules and trades are as before; told again, the command is refused again."""
    table = Table(*before)
    untouched = table.all_but_standing()
    assert [expected] == table.tell(command)
    assert untouched == table.all_but_standing()
    assert [type(expected)] == [type(each) for each in table.tell(command)]
    assert untouched == table.all_but_standing()


def test_a_refusal_at_the_door_leaves_no_trace_at_all():
    """Stale or unknown: only the number of commands rose, even in the bytes of a snapshot."""
    table = Table(buy(2, 200, 10, 3))
    market = table.engine.market
    before = state.dump(market)
    table.tell(buy(2, 200, 10, 3), buy(5, 200, 10, 1), c.Cancel(2, FIRST, 3), c.CreditCash(10, 1, 1, 5))
    market.sequence -= 4
    assert before == state.dump(market)


def test_a_refused_command_uses_its_client_order_id_up():
    """A resend of what was refused is stale: it can never be carried out later by surprise."""
    table = Table()
    assert [refused(Reason.PRICE_OFF_TICK, 2, 5, 201, 5)] == table.tell(buy(2, 201, 10, 5))
    assert [refused(Reason.STALE_CLIENT_ORDER_ID, 2, 5, 5, 5)] == table.tell(buy(2, 200, 10, 5))


def test_a_refused_instruction_is_passed_over_for_good():
    """The money that could not be debited is not debited when the instruction is sent again later."""
    table = Table()
    assert [instruction_refused(Reason.NOT_ENOUGH_CASH, 2, 1_000_001, 1_000_000)] == table.tell(
        c.DebitCash(11, 2, 1_000_001)
    )
    table.tell(c.CreditCash(12, 2, 2, 5))
    assert [instruction_refused(Reason.STALE_INSTRUCTION, 0, 11, 12)] == table.tell(c.DebitCash(11, 2, 1_000_001))
    assert (1_000_005, 0, 0, 0) == table.cash(2)


def test_halt_and_freeze_still_let_an_owner_cancel():
    """What nobody can trade can still be taken back; a frozen account has nothing left to take back."""
    table = Table(buy(2, 200, 10, 1), listings.OpenListing(2, CREDIT, 300, 10, 2), HALT)
    assert [e.Reduced(FIRST, 2, CREDIT, c.BUY, 200, 10, e.Cause.OWNER, 3)] == table.tell(c.Cancel(2, FIRST, 3))
    assert [
        e.Reduced(FIRST + 1, 2, CREDIT, c.SELL, 300, 10, e.Cause.OWNER, 0),
        e.Completed(2, 4, 1),
    ] == table.tell(c.CancelAll(2, CREDIT, 4))


def test_an_account_has_at_most_ten_thousand_orders_open():
    """Listings count; one that goes makes room for one."""
    table = Table(c.CreditTonnes(11, 4, 4, CREDIT, 100_000))
    engine = table.engine
    for number in range(1, 10_000):
        engine.apply(sell(4, 200, 10, number))
    engine.apply(listings.OpenListing(4, CREDIT, 300, 10, 10_000))
    full = refused(Reason.TOO_MANY_ORDERS, 4, 10_001, 10_000, 10_000)
    assert [full] == engine.apply(sell(4, 200, 10, 10_001))
    engine.apply(c.Cancel(4, FIRST + 1, 10_002))
    assert [continuous.Accepted] == [type(each) for each in engine.apply(sell(4, 200, 10, 10_003))]
    assert 10_000 == len(engine.market.accounts[4].orders)

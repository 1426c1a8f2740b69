"""Campaigns: announced, pledged for, allotted when they close. The numbers are worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.core import Engine
from exchange.engine.events import Cause, Reason
from exchange.engine.modes import continuous, listings
from exchange.engine.modes.campaigns import handlers
from exchange.engine.modes.campaigns.allotment import allotted
from exchange.engine.modes.campaigns.messages import (
    BY_TIME,
    PRO_RATA,
    BeginCampaign,
    CallOffCampaign,
    CampaignBegun,
    CampaignEnded,
    CampaignOpened,
    CampaignReason,
    CloseCampaign,
    OpenCampaign,
    Pledge,
    Pledged,
)
from tests.exchange.engine.market_table import BUY, CREDIT, FEES, FIRST, Table, buy, reduced, sell, traded
from tests.oracle.market_state import running

N = FIRST
"""The number of the campaign in each example."""


def campaign(
    *,
    quantity: int = 100,
    price: int = 200,
    least: int = 10,
    most: int = 1_000,
    floor: int = 0,
    allotment: int = PRO_RATA,
    number: int = 1,
) -> OpenCampaign:
    """A campaign of account 1: 100 t at 2.00 CNY."""
    return OpenCampaign(1, CREDIT, price, quantity, least, most, floor, allotment, 1_000, 2_000, number)


def begun(**terms: int) -> Table:
    """A market with a campaign that takes pledges."""
    return Table(campaign(**terms), BeginCampaign(11, N))


def test_a_campaign_from_its_announcement_to_its_allotment():
    """Tonnes are locked at once, money with each pledge; 150 t are wanted of 100 t, so each is given two thirds."""
    table = Table()
    assert [CampaignOpened(N, 1, CREDIT, 200, 100, 10, 1_000, 0, PRO_RATA, 1_000, 2_000, 1)] == table.tell(campaign())
    assert (910, 100, 0, 0) == table.tonnes(1)
    assert [CampaignBegun(11, N)] == table.tell(BeginCampaign(11, N))
    assert [Pledged(13, 2, CREDIT, 200, 90, 1, N)] == table.tell(Pledge(2, N, 90, 1))
    assert [Pledged(14, 4, CREDIT, 200, 60, 1, N)] == table.tell(Pledge(4, N, 60, 1))
    assert (1_000_000 - 18_000, 18_000, 0, 0) == table.cash(2)
    assert [
        e.Traded(1, CREDIT, 200, 60, 13, N, 2, 1, 200, 30, FEES, BUY),
        e.Reduced(13, 2, CREDIT, BUY, 200, 30, Cause.NOT_ALLOTTED, 0),
        e.Traded(2, CREDIT, 200, 40, 14, N, 4, 1, 200, 20, FEES, BUY),
        e.Reduced(14, 4, CREDIT, BUY, 200, 20, Cause.NOT_ALLOTTED, 0),
        CampaignEnded(12, N, 2, 150, 100, 0),
    ] == table.tell(CloseCampaign(12, N))
    assert (1_000_000 - 12_000, 0, 0, 12_000) == table.cash(2)
    assert (910, 0, 0, 100) == table.tonnes(1)
    assert {} == running(table.engine.market)


@pytest.mark.parametrize(
    ("wanted", "supply", "lot", "pro_rata", "given_"),
    [
        ([30, 20, 10], 60, 1, True, [30, 20, 10]),  # exactly enough
        ([30, 20], 60, 1, True, [30, 20]),  # more than enough
        ([10, 20, 30], 30, 1, True, [5, 10, 15]),  # 1/2 of each
        # 100 of 300: a third of each is 33.33; one tonne is left, all remainders are equal, so it goes to the oldest.
        ([100, 100, 100], 100, 1, True, [34, 33, 33]),
        # 10 of 17: 7 → 70/17 = 4 rest 2; 6 → 60/17 = 3 rest 9; 4 → 40/17 = 2 rest 6. One is left, to the rest of 9.
        ([7, 6, 4], 10, 1, True, [4, 4, 2]),
        # In lots of 10: 10 of 20 lots. 5 → 50/20 = 2 rest 10; 7 → 3 rest 10; 8 → 4 rest 0. One lot left, to the older.
        ([50, 70, 80], 100, 10, True, [30, 30, 40]),
        # Smaller than a share: 2 of 1,002 for 1, 1 and 1,000: 0 rest 2 twice, 1 rest 998. The one left: the last.
        ([1, 1, 1_000], 2, 1, True, [0, 0, 2]),
        ([10, 20, 30], 25, 1, False, [10, 15, 0]),  # by time: who came first
        ([30, 20], 20, 10, False, [20, 0]),
        ([10], 0, 1, False, [0]),
        ([10, 5], 0, 1, True, [0, 0]),
    ],
)
def test_allotments_worked_by_hand(wanted, supply, lot, pro_rata, given_):
    """Each with its arithmetic beside it."""
    assert given_ == allotted(wanted, supply, lot, pro_rata=pro_rata)


@given(
    st.lists(st.integers(1, 10_000), min_size=1, max_size=40), st.integers(0, 100_000), st.integers(1, 7), st.booleans()
)
def test_every_tonne_is_given_and_nobody_has_more_than_they_want(lots, supply, lot, pro_rata):
    """In whole lots; and pro rata nobody is a whole lot away from their exact share."""
    wanted = [each * lot for each in lots]
    given_ = allotted(wanted, supply * lot, lot, pro_rata=pro_rata)
    assert min(sum(wanted), supply * lot) == sum(given_)
    assert all(0 <= got <= want and got % lot == 0 for got, want in zip(given_, wanted, strict=True))
    if pro_rata and sum(wanted) > supply * lot:
        total = sum(wanted)
        assert all(
            abs(got * total - want * supply * lot) < lot * total for got, want in zip(given_, wanted, strict=True)
        )


def test_more_than_enough_leaves_the_rest_to_the_seller():
    """Everybody has all; what nobody wanted is settled again."""
    table = begun()
    table.tell(Pledge(2, N, 30, 1))
    events = table.tell(CloseCampaign(12, N))
    assert [(13, N, 200, 30)] == traded(events)
    assert [(N, 70, Cause.NOT_FILLED)] == reduced(events)
    assert (980, 0, 0, 30) == table.tonnes(1)


@pytest.mark.parametrize("pledged", [0, 40])
def test_below_the_floor_everybody_has_their_money_again(pledged):
    """49 t would be too few of 50; no pledge at all is too few whatever the floor."""
    table = begun(floor=50 if pledged else 0)
    if pledged:
        table.tell(Pledge(2, N, pledged, 1))
    events = table.tell(CloseCampaign(12, N))
    assert [] == traded(events)
    assert {Cause.UNDERSUBSCRIBED} == {cause for *_, cause in reduced(events)}
    assert CampaignEnded(12, N, bool(pledged), pledged, 0, Cause.UNDERSUBSCRIBED) == events[-1]
    assert ((1_000_000, 0, 0, 0), (1_010, 0, 0, 0)) == (table.cash(2), table.tonnes(1))


def test_called_off_also_while_it_is_halted():
    """The operator ends it without a sale; closing it has to wait until the instrument trades."""
    table = begun()
    table.tell(Pledge(2, N, 30, 1), c.Halt(12, CREDIT, c.HALTED_BY_OPERATOR, on=True))
    assert [e.InstructionRefused(13, 0, Reason.HALTED, CREDIT, 1)] == table.tell(CloseCampaign(13, N))
    events = table.tell(CallOffCampaign(14, N))
    assert [(13, 30, Cause.CALLED_OFF), (N, 100, Cause.CALLED_OFF)] == reduced(events)
    assert [e.InstructionRefused(15, 0, Reason.NOT_OPEN, N, 0)] == table.tell(CloseCampaign(15, N))


@pytest.mark.parametrize(
    "gone",
    [c.Cancel(1, N, 2), c.CancelAll(1, 0, 2), c.Freeze(12, 1, on=True), c.SetBand(12, CREDIT, 300, 1_000)],
    ids=lambda each: type(each).__name__,
)
def test_without_its_offer_a_campaign_sells_nothing(gone):
    """Its seller takes it back, a freeze or a band does: no pledge is taken any more, all have their money again."""
    table = begun()
    table.tell(Pledge(2, N, 30, 1), gone)
    assert (1_010, 0, 0, 0) == table.tonnes(1)
    assert [e.Refused(Reason.NOT_OPEN, 4, 1, N, 0)] == table.tell(Pledge(4, N, 10, 1))
    events = table.tell(CloseCampaign(13, N))
    assert [] == traded(events)
    assert CampaignEnded(13, N, 1 if events[:-1] else 0, 30 if events[:-1] else 0, 0, Cause.CALLED_OFF) == events[-1]
    assert (1_000_000, 0, 0, 0) == table.cash(2)


def test_a_pledge_is_taken_back_like_an_order():
    """Until the campaign closes; the account may then pledge that much again."""
    table = begun(most=30)
    table.tell(Pledge(2, N, 30, 1))
    assert [e.Refused(CampaignReason.ABOVE_MOST, 2, 2, 40, 30)] == table.tell(Pledge(2, N, 10, 2))
    assert [e.Reduced(13, 2, CREDIT, BUY, 200, 30, Cause.OWNER, 3)] == table.tell(c.Cancel(2, 13, 3))
    assert [Pledged(16, 2, CREDIT, 200, 30, 4, N)] == table.tell(Pledge(2, N, 30, 4))
    assert [e.Refused(Reason.NOT_OPEN, 2, 5, 13, 0)] == table.tell(c.Cancel(2, 13, 5))


def test_pledges_and_books_do_not_meet():
    """Nor is a pledge amended, or a campaign subscribed to as if it were a listing."""
    table = begun()
    table.tell(Pledge(2, N, 30, 1))
    assert [] == traded(table.tell(buy(4, 200, 10, 1), sell(1, 300, 10, 2)))
    assert [e.Refused(Reason.NOT_AN_ORDER, 2, 2, 13, 0)] == table.tell(continuous.Amend(2, 13, 200, 20, 2))
    assert [e.Refused(Reason.NOT_OPEN, 4, 2, N, 0)] == table.tell(listings.Subscribe(4, N, 10, 2))


@pytest.mark.parametrize(
    ("terms", "reason", "wanted", "limit"),
    [
        ({"quantity": 15}, Reason.QUANTITY_OFF_LOT, 15, 10),
        ({"price": 201}, Reason.PRICE_OFF_TICK, 201, 5),
        ({"price": 1_005}, Reason.PRICE_ABOVE_BAND, 1_005, 1_000),
        ({"quantity": 2_000}, Reason.NOT_ENOUGH_TONNES, 2_000, 1_010),
        ({"least": 0}, Reason.QUANTITY_OFF_LOT, 0, 10),
        ({"least": 15}, Reason.QUANTITY_OFF_LOT, 15, 10),
        ({"most": 15}, Reason.QUANTITY_OFF_LOT, 15, 10),
        ({"least": 30, "most": 20}, CampaignReason.TERMS_CROSS, 30, 20),
        ({"floor": 101}, CampaignReason.TERMS_CROSS, 101, 100),
        ({"floor": -1}, CampaignReason.TERMS_CROSS, -1, 100),
    ],
)
def test_a_campaign_that_cannot_be(terms, reason, wanted, limit):
    """Nothing is locked by it."""
    table = Table()
    before = table.all_but_standing()
    assert [e.Refused(reason, 1, 1, wanted, limit)] == table.tell(campaign(**terms))
    assert before == table.all_but_standing()


def test_a_window_that_ends_before_it_begins():
    """Or at the same second."""
    assert [e.Refused(CampaignReason.NO_WINDOW, 1, 1, 0, 0)] == Table().tell(
        OpenCampaign(1, CREDIT, 200, 100, 10, 100, 0, BY_TIME, 1_000, 1_000, 1)
    )
    assert [e.Refused(Reason.UNKNOWN_INSTRUMENT, 1, 1, 8, 0)] == Table().tell(
        OpenCampaign(1, 8, 200, 100, 10, 100, 0, BY_TIME, 1_000, 2_000, 1)
    )


@pytest.mark.parametrize(
    ("pledge", "reason", "wanted", "limit"),
    [
        (Pledge(2, N, 10, 1), CampaignReason.BELOW_LEAST, 10, 20),
        (Pledge(2, N, 60, 1), CampaignReason.ABOVE_MOST, 60, 50),
        (Pledge(2, N, 25, 1), Reason.QUANTITY_OFF_LOT, 25, 10),
        (Pledge(2, 99, 20, 1), Reason.NOT_OPEN, 99, 0),
        (Pledge(1, N, 20, 2), CampaignReason.OWN_CAMPAIGN, N, 0),
        (Pledge(77, N, 20, 1), Reason.UNKNOWN_ACCOUNT, 0, 0),
    ],
)
def test_a_pledge_that_is_not_taken(pledge, reason, wanted, limit):
    """With the two numbers that disagree."""
    table = begun(least=20, most=50)
    refusal = e.Refused(reason, pledge.account, pledge.client_order_id, wanted, limit)
    assert [refusal] == table.tell(pledge)


def test_a_pledge_that_cannot_be_paid():
    """In full, whatever will be allotted."""
    table = begun(quantity=10, price=1_000, most=10_000)
    assert [e.Refused(Reason.NOT_ENOUGH_CASH, 2, 1, 1_010_000, 1_000_000)] == table.tell(Pledge(2, N, 1_010, 1))


def test_before_it_begins_nobody_pledges():
    """And it begins once."""
    table = Table(campaign())
    assert [e.Refused(CampaignReason.NOT_BEGUN, 2, 1, N, 0)] == table.tell(Pledge(2, N, 10, 1))
    table.tell(BeginCampaign(11, N))
    assert [e.InstructionRefused(12, 0, CampaignReason.BEGUN, N, 0)] == table.tell(BeginCampaign(12, N))
    assert [e.InstructionRefused(12, 0, Reason.STALE_INSTRUCTION, 12, 12)] == table.tell(BeginCampaign(12, N))


def test_many_winners_are_given_theirs_in_steps(monkeypatch):
    """Two at a time; a snapshot between two steps goes on as if nothing had been."""
    monkeypatch.setattr(handlers, "STEP", 2)
    table = begun(quantity=40, allotment=BY_TIME)
    table.naive.step = 2
    pledges = [Pledge(account, N, 10, 1 + at) for at in range(2) for account in (2, 3, 4)]
    table.tell(*pledges)
    first = table.tell(CloseCampaign(12, N))
    assert [(13, 10), (14, 10)] == [(order, quantity) for order, _, _, quantity in traded(first)]
    assert [e.Refused(Reason.BUSY, 2, 9, 0, 0)] == table.tell(c.Cancel(2, 17, 9))
    again = Engine(state.load(state.dump(table.engine.market)))
    second, last = table.tell(c.Continue()), table.tell(c.Continue())
    assert (second, last) == (again.apply(c.Continue()), again.apply(c.Continue()))
    assert [(15, 10), (16, 10)] == [(order, quantity) for order, _, _, quantity in traded(second)]
    assert [(17, 10, Cause.NOT_ALLOTTED), (18, 10, Cause.NOT_ALLOTTED)] == reduced(last)
    assert CampaignEnded(12, N, 6, 60, 40, 0) == last[-1]
    assert (970, 0, 0, 40) == table.tonnes(1)

"""Which listings may be picked: any, one at the best price, or one within the best five prices."""

import pytest

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.core import Engine
from exchange.engine.events import Reason
from exchange.engine.modes.listings import OpenListing, Subscribe
from exchange.engine.modes.picking import PICK_ANY, PICK_BEST, PICK_BEST_FIVE, PickingSet, PickReason, SetPicking
from tests.exchange.engine.market_table import CREDIT, Table, traded

PRICES = (300, 200, 200, 210, 220, 230, 240)
"""Listings 11 to 17 of account 1, at six prices."""


def listed(rule: int, prices: tuple[int, ...] = PRICES) -> Table:
    """A market with listings of account 1, and a rule."""
    listings = [OpenListing(1, CREDIT, price, 10, number) for number, price in enumerate(prices, 1)]
    return Table(*listings, SetPicking(11, CREDIT, rule))


@pytest.mark.parametrize(
    ("rule", "listing", "refusal"),
    [
        (PICK_ANY, 11, None),
        (PICK_BEST, 12, None),
        (PICK_BEST, 13, None),  # as good as 12, and younger: price counts, not time
        (PICK_BEST, 14, (PickReason.NOT_THE_BEST, 14, 12)),
        (PICK_BEST, 11, (PickReason.NOT_THE_BEST, 11, 12)),
        (PICK_BEST_FIVE, 12, None),
        (PICK_BEST_FIVE, 17, None),  # 200, 210, 220, 230, 240: the fifth
        (PICK_BEST_FIVE, 11, (PickReason.NOT_IN_THE_BEST_FIVE, 300, 240)),
    ],
)
def test_what_may_be_picked(rule, listing, refusal):
    """Refused with the best listing, or the highest price that may be picked."""
    table = listed(rule)
    events = table.tell(Subscribe(2, listing, 10, 1))
    if refusal is None:
        assert [(19, listing)] == [(buy, sell) for buy, sell, _, _ in traded(events)]
    else:
        reason, wanted, limit = refusal
        assert [e.Refused(reason, 2, 1, wanted, limit)] == events


def test_when_the_best_is_sold_or_taken_back_the_next_one_is_the_best():
    """The rule looks at what is open in that moment."""
    table = listed(PICK_BEST)
    table.tell(Subscribe(2, 12, 10, 1), c.Cancel(1, 13, 8))
    assert [e.Refused(PickReason.NOT_THE_BEST, 2, 2, 15, 14)] == table.tell(Subscribe(2, 15, 10, 2))
    assert [(22, 14, 210, 10)] == traded(table.tell(Subscribe(2, 14, 10, 3)))


def test_one_s_own_listings_do_not_stand_in_one_s_way():
    """Accounts 2 and 3 have one owner: to 3, the best listing is the best of the others'."""
    table = listed(PICK_BEST, (300,))
    table.tell(OpenListing(2, CREDIT, 200, 10, 1))
    assert [e.Refused(Reason.OWN_LISTING, 3, 1, 13, 0)] == table.tell(Subscribe(3, 13, 10, 1))
    assert [(15, 11, 300, 10)] == traded(table.tell(Subscribe(3, 11, 10, 2)))


def test_a_rule_is_set_changed_and_taken_away():
    """An unknown rule is refused, and so is one for an unknown instrument."""
    table = listed(PICK_BEST)
    assert [e.InstructionRefused(12, 0, PickReason.NO_RULE, 3, 2)] == table.tell(SetPicking(12, CREDIT, 3))
    assert [e.InstructionRefused(13, 0, Reason.UNKNOWN_INSTRUMENT, 8, 0)] == table.tell(SetPicking(13, 8, PICK_BEST))
    assert [e.InstructionRefused(13, 0, Reason.STALE_INSTRUCTION, 13, 13)] == table.tell(SetPicking(13, CREDIT, 0))
    assert [PickingSet(14, CREDIT, PICK_ANY)] == table.tell(SetPicking(14, CREDIT, PICK_ANY))
    assert [(23, 11, 300, 10)] == traded(table.tell(Subscribe(2, 11, 10, 1)))


def test_a_snapshot_has_the_rules():
    """What was loaded refuses alike."""
    table = listed(PICK_BEST)
    again = Engine(state.load(state.dump(table.engine.market)))
    assert state.dump(table.engine.market) == state.dump(again.market)
    assert table.tell(Subscribe(2, 11, 10, 1)) == again.apply(Subscribe(2, 11, 10, 1))

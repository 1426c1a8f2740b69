"""Fees: rounded down once for an order or a listing, however it is sold."""

import pytest

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.core import Engine
from exchange.engine.modes import continuous, listings
from tests.exchange.engine.market_table import CREDIT, FEES, FIRST, GIVEN, Table, buy, sell

TONNES: tuple[c.Command, ...] = (c.OpenInstrument(1, CREDIT, 1, 1, 1, 9_000, 25, FEES, 9), *GIVEN[1:])
PRICE = 3_650


def fees(events: list[e.Event]) -> list[int]:
    """Of each trade."""
    return [each.fee for each in events if isinstance(each, e.Traded)]


def test_a_hundred_tonnes_pay_one_fee_however_they_are_bought():
    """At 36.50 CNY/t and 25 bps a tonne's fee is 9.125 fen: 912 for a hundred, not a hundred times 9."""
    whole, split = Table(given=TONNES), Table(given=TONNES)
    at_once = fees(whole.tell(sell(1, PRICE, 100, 1), buy(2, PRICE, 100, 1)))
    bit_by_bit = fees(split.tell(sell(1, PRICE, 100, 1), *(buy(2, PRICE, 1, number) for number in range(1, 101))))
    assert [912] == at_once
    assert 912 == sum(bit_by_bit)
    assert {9, 10} == set(bit_by_bit)
    split.tell(c.Settle(1, tuple(range(1, 101))))
    assert (912, 0, 0, 0) == split.cash(FEES)
    assert (1_000_000 + 365_000 - 912, 0, 0, 0) == split.cash(1)


def test_a_seller_who_takes_many_bids_pays_one_fee():
    """An order that meets ten others, at two prices."""
    table = Table(*(buy(2, 30 if number % 2 else 40, 1, number) for number in range(1, 11)), given=TONNES)
    assert [0, 0, 0, 0, 0, 0, 0, 0, 0, 0] == fees(table.tell(sell(1, 30, 10, 1)))  # 3.50 CNY: 0.875 fen
    table = Table(*(buy(2, 130, 1, number) for number in range(1, 11)), given=TONNES)
    assert [0, 0, 0, 1, 0, 0, 1, 0, 0, 1] == fees(table.tell(sell(1, 130, 10, 1)))  # 13.00 CNY: 3.25 fen


def test_a_listing_pays_one_fee_however_it_is_subscribed():
    """As an order does; also behind a snapshot in the middle."""
    table = Table(listings.OpenListing(1, CREDIT, PRICE, 100, 1), given=TONNES)
    paid = fees(table.tell(*(listings.Subscribe(2, FIRST, 1, number) for number in range(1, 51))))
    table.engine = Engine(state.load(state.dump(table.engine.market)))
    paid += fees(table.tell(*(listings.Subscribe(2, FIRST, 1, number) for number in range(51, 101))))
    assert 912 == sum(paid)


@pytest.mark.parametrize("quantity", [90, 110])
def test_an_amended_order_goes_on_with_its_fee(quantity):
    """Smaller in its place or larger at the end, and behind a snapshot: what was sold before counts on."""
    table = Table(sell(1, PRICE, 100, 1), *(buy(2, PRICE, 1, number) for number in range(1, 11)), given=TONNES)
    table.tell(continuous.Amend(1, FIRST, PRICE, quantity, 2))
    table.engine = Engine(state.load(state.dump(table.engine.market)))
    paid = [table.engine.market.unsettled[number].fee for number in range(1, 11)]
    paid += fees(table.tell(*(buy(2, PRICE, 1, number) for number in range(11, quantity + 1))))
    assert PRICE * quantity * 25 // 10_000 == sum(paid)


def test_a_fee_is_never_more_than_is_paid():
    """Even one of 10,000 bps, which is all of it."""
    table = Table(sell(1, 1, 10, 1), given=(c.OpenInstrument(1, CREDIT, 1, 1, 1, 9, 10_000, FEES, 9), *GIVEN[1:]))
    assert [1] * 10 == fees(table.tell(*(buy(2, 1, 1, number) for number in range(1, 11))))

"""When periods begin, and what is taken of what is offered: never more than is wanted, or than there is money for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.subscriptions.rules import Offered, covers, on_tick, period_at, plan, share_t
from schemas.attributes import Traits
from schemas.identifiers import Identifier
from schemas.subscriptions import BuyTerms, Every

BEGINS = datetime(2025, 1, 1, tzinfo=UTC)
LEI = "529900T8BM49AURSDO55"


def terms(**said: Any) -> BuyTerms:
    """10 t a day at 14.00 at most."""
    usual: dict[str, Any] = {"quantity_t": 10, "every": "day", "price_fen": 14_00, "begins": BEGINS}
    return BuyTerms(**usual | said)


@pytest.mark.parametrize(
    ("every", "at", "begins", "ends"),
    [
        ("day", "2025-01-06T15:59:59Z", "2025-01-05T16:00:00Z", "2025-01-06T16:00:00Z"),
        ("day", "2025-01-06T16:00:00Z", "2025-01-06T16:00:00Z", "2025-01-07T16:00:00Z"),
        ("week", "2025-01-12T15:59:59Z", "2025-01-05T16:00:00Z", "2025-01-12T16:00:00Z"),
        ("month", "2025-01-31T16:00:00Z", "2025-01-31T16:00:00Z", "2025-02-28T16:00:00Z"),
        ("month", "2024-12-31T15:59:59Z", "2024-11-30T16:00:00Z", "2024-12-31T16:00:00Z"),
    ],
)
def test_periods_begin_at_midnight_in_shanghai(every: Every, at: str, begins: str, ends: str):
    """A day, Monday, and the first of a month, whatever UTC says."""
    moments = tuple(map(datetime.fromisoformat, (begins, ends)))
    assert moments == tuple(period_at(every, datetime.fromisoformat(at)))


def test_the_preferred_source_first_and_one_order_for_a_book():
    """The book is cheaper, and only comes after the listing; its two prices are one order in whole lots."""
    offers = [
        Offered("book", 1, "A", 0, 12_00, 3, 1),
        Offered("book", 1, "A", 0, 12_50, 30, 1),
        Offered("listing", 1, "A", 7, 13_00, 4, 1),
        Offered("listing", 2, "B", 8, 12_90, 9, 10),
        Offered("campaign", 1, "A", 9, 11_00, 50, 1, 20, 50),
    ]
    takes, why = plan(terms(), offers, 10, budget_fen=None, cash_fen=1_000_00)
    taken = [(each.source, each.listing_id, each.price_fen, each.quantity_t) for each in takes]
    assert [("listing", 7, 13_00, 4), ("book", None, 12_50, 6)] == taken
    assert why is None


def test_filters():
    """Instrument, project, vintage, type, co-benefits, labels, locality, methodology with or without its version."""
    about: dict[str, Any] = {"project_id": 2, "vintage": 2024, "methodology": "kiln-electrification/1", "code": "A"}
    about["location"] = "Chenggu, Hanzhong 城固"
    about["traits"] = Traits("manufacturing", frozenset({7, 9}), frozenset({"CCP-ELIGIBLE"}))
    assert covers(terms(), **about)
    cases: tuple[tuple[dict[str, Any], bool], ...] = (
        ({"methodology": "kiln-electrification"}, True),
        ({"methodology": "kiln-electrification/1"}, True),
        ({"methodology": "kiln"}, False),
        ({"vintages": (2023, 2024)}, True),
        ({"vintages": (2023,)}, False),
        ({"project_id": 3}, False),
        ({"instrument": "B"}, False),
        ({"types": ("manufacturing",)}, True),
        ({"types": ("forestry", "manufacturing")}, True),
        ({"types": ("forestry",)}, False),
        ({"co_benefits": (7,)}, True),
        ({"co_benefits": (7, 9)}, True),
        ({"co_benefits": (7, 15)}, False),
        ({"labels": ("CCP-ELIGIBLE",)}, True),
        ({"labels": ("CCP-ELIGIBLE", "GOLD")}, False),
        ({"locality": "hanzhong"}, True),
        ({"locality": "城固"}, True),
        ({"locality": "Nanzheng"}, False),
    )
    for said, fits in cases:
        assert fits == covers(terms(**said), **about), said


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"beneficiary": "Hotel guests"}, "needs retire_for"),
        (
            {"retire_for": 1, "beneficiary_identifiers": (Identifier(scheme="lei", value=LEI),)},
            "need the benef",
        ),
        ({"prefer": ("book", "book")}, "names a source twice"),
        ({"ends": BEGINS}, "is not after begins"),
    ],
)
def test_terms_that_contradict_each_other(said: dict[str, Any], wrong: str):
    """A beneficiary of nothing that is retired, or identifiers of nobody."""
    with pytest.raises(ValueError, match=wrong):
        terms(**said)


def test_shares_and_ticks_are_rounded_against_nobody():
    """A share down to whole lots; a seller's price up to the tick, a buyer's down."""
    assert (10, 10, 0) == (share_t(1_000, 105_999, 1), share_t(1_000, 105_999, 10), share_t(1, 105_999, 1))
    assert (14_05, 14_00, 14_05) == (
        on_tick(14_02, 5, up=True),
        on_tick(14_02, 5, up=False),
        on_tick(14_05, 5, up=True),
    )


OFFERS = st.builds(
    lambda source, instrument, number, price, size, lot: Offered(
        source, instrument, "ABC"[instrument], 0 if source == "book" else number, price, size, lot
    ),
    st.sampled_from(["listing", "campaign", "book"]),
    st.integers(0, 2),
    st.integers(1, 99),
    st.integers(1, 20_00),
    st.integers(1, 50),
    st.sampled_from([1, 5]),
)


@given(st.lists(OFFERS, max_size=12), st.integers(1, 60), st.integers(0, 500_00), st.none() | st.integers(0, 500_00))
def test_never_more_than_is_wanted_or_there_is_money_for(
    offers: list[Offered], wanted_t: int, cash_fen: int, budget_fen: int | None
):
    """Nothing dearer than the price, of no other source; and a reason exactly where something is missing."""
    said = terms(prefer=("book", "listing"))
    takes, why = plan(said, offers, wanted_t, budget_fen=budget_fen, cash_fen=cash_fen)
    assert sum(each.quantity_t for each in takes) <= wanted_t
    assert (why is None) == (sum(each.quantity_t for each in takes) == wanted_t)
    assert all(each.price_fen <= said.price_fen and each.source != "campaign" for each in takes)
    locked_fen = sum(each.quantity_t * each.price_fen for each in takes)
    assert locked_fen <= min(cash_fen, cash_fen if budget_fen is None else budget_fen)

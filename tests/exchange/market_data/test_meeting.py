"""What a ticket previews is what the engine's book would do."""

from hypothesis import given
from hypothesis import strategies as st

from exchange.market_data.rules import depths, meeting, offer
from schemas.market_data import Book, PriceLevel

LEVELS = st.lists(st.tuples(st.integers(90, 110), st.integers(1, 50)), max_size=8, unique_by=lambda each: each[0])


def book(bids, asks):
    """A book that is not crossed: bids below 100, asks from 100 on."""
    return Book(
        instrument="SC-CDCER-0001-2024",
        sequence=1,
        bids=tuple(
            PriceLevel(price_fen=price - 20, quantity_t=tonnes, orders=1)
            for price, tonnes in sorted(bids, reverse=True)
        ),
        asks=tuple(PriceLevel(price_fen=price, quantity_t=tonnes, orders=1) for price, tonnes in sorted(asks)),
    )


@given(LEVELS, LEVELS, st.sampled_from(["buy", "sell"]), st.integers(60, 120), st.integers(1, 200))
def test_tonne_by_tonne(bids, asks, side, price, wanted):
    """A naive walk that takes one tonne after the other from the best price gives the same."""
    shown = book(bids, asks)
    levels = shown.asks if side == "buy" else shown.bids
    tonnes = [each.price_fen for each in levels for _ in range(each.quantity_t)]
    taken = [each for each in tonnes if (each <= price if side == "buy" else each >= price)][:wanted]
    found = meeting(shown, side, price, wanted)
    assert (len(taken), sum(taken), wanted - len(taken)) == (found.taken_t, found.amount_fen, found.rests_t)
    assert sum(taken) + (wanted - len(taken)) * price == found.most_fen


@given(LEVELS, LEVELS)
def test_depth_is_what_rests_at_a_price_or_better(bids, asks):
    """The deepest level of both sides has the whole bar; an empty side has none."""
    shown = book(bids, asks)
    for side, levels in zip(depths(shown, 8), (shown.bids, shown.asks), strict=True):
        for at, each in enumerate(side):
            assert sum(level.quantity_t for level in levels[: at + 1]) == each.cumulative_t
    shares = [each.share for side in depths(shown, 8) for each in side]
    assert not shares or 100 == max(shares)
    assert all(1 <= each <= 100 for each in shares)


def test_a_listing_brings_its_price_less_a_fee_that_is_rounded_down_once():
    """100 t at 13.90 CNY and half a percent: 6.95 CNY; 10 t of them: 0.69 CNY, not 0.695."""
    whole, part = offer(13_90, 100, 50), offer(13_90, 10, 50)
    assert (1_390_00, 6_95, 1_383_05) == (whole.gross_fen, whole.fee_fen, whole.net_fen)
    assert (139_00, 69, 138_31) == (part.gross_fen, part.fee_fen, part.net_fen)

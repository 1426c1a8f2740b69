"""What kilograms cost, and which steps a pool takes: pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.community.retail import rules
from registry.community.retail.rules import LockedPool


def pool(state: str = "open", held_kg: int = 100, reserved_kg: int = 40) -> LockedPool:
    """A pool of which 60 kg are promised to nobody."""
    return LockedPool(1, 2, 3, "SC-CDCER-0001-2024-01", 3_600, state, 4, held_kg, reserved_kg, 5, 6, 7)


@pytest.mark.parametrize(
    ("quantity_kg", "price_fen", "amount_fen"),
    [
        (1, 3_600, 4),  # 3.6 fen
        (5, 3_600, 18),  # exact
        (47, 3_600, 170),  # 169.2
        (110, 3_600, 396),
        (999, 1_390, 1_389),  # 1388.61
        (1_000, 1_390, 1_390),
        (1_001, 1_390, 1_392),  # 1391.39
        (1, 1, 1),
        (20_000, 10_000_000, 200_000_000),
    ],
)
def test_a_price_is_rounded_up_to_the_fen(quantity_kg, price_fen, amount_fen):
    """Fen = ⌈kg × price / 1000⌉."""
    assert amount_fen == rules.amount_fen(quantity_kg, price_fen)


@given(st.integers(1, 10**9), st.integers(1, 10**7))
def test_an_amount_is_never_a_whole_fen_too_much_nor_too_little(quantity_kg, price_fen):
    """It covers the exact price, and less than a fen more."""
    over = rules.amount_fen(quantity_kg, price_fen) * 1000 - quantity_kg * price_fen
    assert 0 <= over < 1000


@pytest.mark.parametrize(
    ("state", "step", "after"),
    [
        ("open", "pause", "paused"),
        ("open", "withdraw", "withdrawn"),
        ("open", "top up", "open"),
        ("paused", "resume", "open"),
        ("paused", "withdraw", "withdrawn"),
        ("paused", "top up", "paused"),
        ("open", "resume", None),
        ("paused", "pause", None),
        *(("withdrawn", step, None) for step in ("pause", "resume", "withdraw", "top up")),
    ],
)
def test_the_steps_of_a_pool(state, step, after):
    """Withdrawn is the end; None: the step is refused."""
    if after is None:
        with pytest.raises(rules.PoolNotOpen, match=state):
            rules.check_step(pool(state), step)
    else:
        assert after == rules.check_step(pool(state), step)


def test_why_a_pool_does_not_sell():
    """Closed, or fewer kilograms than are wanted, with both numbers."""
    assert isinstance(rules.not_sold(pool("paused"), 1), rules.PoolNotOpen)
    refusal = rules.not_sold(pool(), 61)
    assert isinstance(refusal, rules.NotEnoughLeft)
    assert {"left_kg": 60, "wanted_kg": 61} == refusal.members


@pytest.mark.parametrize(("owed_fen", "wanted_fen", "refused"), [(10, 10, False), (10, 11, True), (0, 1, True)])
def test_nobody_is_paid_more_than_owed(owed_fen, wanted_fen, refused):
    """All of it may be paid out, and no fen more."""
    if refused:
        with pytest.raises(rules.MoreThanOwed):
            rules.check_payout(owed_fen, wanted_fen)
    else:
        rules.check_payout(owed_fen, wanted_fen)

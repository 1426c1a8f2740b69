"""Matched donations: what residents give and what a sponsor adds, until its pool is used up."""

import pytest

from exchange.simulation.donations import Donations
from exchange.simulation.files import read, shipped
from exchange.simulation.world import World
from tests.exchange.simulation.small import SMALL, played

TEXT = shipped()["matched-donations"]


def given(**changes: int) -> tuple[World, Donations]:
    """Play a small city with donations, everything checked after every command and every day."""
    values = {f"donations.{name}": value for name, value in changes.items()}
    world = played(read(TEXT, {**SMALL, "donations.pool_fen": 500_000, **values}))
    assert world.donations is not None
    return world, world.donations


def test_a_sponsor_adds_until_its_pool_is_used_up():
    """The larger the match the earlier; what the pool lost is what the sponsor gave."""
    lasted = {}
    for percent in (0, 20, 100, 400):
        _, them = given(match_percent=percent)
        assert 500_000 == them.pool + them.sponsor.given_fen
        lasted[percent] = them.figures(90)["pool_lasted_days"]
        assert (them.pool == 0) == (lasted[percent] < 90)
    assert [90, 90] == [lasted[0], lasted[20]]
    assert lasted[400] < lasted[100] < 90


def test_each_side_retires_what_its_money_bought():
    """Under its own name; what a tonne cost lies within the limit."""
    world, them = given(match_percent=100)
    for giver, name in ((them.donors, "donors"), (them.sponsor, "sponsor")):
        retired = sum(kg for (_, who), kg in world.ledger.retired.items() if who == name)
        assert giver.retired_t * 1000 == retired > 0
        spent = giver.given_fen - giver.desk.money_fen
        assert spent <= giver.retired_t * 4_300


def test_residents_give_more_while_they_are_matched():
    """The gifts that are made anyway are the same ones; others come only while the pool lasts."""
    alone, short, long = (
        given(match_percent=percent, pool_fen=pool)[1].donors.given_fen
        for percent, pool in ((0, 500_000), (100, 100_000), (100, 100_000_000))
    )
    assert alone < short < long
    assert long == pytest.approx(alone * 1.22, rel=0.06)


def test_a_pool_of_nothing_matches_nothing():
    """Nothing is added, it lasted no day with a gift, and gifts are those without a match."""
    _, none = given(match_percent=100, pool_fen=0)
    _, alone = given(match_percent=0)
    assert (0, 0) == (none.sponsor.given_fen, none.sponsor.retired_t)
    assert none.donors.given_fen == alone.donors.given_fen
    assert none.lasted_days == 0


def test_the_check_of_the_pool_bites():
    """A fen that nobody gave is found."""
    _, them = given()
    them.pool += 1
    with pytest.raises(AssertionError, match="the pool has other money"):
        them.check()

"""The city in ten rounds: the same choices are the same years, whatever follows them, and links are read strictly."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.simulation.city import ROUNDS, GameLinkWrong, PlayedCity, city, play, playing, read_rounds, written
from exchange.simulation.parameters import documented, fault_of
from exchange.simulation.world import World

USUAL = city().usual
CHOICES = st.tuples(*(st.integers(0, len(each.values) - 1) for each in city().lever))
QUIET, BUSY = read_rounds("220000.220000.220000"), read_rounds("220000.330012.341021")


@pytest.fixture(scope="module")
def quiet() -> PlayedCity:
    """Three years in which nobody changes anything."""
    return play(QUIET)


def test_its_file_is_a_scenario_with_every_number_in_its_range():
    """Each parameter of the city has its unit and its source, as in every scenario; each value of a lever fits."""
    scenario = city().scenario()
    assert [] == [fault for each in documented(scenario) if (fault := fault_of(each))]
    ranges = {each.name: each.parameter.range for each in documented(scenario)}
    for lever in city().lever:
        low, high = ranges[lever.parameter] if lever.parameter else (0, 100)
        assert all(low <= value <= high for value in lever.values)
        assert lever.values[lever.usual] in lever.values
    highest_floor, lowest_ceiling = (pick(city().lever[at].values) for at, pick in ((2, max), (3, min)))
    assert highest_floor < lowest_ceiling, "whatever is chosen together is a band"


@given(st.lists(CHOICES, max_size=ROUNDS))
def test_a_link_has_the_rounds(rounds):
    """Written and read again."""
    assert tuple(rounds) == read_rounds(written(rounds))


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("22000", "6 digits"),
        ("2200000", "6 digits"),
        ("220000.", "6 digits"),
        (".220000", "6 digits"),
        ("22000x", "6 digits"),
        ("２２００００", "6 digits"),
        ("-20000", "6 digits"),
        ("920000", "cap has no value 9; its last is 4"),
        ("220005", "kilns has no value 5; its last is 4"),
        (".".join(["220000"] * 11), "10 rounds at most"),
    ],
)
def test_a_link_that_is_no_game_is_refused(link, said):
    """With what is wrong."""
    with pytest.raises(GameLinkWrong, match=said):
        read_rounds(link)


def test_rounds_that_were_played_stay(quiet):
    """The first year is the same in every game that begins so; the same choices have the same journal."""
    assert quiet == play(QUIET)
    busy = play(BUSY)
    assert quiet.years[0] == busy.years[0]
    assert quiet.years[1] != busy.years[1]
    assert quiet.journal_hash != busy.journal_hash


def test_a_game_leaves_no_orders_behind(monkeypatch):
    """A worker of the site plays games of everybody, one after the other."""
    worlds: list[World] = []

    class Kept(World):
        def __init__(self, *words, **more):
            super().__init__(*words, **more)
            worlds.append(self)

    monkeypatch.setattr(playing, "World", Kept)
    play(QUIET[:1])
    assert [[]] == [[*each.venue.engine.market.open_orders()] for each in worlds]


def test_a_year_adds_up(quiet):
    """Money: grant, fees and reserve less kilns. Tonnes: issued at least as many as retired and unsold."""
    game, busy = city().game, play(BUSY)
    for played, kilns in ((quiet, (0, 0, 0)), (busy, (0, 2, 1))):
        balance = 0
        for year, count in zip(played.years, kilns, strict=True):
            assert count * game.kiln_fen.value == year.spent_fen
            balance += year.income_fen - year.spent_fen
            assert balance == year.balance_fen
            assert year.income_fen >= game.grant_fen.value
            assert year.retired_t + year.unsold_t <= year.issued_t
            assert year.offset_t <= year.wanted_t
    assert [0, 1000] == [played.years[1].reserve_sold_t for played in (quiet, busy)]
    assert busy.years[1].income_fen > game.grant_fen.value + 1000 * 4_000 * 9 // 10, "the city earned its reserve"


def test_converted_kilns_issue_from_the_next_year_on():
    """Each six hundred tonnes a year, and nothing in the year of the conversion."""
    before, after = (play(read_rounds(link)).years for link in ("220000.220000", "220003.220000"))
    grew = [there.issued_t - here.issued_t for here, there in zip(before, after, strict=True)]
    assert [0, 4 * city().game.kiln_t.value] == grew


def test_no_cap_is_no_use_for_compliance_and_a_floor_holds():
    """What the rules forbid does not happen in the years for which they were set."""
    played = play(read_rounds("020000.224000"))
    assert (0, 0) == (played.years[0].offset_t, played.years[0].wanted_t)
    assert played.years[1].offset_t > 0
    assert all(price >= 4_500 for price in played.years[1].months if price)


def test_the_path_ends_at_the_target():
    """Each year brings more than the one before."""
    path = [0, *(city().target_by(number) for number in range(1, ROUNDS + 1))]
    steps = [after - before for before, after in itertools.pairwise(path)]
    assert city().game.target_t.value == path[-1]
    assert sorted(steps) == steps


def test_the_target_is_neither_given_nor_out_of_reach():
    """Who changes nothing misses it; who spends what the city has reaches it with no debt."""
    assert not play((USUAL,) * ROUNDS).reached
    rounds = ("330001", "330002", "330002", "330002", "330001", "330002", "330001", "330002", "330001", "330002")
    played = play(read_rounds(".".join(rounds)))
    assert played.reached
    assert min(each.balance_fen for each in played.years) >= 0

"""Rules that change while a scenario is played: from their day on, for everybody, and not a day before."""

import pytest

from exchange.simulation.results import RunResult
from exchange.simulation.schedule import Schedule
from exchange.simulation.world import World
from tests.exchange.simulation.small import small

HALFWAY = 40


def run(schedule: Schedule | None = None) -> RunResult:
    """Play the small scenario, with conservation checked after every command."""
    scarce = small(project__kiln__developers=1, project__forest__developers=1)
    return World(scarce, 0, lambda venue, *_: venue.ledger.check(venue.engine.market), schedule=schedule).play()


def test_what_does_not_change_changes_nothing():
    """The value that a parameter has anyway leads to the same journal, and the given scenario stays as it was."""
    assert run().journal_hash == run({HALFWAY: {"policy.offset_cap_bps": 500}}).journal_hash
    scenario = small()
    World(scenario, 0, schedule={0: {"policy.offset_cap_bps": 0}}).play()
    assert 500 == scenario.policy.offset_cap_bps.value


@pytest.mark.parametrize(
    ("changes", "figure"),
    [
        ({"policy.offset_cap_bps": 0}, "offset_t"),
        ({"policy.local_share_bps": 10_000}, "average_fen_t"),
        ({"venue.floor_fen_t": 9_000}, "average_fen_t"),
        ({"project.forest.issued_t": 9_000}, "issued_t"),
    ],
    ids=["cap", "local share", "floor", "issuance"],
)
def test_a_change_holds_from_its_day_on(changes, figure):
    """The days before it are those of a run without it, and what it is about is another figure at the end."""
    before, after = run(), run({HALFWAY: changes})
    assert [each for each in before.days if each.day < HALFWAY] == [each for each in after.days if each.day < HALFWAY]
    assert before.figures[figure] != after.figures[figure]


def test_a_band_that_moved_holds_for_every_trade():
    """Orders below a new floor are closed, and no trade is below it."""
    lowest = min(each.turnover_fen // each.volume_t for each in run().days if each.day >= HALFWAY)
    found = run({HALFWAY: {"venue.floor_fen_t": lowest + 500}})
    assert all(each.turnover_fen >= each.volume_t * (lowest + 500) for each in found.days if each.day >= HALFWAY)


@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        ("policy.offset_cap_bps", 2_001, ValueError),
        ("policy.nothing", 1, LookupError),
        ("population.nobody.count", 1, LookupError),
        ("population", 1, LookupError),
        ("policy", 1, LookupError),
    ],
)
def test_what_a_scenario_does_not_have_is_refused(name, value, refusal):
    """A value outside the range, and names of no parameter."""
    with pytest.raises(refusal):
        run({0: {name: value}})

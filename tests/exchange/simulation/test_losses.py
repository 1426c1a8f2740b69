"""What was issued and is not there: false reports that are found or not, and sinks that lose what they stored."""

import pytest

from exchange.simulation.files import read, shipped
from exchange.simulation.losses import REVERSED, UNREAL
from exchange.simulation.results import RunResult, measured
from exchange.simulation.world import World
from tests.exchange.simulation.small import SMALL, played

VERIFIED, REVERSIBLE = shipped()["verification-sampling"], shipped()["buffer"]


def verified(**changes: int) -> tuple[World, RunResult]:
    """Play false reports of every developer in a small city; conservation is checked after every command."""
    values = {f"verification.{name}": value for name, value in changes.items()}
    usual = {"verification.inclined_bps": 10_000, "verification.weighs_bps": 0, "policy.buffer_bps": 0}
    return _played(VERIFIED, {**SMALL, **usual, **values})


def reversible(**changes: int) -> tuple[World, RunResult]:
    """Play forests that all lose something within the year."""
    values = {name.replace("__", "."): value for name, value in changes.items()}
    return _played(REVERSIBLE, {**SMALL, "horizon.days": 365, "policy.deadline_day": 364, **values})


def _played(text: str, changes: dict[str, int]) -> tuple[World, RunResult]:
    world = played(read(text, changes))
    return world, measured(world)


def cancelled(world: World, cause: str) -> int:
    """Tonnes that were cancelled for a cause."""
    return sum(kg for (_, why), kg in world.ledger.cancelled.items() if why == cause) // 1000


def test_what_is_found_before_issuance_is_not_issued():
    """Every report verified, and every false one found: a fifth was claimed too much, and nothing of it is issued."""
    _, honest = verified(inclined_bps=0, sampled_bps=10_000)
    world, all_found = verified(sampled_bps=10_000, detected_bps=10_000)
    _, none_found = verified(sampled_bps=0)
    real_t = honest.figures["issued_t"]
    assert real_t == all_found.figures["issued_t"]
    assert real_t * 12 // 10 == none_found.figures["issued_t"]
    for run, found, missed in ((all_found, real_t // 5, 0), (none_found, 0, real_t // 5)):
        assert (found, missed) == (run.figures["over_found_t"], run.figures["over_missed_t"])
    assert all_found.figures["penalties_fen"] == real_t // 5 * 7_545
    assert (0, 0) == (none_found.figures["penalties_fen"], none_found.figures["verification_fen"])
    reports = sum(len(them) for them in world.developers.values())
    assert reports * 500_000 <= all_found.figures["verification_fen"] == honest.figures["verification_fen"]


def test_what_is_found_after_issuance_is_cancelled_and_what_was_sold_is_owed():
    """From what the developer still has, then from the buffer; tonnes that are gone are owed."""
    late = {"sampled_bps": 10_000, "detected_bps": 10_000, "after_days": 20}
    world, run = verified(**late)
    taken = cancelled(world, UNREAL)
    assert taken > 0
    assert run.figures["uncovered_t"] > 0
    assert world.verifier is not None
    assert run.figures["over_found_t"] == taken + run.figures["uncovered_t"] + world.verifier.pending
    assert run.figures["liability_fen"] >= run.figures["uncovered_t"] * world.region.allowances[-1]


def test_who_weighs_the_risk_is_deterred_by_the_penalty():
    """With the penalty high enough and all reports verified nobody who weighs it over-reports; else all of them do."""
    weighing = {"weighs_bps": 10_000, "sampled_bps": 10_000, "detected_bps": 8_000}
    _, cheap = verified(**weighing, penalty_fen_t=0)
    _, dear = verified(**weighing, penalty_fen_t=100_000)
    assert cheap.figures["over_claimed_t"] > 0
    assert 0 == dear.figures["over_claimed_t"]


def test_the_buffer_covers_reversals_as_far_as_it_goes():
    """Lost are covered and uncovered; what is covered is cancelled from the buffer, whose kilograms are gone."""
    certain = {"project__forest__reversal__chance_bps": 10_000}
    for buffer_bps in (0, 100, 3_000):
        world, run = reversible(**certain, policy__buffer_bps=buffer_bps)
        lost, covered = world.reversals.lost_kg, world.reversals.covered_kg
        held_kg = sum(world.ledger.issued.values()) * buffer_bps // 10_000
        assert lost > 0
        assert covered == min(lost, held_kg) == cancelled(world, REVERSED) * 1000 + covered % 1000
        assert run.figures["uncovered_t"] == -(-(lost - covered) // 1000)
        assert sum(world.ledger.buffer.values()) == held_kg - covered
    assert run.figures["uncovered_t"] == 0


def test_the_buffer_of_the_same_instrument_goes_first():
    """Others follow in their order, each down to nothing; what is left is not covered."""
    world, _ = reversible(project__forest__reversal__chance_bps=0, policy__buffer_bps=1_000)
    ledger = world.ledger
    own, first, last = ledger.buffer[2], ledger.buffer[1], ledger.buffer[3]
    assert own + 5 == ledger.cover(2, own + 5, REVERSED)
    assert [first - 5, 0, last] == [ledger.buffer[number] for number in (1, 2, 3)]
    assert first - 5 + last == ledger.cover(2, 10**12, REVERSED)
    world.check()


def test_no_more_is_lost_than_was_issued():
    """A certain loss of everything, year after year, is all that forests were issued, once."""
    whole = {f"project__forest__reversal__{name}": 10_000 for name in ("chance_bps", "loss_bps")}
    world, run = reversible(**whole, horizon__days=730)
    assert run.figures["reversed_t"] <= world.ledger.issued[2] // 1000


def test_losses_move_no_draw_of_the_market():
    """Without a buffer the same trades happen, whatever is lost."""
    without, with_ = (reversible(project__forest__reversal__chance_bps=chance)[0] for chance in (0, 10_000))
    assert without.venue.hash == with_.venue.hash


def test_the_check_of_cancellations_bites():
    """A kilogram cancelled that nobody had is found."""
    world, _ = reversible(project__forest__reversal__chance_bps=10_000, policy__buffer_bps=100)
    world.ledger.cancelled[1, REVERSED] += 1
    with pytest.raises(AssertionError, match="a kilogram"):
        world.check()

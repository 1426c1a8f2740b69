"""Grids, and sweeps of which some runs fail."""

import csv
import json
import math

import pytest
from click.testing import CliRunner

from deploy.cli.program import cli
from exchange.simulation import runs
from exchange.simulation.files import ScenarioWrong
from exchange.simulation.grids import grid, grid_points, levels_of
from exchange.simulation.sweep import SweepPlan, sweep
from tests.exchange.simulation.small import RHYTHM, SMALL

CAP, COST = "policy.offset_cap_bps", "project.kiln.cost_fen_t"
SHORT = {**SMALL, "horizon.days": 40, "policy.deadline_day": 30}
RANGES = {CAP: (0, 1_000), COST: (500, 2_000)}


def test_a_grid_has_every_combination():
    """Both ends of each range, evenly; a range of few whole numbers has no more levels than these."""
    assert [(0.0, 0.0), (0.0, 0.5), (0.0, 1.0), (1.0, 0.0), (1.0, 0.5), (1.0, 1.0)] == grid_points((2, 3))
    assert (3, 5) == levels_of({"x": (0, 2), "y": (0, 100)}, 5)


def test_effects_of_a_grid_are_those_of_its_levels():
    """Of x + 10 y + 4 xy: means differ by 3 and 12, at the most by 5 and 14; noise of the seeds gives the interval."""
    points = grid_points((2, 3))
    exact = [[x + 10 * y + 4 * x * y] * 2 for x, y in points]
    first, second = grid(("x", "y"), (2, 3), exact)
    assert (3.0, 5.0, 0.0) == (first.main, first.total, first.main_half_width)
    assert (12.0, 14.0) == (second.main, second.total)
    noisy = [[x, x + 2 * x] for x, _ in points]
    (found, _) = grid(("x", "y"), (2, 3), noisy)
    assert found.main == pytest.approx(2.0)
    assert 0.5 < found.main_half_width < 3


def test_a_grid_of_a_scenario_is_swept(tmp_path):
    """Three levels of two parameters: nine points in the file, twice each, and the cap moves what is offset most."""
    plan = SweepPlan(method="grid", figure="offset_t", ranges=RANGES, samples=3, replications=2)
    found = sweep(tmp_path / "grid", RHYTHM, SHORT, plan)
    assert (18, 2) == (found.runs, found.estimated)
    assert found.sensitivities[0].main > found.sensitivities[1].main
    with (tmp_path / "grid" / "points.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(str(cap), str(cost)) for cap in (0, 500, 1000) for cost in (500, 1250, 2000) for _ in range(2)] == [
        (row[CAP], row[COST]) for row in rows
    ]
    at_none = [int(row["offset_t"]) for row in rows if row[CAP] == "0"]
    assert {0} == set(at_none)


def test_a_grid_is_not_larger_than_a_machine_can_run(tmp_path):
    """A thousand levels of two parameters are a million points."""
    plan = SweepPlan(method="grid", figure="offset_t", ranges=RANGES, samples=1_000, replications=1)
    with pytest.raises(ScenarioWrong, match="1,000,000 points; 100,000 are the most"):
        sweep(tmp_path / "grid", RHYTHM, SHORT, plan)


@pytest.mark.parametrize(("method", "samples", "left"), [("morris", 3, 2), ("sobol", 4, 3), ("grid", 2, 1)])
def test_one_failing_run_takes_out_its_own_sample_only(tmp_path, monkeypatch, method, samples, left):
    """It is named with its setting, and the rest is estimated; in the second replication of the second point here."""
    play, played = runs.play, []

    def sometimes(job: runs.PlannedRun) -> runs.Done:
        played.append(job)
        if len(played) == 4:
            return runs.FailedRun(setting=job.setting, replication=job.replication, fault="a fault")
        return play(job)

    monkeypatch.setattr(runs, "play", sometimes)
    plan = SweepPlan(method=method, figure="offset_t", ranges=RANGES, samples=samples, replications=2)
    found = sweep(tmp_path / "some", RHYTHM, SHORT, plan)
    assert [(played[3].setting, 1, "a fault")] == [
        (each.setting, each.replication, each.fault) for each in found.failed
    ]
    assert (left, 2) == (found.estimated, len(found.sensitivities))
    assert all(math.isfinite(each.main) for each in found.sensitivities)
    stored = json.loads((tmp_path / "some" / "sweep.json").read_text("utf-8"))
    assert (left, 1) == (stored["estimated"], len(stored["failed"]))


def test_where_nothing_is_left_nothing_is_estimated(tmp_path, monkeypatch):
    """All runs fail: the command says so, with the first fault, and its files are written."""

    def never(job: runs.PlannedRun) -> runs.Done:
        return runs.FailedRun(setting=job.setting, replication=job.replication, fault="a fault")

    monkeypatch.setattr(runs, "play", never)
    words = ["--out", str(tmp_path / "out"), "--samples", "2", "--parameter", CAP]
    done = CliRunner().invoke(cli, ["sim", "sweep", "compliance-rhythm", *words])
    assert 1 == done.exit_code
    assert "8 of 8 runs failed; 0 trajectories without one were used: a fault" in done.output
    assert (tmp_path / "out" / "sweep.json").exists()

"""A calibration whose process is killed goes on where it was, to the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli.commands.calibrate import CalibrationProgress
from deploy.cli.program import cli
from exchange.simulation.calibration import fitting
from exchange.simulation.calibration.calibrating import calibrated
from exchange.simulation.calibration.fitting import FitPlan
from exchange.simulation.shards import BundleWrong
from tests.exchange.simulation.small import RHYTHM, SMALL
from tests.exchange.simulation.test_calibration import RANGES, facts_file, words

VALUES = (14.0, 0.4, 0.2)
PLAN = FitPlan(ranges=RANGES, points=3, steps=1, replications=1, seed=0)
JUDGED = 4
_PARENT = """
import sys
from pathlib import Path
from deploy.cli.executors import executor
from tests.exchange.simulation.test_calibration_kills import calibrate

if __name__ == "__main__":
    with executor(2) as pool:
        calibrate(Path(sys.argv[1]), pool, ran=lambda found, played: print(found, played, flush=True))
"""


def calibrate(folder: Path, pool=None, **more):
    """Fit the small scenario to three facts, and judge it."""
    files = (facts_file(VALUES), None)
    return calibrated(folder, RHYTHM, SMALL, PLAN, files, judged=JUDGED, executor=pool, **more)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_a_calibration_that_is_killed_goes_on_where_it_was(tmp_path):
    """SIGKILL of it: all but one run a worker is kept and not played again, and the bytes are the same."""
    counted: list[tuple[int, int]] = []
    calibrate(tmp_path / "whole", ran=lambda *both: counted.append(both))
    runs = len(counted)
    assert (0, runs) == counted[-1]
    folder, root, script = tmp_path / "cut", Path(__file__).parents[3], tmp_path / "parent.py"
    script.write_text(_PARENT, "utf-8")
    parent = subprocess.Popen(
        [sys.executable, str(script), str(folder)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent.stdout as lines:
        for _ in range(4):
            next(lines)
        parent.kill()
        rest = lines.read().splitlines()
    parent.wait()
    told = int(rest[-1].split()[1]) if rest else 4
    kept = len(list((folder / "runs").glob("*.row")))
    assert told <= kept <= told + 1
    torn = min((folder / "runs").glob("*.row"))
    torn.write_bytes(torn.read_bytes()[:7])
    again: list[tuple[int, int]] = []
    calibrate(folder, ran=lambda *both: again.append(both))
    assert (1, 0) == again[0], "what is found is said at once"
    assert (kept - 1, runs - kept + 1) == again[-1], "a file that a loss of power tore is played again"
    assert contents(tmp_path / "whole") == contents(folder)


def test_a_folder_of_another_plan_or_of_something_else_is_refused(tmp_path):
    """What was measured for other facts is in the way; so is whatever somebody else keeps there."""
    (tmp_path / "own.toml").write_bytes(facts_file(VALUES).bytes)
    other = tmp_path / "out" / "runs"
    other.mkdir(parents=True)
    (other / "plan").write_text("another", "utf-8")
    done = CliRunner().invoke(cli, words(tmp_path))
    assert (1, True) == (done.exit_code, "part of a run of another scenario" in done.output)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep", "utf-8")
    with pytest.raises(BundleWrong, match="is not empty"):
        calibrate(tmp_path / "mine")
    assert ["letter.txt"] == [each.name for each in (tmp_path / "mine").iterdir()]


def test_rows_of_other_data_are_of_another_plan(tmp_path, monkeypatch):
    """A calendar or a preset that changed meanwhile changes what is measured."""
    facts, text = facts_file(VALUES), RHYTHM
    before = fitting.identity_of(text, {}, facts, PLAN)
    monkeypatch.setattr(fitting, "data_hashes", lambda: (("calendar.toml", "another"),))
    assert before != fitting.identity_of(text, {}, facts, PLAN)


def test_progress_says_how_long_the_rest_takes():
    """From the runs of this try alone: those that were found took no time."""
    said: list[str] = []
    now = iter((0.0, 10.0, 20.0))
    about = PLAN.about_runs(JUDGED)
    tell = CalibrationProgress(said.append, about, lambda: next(now))
    tell.ran(1, 0)
    tell.ran(1, 5)
    tell.tried(3, 1.25)
    tell.ran(1, 10)
    assert [
        f"1 of about {about} runs",
        f"6 of about {about} runs, about {2 * (about - 6)} s left",
        f"11 of about {about} runs, about {2 * (about - 11)} s left; 3 points, the least loss is 1.250",
    ] == said

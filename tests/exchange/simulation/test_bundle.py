"""Bundles: the same bytes from any number of workers, resumed after a kill, verified, and found out where altered."""

import csv
import platform
import re
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from deploy.cli.program import cli
from exchange.simulation import MODEL_VERSION, bundle, runs
from exchange.simulation.bundle import write
from exchange.simulation.files import shipped
from exchange.simulation.results import FIGURES, WAYS
from exchange.simulation.runs import FailedRun, PlannedRun, planned_runs
from exchange.simulation.shards import BundleWrong, plan_of
from exchange.simulation.statistics import effect, estimate
from exchange.simulation.world import World
from tests.exchange.simulation.small import RHYTHM, SMALL


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The small scenario, run once: four settings of its lever, two replications."""
    made = tmp_path_factory.mktemp("sim") / "made"
    write(made, RHYTHM, SMALL, replications=2)
    return made


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_one_and_two_workers_write_the_same_bytes(folder, tmp_path):
    """Processes finish in any order; the files do not show it."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        write(tmp_path / "two", RHYTHM, SMALL, replications=2, executor=executor)
    assert contents(folder) == contents(tmp_path / "two")


def test_a_run_that_was_ended_goes_on(folder, tmp_path, monkeypatch):
    """What was finished is not played again, the bytes are the same, and another scenario is kept out of the folder."""

    class Killed(BaseException):
        """The end of a process."""

    def killed(done: int, _count: int) -> None:
        if done == 5:
            raise Killed

    with pytest.raises(Killed):
        write(tmp_path / "cut", RHYTHM, SMALL, replications=2, finished=killed)
    with pytest.raises(BundleWrong, match="part of a run of another scenario"):
        write(tmp_path / "cut", RHYTHM, SMALL, replications=3)
    played: list[PlannedRun] = []
    play = runs.play

    def counted(job: PlannedRun) -> runs.Done:
        played.append(job)
        return play(job)

    monkeypatch.setattr(runs, "play", counted)
    write(tmp_path / "cut", RHYTHM, SMALL, replications=2)
    assert 3 == len(played)
    assert contents(folder) == contents(tmp_path / "cut")
    with pytest.raises(BundleWrong, match="has a finished run already"):
        write(tmp_path / "cut", RHYTHM, SMALL, replications=2)


def test_a_worker_that_is_killed_ends_the_command_with_words(tmp_path, monkeypatch):
    """One line that says to begin again with the same folder."""

    def killed(*_words: object, **_more: object) -> None:
        raise BrokenProcessPool

    monkeypatch.setattr(bundle, "write", killed)
    done = CliRunner().invoke(cli, ["sim", "run", "compliance-rhythm", "--out", str(tmp_path / "out")])
    assert (1, True) == (done.exit_code, "Begin again with the same folder" in done.output)


def test_a_run_that_fails_is_reported_and_ends_nothing(tmp_path, monkeypatch):
    """The others are summed up, and the report and the manifest name it."""
    play = runs.play
    broken = planned_runs(RHYTHM, SMALL, 2)[3]

    def sometimes(job: PlannedRun) -> runs.Done:
        if job == broken:
            monkeypatch.setattr(World, "play", lambda _world: 1 // 0)
        try:
            return play(job)
        finally:
            monkeypatch.undo()
            monkeypatch.setattr(runs, "play", sometimes)

    monkeypatch.setattr(runs, "play", sometimes)
    made = write(tmp_path / "failed", RHYTHM, SMALL, replications=2)
    fault = "ZeroDivisionError: integer division or modulo by zero"
    assert (FailedRun(setting=broken.setting, replication=1, fault=fault),) == made.failed
    assert fault in (tmp_path / "failed" / "report.html").read_text("utf-8")
    with (tmp_path / "failed" / "runs.csv").open(newline="") as lines:
        assert 7 == len(list(csv.reader(lines))) - 1


def test_a_bundle_is_verified_by_running_it_again(folder, tmp_path):
    """Its files, the replay of its journal, and every byte of the second run."""
    done = CliRunner().invoke(cli, ["sim", "verify", str(folder)])
    assert (0, True) == (done.exit_code, "The same bytes again: 8 runs of compliance-rhythm" in done.output), (
        done.output
    )


@pytest.mark.parametrize(
    ("altered", "said"),
    [
        (("runs.csv", b"0", b"1"), "runs.csv is not the file"),
        (("bundle.json", b'"seed": 101', b'"seed": 102'), "run again, it gives another bundle.json"),
        (("bundle.json", b'"model": %d' % MODEL_VERSION, b'"model": 9'), "the bundle is of model and engine"),
        (("bundle.json", b'"format": 1', b'"format": 2'), "no bundle that can be read"),
        (("bundle.json", b'"factors.toml": "', b'"factors.toml": "0'), "was made with another factors.toml"),
    ],
)
def test_an_altered_bundle_is_found_out(folder, tmp_path, altered, said):
    """Whatever file was changed, the answer names it."""
    name, old, new = altered
    for each, data in contents(folder).items():
        (tmp_path / each).write_bytes(data.replace(old, new, 1) if each == name else data)
    done = CliRunner().invoke(cli, ["sim", "verify", str(tmp_path)])
    assert (1, True) == (done.exit_code, said in done.output), done.output


def test_a_journal_that_was_altered_does_not_replay(folder):
    """A command that was left out leads to other events; so does a row of another engine."""
    version, engine, codec, rows = msgspec.msgpack.decode((folder / "journal.msgpack").read_bytes())
    assert bundle.replay((folder / "journal.msgpack").read_bytes()) == rows[-1][4].hex()
    commands = msgspec.msgpack.decode(rows[0][2])
    rows[0][2] = msgspec.msgpack.encode(commands[:-1])
    with pytest.raises(BundleWrong, match="leads to other events"):
        bundle.replay(msgspec.msgpack.encode((version, engine, codec, rows)))
    with pytest.raises(BundleWrong, match="is of engine 99"):
        bundle.replay(msgspec.msgpack.encode((version, 99, codec, rows)))
    with pytest.raises(BundleWrong, match="no journal"):
        bundle.replay(b"\xc1")


def test_a_bundle_says_what_it_was_made_with(folder):
    """Data files by their hashes, Python by its version, and every file of the folder."""
    manifest = bundle.read_manifest(folder)
    assert {"calendar-cn.toml", "factors.toml", "continuous.toml"} <= manifest.data.keys()
    assert platform.python_version() in manifest.python
    assert {each.name for each in folder.iterdir()} == {*manifest.outputs, "bundle.json"}
    assert manifest.plan == plan_of(planned_runs(RHYTHM, SMALL, 2))


def test_another_python_is_no_difference(folder, tmp_path):
    """A bundle of Python 3.14 is verified by this one."""
    for each, data in contents(folder).items():
        (tmp_path / each).write_bytes(re.sub(rb'"python": "[^"]*"', b'"python": "CPython 3.14.0"', data))
    done = CliRunner().invoke(cli, ["sim", "verify", str(tmp_path)])
    assert 0 == done.exit_code, done.output


def test_every_kilogram_of_every_run_is_in_one_place(folder):
    """The places of each run add up to what was issued in it."""
    with (folder / "kilograms.csv").open(newline="") as lines:
        places = list(csv.DictReader(lines))
    with (folder / "runs.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    lever = "population.mills.late_bps"
    for row in rows:
        mine = [each for each in places if (each[lever], each["replication"]) == (row[lever], row["replication"])]
        assert int(row["issued_t"]) * 1000 == sum(int(each["kg"]) for each in mine)
    assert set(FIGURES) - set(WAYS) <= rows[0].keys()
    assert not set(WAYS) & rows[0].keys(), "this scenario has neither campaigns nor blocks"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({f"project.{name}.issued_t": 0 for name in ("kiln", "forest", "elsewhere")}, "No credits were issued"),
        (
            {"venue.floor_fen_t": 12_000},
            "The lowest price that is allowed is above the highest that anybody would pay.",
        ),
    ],
)
def test_a_market_in_which_nothing_happens_has_a_clear_report(tmp_path, changes, said):
    """Without supply, and with a floor above every bid."""
    write(tmp_path / "silent", RHYTHM, {**SMALL, **changes}, replications=1)
    text = (tmp_path / "silent" / "report.html").read_text("utf-8")
    assert "Nothing was traded in 4 of 4 runs." in text
    assert said in text


def test_an_effect_is_only_called_one_beyond_chance():
    """Paired differences with Student's t: 12.706 for two replications, none for one."""
    assert (2.0, None) == (estimate([2]).mean, estimate([2]).half_width)
    two = estimate([1, 3])
    assert 2.0 == two.mean
    assert two.half_width == pytest.approx(12.706)
    assert effect([1, 5, 9], [3, 7, 11]).sure
    assert not effect([1, 5, 9], [9, 1, 8]).sure
    assert not effect([1], [100]).sure


def test_the_command_line_lists_checks_and_refuses(tmp_path):
    """Names and questions; words; and the file, the line and the reason where something is wrong."""
    listed = CliRunner().invoke(cli, ["sim", "list"]).output
    assert all(name in listed for name in shipped())
    checked = CliRunner().invoke(cli, ["sim", "check", "compliance-rhythm"])
    assert (0, True) == (checked.exit_code, "Varies population.mills.late_bps" in checked.output)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(RHYTHM.replace("format = 1", "format = 2"), "utf-8")
    said = CliRunner().invoke(cli, ["sim", "check", str(wrong)])
    assert (2, True) == (said.exit_code, "wrong.toml: line 2: format: Invalid enum value 2" in said.output), said.output
    none = CliRunner().invoke(cli, ["sim", "run", "no-such", "--out", str(tmp_path / "out")])
    assert (2, True) == (none.exit_code, "'kilnwood sim list'" in none.output)
    overlay = tmp_path / "overlay.toml"
    overlay.write_text('parameter = "policy.nothing"\nvalue = 1\nbecause = "no reason"\n', "utf-8")
    words = ["sim", "run", "compliance-rhythm", "--out", str(tmp_path / "out"), "--overlay", str(overlay)]
    odd = CliRunner().invoke(cli, words)
    assert (2, True) == (odd.exit_code, "there is no parameter policy.nothing" in odd.output)
    assert not (tmp_path / "out").exists()

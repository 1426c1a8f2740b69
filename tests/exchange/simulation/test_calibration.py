"""Fits: of a model to its own data, judged facts, held-out facts, the command line, and the fit that is shipped."""

import builtins
import csv
import hashlib
import math

import pytest
from click.testing import CliRunner

from deploy.cli.program import cli
from exchange.simulation import MODEL_VERSION
from exchange.simulation.calibration.ablation import ROWS, ablated
from exchange.simulation.calibration.facts import SHIPPED, DataWrong, FactFile, load, place_of, read_facts
from exchange.simulation.calibration.fitting import FitPlan, fit, loss_of, means_of, runs_of
from exchange.simulation.calibration.judging import JudgedFact, Role, judge
from exchange.simulation.calibration.measuring import targets_of
from exchange.simulation.calibration.written import facts_csv, read_fitted
from exchange.simulation.files import read_overlays, shipped
from exchange.simulation.world import World
from tests.exchange.simulation.small import RHYTHM, SMALL

COST, CAP = "project.kiln.cost_fen_t", "policy.offset_cap_bps"
TRUE = {COST: 1_700, CAP: 200}
RANGES = {COST: (600, 2_400), CAP: (100, 1_000)}
FACT = """
[[fact]]
name = "{name}"
value = {value}
tolerance = {tolerance}
because = "the model's own"
date = 2026-11-29
source = "a run of the model"
licence = "own"
{moment}
"""
MOMENTS = (
    ("price", 0.5, 'moment = "mean_price"'),
    ("late", 0.02, 'moment = "share_between"\nfirst = 2025-02-10\nlast = 2025-03-12'),
    ("peak", 0.5, 'moment = "peak_week_share"'),
)


def facts_file(values, *, name="own", prefix=""):
    """A file of facts with these values for the moments above."""
    rows = zip(MOMENTS, values, strict=True)
    texts = [FACT.format(name=prefix + n, value=v, tolerance=t, moment=m) for (n, t, m), v in rows]
    text = f'format = 1\nname = "{name}"\n' + "".join(texts)
    return FactFile(read_facts(text), (), text.encode())


@pytest.fixture(scope="module")
def own():
    """What the small scenario with the true values comes to, in two replications."""
    targets = targets_of(facts_file([0, 0, 0]).facts.fact, ())
    runs = runs_of(RHYTHM, {**SMALL, **TRUE}, (), targets)
    return means_of([runs((), at).play().moments for at in range(2)])


def plan(**changes):
    """A small plan over the two parameters."""
    return FitPlan(**{"ranges": RANGES, "points": 12, "steps": 14, "replications": 2, "seed": 0, **changes})


def test_a_fit_recovers_what_made_the_data(own):
    """From the scenario's own values the fit comes to those that the data were made with, nearly, and says how near."""
    found = fit(RHYTHM, SMALL, facts_file(own), plan())
    assert found.best.loss < found.before.loss / 50
    cost, cap = found.best.values
    assert cost == pytest.approx(TRUE[COST], abs=150)
    assert cap == pytest.approx(TRUE[CAP], abs=80)
    low, high = found.as_good()[COST]
    assert low <= cost <= high
    assert high - low < 900
    assert len({each.values for each in found.tried}) == len(found.tried)


def test_the_loss_of_its_own_moments_is_nothing(own):
    """And a tolerance away in each fact is one for each."""
    targets = targets_of(facts_file(own).facts.fact, ())
    assert 0 == loss_of(own, targets)
    moved = [value + each.fact.tolerance for value, each in zip(own, targets, strict=True)]
    assert 3 == pytest.approx(loss_of(moved, targets))
    assert 100 == loss_of([own[0], own[1], math.nan], targets)


def test_a_moment_that_half_of_the_runs_lack_is_missing():
    """One of two is enough to average over; one of three is not."""
    assert (1.0,) == means_of([(1.0,), (math.nan,)])
    assert math.isnan(means_of([(1.0,), (math.nan,), (math.nan,)])[0])


def test_replications_have_seeds_of_their_own(own):
    """Two replications of one point differ, the same one twice does not; judging plays others than the fit."""
    targets = targets_of(facts_file(own).facts.fact, ())
    runs = runs_of(RHYTHM, SMALL, (), targets)
    first, again, second = (runs((), at).play() for at in (0, 0, 1))
    assert first == again != second


def overlay_of(path, changes):
    """Write an overlay of several parameters, as a fit does."""
    rows = [f'[[overlay]]\nparameter = "{name}"\nvalue = {at}\nbecause = "small"\n' for name, at in changes.items()]
    path.write_text("\n".join(rows), "utf-8")
    return path


def words(tmp_path, *more, out="out", data="own.toml"):
    """A calibration on the command line."""
    overlays = overlay_of(tmp_path / "small.toml", SMALL)
    ranges = [f"--parameter={name}={low}:{high}" for name, (low, high) in RANGES.items()]
    fixed = ["--points", "3", "--steps", "1", "--replications", "1", "--judged", "4", "--overlay", str(overlays)]
    files = ["--data", str(tmp_path / data), "--out", str(tmp_path / out)]
    return ["sim", "calibrate", "compliance-rhythm", *files, *ranges, *fixed, *more]


def test_holding_facts_out_changes_no_fitted_byte(own, tmp_path):
    """Two holdouts, one worker and two: the same fitted.toml and points.csv; verdicts stand in the other files."""
    (tmp_path / "own.toml").write_bytes(facts_file(own).bytes)
    for name, values in (("near", own), ("far", [999, 0, 1])):
        (tmp_path / f"{name}.toml").write_bytes(facts_file(values, name=name, prefix="kept-").bytes)
    near, far = (["--holdout", str(tmp_path / f"{name}.toml")] for name in ("near", "far"))
    for out, more in (("a", []), ("b", near), ("c", [*far, "--workers", "2"])):
        done = CliRunner().invoke(cli, words(tmp_path, *more, out=out))
        assert 0 == done.exit_code, done.output
    for name in ("fitted.toml", "points.csv"):
        assert 1 == len({(tmp_path / out / name).read_bytes() for out in "abc"})
    assert "0 of 3 held out facts pass." in done.output
    assert "kept-price" in (tmp_path / "c" / "report.txt").read_text("utf-8")
    rows = list(csv.DictReader((tmp_path / "c" / "facts.csv").read_text("utf-8").splitlines()))
    assert ["fitted"] * 3 + ["held out"] * 3 == [row["role"] for row in rows]
    assert "fail: the model is below" == rows[3]["verdict"]


def test_fitted_values_are_an_overlay(own, tmp_path):
    """The file of a fit changes a scenario as it is, and says by which versions, data and seed, with the loss."""
    (tmp_path / "own.toml").write_bytes(facts_file(own).bytes)
    done = CliRunner().invoke(cli, words(tmp_path, "--seed", "5"))
    assert 0 == done.exit_code, done.output
    text = (tmp_path / "out" / "fitted.toml").read_text("utf-8")
    fitted = read_fitted(text)
    assert (5, 1, "own", dict(SMALL)) == (fitted.seed, fitted.replications, fitted.facts, fitted.changes)
    assert {each.parameter for each in read_overlays(text)} == RANGES.keys()
    assert all(f"loss {fitted.loss:.4f}" in each.because for each in fitted.overlay)
    (tmp_path / "without.toml").write_text(RHYTHM[: RHYTHM.index("[[lever]]")], "utf-8")
    checked = CliRunner().invoke(
        cli, ["sim", "check", str(tmp_path / "without.toml"), "--overlay", str(tmp_path / "out" / "fitted.toml")]
    )
    assert 0 == checked.exit_code, checked.output
    again = CliRunner().invoke(cli, words(tmp_path))
    assert (1, True) == (again.exit_code, "is not empty" in again.output)


def test_a_run_that_fails_is_named_and_the_fit_goes_on(own, monkeypatch):
    """Its moments are missing; what went wrong is kept."""
    play, calls = World.play, []

    def sometimes(world):
        calls.append(world)
        if len(calls) == 2:
            raise RuntimeError("out of luck")
        return play(world)

    monkeypatch.setattr(World, "play", sometimes)
    found = fit(RHYTHM, SMALL, facts_file(own), plan(points=2, steps=0))
    assert ("RuntimeError: out of luck",) == found.faults
    assert found.tried[0].faults == found.faults


def test_a_fact_passes_within_the_runs_and_fails_outside(own):
    """Above, below, and where the model has no such thing."""
    targets = targets_of(facts_file([-1, 0.8, 1.5]).facts.fact, ())
    found = judge(runs_of(RHYTHM, {**SMALL, **TRUE}, (), targets), (), range(2, 8), ["held out"] * 3)
    assert ["fail: the model is above", "pass", "fail: the model is below"] == [each.said() for each in found]
    none = JudgedFact("held out", targets[0], math.nan, math.nan, math.nan, 0.0)
    assert (False, "fail: the model has no such thing") == (none.passed, none.said())


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ('source = "a run of the model"\n', "line 4: price: Object missing required field `source`"),
        ("format = 1\n", "Object missing required field `format`"),
    ],
)
def test_facts_without_papers_end_the_command(own, tmp_path, broken, said):
    """With the file, the line and the reason, before anything is played."""
    text = facts_file(own).bytes.decode().replace(broken, "", 1)
    (tmp_path / "own.toml").write_text(text, "utf-8")
    done = CliRunner().invoke(cli, words(tmp_path))
    assert (2, True) == (done.exit_code, said in done.output), done.output
    absent = CliRunner().invoke(cli, words(tmp_path, data="none.toml"))
    assert (2, True) == (absent.exit_code, "national-allowance" in absent.output)


def test_facts_of_another_instrument_or_fitted_and_held_out_are_refused(own, tmp_path):
    """A project that the scenario does not have; a name on both sides."""
    data = facts_file(own)
    text = data.bytes.decode().replace('name = "late"', 'name = "late"\ninstrument = "wind"')
    with pytest.raises(DataWrong, match="late is about wind, and compliance-rhythm has no such project"):
        fit(RHYTHM, SMALL, FactFile(read_facts(text), (), text.encode()), plan())
    (tmp_path / "own.toml").write_bytes(data.bytes)
    done = CliRunner().invoke(cli, words(tmp_path, "--holdout", str(tmp_path / "own.toml")))
    assert (2, True) == (done.exit_code, "cannot be fitted and held out" in done.output)


@pytest.mark.parametrize("command", ["calibrate", "ablate"])
def test_without_numpy_the_command_says_what_to_install(monkeypatch, tmp_path, command):
    """And the simulator itself is imported without it."""
    real = builtins.__import__

    def absent(name, *rest, **more):
        if name.split(".")[0] == "numpy":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    line = words(tmp_path) if command == "calibrate" else ["sim", "ablate", "compliance-rhythm"]
    done = CliRunner().invoke(cli, line)
    assert (1, True) == (done.exit_code, "pip install 'kilnwood[simulation]'" in done.output)


KILN_ONLY = {**SMALL, "project.forest.developers": 0, "project.elsewhere.developers": 0}


@pytest.fixture(scope="module")
def table():
    """The small scenario with kilns alone, whole and without each mechanism."""
    return ablated(RHYTHM, KILN_ONLY, 5)


@pytest.mark.parametrize(
    ("fact", "mechanism", "verdict"),
    [
        ("deadline-peak", "deadline", "goes"),
        ("stale-prices", "large-sellers", "goes"),
        ("price-moves", "unequal-sellers", "goes"),
        ("deadline-peak", "waiting", "stays"),
        ("price-moves", "news", "stays"),
        ("block-discount", "holders-discount", "not there"),
    ],
)
def test_a_fact_goes_with_its_mechanism(table, fact, mechanism, verdict):
    """Beyond chance; what was only thought to make it leaves it, and what is not modelled is not there."""
    (found,) = (each for each in table if (each.fact.name, each.mechanism.name) == (fact, mechanism))
    assert verdict == found.verdict
    if verdict == "goes":
        (mean, half), (without, _), (moved, noise) = found.with_it, found.without, found.difference
        assert mean - half > found.least > without
        assert moved + noise < 0


def test_a_difference_within_chance_is_not_called_one(table):
    """The verdict of rows made by hand: there within chance, gone within chance, nothing left to have the fact."""
    row = table[0]._replace(least=0.5)

    def verdict(with_it, without, difference):
        return row._replace(with_it=with_it, without=without, difference=difference).verdict

    assert "not told from chance" == verdict((0.6, 0.2), (0.1, 0.1), (-0.5, 0.1))
    assert "not told from chance" == verdict((0.6, 0.05), (0.45, 0.1), (-0.15, 0.2))
    assert "not told from chance" == verdict((0.6, 0.05), (0.55, 0.1), (-0.05, 0.2))
    assert "stays" == verdict((0.6, 0.05), (0.65, 0.1), (0.05, 0.2))
    assert "goes" == verdict((0.6, 0.05), (math.nan, math.nan), (math.nan, math.nan))
    assert "not there" == verdict((0.4, 0.05), (0.1, 0.05), (-0.3, 0.05))


def test_the_table_is_printed_and_written(tmp_path):
    """On the command line, with a CSV that says what was changed."""
    short = overlay_of(tmp_path / "short.toml", KILN_ONLY)
    line = ["sim", "ablate", "compliance-rhythm", "--overlay", str(short), "--replications", "2", "--out"]
    done = CliRunner().invoke(cli, [*line, str(tmp_path / "table.csv")])
    assert 0 == done.exit_code, done.output
    assert all(fact.name in done.output and mechanism.said in done.output for fact, mechanism in ROWS)
    written = list(csv.DictReader((tmp_path / "table.csv").read_text("utf-8").splitlines()))
    assert [fact.name for fact, _ in ROWS] == [row["fact"] for row in written]
    assert "policy.deadline_day=252" == written[0]["changes"]


FITTED = SHIPPED.with_name("fitted")


@pytest.fixture(scope="module")
def published():
    """The fit of the national allowance that is shipped, with its scenario and facts."""
    fitted = read_fitted((FITTED / "national-allowance" / "fitted.toml").read_text("utf-8"))
    return fitted, shipped()[fitted.scenario], load(place_of(fitted.facts))


def shipped_runs(published, targets):
    """What makes runs of the shipped fit."""
    fitted, text, _ = published
    changes = {**fitted.changes, **{each.parameter: each.value for each in fitted.overlay}}
    return runs_of(text, changes, (), targets)


def test_the_shipped_fit_is_what_the_model_gives(published):
    """
    Its values have the loss that is written beside them, under this model, of these facts.

    Where the model has changed, fit again with the command in the README of the simulator, and commit what it says.
    """
    fitted, text, data = published
    assert fitted.model <= MODEL_VERSION
    assert hashlib.sha256(text.encode()).hexdigest() == fitted.scenario_sha256
    assert hashlib.sha256(data.bytes).hexdigest() == fitted.facts_sha256
    targets = targets_of(data.facts.fact, data.rows)
    runs = shipped_runs(published, targets)
    rows = [runs((), at).play().moments for at in range(fitted.replications)]
    assert fitted.loss == pytest.approx(loss_of(means_of(rows), targets), rel=1e-9)
    assert fitted.loss < fitted.own_loss


def test_the_shipped_verdicts_name_every_fact_that_was_held_out():
    """Passed or failed, both are in the repository."""
    rows = list(csv.DictReader((FITTED / "national-allowance" / "facts.csv").read_text("utf-8").splitlines()))
    kept = load(place_of("national-allowance-holdout")).facts.fact
    assert [each.name for each in kept] == [row["fact"] for row in rows if row["role"] == "held out"]
    assert {"pass", "fail"} == {row["verdict"].split(":")[0] for row in rows}


@pytest.mark.long
def test_the_shipped_verdicts_are_what_the_model_gives(published):
    """Forty runs give the same bytes again."""
    fitted, _, data = published
    kept = load(place_of("national-allowance-holdout"))
    targets = (*targets_of(data.facts.fact, data.rows), *targets_of(kept.facts.fact, kept.rows))
    inside: Role = "fitted"
    outside: Role = "held out"
    roles = [inside] * len(data.facts.fact) + [outside] * len(kept.facts.fact)
    others = range(fitted.replications, fitted.replications + 40)
    found = judge(shipped_runs(published, targets), (), others, roles)
    assert (FITTED / "national-allowance" / "facts.csv").read_bytes() == facts_csv(found).encode()

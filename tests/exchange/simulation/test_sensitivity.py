"""Morris and Sobol on functions whose answers are known, and sweeps of a scenario."""

import math

import pytest
from click.testing import CliRunner

from deploy.cli.program import cli
from exchange.simulation.files import ScenarioWrong
from exchange.simulation.sensitivity import MOST_PARAMETERS, morris, morris_points, sobol, sobol_points, sobol_sequence
from exchange.simulation.sweep import SweepPlan, ranges_of, sweep
from tests.exchange.simulation.small import RHYTHM, SMALL

FIRST = (0.3139, 0.4424, 0.0)
TOTAL = (0.5576, 0.4424, 0.2437)
"""Indices of Ishigami's function with a = 7, b = 0.1 (Sobol and Levitan 1999)."""


def ishigami(point):
    """Ishigami: sin x + 7 sin² y + 0.1 z⁴ sin x, from -π to π."""
    x, y, z = (math.pi * (2 * each - 1) for each in point)
    return math.sin(x) + 7 * math.sin(y) ** 2 + 0.1 * z**4 * math.sin(x)


def sobols_g(point):
    """Sobol's G: the product of (|4x - 2| + a) / (1 + a), here with a of 0, 1, 4.5, 9 and four times 99."""
    weights = (0, 1, 4.5, 9, 99, 99, 99, 99)
    return math.prod((abs(4 * x - 2) + a) / (1 + a) for x, a in zip(point, weights, strict=True))


def test_sobols_indices_of_ishigami():
    """With 1,024 samples within 0.02 of the exact ones, which lie within the intervals that are given."""
    found = sobol(("x", "y", "z"), [ishigami(each) for each in sobol_points(3, 1_024)])
    for each, first, total in zip(found, FIRST, TOTAL, strict=True):
        assert each.main == pytest.approx(first, abs=0.02)
        assert each.total == pytest.approx(total, abs=0.02)
        assert abs(each.main - first) < 2 * each.main_half_width < 0.3
        assert abs(each.total - total) < 2 * each.total_half_width < 0.3


def test_too_few_samples_say_so_themselves():
    """With sixteen the intervals are wider than a tenth, which is what keeps a ranking from being printed."""
    found = sobol(("x", "y", "z"), [ishigami(each) for each in sobol_points(3, 16)])
    assert max(each.main_half_width for each in found) > 0.1


def test_the_sequence_is_sobols():
    """The first points of two dimensions as published; each dimension hits every 256th exactly once."""
    assert [(0.5, 0.5), (0.75, 0.25), (0.25, 0.75), (0.375, 0.375)] == sobol_sequence(2, 4)
    for column in zip(*sobol_sequence(2 * MOST_PARAMETERS, 255), strict=True):
        assert set(range(1, 256)) == {int(value * 256) for value in column}
    assert 20 == len(set(zip(*sobol_sequence(20, 64), strict=True)))


def test_morris_orders_what_is_linear():
    """Effects of 3x + y over two thirds of the range, without spread; none of a third, unused number."""
    points = morris_points(3, 10, seed=1)
    assert 40 == len(points)
    assert all(-1e-9 <= value <= 1 + 1e-9 for point in points for value in point)
    found = morris(("x", "y", "z"), points, [3 * x + y for x, y, _ in points])
    assert [2, 2 / 3, 0] == [pytest.approx(each.main) for each in found]
    assert max(each.total for each in found) < 1e-9
    assert points != morris_points(3, 10, seed=2)


def test_a_figure_that_never_moves_has_no_indices():
    """All 0, and no division by a variance of 0."""
    assert [(0, 0)] * 2 == [(each.main, each.total) for each in sobol(("x", "y"), [5.0] * 64)]


LATE, CAP, COST = "population.mills.late_bps", "policy.offset_cap_bps", "project.kiln.cost_fen_t"
RANGES = {LATE: (0, 10_000), CAP: (100, 1_000), COST: (500, 2_000)}


def test_a_sweep_of_a_scenario_finds_what_moves_a_figure(tmp_path):
    """Tonnes used for compliance follow the cap; the points and the figures are in files, the same when run again."""
    plan = SweepPlan(method="morris", figure="offset_t", ranges=RANGES, samples=4, replications=1)
    found = sweep(tmp_path / "one", RHYTHM, SMALL, plan)
    assert (16, ()) == (found.runs, found.failed)
    effects = {each.name: each.main for each in found.sensitivities}
    assert max(effects.values()) == effects[CAP] > 1_000
    assert found == sweep(tmp_path / "two", RHYTHM, SMALL, plan)
    files = [{each.name: each.read_bytes() for each in (tmp_path / name).iterdir()} for name in ("one", "two")]
    assert files[0] == files[1]
    assert {"points.csv", "sweep.json", "report.html"} == files[0].keys()
    assert 17 == files[0]["points.csv"].count(b"\n")


def test_an_order_is_only_given_where_it_can_be_told(tmp_path):
    """Four samples of Sobol's method are too few, and the command line says so."""
    overlay = tmp_path / "short.toml"
    overlay.write_text('parameter = "horizon.days"\nvalue = 60\nbecause = "short"\n', "utf-8")
    words = ["--out", str(tmp_path / "out"), "--method", "sobol", "--samples", "4", "--replications", "1"]
    words += ["--parameter", LATE, "--parameter", f"{COST}=500:2000", "--overlay", str(overlay)]
    done = CliRunner().invoke(cli, ["sim", "sweep", "compliance-rhythm", *words])
    assert 0 == done.exit_code, done.output
    assert "too wide to tell an order" in done.output
    assert all(name in done.output for name in (LATE, COST, "first order"))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"policy.nothing": None}, "there is no parameter policy.nothing"),
        ({CAP: (0, 2_001)}, "from 0 to 2001 is no part of the range of policy.offset_cap_bps, from 0 to 2000"),
        ({CAP: (5, 5)}, "from 5 to 5 is no part of the range"),
        ({}, "a sweep has 1 to 10 parameters, not 0"),
    ],
)
def test_a_sweep_keeps_to_the_ranges(wanted, said):
    """An unknown parameter, a range beyond the scenario's, none at all."""
    with pytest.raises(ScenarioWrong) as refused:
        ranges_of(RHYTHM, SMALL, wanted)
    assert said in refused.value.reason


def test_a_sweep_asks_about_a_figure_that_exists(tmp_path):
    """Another is refused with those that there are, and a range of words too."""
    plan = SweepPlan(method="morris", figure="price", ranges=RANGES, samples=2, replications=1)
    with pytest.raises(ScenarioWrong, match="no figure is named price; there are volume_t, trades"):
        sweep(tmp_path / "none", RHYTHM, SMALL, plan)
    words = ["--out", str(tmp_path / "out"), "--parameter", f"{CAP}=low:high"]
    done = CliRunner().invoke(cli, ["sim", "sweep", "compliance-rhythm", *words])
    assert (2, True) == (done.exit_code, "give the range as two whole numbers" in done.output)


def test_sobols_indices_are_those_of_scipy():
    """Of the same 1,024 samples of Ishigami's function: the same indices, and intervals of its bootstrap's width."""
    numpy, stats = pytest.importorskip("numpy"), pytest.importorskip("scipy.stats")
    values = [ishigami(each) for each in sobol_points(3, 1_024)]
    a, b, *mixed = numpy.array(values).reshape(1_024, 5).T
    parts = {"f_A": a[None], "f_B": b[None], "f_AB": numpy.array(mixed)[:, None]}
    theirs = stats.sobol_indices(func=parts, n=1_024)
    wide = theirs.bootstrap(confidence_level=0.95, n_resamples=200)
    for at, ours in enumerate(sobol(("x", "y", "z"), values)):
        assert ours.main == pytest.approx(theirs.first_order[at], abs=1e-9)
        assert ours.total == pytest.approx(theirs.total_order[at], abs=1e-9)
        interval = wide.total_order.confidence_interval
        theirs_half = (interval.high[at] - interval.low[at]) / 2
        assert ours.total_half_width == pytest.approx(theirs_half, rel=0.4)


@pytest.mark.parametrize(
    ("function", "first", "total"),
    [
        (ishigami, (0.333160, 0.442094, 0.018593), (0.558498, 0.443771, 0.242288)),
        (
            sobols_g,
            (0.707901, 0.181649, 0.023855, 0.007238, 0.000046, -0.000167, 0.000093, 0.000256),
            (0.781340, 0.239325, 0.032244, 0.010728, 0.000103, 0.000105, 0.000105, 0.000106),
        ),
    ],
)
def test_sobols_indices_are_those_of_salib(function, first, total):
    """Computed with `SALib.analyze.sobol` 1.6.0 from the values at the same 1,024 samples, without second order."""
    names = tuple(map(str, range(len(first))))
    found = sobol(names, [function(each) for each in sobol_points(len(names), 1_024)])
    assert [each.main for each in found] == pytest.approx(first, abs=2e-6)
    assert [each.total for each in found] == pytest.approx(total, abs=2e-6)


@pytest.mark.parametrize(
    ("function", "effects", "spreads"),
    [
        (ishigami, (7.704054, 7.875000, 5.998844), (6.264477, 7.875396, 8.676696)),
        (
            sobols_g,
            (2.575290, 1.530841, 0.577634, 0.325594, 0.034030, 0.035347, 0.033308, 0.032650),
            (2.713778, 1.719693, 0.681469, 0.384902, 0.039938, 0.041388, 0.039333, 0.038641),
        ),
    ],
)
def test_elementary_effects_are_those_of_salib(function, effects, spreads):
    """`mu_star` and `sigma` of `SALib.analyze.morris` 1.6.0 at the same 200 trajectories; it divides by the step."""
    names = tuple(map(str, range(len(effects))))
    points = morris_points(len(names), 200, seed=5)
    found = morris(names, points, [function(each) for each in points])
    assert [each.main * 1.5 for each in found] == pytest.approx(effects, abs=2e-6)
    assert [each.total * 1.5 for each in found] == pytest.approx(spreads, abs=2e-6)


def test_elementary_effects_of_ishigami_are_those_worked_out_by_hand():
    """
    On four levels x, y and z are -π, -π/3, π/3 and π, and a step is 2/3 of the range: from -π to π/3 or -π/3 to π.

    sin² y: 0.75 both ways, so 5.25 with either sign. z⁴ sin x: sin x is ±√3/2 or 0 each with the same chance, so
    0.1 (π⁴ - (π/3)⁴) √3/2 in half of the cases and 0 in the others. x: √3/2 (1 + 0.1 z⁴), z large or small, up always.
    """
    half_root, large, small = math.sqrt(3) / 2, 0.1 * math.pi**4, 0.1 * (math.pi / 3) ** 4
    points = morris_points(3, 2_000, seed=5)
    x, y, z = morris(("x", "y", "z"), points, [ishigami(each) for each in points])
    assert y.main == pytest.approx(5.25)
    assert y.total == pytest.approx(5.25, rel=0.01)
    assert z.main == pytest.approx(half_root * (large - small) / 2, rel=0.05)
    assert z.total == pytest.approx(half_root * (large - small) / math.sqrt(2), rel=0.05)
    assert x.main == pytest.approx(half_root * (1 + (large + small) / 2), rel=0.05)
    assert x.total == pytest.approx(half_root * (large - small) / 2, rel=0.05)

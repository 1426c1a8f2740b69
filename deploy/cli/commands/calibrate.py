"""`kilnwood sim calibrate` and `kilnwood sim ablate`: how near the model comes to published facts, and why."""

from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import rich_click as click

from deploy.cli.environment import fail
from deploy.cli.executors import KILLED, executor
from deploy.cli.played import OVERLAY, SCENARIO, WORKERS, range_of, read_scenario

if TYPE_CHECKING:
    from exchange.simulation.calibration.facts import FactFile

_NO_NUMPY = "this needs numpy: pip install 'kilnwood[simulation]'. Everything else of kilnwood sim does without."


@click.command("calibrate")
@SCENARIO
@click.option("--data", required=True, metavar="FILE", help="Published facts: a file, or a name that is shipped.")
@click.option("--holdout", metavar="FILE", help="Facts that are only judged, never fitted to.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A new folder.")
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    required=True,
    metavar="NAME[=LOW:HIGH]",
    help="What to fit, within its range or a part of it; repeatable.",
)
@click.option("--points", type=click.IntRange(1, 65_536), default=64, show_default=True, help="Points of the scan.")
@click.option("--steps", type=click.IntRange(0, 10_000), default=60, show_default=True, help="Steps downhill after it.")
@click.option("--replications", type=click.IntRange(1, 1_000), default=4, show_default=True, help="Of each point.")
@click.option("--judged", type=click.IntRange(2, 10_000), default=40, show_default=True, help="Other replications.")
@click.option("--seed", type=click.IntRange(0, 2**53 - 1), default=0, show_default=True, help="Moves the scan.")
@OVERLAY
@WORKERS
def calibrate(  # noqa: PLR0917 - click hands each option over
    scenario: str,
    data: str,
    holdout: str | None,
    out: Path,
    parameters: tuple[str, ...],
    points: int,
    steps: int,
    replications: int,
    judged: int,
    seed: int,
    overlays: tuple[Path, ...],
    workers: int,
) -> None:
    """Fit parameters of SCENARIO to published facts, and say which facts the model meets.

    The fit has the least sum of squared distances, each counted in the fact's own tolerance. It is then played in other
    replications, and every fact passes or fails: those that were fitted, and those of --holdout, which change no fitted
    value. Writes fitted.toml, an overlay for kilnwood sim run, with points.csv, facts.csv and report.txt.

    Run an interrupted calibration again with the same folder to resume it.

    \b
    Example:
      kilnwood sim calibrate national-allowance --data national-allowance \\
        --holdout national-allowance-holdout --out /tmp/fit --workers 2 \\
        --parameter population.deficit.late_bps --parameter project.surplus.issued_t=2000:6000
    """
    from rich.console import Console

    _needs_numpy()
    from exchange.simulation.calibration.calibrating import calibrated
    from exchange.simulation.calibration.fitting import FitPlan
    from exchange.simulation.files import ScenarioWrong
    from exchange.simulation.shards import BundleWrong
    from exchange.simulation.sweep import ranges_of

    text, changes = read_scenario(scenario, overlays)
    known, kept = _facts(data), None if holdout is None else _facts(holdout)
    try:
        ranges = ranges_of(text, changes, dict(map(range_of, parameters)))
        plan = FitPlan(ranges=ranges, points=points, steps=steps, replications=replications, seed=seed)
        with Console(stderr=True).status("") as status, executor(workers) as workers_of:
            tell = CalibrationProgress(status.update, plan.about_runs(judged))
            fit = partial(calibrated, out, text, changes, plan, (known, kept), judged=judged)
            lines = fit(executor=workers_of, finished=tell.tried, ran=tell.ran)
    except ScenarioWrong as error:
        fail(f"{scenario}: {error}", 2)
    except (BundleWrong, OSError) as error:
        fail(str(error))
    except BrokenExecutor:
        fail(KILLED)
    for line in lines:
        click.echo(line)
    click.echo(f"Use it: kilnwood sim run {scenario} --overlay {out / 'fitted.toml'} --out DIR")


@click.command("ablate")
@SCENARIO
@click.option("--replications", type=click.IntRange(2, 1_000), default=20, show_default=True, help="Of each row.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A CSV file for the table.")
@OVERLAY
@WORKERS
def ablate(scenario: str, replications: int, out: Path | None, overlays: tuple[Path, ...], workers: int) -> None:
    """Take the mechanism behind each stylised fact of SCENARIO away, and see whether the fact goes.

    A fact that stays without its mechanism has another cause. Pairs of runs share their seeds; ± is half of a 95 %
    interval.

    \b
    Example:
      kilnwood sim ablate national-allowance --overlay fitted.toml --workers 2
    """
    from rich.console import Console

    _needs_numpy()
    from exchange.simulation.calibration.ablation import ablated, ablation_csv, ablation_lines
    from exchange.simulation.files import ScenarioWrong
    from exchange.simulation.shards import write_whole

    text, changes = read_scenario(scenario, overlays)
    try:
        with Console(stderr=True).status("playing") as _, executor(workers) as workers_of:
            found = ablated(text, changes, replications, workers_of)
        if out is not None:
            write_whole(out, ablation_csv(found).encode())
    except ScenarioWrong as error:
        fail(f"{scenario}: {error}", 2)
    except OSError as error:
        fail(str(error))
    except BrokenExecutor:
        fail("a worker process was killed. Begin again; with less memory to spare, with fewer --workers.")
    for line in ablation_lines(found):
        click.echo(line)


def _needs_numpy() -> None:
    try:
        import numpy as np  # noqa: F401 - only whether it is there
    except ImportError:
        fail(_NO_NUMPY)


def _facts(name: str) -> "FactFile":
    """Read a file of facts, or end with its line and the reason."""
    from exchange.simulation.calibration.facts import DataWrong, load, place_of, shipped_facts

    place = place_of(name)
    try:
        return load(place)
    except DataWrong as error:
        fail(f"{place}: {error}", 2)
    except OSError as error:
        shipped = ", ".join(shipped_facts())
        fail(f"{place} cannot be read: {error.strerror}. With the simulator come {shipped}.", 2)


class CalibrationProgress:
    """Says how far a calibration of about so many runs is, how well the best point does, and how long it takes."""

    def __init__(self, say: Callable[[str], None], about: int, clock: Callable[[], float] = monotonic) -> None:
        self._say = say
        self._about = about
        self._clock = clock
        self._begun = clock()
        self._best = ""

    def tried(self, points: int, loss: float) -> None:
        """After each point."""
        self._best = f"; {points:,} points, the least loss is {loss:.3f}"

    def ran(self, found: int, played: int) -> None:
        """After each run; those that an earlier try left took no time."""
        done, left = found + played, ""
        if played:
            left = f", about {(self._clock() - self._begun) / played * max(0, self._about - done):,.0f} s left"
        self._say(f"{done:,} of about {max(self._about, done):,} runs{left}{self._best}")

"""`kilnwood sim`: what a rule would do, played on the engine."""

from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Literal

import rich_click as click

from deploy.cli.environment import fail
from deploy.cli.executors import KILLED, executor
from deploy.cli.played import DASK, LANG, OVERLAY, SCENARIO, WORKERS, range_of, read_scenario

if TYPE_CHECKING:
    from exchange.simulation.sensitivity import Sensitivity
    from exchange.simulation.sweep import SweepResult

_SAMPLES = {"morris": "trajectories", "sobol": "samples", "grid": "replications"}


@click.group("sim")
def simulate() -> None:
    """Play a rule on the engine, and see what it does to prices, tonnes and costs. Opens no database and no network.

    SCENARIO is a file, or the name of one that comes with the simulator (kilnwood sim list).
    """


@simulate.command("list")
def simulate_list() -> None:
    """List the scenarios that come with the simulator, each with its question."""
    from exchange.simulation.files import read, shipped

    for name, text in shipped().items():
        click.echo(f"{name:<24} {read(text).question.en}")


@simulate.command("check")
@SCENARIO
@OVERLAY
def simulate_check(scenario: str, overlays: tuple[Path, ...]) -> None:
    """Check SCENARIO, and say in words what it plays and where each number comes from.

    \b
    Examples:
      kilnwood sim check compliance-rhythm
      kilnwood sim check mine.toml --overlay more-events.toml
    """
    from exchange.simulation.files import ScenarioWrong, read
    from exchange.simulation.runs import planned_runs
    from exchange.simulation.words import explained

    text, changes = read_scenario(scenario, overlays)
    try:
        for line in explained(read(text, changes), len(planned_runs(text, changes))):
            click.echo(line)
    except ScenarioWrong as error:
        fail(f"{scenario}: {error}", 2)


@simulate.command("odd")
@SCENARIO
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file; else it is printed.")
@OVERLAY
def simulate_odd(scenario: str, out: Path | None, overlays: tuple[Path, ...]) -> None:
    """Describe the model of SCENARIO by the ODD protocol, as papers ask for it: Markdown, made from the code itself.

    \b
    Example:
      kilnwood sim odd compliance-rhythm --out rhythm-odd
    """
    from exchange.simulation.files import ScenarioWrong, read
    from exchange.simulation.odd import odd

    text, changes = read_scenario(scenario, overlays)
    try:
        page = odd(read(text, changes))
    except ScenarioWrong as error:
        fail(f"{scenario}: {error}", 2)
    if out is None:
        click.echo(page, nl=False)
    else:
        out.write_text(page, "utf-8")


@simulate.command("run")
@SCENARIO
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A new folder.")
@OVERLAY
@click.option("--replications", type=click.IntRange(1, 1_000), help="As many, instead of what the scenario says.")
@click.option("--plain", is_flag=True, help="A report without a script: smaller, and without the view to zoom into.")
@LANG
@WORKERS
@DASK
def simulate_run(
    scenario: str,
    out: Path,
    overlays: tuple[Path, ...],
    replications: int | None,
    *,
    plain: bool,
    lang: Literal["zh", "en"] | None,
    workers: int,
    dask: str | None,
) -> None:
    """Run SCENARIO: each setting of its levers in each replication. Writes figures, a journal and report.html to --out.

    Run it again with the same folder to resume an interrupted run.

    \b
    Examples:
      kilnwood sim run offset-cap-local-share --out /tmp/caps --workers 2
      kilnwood sim run mine.toml --out /tmp/mine --overlay more-events.toml
    """
    from rich.console import Console

    from exchange.simulation.bundle import write
    from exchange.simulation.files import ScenarioWrong
    from exchange.simulation.shards import BundleWrong

    text, changes = read_scenario(scenario, overlays)
    try:
        with Console(stderr=True).status("") as status, executor(workers, dask) as pool:
            made = write(
                out,
                text,
                changes,
                replications=replications,
                executor=pool,
                finished=_progress(status.update),
                plain=plain,
                opens=lang,
            )
    except ScenarioWrong as error:
        fail(f"{scenario}: {error}", 2)
    except (BundleWrong, OSError) as error:
        fail(str(error))
    except BrokenExecutor:
        fail(KILLED)
    click.echo(f"{len(made.runs) - len(made.failed)} runs. Read {out / 'report.html'}; plan {made.plan[:16]}.")
    if made.failed:
        fail(f"{len(made.failed)} runs failed: {made.failed[0].fault}")


@simulate.command("sweep")
@SCENARIO
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A new folder.")
@click.option("--method", type=click.Choice(["morris", "sobol", "grid"]), default="morris", show_default=True)
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    required=True,
    metavar="NAME[=LOW:HIGH]",
    help="What to vary, within its range or a part of it; repeatable.",
)
@click.option("--figure", default="average_fen_t", show_default=True, help="What is asked about: a column of runs.csv.")
@click.option(
    "--samples", type=click.IntRange(2, 65_536), default=10, show_default=True, help="Trajectories, samples or levels."
)
@click.option(
    "--replications", type=click.IntRange(1, 1_000), default=2, show_default=True, help="Averaged at each point."
)
@LANG
@OVERLAY
@WORKERS
@DASK
def simulate_sweep(  # noqa: PLR0917 - click hands each option over
    scenario: str,
    out: Path,
    method: Literal["morris", "sobol", "grid"],
    parameters: tuple[str, ...],
    figure: str,
    samples: int,
    replications: int,
    lang: Literal["zh", "en"] | None,
    overlays: tuple[Path, ...],
    workers: int,
    dask: str | None,
) -> None:
    """Vary parameters of SCENARIO over their ranges, and say which of them move a figure.

    Morris' method takes (parameters + 1) x samples points and finds what matters at all; Sobol's takes (parameters + 2)
    x samples and says which part of the variance each has. 256 samples are few for seven parameters. A grid takes every
    combination of so many levels of each, and says how far apart their means are. An order is only printed where it can
    be told. Run it again with the same folder to resume an interrupted sweep.

    \b
    Examples:
      kilnwood sim sweep compliance-rhythm --out /tmp/s \\
        --parameter population.mills.late_bps --parameter policy.offset_cap_bps=200:1000
      kilnwood sim sweep price-floor --out /tmp/v --method sobol --samples 256 \\
        --parameter venue.floor_fen_t=100:6000 --parameter project.forest.cost_fen_t=1000:6000
    """
    from rich.console import Console

    from exchange.simulation.files import ScenarioWrong
    from exchange.simulation.shards import BundleWrong
    from exchange.simulation.sweep import SweepPlan, ranges_of, sweep

    text, changes = read_scenario(scenario, overlays)
    try:
        ranges = ranges_of(text, changes, dict(map(range_of, parameters)))
        plan = SweepPlan(method=method, figure=figure, ranges=ranges, samples=samples, replications=replications)
        with Console(stderr=True).status("") as status, executor(workers, dask) as pool:
            tell = _progress(status.update)
            found = sweep(out, text, changes, plan, executor=pool, finished=tell, opens=lang)
    except ScenarioWrong as error:
        fail(f"{scenario}: {error}", 2)
    except (BundleWrong, OSError) as error:
        fail(str(error))
    except BrokenExecutor:
        fail(KILLED)
    heads = {"sobol": ("first order", "total"), "morris": ("mean effect", "spread"), "grid": ("of means", "largest")}[
        method
    ]
    click.echo(f"{'':<40}{heads[0]:>24}{heads[1]:>24}")
    for each in found.sensitivities:
        main, total = (f"{value:,.3f} ± {half:,.3f}" for value, half in _halves(each))
        click.echo(f"{each.name:<40}{main:>24}{total:>24}")
    click.echo(f"By effect: {_order(found)}")
    if found.failed:
        left = f"{found.estimated} {_SAMPLES[method]} without one were used"
        fail(f"{len(found.failed)} of {found.runs} runs failed; {left}: {found.failed[0].fault}")


def _order(found: "SweepResult") -> str:
    from exchange.simulation.sensitivity import in_order

    order = in_order(found.swept.method, found.sensitivities, found.ranked)
    told = f"{order} (≈: not told apart)" if "≈" in order else order
    return told or "the intervals are too wide to tell an order; take more samples."


def _halves(each: "Sensitivity") -> tuple[tuple[float, float], tuple[float, float]]:
    return (each.main, each.main_half_width), (each.total, each.total_half_width)


def _progress(say: Callable[[str], None]) -> Callable[[int, int], None]:
    """Say how many runs are done, and about how long the rest takes."""
    begun, before = monotonic(), list[int]()

    def tell(done: int, count: int) -> None:
        before.append(done)
        left_s = (monotonic() - begun) / len(before) * (count - done)
        say(f"{done:,} of {count:,} runs, about {left_s:,.0f} s left")

    return tell


@simulate.command("verify")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@WORKERS
@DASK
@click.option(
    "--through-service",
    is_flag=True,
    help="Replay its journal through the real service as well, over HTTP on a database of its own.",
)
def simulate_verify(folder: Path, workers: int, dask: str | None, *, through_service: bool) -> None:
    """Check the files of a run, replay its journal, and run it again to the same bytes.

    With --through-service, the journal's commands are then given to a service that is started for it, with PostgreSQL
    and a registry: each must be taken or refused as in the run, and lead to the same trades and balances.

    \b
    Examples:
      kilnwood sim verify /tmp/caps
      kilnwood sim verify /tmp/small --through-service
    """
    from tempfile import TemporaryDirectory

    from exchange.simulation.bundle import verify
    from exchange.simulation.files import ScenarioWrong
    from exchange.simulation.shards import BundleWrong

    try:
        with TemporaryDirectory() as again, executor(workers, dask) as pool:
            found = verify(folder, Path(again) / "again", executor=pool)
    except (BundleWrong, ScenarioWrong) as error:
        fail(str(error))
    except BrokenExecutor:
        fail(KILLED)
    click.echo(f"The same bytes again: {len(found.runs)} runs of {found.scenario}, plan {found.plan[:16]}.")
    if through_service:
        _replay(folder)


def _replay(folder: Path) -> None:
    """Replay a bundle's journal through a service, and say what came of it."""
    from rich.console import Console

    from deploy.local.children import ChildTrouble
    from deploy.postgres.programs import PostgresUnavailable
    from deploy.replay.playing import CannotReplay
    from deploy.replay.through import replay_through_service
    from deploy.scenarios.client import Unexpected
    from exchange.simulation.bundle import JOURNAL, commands_of

    try:
        commands = commands_of((folder / JOURNAL).read_bytes())
        with Console(stderr=True).status("") as status:
            found = replay_through_service(commands, status.update)
    except (ChildTrouble, PostgresUnavailable) as error:
        fail(str(error))
    except (CannotReplay, Unexpected) as error:
        fail(f"the service does not do what the run did: {error}")
    refused = f", {found.refused:,} of them refused" if found.refused else ""
    click.echo(
        f"The same through the service: {found.commands:,} commands{refused}, and the same {found.trades:,} trades."
    )


@simulate.command("compare")
@click.argument("before", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("after", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="An HTML file for both, with their fans.")
@LANG
def simulate_compare(before: Path, after: Path, out: Path | None, lang: Literal["zh", "en"] | None) -> None:
    """Compare the figures of two runs, and say which differences are more than chance.

    \b
    Example:
      kilnwood sim compare /tmp/without /tmp/with --out /tmp/both.html
    """
    from exchange.simulation.comparing import compared, compared_page
    from exchange.simulation.shards import BundleWrong

    try:
        for line in compared(before, after):
            click.echo(line)
        if out is not None:
            out.write_text(compared_page(before, after, lang), "utf-8")
            click.echo(f"Read {out}.")
    except (BundleWrong, OSError) as error:
        fail(str(error))

"""What the commands of `kilnwood sim` share: their options, and how a scenario with its overlays is read."""

from pathlib import Path

import rich_click as click

from deploy.cli.environment import fail

SCENARIO = click.argument("scenario")
OVERLAY = click.option(
    "--overlay",
    "overlays",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file that changes a parameter, or fitted.toml of a calibration; repeatable.",
)
WORKERS = click.option(
    "--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes. The bytes are the same."
)
DASK = click.option("--dask", metavar="ADDRESS", help="A Dask scheduler, such as tcp://10.0.0.5:8786, instead of them.")


def range_of(text: str) -> tuple[str, tuple[int, int] | None]:
    """Read ``NAME`` or ``NAME=LOW:HIGH``."""
    name, equals, ends = text.partition("=")
    if not equals:
        return name, None
    low, _, high = ends.partition(":")
    if not (low.isdecimal() and high.isdecimal()):
        fail(f"--parameter {text}: give the range as two whole numbers, such as {name}=200:1000.", 2)
    return name, (int(low), int(high))


def read_scenario(scenario: str, overlays: tuple[Path, ...]) -> tuple[str, dict[str, int]]:
    """The text of a scenario, and what the overlays change."""
    from exchange.simulation.files import ScenarioWrong, read_overlays, shipped

    changes: dict[str, int] = {}
    source: str | Path = scenario
    try:
        text = shipped().get(scenario) or Path(scenario).read_text("utf-8")
        for source in overlays:
            changes |= {each.parameter: each.value for each in read_overlays(source.read_text("utf-8"))}
    except ScenarioWrong as error:
        fail(f"{source}: {error}", 2)
    except UnicodeDecodeError:
        fail(f"{source} is not UTF-8.", 2)
    except OSError as error:
        fail(f"{source} cannot be read: {error.strerror}. 'kilnwood sim list' has what comes with the simulator.", 2)
    return text, changes


LANG = click.option(
    "--lang", type=click.Choice(["zh", "en"]), help="The language that the report opens in; else the browser's."
)

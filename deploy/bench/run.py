"""Measures what was asked for and shows it: a table for people, JSON for programs."""

import subprocess
from collections.abc import Callable, Sequence
from typing import Protocol

from rich import box
from rich.console import Console
from rich.table import Table

from deploy.bench import region
from deploy.bench.figures import Figure, Machine, Results, this_machine
from deploy.bench.issuance import issuance
from deploy.bench.pgbench import PgbenchFailed
from deploy.bench.region import BenchRegion
from deploy.bench.retirements import LoadFailed, many_clients, one_client
from deploy.bench.sequencing import sequencing
from deploy.bench.verification import cold_verify, verification
from deploy.demo.api import Unexpected
from deploy.demo.processes import ChildTrouble
from deploy.postgres import PostgresUnavailable

_ROUNDS = 5
_ROUNDS_SHORT = 1
_SHORT_S = 0.5


class Measure(Protocol):
    """Measures one figure in *rounds*, each about *seconds* long."""

    def __call__(self, world: BenchRegion, *, seconds: float, rounds: int) -> Figure:
        """Answer the figure with its limit."""


TROUBLE = (PostgresUnavailable, ChildTrouble, Unexpected, PgbenchFailed, LoadFailed, subprocess.TimeoutExpired)
"""Why a run may end without results; the text says what happened."""
FIGURES: dict[str, Measure] = {
    "retirements-1": one_client,
    "retirements-32": many_clients,
    "issuance": issuance,
    "sequencing": sequencing,
    "verification": verification,
    "cold-verify": cold_verify,
}


def measured(names: Sequence[str], *, seconds: float, tell: Callable[[str], None]) -> Results:
    """Start a region, measure the figures that *names* has (all when it is empty), remove everything."""
    machine = this_machine()
    rounds = _ROUNDS if seconds >= _SHORT_S else _ROUNDS_SHORT
    tell("starting a region with its accounts and claims")
    figures = []
    with region.started() as world:
        for name, measure in FIGURES.items():
            if not names or name in names:
                tell(f"measuring {name}")
                figures.append(measure(world, seconds=seconds, rounds=rounds))
    return Results(machine=machine, seconds=seconds, figures=tuple(figures))


def show(results: Results, console: Console) -> None:
    """Print the table with each target, reached or missed, and below it what each figure and its limit are."""
    console.print(_named(results.machine), style="bold")
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("figure", "median", "limit", "share", "target", ""):
        table.add_column(heading, justify="right" if heading in ("median", "limit", "share") else "left")
    for each in results.figures:
        table.add_row(
            each.name,
            _number(each.value, each.unit),
            _number(each.limit, each.unit),
            f"{each.share:.2f}",
            each.target.text if each.target else "",
            _verdict(each),
        )
    console.print(table)
    for each in results.figures:
        notes = "".join(f"; {what} {value:,.2f}" for what, value in each.notes.items())
        times = f"{each.rounds} round{'s' * (each.rounds != 1)}"
        console.print(f"[bold]{each.name}[/bold]: {each.what}; limit: {each.limit_what}; {times}{notes}")


def _named(machine: Machine) -> str:
    return (
        f"{machine.processor}, {machine.cores} cores, {machine.system}, Python {machine.python}, "
        f"PostgreSQL {machine.postgresql} with fsync; load average before the run {machine.load}"
    )


def _number(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1  # noqa: PLR2004 - three digits tell enough
    return f"{value:,.{digits}f}{'' if unit.startswith('/') else ' '}{unit}"


def _verdict(figure: Figure) -> str:
    if figure.target is None:
        return ""
    colour = "green" if figure.target.verdict == "reached" else "red"
    return f"[{colour}]{figure.target.verdict}[/{colour}]"

"""The figures of a scenario's runs as CSV: one line a run, a day or a place."""

import csv
import io
from collections.abc import Iterable, Sequence

from exchange.simulation.plans import Scenario
from exchange.simulation.results import RunResult, names_of


def csv_of(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table as RFC 4180 has it, with the names of its columns first."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows(rows)
    return out.getvalue()


def _keys(scenario: Scenario) -> tuple[str, ...]:
    return (*(each.parameter for each in scenario.lever), "replication")


def instruments(scenario: Scenario) -> list[str]:
    """Names of the instruments in the order of their numbers, which begin with 1."""
    return [*scenario.project, "reserve"]


def runs_csv(scenario: Scenario, runs: Sequence[RunResult]) -> str:
    """Every figure of every run, what each project earned, the commands, and the head of the journal."""
    projects, names = list(scenario.project), names_of(runs)
    heads = (*_keys(scenario), *names, *(f"income_{name}_fen" for name in projects), "commands", "journal_hash")
    return csv_of(
        heads,
        (
            (
                *(*run.setting, run.replication),
                *(run.figures[name] for name in names),
                *(run.income_fen[name] for name in projects),
                *(run.commands, run.journal_hash),
            )
            for run in runs
        ),
    )


def days_csv(scenario: Scenario, runs: Iterable[RunResult]) -> str:
    """Trades of every day, by instrument and way of trading."""
    names = instruments(scenario)
    heads = (*_keys(scenario), "day", "instrument", "mode", "volume_t", "turnover_fen", "last_fen_t")
    lines = ((run, each) for run in runs for each in run.days)
    return csv_of(
        heads,
        (
            (
                *run.setting,
                run.replication,
                each.day,
                names[each.instrument - 1],
                each.mode,
                each.volume_t,
                each.turnover_fen,
                each.last_fen,
            )
            for run, each in lines
        ),
    )


def kilograms_csv(scenario: Scenario, runs: Iterable[RunResult]) -> str:
    """Where every kilogram of every run is at its end."""
    return csv_of(
        (*_keys(scenario), "instrument", "place", "kg"),
        (
            (*run.setting, run.replication, name, place, kg)
            for run in runs
            for name, places in run.kilograms.items()
            for place, kg in places.items()
        ),
    )

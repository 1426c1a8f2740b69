"""Two bundles side by side: what changed between their scenarios, and which figures differ by more than chance."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from exchange.simulation.bundle import Manifest, read_manifest
from exchange.simulation.charts.frame import Language
from exchange.simulation.files import ScenarioWrong, read
from exchange.simulation.parameters import documented
from exchange.simulation.plans import Scenario
from exchange.simulation.report.compared import ComparedSetting, MovedFigure, compared_report
from exchange.simulation.results import FIGURES, WAYS
from exchange.simulation.shards import BundleWrong
from exchange.simulation.statistics import Effect, effect


class Day(NamedTuple):
    """What was traded on a day, as ``days.csv`` has it."""

    day: int
    volume_t: int
    turnover_fen: int
    mode: str


def compared(before: Path, after: Path) -> Iterator[str]:
    """
    Say in lines how two runs differ, pair by pair under the same seeds, setting by setting.

    Raises `BundleWrong` where the two cannot be compared: of another model, engine, seed, length or levers.
    """
    one, other = _sides(before, after)
    yield f"{one.scenario.name} ({before}) and {other.scenario.name} ({after})"
    changed = _changed(one, other)
    yield "Parameters: " + (", ".join(f"{name} {left} → {right}" for name, left, right in changed) or "the same")
    for pair in _pairs(one, other):
        yield f"Setting {', '.join(map(str, pair.setting)) or '-'}, {pair.replications} replications:"
        for each in pair.differences:
            yield f"  {each.figure:<24} {_said(each.moved)}"


def compared_page(before: Path, after: Path, opens: Language | None = None) -> str:
    """Write the same as one HTML file, which opens in *opens* or the browser's language. Raises `BundleWrong`."""
    one, other = _sides(before, after)
    plans = (one.manifest.plan, other.manifest.plan)
    return compared_report((one.scenario, other.scenario), _changed(one, other), _pairs(one, other), plans, opens)


def _said(moved: Effect) -> str:
    half = f" ± {moved.half_width:,.0f}" if moved.half_width is not None else ""
    verdict = "beyond chance" if moved.sure else "not told from chance"
    return "the same" if not moved.mean and not moved.half_width else f"{moved.mean:+,.0f}{half}: {verdict}"


def _sides(before: Path, after: Path) -> "tuple[_Side, _Side]":
    one, other = _Side(before), _Side(after)
    faults = [
        (f"their {what} differ", left, right)
        for what, left, right in (
            ("models", one.manifest.model, other.manifest.model),
            ("engines", one.manifest.engine, other.manifest.engine),
            ("seeds", one.manifest.seed, other.manifest.seed),
            ("lengths in days", one.scenario.horizon.days.value, other.scenario.horizon.days.value),
            ("levers", *(", ".join(side.levers) or "none" for side in (one, other))),
        )
        if left != right
    ]
    if faults:
        listed = "; ".join(f"{said}, {left} and {right}" for said, left, right in faults)
        raise BundleWrong(
            f"these runs cannot be compared: {listed}. Run one of them again as the other was, with one thing changed."
        )
    if not one.runs.keys() & other.runs.keys():
        raise BundleWrong("these runs cannot be compared: no value of their levers is in both.")
    return one, other


def _changed(one: "_Side", other: "_Side") -> list[tuple[str, str, str]]:
    left, right = (
        {each.name: str(each.parameter.value) for each in documented(side.scenario)} for side in (one, other)
    )
    return [
        (name, left.get(name, "-"), right.get(name, "-"))
        for name in {**left, **right}
        if left.get(name) != right.get(name)
    ]


def _pairs(one: "_Side", other: "_Side") -> list[ComparedSetting]:
    found = []
    for setting, runs in one.runs.items():
        theirs = other.runs.get(setting, {})
        if shared := sorted(runs.keys() & theirs.keys()):
            rows, others = [runs[at] for at in shared], [theirs[at] for at in shared]
            days = ([side.days.get((setting, at), []) for at in shared] for side in (one, other))
            found.append(ComparedSetting(setting, len(shared), _differences(rows, others), *days))
    return found


def _differences(before: Sequence[dict[str, int]], after: Sequence[dict[str, int]]) -> list[MovedFigure]:
    count, found = len(before), []
    for name in FIGURES:
        left, right = [each.get(name, 0) for each in before], [each.get(name, 0) for each in after]
        if any(left) or any(right):
            found.append(MovedFigure(name, sum(left) / count, sum(right) / count, effect(left, right)))
    return found


class _Side:
    """One of two bundles: its scenario, and its figures and days by setting and replication."""

    def __init__(self, folder: Path) -> None:
        self.manifest: Manifest = read_manifest(folder)
        self.runs: dict[tuple[int, ...], dict[int, dict[str, int]]] = {}
        self.days: dict[tuple[tuple[int, ...], int], list[Day]] = {}
        try:
            text = (folder / "scenario.toml").read_text("utf-8")
            self.scenario: Scenario = read(text, self.manifest.changes)
            self.levers = [each.parameter for each in self.scenario.lever]
            for row in _rows(folder / "runs.csv"):
                figures = {name: int(row[name]) for name in FIGURES if name in row or name not in WAYS}
                self.runs.setdefault(self._setting(row), {})[int(row["replication"])] = figures
            for row in _rows(folder / "days.csv"):
                day = Day(int(row["day"]), int(row["volume_t"]), int(row["turnover_fen"]), row["mode"])
                self.days.setdefault((self._setting(row), int(row["replication"])), []).append(day)
        except (OSError, KeyError, ValueError, ScenarioWrong, msgspec.MsgspecError) as error:
            raise BundleWrong(f"{folder} is not a run that can be read: {error}") from error

    def _setting(self, row: dict[str, str]) -> tuple[int, ...]:
        return tuple(int(row[lever]) for lever in self.levers)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))

"""Two bundles side by side: what changed between their scenarios, and which figures differ by more than chance."""

import csv
from collections.abc import Iterator
from pathlib import Path

import msgspec

from exchange.simulation.bundle import Manifest, read_manifest
from exchange.simulation.files import ScenarioWrong, read
from exchange.simulation.parameters import documented
from exchange.simulation.plans import Scenario
from exchange.simulation.results import FIGURES
from exchange.simulation.shards import BundleWrong
from exchange.simulation.statistics import Effect, effect


def compared(before: Path, after: Path) -> Iterator[str]:
    """
    Say in lines how two runs differ.

    Where both have the same seed their replications are compared pair by pair, first setting with first setting.
    Raises `BundleWrong`.
    """
    one, other = (_Side(folder) for folder in (before, after))
    yield f"{one.scenario.name} ({before}) and {other.scenario.name} ({after})"
    left, right = ({each.name: each.parameter.value for each in documented(side.scenario)} for side in (one, other))
    changed = [name for name in {**left, **right} if left.get(name) != right.get(name)]
    yield "Parameters: " + (", ".join(f"{name} {left.get(name)} → {right.get(name)}" for name in changed) or "the same")
    if one.manifest.seed != other.manifest.seed:
        yield "The seeds differ, so nothing is compared run by run, and no difference is called one."
    for setting, runs in one.runs.items():
        theirs = other.runs.get(setting, {})
        shared = sorted(runs.keys() & theirs.keys())
        if not shared:
            continue
        yield f"Setting {', '.join(setting) or '-'}, {len(shared)} replications:"
        for name in FIGURES:
            moved = effect([runs[at][name] for at in shared], [theirs[at][name] for at in shared])
            yield f"  {name:<20} {_said(moved, paired=one.manifest.seed == other.manifest.seed)}"


def _said(moved: Effect, *, paired: bool) -> str:
    half = f" ± {moved.half_width:,.0f}" if moved.half_width is not None else ""
    verdict = "beyond chance" if moved.sure and paired else "not told from chance"
    return "the same" if not moved.mean and not moved.half_width else f"{moved.mean:+,.0f}{half}: {verdict}"


class _Side:
    """One of two bundles: its scenario, and its figures by setting and replication."""

    def __init__(self, folder: Path) -> None:
        self.manifest: Manifest = read_manifest(folder)
        try:
            text = (folder / "scenario.toml").read_text("utf-8")
            self.scenario: Scenario = read(text, self.manifest.changes)
            with (folder / "runs.csv").open(encoding="utf-8", newline="") as lines:
                rows = list(csv.DictReader(lines))
            levers = [each.parameter for each in self.scenario.lever]
            self.runs: dict[tuple[str, ...], dict[int, dict[str, int]]] = {}
            for row in rows:
                figures = {name: int(row[name]) for name in FIGURES}
                setting = tuple(row[lever] for lever in levers)
                self.runs.setdefault(setting, {})[int(row["replication"])] = figures
        except (OSError, KeyError, ValueError, ScenarioWrong, msgspec.MsgspecError) as error:
            raise BundleWrong(f"{folder} is not a run that can be read: {error}") from error

"""Scenario files: read, changed by overlays, and refused with the line and the reason."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

from msgspec import Struct, ValidationError, convert

from exchange.simulation.lines import line_of, pointed_at, syntax_line
from exchange.simulation.parameters import Source, documented, fault_of
from exchange.simulation.plans import (
    DONORS,
    LONGEST_DAYS,
    POINTS,
    REGULATOR,
    RESERVE,
    SPONSOR,
    CoveredPlan,
    PopulationPlan,
    Scenario,
    VoluntaryPlan,
)
from exchange.simulation.points import COUPLINGS
from exchange.simulation.presets import PRESET, preset_at, preset_faults, way_faults
from schemas.scalars import LAST_YEAR, MAX_PRICE_FEN
from schemas.venues import PRESETS


class ScenarioWrong(ValueError):
    """A scenario or an overlay that cannot be run: *line* of the file, and why."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class Overlay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that changes one parameter of a scenario, and says why."""

    parameter: str
    value: int
    because: Source


def shipped() -> dict[str, str]:
    """Names and texts of the scenarios that come with the simulator."""
    folder = resources.files(__package__).joinpath("scenarios")
    files = sorted((each.name, each) for each in folder.iterdir() if each.name.endswith(".toml"))
    return {name.removesuffix(".toml"): each.read_text("utf-8") for name, each in files}


def read(text: str, changes: Mapping[str, int] | None = None) -> Scenario:
    """
    Read a scenario, with some parameters set to other values of their ranges.

    Raises `ScenarioWrong` with the first thing that is wrong.
    """
    stored = _parsed(text)
    for name, value in (changes or {}).items():
        _set(text, stored, name, value)
    try:
        scenario = convert(stored, Scenario)
    except ValidationError as error:
        reason, path = pointed_at(str(error))
        raise ScenarioWrong(line_of(text, path), f"{'.'.join(path) or 'the file'}: {reason}") from None
    _check(text, scenario)
    return scenario


def read_overlay(text: str) -> Overlay:
    """Read an overlay. Raises `ScenarioWrong`."""
    try:
        return convert(_parsed(text), Overlay)
    except ValidationError as error:
        reason, path = pointed_at(str(error))
        raise ScenarioWrong(line_of(text, path), f"{'.'.join(path) or 'the file'}: {reason}") from None


def read_overlays(text: str) -> tuple[Overlay, ...]:
    """Read an overlay, or each ``[[overlay]]`` of a file of fitted values. Raises `ScenarioWrong`."""
    parts = _parsed(text).get("overlay")
    if parts is None:
        return (read_overlay(text),)
    try:
        return convert(parts, tuple[Overlay, ...])
    except ValidationError as error:
        raise ScenarioWrong(line_of(text, ("overlay", "0")), f"overlay: {error}") from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioWrong(syntax_line(text, str(error)), f"this is no TOML: {error}") from None
    except RecursionError:
        raise ScenarioWrong(1, "this is nested too deeply for TOML") from None


def _set(text: str, stored: dict[str, Any], name: str, value: int) -> None:
    """Give one parameter of a parsed file another value, or its venue another preset."""
    if name == PRESET and isinstance(stored.get("venue"), dict):
        try:
            stored["venue"]["preset"] = preset_at(value)
        except (IndexError, TypeError):
            raise ScenarioWrong(line_of(text, ("venue",)), f"there is no preset {value}: {_PRESETS}") from None
        return
    table: Any = stored
    for part in name.split("."):
        table = table.get(part) if isinstance(table, dict) else None
    if not isinstance(table, dict) or "value" not in table:
        raise ScenarioWrong(1, f"there is no parameter {name} in this scenario")
    if isinstance(value, bool) or not isinstance(value, int):
        raise ScenarioWrong(line_of(text, tuple(name.split("."))), f"{name} must be a whole number, not {value!r}")
    table["value"] = value


def _check(text: str, scenario: Scenario) -> None:
    for each in documented(scenario):
        if fault := fault_of(each):
            raise ScenarioWrong(line_of(text, tuple(each.name.split("."))), fault)
    faults = (_contradictions, _programme_faults, way_faults, preset_faults, _lever_faults)
    for path, fault in (each for find in faults for each in find(scenario)):
        raise ScenarioWrong(line_of(text, path), fault)


def _contradictions(scenario: Scenario) -> Sequence[tuple[tuple[str, ...], str]]:
    """What is wrong between parameters, each with its path."""
    venue, days = scenario.venue, scenario.horizon.days.value
    low, high, tick = venue.floor_fen_t.value, venue.ceiling_fen_t.value, venue.tick_fen.value
    checks = [
        (not 1 <= days <= LONGEST_DAYS, ("horizon", "days"), f"a run has 1 to {LONGEST_DAYS} days, not {days}"),
        (
            scenario.horizon.start.year + days // 365 >= LAST_YEAR,
            ("horizon", "start"),
            f"a run ends before {LAST_YEAR}; this one begins on {scenario.horizon.start}",
        ),
        (tick < 1, ("venue", "tick_fen"), "the tick is at least 1 fen"),
        (venue.lot_t.value < 1, ("venue", "lot_t"), "the lot is at least 1 tonne"),
        (low < 1, ("venue", "floor_fen_t"), "the lowest price is at least 1 fen"),
        (high > MAX_PRICE_FEN, ("venue", "ceiling_fen_t"), f"the highest price is at most {MAX_PRICE_FEN} fen"),
        (low > high, ("venue", "floor_fen_t"), f"the floor, {low} fen/t, is above the ceiling, {high} fen/t"),
        (
            -(-low // tick) * tick > high if tick else False,
            ("venue", "tick_fen"),
            f"no multiple of the tick, {tick} fen, lies from {low} to {high} fen/t",
        ),
        (venue.auction_days.value < 1, ("venue", "auction_days"), "an auction lasts at least a day"),
        *(
            (each.every_days.value < 1, ("project", name, "every_days"), f"{name} issues every day at most")
            for name, each in scenario.project.items()
        ),
        *(
            (each.window_days.value < 1, ("population", name, "window_days"), f"the window of {name} is a day at least")
            for name, each in scenario.population.items()
            if isinstance(each, CoveredPlan)
        ),
    ]
    return [(path, fault) for wrong, path, fault in checks if wrong]


_PRESETS = f"they are 1 to {len(PRESETS)} ({', '.join(PRESETS)}), and 0 for none"
_TAKEN = frozenset({RESERVE, REGULATOR, POINTS, DONORS, SPONSOR})


def _programme_faults(scenario: Scenario) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong in the sections that may be left out, and with names that they use."""
    for kind, names in (("project", scenario.project), ("population", scenario.population)):
        for name in sorted(_TAKEN & names.keys()):
            yield (kind, name), f"{name} is the name of a desk that the simulator adds: choose another"
    for name in scenario.project.keys() & scenario.population.keys():
        yield ("population", name), f"{name} is a project already: choose another name"
    points = scenario.points
    if points is not None and points.coupling.value >= len(COUPLINGS):
        modes = ", ".join(f"{number} ({said})" for number, said in enumerate(COUPLINGS))
        yield ("points", "coupling"), f"coupling is {modes}"
    if points is not None and points.coupling.value and not points.points_per_t.value:
        yield ("points", "points_per_t"), "a tonne stands behind at least one point"
    for name, plan in scenario.population.items():
        abatement = plan.abatement if isinstance(plan, CoveredPlan | VoluntaryPlan) else None
        if abatement is not None and abatement.first_fen_t.value > abatement.last_fen_t.value:
            path = ("population", name, "abatement")
            yield path, f"the first tonne that {name} reduce costs more than the last one"
    if scenario.reduce_first is not None and not any(map(_reduces, scenario.population.values())):
        yield ("reduce_first",), "no population has an [population.NAME.abatement]: the rule would bind nobody"


def _reduces(plan: PopulationPlan) -> bool:
    return isinstance(plan, CoveredPlan | VoluntaryPlan) and plan.abatement is not None


def _lever_faults(scenario: Scenario) -> Sequence[tuple[tuple[str, ...], str]]:
    ranges = {each.name: each.parameter.range for each in documented(scenario)} | {PRESET: (0, len(PRESETS))}
    faults = []
    for at, lever in enumerate(scenario.lever):
        path = ("lever", str(at), "parameter")
        if lever.parameter not in ranges:
            faults.append((path, f"there is no parameter {lever.parameter} in this scenario"))
            continue
        low, high = ranges[lever.parameter]
        for value in lever.values:
            if not low <= value <= high:
                outside = f"{value} is outside the range of {lever.parameter}, from {low} to {high}"
                faults.append((("lever", str(at), "values"), outside))
    return faults

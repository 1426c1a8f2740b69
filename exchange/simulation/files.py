"""Scenario files: read, changed by overlays, and refused with the line and the reason."""

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from msgspec import Struct, ValidationError, convert

from exchange.simulation.lines import line_of, pointed_at, syntax_line
from exchange.simulation.parameters import Source, documented, fault_of
from exchange.simulation.plans import LONGEST_DAYS, CoveredPlan, Scenario
from schemas.scalars import LAST_YEAR, MAX_PRICE_FEN


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
    """Give one parameter of a parsed file another value."""
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
    for path, fault in (*_contradictions(scenario), *_lever_faults(scenario)):
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
        (
            venue.selling.value > len(SELLING) - 1,
            ("venue", "selling"),
            "selling is 0 (book), 1 (listings) or 2 (auctions)",
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


SELLING = ("book", "listings", "auctions")
"""How developers sell, by the value of ``venue.selling``."""


def _lever_faults(scenario: Scenario) -> Sequence[tuple[tuple[str, ...], str]]:
    known = {each.name: each.parameter for each in documented(scenario)}
    faults = []
    for at, lever in enumerate(scenario.lever):
        path = ("lever", str(at), "parameter")
        if lever.parameter not in known:
            faults.append((path, f"there is no parameter {lever.parameter} in this scenario"))
            continue
        low, high = known[lever.parameter].range
        for value in lever.values:
            if not low <= value <= high:
                outside = f"{value} is outside the range of {lever.parameter}, from {low} to {high}"
                faults.append((("lever", str(at), "values"), outside))
    return faults

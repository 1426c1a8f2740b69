"""
What a visitor chose, as a link has it: a shipped scenario, values of its parameters and levers, and replications.

The link has only what differs from the scenario, in one order, so the same choices are the same link. It is read like
anything that a stranger sends.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlencode

from exchange.simulation.files import ScenarioWrong, read, shipped
from exchange.simulation.lines import line_of
from exchange.simulation.parameters import Documented, documented
from exchange.simulation.plans import Scenario
from exchange.simulation.runs import PlannedRun, planned_runs
from exchange.simulation.shards import plan_of
from registry.kit.problems import DomainError, Kind, Unknown

REPLICATIONS: Final = "replications"
MOST_REPLICATIONS: Final = 10
USUAL_REPLICATIONS: Final = 5
MOST_RUNS: Final = 30
MOST_DAYS: Final = 730
MOST_PERSON_DAYS: Final = 2_000_000
"""People times days times runs: what takes the better part of a minute."""
MOST_VALUES: Final = 8
"""Values of one lever."""
LONGEST_QUERY: Final = 8_000
_LONGEST_NUMBER: Final = 13


class UnknownScenario(Unknown):
    """No scenario of that name comes with the simulator."""


class ChoicesRefused(DomainError):
    """What was chosen cannot be played; *errors* has each fault with the name of its field."""

    kind, slug, title = Kind.UNPROCESSABLE, "choices-refused", "These choices cannot be played"


class LinkTooLong(DomainError):
    """A link of more characters than any choices have."""

    kind, slug, title = Kind.INVALID, "link-too-long", "The link is too long"


class Choices(NamedTuple):
    """
    What is to be played: *text* is the scenario with the chosen values of its levers, *changes* is all else.

    *scenario* is that text with its changes, *runs* is every run of it. *plan* is the hash of all that decides the
    figures, as the report cites it.
    """

    name: str
    text: str
    changes: tuple[tuple[str, int], ...]
    levers: tuple[tuple[str, tuple[int, ...]], ...]
    replications: int
    scenario: Scenario
    runs: tuple[PlannedRun, ...]
    plan: str

    def query(self) -> str:
        """The link's query: what differs from the scenario as it is shipped."""
        usual = usual_replications(self.name)
        asked = [(name, ",".join(map(str, values))) for name, values in self.levers]
        asked += [(name, str(value)) for name, value in self.changes]
        asked += [(REPLICATIONS, str(self.replications))] if self.replications != usual else []
        return urlencode(sorted(asked), safe=",")


@lru_cache(maxsize=1)
def scenarios() -> Mapping[str, Scenario]:
    """Every shipped scenario."""
    return {name: read(text) for name, text in shipped().items()}


def scenario_of(name: str) -> Scenario:
    """One of them. Raises `UnknownScenario`."""
    if name not in scenarios():
        raise UnknownScenario(f"There is no scenario {name}. /simulator lists those that can be played.")
    return scenarios()[name]


@lru_cache(maxsize=64)
def usual_replications(name: str) -> int:
    """How often each setting is run unless somebody chooses: as often as the limit of runs permits, and not oftener."""
    scenario = scenario_of(name)
    settings = math.prod(len(each.values) for each in scenario.lever)
    return max(1, min(scenario.replications, USUAL_REPLICATIONS, MOST_RUNS // settings))


def read_choices(name: str, asked: Iterable[tuple[str, str]]) -> Choices:
    """
    Read the choices of a link or of a form; what is left empty, or is as shipped, is not chosen.

    It takes some hundredths of a second the first time. Raises `UnknownScenario`, `ChoicesRefused`.
    """
    return _read(name, tuple(sorted(dict(asked).items())))


@lru_cache(maxsize=64)
def _read(name: str, asked: tuple[tuple[str, str], ...]) -> Choices:
    scenario = scenario_of(name)
    known = {each.name: each for each in documented(scenario)}
    shipped_values = {each.parameter: each.values for each in scenario.lever}
    reading = _Reading(known)
    levers, changes, replications = {}, {}, usual_replications(name)
    for key, value in asked:
        if key == REPLICATIONS:
            replications = reading.whole(key, value, 1, MOST_REPLICATIONS) or replications
        elif key in shipped_values:
            levers[key] = reading.values(key, value)
        else:
            changes[key] = reading.parameter(key, value)
    reading.refuse()
    chosen = {key: found for key, found in levers.items() if found and found != shipped_values[key]}
    changed = {key: found for key, found in changes.items() if found is not None}
    fixed = tuple((key, found) for key, found in changed.items() if found != known[key].parameter.value)
    return _planned(name, _with_values(shipped()[name], scenario, chosen), fixed, tuple(chosen.items()), replications)


def _planned(
    name: str,
    text: str,
    changes: tuple[tuple[str, int], ...],
    levers: tuple[tuple[str, tuple[int, ...]], ...],
    replications: int,
) -> Choices:
    """Plan the runs. Raises `ChoicesRefused` for what contradicts itself, and for what would take minutes."""
    try:
        scenario = read(text, dict(changes))
        _require_few(scenario, replications)
        runs = planned_runs(text, dict(changes), replications)
    except ScenarioWrong as error:
        raise ChoicesRefused(f"Two of these choices contradict each other: {error.reason}.") from error
    return Choices(name, text, changes, levers, replications, scenario, runs, plan_of(runs))


class _Reading:
    """Reads numbers that somebody sent, and collects what is wrong with them."""

    def __init__(self, known: Mapping[str, Documented]) -> None:
        self._known = known
        self._faults: list[str] = []

    def whole(self, name: str, text: str, low: int, high: int) -> int | None:
        """A whole number within its range; None where nothing was sent, or it is wrong."""
        text = text.strip()
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
            self._faults.append(_choice_fault(name, f"is a whole number from {low} to {high}"))
            return None
        if not low <= int(text) <= high:
            self._faults.append(_choice_fault(name, f"is {int(text)} and must lie from {low} to {high}"))
            return None
        return int(text)

    def parameter(self, name: str, text: str) -> int | None:
        """The value of a parameter."""
        if name not in self._known:
            self._faults.append(_choice_fault(name[:60], "is no parameter of this scenario"))
            return None
        each = self._known[name]
        return self.whole(name, text, *each.parameter.range)

    def values(self, name: str, text: str) -> tuple[int, ...]:
        """The values of a lever, in the order in which they are to be compared."""
        texts = [each for each in text.replace("，", ",").split(",") if each.strip()]
        found = [self.parameter(name, each) for each in texts[: MOST_VALUES + 1]]
        kept = tuple(each for each in found if each is not None)
        if len(kept) < len(found):
            return ()
        if texts and not 2 <= len(kept) <= MOST_VALUES:  # noqa: PLR2004 - a comparison takes two
            self._faults.append(_choice_fault(name, f"takes 2 to {MOST_VALUES} values with commas between them"))
        elif len(set(kept)) < len(kept):
            self._faults.append(_choice_fault(name, "has the same value twice"))
        return kept

    def refuse(self) -> None:
        """Raise `ChoicesRefused` if anything was wrong."""
        if self._faults:
            raise ChoicesRefused("; ".join(self._faults), errors=self._faults)


def _choice_fault(name: str, fault: str) -> str:
    """A fault of a field, as every refusal of a form has it."""
    return f"{name}: {fault}"


def _with_values(text: str, scenario: Scenario, chosen: Mapping[str, tuple[int, ...]]) -> str:
    """The text of a scenario with other values of its levers."""
    lines = text.splitlines()
    for at, lever in enumerate(scenario.lever):
        if lever.parameter in chosen:
            line = line_of(text, ("lever", str(at), "values"))
            lines[line - 1] = f"values = [{', '.join(map(str, chosen[lever.parameter]))}]"
    return "\n".join(lines) + "\n"


def _require_few(scenario: Scenario, replications: int) -> None:
    """Refuse what would take minutes. Raises `ChoicesRefused`."""
    runs = replications * math.prod(len(each.values) for each in scenario.lever)
    days, people = scenario.horizon.days.value, sum(_people(scenario))
    if runs > MOST_RUNS:
        raise ChoicesRefused(
            f"These choices take {runs} runs; {MOST_RUNS} at most are played here. Choose fewer values or "
            "replications, or play it yourself with kilnwood sim run."
        )
    if days > MOST_DAYS or people * days * runs > MOST_PERSON_DAYS:
        raise ChoicesRefused(
            f"{runs} runs of {days} days with {people} people are too much to play here: {MOST_DAYS} days and "
            f"{MOST_PERSON_DAYS} in all, multiplied, are the most. Choose less, or play it yourself with kilnwood sim "
            "run."
        )


def _people(scenario: Scenario) -> Iterator[int]:
    yield from (each.developers.value for each in scenario.project.values())
    yield from (each.count.value for each in scenario.population.values())

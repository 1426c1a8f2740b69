"""The city's levers and money, and how ten rounds of choices stand in a link."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import Meta, Struct, convert
from msgspec.structs import force_setattr

from exchange.simulation.agents import YEAR_DAYS
from exchange.simulation.files import read, shipped
from exchange.simulation.parameters import Money, Parameter, Tonnes
from exchange.simulation.plans import Bilingual, Scenario
from exchange.simulation.schedule import Schedule

ROUNDS: Final = 10
BETWEEN: Final = "."
"""Stands between two rounds of a link; a round is one digit for each lever, the place of its value."""
KILNS: Final = "kilns"
"""The one lever that is money and no rule."""
Choice: TypeAlias = tuple[int, ...]
"""The value of each lever in one round, as its place among the values that there are."""


class GameLinkWrong(ValueError):
    """A link that is no game: the text says what is wrong with it."""


class CityLever(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be set each year. *usual* is the place of the value that stands there until somebody chooses."""

    name: str
    parameter: str = ""
    unit: str
    values: Annotated[tuple[int, ...], Meta(min_length=2, max_length=10)]
    usual: int
    title: Bilingual
    says: Bilingual


class CityMoney(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The target and the purse. *target_t* of local reductions are to be retired in all rounds.

    The city gets *grant_fen* a year. A converted kiln costs it *kiln_fen*, and is issued *kiln_t* a year from the year
    after.
    """

    target_t: Tonnes
    grant_fen: Money
    kiln_fen: Money
    kiln_t: Tonnes


class City(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The game's file: what differs from the scenario *base*, the levers, and the money."""

    format: Literal[1]
    base: str
    first_year: int
    parameter: dict[str, Parameter]
    game: CityMoney
    lever: tuple[CityLever, ...]

    @property
    def usual(self) -> Choice:
        """What stands in the first round before anybody chose."""
        return tuple(each.usual for each in self.lever)

    def value(self, choice: Choice, lever: str) -> int:
        """The value of one lever in a round."""
        return next(each.values[place] for each, place in zip(self.lever, choice, strict=True) if each.name == lever)

    def target_by(self, rounds: int) -> int:
        """
        Tonnes that are to be retired after so many rounds, on a path on which each year brings more than the last.

        The year k brings k parts of 1 + 2 + … + `ROUNDS`.
        """
        return self.game.target_t.value * rounds * (rounds + 1) // (ROUNDS * (ROUNDS + 1))

    def scenario(self) -> Scenario:
        """The scenario that is played, with the parameters of the file."""
        scenario = read(shipped()[self.base])
        for name, parameter in self.parameter.items():
            *path, leaf = name.split(".")
            plan: Any = scenario
            for part in path:
                plan = plan[part] if isinstance(plan, dict) else getattr(plan, part)
            force_setattr(plan, leaf, parameter)  # our own copy, which was just read
        return scenario

    def schedule(self, rounds: Sequence[Choice]) -> Schedule:
        """What changes on the first day of each year: the rules of the year, and the kilns of the years before."""
        changes: dict[int, Mapping[str, int]] = {}
        kilns, each_t = 0, self.parameter["project.kiln.issued_t"].value
        for number, choice in enumerate(rounds):
            rules = {
                lever.parameter: lever.values[place]
                for lever, place in zip(self.lever, choice, strict=True)
                if lever.parameter
            }
            changes[number * YEAR_DAYS] = {**rules, "project.kiln.issued_t": each_t + kilns * self._more_t()}
            kilns += self.value(choice, KILNS)
        return changes

    def _more_t(self) -> int:
        """What a converted kiln adds to each issuance of each developer."""
        developers = self.parameter["project.kiln.developers"].value
        every_days = self.parameter["project.kiln.every_days"].value
        times = (2 * YEAR_DAYS + every_days) // (2 * every_days)
        return self.game.kiln_t.value // (developers * times)


@lru_cache(maxsize=1)
def city() -> City:
    """The game's file."""
    text = resources.files(__package__).joinpath("city.toml").read_text("utf-8")
    return convert(tomllib.loads(text), City)


def read_rounds(text: str) -> tuple[Choice, ...]:
    """
    Read the rounds of a link, such as ``220000.321001``; none of an empty one.

    Raises `GameLinkWrong`.
    """
    levers = city().lever
    if len(text) > ROUNDS * (len(levers) + 1):
        raise GameLinkWrong(f"a game has {ROUNDS} rounds at most")
    found = []
    for part in text.split(BETWEEN) if text else ():
        if len(part) != len(levers) or not (part.isascii() and part.isdigit()):
            raise GameLinkWrong(f"a round is {len(levers)} digits, one for each lever")
        choice = tuple(map(int, part))
        for lever, place in zip(levers, choice, strict=True):
            if place >= len(lever.values):
                raise GameLinkWrong(f"{lever.name} has no value {place}; its last is {len(lever.values) - 1}")
        found.append(choice)
    return tuple(found)


def written(rounds: Sequence[Choice]) -> str:
    """Write rounds as a link has them."""
    return BETWEEN.join("".join(map(str, each)) for each in rounds)

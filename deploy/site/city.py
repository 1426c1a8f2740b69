"""The city in ten rounds: a game whose whole state is its link."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from deploy.simulator.labels import Label
from deploy.simulator.pictures import DrawnChart, picture
from deploy.simulator.workshop import SimulationJob, Workshop
from deploy.site.simulator import PATIENCE_S, count, waiting
from exchange.engine.core import ENGINE_VERSION
from exchange.simulation import MODEL_VERSION
from exchange.simulation.city import ROUNDS, City, CityLever, CityYear, GameLinkWrong, PlayedCity, city, play, written
from exchange.simulation.city import read_rounds as read
from exchange.simulation.city.rules import Choice
from registry.access.http import address_of
from registry.access.visitor import PageCall
from registry.kit.problems import DomainError, Kind

SEEDS: Final = 5
"""A whole game is played under so many seeds, for a verdict that is not one throw of dice."""
_ROUNDS: Final = "rounds"
_MONTHS: Final = 12
_FEN: Final = 100


class GameLinkRefused(DomainError):
    """A link that is no game of the city."""

    kind, slug, title = Kind.INVALID, "no-such-game", "This link is no game"


class Option(NamedTuple):
    """A value of a lever: its digit, what it is, and whether it stands there."""

    place: int
    said: str
    chosen: bool


class Verdict(NamedTuple):
    """What can be said of a whole game, under all its seeds: *least_t* and *most_t* are the tonnes retired."""

    reached: int
    seeds: int
    least_t: int
    most_t: int
    lowest_fen: int
    saved_fen: int
    spent_fen: int


class CityPages(Controller):
    """One page: what was played, and the next round."""

    path = "/simulator/city"

    @get("/")
    async def city(
        self, page: NamedDependency[PageCall], workshop: NamedDependency[Workshop]
    ) -> Response[str] | Redirect:
        """Play the rounds of the link; a form that was sent adds one to them."""
        asked = page.request.query_params
        rounds = read_rounds(asked.get(_ROUNDS, ""))
        levers = city().lever
        if len(rounds) < ROUNDS and any(each.name in asked for each in levers):
            digits = "".join(asked.get(each.name, "")[:2] for each in levers)
            more = read_rounds(written(rounds) + ("." if rounds else "") + digits)
            return Redirect(_address(more), status_code=HTTP_303_SEE_OTHER)
        if not rounds:
            return page.answer("simulator/city.html", years=(), verdict=None, **_shown(rounds))
        count(page)
        progress = await workshop.ask(job_of(rounds), caller=address_of(page.request), patience_s=PATIENCE_S)
        if not isinstance(progress.result, tuple):
            return waiting(page, progress, "simulator/city_waiting.html", number=len(rounds))
        played: tuple[PlayedCity, ...] = progress.result
        years = played[0].years
        return page.answer(
            "simulator/city.html",
            years=years,
            target_chart=_path(city(), years),
            price_chart=_prices(city(), years),
            verdict=_verdict(played) if len(rounds) == ROUNDS else None,
            **_shown(rounds),
        )


def job_of(rounds: Sequence[Choice]) -> SimulationJob:
    """The years up to now; a whole game under every seed."""
    seeds = SEEDS if len(rounds) == ROUNDS else 1
    key = f"city {MODEL_VERSION} {ENGINE_VERSION} {written(rounds)}"
    return SimulationJob(key, [partial(play, rounds, seed) for seed in range(seeds)], tuple)


def read_rounds(text: str) -> tuple[Choice, ...]:
    """Read the rounds of a link. Raises `GameLinkRefused`."""
    try:
        return read(text)
    except GameLinkWrong as error:
        raise GameLinkRefused(
            f"A game of the city has at most {ROUNDS} rounds with dots between them; each has {len(city().lever)} "
            "digits from 0 to 4, one for each lever. Begin anew at /simulator/city."
        ) from error


def _address(rounds: Sequence[Choice]) -> str:
    return f"/simulator/city?{_ROUNDS}={written(rounds)}" if rounds else "/simulator/city"


def _shown(rounds: Sequence[Choice]) -> dict[str, Any]:
    """What the page needs beside the years: the levers of the next round, and where its links lead."""
    rules = city()
    stands = rounds[-1] if rounds else rules.usual
    return {
        "rules": rules,
        "game": rules.game,
        "played": written(rounds),
        "number": len(rounds) + 1,
        "all_rounds": ROUNDS,
        "levers": [(each, _options(each, place)) for each, place in zip(rules.lever, stands, strict=True)],
        "said": said,
        "back": _address(rounds[:-1]),
        "model": MODEL_VERSION,
    }


def _options(lever: CityLever, stands: int) -> list[Option]:
    return [Option(place, said(lever, place), place == stands) for place in range(len(lever.values))]


_UNITS: Final = {
    "bps": Label("%", "%"),
    "fen/t": Label("CNY/t", "元/吨"),
    "t": Label("t", "吨"),
    "count": Label("", "座"),
}


def said(lever: CityLever, place: int, language: str = "") -> str:
    """A value of a lever as people say it; with its unit where a language is given."""
    value = lever.values[place]
    number = f"{value / _FEN:g}" if lever.unit in ("bps", "fen/t") else f"{value:,}"
    unit = str(getattr(_UNITS[lever.unit], language, ""))
    return f"{number}{' ' if unit and language == 'en' else ''}{unit}"


def _path(rules: City, years: Sequence[CityYear]) -> DrawnChart:
    """Tonnes retired beside the path to the target, from the beginning to the last round."""
    names = [str(rules.first_year + number) for number in range(ROUNDS)]
    target = [float(rules.target_by(number)) for number in range(ROUNDS + 1)]
    retired = [0.0, *(float(each.retired_t) for each in years)]
    drawn = picture(["", *names], [("wanted", target), ("reached", retired)], dotted="reached")
    return drawn._replace(across=drawn.across[1:])


def _prices(rules: City, years: Sequence[CityYear]) -> DrawnChart:
    """Prices of local credits by month, within the floor of each year."""
    months = [price / _FEN if price else None for year in years for price in year.months]
    padded = [*months, *[None] * (ROUNDS * _MONTHS - len(months))]
    floor_at = next(at for at, lever in enumerate(rules.lever) if lever.name == "floor")
    floors = [rules.lever[floor_at].values[year.choice[floor_at]] / _FEN for year in years for _ in range(_MONTHS)]
    names = [str(rules.first_year + number) for number in range(ROUNDS)]
    return picture(names, [("wanted", floors), ("reached", padded)], per=_MONTHS)


def _verdict(played: Sequence[PlayedCity]) -> Verdict:
    retired = [each.years[-1].retired_t for each in played]
    years = played[0].years
    return Verdict(
        sum(each.reached for each in played),
        len(played),
        min(retired),
        max(retired),
        min(each.balance_fen for each in years),
        sum(each.saved_fen for each in years),
        sum(each.spent_fen for each in years),
    )

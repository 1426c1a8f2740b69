"""Rounds of the city, played from the first day: what each year came to."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from exchange.simulation.agents import YEAR_DAYS
from exchange.simulation.city.rules import KILNS, Choice, City, city
from exchange.simulation.demand import Enterprise
from exchange.simulation.world import FEES, World
from schemas.serials import KG_PER_T

_MONTHS: Final = 12


class CityYear(Struct, frozen=True, kw_only=True):
    """
    One round. Tonnes of local projects *issued*, *retired* and *unsold*, and *path_t*, count from the first round on.

    *price_fen_t* is the average of local credits, 0 where none was traded, and *months* are those of its months.
    *offset_t* of *wanted_t* were used for compliance. *saved_fen* is what the mills paid less than for allowances
    alone. *income_fen* is the city's: its grant, fees, and the reserve that was sold; *balance_fen* is what is left.
    """

    choice: Choice
    price_fen_t: int
    months: tuple[int, ...]
    traded_t: int
    issued_t: int
    retired_t: int
    unsold_t: int
    path_t: int
    offset_t: int
    wanted_t: int
    saved_fen: int
    reserve_sold_t: int
    income_fen: int
    spent_fen: int
    balance_fen: int


class PlayedCity(Struct, frozen=True, kw_only=True):
    """All rounds under one seed, and the head of the journal, which says that they are the same everywhere."""

    years: tuple[CityYear, ...]
    journal_hash: str

    @property
    def reached(self) -> bool:
        """Whether the last year is on its path."""
        return bool(self.years) and self.years[-1].retired_t >= self.years[-1].path_t


def play(rounds: Sequence[Choice], replication: int = 0) -> PlayedCity:
    """Play so many years from the first day on. The same rounds are the same figures, whatever is chosen after them."""
    rules = city()
    world = World(rules.scenario(), replication, schedule=rules.schedule(rounds))
    books, years = _Books(rules, world), []
    try:
        for number, choice in enumerate(rounds):
            for day in range(number * YEAR_DAYS, (number + 1) * YEAR_DAYS):
                world.play_day(day)
            years.append(books.close(number, choice))
        world.ledger.check(world.venue.engine.market)
    finally:
        world.dissolve()
    return PlayedCity(years=tuple(years), journal_hash=world.venue.hash.hex())


class _Books:
    """What the years before came to, so that a year is the difference."""

    def __init__(self, rules: City, world: World) -> None:
        self._rules = rules
        self._world = world
        self._own = {number for number, plan in enumerate(world.scenario.project.values(), 1) if plan.local}
        self._reserve = max(world.region.local)
        self._mills = [each for each in world.agents if isinstance(each, Enterprise)]
        self._before = dict.fromkeys(("offset", "short", "credits", "earned", "sold"), 0)
        self._balance_fen = 0

    def close(self, number: int, choice: Choice) -> CityYear:
        """Add up the year that has just ended."""
        world, game = self._world, self._rules.game
        retired = world.ledger.retired
        offset, short, credits_fen = self._year(
            offset=sum(each.used_t for each in self._mills),
            short=sum(each.short_t for each in self._mills),
            credits=sum(each.credits_fen for each in self._mills),
        )
        earned, sold = self._year(earned=self._earned_fen(), sold=self._reserve_sold_t())
        income, spent = game.grant_fen.value + earned, self._rules.value(choice, KILNS) * game.kiln_fen.value
        self._balance_fen += income - spent
        price, traded, months = self._prices(number)
        return CityYear(
            choice=choice,
            price_fen_t=price,
            months=months,
            traded_t=traded,
            issued_t=sum(world.ledger.issued[each] for each in self._own) // KG_PER_T,
            retired_t=sum(kg for (each, _), kg in retired.items() if each in self._own) // KG_PER_T,
            unsold_t=sum(
                dev.desk.owned(dev.instrument)
                for them in world.developers.values()
                for dev in them
                if dev.instrument in self._own
            ),
            path_t=self._rules.target_by(number + 1),
            offset_t=offset,
            wanted_t=offset + short,
            saved_fen=offset * self._alternative_fen_t(number) - credits_fen,
            reserve_sold_t=sold,
            income_fen=income,
            spent_fen=spent,
            balance_fen=self._balance_fen,
        )

    def _year(self, **now: int) -> list[int]:
        """What sums grew by since the year before."""
        found = [value - self._before[name] for name, value in now.items()]
        self._before |= now
        return found

    def _earned_fen(self) -> int:
        """Fees, and what the reserve was sold for, since the first day: nobody takes that money off the exchange."""
        accounts = self._world.venue.engine.market.accounts
        theirs = [FEES, *(each.desk.account for each in self._world.agents if each.desk.population == "reserve")]
        return sum(found.cash.settled for each in theirs if (found := accounts.get(each)) is not None)

    def _reserve_sold_t(self) -> int:
        """Tonnes of the reserve that somebody bought."""
        left = sum(each.desk.owned(self._reserve) for each in self._world.agents if each.desk.population == "reserve")
        return self._world.ledger.issued[self._reserve] // KG_PER_T - left

    def _alternative_fen_t(self, number: int) -> int:
        """What a tonne cost at the year's deadline that was not covered with credits."""
        policy, day = self._world.scenario.policy, number * YEAR_DAYS
        return min(self._world.region.allowances[day + policy.deadline_day.value], policy.penalty_fen_t.value)

    def _prices(self, number: int) -> tuple[int, int, tuple[int, ...]]:
        """Average price of local credits in the year, their tonnes, and the averages of its months."""
        tonnes, money = [0] * _MONTHS, [0] * _MONTHS
        for each in self._world.days:
            year, day = divmod(each.day, YEAR_DAYS)
            if year == number and each.instrument in self._own:
                month = day * _MONTHS // YEAR_DAYS
                tonnes[month] += each.volume_t
                money[month] += each.turnover_fen
        months = tuple(fen // t if t else 0 for fen, t in zip(money, tonnes, strict=True))
        traded = sum(tonnes)
        return sum(money) // traded if traded else 0, traded, months

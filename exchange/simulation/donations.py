"""Donations that a sponsor adds to until its pool is used up: both buy credits, and retire them."""

from exchange.simulation.agents import PlayedRegion
from exchange.simulation.buying import Wish, buy
from exchange.simulation.parameters import BPS
from exchange.simulation.programme_plans import DonationsPlan
from exchange.simulation.seeds import Draws
from exchange.simulation.venue import Desk

_HUNDRED = 100


class Giver:
    """Spends what is given on local credits and retires them. *given_fen* is all that was given."""

    def __init__(self, desk: Desk, plan: DonationsPlan, region: PlayedRegion) -> None:
        self.desk = desk
        self.given_fen = self.retired_t = 0
        self._limit = plan.most_fen_t.value
        self._region = region

    def give(self, amount_fen: int) -> None:
        """Bring money onto the exchange."""
        self.given_fen += amount_fen
        self.desk.pay_in(amount_fen)

    def act(self, day: int) -> None:
        """Buy as many credits as the money is sure to pay for; cheaper ones leave some for the next day."""
        self.desk.take_back()
        wanted = self.desk.cash_fen // max(1, self._limit)
        if self.desk.board.lots(wanted):
            rooms = dict.fromkeys(sorted(self._region.local), wanted)
            buy(self.desk, day, Wish(wanted, rooms, self._limit), waits=not self._region.selling)

    def close(self, _day: int) -> None:
        """Retire what was delivered."""
        for number in sorted(self._region.local):
            tonnes = self.desk.tonnes(number)
            self.desk.retire(number, tonnes)
            self.retired_t += tonnes


class Donations:
    """
    The gifts of residents, and what a sponsor adds to them.

    The *pool* is the sponsor's, in fen: what it has not given yet. *lasted_days* is when it first could not match a
    gift, None: never.
    """

    def __init__(self, plan: DonationsPlan, donors: Giver, sponsor: Giver, draws: tuple[Draws, Draws]) -> None:
        self.pool = plan.pool_fen.value
        self.donors = donors
        self.sponsor = sponsor
        self.lasted_days: int | None = None
        self._plan = plan
        self._usual, self._more = draws

    def morning(self, day: int) -> None:
        """Take the gifts of a day. Those that are made for the sponsor's sake draw from their own numbers."""
        for draws, part_bps in ((self._usual, BPS), (self._more, self._plan.response_bps.value)):
            expected = self._plan.donors.value * self._plan.gives_bps.value * part_bps
            count = expected // BPS**2 + draws.happens(expected % BPS**2 // BPS)
            for _ in range(count):
                gift = draws.around(self._plan.gift_fen.value, self._plan.spread_bps.value)
                if draws is self._usual or self._matches():
                    self._take(gift, day)

    def _matches(self) -> bool:
        return self.pool > 0 and self._plan.match_percent.value > 0

    def _take(self, gift_fen: int, day: int) -> None:
        self.donors.give(gift_fen)
        wanted = gift_fen * self._plan.match_percent.value // _HUNDRED
        added = min(wanted, self.pool)
        self.pool -= added
        self.sponsor.give(added)
        if added < wanted and self.lasted_days is None:
            self.lasted_days = day

    def check(self) -> None:
        """Assert that the sponsor gave what its pool lost."""
        assert self.pool >= 0, "the sponsor gave more than it had"
        assert self._plan.pool_fen.value == self.pool + self.sponsor.given_fen, "the pool has other money than was left"

    def figures(self, days: int) -> dict[str, int]:
        """What was given, added and retired in *days* days."""
        return {
            "donated_fen": self.donors.given_fen,
            "matched_fen": self.sponsor.given_fen,
            "pool_left_fen": self.pool,
            "pool_lasted_days": days if self.lasted_days is None else self.lasted_days,
            "pool_ran_out": int(self.lasted_days is not None),
            "donated_t": self.donors.retired_t,
            "matched_t": self.sponsor.retired_t,
            "unspent_fen": self.donors.desk.money_fen + self.sponsor.desk.money_fen,
        }

"""What was issued and is not there: reports that claimed too much, and sinks that lost what they had stored."""

from typing import Final

from exchange.simulation.agents import YEAR_DAYS, Developer
from exchange.simulation.ledger import Ledger
from exchange.simulation.parameters import BPS
from exchange.simulation.programme_plans import ReversalPlan, VerificationPlan
from exchange.simulation.seeds import Draws
from schemas.serials import KG_PER_T

REVERSED: Final = "reversed"
UNREAL: Final = "not real"
"""Why credits are cancelled, as the ledger has it."""


class Verifier:
    """
    Looks at some reports before their issuance, or after it, and takes back what was claimed too much.

    All in tonnes and fen: *excess_t* is what false reports claimed, *found_t* of that was found, *uncovered_t* of it
    had been issued and could be cancelled nowhere. *cost_fen* was paid for verifications, and
    *penalties_fen* by developers.
    """

    def __init__(self, plan: VerificationPlan, ledger: Ledger) -> None:
        self.excess_t = self.found_t = self.uncovered_t = self.cost_fen = self.penalties_fen = 0
        self._plan = plan
        self._ledger = ledger
        self._draws: dict[int, Draws] = {}
        self._inclined: set[int] = set()
        self._due: dict[int, list[tuple[Developer, int]]] = {}

    def add(self, developer: Developer, draws: Draws) -> None:
        """Draw whether a developer is ready to claim too much."""
        account = developer.desk.account
        self._draws[account] = draws
        if draws.happens(self._plan.inclined_bps.value):
            self._inclined.add(account)

    def claimed(self, developer: Developer, real_t: int, day: int) -> int:
        """
        Return the tonnes that are issued to a developer whose reduction was *real_t*.

        Each report draws the same numbers whatever the parameters are, so that settings are compared under one chance.
        """
        plan, draws = self._plan, self._draws[developer.desk.account]
        inclined, weighs = developer.desk.account in self._inclined, draws.happens(plan.weighs_bps.value)
        sampled, seen = draws.happens(plan.sampled_bps.value), draws.happens(plan.detected_bps.value)
        self.cost_fen += plan.cost_fen.value if sampled else 0
        excess_t = real_t * plan.excess_bps.value // BPS
        if not inclined or not excess_t or (weighs and not self._pays(developer)):
            return real_t
        self.excess_t += excess_t
        if not (sampled and seen):
            return real_t + excess_t
        self.found_t += excess_t
        self.penalties_fen += excess_t * plan.penalty_fen_t.value
        if not plan.after_days.value:
            return real_t
        self._due.setdefault(day + plan.after_days.value, []).append((developer, excess_t))
        return real_t + excess_t

    def _pays(self, developer: Developer) -> bool:
        """Whether what is not found sells for more than what is found costs, at the last price or its own ask."""
        risk = self._plan.sampled_bps.value * self._plan.detected_bps.value
        price = developer.desk.board.last.get(developer.instrument) or developer.cost
        return (BPS * BPS - risk) * price > risk * self._plan.penalty_fen_t.value

    def morning(self, day: int) -> None:
        """Cancel what was found in reports of so many days ago: what its developer still has first, then the buffer."""
        for developer, excess_t in self._due.pop(day, ()):
            left_t = excess_t - developer.desk.give_up(developer.instrument, excess_t, UNREAL)
            covered_kg = self._ledger.cover(developer.instrument, left_t * KG_PER_T, UNREAL)
            self.uncovered_t += -(-(left_t * KG_PER_T - covered_kg) // KG_PER_T)

    @property
    def pending(self) -> int:
        """Tonnes that were found and are not cancelled yet: their day comes after the last one."""
        return sum(excess_t for them in self._due.values() for _, excess_t in them)


class Reversals:
    """Sinks that lose what they stored. *lost_kg* is all of it, *covered_kg* what the buffer gave for it."""

    def __init__(self, ledger: Ledger) -> None:
        self.lost_kg = self.covered_kg = 0
        self._ledger = ledger
        self._sinks: list[tuple[Developer, ReversalPlan, Draws]] = []
        self._days: list[tuple[int, int]] = []
        self._stored_kg: dict[int, int] = {}

    def add(self, developer: Developer, plan: ReversalPlan, draws: Draws) -> None:
        """Let the project of a developer be one that can lose what it stored."""
        self._sinks.append((developer, plan, draws))
        self._days.append((0, 0))

    def issued(self, developer: Developer, quantity_t: int) -> None:
        """Remember what was issued to a developer, of whom a part may be lost."""
        account = developer.desk.account
        self._stored_kg[account] = self._stored_kg.get(account, 0) + quantity_t * KG_PER_T

    def morning(self, day: int) -> None:
        """Draw the year's events on its first day, and let those of today happen."""
        for at, (developer, plan, draws) in enumerate(self._sinks):
            if day % YEAR_DAYS == 0:
                happens, on = draws.happens(plan.chance_bps.value), draws.below(YEAR_DAYS)
                part_bps = draws.around(plan.loss_bps.value, plan.spread_bps.value)
                self._days[at] = (day + on, min(part_bps, BPS)) if happens else (-1, 0)
            on, part_bps = self._days[at]
            if on == day:
                self._lose(developer, part_bps)

    def _lose(self, developer: Developer, part_bps: int) -> None:
        account = developer.desk.account
        stored_kg = self._stored_kg.get(account, 0)
        lost_kg = stored_kg * part_bps // BPS
        self._stored_kg[account] = stored_kg - lost_kg
        self.lost_kg += lost_kg
        self.covered_kg += self._ledger.cover(developer.instrument, lost_kg, REVERSED)

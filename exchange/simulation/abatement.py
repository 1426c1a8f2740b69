"""What an enterprise reduces itself, by its cost curve and by the rule that it must reduce first. Pure arithmetic."""

from typing import NamedTuple

from exchange.simulation.parameters import BPS
from exchange.simulation.programme_plans import AbatementPlan, ReduceFirstPlan
from exchange.simulation.seeds import Draws


class ChosenReduction(NamedTuple):
    """
    What is reduced of some emissions: ten-thousandths of them, and what that costs, in fen per 10,000 t emitted.

    *counts*: credits count, because what the rule asks for is reduced.
    """

    reduced_bps: int
    cost_fen: int
    counts: bool


NOTHING = ChosenReduction(0, 0, counts=True)
"""Of those who have no curve of their own; no rule binds them."""


class Curve(NamedTuple):
    """The curve of one enterprise: the cost of a tonne rises evenly up to *potential_bps* of what it emits."""

    potential_bps: int
    first_fen_t: int
    last_fen_t: int

    def worth(self, price_fen_t: int) -> int:
        """Return how much is cheaper to reduce than *price_fen_t*, in ten-thousandths of emissions."""
        if price_fen_t < self.first_fen_t:
            return 0
        rise = self.last_fen_t - self.first_fen_t
        return min(self.potential_bps, self.potential_bps * (price_fen_t - self.first_fen_t) // rise if rise else BPS)

    def cost(self, reduced_bps: int) -> int:
        """Return what it costs to reduce so much of 10,000 t, in fen: the area below the curve."""
        if not self.potential_bps:
            return 0
        rise = (self.last_fen_t - self.first_fen_t) * reduced_bps * reduced_bps // (2 * self.potential_bps)
        return self.first_fen_t * reduced_bps + rise


def curve_of(plan: AbatementPlan, draws: Draws) -> Curve:
    """Draw the curve of one enterprise."""
    potential = min(BPS, draws.around(plan.potential_bps.value, plan.spread_bps.value))
    return Curve(potential, plan.first_fen_t.value, max(plan.first_fen_t.value, plan.last_fen_t.value))


def chosen(curve: Curve, price_fen_t: int, rule: ReduceFirstPlan | None, credits_worth_fen: int) -> ChosenReduction:
    """
    Return what is reduced: what is cheaper than *price_fen_t*, and more where a rule asks for it and it is worth it.

    *credits_worth_fen* is what the use of credits is worth to it for 10,000 t emitted: if reducing more costs more
    than that, or cannot be done, it goes without credits.
    """
    own = curve.worth(price_fen_t)
    required = rule.required_bps.value if rule is not None else 0
    if own >= required:
        return ChosenReduction(own, curve.cost(own), counts=True)
    if required <= curve.potential_bps:
        more = curve.cost(required) - curve.cost(own) - (required - own) * price_fen_t
        if more <= credits_worth_fen:
            return ChosenReduction(required, curve.cost(required), counts=True)
    return ChosenReduction(own, curve.cost(own), counts=False)

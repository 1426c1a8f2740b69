"""
The zero-intelligence traders of the simulator as a user of mesa would write them.

What was done to be fair: as many buyers and sellers, the same values, costs, band and lot, and the same rule for how
often each acts. mesa has no venue, so theirs is a book of two heaps that forgets what was cancelled; balances, fees,
events, settlement, retirement and a journal, which the simulator has, it has not. An order and a cancel are a command.
"""

import heapq
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any

from exchange.simulation.plans import RandomPlan, Scenario

PACKAGE = "mesa"


class HeapBook:
    """Two heaps of prices with who is behind each; *commands* and *trades* are counted."""

    def __init__(self) -> None:
        self.commands = 0
        self.trades = 0
        self._heaps: tuple[list[tuple[int, int, Any]], ...] = ([], [])
        self._open: dict[int, int] = {}
        self._number = 0

    def cancel(self, trader: Any) -> None:  # noqa: ANN401 - an agent of mesa
        """Take back what a trader has open, if anything."""
        if self._open.pop(trader.unique_id, None) is not None:
            self.commands += 1

    def place(self, trader: Any, side: int, price: int) -> None:  # noqa: ANN401 - an agent of mesa
        """Trade one lot with the best order on the other side, or rest."""
        self.commands += 1
        self._number += 1
        theirs = self._heaps[1 - side]
        while theirs and self._open.get(theirs[0][2].unique_id) != theirs[0][1]:
            heapq.heappop(theirs)
        if theirs and (price >= theirs[0][0] if not side else price <= -theirs[0][0]):
            other = heapq.heappop(theirs)[2]
            del self._open[other.unique_id]
            other.done = trader.done = True
            self.trades += 1
            return
        self._open[trader.unique_id] = self._number
        heapq.heappush(self._heaps[side], (price if side else -price, self._number, trader))


def mesa_version() -> str | None:
    """Which mesa is installed; None if none is."""
    return metadata.version(PACKAGE) if find_spec(PACKAGE) else None


def mesa_model(scenario: Scenario) -> Any:  # noqa: ANN401 - a model of mesa
    """Build a model with the traders of `zero-intelligence`; `play` plays its days."""
    mesa: Any = import_module(PACKAGE)
    (sellers,), (buyers,) = scenario.project.values(), scenario.population.values()
    assert isinstance(buyers, RandomPlan), "the scenario has buyers of zero intelligence only"
    low, high, active_bps = (
        scenario.venue.floor_fen_t.value,
        scenario.venue.ceiling_fen_t.value,
        buyers.active_bps.value,
    )
    book, reach = HeapBook(), sellers.cost_fen_t.value * sellers.cost_spread_bps.value // 10_000

    class _Trader(mesa.Agent):  # type: ignore[misc]  # mesa is not there when types are checked
        """Bids up to its value, or asks for its cost and more, at random."""

        def __init__(self, model: Any, side: int, limit: int, bps: int) -> None:  # noqa: ANN401 - a model of mesa
            super().__init__(model)
            self.side, self.limit, self.bps, self.done = side, limit, bps, False

        def act(self) -> None:
            """Replace the order of before."""
            draws = self.random
            if self.done or draws.randrange(10_000) >= self.bps:
                return
            book.cancel(self)
            ends = (self.limit, max(high, self.limit)) if self.side else (min(low, self.limit), self.limit)
            book.place(self, self.side, draws.randint(*ends))

    model = mesa.Model(seed=scenario.seed)
    cost = sellers.cost_fen_t.value
    for _ in range(buyers.count.value):
        value = model.random.randint(buyers.low_fen_t.value, buyers.high_fen_t.value)
        _Trader(model, 0, value, active_bps)
    for _ in range(sellers.developers.value):
        _Trader(model, 1, model.random.randint(cost - reach, cost + reach), 1_500)
    model.book = book
    return model


def play(model: Any, days: int) -> int:  # noqa: ANN401 - a model of mesa
    """Let everybody act once a day in a random order; returns how many commands that were."""
    for _ in range(days):
        model.agents.shuffle_do("act")
    return int(model.book.commands)

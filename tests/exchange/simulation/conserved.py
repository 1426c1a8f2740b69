"""Conservation after every command, in time that does not grow with the market: only what it touched is added."""

from collections import Counter
from collections.abc import Iterable

from exchange.engine.accounts import TradingAccount
from exchange.engine.commands import Command
from exchange.engine.events import Event, Settled, Traded
from exchange.simulation.plans import Scenario
from exchange.simulation.points import PointsProgramme
from exchange.simulation.venue import PlayedVenue
from exchange.simulation.world import World
from schemas.serials import KG_PER_T


class Conserved:
    """
    Watches a world, and has its sums by account and instrument.

    Points of residents are added up anew where a counter of the programme moved since the last command.
    An account that no command and no event names is looked at by the daily check only, which adds everything up.
    """

    def __init__(self) -> None:
        self.commands = 0
        self.cash = 0
        self.tonnes: Counter[int] = Counter()
        self._cash: Counter[int] = Counter()
        self._tonnes: Counter[tuple[int, int]] = Counter()
        self._trades: dict[int, tuple[int, ...]] = {}
        self._points: PointsProgramme | None = None
        self._outstanding = 0

    @classmethod
    def watching(cls, scenario: Scenario, replication: int = 0) -> tuple[World, "Conserved"]:
        """Return a world that is to be played, and what watches it."""
        watch = cls()
        world = World(scenario, replication, watch.after, watch.evening)
        watch._points = world.points
        return world, watch

    def after(self, venue: PlayedVenue, command: Command, events: list[Event]) -> None:
        """Add up what a command may have changed, and compare it with registry and bank."""
        self.commands += 1
        market, ledger, instruments = venue.engine.market, venue.ledger, {getattr(command, "instrument", 0)}
        for number in self._touched(command, events):
            if (account := market.accounts.get(number)) is not None:
                instruments.update(self._add(account))
        assert self.cash == market.cash == ledger.paid_in - ledger.paid_out, "the exchange has other money"
        for number in instruments - {0}:
            assert self.tonnes[number] * KG_PER_T == ledger.on_exchange[number], "the exchange has other tonnes"
            ledger.check_instrument(number)
        if (points := self._points) is not None:
            if self._outstanding != points.issued - points.redeemed - points.expired:
                self._outstanding = points.outstanding
            points.check_counters(self._outstanding)

    def _touched(self, command: Command, events: list[Event]) -> Iterable[int]:
        found = {getattr(command, "account", 0)}
        for event in events:
            if isinstance(event, Traded):
                sides = (event.buyer, event.seller, event.fee_account)
                self._trades[event.trade] = sides
                found.update(sides)
            elif isinstance(event, Settled):
                for trade in event.trades:
                    found.update(self._trades.pop(trade))
            else:
                found.add(getattr(event, "account", 0))
        return found

    def _add(self, account: TradingAccount) -> Iterable[int]:
        """Put an account's new sums in place of the old ones."""
        cash = account.cash.settled + account.cash.locked + account.cash.outgoing
        self.cash += cash - self._cash[account.id]
        self._cash[account.id] = cash
        for number, each in account.tonnes.items():
            tonnes = each.settled + each.locked + each.outgoing
            self.tonnes[number] += tonnes - self._tonnes[account.id, number]
            self._tonnes[account.id, number] = tonnes
        return account.tonnes.keys()

    def evening(self, world: World) -> None:
        """Add everything up, of every account and of points; and compare it with the sums kept here."""
        world.check()
        assert self.cash == world.venue.engine.market.cash
        assert {number: kg // KG_PER_T for number, kg in world.ledger.on_exchange.items() if kg} == {
            number: tonnes for number, tonnes in self.tonnes.items() if tonnes
        }

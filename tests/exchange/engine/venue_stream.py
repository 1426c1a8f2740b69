"""The stream of commands with baskets and rules of venues: closed modes, limits, turning days, changing owners."""

from exchange.engine import commands as c
from exchange.engine.modes.venues import messages as m
from tests.exchange.engine.basket_stream import BasketStream
from tests.exchange.engine.market_stream import GROUPS, INSTRUMENTS


class VenueStream(BasketStream):
    """Aims at what the naive market has, of every mode and under every rule."""

    weights = BasketStream.weights | {"venue": 4, "limits": 4, "release": 3, "group": 4, "delist_instrument": 1}

    def venue(self) -> m.SetVenue:
        """Most often every mode, so that the rest of the stream goes on; seldom rules that cannot be."""
        modes = 255 if self.one_in(2) else 255 & ~(1 << self.dice.randrange(8))
        largest, instrument = self.dice.choice((0, 0, 60, 200)), self.instrument()
        if self.one_in(12):
            modes, largest = self.dice.choice(((0, 0), (256, 0), (-1, 0), (255, -1), (255, 100_000_001)))
        return m.SetVenue(self.instruction(), instrument, self.dice.randrange(1, 9), modes, largest, not self.one_in(4))

    def limits(self) -> m.SetLimits:
        """Limits that many reach; often none, seldom of a role that is not there."""
        lot = INSTRUMENTS[1][1]
        largest, most = self.dice.choice((0, 0, 8 * lot, 50 * lot)), self.dice.choice((0, 0, 100 * lot, 700 * lot))
        if self.one_in(12):
            largest = self.dice.choice((-1, 100_000_001))
        role = self.dice.choice((-1, 4)) if self.one_in(12) else self.dice.randrange(4)
        return m.SetLimits(self.instruction(), self.instrument(), role, largest, most)

    def release(self) -> m.ReleaseBought:
        """A day turns for one instrument: just now, or some trades ago; seldom with a trade that is still to come."""
        last = max(0, self.market.trades - self.dice.randrange(20)) if self.one_in(2) else -1
        if self.one_in(12):
            last = self.market.trades + 5
        return m.ReleaseBought(self.instruction(), self.instrument(), last)

    def delist_instrument(self) -> c.DelistInstrument:
        """An instrument or a basket, listed again by `halt` before long, or one that is delisted; seldom none."""
        if delisted := [number for number, each in self.market.rules.items() if each.halted & c.DELISTED]:
            return c.DelistInstrument(self.instruction(), self.dice.choice(delisted))
        few = [number for number in self.market.rules if self.one_in(3) or number not in {1, 2}]
        return c.DelistInstrument(self.instruction(), 44 if self.one_in(12) else self.dice.choice(few))

    def group(self) -> m.SetGroup:
        """An account comes to another owner, often to that of somebody else; most of them come home again."""
        account = self.account()
        group = self.dice.choice(list(GROUPS.values())) if self.one_in(3) else GROUPS.get(account, 8)
        role = self.dice.choice((-1, 4)) if self.one_in(12) else self.dice.randrange(4)
        return m.SetGroup(self.instruction(), account, group, role)

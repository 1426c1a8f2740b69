"""The stream of commands with baskets in it: some orders in them, now and then one more asset or one less."""

from collections.abc import Iterator

from exchange.engine import commands as c
from exchange.engine.modes.baskets import messages as baskets
from tests.exchange.engine.market_stream import FEES, INSTRUMENTS
from tests.exchange.engine.stream_beside import WholeStream

BASKETS = (5, 6)


class BasketStream(WholeStream):
    """Aims at what the naive market has, of every mode and of baskets."""

    weights = WholeStream.weights | {"open_basket": 3, "add_asset": 9, "delist_asset": 5, "credit_basket": 1}

    def opening(self) -> Iterator[c.Command]:
        """Two baskets behind everything else."""
        yield from super().opening()
        yield baskets.OpenBasket(self.instruction(), 5, *INSTRUMENTS[1], FEES, 9, (2, 1, 3))
        yield baskets.OpenBasket(self.instruction(), 6, *INSTRUMENTS[1], FEES, 9, (4,))

    def instrument(self) -> int:
        """A basket once in a while."""
        return self.dice.choices(BASKETS, (4, 1))[0] if self.one_in(4) else super().instrument()

    def open_basket(self) -> baskets.OpenBasket:
        """One that cannot be opened."""
        assets = self.dice.choice(((), (1, 2, 1), (1, 5), (1, 44), tuple(range(1, 202)), (1, 2)))
        if assets != (1, 2):
            return baskets.OpenBasket(self.instruction(), 7, *INSTRUMENTS[1], FEES, 9, assets)
        number, tick = self.dice.choice(((5, 1), (1, 1), (7, -1)))
        return baskets.OpenBasket(self.instruction(), number, tick, *INSTRUMENTS[1][1:], FEES, 9, assets)

    def add_asset(self) -> baskets.AddAsset:
        """Any asset to a basket, seldom to what is none."""
        basket = self.instrument() if self.one_in(8) else self.dice.choice(BASKETS)
        asset = self.dice.choice((5, 44)) if self.one_in(8) else self.dice.choice(list(INSTRUMENTS))
        return baskets.AddAsset(self.instruction(), basket, asset)

    def delist_asset(self) -> baskets.DelistAsset:
        """An asset of a basket, seldom of what is none."""
        basket = self.instrument() if self.one_in(8) else self.dice.choice(BASKETS)
        asset = 44 if self.one_in(8) else self.dice.choice(list(INSTRUMENTS))
        return baskets.DelistAsset(self.instruction(), basket, asset)

    def credit_basket(self) -> c.CreditTonnes:
        """Tonnes of what has none."""
        return c.CreditTonnes(self.instruction(), self.account(), 8, self.dice.choice(BASKETS), 10)

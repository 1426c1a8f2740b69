"""
Baskets in the naive market: what a sell order has locked is a list with the asset of each single tonne.

Tonnes are sold from the beginning of that list. What is given back was at its end: only so many of its first tonnes
count as are open.
"""

from collections import Counter
from itertools import groupby

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.commands import AccountCommand
from exchange.engine.events import Cause, Reason
from exchange.engine.modes.auctions.messages import OpenAuction
from exchange.engine.modes.baskets import messages as m
from exchange.engine.modes.blocks.messages import ProposeBlock
from exchange.engine.modes.campaigns.messages import OpenCampaign
from exchange.engine.modes.continuous import Amend, Amended, Place, PlaceUntil
from exchange.engine.modes.listings import OpenListing
from exchange.engine.modes.quotes.messages import RequestQuotes
from exchange.engine.parts import BasketReason
from tests.oracle.market_book import NaiveBook
from tests.oracle.market_custody import Offer, Parts, refuse

NOT_IN_BASKETS = OpenListing | OpenCampaign | OpenAuction | ProposeBlock | RequestQuotes


class NaiveBaskets(NaiveBook):
    """Takes the engine's commands of baskets, and of orders in them."""

    def __init__(self, *, open_orders_limit: int = 10_000, step: int = 1_000) -> None:
        super().__init__(open_orders_limit=open_orders_limit, step=step)
        self.baskets: dict[int, list[int]] = {}
        self.chosen: list[int] = []

    def locked(self, offer: Offer) -> list[int]:
        """The asset of each tonne that an order in a basket has locked."""
        return offer.parts[: offer.open]

    def tonnes(self, account: int, instrument: int) -> Parts:
        """An account's tonnes, those in baskets too."""
        if instrument in self.baskets:
            return 0, 0, 0, 0
        settled, locked, bought, sold = super().tonnes(account, instrument)
        parts = [asset for each in self._open_of(account) for asset in self.locked(each)]
        trades = [each for each in self.undelivered.values() if each.asset == instrument]
        more_bought = sum(each.quantity for each in trades if each.buyer == account)
        more_sold = sum(each.quantity for each in trades if each.seller == account)
        more_locked = parts.count(instrument)
        return settled - more_locked - more_sold, locked + more_locked, bought + more_bought, sold + more_sold

    def _admit(self, command: AccountCommand) -> None:
        super()._admit(command)
        if isinstance(command, NOT_IN_BASKETS) and command.instrument in self.baskets:
            refuse(BasketReason.ONLY_IN_ITS_BOOK, command.instrument)

    def _check_covered(self, offer: Offer, freed: int = 0) -> None:
        if offer.side == c.BUY or offer.instrument not in self.baskets:
            super()._check_covered(offer, freed)
            return
        assets = self.baskets[offer.instrument]
        free = [
            asset for asset in assets if not self.rules[asset].halted for _ in range(self._free(offer.account, asset))
        ]
        more = offer.open - len(offer.parts)
        if more > len(free):
            refuse(Reason.NOT_ENOUGH_TONNES, more, len(free))
        offer.parts = self.chosen = sorted([*offer.parts, *free[: max(more, 0)]], key=assets.index)

    def _is_basket(self, instrument: int) -> bool:
        return instrument in self.baskets

    def _single(self, instrument: int) -> None:
        if instrument in self.baskets:
            refuse(BasketReason.ONLY_IN_ITS_BOOK, instrument)

    def _free(self, account: int, asset: int) -> int:
        settled = self.tonnes(account, asset)[0]
        locks = asset in self.venues and self.venues[asset].said.locks
        return max(settled - self.fresh(account, asset), 0) if locks else settled

    def _trades(self, taker: Offer, maker: Offer, quantity: int, price: int | None = None) -> list[e.Event]:
        if taker.instrument not in self.baskets:
            return super()._trades(taker, maker, quantity, price)
        sell = taker if taker.side == c.SELL else maker
        sold, sell.parts = sell.parts[:quantity], sell.parts[quantity:]
        return [self._trade(taker, maker, len(list(each)), price, asset) for asset, each in groupby(sold)]

    def _Place(self, said: Place | PlaceUntil) -> list[e.Event]:  # noqa: N802 - named as its command
        if said.instrument not in self.baskets or said.side == c.BUY:
            return super()._Place(said)
        self.chosen = []
        accepted, *others = super()._Place(said)
        changed = self._changed(self.sequence, said.account, said.instrument, Counter(self.chosen))
        return [accepted, changed, *others]

    def _Amend(self, said: Amend) -> list[e.Event]:  # noqa: N802 - named as its command
        order = self.open.get(said.order)
        if order is None or not order.parts:
            return super()._Amend(said)
        before, self.chosen = Counter(self.locked(order)), self.locked(order)
        amended, *others = super()._Amend(said)
        if not isinstance(amended, Amended):
            return [amended, *others]
        after = Counter(self.chosen[: amended.open])
        after.subtract(before)
        changed = self._changed(order.number, order.account, order.instrument, after)
        return [amended, *([changed] if changed.parts else []), *others]

    def _changed(self, order: int, account: int, basket: int, parts: Counter[int]) -> m.PartsChanged:
        changed = tuple((asset, tonnes) for asset, tonnes in sorted(parts.items()) if tonnes)
        return m.PartsChanged(order, account, basket, changed)

    def _selling(self, asset: int, baskets: list[int]) -> list[Offer]:
        return [each for each in self.open.values() if each.instrument in baskets and asset in self.locked(each)]

    # Instructions.

    def _OpenBasket(self, said: m.OpenBasket) -> list[e.Event]:  # noqa: N802 - named as its command
        self._check_opening(said)
        if not said.assets:
            refuse(BasketReason.NO_ASSETS, said.instrument)
        if len(said.assets) > 200:
            refuse(BasketReason.TOO_MANY_ASSETS, len(said.assets), 200)
        for at, asset in enumerate(said.assets):
            self._check_asset(asset, list(said.assets[:at]))
        opened = self._OpenInstrument(said)
        self.baskets[said.instrument] = list(said.assets)
        return [*opened, m.BasketOpened(said.instruction, said.instrument, said.assets)]

    def _check_asset(self, asset: int, there: list[int]) -> None:
        if asset in there:
            refuse(BasketReason.ASSET_THERE, asset)
        self._known(asset)
        if asset in self.baskets:
            refuse(BasketReason.NOT_AN_ASSET, asset)

    def _basket(self, instrument: int) -> list[int]:
        self._known(instrument)
        if instrument not in self.baskets:
            refuse(BasketReason.NOT_A_BASKET, instrument)
        return self.baskets[instrument]

    def _AddAsset(self, said: m.AddAsset) -> list[e.Event]:  # noqa: N802 - named as its command
        assets = self._basket(said.instrument)
        self._check_asset(said.asset, assets)
        if len(assets) == 200:
            refuse(BasketReason.TOO_MANY_ASSETS, 201, 200)
        assets.append(said.asset)
        return [m.AssetAdded(said.instruction, said.instrument, said.asset)]

    def _DelistAsset(self, said: m.DelistAsset) -> list[e.Event]:  # noqa: N802 - named as its command
        assets = self._basket(said.instrument)
        if said.asset not in assets:
            refuse(BasketReason.NO_SUCH_ASSET, said.asset, said.instrument)
        assets.remove(said.asset)
        closed = self._close_all(self._selling(said.asset, [said.instrument]), Cause.DELISTED)
        return [m.AssetDelisted(said.instruction, said.instrument, said.asset), *closed]

    def _Halt(self, said: c.Halt) -> list[e.Event]:  # noqa: N802 - named as its command
        changed = super()._Halt(said)
        if not self.rules[said.instrument].halted:
            return changed
        return [*changed, *self._close_all(self._selling(said.instrument, list(self.baskets)), Cause.ASSET_HALTED)]

    def _gone_with(self, instrument: int) -> list[Offer]:
        return [*super()._gone_with(instrument), *self._selling(instrument, list(self.baskets))]

    def _CreditTonnes(self, said: c.CreditTonnes) -> list[e.Event]:  # noqa: N802 - named as its command
        if said.instrument in self.baskets:
            refuse(BasketReason.NO_TONNES_OF_BASKETS, said.instrument, account=said.account)
        return super()._CreditTonnes(said)

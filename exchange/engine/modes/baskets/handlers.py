"""How baskets are opened and changed, and how a snapshot has them. Orders in them are `continuous` orders."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from msgspec import Struct

from exchange.engine.accounts import OpenOrder
from exchange.engine.cancelling import Clearing, clear_some
from exchange.engine.events import Cause, Event, InstructionRefused, InstrumentOpened, Reason
from exchange.engine.market import Market, TradedInstrument, given_before
from exchange.engine.modes import EngineMode
from exchange.engine.modes.baskets.messages import (
    AddAsset,
    AssetAdded,
    AssetDelisted,
    BasketOpened,
    DelistAsset,
    OpenBasket,
    PartsChanged,
)
from exchange.engine.opening import cannot_open, instructed, selling
from exchange.engine.parts import ASSETS_LIMIT, NO_TONNES, AssetList, BasketReason


class StoredBasket(Struct, array_like=True):
    """A basket in a snapshot: its assets, and of each sell order what it has locked: pairs of asset and tonnes."""

    instrument: int
    assets: list[int]
    parts: list[tuple[int, list[tuple[int, int]]]]


class StoredBaskets(Struct, array_like=True):
    """The baskets in a snapshot."""

    baskets: list[StoredBasket]


class Baskets:
    """The instruments that are baskets."""

    __slots__ = ("instruments",)

    layouts: ClassVar[Mapping[int, type[Struct]]] = {1: StoredBaskets}

    def __init__(self) -> None:
        self.instruments: dict[int, TradedInstrument] = {}

    def open_in(self, _instrument: int) -> Iterator[OpenOrder]:
        """Return nothing: orders stand in the book."""
        return iter(())

    def dump(self) -> StoredBaskets | None:
        """Return them as a snapshot has them."""
        found = [_stored(each) for _, each in sorted(self.instruments.items())]
        return StoredBaskets(found) if found else None

    def load(self, market: Market, stored: StoredBaskets) -> None:
        """Take on those of a snapshot."""
        for each in stored.baskets:
            instrument = market.instruments[each.instrument]
            _make_basket(market, instrument, each.assets)
            parts = {order: dict(locked) for order, locked in each.parts}
            for side in (instrument.book.bids, instrument.book.asks):
                for level in side.levels.values():
                    for order in level.orders():
                        order.tonnes, order.parts = NO_TONNES, parts.get(order.id)
                        order.account.tonnes.pop(instrument.id, None)  # made when the order was read


def _baskets(market: Market) -> Baskets:
    part: Baskets = market.parts["baskets"]
    return part


def _make_basket(market: Market, instrument: TradedInstrument, assets: list[int]) -> None:
    halted = {each for each in assets if market.instruments[each].halted}
    instrument.basket = AssetList(assets, halted, market.locking)
    instrument.shut()
    _baskets(market).instruments[instrument.id] = instrument


def _stored(instrument: TradedInstrument) -> StoredBasket:
    assert instrument.basket is not None, "it is a basket"
    orders = {order.id: order.parts for level in instrument.book.asks.levels.values() for order in level.orders()}
    parts = [(number, list(locked.items())) for number, locked in sorted(orders.items()) if locked]
    return StoredBasket(instrument.id, instrument.basket.assets, parts)


def open_basket(market: Market, command: OpenBasket) -> list[Event]:
    """Begin to trade a basket."""
    if (refusal := given_before(market, command) or cannot_open(market, command)) is not None:
        return [refusal]
    number, assets = command.instruction, command.assets
    if not assets:
        return [InstructionRefused(number, 0, BasketReason.NO_ASSETS, command.instrument, 0)]
    if len(assets) > ASSETS_LIMIT:
        return [InstructionRefused(number, 0, BasketReason.TOO_MANY_ASSETS, len(assets), ASSETS_LIMIT)]
    for at, asset in enumerate(assets):
        if (refusal := _no_asset(market, number, asset, assets[:at])) is not None:
            return [refusal]
    fee_account = market.account(command.fee_account, command.fee_group)
    instrument = market.instruments[command.instrument] = TradedInstrument(command, fee_account)
    _make_basket(market, instrument, list(assets))
    return [InstrumentOpened(number, instrument.id), BasketOpened(number, instrument.id, assets)]


def _no_asset(
    market: Market, instruction: int, asset: int, there: list[int] | tuple[int, ...]
) -> InstructionRefused | None:
    """Why an asset cannot come to those that are *there*."""
    if asset in there:
        return InstructionRefused(instruction, 0, BasketReason.ASSET_THERE, asset, 0)
    instrument = market.instruments.get(asset)
    if instrument is None:
        return InstructionRefused(instruction, 0, Reason.UNKNOWN_INSTRUMENT, asset, 0)
    if instrument.basket is not None:
        return InstructionRefused(instruction, 0, BasketReason.NOT_AN_ASSET, asset, 0)
    return None


def add_asset(market: Market, command: AddAsset) -> list[Event]:
    """Let an asset be sold in a basket."""
    basket = _instructed(market, command)
    if isinstance(basket, InstructionRefused):
        return [basket]
    number, asset = command.instruction, command.asset
    if (refusal := _no_asset(market, number, asset, basket.assets)) is not None:
        return [refusal]
    if len(basket.assets) >= ASSETS_LIMIT:
        return [InstructionRefused(number, 0, BasketReason.TOO_MANY_ASSETS, len(basket.assets) + 1, ASSETS_LIMIT)]
    basket.assets.append(asset)
    if market.instruments[asset].halted:
        basket.halted.add(asset)
    return [AssetAdded(number, command.instrument, asset)]


def delist_asset(market: Market, command: DelistAsset) -> list[Event]:
    """Let an asset be sold in a basket no more, and close the orders that would deliver it, in steps."""
    basket = _instructed(market, command)
    if isinstance(basket, InstructionRefused):
        return [basket]
    asset = command.asset
    if asset not in basket.assets:
        return [InstructionRefused(command.instruction, 0, BasketReason.NO_SUCH_ASSET, asset, command.instrument)]
    basket.assets.remove(asset)
    basket.halted.discard(asset)
    found = selling(market.instruments[command.instrument], asset)
    delisted = AssetDelisted(command.instruction, command.instrument, asset)
    return [delisted, *clear_some(market, Clearing(tuple(found), Cause.DELISTED))]


def _instructed(market: Market, command: AddAsset | DelistAsset) -> AssetList | InstructionRefused:
    """Return the basket that an instruction is about, or why it is not carried out."""
    instrument = instructed(market, command)
    if isinstance(instrument, InstructionRefused):
        return instrument
    if instrument.basket is None:
        return InstructionRefused(command.instruction, 0, BasketReason.NOT_A_BASKET, instrument.id, 0)
    return instrument.basket


MODE: Final = EngineMode(
    "baskets",
    {OpenBasket: open_basket, AddAsset: add_asset, DelistAsset: delist_asset},
    (BasketOpened, AssetAdded, AssetDelisted, PartsChanged),
    reasons=BasketReason,
    part=Baskets,
)

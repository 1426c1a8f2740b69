"""Commands and events of baskets."""

from msgspec import Struct

from exchange.engine.accounts import OpenOrder
from exchange.engine.events import Event
from exchange.engine.parts import Parts


class OpenBasket(Struct, array_like=True, gc=False, frozen=True, tag=47):
    """
    Begin to trade a basket of *assets*, which are instruments; the rest is as of any instrument.

    The order of the assets is that in which they are sold.
    """

    instruction: int
    instrument: int
    tick: int
    lot: int
    low: int
    high: int
    fee_bps: int
    fee_account: int
    fee_group: int
    assets: tuple[int, ...]


class AddAsset(Struct, array_like=True, gc=False, frozen=True, tag=48):
    """From now on, an asset can be sold in a basket too, after those that it has."""

    instruction: int
    instrument: int
    asset: int


class DelistAsset(Struct, array_like=True, gc=False, frozen=True, tag=49):
    """From now on, an asset cannot be sold in a basket. Sell orders that would deliver it are closed."""

    instruction: int
    instrument: int
    asset: int


class PartsChanged(Struct, array_like=True, gc=False, frozen=True, tag=50):
    """
    A sell order in a basket has more tonnes of its assets locked, or less; it was accepted or amended just before.

    *parts* has pairs of an asset and its tonnes.
    """

    order: int
    account: int
    instrument: int
    parts: tuple[tuple[int, int], ...]


class BasketOpened(Struct, array_like=True, gc=False, frozen=True, tag=47):
    """The instrument that was opened just before is a basket of these assets."""

    instruction: int
    instrument: int
    assets: tuple[int, ...]


class AssetAdded(Struct, array_like=True, gc=False, frozen=True, tag=48):
    """A basket has one more asset, the last of its list."""

    instruction: int
    instrument: int
    asset: int


class AssetDelisted(Struct, array_like=True, gc=False, frozen=True, tag=49):
    """A basket has an asset no more; what would deliver it is closed next."""

    instruction: int
    instrument: int
    asset: int


def parts_changed(order: OpenOrder, before: Parts) -> list[Event]:
    """Say of which assets an order has more or less locked than *before*, if it is one that sells in a basket."""
    locked = order.parts
    if locked is None:
        return []
    changed = ((asset, locked.get(asset, 0) - before.get(asset, 0)) for asset in sorted({*before, *locked}))
    parts = tuple(each for each in changed if each[1])
    return [PartsChanged(order.id, order.account.id, order.instrument, parts)] if parts else []

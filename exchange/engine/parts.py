"""
What a sell order in a basket has locked: tonnes of assets, each of which is a project and vintage of its own.

A basket has no tonnes. Whoever sells in one locks tonnes of its assets, those of the first asset in its list first.
They are sold in that order, and what is not sold is given back from its end, so who reads the journal can tell which
asset is delivered for which trade.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, TypeAlias

from exchange.engine.accounts import Balance, OpenOrder, TradingAccount
from exchange.engine.venue import Venue

Parts: TypeAlias = dict[int, int]
"""Tonnes by asset, in the order of the basket."""

ASSETS_LIMIT: Final = 200
"""Assets that a basket may have."""
NO_TONNES: Final = Balance()
"""Stands where an order has a balance of its instrument. Nothing is ever booked here."""


class BasketReason(IntEnum):
    """Why a basket could not be opened or changed, or something not be done in one."""

    NO_ASSETS = 440
    TOO_MANY_ASSETS = 441
    NOT_AN_ASSET = 442
    ASSET_THERE = 443
    NO_SUCH_ASSET = 444
    NOT_A_BASKET = 445
    ONLY_IN_ITS_BOOK = 446
    NO_TONNES_OF_BASKETS = 447


class AssetList:
    """
    The assets of a basket in their order; those of *halted* trade nowhere for now.

    *locking* are the rules of venues under which what was bought today is not sold today, in a basket neither.
    """

    __slots__ = ("assets", "halted", "locking")

    def __init__(self, assets: list[int], halted: set[int], locking: Mapping[int, Venue]) -> None:
        self.assets = assets
        self.halted = halted
        self.locking = locking

    def free(self, account: TradingAccount) -> int:
        """Count the tonnes that an account could lock."""
        return sum(self._free_of(account, each) for each in self._of(account))

    def lock(self, account: TradingAccount, parts: Parts, quantity: int) -> Parts:
        """Lock so many more tonnes; *parts* with them, in the order of the basket. So many are free."""
        locked = dict(parts)
        for asset in self._of(account):
            holding = account.tonnes[asset]
            taken = min(self._free_of(account, asset), quantity)
            if taken:
                holding.settled -= taken
                holding.locked += taken
                locked[asset] = locked.get(asset, 0) + taken
                quantity -= taken
        assert not quantity, "it was free"
        return {asset: locked[asset] for asset in self.assets if asset in locked}

    def _free_of(self, account: TradingAccount, asset: int) -> int:
        settled, venue = account.tonnes[asset].settled, self.locking.get(asset)
        return settled if venue is None else max(0, settled - venue.fresh.get(account.id, 0))

    def _of(self, account: TradingAccount) -> list[int]:
        return [each for each in self.assets if each in account.tonnes and each not in self.halted]


def give_back(order: OpenOrder, quantity: int) -> tuple[tuple[int, int], ...]:
    """Unlock so many tonnes of a sell order in a basket, those that it would have sold last; returns them by asset."""
    freed: list[tuple[int, int]] = []
    parts, tonnes = order.parts, order.account.tonnes
    assert parts is not None, "it sells in a basket"
    while quantity:
        asset, left = parts.popitem()
        given = min(left, quantity)
        tonnes[asset].locked -= given
        tonnes[asset].settled += given
        quantity -= given
        freed.append((asset, given))
        if left > given:
            parts[asset] = left - given
    return tuple(freed)

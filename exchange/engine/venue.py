"""The rules of a venue that an instrument was opened by, and what was bought under them today."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from exchange.engine.accounts import Balance, TradingAccount
from exchange.engine.commands import BUY

BOOK: Final = 1
LISTINGS: Final = 2
CAMPAIGNS: Final = 4
BLOCKS: Final = 8
QUOTES: Final = 16
UNIFORM_AUCTIONS: Final = 32
PAY_AS_BID_AUCTIONS: Final = 64
ASCENDING_AUCTIONS: Final = 128
EVERY_MODE: Final = 255
"""Ways to trade, as the bits of one number."""
NOTHING: Final = Balance()
"""Of an instrument that an account has no tonnes of."""
BEGUN: Final = 0
"""Stands where a mode does for what goes on with something that was let in before, such as a bid."""

UNKNOWN_ROLE: Final = 0
ENTERPRISE: Final = 1
INDIVIDUAL: Final = 2
INSTITUTION: Final = 3
"""What an account's owner is, for limits of buyers; those of `UNKNOWN_ROLE` are for roles without any of their own."""


class VenueReason(IntEnum):
    """Why the rules of a venue do not allow a command. Those of modes stand in the order of the modes' bits."""

    NO_BOOK = 460
    NO_LISTINGS = 461
    NO_CAMPAIGNS = 462
    NO_BLOCKS = 463
    NO_QUOTES = 464
    NO_UNIFORM_AUCTIONS = 465
    NO_PAY_AS_BID_AUCTIONS = 466
    NO_ASCENDING_AUCTIONS = 467
    ABOVE_LARGEST = 468
    ABOVE_LARGEST_OF_ROLE = 469
    ABOVE_MOST_HELD = 470
    BOUGHT_TODAY = 471
    NO_MODE = 472
    NO_ROLE = 473
    NO_VENUE = 474
    BASKET_LOCKS = 475


class Venue:
    """
    The rules of one instrument.

    *preset* is the number under which people find them, *modes* the bits of the ways to trade that are open. *largest*
    is the most tonnes of one order of any mode but blocks, 0 for no limit. *limits* has by role of buyer the most
    tonnes of one order, and the most that an account may hold; 0 for no limit. Where *locks* is set, *fresh* is what
    each account bought since the day turned and was delivered: it cannot be sold again that day. It stays when tonnes
    are withdrawn, so that bringing them back frees nothing. Trades up to number *released* are of earlier days;
    *bought* has buyer and tonnes of each later one that was delivered, once a release has named a trade; None before,
    as in everything that was journalled until releases did.
    """

    __slots__ = ("bought", "fresh", "largest", "limits", "locks", "modes", "preset", "released")

    def __init__(self, preset: int, modes: int, largest: int, *, locks: bool) -> None:
        self.preset = preset
        self.modes = modes
        self.largest = largest
        self.locks = locks
        self.released = 0
        self.limits: dict[int, tuple[int, int]] = {}
        self.fresh: dict[int, int] = {}
        self.bought: dict[int, tuple[int, int]] | None = None

    def against(  # noqa: PLR0917 - an order, as it is said
        self, account: TradingAccount, instrument: int, side: int, mode: int, quantity: int, more: int
    ) -> tuple[int, int, int] | None:
        """
        Return the first reason against so many tonnes, with the two numbers that disagree; None if there is none.

        *more* is what they are beyond those of the order that they stand for.
        """
        return next(self._reasons(account, instrument, side, mode, quantity, more), None)

    def _reasons(  # noqa: PLR0917 - as above
        self, account: TradingAccount, instrument: int, side: int, mode: int, quantity: int, more: int
    ) -> Iterator[tuple[int, int, int]]:
        if mode & ~self.modes:
            yield VenueReason.NO_BOOK + mode.bit_length() - 1, self.modes, self.preset
        if self.largest and quantity > self.largest and mode != BLOCKS:
            yield VenueReason.ABOVE_LARGEST, quantity, self.largest
        if side == BUY:
            largest, most = self.limits.get(account.role) or self.limits.get(UNKNOWN_ROLE, (0, 0))
            if largest and quantity > largest:
                yield VenueReason.ABOVE_LARGEST_OF_ROLE, quantity, largest
            if most and more > 0 and (in_all := held(account, instrument) + more) > most:
                yield VenueReason.ABOVE_MOST_HELD, in_all, most
        elif self.locks and (fresh := self.fresh.get(account.id)):
            settled = account.balance(instrument).settled
            if max(0, settled - fresh) < more <= settled:
                yield VenueReason.BOUGHT_TODAY, more, max(0, settled - fresh)

    def deliver(self, trade: int, account: int, quantity: int) -> None:
        """Keep in mind what was delivered, if it was bought today."""
        if trade > self.released:
            self.fresh[account] = self.fresh.get(account, 0) + quantity
            if self.bought is not None:
                self.bought[trade] = account, quantity

    def release(self, last: int, *, named: bool) -> None:
        """
        Let what was bought in trades up to *last* be sold.

        What came after it stays locked, as far as trades are told apart: from the first release on that *named* one.
        """
        self.released = max(self.released, last)
        delivered, self.fresh = self.bought or {}, {}
        self.bought = {} if named or self.bought is not None else None
        for trade, (account, quantity) in delivered.items():
            self.deliver(trade, account, quantity)


def held(account: TradingAccount, instrument: int) -> int:
    """Return what an account has of an instrument, is to be delivered, and would buy by what it has open."""
    has = account.tonnes.get(instrument, NOTHING)
    wanted = sum(each.open for each in account.orders.values() if each.instrument == instrument and each.side == BUY)
    return has.settled + has.locked + has.incoming + wanted

"""
What accounts of the naive market own: lists, dicts, and every balance added up anew whenever somebody asks for it.

An account *owns* money and tonnes, which only credits, debits and settled trades change. What is locked is the sum over
its open orders, what is incoming or outgoing the sum over trades not yet delivered, and settled is what remains. So an
undone trade is one that is forgotten, and no cancel can give back the wrong amount.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NoReturn, TypeAlias

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.events import Reason

LARGEST_TOTAL = 9_007_199_254_740_991
LARGEST_QUANTITY_T = 100_000_000
LARGEST_PRICE_FEN = 10_000_000

Parts: TypeAlias = tuple[int, int, int, int]
"""Settled, locked, incoming, outgoing."""


class Refusal(Exception):
    """A refusal, with the two numbers that disagree."""

    def __init__(self, reason: IntEnum, wanted: int = 0, limit: int = 0, *, account: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.wanted, self.limit, self.account = reason, wanted, limit, account


def refuse(reason: IntEnum, wanted: int = 0, limit: int = 0, *, account: int = 0) -> NoReturn:
    """Refuse what is being asked."""
    raise Refusal(reason, wanted, limit, account=account)


def shut(causes: int) -> Reason:
    """Why what these causes halt takes nothing."""
    return Reason.DELISTED if causes & c.DELISTED else Reason.HALTED


@dataclass
class Owner:
    """An account: what is its own, however much of that is tied up."""

    group: int
    cash: int = 0
    tonnes: Counter[int] = field(default_factory=Counter)
    frozen: bool = False
    last_number: int = 0
    numbers: set[int] = field(default_factory=set)

    def window(self) -> frozenset[int]:
        """The numbers it used, of those near its highest."""
        return frozenset(number for number in self.numbers if number > self.last_number - 1_024)


@dataclass
class Offer:
    """
    Something that is open, of any mode; *came* is the command since which it queues.

    *campaign* is the number of the campaign, the auction, the block or the request for quotes that it belongs to.
    """

    number: int
    account: int
    instrument: int
    side: int
    price: int
    quantity: int
    open: int
    came: int
    prevention: int = c.PREVENT_TAKER
    listed: bool = False
    campaign: int = 0
    post_only: bool = False
    sold_for: int = 0
    parts: list[int] = field(default_factory=list)


@dataclass
class Rules:
    """What may be traded, and at which prices."""

    tick: int
    lot: int
    low: int
    high: int
    fee_bps: int
    fee_account: int
    halted: int = 0


class NaiveCustody:
    """Balances, and the commands that change what is owned or what may be traded."""

    def __init__(self) -> None:
        self.trades = 0
        self.last_instruction = 0
        self.owners: dict[int, Owner] = {}
        self.rules: dict[int, Rules] = {}
        self.open: dict[int, Offer] = {}
        self.undelivered: dict[int, e.Traded] = {}
        self.frozen_early: set[int] = set()

    def cash(self, account: int) -> Parts:
        """An account's money, added up."""
        locked = sum(each.price * each.open for each in self._open_of(account) if each.side == c.BUY)
        paid = incoming = 0
        for trade in self.undelivered.values():
            amount = trade.price * trade.quantity
            paid += amount if trade.buyer == account else 0
            incoming += amount - trade.fee if trade.seller == account else 0
            incoming += trade.fee if trade.fee_account == account else 0
        return self.owners[account].cash - locked - paid, locked, incoming, paid

    def tonnes(self, account: int, instrument: int) -> Parts:
        """An account's tonnes of one instrument, added up."""
        mine = [each for each in self._open_of(account) if each.instrument == instrument]
        locked = sum(each.open for each in mine if each.side == c.SELL)
        trades = [each for each in self.undelivered.values() if each.instrument == instrument]
        sold = sum(each.quantity for each in trades if each.seller == account)
        bought = sum(each.quantity for each in trades if each.buyer == account)
        return self.owners[account].tonnes[instrument] - locked - sold, locked, bought, sold

    def _open_of(self, account: int) -> list[Offer]:
        return [each for each in self.open.values() if each.account == account]

    # Instructions.

    def _check_instruction(self, number: int) -> None:
        if number <= self.last_instruction:
            refuse(Reason.STALE_INSTRUCTION, number, self.last_instruction)
        self.last_instruction = number

    def _owner(self, account: int, group: int) -> Owner:
        if account not in self.owners:
            self.owners[account] = Owner(group, frozen=account in self.frozen_early)
            self.frozen_early.discard(account)
        return self.owners[account]

    def _OpenInstrument(self, said: c.InstrumentOpening) -> list[e.Event]:  # noqa: N802 - named as its command
        self._check_opening(said)
        self._owner(said.fee_account, said.fee_group)
        self.rules[said.instrument] = Rules(said.tick, said.lot, said.low, said.high, said.fee_bps, said.fee_account)
        return [e.InstrumentOpened(said.instruction, said.instrument)]

    def _check_opening(self, said: c.InstrumentOpening) -> None:
        if said.instrument in self.rules:
            refuse(Reason.INSTRUMENT_OPEN, said.instrument)
        if said.tick < 1:
            refuse(Reason.PRICE_OFF_TICK, said.tick, 1)
        if said.lot < 1:
            refuse(Reason.QUANTITY_OFF_LOT, said.lot, 1)
        if said.fee_bps not in range(10_001):
            refuse(Reason.TOO_LARGE, said.fee_bps, 10_000)
        self._check_band(said.low, said.high)

    def _SetBand(self, said: c.SetBand) -> list[e.Event]:  # noqa: N802 - named as its command
        rules = self._known(said.instrument)
        self._check_band(said.low, said.high)
        rules.low, rules.high = said.low, said.high
        return [e.BandSet(said.instruction, said.instrument, said.low, said.high)]

    def _check_band(self, low: int, high: int) -> None:
        if low < 1:
            refuse(Reason.PRICE_BELOW_BAND, low, 1)
        if high > LARGEST_PRICE_FEN:
            refuse(Reason.TOO_LARGE, high, LARGEST_PRICE_FEN)

    def _Halt(self, said: c.Halt) -> list[e.Event]:  # noqa: N802 - named as its command
        rules = self._known(said.instrument)
        causes = {cause for cause in (1, 2, 4, 8) if rules.halted & cause}
        causes = causes | {said.cause} if said.on else causes - {said.cause}
        rules.halted = sum(causes)
        return [e.HaltChanged(said.instruction, said.instrument, rules.halted)]

    def _DelistInstrument(self, said: c.DelistInstrument) -> list[e.Event]:  # noqa: N802 - named as its command
        rules = self._known(said.instrument)
        if rules.halted >= c.DELISTED:  # the highest cause
            refuse(Reason.DELISTED, said.instrument, rules.halted)
        rules.halted += c.DELISTED
        return [e.InstrumentDelisted(said.instruction, said.instrument, rules.halted)]

    def _RestartNumbers(self, said: c.RestartNumbers) -> list[e.Event]:  # noqa: N802 - named as its command
        if said.account not in self.owners:
            refuse(Reason.UNKNOWN_ACCOUNT, account=said.account)
        self.owners[said.account].last_number = said.highest
        self.owners[said.account].numbers = set(range(max(1, said.highest - 1_023), said.highest + 1))
        return [e.NumbersRestarted(said.instruction, said.account, said.highest)]

    def _CreditCash(self, said: c.CreditCash) -> list[e.Event]:  # noqa: N802 - named as its command
        room = LARGEST_TOTAL - sum(each.cash for each in self.owners.values())
        if said.amount > room:
            refuse(Reason.TOO_LARGE, said.amount, room, account=said.account)
        self._check_positive(said.account, said.amount)
        self._owner(said.account, said.group).cash += said.amount
        return [e.CashCredited(said.instruction, said.account, said.amount)]

    def _CreditTonnes(self, said: c.CreditTonnes) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument, account=said.account)
        room = LARGEST_TOTAL - sum(each.tonnes[said.instrument] for each in self.owners.values())
        if said.quantity > room:
            refuse(Reason.TOO_LARGE, said.quantity, room, account=said.account)
        self._check_positive(said.account, said.quantity)
        self._owner(said.account, said.group).tonnes[said.instrument] += said.quantity
        return [e.TonnesCredited(said.instruction, said.account, said.instrument, said.quantity)]

    def _DebitCash(self, said: c.DebitCash) -> list[e.Event]:  # noqa: N802 - named as its command
        self._check_may_withdraw(said.account)
        self._check_positive(said.account, said.amount)
        settled = self.cash(said.account)[0] if said.account in self.owners else 0
        if said.amount > settled:
            refuse(Reason.NOT_ENOUGH_CASH, said.amount, settled, account=said.account)
        self.owners[said.account].cash -= said.amount
        return [e.CashDebited(said.instruction, said.account, said.amount)]

    def _DebitTonnes(self, said: c.DebitTonnes) -> list[e.Event]:  # noqa: N802 - named as its command
        self._check_may_withdraw(said.account)
        self._check_positive(said.account, said.quantity)
        settled = self.tonnes(said.account, said.instrument)[0] if said.account in self.owners else 0
        if said.quantity > settled:
            refuse(Reason.NOT_ENOUGH_TONNES, said.quantity, settled, account=said.account)
        self.owners[said.account].tonnes[said.instrument] -= said.quantity
        return [e.TonnesDebited(said.instruction, said.account, said.instrument, said.quantity)]

    def _check_positive(self, account: int, amount: int) -> None:
        if amount < 1:
            refuse(Reason.QUANTITY_OFF_LOT, amount, 1, account=account)

    def _check_may_withdraw(self, account: int) -> None:
        if account in self.owners and self.owners[account].frozen:
            refuse(Reason.FROZEN, account=account)

    def _known(self, instrument: int, *, account: int = 0) -> Rules:
        if instrument not in self.rules:
            refuse(Reason.UNKNOWN_INSTRUMENT, instrument, account=account)
        return self.rules[instrument]

    # Deliveries.

    def _check_undelivered(self, trades: tuple[int, ...]) -> None:
        for place, number in enumerate(trades):
            if number not in self.undelivered or number in trades[:place]:
                refuse(Reason.NOT_OUTSTANDING, number)

    def _Settle(self, said: c.Settle) -> list[e.Event]:  # noqa: N802 - named as its command
        for number in said.trades:
            trade = self.undelivered.pop(number)
            amount = trade.price * trade.quantity
            self.owners[trade.buyer].cash -= amount
            self.owners[trade.seller].cash += amount - trade.fee
            self.owners[trade.fee_account].cash += trade.fee
            asset = trade.asset or trade.instrument
            self.owners[trade.seller].tonnes[asset] -= trade.quantity
            self.owners[trade.buyer].tonnes[asset] += trade.quantity
        return [e.Settled(said.delivery, said.trades)]

    def _Refund(self, said: c.Refund) -> list[e.Event]:  # noqa: N802 - named as its command
        for number in said.trades:
            del self.undelivered[number]
        return [e.Refunded(said.delivery, said.trades)]

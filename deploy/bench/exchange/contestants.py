"""The engine's own contestants: the book alone, used just as the core uses it, and the whole core."""

from collections import Counter
from collections.abc import Sequence
from time import perf_counter
from typing import Protocol

from deploy.bench.exchange.stream import ACCOUNTS, CANCEL, HIGH_FEN, LOW_FEN, Operation, Slices
from exchange.engine import commands as c
from exchange.engine.accounts import OpenOrder, TradingAccount
from exchange.engine.book import OrderBook
from exchange.engine.core import Engine
from exchange.engine.modes import continuous

INSTRUMENT = 1
_FEE_BPS = 30
_FEE_ACCOUNT = 1
FIRST_ACCOUNT = 2
_CASH_FEN = 10**12
_TONNES = 10**9


class Contestant(Protocol):
    """Something that carries the stream out, slice after slice, and remembers."""

    def run(self, index: int) -> float:
        """Carry slice *index* out, after the one before it; returns the seconds."""


class BookAlone:
    """A book and a dictionary from an order's number to it. Orders are built in the timed part, as the core does."""

    def __init__(self, slices: Slices) -> None:
        self.book = OrderBook()
        self.live: dict[int, OpenOrder] = {}
        self.traded_t = 0
        self._slices = slices
        self._account = TradingAccount(1, 0)
        self._tonnes = self._account.balance(INSTRUMENT)

    def run(self, index: int) -> float:
        """Carry one slice out. Each order is of a beneficial owner of its own: peers know no self-trade prevention."""
        book, live, account, tonnes = self.book, self.live, self._account, self._tonnes
        cash, operations, traded_t = account.cash, self._slices[index], 0
        begun = perf_counter()
        for number, kind, price, quantity, _ in operations:
            if kind == CANCEL:
                cancelled = live.pop(number, None)
                if cancelled is not None:
                    assert cancelled.queue is not None, "what is live rests"
                    cancelled.queue.remove(cancelled)
                continue
            order = OpenOrder(number, account, number, cash, tonnes, INSTRUMENT, kind, price, quantity, quantity)
            best = (book.bids if kind else book.asks).best
            if best is not None and (best.price >= price if kind else best.price <= price):
                for maker, met, _ in book.match(order)[0]:
                    traded_t += met
                    if not maker.open:
                        del live[maker.id]
                if not order.open:
                    continue
            (book.asks if kind else book.bids).rest(order)
            live[number] = order
        taken = perf_counter() - begun
        self.traded_t += traded_t
        return taken


class BookPrepared:
    """The book alone with orders that are built before the clock runs."""

    def __init__(self, slices: Slices) -> None:
        self._book = OrderBook()
        self._live: dict[int, OpenOrder] = {}
        account = TradingAccount(1, 0)
        cash, tonnes = account.cash, account.balance(INSTRUMENT)
        self._slices = [
            [
                (number, None)
                if kind == CANCEL
                else (
                    number,
                    OpenOrder(number, account, number, cash, tonnes, INSTRUMENT, kind, price, quantity, quantity),
                )
                for number, kind, price, quantity, _ in operations
            ]
            for operations in slices
        ]

    def run(self, index: int) -> float:
        """Carry one slice out."""
        book, live, operations = self._book, self._live, self._slices[index]
        begun = perf_counter()
        for number, order in operations:
            if order is None:
                cancelled = live.pop(number, None)
                if cancelled is not None:
                    assert cancelled.queue is not None, "what is live rests"
                    cancelled.queue.remove(cancelled)
                continue
            if book.crosses(order.side, order.price):
                for maker, _, _ in book.match(order)[0]:
                    if not maker.open:
                        del live[maker.id]
            if order.open:
                (book.asks if order.side else book.bids).rest(order)
                live[number] = order
        return perf_counter() - begun


class Core:
    """The whole engine. Its events are dropped; what a slice traded is settled after it, by one command."""

    def __init__(self, recorded: "Recording") -> None:
        self.engine = opened()
        self.settling_s = 0.0
        self._recorded = recorded

    def run(self, index: int) -> float:
        """Apply the commands of one slice, then settle."""
        apply = self.engine.apply
        commands, settle = self._recorded.commands[index], self._recorded.settles[index]
        begun = perf_counter()
        for command in commands:
            apply(command)
        done = perf_counter()
        apply(settle)
        self.settling_s += perf_counter() - done
        return done - begun


class Recording:
    """
    The stream as commands for an engine as `opened`.

    A rehearsal finds them, because an order's number counts the commands before it and a settlement names trades.
    """

    def __init__(self, slices: Slices) -> None:
        self.commands: list[list[continuous.Place | c.Cancel]] = []
        self.settles: list[c.Settle] = []
        self.trades = 0
        engine = opened()
        orders: dict[int, int] = {}
        numbers: Counter[int] = Counter()
        for delivery, operations in enumerate(slices, 1):
            first = engine.market.sequence + 1
            self.commands.append(_commands(operations, first, orders, numbers))
            for command in self.commands[-1]:
                engine.apply(command)
            self.settles.append(c.Settle(delivery, tuple(engine.market.unsettled)))
            engine.apply(self.settles[-1])
        self.trades = engine.market.trades


def _commands(
    operations: Sequence[Operation], first: int, orders: dict[int, int], numbers: Counter[int]
) -> list[continuous.Place | c.Cancel]:
    """
    Commands from the *first*-th on; *orders* has the number of the command for that of the operation.

    Each account counts its own commands in *numbers*, as clients do.
    """
    commands: list[continuous.Place | c.Cancel] = []
    for sequence, (number, kind, price, quantity, account) in enumerate(operations, first):
        account_id = FIRST_ACCOUNT + account
        numbers[account_id] += 1
        if kind == CANCEL:
            commands.append(c.Cancel(account_id, orders.pop(number), numbers[account_id]))
        else:
            orders[number] = sequence
            commands.append(continuous.Place(account_id, INSTRUMENT, kind, price, quantity, numbers[account_id]))
    return commands


def opened() -> Engine:
    """An engine that has carried out `opening`."""
    engine = Engine()
    for command in opening():
        engine.apply(command)
    return engine


def opening() -> list[c.Command]:
    """One instrument, a fee, a band, and accounts with more money and tonnes than the stream needs."""
    commands: list[c.Command] = [
        c.OpenInstrument(1, INSTRUMENT, 1, 1, LOW_FEN, HIGH_FEN, _FEE_BPS, _FEE_ACCOUNT, _FEE_ACCOUNT)
    ]
    for account in range(FIRST_ACCOUNT, FIRST_ACCOUNT + ACCOUNTS):
        commands.append(c.CreditCash(2 * account, account, account, _CASH_FEN))
        commands.append(c.CreditTonnes(2 * account + 1, account, account, INSTRUMENT, _TONNES))
    return commands

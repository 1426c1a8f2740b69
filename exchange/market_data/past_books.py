"""
What became of the orders of every book on a past day, from the journal: the engine carries it out once more.

The replay checks every hash, as a recovery does, and looks only at orders that an event names; it takes about twice as
long as the replay alone. Batches are the smallest steps: what the public feed shows as one message may be several of
them here.
"""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from typing import Final, NamedTuple

from exchange.engine.accounts import OpenOrder
from exchange.engine.book import Level
from exchange.engine.core import Engine
from exchange.engine.events import Event, Traded
from exchange.engine.market import Market, dissolve
from exchange.journal import store as journal
from exchange.journal.codec import Outcome
from exchange.journal.recovery import JournalBroken, JournalOfOtherVersion, begin, replay
from exchange.market_data.compact_book import BookWriter, book_events
from exchange.projections.store import every_instrument
from registry.kit.database import Tx
from registry.kit.period import period
from schemas.market_data import BookOrder, Side

_SIDES: Final[tuple[Side, Side]] = ("buy", "sell")


class DayNotKept(Exception):
    """The journal of the day cannot be carried out by this version. The text says why."""


class TooManyEvents(Exception):
    """The files of the day are larger together than the service takes."""


class PastBooks:
    """
    The books of a market that is replayed, and what became of their orders so far: a writer a book.

    *orders* has what rests in any book, each with its instrument.
    """

    def __init__(self, market: Market) -> None:
        """Begin with what rests now."""
        self._market = market
        self.orders: dict[int, tuple[int, BookOrder]] = {}
        self.writers: dict[int, BookWriter] = {}
        for order in market.open_orders():
            if type(order.queue) is Level:
                self.orders[order.id] = order.instrument, _shown(order)
        self._tell(market.sequence, self.orders.keys(), {})

    def follow(self, sequence: int, outcomes: Iterable[Outcome]) -> None:
        """See what a batch, of which *sequence* is the last command, has done to the orders that its events name."""
        before, now = self.orders, dict[int, tuple[int, BookOrder]]()
        named: dict[int, int] = {}
        for outcome in outcomes:
            for event in outcome:
                named.update(_named(event))
        accounts = self._market.accounts
        for number, account in named.items():
            order = accounts[account].orders.get(number)
            if order is not None and type(order.queue) is Level:
                now[number] = order.instrument, _shown(order)
        changed = [each for each in named if before.get(each) != now.get(each)]
        earlier = {each: before.pop(each) for each in changed if each in before}
        before.update((each, now[each]) for each in changed if each in now)
        self._tell(sequence, changed, earlier)

    def _tell(self, sequence: int, changed: Iterable[int], earlier: dict[int, tuple[int, BookOrder]]) -> None:
        """Write what became of *changed* orders, of which *earlier* has what they were, each to its own book."""
        books: dict[int, tuple[dict[int, BookOrder], dict[int, BookOrder]]] = {}
        for each in changed:
            for place, orders in enumerate((earlier, self.orders)):
                if each in orders:
                    instrument, order = orders[each]
                    books.setdefault(instrument, ({}, {}))[place][each] = order
        for instrument, (was, is_now) in books.items():
            writer = self.writers.setdefault(instrument, BookWriter())
            for event in book_events(sequence, was, is_now):
                writer.add(event)


def _shown(order: OpenOrder) -> BookOrder:
    return BookOrder(id=order.id, side=_SIDES[order.side], price_fen=order.price, open_t=order.open)


def _named(event: Event) -> Iterator[tuple[int, int]]:
    """The orders that an event may have changed, each with its account."""
    if isinstance(event, Traded):
        yield event.buy_order, event.buyer
        yield event.sell_order, event.seller
    elif _names_an_order(type(event)):
        yield event.order, event.account  # type: ignore[attr-defined]  # as it was just seen


@cache
def _names_an_order(kind: type[Event]) -> bool:
    return {"order", "account"} <= set(kind.__struct_fields__)


class PastDay(NamedTuple):
    """The files of a day by instrument, of those whose book had any order; and how many commands were replayed."""

    files: dict[str, bytes]
    commands: int


async def replayed_in(tx: Tx, day: date) -> PastDay:
    """
    Carry the journal out to the end of a day of Asia/Shanghai that is over, and write the events of the day.

    It begins at the newest stored snapshot before the day, if there is one. Rows never change, so it needs no snapshot
    of the database; *tx* is in no transaction, so that nothing waits for it. Raises `DayNotKept` where another version
    wrote what would be carried out, and `JournalBroken`.
    """
    begins, ends = period(day.isoformat(), day.isoformat())
    assert begins is not None, "a day has both ends"
    assert ends is not None, "as above"
    first = await journal.last_before(tx, begins)
    last = max(first, await journal.last_before(tx, ends))
    try:
        return await _carried_out(tx, first, last)
    except JournalOfOtherVersion as error:
        raise DayNotKept(f"What led to the books of {day} was written by another version of the exchange.") from error


async def _carried_out(tx: Tx, first: int, last: int) -> PastDay:
    engine, chained = begin(await journal.snapshot_before(tx, first))
    try:
        books, commands = await _replayed(tx, engine, chained, first, last)
        codes = {each.id: each.code for each in await every_instrument(tx)}
        return PastDay({codes[each]: writer.written(codes[each]) for each, writer in books.writers.items()}, commands)
    finally:
        dissolve(engine.market)


async def _replayed(tx: Tx, engine: Engine, chained: bytes, first: int, last: int) -> tuple[PastBooks, int]:
    began = engine.market.sequence
    books = PastBooks(engine.market) if began == first else None
    if engine.market.sequence < last:
        async for batch in journal.batches(tx, engine.market.sequence):
            committed, chained = replay(engine, chained, batch)
            if books is not None:
                books.follow(committed.last, committed.outcomes)
            elif committed.last == first:
                books = PastBooks(engine.market)
            await asyncio.sleep(0)  # it may be told to stop
            if committed.last >= last:
                break
    if books is None or engine.market.sequence != last:
        raise JournalBroken(f"The journal goes to {engine.market.sequence}, and has no end of a batch at {first}.")
    return books, engine.market.sequence - began

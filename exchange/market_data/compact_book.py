"""
What became of the orders of a book, event by event, as a compact file: exchange/README.md has its layout. Pure.

Events are the differences between what the public feed shows before and after a message, so also after a gap, where the
message is a new snapshot. The feed shows committed batches alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from exchange.market_data.packing import Unreadable, put, put_text, sealed, take, take_text, unsealed, unzigzag, zigzag
from schemas.market_data import BookEvent, BookOrder, Side

MAGIC: Final = b"KWBOOKS1"
_ADDED_TO_BUY, _ADDED_TO_SELL, _REDUCED, _REMOVED = range(4)


def book_events(sequence: int, before: Mapping[int, BookOrder], after: Mapping[int, BookOrder]) -> Iterator[BookEvent]:
    """What became of the orders from one look to the next: what is removed or reduced, then what was added."""
    added = []
    for number in sorted(before.keys() | after.keys()):
        was, now = before.get(number), after.get(number)
        moved = was and now and (was.side != now.side or was.price_fen != now.price_fen or was.open_t < now.open_t)
        if was and (moved or not now):
            yield _event(sequence, "removed", was, 0)
        elif was and now and was.open_t > now.open_t:
            yield _event(sequence, "reduced", now, now.open_t)
        if now and (moved or not was):
            added.append(now)
    for each in added:
        yield _event(sequence, "added", each, each.open_t)


def _event(sequence: int, change: str, order: BookOrder, open_t: int) -> BookEvent:
    return BookEvent(
        sequence=sequence,
        change=change,  # type: ignore[arg-type]  # one of three words
        order_id=order.id,
        side=order.side,
        price_fen=order.price_fen,
        open_t=open_t,
    )


def follow(orders: dict[int, BookOrder], event: BookEvent) -> None:
    """Do to *orders* what an event says. Raises `Unreadable` for one that does not fit them."""
    if (event.change == "added") == (event.order_id in orders):
        there = "there" if event.order_id in orders else "not there"
        raise Unreadable(f"order {event.order_id} is {event.change}, and was {there}")
    if event.change == "removed":
        del orders[event.order_id]
    else:
        orders[event.order_id] = BookOrder(
            id=event.order_id, side=event.side, price_fen=event.price_fen, open_t=event.open_t
        )


class BookWriter:
    """The events of one instrument as bytes, the oldest first; the first ones add what rested at the beginning."""

    def __init__(self) -> None:
        self._out = bytearray()
        self._sequence = self._number = self._price_fen = 0
        self.events = 0

    def add(self, event: BookEvent) -> None:
        """One event more."""
        out = self._out
        put(out, event.sequence - self._sequence)
        put(out, zigzag(event.order_id - self._number))
        if event.change == "added":
            put(out, event.open_t << 2 | (_ADDED_TO_SELL if event.side == "sell" else _ADDED_TO_BUY))
            put(out, zigzag(event.price_fen - self._price_fen))
            self._price_fen = event.price_fen
        elif event.change == "reduced":
            put(out, event.open_t << 2 | _REDUCED)
        else:
            put(out, _REMOVED)
        self._sequence, self._number = event.sequence, event.order_id
        self.events += 1

    def written(self, code: str) -> bytes:
        """The file of the instrument *code*."""
        out = bytearray(MAGIC)
        put_text(out, code)
        put(out, self.events)
        return sealed(out + self._out)


def write_book(code: str, events: Iterable[BookEvent]) -> bytes:
    """Write the events of one instrument, the oldest first; the first ones add what rested at the beginning."""
    writer = BookWriter()
    for each in events:
        writer.add(each)
    return writer.written(code)


def read_book(data: bytes) -> tuple[str, list[BookEvent]]:
    """Read such a file: the instrument, and its events. Raises `Unreadable`."""
    left = unsealed(data, MAGIC, "book events")
    code, orders, found = take_text(left), dict[int, BookOrder](), list[BookEvent]()
    sequence = number = price_fen = 0
    for _ in range(take(left)):
        sequence += take(left)
        number += unzigzag(take(left))
        packed = take(left)
        open_t, kind = packed >> 2, packed & 3
        if kind in (_ADDED_TO_BUY, _ADDED_TO_SELL):
            price_fen += unzigzag(take(left))
            side: Side = "sell" if kind == _ADDED_TO_SELL else "buy"
            order = BookOrder(id=number, side=side, price_fen=price_fen, open_t=open_t)
            event = _event(sequence, "added", order, open_t)
        elif number in orders:
            event = _event(sequence, "reduced" if kind == _REDUCED else "removed", orders[number], open_t)
        else:
            raise Unreadable(f"order {number} changes, and was not there")
        follow(orders, event)
        found.append(event)
    return code, found

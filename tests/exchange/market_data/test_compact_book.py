"""What became of a book's orders as a compact file: byte by byte, against CSV, and from a market that trades."""

import asyncio
import csv
import io
from collections import defaultdict
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.market_data.compact_book import book_events, follow, read_book, write_book
from exchange.market_data.live import LiveMarket
from exchange.market_data.packing import Unreadable
from exchange.market_data.replica import MarketReplica
from schemas.market_data import BookEvent, BookOrder, MarketChange, MarketSnapshot
from tests.exchange.marketplace import KILN, Market

CODE = "SC-A"


def order(number: int, price_fen: int, open_t: int, *, sells: bool = False) -> BookOrder:
    """One that rests."""
    return BookOrder(id=number, side="sell" if sells else "buy", price_fen=price_fen, open_t=open_t)


def recorded(looks: list[dict[int, BookOrder]]) -> list[BookEvent]:
    """The events between looks at a book."""
    found, before = list[BookEvent](), dict[int, BookOrder]()
    for sequence, after in enumerate(looks, start=1):
        found += book_events(sequence, before, after)
        before = after
    return found


def lines(events: list[BookEvent]) -> str:
    """The events as CSV."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(BookEvent.__struct_fields__)
    writer.writerows(msgspec.structs.astuple(each) for each in events)
    return out.getvalue()


def test_the_layout_byte_by_byte():
    """Two are added, one is reduced, one removed, and one moved to another price."""
    looks = [
        {7: order(7, 36_50, 4), 9: order(9, 36_60, 2, sells=True)},
        {7: order(7, 36_50, 3)},
        {7: order(7, 36_40, 3)},
    ]
    events = recorded(looks)
    assert [("added", 7), ("added", 9), ("reduced", 7), ("removed", 9), ("removed", 7), ("added", 7)] == [
        (each.change, each.order_id) for each in events
    ]
    body = b"KWBOOKS1\x04SC-A\x06" + bytes.fromhex(
        "01 0e 10 8439"  # in command 1: +7; 4 t, buys; +3650 fen
        "00 04 09 14"  # +2; 2 t, sells; +10 fen
        "01 03 0e"  # in command 2: -2; 3 t are left
        "00 04 03"  # +2; it is gone
        "01 03 03"  # in command 3: -2; it is gone
        "00 00 0c 27"  # the same order; 3 t, buys; -20 fen
    )
    assert body + sha256(body).digest() == write_book(CODE, events)
    assert (CODE, events) == read_book(write_book(CODE, events))


BOOKS = st.dictionaries(
    st.integers(1, 12), st.tuples(st.integers(1, 9), st.integers(1, 9), st.booleans()), max_size=8
).map(lambda rows: {number: order(number, price, size, sells=sells) for number, (price, size, sells) in rows.items()})


@given(st.lists(BOOKS, max_size=12))
def test_what_is_written_is_read_and_gives_every_book_again(looks: list[dict[int, BookOrder]]):
    """Any looks, also after a gap: the file says what the events' CSV says, and following it leads to each look."""
    events = recorded(looks)
    _, found = read_book(write_book(CODE, events))
    assert lines(events) == lines(found)
    book = dict[int, BookOrder]()
    for sequence, look in enumerate(looks, start=1):
        for each in found:
            if each.sequence == sequence:
                follow(book, each)
        assert look == book


def test_what_is_not_read():
    """A file of trades, a bit that is different, and events of an order that was never there, or is there twice."""
    once = recorded([{7: order(7, 1, 1)}])
    gone = [msgspec.structs.replace(once[0], change="removed", open_t=0)]
    whole = write_book(CODE, once)
    for wrong, named in (
        (b"KWTRADE1" + bytes(40), "no file of book events"),
        (whole[:-1] + bytes([whole[-1] ^ 1]), "SHA-256 does not match"),
        (write_book(CODE, gone), "order 7 changes, and was not there"),
        (write_book(CODE, [*once, *once]), "order 7 is added, and was there"),
    ):
        with pytest.raises(Unreadable, match=named):
            read_book(wrong)


async def test_of_a_market_that_trades_the_file_gives_the_book(market: Market):
    """Resting, traded in part, amended, cancelled: what is read leads to the very lines of the book's own CSV."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    first = await market.sells("kiln", 20, 13_00)
    live = LiveMarket(await market.world.trade(), asyncio.Event())
    copy, events, before = MarketReplica(), list[BookEvent](), dict[int, BookOrder]()
    messages = await live.watch(KILN, orders=True)

    async def comes_to(open_t: int) -> None:
        nonlocal before
        while sum(each.open_t for each in copy.orders.values()) != open_t:
            told = await anext(messages)
            assert told is not None
            assert isinstance(told.message, MarketSnapshot | MarketChange)
            copy.apply(told.message)
            events.extend(book_events(told.message.sequence, before, copy.orders))
            before = dict(copy.orders)

    async with asyncio.timeout(20):
        await comes_to(20)
        await market.buys("solar", 5, 13_00)
        await comes_to(15)
        await market.sells("kiln", 8, 13_50)
        await market.buys("solar", 3, 12_00)
        await comes_to(26)
        await market.send("kiln", f"/v1/orders/{first['id']}/cancel")
        await comes_to(11)
    code, found = read_book(write_book(KILN, events))
    assert (KILN, lines(events)) == (code, lines(found))
    assert ["added", "reduced", "removed"] == [each.change for each in found if each.order_id == first["id"]]
    book = dict[int, BookOrder]()
    for each in found:
        follow(book, each)
    levels: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for rests in sorted(book.values(), key=lambda one: (one.side, one.price_fen)):
        levels[rests.side, rests.price_fen].append(rests.open_t)
    shown = (await market.world.get(f"/v1/instruments/{KILN}/book.csv")).text.split()
    assert [f"{side},{price},{sum(sizes)},{len(sizes)}" for (side, price), sizes in levels.items()] == shown[1:]

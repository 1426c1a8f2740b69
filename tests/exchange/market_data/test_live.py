"""The market change by change: a copy that follows is the market, a gap is seen, a slow reader is let go."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any
from unittest import mock

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.market_data import live as live_module
from exchange.market_data import rules
from exchange.market_data.live import LiveMarket, Told
from exchange.market_data.replica import MarketGap, MarketReplica
from exchange.market_data.session import service
from registry.kit.problems import Unavailable, Unknown
from schemas.market_data import (
    BookOrder,
    MarketChange,
    MarketEnded,
    MarketMessage,
    MarketSnapshot,
    PriceLevel,
)
from tests.exchange.marketplace import FOREST, KILN, Market
from tests.exchange.sockets import JSON, MSGPACK, Socket

PATH = "/v1/market/session"
LEVELS = st.dictionaries(st.integers(1, 9), st.tuples(st.integers(1, 5), st.integers(1, 3)), max_size=6)
RESTING = st.dictionaries(st.integers(1, 9), st.integers(1, 5), max_size=6)


def levels(found: dict[int, tuple[int, int]]) -> tuple[PriceLevel, ...]:
    """Levels by price."""
    return tuple(
        PriceLevel(price_fen=price, quantity_t=tonnes, orders=orders) for price, (tonnes, orders) in found.items()
    )


def resting(found: dict[int, int]) -> tuple[BookOrder, ...]:
    """Orders by number; each side has its own prices."""
    return tuple(
        BookOrder(id=number, side="buy" if number % 2 else "sell", price_fen=number, open_t=tonnes)
        for number, tonnes in found.items()
    )


def snapshot(number: int, bids: Any = (), asks: Any = (), orders: Any = (), stream: str = "s") -> MarketSnapshot:
    """A market at rest."""
    return MarketSnapshot(
        instrument=KILN,
        stream=stream,
        number=number,
        sequence=number,
        open=True,
        phase="continuous",
        bids=bids,
        asks=asks,
        orders=orders,
        last_trade_id=0,
    )


def change(number: int, stream: str = "s", **said: Any) -> MarketChange:
    """One change."""
    return MarketChange(
        instrument=KILN, stream=stream, number=number, sequence=number, open=True, phase="continuous", **said
    )


@given(st.lists(st.tuples(LEVELS, LEVELS, RESTING), min_size=1, max_size=6))
def test_a_copy_that_applies_every_change_is_the_market(moments):
    """Whatever the books were, one after the other: what a reader has built up is the last of them."""
    books = [(levels(bids), levels(asks), resting(orders)) for bids, asks, orders in moments]
    copy = MarketReplica()
    copy.apply(snapshot(0, *books[0]))
    for number, (before, after) in enumerate(itertools.pairwise(books), 1):
        changed = (
            *rules.changed_levels("buy", before[0], after[0]),
            *rules.changed_levels("sell", before[1], after[1]),
        )
        copy.apply(change(number, levels=changed, orders=rules.changed_orders(before[2], after[2])))
    fresh = MarketReplica()
    fresh.apply(snapshot(len(books) - 1, *books[-1]))
    assert fresh == copy


@pytest.mark.parametrize("missed", [change(1), change(3), change(2, stream="t")])
def test_a_gap_is_seen_and_changes_nothing(missed: MarketChange):
    """The same number again, one too far, and another stream: the copy refuses, and goes on with a snapshot."""
    copy = MarketReplica()
    with pytest.raises(MarketGap):
        copy.apply(change(1))
    copy.apply(snapshot(1))
    before = msgspec.structs.asdict(change(1)), copy.number
    with pytest.raises(MarketGap, match="begin again with a snapshot"):
        copy.apply(missed)
    assert before[1] == copy.number
    copy.apply(snapshot(9, stream="t"))
    copy.apply(change(10, stream="t"))
    assert ("t", 10) == (copy.stream, copy.number)


async def following(messages: AsyncIterator[Told | None], copy: MarketReplica, until: Any) -> Any:
    """Follow a stream until the copy is as wanted; returns the last message."""
    async with asyncio.timeout(30):
        async for received in messages:
            if received is None:
                continue
            if isinstance(received.message, MarketEnded):
                return received.message
            copy.apply(received.message)
            if until(copy):
                return received
    raise AssertionError("the stream ended")


@pytest.fixture
async def live(market: Market) -> AsyncIterator[LiveMarket]:
    """The market's streams, and nobody reads yet."""
    closing = asyncio.Event()
    found = LiveMarket(await market.world.trade(), closing)
    yield found
    closing.set()


async def test_trades_levels_and_orders_are_told(market: Market, live: LiveMarket):
    """Every trade once, the levels as the book has them, the orders one by one; a halt too."""
    await market.bring("kiln", 9)
    await market.pay_in("solar", 100_00)
    copy = MarketReplica()
    messages = await live.watch(KILN, orders=True)
    await following(messages, copy, lambda each: each.open)
    ask = await market.sells("kiln", 9, 11_00)
    await market.buys("solar", 2, 11_00)
    bid = await market.buys("solar", 3, 10_50)
    received = await following(messages, copy, lambda each: (2, 2) == (each.traded_t, len(each.orders)))
    assert {ask["id"]: ("sell", 7), bid["id"]: ("buy", 3)} == {
        each.id: (each.side, each.open_t) for each in copy.orders.values()
    }
    bids, asks = ([(each.price_fen, each.quantity_t, each.orders) for each in copy.side(of)] for of in ("buy", "sell"))
    assert (bids, asks) == await market.levels()
    assert received.mark == f"{copy.stream}.{copy.number}"
    session = f"/v1/instruments/{KILN}/session/phase"
    for phase, is_open in (("opening-call", True), ("closed", False), ("continuous", True)):
        said = {"phase": phase, "reason": "test"}
        await market.world.ok(session, said, by=market.party("exchange").key)
        await following(messages, copy, lambda each, wanted=(phase, is_open): (each.phase, each.open) == wanted)
    halt = {"reason": "test"}
    await market.world.ok(f"/v1/instruments/{KILN}/halt", halt, by=market.party("exchange").key)
    await following(messages, copy, lambda each: not each.open and "continuous" == each.phase)


async def test_a_reader_that_comes_back_goes_on_where_it_was(market: Market, live: LiveMarket, monkeypatch):
    """By the mark of its last message; one that is unknown, or too old, gets a snapshot."""
    await market.pay_in("solar", 100_00)
    copy, other = MarketReplica(), MarketReplica()
    stays = await live.watch(KILN, orders=False)
    leaves = await live.watch(KILN, orders=False)
    await following(stays, other, lambda _: True)
    mark = (await following(leaves, copy, lambda _: True)).mark
    await leaves.aclose()  # type: ignore[attr-defined]  # a generator
    await market.buys("solar", 1, 10_00)
    await following(stays, other, lambda each: 1 == len(each.levels))
    back = await live.watch(KILN, orders=False, after=mark)
    received = await following(back, copy, lambda _: True)
    assert isinstance(received.message, MarketChange)
    assert other == copy
    for unknown in ("", "x.1", f"{copy.stream}.77", copy.stream):
        fresh = await live.watch(KILN, orders=False, after=unknown)
        assert isinstance((await following(fresh, MarketReplica(), lambda _: True)).message, MarketSnapshot)


async def test_a_slow_reader_gets_an_error_and_is_disconnected(market: Market, live: LiveMarket, monkeypatch):
    """With the numbers; the one beside it misses nothing."""
    monkeypatch.setattr(live_module, "LINE", 1)
    monkeypatch.setattr("exchange.market_data.feed.PAUSE_S", 0.0)
    await market.pay_in("solar", 100_00)
    copy = MarketReplica()
    slow, quick = await live.watch(KILN, orders=False), await live.watch(KILN, orders=False)
    await following(slow, MarketReplica(), lambda _: True)
    await following(quick, copy, lambda _: True)
    for price in (10_00, 10_05, 10_10):
        await market.buys("solar", 1, price)
        await following(quick, copy, lambda each, price=price: ("buy", price) in each.levels)
    ended = await following(slow, MarketReplica(), lambda _: True)
    assert ("too-slow", copy.number) == (ended.because, ended.number)
    assert "More than 1 changes waited" in ended.detail


async def test_streams_end_with_the_service_and_have_limits(market: Market, live: LiveMarket, monkeypatch):
    """Each reader hears the last number; too many, and unknown instruments, are refused before anything is sent."""
    with pytest.raises(Unknown):
        await live.watch("SC-CDCER-9999-2024", orders=False)
    copy = MarketReplica()
    messages = await live.watch(KILN, orders=False)
    await following(messages, copy, lambda _: True)
    with mock.patch.object(live_module, "READERS", 1), pytest.raises(Unavailable, match="1 readers are there"):
        await live.watch(KILN, orders=False)
    live.closing.set()
    ended = await following(messages, copy, lambda _: True)
    assert ("stopping", copy.number) == (ended.because, ended.number)
    with pytest.raises(Unavailable):
        await live.watch(KILN, orders=False)


@pytest.mark.parametrize("protocol", [JSON, MSGPACK])
async def test_a_client_finds_a_gap_and_recovers(market: Market, protocol: str):
    """Over the WebSocket: a message is lost on the way, the copy says so, and watching again makes it whole."""
    await market.pay_in("solar", 100_00)
    copy = MarketReplica()

    async def heard(socket: Socket) -> Any:
        return msgspec.convert(await socket.hear(), MarketMessage)

    async with Socket(market.world, PATH, protocols=(protocol,)) as socket:
        await socket.say({"do": "watch", "instrument": KILN, "orders": True})
        copy.apply(await heard(socket))
        await market.buys("solar", 1, 10_00)
        await heard(socket)  # lost
        await market.buys("solar", 1, 10_05)
        with pytest.raises(MarketGap):
            copy.apply(await heard(socket))
        await socket.say({"do": "watch", "instrument": KILN, "orders": True})
        while not isinstance(message := await heard(socket), MarketSnapshot):
            pass
        copy.apply(message)
        assert [(10_05, 1), (10_00, 1)] == [(each.price_fen, each.quantity_t) for each in copy.side("buy")]
        assert 2 == len(copy.orders)
        await socket.say({"do": "leave", "instrument": KILN}, {"do": "ping"})
        assert {"is": "pong", "watched": 0} == await socket.hear()


async def test_refusals_of_a_market_session(market: Market, monkeypatch: pytest.MonkeyPatch):
    """What cannot be read, what there is not, too much; too many connections; silence. Other sites get nothing."""
    monkeypatch.setattr(service, "WATCHED", 1)
    monkeypatch.setattr(service, "CONNECTIONS", 1)
    async with Socket(market.world, PATH) as socket:
        for said, named in (
            ("{", "cannot be read"),
            ({"do": "buy"}, "buy"),
            ({"do": "watch", "instrument": "SC-CDCER-9999-2024"}, "There is no instrument SC-CDCER-9999-2024"),
        ):
            await socket.say(said)
            assert named in (await socket.hear())["detail"]
        await socket.say({"do": "watch", "instrument": KILN})
        assert "snapshot" == (await socket.hear())["is"]
        await socket.say({"do": "watch", "instrument": FOREST})
        assert "at most 1 may be" in (await socket.hear())["detail"]
        async with Socket(market.world, PATH) as second:
            assert "has 1 connections to the market open, and may have 1" in (await second.hear())["detail"]
            assert await second.hear() is None
            assert 4429 == second.code
    monkeypatch.setattr(service, "IDLE_S", 0.02)
    async with Socket(market.world, PATH) as silent:
        assert "for 0.02 s" in (await silent.hear())["detail"]
        assert await silent.hear() is None
        assert 4408 == silent.code
    async with Socket(market.world, PATH, headers={"Origin": "https://elsewhere.test"}) as foreign:
        assert (None, 4403) == (foreign.protocol, foreign.code)


async def test_changes_as_server_sent_events(market: Market):
    """One page of the stream over HTTP: named events with marks, which a browser sends back by itself."""
    exchange = await market.world.trade()
    closing = asyncio.Event()
    live = LiveMarket(exchange, closing)
    from exchange.market_data.pages import _events

    events = _events(await live.watch(KILN, orders=False))
    first = (await anext(events)).decode()
    mark = first.partition("id: ")[2].partition("\n")[0]
    assert "event: snapshot\n" in first
    assert first.endswith("\n\n")
    closing.set()
    last = (await anext(events)).decode()
    assert f"id: {mark}\nevent: ended\n" in last
    assert await anext(events, None) is None


async def test_the_stream_over_http(market: Market):
    """Its address, its query and its type: the first event is a snapshot with the orders that rest."""
    await market.pay_in("solar", 100_00)
    order = await market.buys("solar", 1, 10_00)
    await market.projected()
    path, sent = f"/instruments/{KILN}/changes", asyncio.Queue[Any]()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"orders=true",
        "headers": [(b"host", b"registry.test"), (b"last-event-id", b"gone.7")],
        "client": ("127.0.0.1", 1),
        "server": ("registry.test", 80),
        "state": {},
    }
    left = asyncio.Event()
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        if (first := next(asked, None)) is not None:
            return first
        await left.wait()
        return {"type": "http.disconnect"}

    app = market.world.http._transport.app  # type: ignore[attr-defined]  # httpx's transport over ASGI
    serving = asyncio.create_task(app(scope, receive, sent.put))
    async with asyncio.timeout(30):
        begun, body = await sent.get(), (await sent.get())["body"].decode()
    left.set()
    async with asyncio.timeout(30):
        await serving
    assert 200 == begun["status"]
    assert "text/event-stream" in dict(begun["headers"])[b"content-type"].decode()
    assert "event: snapshot\n" in body
    assert f'"orders":[{{"id":{order["id"]},"side":"buy","price_fen":1000,"open_t":1}}]' in body

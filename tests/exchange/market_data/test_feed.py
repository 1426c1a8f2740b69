"""The market as it changes: whole updates with numbers, for everybody who watches, until the service stops."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from exchange.market_data import feed
from exchange.market_data.feed import MarketFeed
from registry.kit.problems import Unavailable, Unknown
from schemas.market_data import MarketUpdate
from tests.exchange.marketplace import KILN, Market


async def next_update(messages: AsyncIterator[bytes]) -> MarketUpdate:
    """The next update of a stream; what says that nothing happened is passed over."""
    async with asyncio.timeout(30):
        async for message in messages:
            if b"event: market" in message:
                head, _, data = message.partition(b"data: ")
                update = msgspec.json.decode(data.strip(), type=MarketUpdate)
                assert f"id: {update.number}\n".encode() in head
                return update
    raise AssertionError("the stream ended")


@pytest.fixture
async def watching(market: Market) -> AsyncIterator[MarketFeed]:
    """A feed of the market's exchange."""
    closing = asyncio.Event()
    yield MarketFeed(await market.world.trade(), closing)
    closing.set()


async def test_an_order_is_seen_by_everybody(market: Market, watching: MarketFeed):
    """Two watchers get the same updates, in order of their numbers; a third who comes later begins with the newest."""
    first, second = [await watching.watch(KILN) for _ in range(2)]
    began = await next_update(first)
    assert began == await next_update(second)
    assert began.open
    await market.pay_in("solar", 100_00)
    await market.buys("solar", 3, 11_00)
    seen = await next_update(first)
    assert began.number < seen.number
    assert began.sequence < seen.sequence
    assert (11_00, 3) == (seen.book.bids[0].price_fen, seen.book.bids[0].quantity_t)
    assert seen == await next_update(second)
    assert seen == await next_update(await watching.watch(KILN))


async def test_trades_come_with_the_one_before(market: Market, watching: MarketFeed, monkeypatch):
    """More trades than an update shows: it says from where the list of trades has to be asked."""
    monkeypatch.setattr(feed, "NEWEST_TRADES", 2)
    await market.bring("kiln", 3)
    await market.pay_in("solar", 100_00)
    for _ in range(3):
        await market.sells("kiln", 1, 11_00)
        await market.buys("solar", 1, 11_00)
    await market.projected()
    found = await next_update(await watching.watch(KILN))
    listed = (await market.world.get(f"/v1/instruments/{KILN}/trades?newest_first=true")).json()["items"]
    assert 3 == len(listed)
    assert [each["id"] for each in listed[:2]] == [each.id for each in found.trades]
    assert listed[2]["id"] == found.earlier_trade_id


async def test_streams_end_when_the_service_stops(market: Market):
    """None is left waiting, and none begins."""
    closing = asyncio.Event()
    ending = MarketFeed(await market.world.trade(), closing)
    messages = await ending.watch(KILN)
    await next_update(messages)
    waiting = asyncio.ensure_future(anext(messages, None))
    closing.set()
    async with asyncio.timeout(30):
        assert await waiting is None
    with pytest.raises(Unavailable):
        await ending.watch(KILN)


async def test_too_many_streams_and_unknown_instruments(watching: MarketFeed, monkeypatch):
    """Both are refused before a stream begins; one that ends makes room."""
    with pytest.raises(Unknown):
        await watching.watch("SC-CDCER-9999-2024")
    monkeypatch.setattr(feed, "WATCHERS", 1)
    messages = await watching.watch(KILN)
    await next_update(messages)
    with pytest.raises(Unavailable, match="1 streams are open"):
        await watching.watch(KILN)
    await messages.aclose()  # type: ignore[attr-defined]  # a generator
    await next_update(await watching.watch(KILN))

"""Book events of a past day, replayed from the journal: what the live feed showed, and nobody's name."""

import asyncio
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import pytest

from exchange.engine.book import Level
from exchange.engine.core import ENGINE_VERSION, Engine
from exchange.engine.layouts import STATE_CODEC
from exchange.engine.market import Market as EngineMarket
from exchange.engine.state import dump
from exchange.journal import store as journal
from exchange.journal.recovery import begin, replay
from exchange.market_data.compact_book import book_events, follow, read_book, write_book
from exchange.market_data.live import LiveMarket
from exchange.market_data.past_books import PastBooks, replayed_in
from exchange.market_data.replica import MarketReplica
from registry.kit import sql
from registry.kit.database import Tx
from schemas.market_data import BookEvent, BookOrder, MarketChange, MarketSnapshot
from tests.database import connected
from tests.exchange.engine.venue_stream import VenueStream
from tests.exchange.marketplace import FOREST, KILN, Market
from tests.oracle.market import NaiveMarket
from tests.probes import refused
from tests.worlds import book_day_child

MONDAY, TUESDAY = date(2025, 1, 6), date(2025, 1, 7)
LOAD = sql.load("exchange.journal")
COMMANDS = 6_000


def walked(market: EngineMarket) -> dict[int, dict[int, BookOrder]]:
    """Every book of an engine, read whole."""
    found: dict[int, dict[int, BookOrder]] = {}
    for order in market.open_orders():
        if isinstance(order.queue, Level):
            side = "sell" if order.side else "buy"
            shown = BookOrder(id=order.id, side=side, price_fen=order.price, open_t=order.open)  # type: ignore[arg-type]  # one of two words
            found.setdefault(order.instrument, {})[order.id] = shown
    return found


def folded(events: list[BookEvent], sequence: int) -> dict[int, BookOrder]:
    """What rests after the events up to *sequence*."""
    orders: dict[int, BookOrder] = {}
    for each in events:
        if each.sequence <= sequence:
            follow(orders, each)
    return orders


def test_the_events_lead_to_every_book_of_a_long_nasty_stream():
    """Of every mode, with bands, delistings, freezes and calls: at many moments what they say is what rests."""
    engine, dice, naive = Engine(), Random(7), NaiveMarket()
    books, looks, batch, size = PastBooks(engine.market), dict[int, Any](), [], 1
    for command in VenueStream(3, naive).commands(COMMANDS):
        naive.apply(command)
        batch.append(engine.apply(command))
        if len(batch) >= size:
            books.follow(engine.market.sequence, batch)
            batch, size = [], dice.randrange(1, 12)
            if dice.randrange(12) == 0:
                looks[engine.market.sequence] = walked(engine.market)
    files = {number: read_book(writer.written(f"B-{number}"))[1] for number, writer in books.writers.items()}
    assert len(looks) > 50
    for sequence, found in looks.items():
        shown = {number: folded(events, sequence) for number, events in files.items()}
        assert found == {number: orders for number, orders in shown.items() if orders}, sequence
    kinds = {(each.side, each.change) for events in files.values() for each in events}
    assert {(side, change) for side in ("buy", "sell") for change in ("added", "reduced", "removed")} == kinds


class Recording:
    """What `kilnwood watch --record` does: the events between the messages of the public feed."""

    def __init__(self, market: Market, code: str) -> None:
        self.market, self.code = market, code
        self.copy, self.events = MarketReplica(), list[BookEvent]()
        self.messages = 0
        self.closing = asyncio.Event()

    async def begin(self) -> None:
        """Hear the snapshot."""
        live = LiveMarket(await self.market.world.trade(), self.closing)
        self._heard = await live.watch(self.code, orders=True)
        await self.hear(lambda: True)

    async def hear(self, until: Any) -> None:
        """Follow messages until something is so."""
        async with asyncio.timeout(20):
            async for told in self._heard:
                if told is not None and isinstance(told.message, MarketSnapshot | MarketChange):
                    before = dict(self.copy.orders)
                    self.copy.apply(told.message)
                    self.messages += 1
                    self.events.extend(book_events(told.message.sequence, before, self.copy.orders))
                    if until():
                        return

    async def rests(self, tonnes: int) -> None:
        """Follow until so much rests."""
        await self.hear(lambda: tonnes == sum(each.open_t for each in self.copy.orders.values()))


async def exported(market: Market, code: str, day: date) -> list[BookEvent]:
    """The file of a day, over HTTP."""
    answer = await market.world.get(f"/v1/instruments/{code}/book-events/{day}")
    assert 200 == answer.status_code, answer.text
    assert "immutable" in answer.headers["Cache-Control"]
    found, events = read_book(answer.content)
    assert code == found
    return events


async def next_day(market: Market, day: date) -> None:
    """Business time comes to the noon of a day in Shanghai."""
    await market.world.ok("/v1/clock", {"at": f"{day}T04:00:00Z"}, by=market.world.regulators[0])


async def test_a_past_day_is_what_the_feed_showed(market: Market):
    """Byte by byte where each message had one batch, and at each of its sequences where one had many."""
    await market.bring("kiln", 200)
    await market.bring("forest", 400, FOREST)
    await market.pay_in("solar", 9_000_00)
    alone, many = Recording(market, KILN), Recording(market, FOREST)
    await alone.begin()
    first = await market.sells("kiln", 20, 14_00)
    await alone.rests(20)
    await market.buys("solar", 7, 12_00)
    await alone.rests(27)
    await market.send("kiln", f"/v1/orders/{first['id']}/amend", price_fen=14_00, quantity_t=15)
    await alone.rests(22)
    await market.send("kiln", f"/v1/orders/{first['id']}/amend", price_fen=14_50, quantity_t=16)
    await alone.rests(23)
    await market.sells("kiln", 5, 15_00)
    await alone.rests(28)
    await many.begin()
    await asyncio.gather(*(market.sells("forest", 10, 36_00 + number, instrument=FOREST) for number in range(12)))
    await asyncio.gather(*(market.buys("solar", 10, 36_03, instrument=FOREST) for _ in range(6)))
    await many.rests(100)
    for each in (alone, many):
        each.closing.set()
    answer = await market.world.get(f"/v1/instruments/{KILN}/book-events/{MONDAY}")
    refused(answer, 409, "day-not-over", "midnight")
    await next_day(market, TUESDAY)
    made = await book_day_child(market.world.dsn)(MONDAY)
    assert write_book(KILN, alone.events) == made[KILN]
    events = await exported(market, FOREST, MONDAY)
    before: dict[int, BookOrder] = {}
    for sequence in sorted({each.sequence for each in many.events}):
        after = folded(events, sequence)
        heard = [each for each in many.events if each.sequence == sequence]
        assert heard == list(book_events(sequence, before, after))
        before = after
    assert len({each.sequence for each in events}) >= len({each.sequence for each in many.events})
    await market.send("kiln", f"/v1/orders/{first['id']}/cancel")
    await next_day(market, date(2025, 1, 8))
    tuesday = await exported(market, KILN, TUESDAY)
    rested = folded(alone.events, 10**9)
    assert sorted(rested.items()) == [
        (each.order_id, rested[each.order_id]) for each in tuesday if each.change == "added"
    ], "it begins with what rested, as of the last command of the day before"
    assert [("removed", first["id"])] == [(each.change, each.order_id) for each in tuesday if each.change != "added"]


async def _monday_night(connection: Any) -> tuple[int, bytes, bytes]:
    """The last command of Monday, the state after it, and the journal's hash there."""
    engine, chained = begin(None)
    async for batch in journal.batches(connection, 0):
        if batch.at >= datetime(2025, 1, 6, 16, tzinfo=UTC):
            break
        _, chained = replay(engine, chained, batch)
    return engine.market.sequence, dump(engine.market), chained


async def test_the_replay_begins_at_a_snapshot_before_the_day(market: Market):
    """So it carries out what follows only."""
    await market.bring("kiln", 20)
    await market.sells("kiln", 20, 14_00)
    await market.projected()
    await next_day(market, date(2025, 1, 8))
    async with connected(market.world.dsn, role="kilnwood_api") as connection:
        whole = await replayed_in(connection, TUESDAY)
        at, state, chained = await _monday_night(connection)
    async with connected(market.world.dsn) as owner:
        await owner.execute(
            "insert into exchange.snapshot (sequence, codec, engine, state, state_hash, hash)"
            " values ($1, $2, $3, $4, sha256($4), $5)",
            *(at, STATE_CODEC, ENGINE_VERSION, state, chained),
        )
    async with connected(market.world.dsn, role="kilnwood_api") as connection:
        short = await replayed_in(connection, TUESDAY)
    assert whole.files == short.files
    assert (True, at) == (KILN in whole.files, whole.commands - short.commands)


async def test_the_writer_does_not_wait_for_a_replay(market: Market, monkeypatch: pytest.MonkeyPatch):
    """It is held where it has found the ends of the day, and an order is taken; they are found by the index."""
    await market.bring("kiln", 20)
    await next_day(market, TUESDAY)
    at_the_end, go_on, found = asyncio.Event(), asyncio.Event(), list[int]()
    look = journal.last_before

    async def held(tx: Tx, at: datetime) -> int:
        found.append(await look(tx, at))
        if len(found) == 2:
            at_the_end.set()
            await go_on.wait()
        return found[-1]

    async with connected(market.world.dsn, role="kilnwood_api") as connection:
        with monkeypatch.context() as patched:
            patched.setattr(journal, "last_before", held)
            replaying = asyncio.create_task(replayed_in(connection, MONDAY))
            async with asyncio.timeout(20):
                await at_the_end.wait()
                await market.sells("kiln", 20, 14_00)
            go_on.set()
            await replaying
        await connection.execute("set enable_seqscan = off")
        plan = await connection.fetch(f"explain {LOAD.last_before}", datetime.now(UTC))
        assert "Backward using journal_at on journal" in "".join(each[0] for each in plan)

"""Files of past days: one replay for all who ask, what becomes of failures, and a child that ends."""

import asyncio
import contextlib
import functools
import os
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any

import httpx
import pytest

from deploy.processes import book_day
from exchange.journal.recovery import JournalBroken
from exchange.market_data import book_days as days
from exchange.market_data.book_days import BookDays, DayOfOtherVersion, DayTooLarge, ReplayUnderWay
from exchange.market_data.compact_book import read_book
from exchange.market_data.past_books import DayNotKept, TooManyEvents, replayed_in
from registry.access.rates import REPLAYS, Rates, TooManyRequests
from registry.kit.problems import Unavailable
from tests.database import connected
from tests.exchange.market_data.test_past_books import MONDAY, TUESDAY, next_day
from tests.exchange.marketplace import KILN, Market
from tests.faults.killing import until
from tests.probes import refused
from tests.worlds import book_day_child

HERE, THERE = "192.0.2.1", "192.0.2.2"


class Time:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


class Replays:
    """Replays of which the test says when they end, and how: with the file of the day, or an exception."""

    def __init__(self) -> None:
        self.calls: list[date] = []
        self.gone = asyncio.Event()
        self.failing: dict[date, Exception] = {}

    async def __call__(self, day: date) -> Mapping[str, bytes]:
        """Wait, then answer."""
        self.calls.append(day)
        await self.gone.wait()
        if day in self.failing:
            raise self.failing[day]
        return {KILN: b"file of %d" % day.day}


@pytest.fixture
async def traded(market: Market) -> Market:
    """On Monday tonnes came; it is the 20th of January."""
    await market.bring("kiln", 20)
    await next_day(market, date(2025, 1, 20))
    return market


async def test_one_replay_serves_all_who_ask(traded: Market, monkeypatch: pytest.MonkeyPatch):
    """It is kept; who waits too long, or asks for a third day, or for a fifth of all, is told to come again."""
    ask, replays = await asking(traded), Replays()
    monkeypatch.setattr(days, "WAITED_S", 0.01)
    made = BookDays(replays)
    for day, caller in ((6, HERE), (7, HERE), (6, THERE), (8, THERE), (6, HERE)):
        with pytest.raises(ReplayUnderWay, match=f"2025-01-0{day}"):
            await ask(made, date(2025, 1, day), caller)
    with pytest.raises(ReplayUnderWay, match="3 other days are being replayed, 2 of them for your address"):
        await ask(made, date(2025, 1, 9), HERE)
    with pytest.raises(ReplayUnderWay, match="2025-01-09"):
        await ask(made, date(2025, 1, 9), THERE)
    with pytest.raises(ReplayUnderWay, match="4 other days are being replayed, 0 of them"):
        await ask(made, date(2025, 1, 10), "192.0.2.3")
    replays.gone.set()
    monkeypatch.setattr(days, "WAITED_S", 20.0)
    assert b"file of 6" == await ask(made, MONDAY)
    assert b"file of 9" == await ask(made, date(2025, 1, 9))
    monkeypatch.setattr(days, "KEPT_BYTES", 5)
    assert b"file of 10" == await ask(made, date(2025, 1, 10))
    assert b"file of 6" == await ask(made, MONDAY)
    assert [MONDAY, MONDAY] == [each for each in replays.calls if each == MONDAY], "it had made room"
    await made.close()


async def test_a_failure_is_answered_for_a_while_without_another_replay(traded: Market, monkeypatch):
    """Also where nobody waited for it any more; what another version wrote, and what is too large, for good."""
    ask, replays, now = await asking(traded), Replays(), Time()
    monkeypatch.setattr(days, "WAITED_S", 0.01)
    made = BookDays(replays, now_s=now)
    tried = {
        MONDAY: (EOFError("it ended with 1"), Unavailable, "cannot be replayed here and now"),
        TUESDAY: (DayNotKept("codec 1"), DayOfOtherVersion, "by another version"),
        date(2025, 1, 8): (TooManyEvents("above"), DayTooLarge, "So much happened"),
        date(2025, 1, 9): (JournalBroken("at 5"), Unavailable, "does not agree with its own hashes"),
    }
    replays.failing = {day: error for day, (error, _, _) in tried.items()}
    for number, day in enumerate(tried):
        with pytest.raises(ReplayUnderWay):
            await ask(made, day, str(number))
    replays.gone.set()
    async with asyncio.timeout(20):
        await asyncio.gather(*(each.task for each in made._under_way.values()))
    assert "to the end of 2025-01-09" in made.trouble
    monkeypatch.setattr(days, "WAITED_S", 20.0)
    for day, (_, refusal, text) in tried.items():
        with pytest.raises(refusal, match=text) as told:
            await ask(made, day)
        assert told.value.members in ({}, {"retry_after_s": 60})
    assert list(tried) == replays.calls
    now.now += 61
    replays.failing = {}
    for day in (TUESDAY, date(2025, 1, 8)):
        with pytest.raises(tried[day][1]):
            await ask(made, day)
    assert b"file of 6" == await ask(made, MONDAY)
    assert "2025-01-09" in made.trouble, "an earlier day says nothing of it"
    assert (b"file of 9", "") == (await ask(made, date(2025, 1, 9)), made.trouble)
    await made.close()


async def test_a_replay_has_a_longest_time(traded: Market, monkeypatch: pytest.MonkeyPatch):
    """Then it is ended, and whoever waits behind it has a turn."""
    ask, replays = await asking(traded), Replays()
    monkeypatch.setattr(days, "LONGEST_S", 0.05)
    made = BookDays(replays)
    with pytest.raises(Unavailable, match="cannot be replayed"):
        await ask(made, MONDAY)
    replays.gone.set()
    assert b"file of 7" == await ask(made, TUESDAY)
    await made.close()


async def test_a_day_before_the_first_command_needs_no_replay(traded: Market):
    """Its file is empty."""
    made = BookDays()
    assert (KILN, []) == read_book(await (await asking(traded))(made, date(2025, 1, 3)))
    with pytest.raises(Unavailable):
        await (await asking(traded))(made, MONDAY)


async def asking(market: Market) -> Any:
    """Ask for the file of a day."""
    exchange = await market.world.trade()

    async def ask(made: BookDays, day: date, caller: str = HERE) -> bytes:
        return await made.file(KILN, str(day), caller=caller, exchange=exchange)

    return ask


async def test_files_of_past_days_have_a_rate_of_their_own(traded: Market):
    """By address without a key, and by key with one: a hundred at once, then one a second."""
    for key in ("", traded.world.party("kiln").key):
        path = f"/v1/instruments/{KILN}/book-events/2025-01-03"
        assert '"replays"' in (await traded.world.get(path, by=key)).headers["RateLimit-Policy"]
    rates = Rates(now_s=Time())
    for _ in range(100):
        rates.take(REPLAYS, HERE)
    with pytest.raises(
        TooManyRequests, match="Too many files of past days: 100 at once are permitted, then 1 a second"
    ):
        rates.take(REPLAYS, HERE)
    rates.take(REPLAYS, THERE)


@contextlib.asynccontextmanager
async def altered(market: Market, change: str, back: str) -> AsyncIterator[None]:
    """Something else stands in the journal, for a while."""
    async with connected(market.world.dsn) as owner:
        await owner.execute(change)
        yield
        await owner.execute(back)


async def asked(market: Market, day: date = MONDAY) -> httpx.Response:
    """The answer over HTTP."""
    return await market.world.get(f"/v1/instruments/{KILN}/book-events/{day}")


OTHERS = {
    "engine": (
        "update exchange.journal set engine = engine - 1 where first = 1",
        "update exchange.journal set engine = engine + 1 where first = 1",
    ),
    "codec": (
        "update exchange.journal set codec = codec + 1 where first = 1",
        "update exchange.journal set codec = codec - 1 where first = 1",
    ),
    "layout of the snapshot": (
        "insert into exchange.snapshot select first, 99, engine, '', sha256(''), hash from exchange.journal limit 1",
        "delete from exchange.snapshot where codec = 99",
    ),
}


@pytest.mark.parametrize("what", OTHERS)
async def test_what_another_version_wrote_is_not_kept(traded: Market, what: str):
    """Be it the engine, the codec of a batch, or the layout of the snapshot where the replay would begin."""
    async with altered(traded, *OTHERS[what]), connected(traded.world.dsn, role="kilnwood_api") as connection:
        with pytest.raises(DayNotKept, match="2025-01-07"):
            await replayed_in(connection, TUESDAY)


async def test_what_another_version_wrote_is_refused_for_good(traded: Market):
    """Whatever the journal says afterwards; what is no instrument and no day is refused as everywhere."""
    async with altered(traded, *OTHERS["codec"]):
        refused(await asked(traded, TUESDAY), 409, "day-of-other-version", "2025-01-07")
    refused(await asked(traded, TUESDAY), 409, "day-of-other-version", "2025-01-07")
    assert 404 == (await traded.world.get(f"/v1/instruments/SC-CDCER-0099-2024/book-events/{TUESDAY}")).status_code
    assert 400 == (await traded.world.get(f"/v1/instruments/{KILN}/book-events/2025-02-30")).status_code


async def test_a_journal_that_was_altered_is_told_as_such(traded: Market):
    """By an exit code of the child's own; whoever asks learns that the operator has to look at it."""
    hashed = "update exchange.journal set hash = sha256(hash) where first = 1"
    async with connected(traded.world.dsn) as owner:
        kept = await owner.fetchval("select encode(hash, 'hex') from exchange.journal where first = 1")
    async with altered(traded, hashed, f"update exchange.journal set hash = decode('{kept}', 'hex') where first = 1"):
        answer = refused(await asked(traded), 503, "unavailable", "own hashes", "operator")
    assert answer["retry_after_s"] >= 59


async def test_more_than_the_service_takes_is_refused_while_it_is_read(traded: Market, monkeypatch: pytest.MonkeyPatch):
    """Not once it is in memory; the child is ended."""
    await traded.sells("kiln", 20, 14_00)
    await next_day(traded, date(2025, 1, 21))
    monkeypatch.setattr(book_day, "MOST_BYTES", 5)
    children = recorded(monkeypatch)
    refused(await asked(traded, date(2025, 1, 20)), 409, "day-too-large", "2025-01-20")
    assert [True] == [each.returncode is not None for each in children]


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    """The children that are started from here on."""
    children: list[Process] = []
    begin = asyncio.create_subprocess_exec

    async def begun(*arguments: Any, **more: Any) -> Process:
        children.append(await begin(*arguments, **more))
        return children[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", begun)
    return children


@contextlib.asynccontextmanager
async def held(market: Market) -> AsyncIterator[Any]:
    """Whoever replays waits at the snapshots. Yields what waits until somebody does."""
    async with connected(market.world.dsn) as owner, owner.transaction():
        await owner.execute("lock table exchange.snapshot")

        async def waits() -> bool:
            found = (
                "select exists (select from pg_locks where relation = 'exchange.snapshot'::regclass and not granted)"
            )
            return bool(await owner.fetchval(found))

        yield functools.partial(until, waits, "a child that waits")


async def test_a_child_that_is_killed_is_a_failure_for_a_while(traded: Market, monkeypatch: pytest.MonkeyPatch):
    """Whoever waited is answered 503, and whoever asks next too, without another child."""
    children = recorded(monkeypatch)
    async with held(traded) as until_it_waits:
        waiting = asyncio.create_task(asked(traded))
        await until_it_waits()
        os.kill(children[0].pid, signal.SIGKILL)
        for answer in (await waiting, await asked(traded)):
            refused(answer, 503, "unavailable", "cannot be replayed")
    assert [-signal.SIGKILL] == [each.returncode for each in children]


async def test_a_stop_ends_the_child(traded: Market, monkeypatch: pytest.MonkeyPatch):
    """Whoever waits for it is told to ask again."""
    children = recorded(monkeypatch)
    made = BookDays(book_day_child(traded.world.dsn))
    ask = await asking(traded)
    async with held(traded) as until_it_waits:
        waiting = asyncio.create_task(ask(made, MONDAY))
        await until_it_waits()
        await made.close()
        with pytest.raises(ReplayUnderWay):
            await waiting
    assert [-signal.SIGKILL] == [each.returncode for each in children]

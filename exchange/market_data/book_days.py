"""Files of past days' book events: replayed in a process of its own, one day at a time, and kept for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Final

import structlog

from exchange.market_data.compact_book import write_book
from exchange.market_data.past_books import DayNotKept
from exchange.parts import Exchange
from registry.kit import clock
from registry.kit.period import SHANGHAI, period
from registry.kit.problems import DomainError, Kind, Unavailable

log = structlog.get_logger()

WAITED_S: Final = 20.0
"""How long one request waits for a replay; asked again, it finds what the replay came to meanwhile."""
MOST_DAYS: Final = 4
"""Days that are asked for at the same time; one is replayed, the others wait for it."""
KEPT_BYTES: Final = 64_000_000
"""Files that are kept; the day that was asked for the longest ago makes room."""

Replay = Callable[[date], Awaitable[Mapping[str, bytes]]]
"""Makes the files of one day, by instrument. Raises `DayNotKept`, and anything else where it fails."""


class DayNotOver(DomainError):
    """The day's last order is yet to come."""

    kind, slug, title = Kind.CONFLICT, "day-not-over", "The day is not over"


class DayOfOtherVersion(DomainError):
    """Only the version that wrote the journal of that day could carry it out again."""

    kind, slug, title = Kind.CONFLICT, "day-of-other-version", "Written by another version"


class ReplayUnderWay(Unavailable):
    """The journal is being replayed, for this day or for others. Nothing is lost: ask again."""

    slug, title = "replay-under-way", "The journal is being replayed"


async def _nowhere(_: date) -> Mapping[str, bytes]:
    raise OSError("this process replays no journal")


class BookDays:
    """One for each process that answers requests. *replay* works elsewhere, so that nobody who trades waits for it."""

    def __init__(self, replay: Replay = _nowhere) -> None:
        self.begin_with(replay)

    def begin_with(self, replay: Replay) -> None:
        """Forget everything, and replay by *replay* from now on."""
        self._replay = replay
        self._kept: OrderedDict[date, Mapping[str, bytes]] = OrderedDict()
        self._under_way: dict[date, asyncio.Task[Mapping[str, bytes]]] = {}
        self._turn = asyncio.Lock()

    async def file(self, code: str, text: str, *, exchange: Exchange) -> bytes:
        """
        What became of every order in the book of one instrument on a day of Asia/Shanghai that is over.

        Raises `Unknown`, `Invalid` for what is no day, `DayNotOver`, `DayOfOtherVersion`, `ReplayUnderWay`.
        """
        instrument = await exchange.instruments.by_code(code)
        period(text, text)
        day = date.fromisoformat(text)
        async with exchange.db.reading() as tx:
            today = (await clock.now_in(tx)).astimezone(SHANGHAI).date()
        if day >= today:
            raise DayNotOver(
                f"{day} is over at its midnight in Shanghai, and today is {today}. What happens today can be watched."
            )
        files = await self._files(day)
        return files.get(instrument.code) or write_book(instrument.code, ())

    async def close(self) -> None:
        """End what is under way."""
        tasks = tuple(self._under_way.values())
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _files(self, day: date) -> Mapping[str, bytes]:
        if day in self._kept:
            self._kept.move_to_end(day)
            return self._kept[day]
        if day not in self._under_way and len(self._under_way) >= MOST_DAYS:
            raise ReplayUnderWay(
                f"{len(self._under_way)} other days are being replayed. Ask again in half a minute.", retry_after_s=30
            )
        task = self._under_way.get(day)
        if task is None:
            task = self._under_way[day] = asyncio.create_task(self._made(day))
            task.add_done_callback(lambda _: self._under_way.pop(day, None))
        done, _ = await asyncio.wait((task,), timeout=WAITED_S)
        if not done or task.cancelled():
            raise ReplayUnderWay(f"The journal of {day} is being replayed. Ask again in a moment.", retry_after_s=5)
        try:
            return task.result()
        except DayNotKept as error:
            raise DayOfOtherVersion(
                f"What led to the books of {day} was written by another version of the exchange, which alone can "
                "carry it out. The trades of that day are kept, in the list of trades."
            ) from error
        except (OSError, EOFError) as error:
            log.warning("book_day_failed", day=day.isoformat(), reason=str(error))
            raise Unavailable(f"The journal of {day} cannot be replayed here and now.", retry_after_s=60) from error

    async def _made(self, day: date) -> Mapping[str, bytes]:
        async with self._turn:
            files = await self._replay(day)
        self._kept[day] = files
        while (
            len(self._kept) > 1
            and sum(len(each) for made in self._kept.values() for each in made.values()) > KEPT_BYTES
        ):
            self._kept.popitem(last=False)
        return files

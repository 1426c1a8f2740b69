"""Files of past days' book events: replayed in a process of its own, one day at a time, and kept for a while."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Final, NamedTuple

import structlog

from exchange.journal import store as journal
from exchange.journal.recovery import JournalBroken
from exchange.market_data.compact_book import write_book
from exchange.market_data.past_books import DayNotKept, TooManyEvents
from exchange.parts import Exchange
from registry.kit import clock
from registry.kit.period import SHANGHAI, period
from registry.kit.problems import DomainError, Kind, Unavailable

log = structlog.get_logger()

WAITED_S: Final = 20.0
"""How long one request waits for a replay; asked again, it finds what the replay came to meanwhile."""
LONGEST_S: Final = 600.0
"""One replay; then it has failed, and the next day has its turn."""
MOST_DAYS, MOST_OF_ONE = 4, 2
"""Days that are asked for at the same time, and by one address; one is replayed, the others wait for it."""
KEPT_BYTES: Final = 64_000_000
"""Files that are kept; the day that was asked for the longest ago makes room."""
FAILED_S: Final = 60.0
"""How long a failure is answered again without another try, or as long as it took to fail, if that is longer."""

Files = Mapping[str, bytes]
"""The files of one day, by instrument."""
Replay = Callable[[date], Awaitable[Files]]
"""Makes the files of one day. Raises `DayNotKept`, `TooManyEvents`, `JournalBroken`; anything else is a failure too."""


class DayNotOver(DomainError):
    """The day's last order is yet to come."""

    kind, slug, title = Kind.CONFLICT, "day-not-over", "The day is not over"


class DayOfOtherVersion(DomainError):
    """Only the version that wrote the journal of that day could carry it out again."""

    kind, slug, title = Kind.CONFLICT, "day-of-other-version", "Written by another version"


class DayTooLarge(DomainError):
    """So much happened to the orders of that day that the service does not keep it in memory."""

    kind, slug, title = Kind.CONFLICT, "day-too-large", "Too many events in a day"


class ReplayUnderWay(Unavailable):
    """The journal is being replayed, for this day or for others. Nothing is lost: ask again."""

    slug, title = "replay-under-way", "The journal is being replayed"


class _UnderWay(NamedTuple):
    """A day that somebody at the address *caller* asked for. The task returns None where the replay failed."""

    task: asyncio.Task[Files | None]
    caller: str


class _Failure(NamedTuple):
    """Why a day has no files, and until when that is answered without another try."""

    why: Exception
    until_s: float


async def _nowhere(_: date) -> Files:
    raise OSError("this process replays no journal")


class BookDays:
    """One for each process that answers requests. *replay* works elsewhere, so that nobody who trades waits for it."""

    def __init__(self, replay: Replay = _nowhere, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._replay = replay
        self._now_s = now_s
        self._kept: OrderedDict[date, Files] = OrderedDict()
        self._failed: dict[date, _Failure] = {}
        self._under_way: dict[date, _UnderWay] = {}
        self._broken: date | None = None
        self._turn = asyncio.Lock()

    @property
    def trouble(self) -> str:
        """What an operator has to look at, in one line, or nothing."""
        if self._broken is None:
            return ""
        return (
            f"The journal does not replay to the end of {self._broken}; 'journal_broken' in the log says where. "
            "Run 'kilnwood reconcile'."
        )

    async def file(self, code: str, text: str, *, caller: str, exchange: Exchange) -> bytes:
        """
        What became of every order in the book of one instrument on a day of Asia/Shanghai that is over.

        *caller* is the address that asks. Raises `Unknown`, `Invalid` for what is no day, `DayNotOver`,
        `DayOfOtherVersion`, `DayTooLarge`, `ReplayUnderWay`, `Unavailable`.
        """
        instrument = await exchange.instruments.by_code(code)
        _, ends = period(text, text)
        assert ends is not None, "a day has an end"
        day = date.fromisoformat(text)
        async with exchange.db.reading() as tx:
            today = (await clock.now_in(tx)).astimezone(SHANGHAI).date()
            if day >= today:
                raise DayNotOver(
                    f"{day} is over at its midnight in Shanghai, and today is {today}. What happens today can be "
                    "watched."
                )
            begun = self._knows(day) or await journal.last_before(tx, ends)
        files = await self._files(day, caller) if begun else {}
        return files.get(instrument.code) or write_book(instrument.code, ())

    async def close(self) -> None:
        """End what is under way."""
        tasks = tuple(each.task for each in self._under_way.values())
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _knows(self, day: date) -> bool:
        return day in self._kept or day in self._failed or day in self._under_way

    async def _files(self, day: date, caller: str) -> Files:
        if day in self._kept:
            self._kept.move_to_end(day)
            return self._kept[day]
        if day not in self._under_way:
            self._tell_failure(day)
            self._begin(day, caller)
        task = self._under_way[day].task
        done, _ = await asyncio.wait((task,), timeout=WAITED_S)
        if not done or task.cancelled():
            raise ReplayUnderWay(f"The journal of {day} is being replayed. Ask again in a moment.", retry_after_s=5)
        files = task.result()
        if files is None:
            raise self._refusal(day)
        return files

    def _begin(self, day: date, caller: str) -> None:
        mine = sum(each.caller == caller for each in self._under_way.values())
        if len(self._under_way) >= MOST_DAYS or mine >= MOST_OF_ONE:
            raise ReplayUnderWay(
                f"{len(self._under_way)} other days are being replayed, {mine} of them for your address; {MOST_DAYS} "
                f"are taken at the same time, {MOST_OF_ONE} of one address. Ask again in half a minute.",
                retry_after_s=30,
            )
        task = asyncio.create_task(self._made(day))
        self._under_way[day] = _UnderWay(task, caller)
        task.add_done_callback(lambda _: self._under_way.pop(day, None))

    def _tell_failure(self, day: date) -> None:
        if day in self._failed and self._now_s() < self._failed[day].until_s:
            raise self._refusal(day)

    def _refusal(self, day: date) -> DomainError:
        why, until_s = self._failed[day]
        if isinstance(why, DayNotKept):
            return DayOfOtherVersion(
                f"What led to the books of {day} was written by another version of the exchange, which alone can "
                "carry it out. The trades of that day are kept, in the list of trades."
            )
        if isinstance(why, TooManyEvents):
            return DayTooLarge(
                f"So much happened to the orders of {day} that no file of it is made here. The trades of that day are "
                "kept, in the list of trades."
            )
        again_s = max(1, math.ceil(until_s - self._now_s()))
        if isinstance(why, JournalBroken):
            return Unavailable(
                f"The journal up to {day} does not agree with its own hashes, so its books cannot be told. The "
                "operator has to look at it.",
                retry_after_s=again_s,
            )
        return Unavailable(f"The journal of {day} cannot be replayed here and now.", retry_after_s=again_s)

    async def _made(self, day: date) -> Files | None:
        async with self._turn:
            begun_s = self._now_s()
            try:
                async with asyncio.timeout(LONGEST_S):
                    files = await self._replay(day)
            except Exception as error:  # noqa: BLE001 - whatever it is, others have their turn, and it is in the log
                self._note_failure(day, error, begun_s)
                return None
        if self._broken is not None and day >= self._broken:
            self._broken = None
        self._keep(day, files)
        return files

    def _note_failure(self, day: date, error: Exception, begun_s: float) -> None:
        log.warning("book_day_failed", day=day.isoformat(), reason=str(error) or type(error).__name__)
        if isinstance(error, JournalBroken):
            self._broken = day
        now_s = self._now_s()
        final = isinstance(error, DayNotKept | TooManyEvents)
        until_s = math.inf if final else now_s + max(FAILED_S, now_s - begun_s)
        self._failed = {each: failure for each, failure in self._failed.items() if failure.until_s > now_s}
        self._failed[day] = _Failure(error.with_traceback(None), until_s)

    def _keep(self, day: date, files: Files) -> None:
        self._failed.pop(day, None)
        self._kept[day] = files
        while len(self._kept) > 1 and sum(map(_size, self._kept.values())) > KEPT_BYTES:
            self._kept.popitem(last=False)


def _size(files: Files) -> int:
    return sum(map(len, files.values()))

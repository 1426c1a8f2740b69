"""The loop that keeps parts going: what it waits out, what it logs, what ends it, and what it says meanwhile."""

import asyncio
from typing import Any

import pytest

from registry.kit import supervise
from registry.kit.problems import Unavailable, Unknown
from registry.kit.supervise import Supervisor


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """What it shows."""
        return self.now_s


@pytest.fixture
def lines(monkeypatch):
    """What was logged: level, event and its values."""
    found: list[tuple[str, str, dict[str, Any]]] = []

    def noted(level: str):
        return lambda event, **values: found.append((level, event, values))

    for level in ("warning", "error"):
        monkeypatch.setattr(supervise.log, level, noted(level), raising=False)
    return found


def supervised(*, retry_s: float = 0.0, **options: Any) -> Supervisor:
    """A supervisor that tries again at once."""
    return Supervisor("settler", "Nothing is delivered", retry_s=retry_s, **options)


def playing(supervisor: Supervisor, *steps: Any):
    """A step that raises what is an error, calls what is a function, and stops the part after the last one."""
    left = iter(steps)

    async def step():
        await asyncio.sleep(0)
        match next(left, supervisor.stop):
            case Exception() as error:
                raise error
            case does:
                does()

    return step


async def test_a_step_runs_until_it_is_stopped(lines):
    """One after the other, with nothing in the log."""
    supervisor = supervised()
    ran: list[int] = []
    await supervisor.run(playing(supervisor, lambda: ran.append(1), lambda: ran.append(2)))
    assert [1, 2] == ran
    assert [] == lines


async def test_a_part_that_was_stopped_does_nothing(lines):
    """No step begins after `stop`."""
    supervisor = supervised()
    supervisor.stop()
    await supervisor.run(playing(supervisor, RuntimeError("not to be run")))
    assert [] == lines


async def test_an_event_that_others_share_stops_a_part(lines):
    """Set from outside, it ends the wait after a failure at once; `stop` sets it for them."""
    stop = asyncio.Event()
    supervisor = supervised(retry_s=3600, stopped=stop)

    async def step():
        asyncio.get_running_loop().call_soon(stop.set)
        raise Unavailable("away")

    await supervisor.run(step)
    assert ["unavailable"] == [values["reason"] for _, _, values in lines]
    supervised(stopped=(other := asyncio.Event())).stop()
    assert other.is_set()


async def test_trouble_is_waited_out_and_logged_once_in_a_row(lines):
    """The same error again and again is one line; after a success, and for another error, there is a new one."""
    supervisor, away = supervised(), Unavailable("The database is away")
    await supervisor.run(playing(supervisor, away, away, away, Unknown("x"), lambda: None, away))
    assert ["unavailable", "not-found", "unavailable"] == [values["reason"] for _, _, values in lines]
    assert {("warning", "part_postponed")} == {line[:2] for line in lines}


async def test_what_nobody_foresaw_is_logged_with_its_trace(lines):
    """Once in a row as well; an expected error is a warning with its type."""
    supervisor, fault = supervised(expected=(OSError,)), ValueError("a fault of ours")
    await supervisor.run(playing(supervisor, fault, fault, ConnectionResetError("gone")))
    assert ("error", "part_failed", {"part": "settler", "exc_info": fault}) == lines[0]
    assert ("warning", "part_postponed", {"part": "settler", "reason": "ConnectionResetError"}) == lines[1]
    assert 2 == len(lines)


async def test_a_fatal_error_ends_the_part(lines):
    """It is raised to the one who ran it, who logs it."""
    supervisor = supervised(fatal=(KeyError,))
    with pytest.raises(KeyError):
        await supervisor.run(playing(supervisor, KeyError("broken"), RuntimeError("never comes")))
    assert [] == lines


async def test_a_cancellation_ends_the_part(lines):
    """While a step is under way."""
    began = asyncio.Event()

    async def step():
        began.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(supervised().run(step))
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [] == lines


async def test_it_waits_after_trouble_and_a_stop_ends_the_wait(lines):
    """The next step comes *retry_s* later; stopping does not take that long."""
    supervisor, failed = supervised(retry_s=3600), asyncio.Event()

    async def step():
        failed.set()
        raise Unavailable("away")

    running = asyncio.create_task(supervisor.run(step))
    await failed.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not running.done()
    supervisor.stop()
    await asyncio.wait_for(running, 60)
    assert 1 == len(lines)


async def test_a_step_may_wait_until_it_is_stopped():
    """`pause` is for steps that look again after a while."""
    supervisor = supervised()
    running = asyncio.create_task(supervisor.run(lambda: supervisor.pause(3600)))
    await asyncio.sleep(0)
    supervisor.stop()
    await asyncio.wait_for(running, 60)


async def test_the_step_under_way_is_not_cut_off():
    """What began before `stop` ends by itself."""
    supervisor, may_end, ended = supervised(), asyncio.Event(), []

    async def step():
        await may_end.wait()
        ended.append(True)

    running = asyncio.create_task(supervisor.run(step))
    await asyncio.sleep(0)
    supervisor.stop()
    may_end.set()
    await asyncio.wait_for(running, 60)
    assert [True] == ended


async def test_trouble_is_reported_when_it_lasts(lines):
    """Nothing for ten seconds, then one line with how long; a success ends it."""
    clock = Clock()
    supervisor = supervised(now_s=clock)
    said: list[str] = []

    def look():
        said.append(supervisor.trouble)
        raise Unavailable("away")

    def later(seconds: float):
        def move():
            clock.now_s += seconds
            look()

        return move

    await supervisor.run(playing(supervisor, look, later(9.9), later(0.2), lambda: None, look, later(9.9)))
    lasting = "Nothing is delivered, for 10 s now; the log says why (deploy/README.md)."
    assert ["", "", lasting, "", ""] == said


async def test_a_step_that_lasts_says_itself_that_it_works(lines):
    """A writer connects, works for hours, and fails: that trouble begins with the failure."""
    clock = Clock()
    supervisor = supervised(now_s=clock)
    said: list[str] = []

    def writes():
        clock.now_s += 60
        said.append(supervisor.trouble)
        supervisor.well()
        said.append(supervisor.trouble)
        clock.now_s += 3600
        raise Unavailable("away")

    def look():
        said.append(supervisor.trouble)

    await supervisor.run(playing(supervisor, Unavailable("away"), writes, look))
    assert ["", "", ""] == [said[1], said[2], supervisor.trouble]
    assert said[0].startswith("Nothing is delivered, for 60 s now")
    assert 2 == len(lines), "the failure after `well` is the first of a new row"

"""What a running service says about the process that signs and about the log, and that its housekeeping survives."""

import asyncio
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from deploy import keeping
from deploy.keeping import LogWatch, SequencerProcess
from registry.kit.problems import Unavailable


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """What it shows."""
        return self.now_s


class Process:
    """A child that has ended, or has not."""

    def __init__(self, code: int | None) -> None:
        self.code = code

    def poll(self) -> int | None:
        """Its exit code."""
        return self.code


def watched(monkeypatch, codes: list[int | None]) -> tuple[SequencerProcess, Clock]:
    """A sequencer whose processes end with these codes, one after the other."""
    left = iter(codes)
    monkeypatch.setattr("deploy.keeping.subprocess.Popen", lambda *_, **__: Process(next(left)))
    clock = Clock()
    made = SequencerProcess("postgresql://x", now_s=clock)
    made.start()
    return made, clock


def test_a_sequencer_that_dies_again_and_again_is_trouble(monkeypatch):
    """Three ends within 30 s; one that then lives for long enough is forgiven."""
    sequencer, clock = watched(monkeypatch, [1, 1, 1, None])
    for wanted in ("", "", "The sequencer ended 3 times within 30 s"):
        sequencer.watch()
        assert sequencer.trouble.startswith(wanted)
        assert bool(wanted) == bool(sequencer.trouble)
        clock.now_s += 5
    sequencer.watch()
    assert sequencer.trouble
    clock.now_s += 20
    assert not sequencer.trouble


def test_a_sequencer_that_refuses_is_not_started_again(monkeypatch):
    """Its exit code says so, once and for all."""
    sequencer, _ = watched(monkeypatch, [keeping.REFUSED_EXIT])
    for _ in range(3):
        sequencer.watch()
    assert "refuses to sign" in sequencer.trouble


def test_a_log_that_stands_still_is_trouble():
    """While statements wait and nothing is published for a minute; what moves, or waits for nothing, is not."""
    clock, metrics = Clock(), CollectorRegistry()
    watch = LogWatch(metrics, now_s=clock)
    for waiting, published, after_s, trouble in (
        (0, 0, 300, False),
        (5, 0, 59, False),
        (5, 0, 2, True),
        (9, 5, 0, False),
        (9, 5, 60, True),
        (0, 14, 0, False),
        (0, 14, 300, False),
    ):
        watch.see(waiting, published)
        clock.now_s += after_s
        assert trouble == bool(watch.trouble), (waiting, published)
        assert waiting == metrics.get_sample_value("kilnwood_log_unpublished_statements")


@pytest.mark.parametrize("error", [OSError("disk"), RuntimeError("lost"), ValueError("odd"), Unavailable("away")])
async def test_housekeeping_survives_whatever_fails(monkeypatch, error):
    """Each tick tries again, and the sequencer is looked after all the same; also when reviving fails."""
    seen: list[str] = []
    enough = asyncio.Event()

    class Sequencer(SequencerProcess):
        """Counts how often it is looked after, and fails as well."""

        def watch(self) -> None:
            """Look after it."""
            seen.append("watch")
            if seen.count("watch") > 2:
                enough.set()
            raise OSError("no process can be started")

    async def fail(**_):
        seen.append("backlog")
        raise error

    async def revive():
        raise RuntimeError("revive")

    monkeypatch.setattr(keeping, "TICK_S", 0)
    monkeypatch.setattr("deploy.keeping.transparency.backlog", fail)
    keeper = asyncio.create_task(
        keeping.housekeeping(cast("Any", None), Sequencer(""), LogWatch(CollectorRegistry()), revive)
    )
    await asyncio.wait_for(enough.wait(), 10)
    assert not keeper.done()
    keeper.cancel()
    assert seen.count("backlog") >= 3

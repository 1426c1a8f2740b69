"""Where simulations are played: in turns, once for each key, within limits, and never beyond the service's end."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from deploy.simulator import workshop as module
from deploy.simulator.workshop import JobProgress, RunEnded, SimulationJob, SimulatorBusy, Workshop
from tests.deploy.simulator import steps

ROOT = Path(__file__).parents[3]
PATIENT_S = 60.0


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    """A workshop, which is closed at the end."""
    made = Workshop()
    yield made
    await made.close()


def job(key: str, *them: Callable[[], object]) -> SimulationJob:
    """A job of some steps."""
    return SimulationJob(key, them, steps.joined)


def noting(path: Path, words: str) -> Sequence[Callable[[], object]]:
    """A step for each letter."""
    return [partial(steps.noted, str(path), each) for each in words]


def is_gone(number: int) -> bool:
    """Whether a process has ended, within a moment."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(") ")[2][0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


async def test_jobs_take_turns_and_are_played_once(workshop: Workshop, tmp_path: Path):
    """A short job that comes later ends earlier; who asks again with the key gets what was kept, in the same order."""
    path = tmp_path / "noted"
    long, short = job("long", *noting(path, "abcdef")), job("short", *noting(path, "x"))
    begun = await workshop.ask(long, caller="one", patience_s=0)
    assert begun.result is None
    assert 6 == begun.steps
    shorter = await workshop.ask(short, caller="other", patience_s=PATIENT_S)
    assert "x" == shorter.result
    found = [await workshop.ask(each, caller="one", patience_s=PATIENT_S) for each in (long, long)]
    assert [JobProgress(6, 6, "abcdef")] * 2 == found
    assert "abcdef" == path.read_text().replace("x", "")
    assert path.read_text().index("x") < 5


@pytest.mark.parametrize("step", [steps.killed, steps.greedy, steps.wrong])
async def test_a_job_that_fails_ends_alone(workshop: Workshop, tmp_path: Path, step: Callable[[], object]):
    """It is told for a while and not begun again with each look; another job in the queue is played."""
    other = job("other", *noting(tmp_path / "noted", "ab"))
    with pytest.raises(RunEnded):
        await asyncio.gather(
            workshop.ask(job("bad", step), caller="one", patience_s=PATIENT_S),
            played := asyncio.ensure_future(workshop.ask(other, caller="two", patience_s=PATIENT_S)),
        )
    assert "ab" == (await played).result
    with pytest.raises(RunEnded):
        await workshop.ask(job("bad", *noting(tmp_path / "noted", "c")), caller="one", patience_s=PATIENT_S)
    assert "ab" == (tmp_path / "noted").read_text()


async def test_a_step_that_takes_too_long_is_ended():
    """Its process is ended, with the limit in the text."""
    hasty = Workshop(step_s=0.2)
    with pytest.raises(RunEnded, match=r"more than 0\.2 s"):
        await hasty.ask(job("endless", steps.endless), caller="one", patience_s=PATIENT_S)
    await hasty.close()


async def test_more_than_is_taken_is_refused(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of one address first, then of all; nothing of it is begun."""
    monkeypatch.setattr(module, "MOST_JOBS", 3)
    monkeypatch.setattr(module, "MOST_OF_ONE", 2)
    path = tmp_path / "noted"
    for key, caller in (("a", "one"), ("b", "one"), ("c", "two")):
        await workshop.ask(job(key, *noting(path, key)), caller=caller, patience_s=0)
    for caller in ("one", "three"):
        with pytest.raises(SimulatorBusy) as refused:
            await workshop.ask(job("d", *noting(path, "d")), caller=caller, patience_s=0)
        assert 20 == refused.value.members["retry_after_s"]
    assert "c" == (await workshop.ask(job("c"), caller="three", patience_s=PATIENT_S)).result, "to look is free"
    assert "d" not in path.read_text()


async def test_what_nobody_asks_for_is_ended(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whoever comes again begins it anew."""
    monkeypatch.setattr(module, "ABANDONED_S", -1.0)
    long = job("long", *noting(tmp_path / "noted", "ab"))
    assert JobProgress(0, 2) == await workshop.ask(long, caller="one", patience_s=PATIENT_S)
    monkeypatch.undo()
    assert "ab" == (await workshop.ask(long, caller="one", patience_s=PATIENT_S)).result


async def test_closing_ends_the_process_at_once(tmp_path: Path):
    """Whatever it does; and the workshop can be used again."""
    made = Workshop()
    await made.ask(job("quick", *noting(tmp_path / "noted", "a")), caller="one", patience_s=PATIENT_S)
    number = made.worker_id
    await made.ask(job("endless", steps.endless), caller="one", patience_s=0)
    await made.close()
    assert is_gone(number)
    again = await made.ask(job("quick", *noting(tmp_path / "noted", "b")), caller="one", patience_s=PATIENT_S)
    assert "b" == again.result
    await made.close()


def test_the_process_ends_with_a_service_that_was_killed(tmp_path: Path):
    """It plays for nobody."""
    program = tmp_path / "service.py"
    program.write_text(
        "import asyncio, os, signal\n"
        "from deploy.simulator.workshop import SimulationJob, Workshop\n"
        "from tests.deploy.simulator import steps\n"
        "async def main():\n"
        "    made = Workshop()\n"
        "    await made.ask(SimulationJob('endless', [steps.endless], steps.joined), caller='one', patience_s=0)\n"
        "    while not made.worker_id: await asyncio.sleep(0.01)\n"
        "    print(made.worker_id, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "if __name__ == '__main__': asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert -signal.SIGKILL == done.returncode, done.stderr
    assert is_gone(int(done.stdout))

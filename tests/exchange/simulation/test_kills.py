"""Runs of which a process is killed: what was finished is kept, and the bytes are those of a run that was not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children
from pathlib import Path

import pytest

from deploy.cli.executors import executor
from exchange.simulation.bundle import write
from tests.exchange.simulation.small import RHYTHM, SMALL

WORKERS = 2
REPLICATIONS = 6
RUNS = 4 * REPLICATIONS
WITHIN_S = 60.0
_PARENT = """
import multiprocessing, sys
from pathlib import Path
from deploy.cli.executors import executor
from exchange.simulation.bundle import write
from tests.exchange.simulation.small import RHYTHM, SMALL

def said(done, count):
    workers = [each.pid for each in multiprocessing.active_children()]
    print(done, *workers, flush=True)

if __name__ == "__main__":
    with executor(2) as pool:
        write(Path(sys.argv[1]), RHYTHM, SMALL, replications=6, executor=pool, finished=said)
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The files of a run that nobody disturbed, in this process alone."""
    made = tmp_path_factory.mktemp("whole") / "made"
    write(made, RHYTHM, SMALL, replications=REPLICATIONS)
    return contents(made)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def finished_in(folder: Path) -> int:
    """How many runs an ended process left."""
    return len(list((folder / "runs").glob("*.json")))


def gone_on(folder: Path, workers: int) -> int:
    """Begin again with *workers*; returns how many runs were played."""
    played: list[int] = []
    with executor(workers) as pool:
        write(
            folder,
            RHYTHM,
            SMALL,
            replications=REPLICATIONS,
            executor=pool,
            finished=lambda done, _count: played.append(done),
        )
    return len(played)


def until(true: Callable[[], bool]) -> bool:
    """Wait for something that another process does."""
    end = time.monotonic() + WITHIN_S
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def test_a_worker_that_is_killed_loses_the_runs_under_way(tmp_path, whole):
    """SIGKILL of one of two workers: what was done is stored, at most one run of each worker is played again."""
    done: list[int] = []
    others = {each.pid for each in active_children()}

    def kill_once(count: int, _all: int) -> None:
        done.append(count)
        if count == 1:  # early: a process that has nothing left to do is not missed
            os.kill(next(each.pid for each in active_children() if each.pid and each.pid not in others), signal.SIGKILL)

    with pytest.raises(BrokenProcessPool), executor(WORKERS) as pool:
        write(tmp_path / "cut", RHYTHM, SMALL, replications=REPLICATIONS, executor=pool, finished=kill_once)
    assert 1 <= done[-1] < RUNS
    assert done[-1] == finished_in(tmp_path / "cut")
    assert RUNS - done[-1] == gone_on(tmp_path / "cut", 3)
    assert whole == contents(tmp_path / "cut")


def test_a_parent_that_is_killed_loses_one_run_a_worker_at_most(tmp_path, whole):
    """SIGKILL of it: its workers end by themselves, and the next call plays no more again than were under way."""
    folder = tmp_path / "cut"
    root = Path(__file__).parents[3]
    script = tmp_path / "parent.py"
    script.write_text(_PARENT, "utf-8")
    parent = subprocess.Popen(
        [sys.executable, str(script), str(folder)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent.stdout as lines:
        said = [next(lines).split() for _ in range(5)]
        parent.kill()
        rest = lines.read().splitlines()
    parent.wait()
    told = int(rest[-1].split()[0]) if rest else 5
    workers = [int(each) for each in said[-1][1:]]
    assert WORKERS == len(workers)
    assert until(lambda: not any(Path(f"/proc/{each}").exists() for each in workers))
    kept = finished_in(folder)
    assert told <= kept <= told + 1
    assert RUNS - kept == gone_on(folder, 1)
    assert whole == contents(folder)

"""
Runs into files, so that one that was ended goes on where it was.

Each finished run is a file in the folder ``runs`` until all are done. Whatever ends the process loses at most the runs
that were under way.
"""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

import msgspec

from exchange.simulation.provenance import data_hashes, versions
from exchange.simulation.results import RunResult
from exchange.simulation.runs import Done, PlannedRun, play_all

_RUNS: Final = "runs"
_PLAN: Final = "plan"
Finished = Callable[[int, int], None]
"""Called with how many runs are done, of how many."""


class BundleWrong(Exception):
    """A folder that cannot be written to, or is not what it says; the text says which file, and what to do."""


def plan_of(planned: Sequence[PlannedRun], *more: str) -> str:
    """Hash all that decides the figures: scenario, settings, *more*, data, and versions of model, engine and codec."""
    return hashlib.sha256(msgspec.json.encode((*versions(), data_hashes(), planned, more))).hexdigest()


def play_into(
    folder: Path, plan: str, planned: Sequence[PlannedRun], executor: Executor | None, finished: Finished
) -> list[Done]:
    """Do what is not done yet, and return all of it in the order of the plan. Raises `BundleWrong`."""
    runs = _done_so_far(folder, plan, len(planned))

    def keep(number: int, done: Done) -> None:
        runs[number] = done
        if isinstance(done, RunResult):
            write_whole(folder / _RUNS / f"{number}.json", msgspec.json.encode(done))
        finished(len(runs), len(planned))

    play_all({number: each for number, each in enumerate(planned) if number not in runs}, executor, keep)
    return [runs[number] for number in range(len(planned))]


def _done_so_far(folder: Path, plan: str, count: int) -> dict[int, Done]:
    """Read the runs that an earlier try of the same plan finished; those of another plan are in the way."""
    shards = shards_in(folder, plan, ("bundle.json", "sweep.json"))
    paths = {number: shards / f"{number}.json" for number in range(count)}
    return {
        number: msgspec.json.decode(path.read_bytes(), type=RunResult)
        for number, path in paths.items()
        if path.exists()
    }


def shards_in(folder: Path, plan: str, whole: Sequence[str]) -> Path:
    """
    Return where the files of single runs of a plan are kept until all are done, marked with the plan.

    Raises `BundleWrong` where another plan has left some, or one of *whole* is there, which a finished folder has.
    """
    shards, mark = folder / _RUNS, folder / _RUNS / _PLAN
    if any((folder / name).exists() for name in whole):
        raise BundleWrong(f"{folder} has a finished run already: name another folder, or remove that one.")
    shards.mkdir(parents=True, exist_ok=True)
    if mark.exists() and mark.read_text("utf-8") != plan:
        raise BundleWrong(f"{folder} has part of a run of another scenario: name another folder, or remove that one.")
    write_whole(mark, plan.encode())
    return shards


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    part.replace(path)


def clear(folder: Path) -> None:
    """Remove the files of single runs: what they came to is written."""
    for each in (folder / _RUNS).iterdir():
        each.unlink()
    (folder / _RUNS).rmdir()

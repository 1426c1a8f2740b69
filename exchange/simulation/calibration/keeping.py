"""
Measured runs kept in files, so that a calibration that was ended goes on where it was.

The search is the same for the same numbers: it is walked again from its beginning, and finds in the folder what was
measured before. Whatever ends the process loses at most the runs that were under way.
"""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path

import msgspec

from exchange.simulation.calibration.fitting import MeasuredRow, MeasuredRun
from exchange.simulation.runs import carry_out
from exchange.simulation.shards import BundleWrong, clear, shards_in, write_whole

FINISHED = "fitted.toml"
"""The file that is written last."""


class KeptRows:
    """
    Plays runs and keeps what they were measured at, in a folder of one plan.

    *found* are those that an earlier try left and that were asked for again, *played* those of this one; *told* is
    called with both after each. A file that cannot be read is as good as none. Raises `BundleWrong` for a folder of
    something else.
    """

    def __init__(
        self, folder: Path, plan: str, executor: Executor | None, told: Callable[[int, int], None] = lambda _a, _b: None
    ) -> None:
        self.found = self.played = 0
        self._folder = folder
        if folder.exists() and any(folder.iterdir()) and not (folder / "runs").is_dir():
            raise BundleWrong(f"{folder} is not empty: name another folder, or remove that one.")
        self._shards = shards_in(folder, plan, (FINISHED,))
        self._executor = executor
        self._told = told

    def play(self, jobs: Sequence[MeasuredRun]) -> list[MeasuredRow]:
        """Return what each run is measured at, in their order; those that failed are played again another time."""
        paths = [self._shards / f"{_name_of(job)}.row" for job in jobs]
        rows: dict[int, MeasuredRow] = {}
        for number, path in enumerate(paths):
            with suppress(FileNotFoundError, msgspec.DecodeError):
                rows[number] = msgspec.msgpack.decode(path.read_bytes(), type=MeasuredRow)
                self.found += 1
                self._told(self.found, self.played)

        def keep(number: int, row: MeasuredRow) -> None:
            rows[number] = row
            if row.fault is None:
                write_whole(paths[number], msgspec.msgpack.encode(row))
            self.played += 1
            self._told(self.found, self.played)

        missing = {number: job for number, job in enumerate(jobs) if number not in rows}
        carry_out(MeasuredRun.play, missing, self._executor, keep)
        return [rows[number] for number in range(len(jobs))]

    def clear(self) -> None:
        """Remove the files of single runs: what they came to is written."""
        clear(self._folder)


def _name_of(job: MeasuredRun) -> str:
    """Name a run by all of it that differs within a plan: values, replication, and what is measured."""
    facts = [each.fact for each in job.targets]
    said = (job.job.levers, job.job.setting, job.job.replication, facts)
    return hashlib.sha256(msgspec.msgpack.encode(said)).hexdigest()[:32]

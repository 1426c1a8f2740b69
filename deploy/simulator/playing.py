"""A visitor's choices as a job, and what it comes to: the same files as those of ``kilnwood sim run``."""

import io
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from deploy.simulator.choices import Choices
from deploy.simulator.workshop import SimulationJob
from exchange.simulation.bundle import write
from exchange.simulation.runs import play
from exchange.simulation.statistics import SettingSummary

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in an archive: the same run is the same bytes."""


class PlayedScenario(NamedTuple):
    """What a job came to. *failed* is how many runs failed and are not in the figures."""

    plan: str
    report: bytes
    summary: tuple[SettingSummary, ...]
    archive: bytes
    failed: int
    runs: int


def job_of(choices: Choices) -> SimulationJob:
    """The runs one by one, then the report."""
    return SimulationJob(choices.plan, [partial(play, each) for each in choices.runs], partial(_finished, choices))


def _finished(choices: Choices, results: Sequence[object]) -> PlayedScenario:
    """Write the folder of ``kilnwood sim run`` from runs that are done."""
    done = dict(zip(choices.runs, results, strict=True))
    with tempfile.TemporaryDirectory(prefix="kw-sim-") as made:
        folder = Path(made)
        manifest = write(
            folder, choices.text, dict(choices.changes), replications=choices.replications, executor=_Known(done)
        )
        files = {name: (folder / name).read_bytes() for name in sorted((*manifest.outputs, "bundle.json"))}
    summary = msgspec.json.decode(files["summary.json"], type=tuple[SettingSummary, ...])
    failed = len(manifest.failed)
    return PlayedScenario(manifest.plan, files["report.html"], summary, _archive(files), failed, len(manifest.runs))


class _Known(Executor):
    """Hands over what was played already."""

    def __init__(self, done: dict[Any, object]) -> None:
        self._done = done

    def submit(self, _fn: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:  # noqa: ANN401 - of any executor
        """The result of the run that is asked for."""
        future: Future[Any] = Future()
        future.set_result(self._done[args[0]])
        return future


def _archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()

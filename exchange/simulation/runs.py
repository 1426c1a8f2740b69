"""All runs of a scenario: each setting of its levers in each replication, here or over any executor."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from itertools import islice, product
from typing import Any, Final, NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from exchange.simulation.files import ScenarioWrong, read
from exchange.simulation.lines import line_of
from exchange.simulation.plans import Scenario
from exchange.simulation.results import RunResult
from exchange.simulation.world import World

_Job = TypeVar("_Job")
_Outcome = TypeVar("_Outcome")
_AHEAD: Final = 256
"""Runs that wait at an executor whose number of workers is not known."""


class PlannedRun(NamedTuple):
    """One run to do: the text of a scenario, its changes by an overlay, and the values of its levers."""

    text: str
    changes: tuple[tuple[str, int], ...]
    levers: tuple[str, ...]
    setting: tuple[int, ...]
    replication: int

    def scenario(self) -> Scenario:
        """Read the scenario of this run. Raises `ScenarioWrong`."""
        return read(self.text, {**dict(self.changes), **dict(zip(self.levers, self.setting, strict=True))})


class FailedRun(Struct, frozen=True, kw_only=True):
    """A run that ended with a fault of the program; the others go on."""

    setting: tuple[int, ...]
    replication: int
    fault: str


def planned_runs(
    text: str, changes: Mapping[str, int] | None = None, replications: int | None = None
) -> tuple[PlannedRun, ...]:
    """
    Return every run of a scenario, with as many *replications* as it says or as are asked for.

    Each setting is read and checked first. Raises `ScenarioWrong`.
    """
    scenario = read(text, changes)
    fixed = tuple(sorted((changes or {}).items()))
    levers = tuple(each.parameter for each in scenario.lever)
    for at, name in enumerate(levers):
        if name in (changes or {}):
            raise ScenarioWrong(line_of(text, ("lever", str(at))), f"{name} is a lever here: an overlay cannot fix it")
    settings = list(product(*(each.values for each in scenario.lever)))
    for setting in settings:
        PlannedRun(text, fixed, levers, setting, 0).scenario()
    count = replications or scenario.replications
    return tuple(PlannedRun(text, fixed, levers, setting, number) for setting in settings for number in range(count))


def play(job: PlannedRun) -> RunResult | FailedRun:
    """Do one run. What goes wrong in it is its result."""
    try:
        return replace(World(job.scenario(), job.replication).play(), setting=job.setting)
    except Exception as error:  # noqa: BLE001 - one run must not end a sweep of thousands
        return FailedRun(setting=job.setting, replication=job.replication, fault=f"{type(error).__name__}: {error}")


Done = RunResult | FailedRun


def play_all(jobs: Mapping[int, PlannedRun], executor: Executor | None, each: Callable[[int, Done], None]) -> None:
    """Do the runs, and hand each over as soon as it is done, as `carry_out` does."""
    carry_out(play, jobs, executor, each)


def carry_out(
    do: Callable[[_Job], _Outcome],
    jobs: Mapping[int, _Job],
    executor: Executor | None,
    each: Callable[[int, _Outcome], None],
) -> None:
    """
    Do jobs, and hand each over as soon as it is done, in whichever order that is.

    Processes get no job before their last one was handed over, so that one that is killed loses one job, and the end of
    this process one of each. What a broken executor raises is raised last: all that was done is handed over before.
    """
    if executor is None:
        for number, job in jobs.items():
            each(number, do(job))
        return
    broken: BaseException | None = None
    left, slots = iter(jobs.items()), getattr(executor, "_max_workers", _AHEAD)
    waiting: dict[Future[_Outcome], int] = {}
    while True:
        try:
            waiting |= {executor.submit(do, job): number for number, job in islice(left, slots - len(waiting))}
        except BrokenExecutor as error:
            broken, left = error, iter(())
        if not waiting:
            break
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            number = waiting.pop(future)
            if (trouble := _trouble(future)) is None:
                each(number, future.result())
            else:
                broken = trouble
    if broken is not None:
        raise broken


def _trouble(future: Future[Any]) -> BaseException | None:
    """What kept the executor from playing a run; what goes wrong in a run is its result."""
    return CancelledError() if future.cancelled() else future.exception()


def by_setting(runs: Iterable[RunResult]) -> Iterator[tuple[tuple[int, ...], list[RunResult]]]:
    """Group runs by the setting of the levers, in the order of the scenario."""
    found: dict[tuple[int, ...], list[RunResult]] = {}
    for run in runs:
        found.setdefault(run.setting, []).append(run)
    yield from found.items()

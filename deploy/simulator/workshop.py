"""
Where visitors' simulations are played: in one process beside the service, a few at a time, and kept for a while.

A job is a number of steps, each a call that the process makes; jobs take turns step by step, so a short one does not
wait for a long one. What a job comes to is kept under its key. A key says all that decides the result, so whoever asks
with the same key gets the same, and nothing is lost where this process ends: it is played again.
"""

import asyncio
import contextlib
import os
import signal
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from time import monotonic
from typing import Final, NamedTuple

import structlog

from deploy.simulator import worker
from registry.kit.problems import DomainError, Kind, Unavailable

log = structlog.get_logger()

MOST_JOBS: Final = 20
"""Jobs that are under way at the same time, of everybody."""
MOST_OF_ONE: Final = 8
"""Those of one address, behind which may be a class of pupils."""
KEPT: Final = 32
"""Results that are kept; the one that was looked at the longest ago makes room."""
ABANDONED_S: Final = 30.0
"""A job for which nobody has asked so long is ended."""
FAILED_FOR_S: Final = 60.0
"""So long a failure is told before the same is tried again."""


class SimulatorBusy(Unavailable):
    """The simulator plays as many runs as it takes at the same time. Nothing is lost: the link has all choices."""

    slug, title = "simulator-busy", "The simulator is busy"


class RunEnded(DomainError):
    """A run was ended: it took too long, or too much memory."""

    kind, slug, title = Kind.UNPROCESSABLE, "run-ended", "The run was ended"


class SimulationJob(NamedTuple):
    """What is to be played: steps in turn, then *finish* with what they returned. Both run in another process."""

    key: str
    steps: Sequence[Callable[[], object]]
    finish: Callable[[list[object]], object]


class JobProgress(NamedTuple):
    """How far a job is: steps that are *done*, of all *steps*; *result* is there at the end."""

    done: int
    steps: int
    result: object | None = None


class _UnderWay:
    """A job that is being played."""

    def __init__(self, job: SimulationJob, caller: str, task: "asyncio.Task[object]") -> None:
        self.job = job
        self.caller = caller
        self.task = task
        self.done = 0
        self.asked_s = monotonic()


class Workshop:
    """Plays jobs, keeps what they come to, and refuses more than it can do. *worker_id* is its process, 0 if none."""

    def __init__(self, *, step_s: float = worker.STEP_S) -> None:
        """No step takes longer than *step_s*."""
        self._step_s = step_s
        self._pool: ProcessPoolExecutor | None = None
        self.worker_id = 0
        self._forget()

    def _forget(self) -> None:
        self._jobs: dict[str, _UnderWay] = {}
        self._kept: OrderedDict[str, object] = OrderedDict()
        self._failed: dict[str, tuple[float, RunEnded]] = {}
        self._turn = asyncio.Lock()

    async def ask(self, job: SimulationJob, *, caller: str, patience_s: float) -> JobProgress:
        """
        Say how far *job* is, and begin it where nobody has; waits up to *patience_s* for its end.

        Raises `SimulatorBusy` where too many are under way, in all or of this *caller*, and `RunEnded`.
        """
        if job.key in self._kept:
            self._kept.move_to_end(job.key)
            return JobProgress(len(job.steps), len(job.steps), self._kept[job.key])
        self._tell_failure(job.key)
        found = self._jobs.get(job.key)
        if found is None or found.task.done():
            found = self._begin(job, caller)
        found.asked_s = monotonic()
        await asyncio.wait({found.task}, timeout=patience_s)
        if not found.task.done():
            return JobProgress(found.done, len(job.steps))
        self._tell_failure(job.key)
        made = None if found.task.cancelled() else found.task.result()  # None: nobody had asked for a while
        return JobProgress(len(job.steps) if made else 0, len(job.steps), made)

    async def close(self) -> None:
        """End what is under way, and the process. What was kept is forgotten."""
        tasks = [each.task for each in self._jobs.values()]
        for task in tasks:
            task.cancel()
        self._end_worker()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._forget()

    def _tell_failure(self, key: str) -> None:
        until_s, refusal = self._failed.get(key, (0.0, None))
        if refusal is not None and monotonic() < until_s:
            raise refusal

    def _begin(self, job: SimulationJob, caller: str) -> _UnderWay:
        under_way = [each for each in self._jobs.values() if not each.task.done()]
        mine = sum(each.caller == caller for each in under_way)
        if len(under_way) >= MOST_JOBS or mine >= MOST_OF_ONE:
            raise SimulatorBusy(
                f"{len(under_way)} simulations are being played, {mine} of them for your address; {MOST_JOBS} are "
                f"taken at the same time, {MOST_OF_ONE} of one address. The link has all that you chose: open it again "
                "in a minute.",
                retry_after_s=20,
            )
        if not under_way:
            self._turn = asyncio.Lock()  # the one before may be of an event loop that has ended
        task = asyncio.create_task(self._carry_out(job))
        self._jobs[job.key] = made = _UnderWay(job, caller, task)
        task.add_done_callback(lambda _: self._jobs.pop(job.key) if self._jobs.get(job.key) is made else None)
        return made

    async def _carry_out(self, job: SimulationJob) -> object | None:
        """Do all steps of a job; what it comes to is kept, or why it failed."""
        results: list[object] = []
        try:
            for step in job.steps:
                if monotonic() - self._jobs[job.key].asked_s > ABANDONED_S:
                    return None
                results.append(await self._in_turn(step))
                self._jobs[job.key].done += 1
            made = await self._in_turn(partial(job.finish, results))
        except BrokenExecutor:
            log.warning("simulation_ended", key=job.key)
            self._note(
                job.key,
                RunEnded(
                    f"One run took more than {self._step_s:g} s or {worker.MEMORY_BYTES >> 20} MB. Choose fewer people "
                    "or days, or play it yourself with kilnwood sim run."
                ),
            )
            return None
        except Exception:
            log.exception("simulation_failed", key=job.key)
            self._note(job.key, RunEnded("The simulator failed. The operator's log says why; other choices may work."))
            return None
        self._kept[job.key] = made
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return made

    def _note(self, key: str, refusal: RunEnded) -> None:
        now_s = monotonic()
        self._failed = {each: known for each, known in self._failed.items() if known[0] > now_s}
        self._failed[key] = (now_s + FAILED_FOR_S, refusal)

    async def _in_turn(self, step: Callable[[], object]) -> object:
        """Have one step done, when it is its turn. Raises `BrokenExecutor` where the process ended over it."""
        async with self._turn:
            pool = self._pool or await self._started()
            try:
                return await asyncio.get_running_loop().run_in_executor(pool, worker.limited, step, self._step_s)
            except BrokenExecutor:
                self._end_worker()
                raise

    async def _started(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=worker.begin)
        self._pool = pool
        self.worker_id = await asyncio.get_running_loop().run_in_executor(pool, os.getpid)
        return pool

    def _end_worker(self) -> None:
        """End the process at once, whatever it does."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
            if self.worker_id:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.worker_id, signal.SIGKILL)
        self.worker_id = 0

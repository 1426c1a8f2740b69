"""What the bench says: figures with their limits, medians of rounds, and the machine they belong to."""

import os
import platform
import subprocess
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Literal, NamedTuple

import msgspec

from deploy.postgres.programs import binary

Verdict = Literal["reached", "missed"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a figure: *text* for people, and whether it was reached."""

    text: str
    verdict: Verdict


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """
    One figure: the median of *rounds* values, and that of its *limit* measured between them, if it has one.

    *share* compares the two: of rates, the figure by its limit; of times, likewise. *notes* name what else was seen,
    *remarks* say what has no number.
    """

    name: str
    what: str
    unit: str
    value: float
    limit: float | None
    limit_what: str
    share: float | None
    target: Target | None
    rounds: int
    notes: dict[str, float] = {}
    remarks: tuple[str, ...] = ()


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where the figures were measured; they mean nothing elsewhere."""

    processor: str
    cores: int
    load: float
    system: str
    python: str
    postgresql: str


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the bench."""

    machine: Machine
    seconds: float
    figures: tuple[Figure, ...]


class Medians(NamedTuple):
    """Medians of what was measured in turn: the thing itself, and its limit."""

    value: float
    limit: float


def in_turn(rounds: int, limit: Callable[[], float], value: Callable[[], float]) -> Medians:
    """Measure the limit and the thing in turn, so that both see the same machine."""
    limits, values = zip(*((limit(), value()) for _ in range(rounds)), strict=True)
    return Medians(median(values), median(limits))


def at_least(value: float, wanted: float, text: str) -> Target:
    """A target for a value that should be large."""
    return Target(text=text, verdict="reached" if value >= wanted else "missed")


def at_most(value: float, wanted: float, text: str) -> Target:
    """A target for a value that should be small."""
    return Target(text=text, verdict="reached" if value <= wanted else "missed")


def seconds_of(work: Callable[[], object]) -> float:
    """How long *work* takes."""
    begun = perf_counter()
    work()
    return perf_counter() - begun


def this_machine() -> Machine:
    """Name processor, cores and versions; *load* is the load average before the run: above zero, it was shared."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        load=round(os.getloadavg()[0], 2),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        postgresql=_postgresql(),
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8", "replace").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _postgresql() -> str:
    done = subprocess.run([binary("postgres"), "--version"], capture_output=True, text=True, check=True)
    return done.stdout.rpartition(" ")[2].strip()

"""A year of a simulated city: agents, engine, registry and bank together, beside its commands on the engine alone."""

import json
import subprocess
import sys
from concurrent.futures import Executor
from statistics import median
from time import perf_counter

from deploy.bench.figures import Figure, at_least, at_most, seconds_of
from deploy.bench.mesa_traders import mesa_model, mesa_version, play
from deploy.cli.executors import executor
from deploy.processes.garbage import as_served
from exchange.engine.core import Engine
from exchange.journal import codec
from exchange.simulation.files import read, shipped
from exchange.simulation.plans import Scenario
from exchange.simulation.published import JournalRow
from exchange.simulation.runs import PlannedRun, play_all
from exchange.simulation.world import World

_WANTED_S, _WANTED_1000_S, _WANTED_RATE = 1.3, 5.0, 200_000
_WANTED_MB, _MORRIS_MIN, _SOBOL_MIN = 64, 10, 60
_MORRIS_RUNS, _SOBOL_RUNS, _WORKERS = 900, 5_120, 2
_MIB = 1 << 20
_PEAK = """
import json, resource, sys
from pathlib import Path
from exchange.simulation.files import read, shipped
from exchange.simulation.world import World
World(read(shipped()["compliance-rhythm"], json.loads(sys.argv[1])), 0).play()
status = Path("/proc/self/status")  # elsewhere the peak may be that of the parent, before this program began
lines = status.read_text().splitlines() if status.exists() else []
peaks = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")]
print(peaks[0] if peaks else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _changes(agents: int) -> dict[str, int]:
    """What makes `compliance-rhythm` a city of so many: most are covered enterprises, fifteen developers."""
    parts = {"mills": 60, "offices": 20, "hosts": 10, "traders": 7, "quoters": 3}
    counts = {f"population.{name}.count": (agents - 15) * part // 100 for name, part in parts.items()}
    developers = {"project.kiln.developers": 5, "project.forest.developers": 5, "project.elsewhere.developers": 5}
    issued = {f"project.{name}.issued_t": agents * 30 for name in ("kiln", "forest", "elsewhere")}
    return {**counts, **developers, **issued}


def _city(agents: int) -> Scenario:
    return read(shipped()["compliance-rhythm"], _changes(agents))


def _on_the_engine(rows: list[JournalRow]) -> float:
    """How long the engine alone takes for the commands of a run, which are decoded beforehand."""
    engine, batches = Engine(), [codec.decode_commands(row.commands) for row in rows]
    begun = perf_counter()
    for batch in batches:
        for command in batch:
            engine.apply(command)
    return perf_counter() - begun


def _year(agents: int, rounds: int, name: str, wanted_s: float) -> Figure:
    scenario, taken, alone, commands = _city(agents), [], [], 0
    for _ in range(rounds):
        world = World(scenario, 0)
        with as_served():
            taken.append(seconds_of(world.play))
            alone.append(_on_the_engine(world.venue.rows))
        commands = world.venue.engine.market.sequence
    value = median(taken)
    return Figure(
        name=name,
        what=f"one run: {agents:,} agents, 365 days, {commands:,} commands, everything settled and retired",
        unit="s",
        value=value,
        limit=median(alone),
        limit_what="the same commands on the engine alone, without people, events kept or hashes",
        share=median(there / here for here, there in zip(taken, alone, strict=True)),
        target=at_most(value, wanted_s, f"≤ {wanted_s} s"),
        rounds=rounds,
        notes={"commands/s": commands / value},
    )


def year_300(*, seconds: float, rounds: int) -> Figure:  # noqa: ARG001 - one run is as long as it is
    """A year of 300 agents."""
    return _year(300, rounds, "year-300", _WANTED_S)


def year_1000(*, seconds: float, rounds: int) -> Figure:  # noqa: ARG001 - one run is as long as it is
    """A year of 1,000 agents."""
    return _year(1_000, rounds, "year-1000", _WANTED_1000_S)


def year_memory(*, seconds: float, rounds: int) -> Figure:  # noqa: ARG001 - one run is as long as it is
    """What a process needs that does nothing but play a year of 300 agents, its start included."""
    peaks = []
    for _ in range(rounds):
        words = [sys.executable, "-c", _PEAK, json.dumps(_changes(300))]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) / _MIB)
    value = median(peaks)
    return Figure(
        name="year-300-memory",
        what="largest resident memory of a new process that plays one year of 300 agents",
        unit="MiB",
        value=value,
        limit=None,
        limit_what="none beside it",
        share=None,
        target=at_most(value, _WANTED_MB, f"≤ {_WANTED_MB} MiB"),
        rounds=rounds,
    )


def morris_900(*, seconds: float, rounds: int) -> Figure:
    """A sweep by Morris' method."""
    return _sweep("morris-900", _MORRIS_RUNS, _MORRIS_MIN, seconds=seconds, rounds=rounds)


def sobol_5120(*, seconds: float, rounds: int) -> Figure:
    """A sweep by Sobol's method."""
    return _sweep("sobol-5120", _SOBOL_RUNS, _SOBOL_MIN, seconds=seconds, rounds=rounds)


def _sweep(name: str, runs: int, wanted_min: int, *, seconds: float, rounds: int) -> Figure:
    """Play runs of `compliance-rhythm` for a while, and say how long all of them would take."""
    parameter = "population.mills.late_bps"
    jobs = [PlannedRun(shipped()["compliance-rhythm"], (), (parameter,), (each,), 0) for each in range(0, 10_001, 100)]
    with executor(_WORKERS) as pool:
        assert pool is not None, "these are processes"
        _play_some(pool, jobs[:_WORKERS])  # both have imported everything
        some = jobs[: max(_WORKERS, round(10 * seconds))]
        taken = [seconds_of(lambda: _play_some(pool, some)) / len(some) for _ in range(rounds)]
    value = median(taken) * runs / 60
    return Figure(
        name=name,
        what=f"{runs:,} runs of compliance-rhythm by {_WORKERS} processes, scaled from {len(some)} of them",
        unit="min",
        value=value,
        limit=None,
        limit_what="none beside it",
        share=None,
        target=at_most(value, wanted_min, f"≤ {wanted_min} min"),
        rounds=rounds,
        notes={"runs/s": 1 / median(taken)},
    )


def _play_some(pool: Executor, jobs: list[PlannedRun]) -> None:
    play_all(dict(enumerate(jobs)), pool, lambda _number, _done: None)


def agents(*, seconds: float, rounds: int) -> Figure:  # noqa: ARG001 - one run is as long as it is
    """Commands in a second where everybody trades every day: zero-intelligence buyers and sellers."""
    changes = {"population.buyers.count": 600, "population.buyers.active_bps": 10_000, "project.sellers.developers": 30}
    scenario, rates, alone, commands = read(shipped()["zero-intelligence"], changes), [], [], 0
    peer = []
    for _ in range(rounds):
        if mesa_version() is not None:
            peer.append(_rate_of_mesa(scenario))
        world = World(scenario, 0)
        with as_served():
            taken = seconds_of(world.play)
            commands = world.venue.engine.market.sequence
            alone.append(commands / _on_the_engine(world.venue.rows))
        rates.append(commands / taken)
    value = median(rates)
    return Figure(
        name="agents",
        what=f"commands of zero-intelligence traders, {commands:,} of them, agents and hashes of the journal included",
        unit="/s",
        value=value,
        limit=median(alone),
        limit_what="the same commands on the engine alone",
        share=median(here / there for here, there in zip(rates, alone, strict=True)),
        target=at_least(value, _WANTED_RATE, f"≥ {_WANTED_RATE:,}/s"),
        rounds=rounds,
        notes={"mesa's commands/s": median(peer)} if peer else {},
        remarks=(f"mesa {mesa_version()}" if peer else "mesa is not installed",),
    )


def _rate_of_mesa(scenario: Scenario) -> float:
    """Commands a second of the same traders in mesa, on a book without accounts."""
    model = mesa_model(scenario)
    with as_served():
        begun = perf_counter()
        commands = play(model, scenario.horizon.days.value)
        return commands / (perf_counter() - begun)

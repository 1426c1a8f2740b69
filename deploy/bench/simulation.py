"""A year of a simulated city: agents, engine, registry and bank together, beside its commands on the engine alone."""

from statistics import median
from time import perf_counter

from deploy.bench.figures import Figure, at_least, at_most, seconds_of
from deploy.processes.garbage import as_served
from exchange.engine.core import Engine
from exchange.journal import codec
from exchange.simulation.files import read, shipped
from exchange.simulation.plans import Scenario
from exchange.simulation.venue import JournalRow
from exchange.simulation.world import World

_WANTED_S, _WANTED_1000_S, _WANTED_RATE = 1.3, 5.0, 200_000


def _city(agents: int) -> Scenario:
    """Return the city of `compliance-rhythm` with so many agents: most are covered enterprises, fifteen developers."""
    parts = {"mills": 60, "offices": 20, "hosts": 10, "traders": 7, "quoters": 3}
    counts = {f"population.{name}.count": (agents - 15) * part // 100 for name, part in parts.items()}
    developers = {"project.kiln.developers": 5, "project.forest.developers": 5, "project.elsewhere.developers": 5}
    issued = {f"project.{name}.issued_t": agents * 30 for name in ("kiln", "forest", "elsewhere")}
    return read(shipped()["compliance-rhythm"], {**counts, **developers, **issued})


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


def agents(*, seconds: float, rounds: int) -> Figure:  # noqa: ARG001 - one run is as long as it is
    """Commands in a second where everybody trades every day: zero-intelligence buyers and sellers."""
    changes = {"population.buyers.count": 600, "population.buyers.active_bps": 10_000, "project.sellers.developers": 30}
    scenario, rates, alone, commands = read(shipped()["zero-intelligence"], changes), [], [], 0
    for _ in range(rounds):
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
    )

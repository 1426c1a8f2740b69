"""A small scenario for tests: a city of a few weeks, from the first one that is shipped."""

from collections.abc import Mapping

from exchange.simulation.files import read, shipped
from exchange.simulation.plans import Scenario
from exchange.simulation.venue import PlayedVenue
from exchange.simulation.world import World

RHYTHM = shipped()["compliance-rhythm"]
SMALL: Mapping[str, int] = {
    "horizon.days": 90,
    "policy.deadline_day": 70,
    "population.mills.count": 8,
    "population.mills.window_days": 30,
    "population.offices.count": 4,
    "population.hosts.count": 2,
    "population.traders.count": 2,
    "population.quoters.count": 1,
}
"""What is smaller in it; each within the range of its parameter."""


def small(**changes: int) -> Scenario:
    """Read the small scenario with some parameters changed, ``__`` for each dot."""
    return read(RHYTHM, {**SMALL, **{name.replace("__", "."): value for name, value in changes.items()}})


def played(scenario: Scenario, replication: int = 0) -> World:
    """Play one run, with conservation of kilograms, money and points checked after every command."""
    built: list[World] = []

    def after(venue: PlayedVenue, *_: object) -> None:
        venue.ledger.check(venue.engine.market)
        for world in built:
            world.check()

    world = World(scenario, replication, after, evening=World.check)
    built.append(world)
    world.play()
    return world

"""Kilograms, money and points after every command: thousands of them here, 10^8 where `KILNWOOD_SIM_COMMANDS` asks."""

import os

import pytest

from exchange.simulation.files import read, shipped
from exchange.simulation.plans import Scenario
from exchange.simulation.world import World
from tests.exchange.simulation.conserved import Conserved

COMMANDS = int(os.environ.get("KILNWOOD_SIM_COMMANDS", "20000"))
"""So many commands are given at least, in as many runs as that takes; above a million the market is larger too."""


def busy(buyers: int) -> Scenario:
    """A market in which everybody trades every day, with points behind which credits are retired, and with a buffer."""
    points = shipped()["points-coupling"]
    section = points[points.index("[points]") : points.index("[[lever]]")]
    market = shipped()["zero-intelligence"]
    at = market.index("[[lever]]")
    changes = {
        "population.buyers.count": buyers,
        "population.buyers.active_bps": 10_000,
        "project.sellers.developers": max(3, buyers // 20),
        "project.sellers.issued_t": 40,
        "project.sellers.every_days": 30,
        "policy.buffer_bps": 333,
        "points.coupling": 1,
        "points.residents": 5_000,
    }
    return read(market[:at] + section + market[at:], changes)


def test_everything_is_conserved_after_every_command():
    """What a command touched is added anew, and all of it every evening; in as many runs as the number needs."""
    given, replication, retired_t, redeemed = 0, 0, 0, 0
    scenario = busy(600 if COMMANDS > 1_000_000 else 60)
    while given < COMMANDS:
        world, watch = Conserved.watching(scenario, replication)
        world.play()
        assert world.points is not None
        retired_t, redeemed = retired_t + world.points.retired_t, redeemed + world.points.redeemed
        given, replication = given + watch.commands, replication + 1
    assert retired_t > 0
    assert redeemed > 0


def test_the_check_after_every_command_bites():
    """A fen on an account that trades, a kilogram in the buffer, a point: one too many is found by a later command."""
    for fault, said in (("cash", "other money"), ("buffer", "a kilogram"), ("points", "a point is lost")):
        world, watch = Conserved.watching(busy(20))

        def spoil(world: World, fault: str = fault, watch: Conserved = watch) -> None:
            if watch.commands > 200 and fault == "cash":
                account = max(world.venue.engine.market.accounts.values(), key=lambda each: each.cash.settled)
                account.cash.settled += 1
            elif watch.commands > 200 and fault == "points":
                assert world.points is not None
                world.points.issued += 1
            elif watch.commands > 200:
                world.ledger.buffer[1] += 1

        world._evening = spoil
        with pytest.raises(AssertionError, match=said):
            world.play()

"""Retirements in a second: through the service over loopback HTTP, and by pgbench with the same statements."""

import subprocess
import sys

import msgspec

from deploy.bench.figures import Figure, at_least, in_turn
from deploy.bench.load import Job, Load
from deploy.bench.pgbench import per_second
from deploy.bench.region import BenchRegion

_PATIENCE_S = 60.0
_WANTED = 0.4
_MANY = 32


class LoadFailed(Exception):
    """The service refused what the load generator sent; the text is its answer."""


def one_client(world: BenchRegion, *, seconds: float, rounds: int) -> Figure:
    """A client that waits for each answer."""
    return _retirements(world, clients=1, seconds=seconds, rounds=rounds)


def many_clients(world: BenchRegion, *, seconds: float, rounds: int) -> Figure:
    """As many clients as a busy day has."""
    return _retirements(world, clients=_MANY, seconds=seconds, rounds=rounds)


def _retirements(world: BenchRegion, *, clients: int, seconds: float, rounds: int) -> Figure:
    loads: list[Load] = []

    def service() -> float:
        loads.append(through_service(world, clients=clients, seconds=seconds))
        return loads[-1].done / loads[-1].seconds

    measured = in_turn(rounds, lambda: per_second(world, clients=clients, seconds=seconds), service)
    share = measured.value / measured.limit
    return Figure(
        name=f"retirements-{clients}",
        what=f"retirements through the service, {clients} client{'s' * (clients > 1)}",
        unit="/s",
        value=measured.value,
        limit=measured.limit,
        limit_what="pgbench with the same statements",
        share=share,
        target=at_least(share, _WANTED, f"≥ {_WANTED:.0%} of pgbench") if clients == _MANY else None,
        rounds=rounds,
        notes={"share of a core that the load generator took": max(each.processor_s / each.seconds for each in loads)},
    )


def through_service(world: BenchRegion, *, clients: int, seconds: float) -> Load:
    """Retire through the service for *seconds*. Raises `LoadFailed`."""
    job = Job(
        port=int(world.region.url.rpartition(":")[2]),
        key=world.holder.key,
        clients=clients,
        seconds=seconds,
        first_account=world.accounts.start,
        first_claim=world.claims.start,
        pairs=len(world.accounts),
    )
    done = subprocess.run(
        [sys.executable, "-m", "deploy.bench.load"],
        input=msgspec.json.encode(job),
        capture_output=True,
        check=False,
        timeout=seconds + _PATIENCE_S,
    )
    if done.returncode or done.stderr:
        raise LoadFailed(done.stderr.decode(errors="replace"))
    load = msgspec.json.decode(done.stdout, type=Load)
    if load.refused:
        raise LoadFailed(load.refused)
    return load

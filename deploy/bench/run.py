"""Measures what was asked for and shows it: a table for people, JSON for programs."""

import subprocess
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Protocol

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.bench import region
from deploy.bench.certificates import browser_verify, certificates
from deploy.bench.exchange.auction import auction
from deploy.bench.exchange.book import book
from deploy.bench.exchange.call import call
from deploy.bench.exchange.campaign import campaign
from deploy.bench.exchange.core import call_latency, core
from deploy.bench.exchange.depth import cancel, memory
from deploy.bench.exchange.durable import book_day, durable_100, durable_1000, projected, replay
from deploy.bench.exchange.large import fok, freeze
from deploy.bench.exchange.served import ServedMarket, deliveries, orders_in_a_rush, orders_over_http, traded, winners
from deploy.bench.exchange.sparse import sparse_range
from deploy.bench.exchange.streams import readers, websocket
from deploy.bench.exchange.sustained import websocket_minute
from deploy.bench.figures import Figure, Machine, Results, this_machine
from deploy.bench.issuance import issuance
from deploy.bench.pages import home, market_page, project
from deploy.bench.paint import PAINTS
from deploy.bench.pgbench import PgbenchFailed
from deploy.bench.region import BenchRegion
from deploy.bench.retirements import LoadFailed, many_clients, one_client
from deploy.bench.sequencing import sequencing
from deploy.bench.simulation import agents, morris_900, sobol_5120, year_300, year_1000, year_memory
from deploy.bench.verification import cold_verify, verification
from deploy.local.children import ChildTrouble
from deploy.postgres.programs import PostgresUnavailable
from deploy.scenarios.client import Unexpected

_ROUNDS = 5
_ROUNDS_SHORT = 1
_SHORT_S = 0.5


class Measure(Protocol):
    """Measures one figure in *rounds*, each about *seconds* long."""

    def __call__(self, *, seconds: float, rounds: int) -> Figure:
        """Answer the figure with its limit."""


class RegionMeasure(Protocol):
    """A measure of a running region."""

    def __call__(self, world: BenchRegion, *, seconds: float, rounds: int) -> Figure:
        """Answer the figure with its limit."""


class MarketMeasure(Protocol):
    """A measure of a running region with its market open."""

    def __call__(self, market: ServedMarket, *, seconds: float, rounds: int) -> Figure:
        """Answer the figure."""


TROUBLE = (PostgresUnavailable, ChildTrouble, Unexpected, PgbenchFailed, LoadFailed, subprocess.TimeoutExpired)
"""Why a run may end without results; the text says what happened."""
REGISTRY: dict[str, RegionMeasure] = {
    "retirements-1": one_client,
    "retirements-32": many_clients,
    "issuance": issuance,
    "sequencing": sequencing,
    "verification": verification,
    "cold-verify": cold_verify,
    "certificates": certificates,
    "browser-verify": browser_verify,
}
EXCHANGE: dict[str, Measure] = {
    "book": book,
    "core": core,
    "call-latency": call_latency,
    "cancel": cancel,
    "memory": memory,
    "sparse-range": sparse_range,
    "fok": fok,
    "freeze": freeze,
    "campaign": campaign,
    "auction": auction,
    "call": call,
    "durable-100": durable_100,
    "durable-1000": durable_1000,
    "projected": projected,
    "replay": replay,
    "book-day": book_day,
}
TRADED: dict[str, MarketMeasure] = {
    "deliveries": deliveries,
    "winners": winners,
    "orders-http": orders_over_http,
    "orders-rush": orders_in_a_rush,
    "websocket": websocket,
    "websocket-minute": websocket_minute,
    "readers": readers,
}
PAGES: dict[str, MarketMeasure] = {
    "page-home": home,
    "page-project": project,
    "page-market": market_page,
    **PAINTS,
}
SIMULATION: dict[str, Measure] = {
    "agents": agents,
    "year-300": year_300,
    "year-300-memory": year_memory,
    "year-1000": year_1000,
    "morris-900": morris_900,
    "sobol-5120": sobol_5120,
}
FIGURES: dict[str, Collection[str]] = {
    "registry": REGISTRY,
    "exchange": {**EXCHANGE, **TRADED},
    "pages": PAGES,
    "simulation": SIMULATION,
}
"""What can be measured, and the names of its figures."""


def measured(what: str, names: Collection[str], *, seconds: float, tell: Callable[[str], None]) -> Results:
    """Measure the figures of *what* that *names* has, all when it is empty. What was started for that is removed."""
    machine = this_machine()
    rounds = _ROUNDS if seconds >= _SHORT_S else _ROUNDS_SHORT
    figures = []
    with _STARTED[what](tell) as measures:
        for name, measure in measures.items():
            if not names or name in names:
                tell(f"measuring {name}")
                figures.append(measure(seconds=seconds, rounds=rounds))
    return Results(machine=machine, seconds=seconds, figures=tuple(figures))


@contextmanager
def _region(tell: Callable[[str], None]) -> Iterator[dict[str, Measure]]:
    tell("starting a region with its accounts and claims")
    with region.started() as world:
        yield {name: partial(measure, world) for name, measure in REGISTRY.items()}


@contextmanager
def _exchange(tell: Callable[[str], None]) -> Iterator[dict[str, Measure]]:
    """The engine is a plain object; a region runs only for what needs one."""
    with ExitStack() as stack:

        def of_a_market(measure: MarketMeasure) -> Measure:
            def started(*, seconds: float, rounds: int) -> Figure:
                if not markets:
                    tell("starting a region with its market")
                    markets.append(stack.enter_context(traded()))
                return measure(markets[0], seconds=seconds, rounds=rounds)

            return started

        markets: list[ServedMarket] = []
        yield {**EXCHANGE, **{name: of_a_market(measure) for name, measure in TRADED.items()}}


@contextmanager
def _market(tell: Callable[[str], None]) -> Iterator[dict[str, Measure]]:
    tell("starting a region with its market")
    with traded() as market:
        yield {name: partial(measure, market) for name, measure in PAGES.items()}


@contextmanager
def _simulation(_tell: Callable[[str], None]) -> Iterator[dict[str, Measure]]:
    """Nothing is started: a run is a plain object."""
    yield dict(SIMULATION)


_STARTED: dict[str, Callable[[Callable[[str], None]], AbstractContextManager[dict[str, Measure]]]] = {
    "registry": _region,
    "exchange": _exchange,
    "pages": _market,
    "simulation": _simulation,
}


def show(results: Results, console: Console) -> None:
    """Print the table with each target, reached or missed, and below it what each figure and its limit are."""
    console.print(_named(results.machine), style="bold")
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("figure", "median", "limit", "share", "target", ""):
        table.add_column(heading, justify="right" if heading in ("median", "limit", "share") else "left")
    for each in results.figures:
        table.add_row(
            each.name,
            _number(each.value, each.unit),
            "" if each.limit is None else _number(each.limit, each.unit),
            "" if each.share is None else f"{each.share:.2f}",
            each.target.text if each.target else "",
            _verdict(each),
        )
    console.print(table)
    for each in results.figures:
        notes = "".join(f"; {what} {value:,.2f}" for what, value in each.notes.items())
        remarks = "".join(f"; {remark}" for remark in each.remarks)
        times = f"{each.rounds} round{'s' * (each.rounds != 1)}"
        explained = escape(f"{each.what}; limit: {each.limit_what}; {times}{notes}{remarks}")
        console.print(f"[bold]{each.name}[/bold]: {explained}")


def _named(machine: Machine) -> str:
    return (
        f"{machine.processor}, {machine.cores} cores, {machine.system}, Python {machine.python}, "
        f"PostgreSQL {machine.postgresql} with fsync; load average before the run {machine.load}"
    )


def _number(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1  # noqa: PLR2004 - three digits tell enough
    return f"{value:,.{digits}f}{'' if unit.startswith('/') else ' '}{unit}"


def _verdict(figure: Figure) -> str:
    if figure.target is None:
        return ""
    colour = "green" if figure.target.verdict == "reached" else "red"
    return f"[{colour}]{figure.target.verdict}[/{colour}]"

"""
Pages in a second, over loopback HTTP, beside a bare Jinja render of the same template with the same values.

The service is the real `kilnwood serve`. What its templates are given is recorded once by the same application over the
same database in this process, and then rendered again and again: that is all that a page could be reduced to.
"""

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median, quantiles
from time import perf_counter
from typing import Any, Final

import httpx
import jinja2
import uvloop

from deploy.app import Parts, create_app
from deploy.bench.exchange.served import ServedMarket
from deploy.bench.figures import Figure, in_turn
from deploy.bench.retirements import LoadFailed
from deploy.pool import connect_pool
from deploy.processes.engine import at_rest
from registry.access.authority import Authority
from registry.kit.database import Database
from registry.parties.service import dated_trader_in
from schemas.parties import RegionProfile

CONNECTIONS: Final = 8
_OK: Final = b"HTTP/1.1 200"


def home(market: ServedMarket, *, seconds: float, rounds: int) -> Figure:
    """The first page: totals, and what happened lately."""
    return _page(market, "home", "/", seconds=seconds, rounds=rounds)


def project(market: ServedMarket, *, seconds: float, rounds: int) -> Figure:
    """A project with its course, reports, issuances and documents."""
    number = market.world.season.projects["kiln"]
    return _page(market, "project", f"/projects/{number}", seconds=seconds, rounds=rounds)


def market_page(market: ServedMarket, *, seconds: float, rounds: int) -> Figure:
    """An instrument with its book and its tape."""
    return _page(market, "market", f"/instruments/{market.instrument}", seconds=seconds, rounds=rounds)


def _page(market: ServedMarket, name: str, address: str, *, seconds: float, rounds: int) -> Figure:
    render = uvloop.run(_recorded(market, address))
    slow_ms: list[float] = []

    def served() -> float:
        took = uvloop.run(_asked(market, address, seconds))
        slow_ms.append(1e3 * quantiles(took, n=100)[98] if len(took) > 1 else 1e3 * took[0])
        return len(took) / seconds

    measured = in_turn(rounds, partial(_rendered, render, seconds), served)
    return Figure(
        name=f"page-{name}",
        what=f"the page {address.partition('?')[0]} over HTTP, {CONNECTIONS} connections",
        unit="/s",
        value=measured.value,
        limit=measured.limit,
        limit_what="a bare render of its template",
        share=measured.value / measured.limit,
        target=None,
        rounds=rounds,
        notes={"p99 in ms": median(slow_ms)},
    )


def _rendered(render: Callable[[], str], seconds: float) -> float:
    """How often in a second the template alone is rendered."""
    begun, done = perf_counter(), 0
    while (took := perf_counter() - begun) < seconds:
        render()
        done += 1
    return done / took


async def _asked(market: ServedMarket, address: str, seconds: float) -> list[float]:
    """Ask for the page on every connection, one request after the other; how long each took."""
    port = int(market.world.region.url.rpartition(":")[2])
    request = (
        f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/html\r\n"
        f"Authorization: Bearer {market.world.holder.key}\r\n\r\n"
    ).encode()
    found: list[float] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while perf_counter() < end:
            begun = perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            if not head.startswith(_OK):
                raise LoadFailed(f"{address} answered {head[:30]!r}")
            found.append(perf_counter() - begun)
        writer.close()

    end = perf_counter() + seconds
    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    return found


async def _recorded(market: ServedMarket, address: str) -> Callable[[], str]:
    """Answer the page once in this process; returns the last rendering of a template, to be repeated."""
    pool = await connect_pool(market.world.dsn, size=2)
    try:
        db = Database(pool)
        keyring = market.world.keyring
        knows = Authority(db, keyring, dated_trader_in)
        app: Any = create_app(Parts(db, keyring, knows, _profile(market), at_rest(db, _nowhere)))
        with _watched() as renderings:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
                answer = await http.get(address, headers={"Authorization": f"Bearer {market.world.holder.key}"})
        if answer.status_code != httpx.codes.OK or not renderings:
            raise LoadFailed(f"{address} answered {answer.status_code} where its template was to be recorded")
        return renderings[-1]
    finally:
        pool.terminate()


async def _nowhere() -> Any:  # noqa: ANN401 - what a market's connection is
    raise OSError("nothing trades here: the page reads tables")


def _profile(market: ServedMarket) -> RegionProfile:
    with httpx.Client(base_url=market.world.region.url, trust_env=False) as http:
        found = http.get("/v1/region").raise_for_status().json()
    return RegionProfile(**{name: found[name] for name in RegionProfile.__struct_fields__})


@contextmanager
def _watched() -> Iterator[list[Callable[[], str]]]:
    """Every rendering of a template, with the language that it was in."""
    render = jinja2.Template.render
    found: list[Callable[[], str]] = []

    def watched(self: jinja2.Template, *given: Any, **named: Any) -> str:  # noqa: ANN401 - Jinja's own
        here = contextvars.copy_context()
        found.append(lambda: here.run(render, self, *given, **named))
        return render(self, *given, **named)

    jinja2.Template.render = watched  # type: ignore[method-assign]  # for the one page that is recorded
    try:
        yield found
    finally:
        jinja2.Template.render = render  # type: ignore[method-assign]  # as it was

"""
The exchange as its users meet it: orders over loopback HTTP, and deliveries by the registry's port.

The service is the real `kilnwood serve` on the embedded PostgreSQL with fsync; its settler and projections work beside.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import count
from statistics import median, quantiles
from time import perf_counter
from typing import Final, NamedTuple

import asyncpg
import httpx
import msgspec
import uvloop

from deploy.bench import region
from deploy.bench.exchange.order_load import OrderJob, OrderLoad
from deploy.bench.figures import Figure, at_least, at_most
from deploy.bench.region import BenchRegion
from deploy.bench.retirements import LoadFailed
from deploy.pool import connect_pool
from deploy.scenarios.client import Api
from deploy.scenarios.market import SUPPLY
from registry import port
from registry.kit.database import Database, Tx
from schemas.custody import Delivered, Delivery, Payment
from schemas.parties import RegionProfile
from schemas.serials import KG_PER_T

RATES: Final = (50, 200, 400)
"""Orders in a second."""
_LATENCY_WANTED_MS: Final = 2.5
_RUSH_WANTED: Final = 1_200
_RUSH: Final = 3_000
"""Orders that are due at once, each a request of its own."""
_AT_ONCE: Final = 1e6
_CONNECTIONS: Final = 32
_CASH_FEN: Final = 900_000_00  # less than takes two operators
_BATCH: Final = 1_000
"""Deliveries in one transaction."""
_DELIVERIES_WANTED: Final = 3_000
_WINNERS: Final = 10_000
_WINNERS_WITHIN_S: Final = 4
_SHORT_S: Final = 0.5
_OPEN: Final = """
insert into registry.account (region_id, owner_id, type, name, opened_at)
select region_id, owner_id, type, 'Winner', opened_at from registry.account, generate_series(1, $2::integer)
where id = $1 returning id
"""
_DEPOSITED_T: Final = 40
_PATIENCE_S: Final = 60.0


class ServedMarket(NamedTuple):
    """A region whose kiln credits are traded, with money and tonnes in every account of the bench."""

    world: BenchRegion
    instrument: str
    price_fen: int
    numbers: "count[int]"
    deliveries: "count[int]"


@contextlib.contextmanager
def traded() -> Iterator[ServedMarket]:
    """Start a region, open its market, and fill accounts."""
    with region.started() as world:
        yield asyncio.run(_opened(world))


async def _opened(world: BenchRegion) -> ServedMarket:
    supply, season = SUPPLY["kiln"], world.season
    operator = season.parties["exchange"]
    async with httpx.AsyncClient(base_url=world.region.url, timeout=30, trust_env=False) as http:
        api = Api(http, seed="bench-market")
        instrument = {
            "project_id": season.projects["kiln"],
            "vintage": 2024,
            "low_fen": supply.low_fen,
            "high_fen": supply.high_fen,
            "fee_account_id": operator.account_id,
        }
        code = (await api.post("/v1/instruments", instrument, by=operator.key))["code"]
        for account in world.accounts:
            cash = {"account_id": account, "amount_fen": _CASH_FEN}
            await api.post("/v1/deposits/cash", cash, by=operator.key)
            tonnes = {"account_id": account, "instrument": code, "quantity_t": _DEPOSITED_T}
            await api.post("/v1/deposits/credits", tonnes, by=world.holder.key)
    return ServedMarket(world, code, supply.low_fen, count(1, 100_000), count(1))


def orders_over_http(market: ServedMarket, *, seconds: float, rounds: int) -> Figure:
    """From due to answered, at each of `RATES`; the figure is the middle one's median."""
    found = {rate: [_answered(market, rate, seconds) for _ in range(rounds)] for rate in RATES}
    half = {rate: median(1e3 * median(each) for each in rounds_of) for rate, rounds_of in found.items()}
    slow = {rate: median(1e3 * quantiles(each, n=100)[98] for each in rounds_of) for rate, rounds_of in found.items()}
    return Figure(
        name="orders-http",
        what=f"from an order to its acknowledgement over HTTP at {RATES[1]} a second, half of them are faster",
        unit="ms",
        value=half[RATES[1]],
        limit=None,
        limit_what="none beside it",
        share=None,
        target=at_most(half[RATES[1]], _LATENCY_WANTED_MS, f"≤ {_LATENCY_WANTED_MS} ms"),
        rounds=rounds,
        notes={
            f"ms {which} at {rate}/s": found_ms[rate]
            for rate in RATES
            for which, found_ms in (("p50", half), ("p99", slow))
        },
    )


def orders_in_a_rush(market: ServedMarket, *, seconds: float, rounds: int) -> Figure:
    """How many orders a second are acknowledged when more are due than can be carried out."""
    orders = _RUSH if seconds >= _SHORT_S else 100
    rates = [orders / max(_answered(market, _AT_ONCE, orders / _AT_ONCE)) for _ in range(rounds)]
    return Figure(
        name="orders-rush",
        what=f"orders over HTTP, one a request, on {_CONNECTIONS} connections as fast as they are answered",
        unit="/s",
        value=median(rates),
        limit=None,
        limit_what="none beside it",
        share=None,
        target=at_least(median(rates), _RUSH_WANTED, f"≥ {_RUSH_WANTED:,}/s"),
        rounds=rounds,
    )


def _answered(market: ServedMarket, rate: float, seconds: float) -> list[float]:
    world = market.world
    job = OrderJob(
        port=int(world.region.url.rpartition(":")[2]),
        key=world.holder.key,
        instrument=market.instrument,
        price_fen=market.price_fen,
        first_account=world.accounts.start,
        connections=_CONNECTIONS,
        first_client_order_id=next(market.numbers),
        rate=rate,
        seconds=seconds,
    )
    done = subprocess.run(
        [sys.executable, "-m", "deploy.bench.exchange.order_load"],
        input=msgspec.json.encode(job),
        capture_output=True,
        check=False,
        timeout=seconds + _PATIENCE_S,
    )
    if done.returncode or done.stderr:
        raise LoadFailed(done.stderr.decode(errors="replace"))
    answered = msgspec.json.decode(done.stdout, type=OrderLoad)
    if answered.refused:
        raise LoadFailed(answered.refused)
    return answered.times_s


def deliveries(market: ServedMarket, *, seconds: float, rounds: int) -> Figure:
    """Deliveries by the port, hold to hold with their statements, each of another pair of accounts."""
    rates = uvloop.run(_delivered(market, seconds, rounds))
    return Figure(
        name="deliveries",
        what=f"deliveries by the registry with their statements, {_BATCH} in a transaction",
        unit="/s",
        value=median(rates),
        limit=None,
        limit_what="none beside it",
        share=None,
        target=at_least(median(rates), _DELIVERIES_WANTED, f"≥ {_DELIVERIES_WANTED:,}/s"),
        rounds=rounds,
    )


def winners(market: ServedMarket, *, seconds: float, rounds: int) -> Figure:
    """One seller delivers to many accounts that had nothing on the exchange, as a campaign ends."""
    count = _WINNERS if seconds >= _SHORT_S else _BATCH
    took = uvloop.run(_won(market, count, rounds))
    return Figure(
        name="winners",
        what=f"one seller delivers to {count:,} winners, {_BATCH} in a transaction",
        unit="s",
        value=median(took),
        limit=None,
        limit_what="none beside it",
        share=None,
        target=at_most(median(took), _WINNERS_WITHIN_S, f"≤ {_WINNERS_WITHIN_S} s") if count == _WINNERS else None,
        rounds=rounds,
    )


@contextlib.asynccontextmanager
async def _registry(market: ServedMarket) -> AsyncIterator[tuple[Database, RegionProfile]]:
    pool = await connect_pool(market.world.dsn, size=1)
    try:
        async with httpx.AsyncClient(base_url=market.world.region.url, timeout=30, trust_env=False) as http:
            yield Database(pool), msgspec.convert((await http.get("/v1/region")).json(), RegionProfile)
    finally:
        pool.terminate()


async def _delivered(market: ServedMarket, seconds: float, rounds: int) -> list[float]:
    rates = []
    async with _registry(market) as (db, profile):
        for _ in range(rounds):
            begun, done = perf_counter(), 0
            while perf_counter() - begun < seconds:
                done += await _deliver(db, [_round_sale(market) for _ in range(_BATCH)], profile)
            rates.append(done / (perf_counter() - begun))
    return rates


async def _won(market: ServedMarket, count: int, rounds: int) -> list[float]:
    took = []
    async with _registry(market) as (db, profile):
        for number in range(rounds):
            sales = [
                _sale(market, market.world.accounts[number], each, 1) for each in await _opened_accounts(market, count)
            ]
            begun = perf_counter()
            for at in range(0, count, _BATCH):
                await _deliver(db, sales[at : at + _BATCH], profile)
            took.append(perf_counter() - begun)
    return took


async def _opened_accounts(market: ServedMarket, count: int) -> list[int]:
    """Accounts that only the bench has, opened by the owner of the tables."""
    owner = await asyncpg.connect(market.world.dsn)
    try:
        return [row["id"] for row in await owner.fetch(_OPEN, market.world.accounts[0], count)]
    finally:
        await owner.close()


async def _deliver(db: Database, batch: Sequence[Delivery], profile: RegionProfile) -> int:
    async def work(tx: Tx) -> tuple[Delivered, ...]:
        return await port.deliver_in(tx, batch, region=profile)

    for each in await db.transaction(work):
        if each.refusal is not None:
            raise LoadFailed(each.refusal)
    return len(batch)


def _round_sale(market: ServedMarket) -> Delivery:
    """One tonne from an account to the next, round and round, so that nobody runs out."""
    accounts = market.world.accounts
    number = next(market.deliveries)
    return _sale(market, accounts[number % len(accounts)], accounts[(number + 1) % len(accounts)], KG_PER_T, number)


def _sale(market: ServedMarket, seller_id: int, buyer_id: int, quantity_kg: int, number: int | None = None) -> Delivery:
    return Delivery(
        reference=f"bench-{next(market.deliveries) if number is None else number}",
        seller_id=seller_id,
        buyer_id=buyer_id,
        project_id=market.world.season.projects["kiln"],
        vintage=2024,
        quantity_kg=quantity_kg,
        payment=Payment(tonnes=1, gross_fen=market.price_fen, fee_fen=0, net_fen=market.price_fen),
    )

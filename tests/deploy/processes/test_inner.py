"""The inner face of an api: what is ready, what lags behind, and metrics that cost requests little."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from deploy.pool import connect_pool
from deploy.processes.inner import METRICS_EVERY_S, Health, Metrics, WatchedPart, inner_app
from deploy.processes.log_backlog import UNPUBLISHED_LIMIT_S, LogBacklog
from registry.kit.database import Database


def face(health: Health, registry: CollectorRegistry | None = None) -> httpx.AsyncClient:
    """A client of an inner face."""
    app: Any = inner_app(health, Metrics(registry or CollectorRegistry()))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://inner.test")


def saying(text: str) -> Callable[[], str]:
    """A part's trouble."""
    return lambda: text


@pytest.mark.parametrize(
    ("witness", "engine", "needed", "wanted"),
    [
        ("", "", True, (200, "ready", "")),
        ("The witness is away.", "", True, (200, "degraded", "")),
        ("", "The tables lag behind.", False, (200, "degraded", "")),
        ("The witness is away.", "The engine is away.", True, (503, "unready", "The engine is away.")),
    ],
)
async def test_it_is_as_bad_as_the_worst_part(empty, witness, engine, needed, wanted):
    """A lost witness is a degradation: only what refuses requests makes the service unready."""
    async with await connect_pool(empty.dsn, size=1) as pool:
        health = Health(
            Database(pool),
            [WatchedPart("log", saying(witness)), WatchedPart("exchange", saying(engine), needed=lambda: needed)],
        )
        async with face(health) as http:
            answer = await http.get("/health/ready")
    parts = {each["part"]: each.get("detail", "") for each in answer.json()["parts"]}
    assert {"database": "", "log": witness, "exchange": engine} == parts
    assert wanted == (answer.status_code, answer.json()["status"], health.trouble)


async def test_without_its_database_it_is_unready():
    """Nobody listens there."""
    async with (
        await connect_pool("postgresql://nobody@127.0.0.1:1/x", size=1) as pool,
        face(Health(Database(pool), ())) as http,
    ):
        answer = await http.get("/health/ready")
    assert (503, "unready") == (answer.status_code, answer.json()["status"])
    assert answer.json()["parts"][0]["detail"].startswith("The database cannot be reached")


async def test_metrics_are_made_once_a_second_whoever_asks():
    """However many ask at once; then anew."""
    registry, now = CollectorRegistry(), [0.0]
    counter = Counter("asked", "Asked", registry=registry)
    metrics = Metrics(registry, now_s=lambda: now[0])
    texts = await asyncio.gather(*(metrics.text() for _ in range(20)))
    counter.inc()
    assert {texts[0]} == {*texts, await metrics.text()}
    now[0] = METRICS_EVERY_S
    assert b"asked_total 1.0" in await metrics.text()


async def test_a_lost_witness_is_degraded_and_not_unready(empty):
    """Statements wait for a minute and none is published: receipts are late, and everything else is answered."""
    now = [0.0]
    backlog = LogBacklog(CollectorRegistry(), now_s=lambda: now[0])
    async with await connect_pool(empty.dsn, size=1) as pool:
        health = Health(Database(pool), [WatchedPart("log", lambda: backlog.trouble)])
        backlog.see(3, 10)
        assert "ready" == (await health.report()).status
        now[0] = UNPUBLISHED_LIMIT_S
        backlog.see(3, 10)
        report = await health.report()
    assert ("degraded", "") == (report.status, health.trouble)
    assert report.parts[1].detail.startswith("3 statements wait for the public log, which has published nothing for 60")

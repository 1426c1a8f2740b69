"""One account's row is held by somebody: on the real service, that costs only those who want this account."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from deploy.postgres import server as postgres
from tests.database import connected
from tests.faults.killing import until
from tests.faults.test_kill_parts import RunningRegion, running, started

__all__ = ["running", "started"]

WAITERS = 60


@contextlib.asynccontextmanager
async def held(cluster: Path, account_id: int) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A session of somebody else holds the account's row until the end; another one, to look around, is given."""
    dsn = postgres.start(cluster).dsn
    async with connected(dsn) as holder, connected(dsn) as watcher, holder.transaction():
        await holder.execute("select from registry.account where id = $1 for update", account_id)
        yield watcher


@pytest.mark.parametrize("senders", [pytest.param(("solar",), marks=pytest.mark.long), ("solar", "car", "scenic")])
async def test_waiters_for_one_account_starve_nobody(running: RunningRegion, senders: tuple[str, ...]) -> None:
    """Sixty offers to one account wait, of one key or of three; others go on; then the offers are made."""
    season = running.season
    bank, kiln = season.parties["bank"], season.parties["kiln"]
    by_kiln = {"Authorization": f"Bearer {kiln.key}"}

    def offer(word: str, to: int, number: int) -> "asyncio.Task[httpx.Response]":
        party = season.parties[word]
        body = {"account_id": party.account_id, "receiver_id": to, "quantity_kg": 1, "reason": "A sample"}
        key = f"{'-'.join(senders)}-{number}-{to}"
        headers = {"Authorization": f"Bearer {party.key}", "Idempotency-Key": key}
        return asyncio.create_task(running.http.post("/v1/transfers", json=body, headers=headers))

    async with held(running.cluster, bank.account_id) as watcher:
        waiting = [offer(senders[number % len(senders)], bank.account_id, number) for number in range(WAITERS)]

        async def blocked() -> bool:
            return bool(await watcher.fetchval("select count(*) from pg_locks where not granted"))

        await until(blocked, "somebody waits for the row")
        for number in range(20):
            answers = await asyncio.gather(
                running.http.get("/v1/region"),
                running.http.get(f"/v1/accounts/{kiln.account_id}/holdings", headers=by_kiln),
                offer("forest", kiln.account_id, number),
            )
            assert [200, 200, 201] == [each.status_code for each in answers], [each.text for each in answers]
        assert not any(each.done() and each.result().status_code == 201 for each in waiting), "the row was free"
    done = await asyncio.gather(*waiting)
    later = [each for each in done if each.status_code != 201]
    assert len(later) < WAITERS
    assert {(503, "1")} >= {(each.status_code, each.headers["retry-after"]) for each in later}

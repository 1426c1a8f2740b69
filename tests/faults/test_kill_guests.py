"""SIGKILL of the service between a guest's payment and its retirement: the guest is served once, whenever it dies."""

import asyncio
import itertools
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.local.region import LocalRegion
from deploy.postgres import server as postgres
from deploy.scenarios.cast import Season
from deploy.scenarios.client import Api
from tests import invariants, retail_invariants
from tests.faults.killing import backends, commits_held, gate, until
from tests.faults.market_to_kill import MarketToKill

_numbers = itertools.count(1)


class Stall:
    """A region with a pool and an event, over HTTP."""

    def __init__(self, region: LocalRegion, season: Season) -> None:
        self.region = region
        self.season = season
        self.dsn = postgres.start(region.folder / "data" / "postgres").dsn
        self.code = ""

    async def open(self, http: httpx.AsyncClient) -> None:
        """Open the pool and the event."""
        forest, scenic = self.season.parties["forest"], self.season.parties["scenic"]
        api = Api(http, seed="stall")
        issuances = (await api.get("/v1/issuances"))["items"]
        code = next(each["code"] for each in issuances if each["methodology"].startswith("forest"))
        offer = {"account_id": forest.account_id, "issuance": code, "quantity_kg": 10_000, "price_fen": 3_600}
        pool = await api.post("/v1/pools", offer, by=forest.key)
        body = {
            "organisation_id": scenic.organisation_id,
            "title": "Open day",
            "place": "Hall",
            "begins": "2025-03-01T01:00:00Z",
            "ends": "2025-03-01T09:00:00Z",
            "expected_guests": 10,
            "pool_id": pool["id"],
        }
        self.code = (await api.post("/v1/events", body, by=scenic.key))["code"]

    async def guest(self, http: httpx.AsyncClient) -> Any:
        """A guest with two nights."""
        key = {"Idempotency-Key": f"guest-{next(_numbers)}"}
        answer = await http.post(f"/v1/events/{self.code}/guests", json={"trip": {"nights": 2}}, headers=key)
        assert 201 == answer.status_code, answer.text
        return answer.json()

    async def retired(self, http: httpx.AsyncClient, guest: Any) -> Any:
        """The guest's share, once it is retired."""

        async def found() -> Any:
            seen = (await http.get(f"/v1/guests/{guest['secret']}")).json()
            return seen if seen["state"] == "retired" else None

        return await until(found, "the share is retired")

    async def check(self) -> None:
        """The books are right, and there is one retirement for each payment."""
        owner = await asyncpg.connect(self.dsn)
        try:
            async with owner.transaction(isolation="repeatable_read"):
                await invariants.check_ledger(owner)
                await retail_invariants.check(owner)
        finally:
            await owner.close()


async def pay(http: httpx.AsyncClient, guest: Any) -> httpx.Response:
    """Pay, always under the same key: what a phone sends again."""
    path = f"/v1/guests/{guest['secret']}/simulated-payment"
    return await http.post(path, headers={"Idempotency-Key": f"pay-{guest['number']}"})


@pytest.fixture(scope="module")
def stall(to_kill: MarketToKill) -> Stall:
    """A region whose forest has its credits."""
    return Stall(to_kill.region, to_kill.season)


async def test_killed_between_payment_and_retirement(stall: Stall):
    """The retirement was on its way and not committed: after the restart it is made, once."""
    async with httpx.AsyncClient(base_url=stall.region.url, trust_env=False, timeout=30) as http:
        await stall.open(http)
        guest = await stall.guest(http)
        async with gate(stall.dsn, "registry.retirement in share mode") as held:
            assert "paid" == (await pay(http, guest)).json()["state"]
            waiting = f"{held.get_server_pid()} = any(pg_blocking_pids(pid))"
            await until(lambda: backends(held, waiting), "the retirement waits at the gate")
            stall.region.service.kill()
        stall.region.start_service()
    async with httpx.AsyncClient(base_url=stall.region.url, trust_env=False, timeout=30) as http:
        first = await stall.retired(http, guest)
        assert "retired" == (await pay(http, guest)).json()["state"]
        again = await stall.retired(http, guest)
        assert first | {"witnessed": again["witnessed"]} == again  # a witness may have seen it meanwhile
    await stall.check()


async def test_killed_before_the_guest_hears_that_it_is_paid(stall: Stall):
    """The payment is stored and its answer lost: sent again with its key, it is one payment and one retirement."""
    async with httpx.AsyncClient(base_url=stall.region.url, trust_env=False, timeout=30) as http:
        await stall.open(http)
        guest = await stall.guest(http)
        async with commits_held(stall.dsn) as held:
            sent = asyncio.create_task(_lost(http, guest))
            await until(lambda: backends(held, "wait_event = 'SyncRep'"), "the commit waits")
            stall.region.service.kill()
            await sent
        stall.region.start_service()
    async with httpx.AsyncClient(base_url=stall.region.url, trust_env=False, timeout=30) as http:
        assert (await pay(http, guest)).json()["state"] in ("paid", "retired")
        assert 107 == (await stall.retired(http, guest))["quantity_kg"]
    await stall.check()


async def _lost(http: httpx.AsyncClient, guest: Any) -> None:
    with pytest.raises(httpx.TransportError):
        await pay(http, guest)

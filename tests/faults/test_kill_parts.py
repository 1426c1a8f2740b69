"""SIGKILL of what runs beside the service: sequencer, database, witness. Each comes back, and the log goes on."""

import contextlib
import itertools
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.local.region import LocalRegion
from deploy.postgres import server as postgres
from deploy.scenarios.cast import Season
from deploy.scenarios.client import Api
from registry.receipts.verifier.trust import load_trust
from registry.receipts.verifier.verify import verify_bundle
from tests import market_invariants, published
from tests.faults.killing import until
from tests.faults.market_to_kill import MarketToKill, client

_numbers = itertools.count(1)


class RunningRegion:
    """A running region after its transfers, and the operations that tests perform in it."""

    def __init__(self, region: LocalRegion, season: Season, http: httpx.AsyncClient) -> None:
        self.region = region
        self.season = season
        self.http = http
        season.api = Api(http, seed=f"parts-{next(_numbers)}")

    @property
    def cluster(self) -> Path:
        """The data folder of its database."""
        return self.region.folder / "data" / "postgres"

    async def claim(self) -> int:
        """A claim of the bank: one statement for the log."""
        bank = self.season.parties["bank"]
        body = {
            "organisation_id": bank.organisation_id,
            "type": "contribution",
            "subject": "A contribution",
            "begins": "2024-01-01T00:00:00Z",
            "ends": "2024-12-31T00:00:00Z",
            "boundary": "none",
            "exclusive": False,
        }
        return int((await self.season.api.post("/v1/claims", body, by=bank.key))["id"])

    async def size(self) -> int:
        """How many statements the published checkpoint covers."""
        answer = await self.http.get("/v1/log/checkpoint")
        return int(answer.text.split("\n")[1]) if answer.status_code == 200 else 0

    async def written(self) -> int:
        """How many statements there are, once the log covers all of them."""
        owner = await asyncpg.connect(postgres.start(self.cluster).dsn)
        try:
            count = int(await owner.fetchval("select count(*) from registry.statement"))
        finally:
            await owner.close()
        await self.grown(count)
        return count

    async def grown(self, size: int) -> None:
        """Wait until the log has *size* statements, and recompute it from its bytes."""
        await until(lambda: self._reaches(size), f"the log grows to {size}")
        checkpoint, _ = await published.fetch_log(self.http, load_trust(self.region.trust))
        assert size == checkpoint.size

    async def _reaches(self, size: int) -> bool:
        return await self.size() >= size

    def service_pid(self) -> int:
        """The service's process, which runs."""
        process = self.region.service.process
        assert process is not None
        assert process.poll() is None
        return process.pid


@pytest.fixture(scope="module")
def started(to_kill: MarketToKill) -> tuple[LocalRegion, Season]:
    """A real region with its transfers done."""
    return to_kill.region, to_kill.season


@pytest.fixture
async def running(started) -> AsyncIterator[RunningRegion]:
    """The region, with a client of this test's own."""
    region, season = started
    async with client(region) as http:
        yield RunningRegion(region, season, http)


def children(pid: int) -> dict[str, int]:
    """The child processes of *pid*, by the command that each runs."""
    pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    commands = {}
    for each in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended since it was listed
            commands[each] = Path(f"/proc/{each}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    return {words[-1].decode(): int(each) for each, words in commands.items()}


async def test_a_killed_sequencer_is_started_again(running):
    """Requests go on meanwhile; the next child continues the same log."""
    size = await running.written()
    sequencer = children(running.service_pid())["sequencer"]
    os.kill(sequencer, signal.SIGKILL)
    await running.claim()
    await running.grown(size + 1)
    assert sequencer != children(running.service_pid())["sequencer"]
    assert "child_died" in running.region.service._log.read_text()


@pytest.mark.long
async def test_a_killed_snapshot_process_is_started_again(running):
    """The market goes on meanwhile."""
    killed = children(running.service_pid())["snapshots"]
    os.kill(killed, signal.SIGKILL)
    assert ("filled", 1) == ((await buy(running))["state"], 1)

    async def another() -> bool:
        return children(running.service_pid()).get("snapshots") not in (None, killed)

    await until(another, "it is started again")
    assert 200 == (await running.http.get("/health/ready")).status_code


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "shut-down"])
async def test_a_database_that_dies_is_started_again(running, number):
    """503 with Retry-After, then the same service answers again: the embedded server is its own, at any address."""
    size = await running.written()
    pid = running.service_pid()
    os.kill(postgres.start(running.cluster).pid, number)
    away = await until(lambda: refused(running.http), "the service notices")
    assert 503 == away.status_code, running.region.service.last_lines()
    assert int(away.headers["Retry-After"]) > 0
    assert "urn:kilnwood:problem:unavailable" == away.json()["type"]
    assert 200 == (await running.http.get("/health/live")).status_code
    await running.claim()  # resent until it is answered
    await running.grown(size + 1)
    assert pid == running.service_pid()
    assert 200 == (await running.http.get("/health/ready")).status_code


async def test_the_market_goes_on_after_its_database_died(running):
    """Killed after each answer, with projections and settlement under way: each order is there once, and settled."""
    bought = []
    for _ in range(2):
        bought.append(await buy(running))
        os.kill(postgres.start(running.cluster).pid, signal.SIGKILL)
    bought.append(await buy(running))
    assert [("filled", 1)] * 3 == [(each["state"], each["traded_t"]) for each in bought]
    assert 3 == len({each["id"] for each in bought})
    owner = await asyncpg.connect(postgres.start(running.cluster).dsn)
    try:

        async def settled() -> bool:
            query = "select not exists (select from exchange.trade where state = 'traded')"
            return bool(await owner.fetchval(query))

        await until(settled, "everything is settled")
        async with owner.transaction(isolation="repeatable_read"):
            await market_invariants.check(owner)
    finally:
        await owner.close()


async def buy(running: RunningRegion) -> Any:
    """One tonne of what rests in the forest's book, for the bank."""
    bank = running.season.parties["bank"]
    body = {
        **bank.next_order(),
        "instrument": running.season.instruments["forest"],
        "side": "buy",
        "price_fen": 36_50,
        "quantity_t": 1,
    }
    return await running.season.api.post("/v1/orders", body, by=bank.key)


async def refused(http: httpx.AsyncClient) -> httpx.Response | None:
    """The first answer that is not 200."""
    answer = await http.get("/v1/projects")
    return None if answer.status_code == 200 else answer


async def test_without_its_witness_the_log_waits(running):
    """Receipts answer 202 with Retry-After until the witness is back; nothing unwitnessed is given out."""
    size = await running.written()
    bank = running.season.parties["bank"]
    running.region.witness.kill()
    order = await retire(running, await running.claim())
    receipt = f"/v1/receipts/{order['retirements'][0]['receipt_id']}"
    holder = {"Authorization": f"Bearer {bank.key}"}
    log = running.region.service._log
    await until(lambda: tried(log), "the sequencer asks the witness in vain")
    answer = await running.http.get(receipt, headers=holder)
    assert (202, True) == (answer.status_code, int(answer.headers["Retry-After"]) > 0)
    assert size == await running.size()
    running.region.witness.start()
    await running.grown(size + 2)
    answer = await running.http.get(receipt, headers=holder)
    assert "valid" == verify_bundle(answer.content, load_trust(running.region.trust)).verdict


async def tried(log: Path) -> bool:
    """Whether the service's log says that the witness cannot be reached."""
    return "witness_unreachable" in log.read_text()


async def retire(running: RunningRegion, claim: int) -> Any:
    """Retire one kilogram of the bank for a claim."""
    bank = running.season.parties["bank"]
    body = {"account_id": bank.account_id, "claim_id": claim, "quantity_kg": 1, "reason": "a test"}
    return await running.season.api.post("/v1/retirements", body, by=bank.key)

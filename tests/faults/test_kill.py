"""
SIGKILL of the service at every step of the season: nothing is lost, nothing is done twice.

In the normal run the steps that write most are killed with their work not yet committed; `KILNWOOD_KILL_EVERY_WAY=1`
kills each step so, and after its answer. One region per way of dying lives through the season, in one worker. A case
plays on to its step, kills the service at one request of it, starts it again and lets the client resend with the
same key. After each kill the books are checked, the log is recomputed from its bytes, and the market from its journal;
the season's own figures are checked by its steps, and every region is played to its end, whatever cases a worker was
given: then its receipts must verify.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.local.region import LocalRegion, new_region
from deploy.postgres import server as postgres
from deploy.scenarios.cast import Season
from deploy.scenarios.client import Api
from deploy.scenarios.season import SEASON, Step, play_step, steps_until
from registry.receipts.verifier.trust import load_trust
from registry.receipts.verifier.verify import verify_bundle
from registry.transparency.keys import load_registry_keys
from tests import invariants, market_invariants, published
from tests.faults.killing import Killer, Send, Victim, backends, commits_held, gate, until

JOURNAL = "exchange.head in share mode"
"""
An order is remembered by the journal alone. Its batch is committed by one statement, which the database carries out to
the end even if the service is killed meanwhile: the resent order is then found.
"""
FIRST_WRITE = Victim("POST", ".*")
"""The request that a step is killed at where nothing better is known of it; a step without one is only played."""
VICTIMS = {
    "region": Victim("GET", "/v1/region", table="registry.region"),
    "organisations": Victim("POST", "/v1/organisations", 7),
    "people": Victim("POST", r"/v1/people/\d+/keys", 4),
    "accounts": Victim("POST", "/v1/accounts", 6),
    "submitted": Victim("POST", "/v1/projects", 2),
    "validated": Victim("POST", r"/v1/projects/\d+/validate", 2),
    "noticed": Victim("POST", r"/v1/projects/\d+/notice", 2),
    "registered": Victim("POST", r"/v1/projects/\d+/register", 1),
    "reported": Victim("POST", r"/v1/projects/\d+/reports", 3),
    "verified": Victim("POST", r"/v1/reports/\d+/verify", 2),
    "issued": Victim("POST", "/v1/issuances", 2),
    "market_open": Victim("POST", "/v1/instruments", 2),
    "listed": Victim("POST", "/v1/deposits/credits", 2),
    "paid_in": Victim("POST", "/v1/deposits/cash", 3),
    "subscribed": Victim("POST", r"/v1/campaigns/\d+/pledges", 3, table=JOURNAL),
    "traded": Victim("POST", "/v1/orders", 4, table=JOURNAL),
    "settled": Victim("GET", r"/v1/accounts/\d+/statements", 1, table="exchange.delivery"),
    "withdrawn": Victim("POST", "/v1/withdrawals/credits", 3),
    "event_neutral": Victim("POST", "/v1/retirements", 2),
    "contributed": Victim("POST", "/v1/retirements", 1),
    "standing": Victim("POST", "/v1/subscriptions", 1),
    "counted": Victim("GET", "/v1/conservation", table="registry.block"),
}
IN_COMMIT = {
    "issued": Victim("POST", "/v1/issuances", 3, way="in-commit"),
    "listed": Victim("POST", "/v1/campaigns", 1, way="in-commit"),
    "subscribed": Victim("POST", r"/v1/listings/\d+/subscribe", 2, way="in-commit"),
    "traded": Victim("POST", "/v1/orders", 5, way="in-commit"),
    "withdrawn": Victim("POST", "/v1/withdrawals/cash", 1, way="in-commit"),
    "event_neutral": Victim("POST", "/v1/claims", 1, way="in-commit"),
}
"""The commit is stored, its answer was never given: the second death in a step, or the only one of the normal run."""
TWICE = {"issued", "traded"}
EVERY_WAY = bool(os.environ.get("KILNWOOD_KILL_EVERY_WAY"))


IN_FLIGHT = {*IN_COMMIT, "paid_in", "settled", "standing"}
"""Steps that are killed with the work done and not committed; the others after the answer, in the normal run."""
CASES = [
    (way, step.milestone)
    for way in ("answered", "in-flight")
    for step in SEASON
    if EVERY_WAY or (way == "in-flight" and step.milestone in IN_FLIGHT)
]


class RegionToKill:
    """A region that dies in one way again and again, and the season that is played in it."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.broken = False
        self._folder = Path(tempfile.mkdtemp(prefix="kw-test-", dir="/tmp"))
        self._folder.chmod(0o755)  # as root, the database runs as another user
        self.region = new_region(self._folder / "region")
        self.region.start()
        self.season: Season | None = None
        self.dsn = postgres.start(self.region.folder / "data" / "postgres").dsn

    @property
    def reached(self) -> list[str]:
        """The milestones of the steps that were played."""
        return self.season.reached if self.season else []

    def end(self) -> None:
        """Stop and delete everything."""
        self.region.stop()
        self.region.remove()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def play(self, http: httpx.AsyncClient, steps: Sequence[Step]) -> None:
        """Play those of *steps* that are left, without harm."""
        for step in steps:
            if step.milestone not in self.reached:
                await self.step(Api(http, seed=f"{self.way}-{step.milestone}"), step)

    async def step(self, api: Api, step: Step) -> None:
        """Play one step."""
        if self.season is None:
            self.season = Season(api, self.region.regulators)
        self.season.api = api
        self.broken = True  # a step that fails in its middle leaves a region of no use
        try:
            await play_step(self.season, step)
        except Exception as error:
            error.add_note(self.region.service.last_lines())
            raise
        self.broken = False

    async def strike(self, victim: Victim, send: Send) -> None:
        """Kill the service at the request that *send* sends, and start it again."""
        ways = {"answered": self._answered, "in-flight": self._in_flight, "in-commit": self._in_commit}
        await ways[victim.way](victim, send)
        self.region.start_service()

    async def _answered(self, _: Victim, send: Send) -> None:
        assert 500 > (await send()).status_code
        self.region.service.kill()

    async def _in_flight(self, victim: Victim, send: Send) -> None:
        async with gate(self.dsn, victim.table) as held:
            request = asyncio.create_task(_lost(send))
            waiting = f"{held.get_server_pid()} = any(pg_blocking_pids(pid))"
            stuck = await until(lambda: backends(held, waiting), "the request waits at the gate")
            self.region.service.kill()
            await request
        await self._until_gone(stuck)

    async def _in_commit(self, _: Victim, send: Send) -> None:
        async with commits_held(self.dsn) as held:
            request = asyncio.create_task(_lost(send))
            stuck = await until(lambda: backends(held, "wait_event = 'SyncRep'"), "the commit waits")
            self.region.service.kill()
            await request
        await self._until_gone(stuck)

    async def _until_gone(self, pids: list[int]) -> None:
        """What a killed service left in the database ends once it finds nobody to answer."""
        owner = await asyncpg.connect(self.dsn)
        try:

            async def gone() -> bool:
                return not await backends(owner, f"pid = any('{{{','.join(map(str, pids))}}}')")

            await until(gone, "the database notices that the service is gone")
        finally:
            await owner.close()

    async def check(self, http: httpx.AsyncClient) -> None:
        """The books are right, and every statement is in the log that anybody can fetch and recompute."""
        assert (await http.get("/v1/conservation")).json()["conserved"]
        owner = await asyncpg.connect(self.dsn)
        try:
            async with owner.transaction(isolation="repeatable_read"):  # the market goes on meanwhile
                await invariants.check_ledger(owner)
                await market_invariants.check(owner)
            await until(lambda: _nothing_traded_waits(owner), "what was traded is settled")
            written = await owner.fetchval("select count(*) from registry.statement")

            async def all_published() -> bool:
                answer = await http.get("/v1/log/checkpoint")
                return answer.status_code == 200 and int(answer.text.split("\n")[1]) == written

            if written:
                await until(all_published, "the checkpoint covers every statement")
                _, leaves = await published.fetch_log(http, load_trust(self.region.trust))
                assert written == len(leaves)
                keys = load_registry_keys(
                    self.region.folder / "data" / "log-keys", load_trust(self.region.trust).origin
                )
                await invariants.check_log(owner, keys)
        finally:
            await owner.close()

    async def finish(self, http: httpx.AsyncClient) -> None:
        """Play on to the last step, whose table must be the season's, and verify what the holders receive."""
        if not self.broken:
            await self.play(http, SEASON)
            await self.check(http)
            assert self.season is not None
            for word, receipt in self.season.receipts.items():
                holder = self.season.parties["scenic" if word == "event" else "bank"].key
                bundle = await http.get(f"/v1/receipts/{receipt}", headers={"Authorization": f"Bearer {holder}"})
                assert "valid" == verify_bundle(bundle.content, load_trust(self.region.trust)).verdict


async def _nothing_traded_waits(owner: asyncpg.Connection) -> bool:
    """Every trade has come to its end, so that no further statement is on its way."""
    return not await owner.fetchval("select count(*) from exchange.trade where state = 'traded'")


async def _lost(send: Send) -> None:
    with pytest.raises(httpx.TransportError):
        await send()


def client(region: LocalRegion) -> httpx.AsyncClient:
    """A client of a region's service."""
    return httpx.AsyncClient(base_url=region.url, trust_env=False, timeout=30)


class RegionsToKill:
    """The one region that lives in this worker; it is finished and replaced when a case needs another."""

    def __init__(self) -> None:
        self._now: RegionToKill | None = None

    def before(self, milestone: str, way: str) -> RegionToKill:
        """A region that dies in this way and has not reached *milestone*."""
        now = self._now
        if now is None or now.way != way or now.broken or milestone in now.reached:
            self.finish()
            now = self._now = RegionToKill(way)
        return now

    def finish(self) -> None:
        """Play the present season to its end and check that; then end the region, whatever came out."""
        if self._now is None:
            return
        region, self._now = self._now, None
        try:
            asyncio.run(self._finish(region))
        finally:
            region.end()

    async def _finish(self, region: RegionToKill) -> None:
        async with client(region.region) as http:
            await region.finish(http)


@pytest.fixture(scope="session")
def regions() -> Iterator[RegionsToKill]:
    """The regions of this worker, one at a time."""
    made = RegionsToKill()
    yield made
    made.finish()


def test_every_milestone_that_is_named_is_one_of_the_season():
    """A step that is renamed or taken away leaves no victim behind that nobody kills."""
    for milestone in (*VICTIMS, *IN_COMMIT, *IN_FLIGHT):
        steps_until(milestone)


@pytest.mark.parametrize(("way", "milestone"), CASES)
async def test_a_killed_service_loses_nothing(regions, way, milestone):
    """After the answer, or with the work done and not committed: the resent request has one effect and one answer."""
    victims = [VICTIMS.get(milestone, FIRST_WRITE)._replace(way=way)]
    if way == "in-flight" and milestone in IN_COMMIT:
        victims = [*(victims if EVERY_WAY or milestone in TWICE else ()), IN_COMMIT[milestone]]
    region = await asyncio.to_thread(regions.before, milestone, way)
    async with client(region.region) as http:
        *before, step = steps_until(milestone)
        await region.play(http, before)
        killer = Killer(http, seed=f"{way}-{milestone}", victims=victims, strike=region.strike)
        await region.step(killer, step)
        wanted = victims if milestone in VICTIMS else list(killer.answers)
        assert {each: answers_expected(each) for each in wanted} == {
            each: len(settled(answers)) for each, answers in killer.answers.items()
        }
        for answers in killer.answers.values():
            assert settled(answers)[0] == settled(answers)[-1]
        await region.check(http)


def answers_expected(victim: Victim) -> int:
    """A client hears of a request that was answered before the kill twice, of any other once."""
    return 2 if victim.way == "answered" else 1


def settled(answers: list[httpx.Response]) -> list[tuple[int, Any]]:
    """Status and body, without the secret that is shown once, and without "ask again"."""
    return [
        (each.status_code, {name: value for name, value in each.json().items() if name != "secret"})
        for each in answers
        if each.status_code not in (409, 503)
    ]

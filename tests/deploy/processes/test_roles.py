"""Each role as a process of its own: what flows between them, and what goes on while one of them is away."""

import asyncio
import contextlib
import dataclasses
import itertools
import json
import shutil
import signal
import stat
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.children import Child, free_port, own_environment
from deploy.postgres import server as postgres
from deploy.processes.locks import ROLES, Role, running
from deploy.scenarios.cast import Party, Season
from tests import market_invariants
from tests.database import connected
from tests.deploy.services import kilnwood
from tests.faults.killing import backends, gate, until
from tests.stopwatch import Stopwatch
from tests.worlds import KEYRING, Template, database_dsn

NAMES = itertools.count(1)


class Apart:
    """A region whose roles are processes of their own, over a copy of the season's database after its market."""

    def __init__(self, folder: Path, dsn: str, season: Season) -> None:
        self.dsn = dsn
        self.season = season
        self.data = folder / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.inner_url = f"http://127.0.0.1:{(inner_port := free_port())}"
        self.settings = {
            "KILNWOOD_DATA_DIR": str(self.data),
            "KILNWOOD_PORT": str(self.port),
            "KILNWOOD_INNER_PORT": str(inner_port),
            "KILNWOOD_SIMULATED": "yes",
            "DATABASE_URL": dsn,
        }
        environment = own_environment(self.settings)
        self.logs = {role: folder / f"{role}.log" for role in ROLES}
        self.children = {
            role: Child(["serve", "--only", role], log=self.logs[role], environment=environment) for role in ROLES
        }

    @property
    def bank(self) -> Party:
        """The bank, which has money and tonnes."""
        return self.season.parties["bank"]

    async def start(self, role: Role) -> None:
        """Start one role and wait until it says that it is ready."""
        begun = self.logs[role].stat().st_size if self.logs[role].exists() else 0
        await asyncio.to_thread(self.children[role].start)
        word = '"event": "serving"' if role == "api" else '"event": "ready"'

        async def ready() -> bool:
            process = self.children[role].process
            assert process is not None
            assert process.poll() is None, self.children[role].last_lines()
            return word in self.logs[role].read_bytes()[begun:].decode().replace('":"', '": "')

        await until(ready, f"the {role} is ready")

    def order(self, **changed: Any) -> dict[str, Any]:
        """One tonne that nobody sells at this price: it rests."""
        body = {"instrument": self.season.instruments["kiln"], "side": "buy", "price_fen": 10_00, "quantity_t": 1}
        return {**self.bank.next_order(), **body, **changed}

    async def post(self, http: httpx.AsyncClient, path: str, body: Any, *, by: str = "") -> httpx.Response:
        """Write with a key of its own."""
        headers = {"Authorization": f"Bearer {by or self.bank.key}", "Idempotency-Key": f"apart-{next(NAMES)}"}
        return await http.post(path, json=body, headers=headers)

    async def get(self, http: httpx.AsyncClient, path: str) -> httpx.Response:
        """Read as the bank."""
        return await http.get(path, headers={"Authorization": f"Bearer {self.bank.key}"})

    async def trades(self, http: httpx.AsyncClient) -> None:
        """Wait until the api says that the engine takes commands."""

        async def ready() -> bool:
            return (await http.get("/health/ready")).status_code == 200

        await until(ready, "the engine trades again")


@pytest.fixture
async def apart(server: str, templates: dict[str, Template]) -> AsyncIterator[Apart]:
    """Every role runs, each in its process."""
    folder = Path(tempfile.mkdtemp(prefix="kw-test-", dir="/tmp"))
    folder.chmod(0o755)
    name = f"apart_{uuid.uuid4().hex}"
    template = templates["delivered"]
    async with connected(server) as admin:
        await admin.execute(f"create database {name} template {template.database} strategy file_copy")
    parties = {word: dataclasses.replace(party) for word, party in template.season.parties.items()}
    made = Apart(folder, database_dsn(server, name), dataclasses.replace(template.season, parties=parties))
    secrets = made.data / "secrets"
    secrets.mkdir(mode=0o700, parents=True)
    pepper = secrets / "api-key-pepper"
    pepper.touch(mode=0o600)
    pepper.write_text(KEYRING.pepper.hex() + "\n")
    try:
        await asyncio.gather(*(made.start(role) for role in ROLES))
        yield made
    finally:
        await asyncio.to_thread(kilnwood, "stop", **made.settings)
        for child in made.children.values():
            child.kill()
        async with connected(server) as admin:
            await admin.execute(f"drop database if exists {name} with (force)")
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def client(apart: Apart) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the api."""
    async with httpx.AsyncClient(base_url=apart.url, trust_env=False, timeout=30) as http:
        yield http


async def test_orders_and_money_flow_between_two_processes(apart):
    """An order is answered by the engine's process, and can be read as soon as it is; money comes in too."""
    async with client(apart) as http:
        await apart.trades(http)
        placed = await apart.post(http, "/v1/orders", apart.order())
        assert (201, "open") == (placed.status_code, placed.json()["state"]), placed.text
        assert placed.json() == (await apart.get(http, f"/v1/orders/{placed.json()['id']}")).json()
        operator = apart.season.parties["exchange"].key
        money = {"account_id": apart.bank.account_id, "amount_fen": 5}
        watch = Stopwatch()
        paid = await apart.post(http, "/v1/deposits/cash", money, by=operator)
        assert (201, "done") == (paid.status_code, paid.json()["state"])
        assert watch.took_s() < 1, "the engine is notified and does not wait for its next poll"
        forest = {"instrument": apart.season.instruments["forest"], "price_fen": 36_50}
        bought = await apart.post(http, "/v1/orders", apart.order(**forest))
        assert ("filled", 1) == (bought.json()["state"], bought.json()["traded_t"]), bought.text

        async def settled() -> bool:
            found = (await apart.get(http, f"/v1/accounts/{apart.bank.account_id}/balances")).json()
            return any(each["settled_t"] for each in found["tonnes"])

        await until(settled, "the engine's process settles")
    socket = apart.data / "engine.sock"
    assert (True, 0o600) == (stat.S_ISSOCK(socket.stat().st_mode), stat.S_IMODE(socket.stat().st_mode))
    async with connected(apart.dsn) as owner, owner.transaction(isolation="repeatable_read"):
        await market_invariants.check(owner)


async def test_without_its_engine_the_registry_goes_on(apart):
    """Killed: orders are 503 within a second; reads, a retirement and its claim go on; and it comes back by itself."""
    async with client(apart) as http:
        await apart.trades(http)
        resting = (await apart.post(http, "/v1/orders", apart.order())).json()
        apart.children["engine"].kill()
        watch = Stopwatch()
        order = apart.order()

        async def refused() -> httpx.Response | None:
            answer = await apart.post(http, "/v1/orders", order)
            return answer if answer.status_code == 503 else None

        answer = await until(refused, "orders are refused")
        assert watch.took_s() < 1
        assert "urn:kilnwood:problem:not-trading" == answer.json()["type"]
        assert "The exchange's engine is away. Nothing is lost: send the same request again" in answer.json()["detail"]
        assert int(answer.headers["retry-after"]) > 0
        account, code = apart.bank.account_id, apart.season.instruments["kiln"]
        for path in (
            f"/v1/accounts/{account}/balances",
            f"/v1/instruments/{code}/book",
            f"/v1/accounts/{account}/orders",
        ):
            assert 200 == (await apart.get(http, path)).status_code, path
        shown = await apart.get(http, f"/v1/orders/{resting['id']}")
        assert shown.status_code in (200, 503), "what was acknowledged is never said not to exist"
        assert watch.took_s() < 3, "nothing waits for tables that nobody writes"
        assert 503 == (await http.get("/health/ready")).status_code
        said = (await http.get(f"{apart.inner_url}/health/ready")).json()
        (trading,) = [each for each in said["parts"] if each["part"] == "exchange"]
        assert ("unready", "unready", True) == (
            said["status"],
            trading["status"],
            "engine is away" in trading["detail"],
        )
        await retire(apart, http)
        await apart.start("engine")
        await apart.trades(http)
        assert 200 == (await apart.get(http, f"/v1/orders/{resting['id']}")).status_code
        answers = [await apart.post(http, "/v1/orders", order) for _ in range(2)]
        assert [201, 201] == [each.status_code for each in answers], answers[0].text
        assert answers[0].json() == answers[1].json()


async def retire(apart: Apart, http: httpx.AsyncClient) -> None:
    """One kilogram of the bank for a claim of its own."""
    claim = {
        "organisation_id": apart.bank.organisation_id,
        "type": "contribution",
        "subject": "A contribution",
        "begins": "2024-01-01T00:00:00Z",
        "ends": "2024-12-31T00:00:00Z",
        "boundary": "none",
        "exclusive": False,
    }
    made = await apart.post(http, "/v1/claims", claim)
    body = {"claim_id": made.json()["id"], "account_id": apart.bank.account_id, "quantity_kg": 1, "reason": "test"}
    answer = await apart.post(http, "/v1/retirements", body)
    assert 201 == answer.status_code, answer.text


async def test_an_order_in_flight_when_the_engine_dies_is_done_once(apart):
    """Its caller hears 503 at once; sent again it is answered, and there is one of it."""
    async with client(apart) as http:
        await apart.trades(http)
        order = apart.order(quantity_t=2)
        async with gate(apart.dsn, "exchange.head in share mode") as held:
            sent = asyncio.create_task(apart.post(http, "/v1/orders", order))
            waiting = f"{held.get_server_pid()} = any(pg_blocking_pids(pid))"
            await until(lambda: backends(held, waiting), "the batch waits")
            apart.children["engine"].kill()
            lost = await asyncio.wait_for(sent, 20)
        assert 503 == lost.status_code, lost.text
        await apart.start("engine")
        await apart.trades(http)
        answers = [await apart.post(http, "/v1/orders", order) for _ in range(2)]
        assert [201, 201] == [each.status_code for each in answers], answers[0].text
        found = (await apart.get(http, f"/v1/accounts/{apart.bank.account_id}/orders?open_only=true")).json()["items"]
        assert 1 == sum(each["client_order_id"] == order["client_order_id"] for each in found)


@pytest.mark.long
async def test_parallel_orders_of_one_account_are_all_taken(apart):
    """Twenty at once, each on a connection of its own, sent with their numbers backwards: none is refused as stale."""
    async with client(apart) as http:
        await apart.trades(http)
        orders = [apart.order() for _ in range(20)]
        begun = (await apart.get(http, f"/v1/accounts/{apart.bank.account_id}/orders?open_only=true")).json()["items"]
        answers = await asyncio.gather(*(apart.post(http, "/v1/orders", order) for order in reversed(orders)))
        assert [201] * 20 == [each.status_code for each in answers], [each.text for each in answers]
        found = (await apart.get(http, f"/v1/accounts/{apart.bank.account_id}/orders?open_only=true")).json()["items"]
        assert len(begun) + 20 == len(found)
        assert {each["client_order_id"] for each in orders} <= {each["client_order_id"] for each in found}


async def test_a_role_runs_once_and_all_are_stopped_together(apart):
    """A second engine is refused by name; `kilnwood stop` ends them in order, each cleanly."""
    assert set(ROLES) == set(running(apart.data))
    pid = running(apart.data)["engine"]
    second = await asyncio.to_thread(kilnwood, "serve", "--only", "engine", **apart.settings)
    line = f"kilnwood: The engine of {apart.data} runs already, as process {pid}. Stop it with: kilnwood stop\n"
    assert (1, line) == (second.returncode, second.stderr)
    stopped = await asyncio.to_thread(kilnwood, "stop", **apart.settings)
    assert (0, "Stopped: api, engine, sequencer, housekeeping.\n") == (stopped.returncode, stopped.stdout)
    for role, child in apart.children.items():
        assert child.process is not None
        assert 0 == await asyncio.to_thread(child.process.wait, 20), role
        assert "stopped" == json.loads(child.last_lines().splitlines()[-1])["event"]
    assert {} == running(apart.data)
    assert not (apart.data / "engine.sock").exists()


def embedded(folder: Path, role: Role) -> Child:
    """A role of a region with an embedded database, in a process of its own."""
    ports = {name: str(free_port()) for name in ("KILNWOOD_PORT", "KILNWOOD_INNER_PORT")}
    settings = {"KILNWOOD_DATA_DIR": str(folder / "data"), **ports}
    return Child(["serve", "--only", role], log=folder / f"{role}.log", environment=own_environment(settings))


def start(child: Child, *words: str) -> None:
    """Start a child and wait until its log has one of *words*."""
    begun = child._log.stat().st_size if child._log.exists() else 0
    child.start()
    end = time.monotonic() + 120
    while not any(word in child._log.read_bytes()[begun:].decode() for word in words):
        assert child.process is not None
        assert child.process.poll() is None, child.last_lines()
        assert time.monotonic() < end, child.last_lines()
        time.sleep(0.02)


@pytest.mark.long
def test_the_last_role_stops_the_embedded_database(open_folder):
    """They start in any order: without a region one waits for the api. All use one server, and the last stops it."""
    engine, api = embedded(open_folder, "engine"), embedded(open_folder, "api")
    database = open_folder / "data" / "postgres"
    try:
        start(engine, "waiting_for_region")
        start(api, '"serving"')
        api.stop()
        assert postgres.runs(database)
        engine.stop()
        assert not postgres.runs(database)
        start(engine, '"ready"')
        engine.kill()
        assert postgres.runs(database), "it outlives a killed role"
        start(api, '"serving"')
        api.stop()
        assert not postgres.runs(database)
    finally:
        for each in (engine, api):
            each.kill()


def test_a_role_that_waits_for_a_region_can_be_stopped(open_folder):
    """SIGTERM ends it at any time, cleanly."""
    engine = embedded(open_folder, "engine")
    try:
        start(engine, "waiting_for_region")
        assert engine.process is not None
        engine.process.send_signal(signal.SIGTERM)
        assert 0 == engine.process.wait(10), engine.last_lines()
        assert not postgres.runs(open_folder / "data" / "postgres")
    finally:
        engine.kill()

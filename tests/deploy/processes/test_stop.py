"""How a service ends: asked to, killed, with requests in flight; and what the next start finds."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from tests import worlds
from tests.deploy.services import Service
from tests.faults.killing import backends, gate, until
from tests.stopwatch import Stopwatch

STOP_LIMIT_S = 5.0


@pytest.fixture
async def service(server, open_folder) -> AsyncIterator[Service]:
    """A running service on a new database."""
    admin = await asyncpg.connect(server)
    await admin.execute("create database stopped")
    made = Service(open_folder, {"DATABASE_URL": worlds.database_dsn(server, "stopped")})
    try:
        made.start()
        yield made
    finally:
        made.child.kill()
        await admin.execute("drop database stopped with (force)")
        await admin.close()


def write(service: Service, http: httpx.AsyncClient, key: str) -> "asyncio.Task[httpx.Response]":
    """A write on its way."""
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "stop-1"}
    return asyncio.create_task(http.post("/v1/people", json={"name": "Somebody"}, headers=headers))


async def ended(service: Service, watch: Stopwatch) -> tuple[int, float]:
    """Exit code and seconds that the stop took."""
    code = await asyncio.to_thread(service.process.wait, 60)
    return code, watch.took_s()


async def test_a_request_in_flight_is_answered_before_the_end(service):
    """SIGTERM while a write is held back, beside an idle connection that is kept alive; no new connection is taken."""
    async with service.client() as http, service.client() as idle:
        assert 200 == (await idle.get("/health/live")).status_code
        key = await service.regulator()
        async with gate(service.settings["DATABASE_URL"], "registry.idempotency in share mode") as held:
            request = write(service, http, key)
            waiting = f"{held.get_server_pid()} = any(pg_blocking_pids(pid))"
            await until(lambda: backends(held, waiting), "the request waits")
            watch = Stopwatch()
            service.process.send_signal(signal.SIGTERM)
            await until(lambda: closed(service), "the port closes")
        assert 201 == (await request).status_code
        code, seconds = await ended(service, watch)
    assert (0, True) == (code, seconds < STOP_LIMIT_S), service.child.last_lines()
    assert "stopped" == json.loads(service.child.last_lines().splitlines()[-1])["event"]


async def closed(service: Service) -> bool:
    """Whether nobody takes connections any more."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", service.port)
    except OSError:
        return True
    writer.close()
    return False


async def test_a_request_that_never_ends_does_not_hold_the_stop(service):
    """It gets a 503 to retry and leaves nothing; the service still ends in time and without a trace in its log."""
    dsn, key = service.settings["DATABASE_URL"], await service.regulator()
    async with service.client() as http, gate(dsn, "registry.idempotency in share mode") as held:
        request = write(service, http, key)
        waiting = f"{held.get_server_pid()} = any(pg_blocking_pids(pid))"
        await until(lambda: backends(held, waiting), "the request waits")
        watch = Stopwatch()
        service.process.send_signal(signal.SIGTERM)
        code, seconds = await ended(service, watch)
        answer = await request
        assert (503, True) == (answer.status_code, int(answer.headers["Retry-After"]) > 0)
        assert 0 == await held.fetchval("select count(*) from registry.party where name = 'Somebody'")
    assert (0, True) == (code, seconds < STOP_LIMIT_S), service.child.last_lines()
    for trouble in ("Traceback", "unhandled_error", "Exception"):
        assert trouble not in service.log.read_text()


def test_stop_ends_what_a_service_left_and_the_next_start_adopts_it(open_folder):
    """Killed: the database stays, the next start adopts it; `kilnwood stop` ends what runs."""
    made = Service(open_folder, {})
    try:
        made.start()
        database = server_pid(made)
        made.child.kill()
        made.start()
        assert database == server_pid(made)
        assert "Stopped: service.\n" == stopped(made)
        assert (0, 0) == (made.process.wait(20), server_pid(made))
        made.start()
        made.child.kill()
        assert "Stopped: database.\n" == stopped(made)
        assert f"Nothing was running in {made.data}.\n" == stopped(made)
    finally:
        made.child.kill()


def server_pid(made: Service) -> int:
    """The process of the embedded server, 0 when it does not run."""
    file = made.data / "postgres" / "cluster" / "postmaster.pid"
    return int(file.read_text().splitlines()[0]) if file.exists() else 0


def stopped(made: Service) -> str:
    """What `kilnwood stop` prints."""
    done = made.run("stop")
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout

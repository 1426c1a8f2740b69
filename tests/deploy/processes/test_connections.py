"""Nobody stops a service or a witness by holding connections: silent, with slow headers or bodies, or not reading."""

import asyncio
import json
import resource
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from deploy.local.children import Child, free_port, own_environment
from deploy.processes import http as serving
from deploy.processes.http import Limits, serve_until
from registry.transparency.format.note import ED25519
from registry.transparency.format.signer import SeedSigner
from tests import worlds
from tests.deploy.flooding import answers, connections, median_s
from tests.deploy.services import Service
from tests.stopwatch import Stopwatch

SERVED_WITHIN_S = 0.05
LOG = SeedSigner("log.example/CN-510100", ED25519, bytes(32))


@pytest.fixture
async def service(server, open_folder, request) -> AsyncIterator[Service]:
    """A running service on a new database, with the settings of its test."""
    admin = await asyncpg.connect(server)
    await admin.execute("create database flooded")
    made = Service(open_folder, {"DATABASE_URL": worlds.database_dsn(server, "flooded"), **request.param})
    try:
        await asyncio.to_thread(made.start)
        yield made
    finally:
        made.child.kill()
        await admin.execute("drop database flooded with (force)")
        await admin.close()


@pytest.fixture
async def witness(tmp_path) -> AsyncIterator[int]:
    """The port of a running witness, with the limits that everybody's has."""
    port = free_port()
    words = ["witness", "--folder", str(tmp_path / "w"), "--port", str(port), "--log-key", LOG.key.text()]
    child = Child(words, log=tmp_path / "witness.log", environment=own_environment({}))
    await asyncio.to_thread(child.start)
    await asyncio.to_thread(child.wait_until, f"http://127.0.0.1:{port}/", statuses=(404,))
    yield port
    await asyncio.to_thread(child.stop)


@pytest.mark.parametrize("service", [{"KILNWOOD_CLIENT_TIMEOUT_S": "60"}], indirect=True)
async def test_beside_1900_silent_connections_others_are_served(service):
    """Half say nothing, half stop in their headers; none has been there long enough to be closed."""
    async with connections(service.port, 950), connections(service.port, 950, b"GET /health/live HTTP/1.1\r\n") as slow:
        assert await median_s(service.port, "/health/live") < SERVED_WITHIN_S
        assert await median_s(service.port, "/v1/projects") < SERVED_WITHIN_S
        assert not slow[-1][0].at_eof()


@pytest.mark.parametrize("service", [{"KILNWOOD_CLIENT_TIMEOUT_S": "2"}], indirect=True)
async def test_70_slow_bodies_are_closed(service):
    """With a key or without, they end; with one, in words. None of them held what others need."""
    head = b"POST /v1/people HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nIdempotency-Key: slow\r\n"
    key = b"Authorization: Bearer %s\r\n" % (await service.regulator()).encode()
    body = b"Content-Length: 40\r\n\r\n{"
    chunked = b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"
    async with (
        connections(service.port, 50, head + key + body) as counted,
        connections(service.port, 20, head + key + chunked) as pieces,
        connections(service.port, 5, head + body) as unknown,
    ):
        assert await median_s(service.port, "/v1/projects") < SERVED_WITHIN_S
        replies = await answers([*counted, *pieces], within_s=10)
        refused = await answers(unknown, within_s=10)
    assert {b"HTTP/1.1 408 Request Timeout"} == {each.split(b"\r\n")[0] for each in replies}
    said = json.loads(replies[0].partition(b"\r\n\r\n")[2])
    assert "urn:kilnwood:problem:body-too-slow" == said["type"]
    assert said["detail"].startswith("The body of the request was not there after 2 s; nothing was done.")
    assert {b"HTTP/1.1 401 Unauthorized"} == {each.split(b"\r\n")[0] for each in refused}
    logged = [json.loads(line) for line in service.child.last_lines().splitlines()]
    assert (408, "body-too-slow") in {(each.get("status"), each.get("problem")) for each in logged}
    await a_refusal_reaches_a_client_that_sends_much(service)


async def a_refusal_reaches_a_client_that_sends_much(service: Service) -> None:
    """Documents of 9 MB with an unknown key: each client reads the 401 decided before its body was received."""
    headers = {"Authorization": "Bearer kw_gone", "Idempotency-Key": "much", "Content-Type": "application/pdf"}
    async with service.client() as http:
        sent = [http.post("/v1/documents", content=bytes(9_000_000), headers=headers) for _ in range(8)]
        assert {401} == {each.status_code for each in await asyncio.gather(*sent)}


@pytest.mark.parametrize("service", [{"KILNWOOD_CLIENT_TIMEOUT_S": "1", "KILNWOOD_CONNECTIONS": "40"}], indirect=True)
async def test_more_silent_connections_than_there_may_be_delay_others_only(service):
    """The limit is 40 and 60 come: those that were silent for a second make room."""
    async with connections(service.port, 60) as silent:
        watch = Stopwatch()
        async with service.client() as http:
            assert 200 == (await http.get("/health/live")).status_code
        assert watch.took_s() < 5
        assert {b""} == set(await answers(silent, within_s=10))


@pytest.mark.parametrize("service", [{"KILNWOOD_CLIENT_TIMEOUT_S": "1"}], indirect=True)
async def test_idle_slow_and_foreign_connections_are_closed(service):
    """Kept alive without a request, a header a moment, another protocol, headers without end."""
    whole = b"GET /health/live HTTP/1.1\r\nHost: a\r\n"
    async with (
        connections(service.port, 3, whole + b"\r\n") as idle,
        connections(service.port, 3, whole) as slow,
        connections(service.port, 3, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)) as http2,
        connections(service.port, 3, whole + b"X: " + b"y" * serving.HEAD_LIMIT_BYTES) as long,
    ):

        async def trickle() -> None:
            while True:
                await asyncio.sleep(0.2)
                for _, writer in slow:
                    writer.write(b"X: y\r\n")

        trickling = asyncio.create_task(trickle())
        assert {b"HTTP/1.1 200 OK"} == {each.split(b"\r\n")[0] for each in await answers(idle, within_s=20)}
        assert {b""} == set(await answers(slow, within_s=20))
        assert {b""} == set(await answers(http2, within_s=20))
        assert {b"431"} == {each.split(b" ")[1] for each in await answers(long, within_s=20)}
        trickling.cancel()


@pytest.mark.parametrize("service", [{"KILNWOOD_HTTP2": "yes"}], indirect=True)
async def test_http2_is_spoken_where_it_is_set(service):
    """The server's first frame is its SETTINGS (RFC 9113, 3.4)."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
    async with connections(service.port, 1, preface) as opened:
        frame = await asyncio.wait_for(opened[0][0].readexactly(9), 30)
    assert 4 == frame[3]


async def test_a_client_that_does_not_read_its_answer_makes_room():
    """It holds the only connection that there may be, with ten megabytes that it does not take."""

    async def long_answer(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(10_000_000)})

    port, stop, ready = free_port(), asyncio.Event(), asyncio.Event()
    limits = Limits(connections=1, client_timeout_s=1)
    task = asyncio.create_task(
        serve_until(stop, long_answer, "127.0.0.1", port, timeout_s=1, limits=limits, ready=ready)
    )
    await ready.wait()
    asked = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    async with connections(port, 1, asked), connections(port, 1, asked) as patient:  # a reader stops at 64 KiB
        assert len((await answers(patient, within_s=15))[0]) > 10_000_000
    stop.set()
    await task


@pytest.mark.long
async def test_a_witness_cosigns_beside_1900_silent_connections_and_closes_slow_bodies(witness):
    """Anybody may connect to a witness; it needs no key."""
    asked = b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\nold 0\n"
    async with connections(witness, 1900), connections(witness, 70, asked) as slow:
        assert await median_s(witness, "/", status=404) < SERVED_WITHIN_S
        replies = await answers(slow, within_s=Limits().client_timeout_s + 10)
    assert {b"HTTP/1.1 408 Request Timeout"} == {each.split(b"\r\n")[0] for each in replies}
    assert all(b"urn:kilnwood:problem:body-too-slow" in each for each in replies)
    async with httpx.AsyncClient(trust_env=False) as http:
        assert 400 == (await http.post(f"http://127.0.0.1:{witness}/add-checkpoint", content=b"x")).status_code


def test_connections_are_as_many_as_files_permit(monkeypatch):
    """A limit of open files that cannot be raised far enough limits the connections too."""
    raised = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 2048))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limit: raised.append(limit))
    assert 700 == serving._with_files_for(700)
    assert 2048 - serving.SPARE_FILES == serving._with_files_for(4000)
    assert [(2048, 2048)] == raised

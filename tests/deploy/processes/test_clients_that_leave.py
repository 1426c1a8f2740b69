"""Over a real socket: a client that goes away is nobody's fault, and HEAD has the length of GET."""

import asyncio
import contextlib

import httpx
import pytest
import structlog

from deploy.local.children import free_port
from deploy.processes.http import serve_until
from registry.access.authority import Authority
from schemas.access import Actor, HeldRole, Role
from tests import offline


@pytest.fixture
async def port():
    """The application, served without a database."""
    number, stop, ready = free_port(), asyncio.Event(), asyncio.Event()
    app = offline.application()
    serving = asyncio.create_task(serve_until(stop, app, "127.0.0.1", number, timeout_s=1, ready=ready))
    await ready.wait()
    yield number
    stop.set()
    await serving


@pytest.fixture
def lines(monkeypatch):
    """Every line of the log: level and event, the canonical one as it is written."""
    found: asyncio.Queue[tuple[str, str, dict[str, object]]] = asyncio.Queue()

    class Kept:
        def __getattr__(self, level):
            return lambda event, **_: found.put_nowait((level, event, structlog.contextvars.get_contextvars()))

    for place in ("registry.kit.request_log.log", "registry.kit.http.log"):
        monkeypatch.setattr(place, Kept())
    return found


@pytest.fixture
def enterprise(monkeypatch):
    """Whatever key was sent is an enterprise's; no database is asked."""

    async def fresh(*_):
        return None

    async def authenticate(*_):
        return Actor(person_id=1, key_id=1, roles=(HeldRole(Role.ENTERPRISE, 1),))

    monkeypatch.setattr(Authority, "fresh", fresh)
    monkeypatch.setattr(Authority, "authenticate", authenticate)


@pytest.mark.usefixtures("enterprise")
async def test_a_client_that_leaves_before_its_body_is_whole_is_no_error(port, lines):
    """One line at level info, with a slug of its own; nothing else is logged."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"POST /v1/retirements HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
        b'Authorization: Bearer kw_sim_x\r\nIdempotency-Key: x\r\n\r\n{"account_id"'
    )
    await writer.drain()
    writer.close()
    level, event, bound = await asyncio.wait_for(lines.get(), 30)
    assert ("info", "http_request", "client-left") == (level, event, bound["problem"])
    assert lines.empty()


async def test_a_client_that_does_not_read_its_answer_is_no_error(port, lines):
    """It asks for the largest document and closes at once."""
    for _ in range(5):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /docs/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
        await writer.drain()
        writer.transport.abort()
    async with httpx.AsyncClient(trust_env=False) as http:
        assert 200 == (await http.get(f"http://127.0.0.1:{port}/health/live")).status_code
    with contextlib.suppress(TimeoutError):
        while True:
            level, *_ = await asyncio.wait_for(lines.get(), 0.5)
            assert "info" == level


async def test_head_has_the_length_of_get_and_no_body(port):
    """As a client that checks before it downloads needs it (RFC 9110, 9.3.2)."""
    async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{port}") as http:
        got, head = await http.get("/docs/openapi.json"), await http.head("/docs/openapi.json")
        assert (200, got.headers["content-length"]) == (head.status_code, head.headers["content-length"])
        assert b"" == head.content
        assert 200 == (await http.get("/health/live")).status_code, "the connection can be used again"

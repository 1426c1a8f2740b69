"""The HTTP server of service and witness: when it says that it listens, and when it cannot."""

import asyncio
from types import SimpleNamespace
from typing import Any
from unittest import mock

import httpx
import pytest

from deploy.local.children import free_port
from deploy.processes.api import ApiRole
from deploy.processes.engine import at_rest
from deploy.processes.first_start import CannotServe
from deploy.processes.http import _threads, serve_until
from deploy.settings import read_settings
from tests.worlds import KEYRING, PROFILE, World


async def answers_ok(scope: Any, receive: Any, send: Any) -> None:
    """An application that answers every request with 200."""
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def test_ready_means_that_the_port_answers():
    """Who waits for it connects with the next line, every time."""
    for _ in range(5):
        port, stop, ready = free_port(), asyncio.Event(), asyncio.Event()
        serving = asyncio.create_task(serve_until(stop, answers_ok, "127.0.0.1", port, timeout_s=1, ready=ready))
        await ready.wait()
        async with httpx.AsyncClient(trust_env=False) as http:
            assert 200 == (await http.get(f"http://127.0.0.1:{port}/")).status_code
        stop.set()
        await serving


async def test_a_server_that_cannot_listen_is_never_ready():
    """An address that is not this machine's (RFC 5737): it ends, and says why."""
    ready = asyncio.Event()
    with pytest.raises(OSError, match="address"):
        await serve_until(asyncio.Event(), answers_ok, "203.0.113.1", free_port(), timeout_s=1, ready=ready)
    assert not ready.is_set()


async def test_every_address_answers_on_loopback():
    """A service that listens on all of them is ready as well."""
    port, stop, ready = free_port(), asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve_until(stop, answers_ok, "::", port, timeout_s=1, ready=ready))
    await asyncio.wait_for(ready.wait(), 30)
    stop.set()
    await serving


async def test_an_api_that_cannot_listen_does_not_start(delivered: World):
    """Its start raises what the server said, and leaves nothing running."""
    failed = asyncio.Event()
    database: Any = SimpleNamespace(db=delivered.db, cut_off=lambda: None)
    role = ApiRole(
        read_settings(
            {
                "KILNWOOD_HOST": "203.0.113.1",
                "KILNWOOD_PLAIN_HTTP": "yes",
                "KILNWOOD_PORT": str(free_port()),
                "KILNWOOD_INNER_PORT": str(free_port()),
            }
        ),
        database,
        region=PROFILE,
        keyring=KEYRING,
        exchange=at_rest(delivered.db, mock.AsyncMock()),
        parts=(),
        failed=failed,
    )
    with pytest.raises(CannotServe, match=r"Cannot listen: .* address"):
        await role.start()
    assert not failed.is_set(), "who started it has the reason"


async def test_nothing_of_the_server_runs_after_a_stop():
    """No thread of its own is left, which would abort the process if it asked for the interpreter during its end."""
    before, stop, ready, port = _threads(), asyncio.Event(), asyncio.Event(), free_port()
    serving = asyncio.create_task(serve_until(stop, answers_ok, "127.0.0.1", port, timeout_s=1, ready=ready))
    await ready.wait()
    assert _threads() - before
    stop.set()
    await serving
    assert set() == _threads() - before

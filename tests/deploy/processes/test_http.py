"""The HTTP server of service and witness: when it says that it listens, and when it cannot."""

import asyncio
from typing import Any

import httpx
import pytest

from deploy.local.children import free_port
from deploy.processes.http import serve_until


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


async def test_a_server_that_cannot_listen_keeps_nobody_waiting():
    """An address that is not this machine's (RFC 5737): waiters go on, and hear what is wrong."""
    ready = asyncio.Event()
    serving = asyncio.create_task(
        serve_until(asyncio.Event(), answers_ok, "203.0.113.1", free_port(), timeout_s=1, ready=ready)
    )
    await asyncio.wait_for(ready.wait(), 5)
    with pytest.raises(Exception, match="address"):
        await serving

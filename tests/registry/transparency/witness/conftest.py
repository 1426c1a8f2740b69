"""A log in memory, and a witness that is asked without a socket."""

import httpx
import pytest

from registry.transparency.keys import create_witness_key
from registry.transparency.witness.app import witness_app
from registry.transparency.witness.folder import WitnessFolder
from tests.registry.transparency.witness.memory_log import LOG, LOG_PQ, NOW_S, ORIGIN, Log


@pytest.fixture
def log():
    """A log whose heads of size 3, 5 and 300 exist."""
    made = Log()
    for size in (3, 5, 300):
        made.grow_to(size)
    return made


@pytest.fixture
def folder(tmp_path):
    """A witness's folder with a fresh key."""
    create_witness_key(tmp_path / "w", "witness.example/w1")
    return tmp_path / "w"


@pytest.fixture
async def post(folder):
    """Sends a body to the application itself, without a socket, and returns the response."""
    with WitnessFolder(folder) as opened:
        app = witness_app(opened, {ORIGIN: [LOG.key, LOG_PQ.key]}, lambda: NOW_S)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://w") as client:

            async def send(body, path="/add-checkpoint", method="POST"):
                return await client.request(method, path, content=body)

            yield send

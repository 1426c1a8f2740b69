"""`kilnwood serve` as a real process, for tests that look at it from outside."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from deploy.local.children import Child, free_port, own_environment

ROOT = Path(__file__).parents[2]


class Service:
    """One data folder, one port, and the process that serves them."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.inner_port = free_port()
        self.inner_url = f"http://127.0.0.1:{self.inner_port}"
        self.data = folder / "data"
        self.settings = {
            "KILNWOOD_DATA_DIR": str(self.data),
            "KILNWOOD_PORT": str(self.port),
            "KILNWOOD_INNER_PORT": str(self.inner_port),
            "KILNWOOD_SIMULATED": "yes",
            **settings,
        }
        self._own: dict[int, str] = {}
        self.log = folder / "service.log"
        self.child = Child(["serve"], log=self.log, environment=own_environment(self.settings))

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.child.start()
        self.child.wait_until(f"{self.url}/health/ready")

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The running process."""
        assert self.child.process is not None
        return self.child.process

    async def regulator(self, number: int = 1) -> str:
        """A regulator's own key, which the first one in the data folder makes once."""
        if number not in self._own:
            first = (self.data / "secrets" / f"regulator-{number}.key").read_text().strip()
            headers = {"Authorization": f"Bearer {first}", "Idempotency-Key": "own"}
            async with self.client() as http:
                self._own[number] = (await http.post("/v1/me/keys", headers=headers)).json()["secret"]
        return self._own[number]

    def client(self) -> httpx.AsyncClient:
        """A client of this service."""
        return httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30)

    async def inner(self, path: str) -> httpx.Response:
        """What the inner face says."""
        async with httpx.AsyncClient(base_url=self.inner_url, trust_env=False, timeout=30) as http:
            return await http.get(path)

    def run(self, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run one command with this service's settings and others beside them."""
        return kilnwood(*words, **{**self.settings, **settings})


def kilnwood(*words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the command line to its end, with these settings and no others."""
    command = [sys.executable, "-m", "deploy", *words]
    env = own_environment(settings)
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)

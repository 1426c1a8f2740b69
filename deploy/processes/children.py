"""A role in a process of its own that ends when this one does, however that happens: it watches a pipe."""

import asyncio
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import structlog

from deploy.processes.tasks import cancelled
from registry.kit.supervise import Supervisor

log = structlog.get_logger()

DSN_VARIABLE: Final = "KILNWOOD_CHILD_DSN"
"""The environment variable that tells a child where the database is."""
REFUSED_EXIT: Final = 3
"""Exit code of a child that refuses to do its work; it is not started again."""
STOP_TIMEOUT_S: Final = 1.0
"""How long a stop waits for a child to finish what it is doing."""
TICK_S: Final = 1.0
CRASHES, CRASHES_WITHIN_S = 3, 30.0
"""So many ends of a child in so short a time are trouble, though it is started again each time."""


class ChildRole(NamedTuple):
    """A hidden command of the command line, what the child is called in a sentence, and what its refusal means."""

    command: str
    name: str
    refusal: str


class ChildProcess:
    """One child. It is started again when it crashes, not when it refuses."""

    def __init__(self, role: ChildRole, dsn: Callable[[], str], *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._role = role
        self._dsn = dsn
        self._now_s = now_s
        self._process: subprocess.Popen[bytes] | None = None
        self._refused = False
        self._crashes: deque[float] = deque(maxlen=CRASHES)
        self._watching: asyncio.Task[None] | None = None
        self._supervisor = Supervisor(role.command, f"No {role.name} can be started", retry_s=TICK_S)

    @property
    def trouble(self) -> str:
        """Why its work is not done, in one line, or nothing."""
        name = self._role.name
        if self._refused:
            return f"The {name} {self._role.refusal}; its last line in the log says why (deploy/README.md)."
        if len(self._crashes) == CRASHES and self._now_s() - self._crashes[0] < CRASHES_WITHIN_S:
            return (
                f"The {name} ended {CRASHES} times within {CRASHES_WITHIN_S:.0f} s and is started again each time; "
                "its last lines in the log say why."
            )
        return self._supervisor.trouble

    async def start(self) -> None:
        """Start the child and look after it."""
        self.begin()
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Look after it no longer, and wait for it to finish what it is doing."""
        if self._watching:
            await cancelled(self._watching)
        await asyncio.to_thread(self.end)

    def restart(self) -> None:
        """End it and start it anew: the database is at another address."""
        self.end()
        self.begin()

    def begin(self) -> None:
        """Start the child; it ends by itself when our end of the pipe closes."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deploy", self._role.command],
            stdin=subprocess.PIPE,
            env={**os.environ, DSN_VARIABLE: self._dsn()},
        )
        self._refused = False

    def look(self) -> None:
        """See whether it has ended, and start it again if it should run."""
        code = self._process.poll() if self._process else None
        if code is None or self._refused:
            return
        if code == REFUSED_EXIT:
            log.error("child_refused", role=self._role.command, exit_code=code)
            self._refused = True
            return
        log.error("child_died", role=self._role.command, exit_code=code)
        self._crashes.append(self._now_s())
        self.begin()

    def end(self) -> None:
        """Close the pipe and wait for the child to finish what it is doing."""
        if self._process is None:
            return
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    async def _watch(self) -> None:
        async def step() -> None:
            self.look()
            self._supervisor.well()
            await self._supervisor.pause(TICK_S)

        await self._supervisor.run(step)


def until_parent_ends(stop: asyncio.Event) -> None:
    """In a child: set *stop* when the parent's end of the pipe closes."""
    loop, pipe = asyncio.get_running_loop(), sys.stdin.fileno()

    def readable() -> None:
        if not os.read(pipe, 1):
            loop.remove_reader(pipe)
            stop.set()

    loop.add_reader(pipe, readable)

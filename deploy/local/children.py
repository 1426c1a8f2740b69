"""Child processes of the command line on free loopback ports, and how they are started and stopped."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

START_TIMEOUT_S = 120.0
"""A child that ends is noticed at once; one that is slow has two full test runs beside it, or more."""
STOP_TIMEOUT_S = 20.0
_POLL_S = 0.05
_ANSWER_S = 10.0


class ChildTrouble(Exception):
    """A child process did not start or stop; the text has the last lines that it wrote."""


def free_port() -> int:
    """A loopback port that no process listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_free(port: int) -> None:
    """Raise `ChildTrouble` if another process listens on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # lingering connections do not count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ChildTrouble(
                f"Port {port} is taken by another service. End it, or choose another with --port (0: any that is free)."
            ) from error


def own_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without any Kilnwood setting of the user's, and with *settings*."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("KILNWOOD_") and name not in ("DATABASE_URL", "DATABASE_OWNER_URL")
    }
    return {**kept, **settings}


@contextlib.contextmanager
def signals_wait() -> Iterator[None]:
    """Ctrl-C and SIGTERM are heeded after this: a child that was started and not yet noted would be left behind."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread is ever interrupted
        yield
        return
    came: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda number, _: came.append(number)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


class Child:
    """One child process with its log in a file."""

    def __init__(self, arguments: list[str], *, log: Path, environment: Mapping[str, str]) -> None:
        self._arguments = arguments
        self._log = log
        self.environment = dict(environment)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it in a session of its own: Ctrl-C reaches only the parent, which stops its children in order."""
        with self._log.open("ab") as file, signals_wait():
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy", *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=self.environment,
                start_new_session=True,
            )

    def wait_until(self, url: str, *, statuses: tuple[int, ...] = (200,)) -> None:
        """Wait until *url* answers with one of *statuses*. Raises `ChildTrouble` when the process ends before."""
        until = time.monotonic() + START_TIMEOUT_S
        with httpx.Client(trust_env=False, verify=False, timeout=_ANSWER_S) as http:  # noqa: S501 - plain HTTP on loopback
            while time.monotonic() < until:
                if self.process is None or self.process.poll() is not None:
                    raise ChildTrouble(f"kilnwood {self._arguments[0]} did not start:\n{self.last_lines()}")
                try:
                    if http.get(url).status_code in statuses:
                        return
                except httpx.TransportError:
                    pass
                time.sleep(_POLL_S)
        raise ChildTrouble(f"kilnwood {self._arguments[0]} does not answer:\n{self.last_lines()}")

    def stop(self) -> None:
        """End it by its process id and wait."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self) -> None:
        """SIGKILL: nothing is tidied."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def last_lines(self) -> str:
        """The end of its log."""
        lines = self._log.read_text("utf-8", "replace").splitlines() if self._log.exists() else []
        return "\n".join(lines[-15:])

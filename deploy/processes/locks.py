"""
One lock file for each role of a data folder: which process runs it, and how that is stopped.

A lock goes with the process that holds it, however that ends; the file stays and says which process it was. Which
processes use the embedded database is a lock of its own that they share, so that the last one stops the server.
"""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final, Literal, NamedTuple

from registry.kit import private

Role = Literal["api", "engine", "sequencer", "housekeeping"]
ROLES: Final[tuple[Role, ...]] = ("api", "engine", "sequencer", "housekeeping")
"""In the order in which they are stopped: what still arrives ends before what carries it out."""
FOLDER: Final = "locks"
_DATABASE: Final = "database.users"
_PROBE_S: Final = 0.2
_POLL_S: Final = 0.02


class RoleTaken(Exception):
    """Another process has this role; *pid* says which, if it is known."""

    def __init__(self, role: Role, pid: int | None) -> None:
        super().__init__(f"the {role} runs as process {pid or '?'}")
        self.role = role
        self.pid = pid


class NotStopped(Exception):
    """A process was asked to stop and did not; the text says which."""


class StoppedProcess(NamedTuple):
    """A process that was stopped, and its roles."""

    pid: int
    roles: tuple[Role, ...]


@contextlib.contextmanager
def roles_held(data_dir: Path, roles: Sequence[Role]) -> Iterator[None]:
    """Have *roles* of the data folder, and no other process any of them. Raises `RoleTaken`, `TooOpen`, `OSError`."""
    folder = _folder(data_dir)
    with contextlib.ExitStack() as stack:
        for role in roles:
            file = stack.enter_context(private.open_lock(folder / f"{role}.lock"))
            if not _taken(file, within_s=_PROBE_S):
                raise RoleTaken(role, _pid_in(file))
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        yield


def _folder(data_dir: Path) -> Path:
    private.make_passed_folder(data_dir)
    folder = data_dir / FOLDER
    private.make_passed_folder(folder)
    return folder


def _taken(file: IO[str], *, within_s: float) -> bool:
    """Lock the file, which `running` may have in its hands for a moment."""
    until = time.monotonic() + within_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_S)
        else:
            return True


def _pid_in(file: IO[str]) -> int | None:
    file.seek(0)
    text = file.read().strip()
    return int(text) if text.isdigit() else None


def running(data_dir: Path) -> dict[Role, int]:
    """The roles of the data folder that run, each with its process."""
    found: dict[Role, int] = {}
    for role in ROLES:
        path = data_dir / FOLDER / f"{role}.lock"
        if path.exists():
            with path.open("r") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    found[role] = _pid_in(file) or 0
    return found


def stop_roles(data_dir: Path, *, timeout_s: float) -> list[StoppedProcess]:
    """
    Tell every process of the data folder to stop, one after the other, and wait for each. Raises `NotStopped`.

    The api goes first: what it took is carried out by the others, which still run.
    """
    stopped = []
    while found := running(data_dir):
        role, pid = next(iter(found.items()))
        roles = tuple(each for each, its in found.items() if its == pid)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + timeout_s
        while running(data_dir).get(role) == pid:
            if time.monotonic() > until:
                raise NotStopped(f"the {role} (process {pid or '?'}) did not stop within {timeout_s:.0f} s")
            time.sleep(_POLL_S)
        stopped.append(StoppedProcess(pid, roles))
    return stopped


class DatabaseUsers:
    """Who uses the embedded database of a data folder, and whether this process is the last one that does."""

    def __init__(self, data_dir: Path) -> None:
        self._file = private.open_lock(_folder(data_dir) / _DATABASE)
        fcntl.flock(self._file, fcntl.LOCK_SH)  # waits while the last user stops the server

    def close(self) -> None:
        """Use it no longer."""
        self._file.close()

    def is_last(self) -> bool:
        """
        Whether no other process uses it. If so, none begins to before `close`.

        The two locks are exchanged in two steps: of two processes that ask at once, at least one is the last.
        """
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

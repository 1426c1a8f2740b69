"""
The embedded PostgreSQL of a data folder: start it or adopt the one that runs, stop it, remove it.

`D/start.lock` in the data folder D is locked while a process starts or stops the server, so that two do not race. The
server outlives the process that started it, however that ended; the next `start` adopts it and `stop` ends it.
Needs a POSIX system: asyncpg has no sockets of this kind on Windows, where DATABASE_URL must be set.
"""

import contextlib
import fcntl
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from deploy.postgres import cluster as clusters
from deploy.postgres import process, programs
from deploy.postgres.cluster import SUPERUSER
from deploy.postgres.programs import PostgresUnavailable

NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A running server: where to connect, as superuser for the owner of the data folder, and its process."""

    dsn: str
    data_dir: Path
    pid: int


def start(
    data_dir: Path, *, settings: Mapping[str, str] = NO_SETTINGS, bin_dir: Path | None = None, create: bool = True
) -> EmbeddedPostgres:
    """
    Start the server of *data_dir*, or adopt the one that already runs there; an empty folder gets a new database.

    *settings* are configuration parameters of a server that starts now; an adopted one keeps its own.
    *bin_dir* holds other binaries than the wheel's, such as Debian's. Without *create*, a database that is gone is
    trouble and not made anew. Raises PostgresUnavailable.
    """
    data_dir = data_dir.absolute()
    with _one_line_errors(data_dir):
        if create:
            data_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
        with _locked(data_dir):
            if not create and clusters.existing(data_dir) is None:
                raise PostgresUnavailable(f"the database of {data_dir} is gone: restore it")
            return _start_locked(data_dir, settings, bin_dir)


def stop(data_dir: Path, *, bin_dir: Path | None = None) -> bool:
    """End the server of *data_dir* (open transactions roll back) and wait for it. False: there was none."""
    data_dir = data_dir.absolute()
    if not data_dir.is_dir():
        return False
    with _one_line_errors(data_dir), _locked(data_dir):
        cluster = clusters.path_of(data_dir)
        if (server := process.live(cluster)) is None:
            return False
        user = clusters.owner(cluster)
        process.stop(cluster, server, user, programs.reachable_bin(user, bin_dir))
        return True


def runs(data_dir: Path) -> bool:
    """Whether the server of *data_dir* runs."""
    return process.live(clusters.path_of(data_dir.absolute())) is not None


def remove(data_dir: Path, *, bin_dir: Path | None = None) -> None:
    """Stop the server of *data_dir* and delete its database, wherever that is. For demos and tests."""
    stop(data_dir, bin_dir=bin_dir)
    elsewhere = clusters.path_of(data_dir).parent
    if elsewhere.parent == programs.STATE_ROOT:
        shutil.rmtree(elsewhere, ignore_errors=True)
    if data_dir.exists():
        shutil.rmtree(data_dir)


def _start_locked(data_dir: Path, settings: Mapping[str, str], bin_dir: Path | None) -> EmbeddedPostgres:
    cluster = clusters.existing(data_dir)
    if cluster is None:
        user = clusters.new_owner()
        home = clusters.new_home(data_dir, user)
        bin_dir = programs.reachable_bin(user, bin_dir)
        cluster = clusters.create(data_dir, home, user, bin_dir)
    else:
        user = clusters.owner(cluster)
        bin_dir = programs.reachable_bin(user, bin_dir)
        clusters.refuse_other_version(cluster, user, bin_dir)
    server = process.adopt(cluster, user, bin_dir) or process.launch(cluster, user, bin_dir, settings)
    # `trust` and no password: see clusters.create.
    dsn = f"postgresql://{SUPERUSER}@/postgres?host={quote(server.socket_dir, safe='/')}"
    return EmbeddedPostgres(dsn=dsn, data_dir=data_dir, pid=server.pid)


@contextlib.contextmanager
def _one_line_errors(data_dir: Path) -> Iterator[None]:
    """No room, no permission, a program that does not start: what the system says becomes one line."""
    try:
        yield
    except OSError as error:
        what = f"{error.strerror}: {error.filename}" if error.filename else str(error)
        raise PostgresUnavailable(f"the embedded PostgreSQL of {data_dir} cannot be used: {what}") from error


@contextlib.contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """One starter or stopper at a time; the system lets go when a process dies, and no child inherits it."""
    with (data_dir / "start.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

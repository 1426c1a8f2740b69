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

from deploy.postgres import cluster as clusters
from deploy.postgres import logins, process, programs
from deploy.postgres.programs import PostgresUnavailable
from registry.kit import private
from registry.kit.private import TooOpen

NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class EmbeddedPostgres:
    """
    A running server: its process, its version, and where to connect.

    *dsn* is for the tables' owner, a superuser; the service's processes use `dsn_as`. *newest* is the newest version
    that has served this database.
    """

    dsn: str
    data_dir: Path
    pid: int
    socket_dir: str
    version: str
    newest: str

    def dsn_as(self, login: str) -> str:
        """Where to connect as one of `logins.SERVING`, which own nothing."""
        return logins.address(self.data_dir, self.socket_dir, login)


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
            private.make_passed_folder(data_dir)
        else:
            private.require_unwritable(data_dir)
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
    user = clusters.owner(cluster) if cluster else clusters.new_owner()
    reachable = programs.reachable_bin(user, bin_dir)
    version = programs.version(user, reachable)
    if bin_dir is None:
        programs.refuse_old(version)
    if cluster is None:
        cluster = clusters.create(data_dir, clusters.new_home(data_dir, user), user, reachable)
    else:
        clusters.refuse_other_version(cluster, version)
    server = process.adopt(cluster, user, reachable)
    if not logins.are_set(data_dir, cluster):
        if server:  # it lets in anybody who reaches its socket, or nobody knows a password any more
            process.stop(cluster, server, user, reachable)
            server = None
        logins.make(data_dir, cluster, user, reachable)
    server = server or process.launch(cluster, user, reachable, settings)
    return EmbeddedPostgres(
        dsn=logins.address(data_dir, server.socket_dir, logins.SUPERUSER),
        data_dir=data_dir,
        pid=server.pid,
        socket_dir=server.socket_dir,
        version=version,
        newest=clusters.newest_version(data_dir, version),
    )


@contextlib.contextmanager
def _one_line_errors(data_dir: Path) -> Iterator[None]:
    """No room, no permission, a program that does not start: what the system says becomes one line."""
    try:
        yield
    except TooOpen as error:
        raise PostgresUnavailable(str(error)) from error
    except OSError as error:
        what = f"{error.strerror}: {error.filename}" if error.filename else str(error)
        raise PostgresUnavailable(f"the embedded PostgreSQL of {data_dir} cannot be used: {what}") from error


@contextlib.contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """One starter or stopper at a time; the system lets go when a process dies, and no child inherits it."""
    with private.open_lock(data_dir / "start.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

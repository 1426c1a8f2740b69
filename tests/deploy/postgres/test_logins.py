"""Who gets into the embedded server, and what they may do there: nobody without a password, and no server is theirs."""

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.postgres import logins, process, programs
from deploy.postgres import server as postgres
from deploy.postgres.programs import PostgresUnavailable
from deploy.postgres.server import EmbeddedPostgres
from tests.database import connected

FAST = {"fsync": "off"}
EVERY = (logins.SUPERUSER, *logins.SERVING)


@pytest.fixture
def running(open_folder) -> EmbeddedPostgres:
    """A server of this test's own."""
    return postgres.start(open_folder / "data", settings=FAST)


@pytest.fixture(scope="module")
def unchanged() -> Iterator[EmbeddedPostgres]:
    """A server for tests that leave it as it was."""
    folder = Path(tempfile.mkdtemp(prefix="kw-logins-", dir="/tmp"))
    folder.chmod(0o755)  # as root, the server runs as another user and must reach its folder
    yield postgres.start(folder / "data", settings=FAST)
    postgres.remove(folder / "data")
    shutil.rmtree(folder)


def without_password(dsn: str) -> str:
    """The same address for somebody who reaches the socket and no file of passwords."""
    head, _, query = dsn.partition("?")
    return f"{head}?{query.partition('&')[2]}"


@pytest.mark.parametrize("login", EVERY)
async def test_nobody_gets_in_without_a_password(unchanged, login, monkeypatch, tmp_path):
    """Who reaches the socket as its owner does, but no file of passwords, gets no connection; nor with a wrong one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    dsn = unchanged.dsn if login == logins.SUPERUSER else unchanged.dsn_as(login)
    async with connected(dsn) as connection:
        assert login == await connection.fetchval("select session_user")
    bare = without_password(dsn)
    for password in (None, "wrong"):
        with pytest.raises(asyncpg.InvalidPasswordError, match="password authentication failed"):
            await asyncpg.connect(bare, password=password)


async def test_another_process_of_the_servers_user_gets_no_connection(unchanged, as_root):
    """The user who runs the server may enter its socket's folder, and still is asked for the password."""
    owner = (Path(unchanged.socket_dir)).stat()
    user = programs.User(owner.st_uid, owner.st_gid, drop=True)
    psql = shutil.which("psql")
    if not psql:
        pytest.skip("psql is not installed")
    for login in EVERY:
        done = programs.run([psql, "-w", "-h", unchanged.socket_dir, "-U", login, "-c", "select 1", "postgres"], user)
        assert 2 == done.returncode
        assert "no password supplied" in done.stderr, done.stderr


@pytest.mark.parametrize("login", logins.SERVING)
async def test_what_serves_is_no_superuser(unchanged, login):
    """It runs no program, reads no file of the server, makes no extension and no role, and becomes nobody else."""
    other = next(each for each in logins.SERVING if each != login)
    async with connected(unchanged.dsn_as(login)) as connection:
        assert not await connection.fetchval("select rolsuper from pg_roles where rolname = session_user")
        for statement in (
            "copy (select 1) to program 'true'",
            "create temporary table t (x text); copy t from program 'id'",
            "copy (select 1) to '/tmp/kilnwood-never'",
            "select pg_read_file('PG_VERSION')",
            "select pg_ls_dir('.')",
            "select lo_import('/etc/passwd')",
            "create extension vector",
            "create role somebody",
            "alter role postgres password 'mine'",
            "alter system set listen_addresses = '*'",
            "create database mine",
            "create table public.mine (x int)",
            "load 'auto_explain'",
            "set role postgres",
            f"set role {other}",
            "set session authorization postgres",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        for power in ("pg_execute_server_program", "pg_read_server_files", "pg_write_server_files", "pg_monitor"):
            assert not await connection.fetchval("select pg_has_role($1, 'member')", power)


def test_passwords_are_private(unchanged):
    """Files of mode 0600 in a folder of 0700; the socket too is for its owner."""
    folder = unchanged.data_dir / "passwords"
    assert sorted(EVERY) == sorted(path.name for path in folder.iterdir())
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert ({0o600}, 0o700) == (modes, stat.S_IMODE(folder.stat().st_mode))
    assert 0o700 == stat.S_IMODE(Path(unchanged.socket_dir, ".s.PGSQL.5432").stat().st_mode)
    assert all(password not in unchanged.dsn for password in (path.read_text() for path in folder.iterdir()))


def as_before(data: Path) -> None:
    """What an earlier version left: any client of the socket is let in, and there are no passwords and no logins."""
    shutil.rmtree(data / "passwords")
    (data / "newest.version").unlink()
    rules = data / "cluster" / "pg_hba.conf"
    rules.write_text("local all all trust\n")


@pytest.mark.parametrize("stopped", [True, False])
async def test_a_database_of_an_earlier_version_is_closed(running, stopped):
    """In place, with its rows; also if the earlier version's server still runs and lets everybody in."""
    data = running.data_dir
    async with connected(running.dsn) as owner:
        await owner.execute(
            "create table kept as select 47 as kg; drop role kilnwood_api; drop role kilnwood_sequencer"
        )
        await owner.execute("alter role postgres password null")
        as_before(data)
        await owner.execute("select pg_reload_conf()")
    open_to_all = without_password(running.dsn)
    await _until_let_in(open_to_all)
    if stopped:
        postgres.stop(data)
    again = postgres.start(data, settings=FAST)
    async with connected(again.dsn) as owner:
        assert 47 == await owner.fetchval("select kg from kept")
    for login in logins.SERVING:
        async with connected(again.dsn_as(login)) as connection:
            assert login == await connection.fetchval("select session_user")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(without_password(again.dsn))
    assert again == postgres.start(data), "closed once, it stays so, and its server runs on"


async def _until_let_in(dsn: str) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                await (await asyncpg.connect(dsn)).close()
            except asyncpg.InvalidPasswordError:
                await asyncio.sleep(0.01)
            else:
                return


async def test_a_lost_password_is_made_anew(running):
    """The file of one login is gone: the server is restarted once, and every login has a password that works."""
    data = running.data_dir
    (data / "passwords" / logins.API).unlink()
    again = postgres.start(data, settings=FAST)
    assert running.pid != again.pid
    for dsn in (again.dsn, *map(again.dsn_as, logins.SERVING)):
        async with connected(dsn) as connection:
            assert 1 == await connection.fetchval("select 1")


async def test_a_crash_while_a_lost_password_is_made_locks_nobody_out(running, monkeypatch):
    """The file of the new password is there, the database does not know it yet: the next start goes on."""
    data = running.data_dir
    (data / "passwords" / logins.SUPERUSER).unlink()

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(process, "run_alone", crash)
        with pytest.raises(KeyboardInterrupt):
            postgres.start(data, settings=FAST)
    assert (data / "passwords" / logins.SUPERUSER).exists()
    assert "reject" in (data / "cluster" / "pg_hba.conf").read_text()
    async with connected(postgres.start(data, settings=FAST).dsn) as connection:
        assert 1 == await connection.fetchval("select 1")


def test_a_damaged_password_is_named(running):
    """And what to do: nothing is guessed."""
    path = running.data_dir / "passwords" / logins.API
    path.write_text("*:*:*:kilnwood_api:half\n*:*:*:kilnwood")
    with pytest.raises(PostgresUnavailable, match=f"{path} is damaged: stop the service and delete the file"):
        postgres.start(running.data_dir)


@pytest.mark.parametrize(
    ("path", "mode", "wanted"),
    [
        ("passwords/postgres", 0o640, "600"),
        ("passwords/kilnwood_sequencer", 0o604, "600"),
        ("passwords", 0o750, "700"),
        ("passwords", 0o711, "700"),
        ("", 0o775, "go-w"),
        ("", 0o777, "go-w"),
    ],
)
def test_what_others_reach_is_refused(unchanged, path, mode, wanted):
    """With the path, its mode and the command that closes it."""
    opened = unchanged.data_dir / path
    opened.chmod(mode)
    with pytest.raises(PostgresUnavailable, match=f"{opened} has mode {mode:04o}; .* Run: chmod {wanted} {opened}"):
        postgres.start(unchanged.data_dir)
    opened.chmod(0o755 if not path else 0o700 if opened.is_dir() else 0o600)


@pytest.fixture(params=[0o000, 0o077])
def any_umask(request):
    """A umask that takes nothing, and one that takes everything."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_modes_do_not_hang_on_the_umask(any_umask, open_folder):
    """Everything that the server's start makes has the same modes whatever the umask."""
    data = open_folder / "umask" / "data"
    postgres.start(data, settings=FAST)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (data, *data.iterdir())}
    passed = stat.S_IMODE(data.stat().st_mode)
    assert passed in (0o700, 0o711)
    assert {"data": passed, "cluster": 0o700, "passwords": 0o700, "start.lock": 0o600} == {
        name: mode for name, mode in modes.items() if name != "newest.version"
    }
    assert 0o755 == stat.S_IMODE((open_folder / "umask").stat().st_mode)


def test_the_wheel_must_not_be_too_old(open_folder, monkeypatch):
    """Its version is compared with the oldest that is supported, number by number."""
    monkeypatch.setattr(programs, "version", lambda *_: "18.3")
    with pytest.raises(PostgresUnavailable, match=r"the embedded PostgreSQL is 18\.3, and 18\.4 is the oldest"):
        postgres.start(open_folder / "data")
    programs.refuse_old("18.10")
    programs.refuse_old(programs.OLDEST)
    for none in ("", "18", "17.9", "18beta1"):
        with pytest.raises(PostgresUnavailable, match="install the locked requirements again"):
            programs.refuse_old(none)


async def test_the_newest_version_that_served_is_remembered(running, monkeypatch):
    """Within a major version any minor one reads the data; an older one than before is recognised."""
    assert programs.OLDEST == running.version == running.newest
    (running.data_dir / "newest.version").write_text("18.10\n")
    again = postgres.start(running.data_dir)
    assert (programs.OLDEST, "18.10") == (again.version, again.newest)
    assert "18.10\n" == (running.data_dir / "newest.version").read_text()

"""`kilnwood serve` over its embedded server: as whom its processes connect, and how private what it makes is."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.postgres import logins
from deploy.postgres import server as postgres
from tests.database import connected
from tests.deploy.services import Service
from tests.faults.killing import until

CALENDAR = Path(__file__).parents[3] / "registry" / "methodologies" / "data" / "calendar-cn.toml"
PRIVATE = ("secrets", "log-keys", "postgres/passwords", "postgres/cluster")


@pytest.fixture
def service(open_folder) -> Iterator[Service]:
    """A service with nothing but defaults, started where the umask takes nothing away."""
    made = Service(open_folder, {})
    before = os.umask(0)
    try:
        made.start()
    finally:
        os.umask(before)
    yield made
    made.child.stop()
    made.run("stop")


async def serving(dsn: str) -> set[tuple[str, str]]:
    """Who is connected, and as what, beside who asks."""
    async with connected(dsn) as owner:
        found = await owner.fetch(
            "select usename, application_name from pg_stat_activity "
            "where backend_type = 'client backend' and pid <> pg_backend_pid()"
        )
    return {(row["usename"], row["application_name"]) for row in found}


async def test_no_process_that_serves_is_the_superuser(service):
    """Api, engine, snapshots and housekeeping are one login, the sequencer another; the commands beside it too."""
    dsn = postgres.start(service.data / "postgres").dsn

    async def all_there() -> bool:
        return {each for each, _ in await serving(dsn)} == set(logins.SERVING)

    await until(all_there, "each has connected")
    assert {(logins.API, "kilnwood"), (logins.SEQUENCER, "kilnwood-sequencer")} == await serving(dsn)
    said = service.log.read_text()
    assert '"version":"18.4","embedded":true,"event":"database_version"' in said
    assert "served_by_superuser" not in said
    assert 0 == service.run("reconcile").returncode
    assert 0 == service.run("calendar", "add", str(CALENDAR)).returncode
    made = service.run("recover", "regulator", "Third Regulator", "--reason", "A test")
    assert 0 == made.returncode, made.stderr
    service.child.stop()
    assert 0 == service.run("migrate").returncode
    service.start()
    dsn = postgres.start(service.data / "postgres").dsn
    await until(all_there, "each has connected again")


@pytest.mark.long
async def test_what_it_makes_is_private_and_a_start_requires_it(service):
    """Where the umask is 000 all the same; a mode that is too open is one line with the path and the command."""
    keys = service.data / "log-keys"

    async def all_made() -> bool:
        return (keys / "head.json").exists()

    await until(all_made, "the sequencer has made its keys")
    service.child.stop()
    require_private(service)
    require_refusals(service)


def require_private(service: Service) -> None:
    """Secrets are 0600 in folders of 0700, and nothing can be written by others."""
    for name in PRIVATE:
        assert 0o700 == mode_of(service.data / name), name
    for name in ("secrets", "log-keys", "postgres/passwords", "locks"):
        files = {path.name: mode_of(path) for path in (service.data / name).iterdir()}
        assert dict.fromkeys(files, 0o600) == files, name
    open_to_others = [
        path for path in (service.data, *service.data.rglob("*")) if not path.is_symlink() and mode_of(path) & 0o022
    ]
    assert [] == open_to_others


API_REFUSES = (
    ("", 0o775, "go-w"),
    ("secrets", 0o755, "700"),
    ("postgres/passwords/kilnwood_api", 0o644, "600"),
)
SEQUENCER_REFUSES = (
    ("log-keys", 0o755, "700"),
    ("log-keys/head.json", 0o666, "600"),
)


def require_refusals(service: Service) -> None:
    """The api, and the sequencer for what it reads alone."""
    for role, cases in (("api", API_REFUSES), ("sequencer", SEQUENCER_REFUSES)):
        for name, mode, wanted in cases:
            path = service.data / name
            before = mode_of(path)
            path.chmod(mode)
            refused = service.run("serve", "--only", role)
            path.chmod(before)
            assert 1 == refused.returncode
            assert f"{path} has mode {mode:04o}; others can" in refused.stderr
            assert f"Run: chmod {wanted} {path}" in refused.stderr.splitlines()[-1]


def mode_of(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)

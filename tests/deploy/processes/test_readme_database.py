"""What deploy/README.md says to run on a PostgreSQL of one's own is enough, in its order."""

import asyncio
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.postgres import server as postgres
from deploy.postgres.logins import SERVING
from tests.deploy.services import Service
from tests.worlds import database_dsn

README = (Path(__file__).parents[3] / "deploy" / "README.md").read_text(encoding="utf-8")
DEBIAN = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(params=["embedded", "debian-15"])
def fresh_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The superuser's address of a server on which nobody made the two roles."""
    bin_dir = DEBIAN if request.param == "debian-15" else None
    if bin_dir and not (bin_dir / "postgres").exists():
        pytest.skip("no PostgreSQL 15 here")
    folder = Path(tempfile.mkdtemp(prefix="kw-test-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        started = postgres.start(folder / "postgres", settings={"fsync": "off"}, bin_dir=bin_dir)
        asyncio.run(carried_out(started.dsn, [f"DROP ROLE IF EXISTS {role}" for role in SERVING]))
        yield started.dsn
    finally:
        postgres.remove(folder / "postgres", bin_dir=bin_dir)
        shutil.rmtree(folder, ignore_errors=True)


def test_the_statements_of_the_readme_are_enough(fresh_server, tmp_path):
    """A superuser runs them one by one; then the service starts from nothing as the login that they make."""
    block = re.search(r"psql <<'SQL'\n(.*?)\nSQL\n", README, re.DOTALL)
    assert block, "the README has its statements in one block"
    statements = block[1].splitlines()
    asyncio.run(carried_out(fresh_server, statements))
    login = database_dsn(fresh_server, "kilnwood").replace("postgres@", "kilnwood:choose-one@")
    service = Service(tmp_path, {"DATABASE_URL": login})
    try:
        service.start()
    finally:
        service.child.stop()


async def carried_out(dsn: str, statements: list[str]) -> None:
    """Run each statement by itself, as psql does."""
    superuser = await asyncpg.connect(dsn)
    for statement in statements:
        await superuser.execute(statement)
    await superuser.close()

"""Databases of a test's own on the run's server, and golden files."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.migrations import every_migration
from registry.kit.migrate import migrate

REWRITE = os.environ.get("KILNWOOD_REWRITE_GOLDEN") == "1"
"""Golden files are written again instead of compared; read the difference before you commit it."""


LOGIN = "login password 'only-for-this-run'"
"""What `create role` says of a login that a test makes; on the run's server nobody connects without a password."""


def as_login(dsn: str, role: str) -> str:
    """The same database as a login that was made with `LOGIN`."""
    return dsn.replace("//postgres@", f"//{role}:only-for-this-run@")


def fresh(server: str) -> str:
    """The address of a new, empty database on *server*; it goes when the server does."""
    return asyncio.run(_create(server))


def migrated(server: str) -> str:
    """The address of a new database on *server* that has every migration and no row."""

    async def bring_up(dsn: str) -> None:
        async with connected(dsn) as owner:
            await migrate(owner, every_migration())

    dsn = fresh(server)
    asyncio.run(bring_up(dsn))
    return dsn


async def _create(server: str) -> str:
    name = f"kw_{secrets.token_hex(6)}"
    async with connected(server) as owner:
        await owner.execute(f"create database {name}")
    address = urlsplit(server)
    return urlunsplit(address._replace(path=f"/{name}"))


@asynccontextmanager
async def connected(dsn: str, *, role: str = "") -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """One connection, closed afterwards; with *role*, it acts as that role."""
    connection = await asyncpg.connect(dsn, server_settings={"role": role} if role else {})
    try:
        yield connection
    finally:
        await connection.close()


def compare(path: Path, actual: str) -> None:
    """Compare with a golden file, or write it again where `REWRITE` says so."""
    if REWRITE:
        path.write_text(actual, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == actual, "set KILNWOOD_REWRITE_GOLDEN=1 if this change is meant"

"""Applies numbered ``.sql`` migrations, forward only; an applied file that was changed since is refused."""

import hashlib
from collections.abc import Sequence
from importlib.resources import files

import asyncpg

from registry.kit import sql

_sql = sql.load(__package__, "migrate.sql")


class MigrationRefused(Exception):
    """The database and the files disagree; nothing was applied. The text says which file, and what to do."""


class Migration:
    """One file: its name (package and file), its text and the SHA-256 of the text."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.sha256 = hashlib.sha256(text.encode()).digest()


def available(packages: Sequence[str]) -> tuple[Migration, ...]:
    """Every migration of *packages*, in the order in which they are applied."""
    return tuple(
        Migration(f"{package}/{file.name}", file.read_text("utf-8"))
        for package in packages
        for file in sorted(files(package).iterdir(), key=lambda each: each.name)
        if file.name.endswith(".sql")
    )


async def migrate(connection: asyncpg.Connection, migrations: Sequence[Migration]) -> tuple[str, ...]:
    """
    Apply what is missing, each file in a transaction of its own, and return the names of what was applied.

    Two processes may start at once: the second waits at the advisory lock and finds nothing to do. A crash in the
    middle leaves whole files applied. Raises `MigrationRefused` when an applied file differs or is missing here.
    """
    await connection.execute(_sql.lock)
    try:
        await connection.execute(_sql.create)
        applied = {row["name"]: row["sha256"] for row in await connection.fetch(_sql.applied)}
        _refuse_changed(applied, migrations)
        missing = [each for each in migrations if each.name not in applied]
        for each in missing:
            async with connection.transaction():
                await connection.execute(each.text)
                await connection.execute(_sql.remember, each.name, each.sha256)
        return tuple(each.name for each in missing)
    finally:
        await connection.execute(_sql.unlock)


async def check(connection: asyncpg.Connection, migrations: Sequence[Migration]) -> None:
    """Raise `MigrationRefused` unless exactly *migrations* are applied."""
    applied = {row["name"]: row["sha256"] for row in await connection.fetch(_sql.applied)}
    _refuse_changed(applied, migrations)
    if missing := [each.name for each in migrations if each.name not in applied]:
        raise MigrationRefused(f"Not yet applied: {', '.join(missing)}. Run: kilnwood migrate")


def _refuse_changed(applied: dict[str, bytes], migrations: Sequence[Migration]) -> None:
    known = {each.name: each for each in migrations}
    for name, sha256 in applied.items():
        if name not in known:
            raise MigrationRefused(
                f"The database has {name}, which this version does not know. Run the newer version that applied it."
            )
        if known[name].sha256 != sha256:
            raise MigrationRefused(
                f"{name} was changed after it was applied (SHA-256 {sha256.hex()[:12]}… then, "
                f"{known[name].sha256.hex()[:12]}… now). Restore the file and write a new migration instead."
            )

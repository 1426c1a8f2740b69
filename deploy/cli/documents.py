"""`kilnwood documents`: what nothing names, listed and removed on a database that may be in use."""

import contextlib
from collections.abc import AsyncIterator, Sequence

import asyncpg

from deploy.postgres.programs import PostgresUnavailable
from deploy.processes.borrowed import borrowed
from deploy.settings import Settings
from registry.usage import service as usage
from schemas.usage import UnnamedDocument


class CannotClean(Exception):
    """The documents cannot be listed or removed; the text says why, and what to do."""


async def unnamed(settings: Settings, *, older_than_days: int) -> Sequence[UnnamedDocument]:
    """Every document that nothing names. Raises `CannotClean`."""
    async with _owner(settings) as owner:
        return await usage.unnamed_documents_in(owner, older_than_days=older_than_days)


async def remove(settings: Settings, *, older_than_days: int, compact: bool) -> Sequence[UnnamedDocument]:
    """
    Remove every document that nothing names, each in a transaction of its own; returns those that were removed.

    What they took is then free for other documents, and goes back to the file system as far as it lies at the end of
    the table; with *compact* all of it does, while the table is rewritten and documents cannot be read. Raises
    `CannotClean`.
    """
    removed = []
    async with _owner(settings) as owner:
        for each in await usage.unnamed_documents_in(owner, older_than_days=older_than_days):
            async with owner.transaction():
                if await usage.remove_document_in(owner, each.sha256, older_than_days=older_than_days):
                    removed.append(each)
        await owner.execute(f"vacuum {'(full)' if compact else '(truncate)'} registry.document")
        with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
            await owner.execute("checkpoint")  # of a journal that has grown, what is not needed goes
    return removed


@contextlib.asynccontextmanager
async def _owner(settings: Settings) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The owner of the tables. The embedded server is started for it where it does not run."""
    try:
        async with borrowed(settings) as found:
            owner = await asyncpg.connect(found.owner, timeout=10)
            try:
                yield owner
            finally:
                await owner.close()
    except asyncpg.PostgresError as error:
        raise CannotClean(
            f"PostgreSQL says: {error}. Use the login that owns the tables (DATABASE_OWNER_URL), after 'kilnwood "
            "migrate'; --compact needs as much room as the documents that stay."
        ) from error
    except (PostgresUnavailable, OSError) as error:
        raise CannotClean(str(error) or type(error).__name__) from error

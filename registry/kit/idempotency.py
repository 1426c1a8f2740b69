"""Keeps the memory of idempotency keys bounded."""

from registry.kit import sql
from registry.kit.database import Database

_sql = sql.load(__package__, "idempotency.sql")


async def forget_old(db: Database) -> None:
    """Forget keys of more than 30 days, except those of retirements, which are kept for ever."""
    async with db.reading() as tx:
        await tx.execute(_sql.forget_old)

"""Joins neighbouring blocks, so that accounts stay quick to read and only true fragments count."""

from registry.credits.blocks import store
from registry.kit.database import Database, Tx
from registry.parties import service as parties


async def compact(*, db: Database, limit: int = 100) -> int:
    """
    Join neighbouring blocks of fragmented accounts, active ones and those under one hold of the exchange.

    Each account under its lock; returns how many joined blocks came out.
    """
    async with db.reading() as tx:
        accounts = await store.fragmented(tx, limit)
    joined = 0
    for account_id in accounts:

        async def work(tx: Tx, account_id: int = account_id) -> int:
            await parties.lock_accounts_in(tx, [account_id])
            return await store.compact(tx, account_id)

        joined += await db.transaction(work)
    return joined

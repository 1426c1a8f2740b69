"""The invariants of the exchange bite: each row that is altered by hand is found out."""

import asyncpg

from tests import invariants, market_invariants
from tests.worlds import World

ALTERED = (
    "update exchange.head set hash = sha256(hash)",
    "update exchange.head set sequence = sequence + 1",
    "update exchange.journal set commands = '\\x90' where first = (select max(first) from exchange.journal)",
    "delete from exchange.journal where first = (select max(first) from exchange.journal)",
    "update exchange.snapshot set state = state || '\\x00'",
    "update exchange.position set settled = settled + 1 where instrument_id = 0 and settled > 0",
    "update exchange.position set incoming = incoming + 1, outgoing = outgoing + 1 where instrument_id = 0",
    "update exchange.placed set open_t = open_t - 1 where open_t > 0",
    "update exchange.trade set state = 'refunded' where id = 1",
    "update exchange.trade set price_fen = price_fen + 1 where id = 1",
    "update exchange.trade set delivery_id = null where id = 1",
    "update exchange.delivery set gross_fen = gross_fen + 1 where id = 1",
    "update exchange.delivery set trades = trades || 1::bigint where id = 2",
    "update exchange.delivery set state = 'delivered' where id = 1",
    "update exchange.delivery set statement_ids = '{}' where id = 1",
    "update exchange.instruction set state = 'done' where kind = 'debit_tonnes'",
    "update exchange.instruction set amount = amount + 1 where kind = 'credit_cash'",
    "update registry.hold set quantity_kg = quantity_kg + 1000 where kind = 'exchange' and quantity_kg > 0",
    "update registry.exchange_request set quantity_kg = quantity_kg + 1 where kind = 'hold'",
    "update registry.opening set salt = sha256(salt) where label = 'payment'",
    "update registry.opening set text = replace(text, 'net_fen', 'net') where label = 'payment'",
    "delete from registry.movement where cause = 'delivery-1'",
)


async def found_out(owner: asyncpg.Connection) -> bool:
    """Whether an invariant fails."""
    try:
        await market_invariants.check(owner)
    except AssertionError:
        return True
    return False


async def test_every_altered_row_is_found_out(delivered: World):
    """Each change is made inside a transaction that is rolled back; before the first and after the last all is well."""
    owner = await asyncpg.connect(delivered.dsn)
    missed: list[str] = []
    try:
        await market_invariants.check(owner)
        for change in ALTERED:
            undone = owner.transaction()
            await undone.start()
            await owner.execute("set local session_replication_role = replica")  # what triggers forbid is done, too
            assert "UPDATE 0" != await owner.execute(change), change
            missed += [] if await found_out(owner) else [change]
            await undone.rollback()
        assert [] == missed
        await invariants.check_ledger(owner)
        await market_invariants.check(owner)
    finally:
        await owner.close()

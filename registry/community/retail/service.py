"""
Retail pools: opened, topped up, paused and withdrawn by their owners; and the payments for their kilograms.

A pool's kilograms lie under a hold of the ledger, so nothing else can take them. What is promised to payments is
counted in the pool's row: one guarded update reserves, and a kilogram is never promised twice. Locks are taken in one
order: payment, pool, account.
"""

from registry.access import authorisation as access
from registry.access.restrictions import service as restrictions
from registry.access.restrictions.rules import Frozen
from registry.community.retail import rules, store
from registry.community.retail.rules import LockedPool
from registry.credits.reserves import service as reserves
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.kit.quotas import DEFAULT, Quotas
from registry.parties import service as parties
from schemas.access import Call, Role
from schemas.credits import Selection
from schemas.pages import Page
from schemas.retail import NewPool, Pool, PoolAccounts, PoolState, Posting, TopUp


async def open_pool(body: NewPool, *, call: Call, db: Database, quotas: Quotas = DEFAULT) -> Pool:
    """
    Offer kilograms of an account of the caller's by the kilogram; they are held for the pool from now on.

    Raises `InsufficientCredits`, `Frozen`, `NotYours`, `AccountClosed`, `QuotaUsedUp`.
    """

    async def work(tx: Tx) -> Written[Pool]:
        owner_id = (await parties.account_in(tx, body.account_id)).owner_id
        access.authorise_for(call, owner_id)
        await quotas.admit_in(tx, "retail_pools", owner_id, store.pools_of)
        hold_id = await reserves.open_in(tx, body.account_id)
        pool_id = await store.insert_pool(tx, body, owner_id=owner_id, hold_id=hold_id, by=call.by.person_id)
        if pool_id is None:
            raise Unknown(f"There is no issuance {body.issuance}.")
        await reserves.put_in(tx, hold_id, _of(body.account_id, body.issuance, body.quantity_kg), call=call)
        return Written(pool_id, await _pool_again(tx, str(pool_id)))

    return await once(db, call, work, _pool_again)


async def top_up(pool_id: int, body: TopUp, *, call: Call, db: Database) -> Pool:
    """Put more kilograms of the same issuance into a pool. Raises what `open_pool` raises, and `PoolNotOpen`."""

    async def work(tx: Tx) -> Written[Pool]:
        pool = await _own_in(tx, pool_id, call)
        rules.check_step(pool, "top up")
        await reserves.put_in(tx, pool.hold_id, _of(pool.account_id, pool.issuance, body.quantity_kg), call=call)
        await store.change_kg(tx, pool_id, held=body.quantity_kg)
        return Written(pool_id, await _pool_again(tx, str(pool_id)))

    return await once(db, call, work, _pool_again)


def _of(account_id: int, issuance: str, quantity_kg: int) -> Selection:
    return Selection(account_id=account_id, issuance=issuance, quantity_kg=quantity_kg)


async def pause_pool(pool_id: int, *, call: Call, db: Database) -> Pool:
    """Sell nothing for a while; what is promised stays promised. Raises `PoolNotOpen`."""
    return await _step(pool_id, "pause", call=call, db=db)


async def resume_pool(pool_id: int, *, call: Call, db: Database) -> Pool:
    """Sell again. Raises `PoolNotOpen`."""
    return await _step(pool_id, "resume", call=call, db=db)


async def withdraw_pool(pool_id: int, *, call: Call, db: Database) -> Pool:
    """
    End a pool: what is promised to nobody is active in its account again, the rest when its payment has lapsed.

    Raises `PoolNotOpen`.
    """
    return await _step(pool_id, "withdraw", call=call, db=db)


async def _step(pool_id: int, step: str, *, call: Call, db: Database) -> Pool:
    async def work(tx: Tx) -> Written[Pool]:
        pool = await _own_in(tx, pool_id, call)
        await store.set_state(tx, pool_id, rules.check_step(pool, step))
        if step == "withdraw":
            await give_back_in(tx, pool, pool.free_kg)
        return Written(pool_id, await _pool_again(tx, str(pool_id)))

    return await once(db, call, work, _pool_again)


async def give_back_in(tx: Tx, pool: LockedPool, quantity_kg: int) -> None:
    """Make kilograms of a pool that is locked active in its account again."""
    if quantity_kg:
        await reserves.take_out(tx, pool.hold_id, pool.account_id, quantity_kg)
        await store.change_kg(tx, pool.id, held=-quantity_kg)


async def _own_in(tx: Tx, pool_id: int, call: Call) -> LockedPool:
    pool = await locked_pool_in(tx, pool_id)
    access.authorise_for(call, pool.owner_id)
    return pool


async def locked_pool_in(tx: Tx, pool_id: int) -> LockedPool:
    """One pool, locked. Raises `Unknown`."""
    if found := await store.lock_pool(tx, pool_id):
        return found
    raise Unknown(f"There is no pool {pool_id}.")


async def require_open_in(tx: Tx, pool_id: int) -> None:
    """Raise `Unknown` or `PoolNotOpen` unless the pool sells now. It stays as it is until the transaction ends."""
    pool = await locked_pool_in(tx, pool_id)
    if pool.state != "open":
        raise rules.not_sold(pool, 1)


async def refuse_frozen_in(tx: Tx, pool: LockedPool) -> None:
    """Raise `Frozen`, without its reason, if what a pool sells is frozen, or the account that it sells from."""
    try:
        await restrictions.refuse_frozen_in(
            tx, accounts=[pool.account_id], projects=[pool.project_id], issuances=[pool.issuance_id]
        )
    except Frozen as refusal:
        raise Frozen(rules.FROZEN) from refusal


async def pool(pool_id: int, *, db: Database) -> Pool:
    """One pool."""
    async with db.reading() as tx:
        return await _pool_again(tx, str(pool_id))


async def pool_in(tx: Tx, pool_id: int) -> Pool:
    """One pool, inside a transaction. Raises `Unknown`."""
    return await _pool_again(tx, str(pool_id))


async def _pool_again(tx: Tx, pool_id: str) -> Pool:
    if found := await store.pool(tx, int(pool_id)):
        return found
    raise Unknown(f"There is no pool {pool_id}.")


async def pools(window: Window, owner_id: int | None, state: PoolState | None, *, db: Database) -> Page[Pool]:
    """The pools there are, of one owner or in one state."""
    async with db.reading() as tx:
        return await store.pools(tx, window, owner_id, state)


async def pools_of_in(tx: Tx, organisation_id: int) -> int:
    """How many pools an organisation has ever opened."""
    return await store.pools_of(tx, organisation_id)


async def accounts(pool_id: int, *, asked: Call, db: Database) -> PoolAccounts:
    """What a pool has sold and its owner is owed, for the owner, operators and overseers."""
    async with db.snapshot() as tx:
        _authorise_books(asked, await _pool_again(tx, str(pool_id)))
        return await store.accounts(tx, pool_id)


async def postings(pool_id: int, window: Window, *, asked: Call, db: Database) -> Page[Posting]:
    """The money of a pool, entry by entry, for the same."""
    async with db.reading() as tx:
        _authorise_books(asked, await _pool_again(tx, str(pool_id)))
        return await store.postings(tx, window, pool_id)


def _authorise_books(asked: Call, pool: Pool) -> None:
    """Operators keep the books of every pool; anybody else reads those of their own organisation."""
    if not any(held.role == Role.OPERATOR for held in asked.by.roles):
        access.authorise_for(asked, pool.owner_id)

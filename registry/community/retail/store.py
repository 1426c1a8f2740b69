"""Retail pools, payments and postings in PostgreSQL."""

from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple

import asyncpg

from registry.community.retail.rules import LockedPool, PaidOutAlready
from registry.kit import sql
from registry.kit.database import Tx, affected, constraint, convert, fetch_one
from registry.kit.pages import Window
from schemas.pages import Page
from schemas.retail import GuestPayment, NewPool, Pool, PoolAccounts, PoolState, Posting

_sql = sql.load(__package__)


class StoredPayment(NamedTuple):
    """A payment with its row."""

    id: int
    shown: GuestPayment
    order_id: str | None


async def insert_pool(tx: Tx, body: NewPool, *, owner_id: int, hold_id: int, by: int) -> int | None:
    """Store a pool that has its kilograms; None if there is no such issuance."""
    found = await tx.fetchval(
        _sql.insert_pool, owner_id, body.account_id, body.issuance, body.price_fen, hold_id, body.quantity_kg, by
    )
    return None if found is None else int(found)


async def lock_pool(tx: Tx, pool_id: int) -> LockedPool | None:
    """One pool, whose kilograms nobody else counts until the transaction ends."""
    row = await tx.fetchrow(_sql.lock_pool, pool_id)
    return LockedPool(**dict(row)) if row else None


async def pool(tx: Tx, pool_id: int) -> Pool | None:
    """One pool as anybody sees it."""
    row = await tx.fetchrow(_sql.pools.oldest, pool_id - 1, 1, pool_id, None, None)
    return convert(row, Pool) if row else None


async def pools(tx: Tx, window: Window, owner_id: int | None, state: PoolState | None) -> Page[Pool]:
    """Pools, of one owner or in one state."""
    rows = await tx.fetch(window.of(_sql.pools), *window.args, None, owner_id, state)
    return window.page([(row["id"], convert(row, Pool)) for row in rows])


async def pools_of(tx: Tx, owner_id: int) -> int:
    """How many pools an organisation has ever opened."""
    return int(await tx.fetchval(_sql.pools_of, owner_id))


async def set_state(tx: Tx, pool_id: int, state: str) -> None:
    """Open, pause or withdraw a pool that is locked."""
    await tx.execute(_sql.set_state, pool_id, state)


async def reserve(tx: Tx, pool_id: int, quantity_kg: int) -> int | None:
    """Promise kilograms of a pool; returns its price, or None where it sells no so much now."""
    found = await tx.fetchval(_sql.reserve, pool_id, quantity_kg)
    return None if found is None else int(found)


async def reserve_again(tx: Tx, pool_id: int, quantity_kg: int) -> bool:
    """Promise kilograms to a payment that came late; False where there are none."""
    return affected(await tx.execute(_sql.reserve_again, pool_id, quantity_kg)) == 1


async def change_kg(tx: Tx, pool_id: int, *, held: int = 0, reserved: int = 0, retired: int = 0) -> None:
    """Count kilograms of a pool that came, left, are promised no more, or were retired."""
    await tx.execute(_sql.change_kg, pool_id, held, reserved, retired)


async def insert_payment(
    tx: Tx, reference: str, pool_id: int, *, quantity_kg: int, amount_fen: int, held_for: timedelta
) -> int:
    """Store a sale that waits for its payment."""
    return int(await tx.fetchval(_sql.insert_payment, reference, pool_id, quantity_kg, amount_fen, held_for))


async def payments(tx: Tx, payment_ids: Collection[int]) -> dict[int, StoredPayment]:
    """Some payments, by their rows."""
    rows = await tx.fetch(_sql.payments, list(payment_ids))
    return {row["id"]: _payment(row) for row in rows}


async def payment(tx: Tx, reference: str, *, lock: bool = False) -> StoredPayment | None:
    """One payment; locked, nobody else takes a step of it until the transaction ends."""
    row = await tx.fetchrow(_sql.lock_payment if lock else _sql.payment, reference)
    return _payment(row) if row else None


def _payment(row: asyncpg.Record) -> StoredPayment:
    shown = {name: value for name, value in row.items() if name not in ("id", "order_id")}
    return StoredPayment(row["id"], convert(shown, GuestPayment), row["order_id"])


async def overdue(tx: Tx) -> list[str]:
    """Payments whose kilograms were kept long enough, some at a time."""
    return [row["reference"] for row in await tx.fetch(_sql.overdue)]


async def paid(tx: Tx, after: int) -> list[tuple[int, str]]:
    """Payments that have come and whose kilograms are not retired yet, some at a time, in the order of their rows."""
    return [(row["id"], row["reference"]) for row in await tx.fetch(_sql.paid, after)]


async def lapse(tx: Tx, reference: str) -> bool:
    """Keep kilograms no longer; False if the payment came meanwhile."""
    return affected(await tx.execute(_sql.lapse, reference)) == 1


async def set_paid(tx: Tx, payment_id: int) -> bool:
    """The money has come; False if that was noted before."""
    return affected(await tx.execute(_sql.set_paid, payment_id)) == 1


async def set_retired(tx: Tx, payment_id: int, order_id: str) -> bool:
    """The kilograms are retired; False if the payment is not one that waits for it."""
    return affected(await tx.execute(_sql.set_retired, payment_id, order_id)) == 1


async def set_refunded(tx: Tx, payment_id: int, why: str) -> bool:
    """The money went back; False if the payment is not one that it can go back of."""
    return affected(await tx.execute(_sql.set_refunded, payment_id, why)) == 1


async def post(tx: Tx, pool_id: int, cause: str, reference: str, *, accounts: tuple[str, str], amount_fen: int) -> int:
    """Store one entry: *accounts* are debit and credit. Raises `PaidOutAlready` for a reference that was used."""
    used = PaidOutAlready(f"There is a {cause} with the reference {reference!r} already.")
    with constraint("retail_posted_once", used):
        return int(await tx.fetchval(_sql.post, pool_id, cause, reference, *accounts, amount_fen))


async def payout(tx: Tx, reference: str) -> Posting:
    """One payout, by the bank's reference."""
    row = await fetch_one(tx, _sql.posting, "payout", reference)
    return _posting(row)


async def postings(tx: Tx, window: Window, pool_id: int) -> Page[Posting]:
    """The entries of a pool."""
    rows = await tx.fetch(window.of(_sql.postings), *window.args, pool_id)
    return window.page([(row["id"], _posting(row)) for row in rows])


def _posting(row: asyncpg.Record) -> Posting:
    return convert({name: value for name, value in row.items() if name != "pool_id"}, Posting)


async def accounts(tx: Tx, pool_id: int) -> PoolAccounts:
    """What a pool has and has earned, added up from its entries."""
    return convert(await fetch_one(tx, _sql.accounts, pool_id), PoolAccounts)

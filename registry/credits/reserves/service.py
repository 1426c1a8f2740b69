"""
Kilograms set aside under a hold of their own, put in and taken out in any amount.

None of these functions opens a transaction: who keeps a reserve composes them with what it writes about it. Each takes
the lock of the account; the caller has locked what names the hold.
"""

from registry.access import authorisation as access
from registry.credits.blocks import rules
from registry.credits.blocks import service as blocks
from registry.credits.blocks import store as block_store
from registry.credits.blocks.rules import Cut
from registry.credits.reserves import store
from registry.kit.database import Tx
from registry.parties import service as parties
from schemas.access import Call
from schemas.credits import Selection


async def open_in(tx: Tx, account_id: int) -> int:
    """Open an empty reserve of an account."""
    return await store.open_hold(tx, account_id)


async def put_in(tx: Tx, hold_id: int, chosen: Selection, *, call: Call) -> None:
    """
    Set kilograms of an account aside, which is the caller's.

    Raises `InsufficientCredits`, `TooFragmented`, `Frozen`, `NotYours`, `AccountClosed`.
    """
    locked = await blocks.lock_open_accounts_in(tx, [chosen.account_id])
    access.authorise_for(call, locked[chosen.account_id].owner_id)
    cuts = await blocks.choose_in(tx, chosen)
    await block_store.move_out(
        tx,
        cuts,
        account_id=chosen.account_id,
        to_account_id=chosen.account_id,
        to_state="held",
        hold_id=hold_id,
        cause=f"reserve:{hold_id}",
    )
    await store.resize(tx, hold_id, chosen.quantity_kg)


async def take_out(tx: Tx, hold_id: int, account_id: int, quantity_kg: int) -> tuple[Cut, ...]:
    """
    Make kilograms of a reserve active in their account again, the oldest first; returns which.

    A freeze does not matter: what is active in a frozen account moves no further. Raises `InsufficientCredits` where
    the reserve has less, which would be a fault of ours.
    """
    await parties.lock_accounts_in(tx, [account_id])
    taken: list[Cut] = []
    missing_kg = quantity_kg
    while missing_kg:
        oldest = await block_store.held(tx, hold_id)
        all_of_them = len(oldest) < rules.BLOCK_LIMIT
        size_kg = missing_kg if all_of_them else min(missing_kg, sum(block.size_kg for block in oldest))
        cuts = rules.take_fifo(oldest, size_kg)
        await block_store.move_out(
            tx,
            cuts,
            account_id=account_id,
            from_hold_id=hold_id,
            to_account_id=account_id,
            to_state="active",
            hold_id=None,
            cause=f"reserve:{hold_id}",
        )
        taken.extend(cuts)
        missing_kg -= size_kg
    await store.resize(tx, hold_id, -quantity_kg)
    return tuple(taken)

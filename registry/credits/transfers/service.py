"""Propose a transfer, close it in one of four ways, and read it."""

from typing import Literal

from msgspec import structs

from registry.access import authorisation as access
from registry.access.restrictions import service as restrictions
from registry.credits.blocks import service as blocks
from registry.credits.blocks import store as block_store
from registry.credits.blocks.rules import BLOCK_LIMIT, Cut, Part, WrongAccount, parts
from registry.credits.transfers import rules, store
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.problems import Unknown
from registry.kit.quotas import DEFAULT, Quotas
from registry.parties import service as parties
from registry.parties.rules import LockedAccount
from registry.transparency import rules as transparency
from registry.transparency import service as log
from schemas.access import Call
from schemas.credits import (
    Commitment,
    NewTransfer,
    Transfer,
)
from schemas.pages import Page
from schemas.parties import RegionProfile
from schemas.statements import (
    TransferStatement,
)


async def propose_transfer(body: NewTransfer, *, call: Call, db: Database, quotas: Quotas = DEFAULT) -> Transfer:
    """
    Hold kilograms for another account until it accepts.

    Raises `InsufficientCredits`, `Frozen`, `NotYours`, `QuotaUsedUp`.
    """
    if body.account_id == body.receiver_id:
        raise WrongAccount(f"Account {body.account_id} is on both sides of the transfer.")

    async def work(tx: Tx) -> Written[Transfer]:
        locked = await blocks.lock_open_accounts_in(tx, [body.account_id, body.receiver_id])
        owner_id = locked[body.account_id].owner_id
        access.authorise_for(call, owner_id)
        await quotas.admit_in(tx, "pending_transfers", owner_id, store.pending_of)
        cuts = await blocks.choose_in(tx, body, receiver_id=body.receiver_id)
        hold_id = await block_store.insert_hold(tx, "transfer", body.account_id, body.quantity_kg)
        transfer_id = await store.insert_transfer(
            tx,
            body,
            hold_id=hold_id,
            spans=[span for part in parts(cuts, BLOCK_LIMIT) for span in part.spans],
            by=call.by.person_id,
            ends=rules.expires_at(body.expires_at, await clock.now_in(tx)),
        )
        await block_store.move_out(
            tx,
            cuts,
            account_id=body.account_id,
            to_account_id=body.account_id,
            to_state="held",
            hold_id=hold_id,
            cause=f"transfer:{transfer_id}",
        )
        return Written(transfer_id, await _transfer_again(tx, str(transfer_id)))

    return await once(db, call, work, _transfer_again)


async def pending_in(tx: Tx, organisation_id: int) -> int:
    """How many transfers of an organisation's accounts nobody has closed."""
    return await store.pending_of(tx, organisation_id)


async def accept_transfer(transfer_id: int, *, call: Call, db: Database, region: RegionProfile) -> Transfer:
    """The receiver takes the kilograms; from now on they are active in its account, and the log says so."""

    async def work(tx: Tx) -> Written[Transfer]:
        offer, locked = await _open_transfer_in(tx, transfer_id, "receiver_id", call)
        cuts = await _close_in(tx, offer, "accepted", by=call.by.person_id, to_account_id=offer.receiver_id)
        lots = {cut.block.lot for cut in cuts}
        await restrictions.refuse_frozen_in(
            tx,
            accounts=[offer.sender_id, offer.receiver_id],
            projects=sorted({lot.project_id for lot in lots}),
            issuances=sorted({lot.issuance_id for lot in lots}),
        )
        owners = (locked[offer.sender_id].owner_id, locked[offer.receiver_id].owner_id)
        statements = [
            await _log_transfer_in(tx, transfer_id, part, owners, region=region)
            for part in parts(cuts, transparency.RANGE_LIMIT)
        ]
        await store.log_transfer(tx, transfer_id, statements)
        return Written(transfer_id, await _transfer_again(tx, str(transfer_id)))

    return await once(db, call, work, _transfer_again)


async def _log_transfer_in(
    tx: Tx, transfer_id: int, part: Part, owners: tuple[int, int], *, region: RegionProfile
) -> int:
    """The public log proves that kilograms changed hands, and keeps from whom to whom behind salted commitments."""
    sender, receiver = (
        transparency.seal(label, {"organisation": owner})
        for label, owner in zip(("sender", "receiver"), owners, strict=True)
    )
    statement = TransferStatement(
        registry=region.name,
        executed_at=clock.stamp(await clock.now_in(tx)),
        transfer=f"T-{transfer_id}",
        issuance=part.lot.code,
        ranges=part.ranges,
        quantity_kg=part.quantity_kg,
        sender=sender.digest,
        receiver=receiver.digest,
    )
    return (await log.append_in(tx, statement, region=region, openings=(sender, receiver))).id


async def reject_transfer(transfer_id: int, *, call: Call, db: Database) -> Transfer:
    """The receiver declines; the kilograms are active with the sender again."""

    async def work(tx: Tx) -> Written[Transfer]:
        offer, _ = await _open_transfer_in(tx, transfer_id, "receiver_id", call)
        await _close_in(tx, offer, "rejected", by=call.by.person_id, to_account_id=offer.sender_id)
        return Written(transfer_id, await _transfer_again(tx, str(transfer_id)))

    return await once(db, call, work, _transfer_again)


async def withdraw_transfer(transfer_id: int, *, call: Call, db: Database) -> Transfer:
    """The sender takes the offer back; the kilograms are active again."""

    async def work(tx: Tx) -> Written[Transfer]:
        offer, _ = await _open_transfer_in(tx, transfer_id, "sender_id", call)
        await _close_in(tx, offer, "withdrawn", by=call.by.person_id, to_account_id=offer.sender_id)
        return Written(transfer_id, await _transfer_again(tx, str(transfer_id)))

    return await once(db, call, work, _transfer_again)


async def expire_due(*, db: Database) -> int:
    """End every offer whose time is over, each in a transaction of its own; returns how many."""
    async with db.reading() as tx:
        due = await store.due_transfers(tx)
    ended = 0
    for transfer_id in due:

        async def work(tx: Tx, transfer_id: int = transfer_id) -> bool:
            offer = await _transfer_in(tx, transfer_id)
            await parties.lock_accounts_in(tx, [offer.sender_id, offer.receiver_id])
            fresh = await _transfer_in(tx, transfer_id)
            if fresh.state != "proposed":  # somebody closed it while we waited for the locks
                return False
            await _close_in(tx, fresh, "expired", by=None, to_account_id=fresh.sender_id)
            return True

        ended += await db.transaction(work)
    return ended


async def _open_transfer_in(
    tx: Tx, transfer_id: int, side: Literal["sender_id", "receiver_id"], call: Call
) -> tuple[store.StoredTransfer, dict[int, LockedAccount]]:
    """Lock both accounts for the owner of one, then read the transfer again: every way to close it locks them."""
    offer = await _transfer_in(tx, transfer_id)
    locked = await blocks.lock_open_accounts_in(tx, [offer.sender_id, offer.receiver_id])
    access.authorise_for(call, locked[getattr(offer, side)].owner_id)
    fresh = await _transfer_in(tx, transfer_id)
    rules.check_open(transfer_id, fresh.state, fresh.expires_at, await clock.now_in(tx))
    return fresh, locked


async def _close_in(
    tx: Tx, offer: store.StoredTransfer, state: str, *, by: int | None, to_account_id: int
) -> tuple[Cut, ...]:
    if not await store.close_transfer(tx, offer.id, state, by):
        raise rules.TransferClosed(f"Transfer {offer.id} was closed by somebody else just now.")
    return await block_store.release_hold(
        tx,
        offer.hold_id,
        account_id=offer.sender_id,
        to_account_id=to_account_id,
        quantity_kg=offer.quantity_kg,
        cause=f"transfer:{offer.id}",
    )


async def _transfer_in(tx: Tx, transfer_id: int) -> store.StoredTransfer:
    if found := await store.transfer(tx, transfer_id):
        return found
    raise Unknown(f"There is no transfer {transfer_id}.")


async def _transfer_again(tx: Tx, transfer_id: str) -> Transfer:
    return (await store.show(tx, [await _transfer_in(tx, int(transfer_id))]))[0]


async def transfer(transfer_id: int, *, asked: Call, db: Database) -> Transfer:
    """One transfer that an organisation of the caller sends or receives."""
    async with db.reading() as tx:
        offer = await _transfer_in(tx, transfer_id)
        owners = [(await parties.account_in(tx, each)).owner_id for each in (offer.sender_id, offer.receiver_id)]
        mine = set(owners) & set(access.organisations_of(asked.by))
        access.authorise_for(asked, min(mine, default=owners[0]))
        shown = (await store.show(tx, [offer]))[0]
        return structs.replace(shown, commitments=await _commitments(tx, offer))


async def _commitments(tx: Tx, offer: store.StoredTransfer) -> tuple[Commitment, ...]:
    found = [await log.openings_in(tx, statement_id) for statement_id in offer.statement_ids]
    return tuple(
        Commitment(statement_hash=sha256, label=each.label, salt=each.salt.hex(), text=each.text)
        for sha256, openings in found
        for each in openings
    )


async def transfers(account_id: int, window: Window, period: Between, *, asked: Call, db: Database) -> Page[Transfer]:
    """The transfers that an account of one's own organisation sends or receives."""
    async with db.reading() as tx:
        await blocks.authorise_account_in(tx, account_id, asked)
        return await store.transfers(tx, window, period, account_id)

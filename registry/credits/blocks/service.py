"""What every movement of kilograms begins and ends with: locked accounts, chosen kilograms, and their last move."""

from collections.abc import Iterable
from datetime import datetime

from registry.access import authorisation as access
from registry.access.restrictions import service as restrictions
from registry.credits.blocks import rules, store
from registry.credits.blocks.rules import Cut
from registry.kit.database import Tx
from registry.kit.problems import Unknown
from registry.parties import service as parties
from registry.parties.rules import LockedAccount
from schemas.access import Call
from schemas.credits import Selection
from schemas.serials import IssuanceCode, Serial, span


async def authorise_account_in(tx: Tx, account_id: int, call: Call) -> None:
    """Raise `NotYours` unless the caller may ask about the account, `Unknown` if there is none."""
    account = await parties.account_in(tx, account_id)
    access.authorise_for(call, account.owner_id)


async def lock_open_accounts_in(tx: Tx, account_ids: Iterable[int]) -> dict[int, LockedAccount]:
    """Lock open holding accounts in id order. Raises `Unknown`, `AccountClosed`."""
    wanted = set(account_ids)
    found = await parties.lock_accounts_in(tx, wanted)
    if missing := wanted - found.keys():
        raise Unknown(f"There is no account {min(missing)}.")
    for account in found.values():
        rules.check_account(account.id, account.type, account.status)
    return found


async def choose_in(tx: Tx, wanted: Selection, *, receiver_id: int | None = None) -> tuple[Cut, ...]:
    """Choose the kilograms under the account's lock. Raises if there are too few, or a freeze is in effect."""
    cuts = await _chosen(tx, wanted)
    if receiver_id or any(cut.block.frozen for cut in cuts):
        lots = {cut.block.lot for cut in cuts}
        await restrictions.refuse_frozen_in(
            tx,
            accounts=[wanted.account_id, *([receiver_id] if receiver_id else [])],
            projects=sorted({lot.project_id for lot in lots}),
            issuances=sorted({lot.issuance_id for lot in lots}),
        )
    return cuts


async def _chosen(tx: Tx, wanted: Selection) -> tuple[Cut, ...]:
    if wanted.serial is None:
        issuance_id = await _issuance_id(tx, wanted.issuance)
        return rules.take_fifo(await store.active(tx, wanted.account_id, issuance_id), wanted.quantity_kg)
    serial = Serial.parse(wanted.serial)
    rules.check_serial(serial, wanted.quantity_kg)
    found = await store.issuance_span(tx, serial.issuance)
    if found is None:
        raise Unknown(f"There is no issuance {serial.issuance}.")
    issuance_id, base, top = found
    lower, upper = span(base, serial.first, serial.last)
    if upper > top:
        raise Unknown(f"{serial.issuance} has {top - base} kg; there is no kilogram {serial.last}.")
    return rules.take_exact(await store.active_within(tx, wanted.account_id, issuance_id, lower, upper), lower, upper)


async def _issuance_id(tx: Tx, code: str | None) -> int | None:
    if code is None:
        return None
    if found := await store.issuance_span(tx, IssuanceCode.parse(code)):
        return found[0]
    raise Unknown(f"There is no issuance {code}.")


async def end_in(tx: Tx, cuts: tuple[Cut, ...], account_id: int, state: str, cause: str) -> datetime:
    """Retire or cancel what was cut, where it is; returns the instant at which that happened."""
    return await store.move_out(
        tx, cuts, account_id=account_id, to_account_id=account_id, to_state=state, hold_id=None, cause=cause
    )

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


async def authorise_account_in(tx: Tx, account_id: int, call: Call) -> None:
    """Raise `NotYours` unless the caller may ask about the account, `Unknown` if there is none."""
    account = await parties.account_in(tx, account_id)
    access.authorise_for(call, account.owner_id)


async def lock_open_accounts_in(tx: Tx, account_ids: Iterable[int]) -> dict[int, LockedAccount]:
    """Lock open holding accounts in id order. Raises `Unknown`, `AccountClosed`."""
    wanted = sorted(set(account_ids))
    found = await parties.lock_accounts_in(tx, wanted)
    return {each: open_account(found.get(each), each) for each in wanted}


def open_account(found: LockedAccount | None, account_id: int) -> LockedAccount:
    """The account, if there is one and it can hold and give credits. Raises `Unknown`, `AccountClosed`."""
    if found is None:
        raise Unknown(f"There is no account {account_id}.")
    rules.check_account(found.id, found.type, found.status)
    return found


async def choose_in(tx: Tx, wanted: Selection, *, receiver_id: int | None = None) -> tuple[Cut, ...]:
    """Choose the kilograms under the account's lock. Raises if there are too few, or a freeze is in effect."""
    code = rules.wanted_issuance(wanted)
    named = await store.issuance(tx, code) if code else None
    within = rules.named_span(wanted, named)
    cuts = rules.choose(wanted, within, await store.eligible(tx, wanted.account_id, named, within))
    await refuse_frozen_in(tx, cuts, wanted.account_id, receiver_id=receiver_id)
    return cuts


async def refuse_frozen_in(tx: Tx, cuts: Iterable[Cut], account_id: int, *, receiver_id: int | None = None) -> None:
    """Raise `Frozen` if what was chosen is, or the receiver, whose freezes were not read with the blocks."""
    chosen = list(cuts)
    if receiver_id is None and not any(cut.block.frozen for cut in chosen):
        return
    lots = {cut.block.lot for cut in chosen}
    await restrictions.refuse_frozen_in(
        tx,
        accounts=[account_id, *([receiver_id] if receiver_id else [])],
        projects=sorted({lot.project_id for lot in lots}),
        issuances=sorted({lot.issuance_id for lot in lots}),
    )


async def end_in(tx: Tx, cuts: tuple[Cut, ...], account_id: int, state: str, cause: str) -> datetime:
    """Retire or cancel what was cut, where it is; returns the instant at which that happened."""
    return await store.move_out(
        tx, cuts, account_id=account_id, to_account_id=account_id, to_state=state, hold_id=None, cause=cause
    )

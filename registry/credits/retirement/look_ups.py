"""Retirements as they are read: one, or those that fit what is asked for."""

from typing import NamedTuple

from msgspec import structs

from registry.access import authorisation as access
from registry.credits.blocks import service as blocks
from registry.credits.blocks.rules import parsed_serial, parts, serials
from registry.credits.retirement import store
from registry.kit.database import Database, Tx
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.problems import Unknown
from registry.transparency.rules import RANGE_LIMIT
from schemas.access import Call
from schemas.credits import Retirement, RetirementsWanted, Selection
from schemas.pages import Page


async def retirement(receipt_id: str, *, asked: Call, db: Database) -> Retirement:
    """One retirement; with its reason for the holder's organisation and overseers."""
    async with db.reading() as tx:
        return _for(asked, await retirement_in(tx, receipt_id))


async def retirement_in(tx: Tx, receipt_id: str) -> store.StoredRetirement:
    """One retirement with its account and statement, inside a transaction. Raises `Unknown`."""
    if found := await store.retirement(tx, receipt_id):
        return found
    raise Unknown(f"There is no retirement with receipt {receipt_id}.")


async def find_in(tx: Tx, receipt_id: str) -> bool:
    """Whether there is a retirement with this receipt."""
    return await store.retirement(tx, receipt_id) is not None


async def retirements(
    wanted: RetirementsWanted, window: Window, period: Between, *, asked: Call, db: Database
) -> Page[Retirement]:
    """
    The retirements that fit everything that is asked for, by time, claim, claimant, serial or beneficiary.

    Whom somebody retired for is known to the holder's organisation and to overseers only, so by beneficiary each finds
    what they may know. Raises `Unauthenticated` for a beneficiary without a key, `Invalid` for an impossible serial.
    """
    if wanted.beneficiary is not None and not asked.by.person_id:
        raise access.Unauthenticated("Looking for a beneficiary takes an API key: anybody else may not know them.")
    serial = parsed_serial(wanted.serial) if wanted.serial is not None else None
    owners = None if wanted.beneficiary is None or access.oversees(asked.by) else access.organisations_of(asked.by)
    async with db.reading() as tx:
        found = await store.retirements(tx, wanted, serial, owners=owners, window=window, period=period)
    return Page(items=tuple(_for(asked, each) for each in found.items), next=found.next)


def _for(asked: Call, found: store.StoredRetirement) -> Retirement:
    """As this caller may see it: the reason may name people, and the log does not have it."""
    if access.oversees(asked.by) or found.owner_id in access.organisations_of(asked.by):
        return found.retirement
    return structs.replace(found.retirement, reason=None)


class ForeseenRetirement(NamedTuple):
    """What of one issuance would be retired: it becomes one retirement with one receipt."""

    issuance: str
    quantity_kg: int
    serials: tuple[str, ...]


async def foreseen(wanted: Selection, *, asked: Call, db: Database) -> tuple[ForeseenRetirement, ...]:
    """
    What would be retired if it were asked for now; nothing is held for it.

    Raises what `retire` would: `InsufficientCredits`, `SerialUnavailable`, `Frozen`, `NotYours`.
    """
    async with db.reading() as tx:
        await blocks.authorise_account_in(tx, wanted.account_id, asked)
        cuts = await blocks.choose_in(tx, wanted)
    return tuple(
        ForeseenRetirement(part.lot.code, part.quantity_kg, serials(part.lot.code, part.lot.base, part.spans))
        for part in parts(cuts, RANGE_LIMIT)
    )

"""Cancel kilograms, and read what was cancelled."""

from msgspec import structs

from registry.access import authorisation as access
from registry.credits.blocks import rules
from registry.credits.blocks import service as blocks
from registry.credits.cancellation import store
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.ids import new
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.problems import Unknown
from registry.transparency import rules as transparency
from registry.transparency import service as log
from schemas.access import Call
from schemas.credits import (
    Cancellation,
    CancelRequest,
)
from schemas.pages import Page
from schemas.parties import RegionProfile
from schemas.statements import (
    CancellationStatement,
)


async def cancel(request: CancelRequest, *, call: Call, db: Database, region: RegionProfile) -> Cancellation:
    """Cancel kilograms for good without a claim. There is no inverse command."""
    order_id = new("X")

    async def work(tx: Tx) -> Written[Cancellation]:
        locked = await blocks.lock_open_accounts_in(tx, [request.account_id])
        access.authorise_for(call, locked[request.account_id].owner_id)
        cuts = await blocks.choose_in(tx, request)
        at = await blocks.end_in(tx, cuts, request.account_id, "cancelled", f"cancellation:{order_id}")
        for part in rules.parts(cuts, transparency.RANGE_LIMIT):
            statement = CancellationStatement(
                registry=region.name,
                executed_at=clock.stamp(at),
                cancellation=order_id,
                issuance=part.lot.code,
                ranges=part.ranges,
                quantity_kg=part.quantity_kg,
                reason=request.reason,
            )
            appended = await log.append_in(tx, statement, region=region)
            await store.insert_cancellation(
                tx, request, part, order_id=order_id, by=call.by.person_id, statement_id=appended.id
            )
        return Written(order_id, await _cancellation_again(tx, order_id))

    return await once(db, call, work, _cancellation_again, object_id=order_id)


async def _cancellation_again(tx: Tx, order_id: str) -> Cancellation:
    return (await _stored_in(tx, order_id)).cancellation


async def _stored_in(tx: Tx, order_id: str) -> store.StoredCancellation:
    if found := await store.cancellation(tx, order_id):
        return found
    raise Unknown(f"There is no cancellation {order_id}.")


async def cancellation(order_id: str, *, asked: Call, db: Database) -> Cancellation:
    """What was cancelled together; with its account for the holder's organisation and overseers."""
    async with db.reading() as tx:
        return _for(asked, await _stored_in(tx, order_id))


async def cancellations(window: Window, period: Between, *, asked: Call, db: Database) -> Page[Cancellation]:
    """What was cancelled in *period*."""
    async with db.reading() as tx:
        found = await store.cancellations(tx, window, period)
    return Page(items=tuple(_for(asked, each) for each in found.items), next=found.next)


async def find_in(tx: Tx, order_id: str) -> bool:
    """Whether there is a cancellation of this order."""
    return await store.cancellation(tx, order_id) is not None


def _for(asked: Call, found: store.StoredCancellation) -> Cancellation:
    """As this caller may see it: the log says what was cancelled and why, not whose it was."""
    if access.oversees(asked.by) or found.owner_id in access.organisations_of(asked.by):
        return found.cancellation
    return structs.replace(found.cancellation, account_id=None)

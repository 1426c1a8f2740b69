"""Cancel kilograms, and read what was cancelled."""

from registry.access import authorisation as access
from registry.credits.blocks import rules
from registry.credits.blocks import service as blocks
from registry.credits.cancellation import store
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.ids import new
from registry.kit.problems import Unknown
from registry.transparency import rules as transparency
from registry.transparency import service as log
from schemas.access import Call
from schemas.credits import (
    Cancellation,
    CancelRequest,
)
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
    if found := await store.cancellation(tx, order_id):
        return found
    raise Unknown(f"There is no cancellation {order_id}.")


async def cancellation(order_id: str, *, asked: Call, db: Database) -> Cancellation:
    """What was cancelled together, from an account of one's own organisation."""
    async with db.reading() as tx:
        found = await _cancellation_again(tx, order_id)
        await blocks.authorise_account_in(tx, found.account_id, asked)
    return found

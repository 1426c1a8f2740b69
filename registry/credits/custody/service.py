"""
Kilograms on the exchange: held in its favour and released again; `deliveries` moves them from hold to hold.

Each function may be called again with the same reference: it answers what it answered first, and moves nothing. None
of them opens a transaction: the exchange composes them with what it remembers itself, in one.
"""

from collections.abc import Sequence

from registry.access import authorisation as access
from registry.access.restrictions import service as restrictions
from registry.credits.blocks import rules
from registry.credits.blocks import service as blocks
from registry.credits.blocks import store as block_store
from registry.credits.blocks.rules import Cut
from registry.credits.custody import store
from registry.credits.custody.store import RememberedAnswer
from registry.kit.database import Tx
from registry.kit.problems import Unknown
from registry.parties import service as parties
from registry.projects.service import projects
from schemas.access import Call
from schemas.custody import Freezes, Held, HoldRequest, Vintage


async def vintage_in(tx: Tx, project_id: int, year: int) -> Vintage:
    """What can be traded of one project and vintage. Raises `Unknown` if nothing was issued."""
    found = await store.vintage(tx, project_id, year)
    if found is None:
        raise Unknown(f"Nothing of project {project_id} and vintage {year} was issued.")
    code, methodology = found
    project = await projects.project_in(tx, project_id)
    return Vintage(
        code=str(code.instrument_code),
        project_name=project.name,
        methodology=methodology,
        location=project.location,
        developer_id=project.developer_id,
    )


async def freezes_in(tx: Tx) -> Freezes:
    """The accounts and vintages that are frozen now."""
    return await store.freezes(tx)


async def holds_in(tx: Tx) -> tuple[Held, ...]:
    """Everything that is held for the exchange."""
    return await store.holds(tx)


async def hold_in(tx: Tx, wanted: HoldRequest, *, call: Call) -> None:
    """
    Hold an owner's kilograms for the exchange, in contiguous pieces of whole tonnes, the smallest unit that is traded.

    Raises `InsufficientCredits`, `TooFragmented`, `Frozen`, `NotYours`, `AccountClosed`.
    """
    locked = await blocks.lock_open_accounts_in(tx, [wanted.account_id])
    access.authorise_for(call, locked[wanted.account_id].owner_id)
    if await store.answered(tx, wanted.reference):
        return
    cuts = await _tonnes_in(tx, wanted)
    if any(cut.block.frozen for cut in cuts):
        await restrictions.refuse_frozen_in(
            tx,
            accounts=[wanted.account_id],
            projects=[wanted.project_id],
            issuances=sorted({cut.block.lot.issuance_id for cut in cuts}),
        )
    hold_id = await store.hold_of(tx, wanted.account_id, wanted.project_id, wanted.vintage)
    await block_store.move_out(
        tx,
        cuts,
        account_id=wanted.account_id,
        to_account_id=wanted.account_id,
        to_state="held",
        hold_id=hold_id,
        cause=wanted.reference,
    )
    await store.resize_hold(tx, hold_id, wanted.quantity_kg)
    await store.remember(tx, wanted.reference, _moved("hold", cuts))


async def _tonnes_in(tx: Tx, wanted: HoldRequest) -> tuple[Cut, ...]:
    """Choose whole tonnes; where there are too few, join the pieces that touch and look again."""
    of = (wanted.account_id, wanted.project_id, wanted.vintage)
    cuts = rules.take_tonnes(await block_store.tonnes_of_vintage(tx, *of), wanted.quantity_kg)
    if sum(cut.size_kg for cut in cuts) < wanted.quantity_kg and await block_store.compact(tx, wanted.account_id):
        cuts = rules.take_tonnes(await block_store.tonnes_of_vintage(tx, *of), wanted.quantity_kg)
    if (found_kg := sum(cut.size_kg for cut in cuts)) < wanted.quantity_kg:
        raise rules.too_few_tonnes(await block_store.vintage_in_pieces(tx, *of), found_kg, wanted.quantity_kg)
    return cuts


async def release_in(tx: Tx, wanted: HoldRequest) -> tuple[Cut, ...]:
    """
    Give held kilograms back to their account, where they are active again; returns them, none if it was done before.

    A freeze does not matter: in a frozen account they can move no further. Raises `InsufficientCredits` where the hold
    has less, which would be a fault of ours.
    """
    await parties.lock_accounts_in(tx, [wanted.account_id])
    if await store.answered(tx, wanted.reference):
        return ()
    hold_id = await store.hold_of(tx, wanted.account_id, wanted.project_id, wanted.vintage)
    cuts = await _released_in(tx, wanted, hold_id)
    await store.resize_hold(tx, hold_id, -wanted.quantity_kg)
    await store.remember(tx, wanted.reference, _moved("release", cuts))
    return tuple(cuts)


async def _released_in(tx: Tx, wanted: HoldRequest, hold_id: int) -> list[Cut]:
    """
    Release what is oldest under a hold, in however many pieces it is, a limited number of them at a time.

    What the exchange owes can always be given: refusing it for its pieces would keep a withdrawal back for ever. Raises
    `InsufficientCredits`.
    """
    cuts: list[Cut] = []
    missing_kg = wanted.quantity_kg
    while missing_kg:
        oldest = await block_store.held(tx, hold_id)
        all_of_them = len(oldest) < rules.BLOCK_LIMIT
        size_kg = missing_kg if all_of_them else min(missing_kg, sum(block.size_kg for block in oldest))
        taken = rules.take_fifo(oldest, size_kg)
        await block_store.move_out(
            tx,
            taken,
            account_id=wanted.account_id,
            from_hold_id=hold_id,
            to_account_id=wanted.account_id,
            to_state="active",
            hold_id=None,
            cause=wanted.reference,
        )
        cuts.extend(taken)
        missing_kg -= size_kg
    return cuts


def _moved(kind: str, cuts: Sequence[Cut]) -> RememberedAnswer:
    spans = tuple(span for part in rules.parts(cuts, rules.BLOCK_LIMIT) for span in part.spans)
    return RememberedAnswer(kind, sum(cut.size_kg for cut in cuts), None, spans, ())

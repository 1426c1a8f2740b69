"""The signed receipt of a retirement: built from the log on every request, so that it is always the newest proof."""

from registry.access import authorisation as access
from registry.claims import service as claims
from registry.credits.retirement import look_ups as retirements
from registry.kit.database import Database
from registry.parties import service as parties
from registry.receipts import bundle as form
from registry.transparency import service as log
from schemas.access import Call
from schemas.receipts import Bundle, Opening


async def receipt(receipt_id: str, *, asked: Call, db: Database) -> bytes:
    """
    The bundle of one retirement with its claim's own, as the bytes of ``*.receipt.json``.

    Anybody may read it. Its sealed sections are opened for members of the holder only, those of its claim for members
    of the claimant only, and all of them for overseers. Raises `Unknown`,
    or `NotYetWitnessed` while no witnessed checkpoint covers both statements.
    """
    async with db.snapshot() as tx:
        found = await retirements.retirement_in(tx, receipt_id)
        claim = await claims.claim_in(tx, found.retirement.claim_id)
        account = await parties.account_in(tx, found.account_id)
        retired = await log.prove_in(tx, found.statement_id)
        claimed = await log.prove_in(tx, await claims.statement_of_in(tx, claim.id))
    mine = access.organisations_of(asked.by)
    all_opened = access.oversees(asked.by)
    claim_bundle = _bundle(claimed, opened=all_opened or claim.claimant_id in mine)
    return form.bundle_file(
        _bundle(
            retired,
            opened=all_opened or account.owner_id in mine,
            claim=claim_bundle,
        )
    )


def _bundle(proven: log.Proven, *, opened: bool, claim: Bundle | None = None) -> Bundle:
    openings = [Opening(label=each.label, salt=each.salt.hex(), text=each.text) for each in proven.openings]
    return form.build_bundle(
        note=proven.note,
        leaf_index=proven.leaf_index,
        checkpoint_note=proven.checkpoint_note,
        tiles=proven.tiles,
        openings=openings if opened else [],
        claim=claim,
    )

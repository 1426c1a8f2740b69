"""The signed receipt of a retirement: built from the log on every request, so that it is always the newest proof."""

from collections.abc import Sequence

from registry.access import authorisation as access
from registry.claims import service as claims
from registry.credits.annulment import service as annulments
from registry.credits.retirement import look_ups as retirements
from registry.kit.database import Database, Tx
from registry.parties import service as parties
from registry.receipts import bundle as form
from registry.transparency import corrections
from registry.transparency import service as log
from registry.transparency.rules import NotYetWitnessed
from schemas.access import Call
from schemas.receipts import LATER_CORRECTIONS, Bundle, Opening


async def receipt(receipt_id: str, *, asked: Call, db: Database) -> bytes:
    """
    The bundle of one retirement with its claim's own, and with what was said later, as the bytes of ``*.receipt.json``.

    Anybody may read it. Its sealed sections are opened for members of the holder only, those of its claim and of
    corrections for members of the claimant only, and all of them for overseers. Raises `Unknown`, or `NotYetWitnessed`
    while no witnessed checkpoint covers both statements.
    """
    async with db.snapshot() as tx:
        found = await retirements.retirement_in(tx, receipt_id)
        claim = await claims.claim_in(tx, found.retirement.claim_id)
        account = await parties.account_in(tx, found.account_id)
        retired = await log.prove_in(tx, found.statement_id)
        claim_statement = await claims.statement_of_in(tx, claim.id)
        claimed = await log.prove_in(tx, claim_statement)
        later = await _later_in(tx, [found.statement_id, claim_statement], asked)
    mine = access.organisations_of(asked.by)
    all_opened = access.oversees(asked.by)
    claim_bundle = _bundle(claimed, opened=all_opened or claim.claimant_id in mine)

    def whole(carried: Sequence[Bundle]) -> Bundle:
        opened = all_opened or account.owner_id in mine
        return _bundle(retired, opened=opened, claim=claim_bundle, later=carried)

    return form.fitting_file(whole, later)


async def _later_in(tx: Tx, statements: Sequence[int], asked: Call) -> list[Bundle]:
    """What was said later about a retirement and its claim, as far as the newest witnessed checkpoint covers it."""
    mine, all_opened = access.organisations_of(asked.by), access.oversees(asked.by)
    corrected = await corrections.later_in(tx, statements, LATER_CORRECTIONS)
    openable = {each.statement_id: all_opened or each.organisation_id in mine for each in corrected}
    rows = sorted([*openable, *await annulments.later_in(tx, statements)])
    bundles = []
    for row in rows:
        try:
            proven = await log.prove_in(tx, row)
        except NotYetWitnessed:
            break  # those after it are not witnessed either
        bundles.append(_bundle(proven, opened=openable.get(row, True)))
    return bundles


def _bundle(proven: log.Proven, *, opened: bool, claim: Bundle | None = None, later: Sequence[Bundle] = ()) -> Bundle:
    openings = [Opening(label=each.label, salt=each.salt.hex(), text=each.text) for each in proven.openings]
    return form.build_bundle(
        note=proven.note,
        leaf_index=proven.leaf_index,
        checkpoint_note=proven.checkpoint_note,
        tiles=proven.tiles,
        openings=openings if opened else [],
        claim=claim,
        later=later,
    )

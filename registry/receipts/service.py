"""The signed receipt of a retirement: built from the log on every request, so that it is always the newest proof."""

import re
from collections.abc import Sequence
from typing import Final

from registry.access import authorisation as access
from registry.claims import service as claims
from registry.credits.annulment import service as annulments
from registry.credits.retirement import look_ups as retirements
from registry.kit.database import Database, Tx
from registry.kit.problems import Unknown
from registry.parties import service as parties
from registry.receipts import bundle as form
from registry.receipts import codes
from registry.transparency import corrections
from registry.transparency import service as log
from registry.transparency.rules import NotYetWitnessed
from schemas.access import Call
from schemas.parties import RegionProfile
from schemas.receipts import LATER_CORRECTIONS, Bundle, Opening
from schemas.statements import RetirementStatement

BENEFICIARY: Final = "beneficiary"
"""The section of a retirement that has whom it was for."""
_HASH: Final = re.compile("[0-9a-f]{64}")


async def receipt(receipt_id: str, *, asked: Call, db: Database) -> bytes:
    """
    The bundle of one retirement with its claim's own, and with what was said later, as the bytes of ``*.receipt.json``.

    Anybody may read it. Its sealed sections are opened for members of the holder only, those of its claim and of
    corrections for members of the claimant only, and all of them for overseers. Raises `Unknown`, or `NotYetWitnessed`
    while no witnessed checkpoint covers both statements.
    """
    async with db.snapshot() as tx:
        return as_file(await receipt_in(tx, receipt_id, asked=asked))


async def receipt_in(tx: Tx, receipt_id: str, *, asked: Call, beneficiary: bool = False) -> Bundle:
    """
    The same inside one snapshot.

    *beneficiary*: the caller is the one whom the kilograms were retired for, known by the link that a guest has. Then
    the name that is sealed in the retirement is opened, with what corrected it, and nothing else.
    """
    found = await retirements.retirement_in(tx, receipt_id)
    claim = await claims.claim_in(tx, found.retirement.claim_id)
    account = await parties.account_in(tx, found.account_id)
    retired = await log.prove_in(tx, found.statement_id)
    claim_statement = await claims.statement_of_in(tx, claim.id)
    claimed = await log.prove_in(tx, claim_statement)
    own = frozenset({BENEFICIARY}) if beneficiary else frozenset[str]()
    later = await _later_in(tx, [found.statement_id, claim_statement], asked, own)
    mine = access.organisations_of(asked.by)
    all_opened = access.oversees(asked.by)
    claim_bundle = _bundle(claimed, opened=all_opened or claim.claimant_id in mine)

    def whole(carried: Sequence[Bundle]) -> Bundle:
        opened = all_opened or account.owner_id in mine
        return _bundle(retired, opened=opened, labels=own, claim=claim_bundle, later=carried)

    return form.fitting(whole, later)


async def _later_in(tx: Tx, statements: Sequence[int], asked: Call, own: frozenset[str]) -> list[Bundle]:
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
        bundles.append(_bundle(proven, opened=openable.get(row, True), labels=own))
    return bundles


async def statement_in(tx: Tx, statement_id: int) -> Bundle:
    """The bundle of any statement by its row, sealed, inside one snapshot. Raises `NotYetWitnessed`."""
    return _bundle(await log.prove_in(tx, statement_id), opened=False)


async def coded(code: str, *, asked: Call, db: Database) -> tuple[Bundle, log.Coded]:
    """
    What a code on paper stands for: the bundle, and the statement that it proves.

    A retirement's has its claim's own and is opened as `receipt` does; any other statement's is sealed. Raises
    `Unknown` for a code that the log does not have, `NotYetWitnessed`.
    """
    first = codes.parse_code(code)
    async with db.snapshot() as tx:
        found = await log.find_coded_in(tx, first) if first else None
        if found is None:
            raise Unknown(
                f"There is no receipt {code.upper()} in this log. Compare it with the paper, sign by sign: a code has "
                "32 letters and digits from 2 to 7."
            )
        if isinstance(found.statement, RetirementStatement):
            return await receipt_in(tx, found.statement.receipt, asked=asked), found
        return await statement_in(tx, found.id), found


async def code(named: str, *, db: Database) -> str:
    """The code of a retirement by its receipt's number, or of a statement by its hash. Raises as `coded` does."""
    async with db.snapshot() as tx:
        if _HASH.fullmatch(named):
            statement_id = await log.row_of_in(tx, named)
        else:
            statement_id = (await retirements.retirement_in(tx, named)).statement_id
        bundle = await statement_in(tx, statement_id)
    return codes.code_of(codes.place_of(bundle).leaf)


async def trust(policy: str, *, region: RegionProfile, db: Database) -> bytes:
    """
    The trust file that belongs to the keys of this log, with the witnesses of *policy*.

    Who knows the log only from here has compared it with nothing. Raises `NotYetWitnessed` before the log has keys.
    """
    async with db.reading() as tx:
        keys = await log.keys_in(tx)
    issuer, *logs = (form.trusted(each) for each in keys)
    return form.trust_file(region.log_origin, issuers=[issuer], logs=logs, policy=policy, registry=region.name)


def as_file(bundle: Bundle) -> bytes:
    """The bytes of ``*.receipt.json``."""
    return form.bundle_file(bundle)


def _bundle(
    proven: log.Proven,
    *,
    opened: bool,
    labels: frozenset[str] = frozenset(),
    claim: Bundle | None = None,
    later: Sequence[Bundle] = (),
) -> Bundle:
    """The bundle of a statement; its sealed sections are *opened*, or those with one of the *labels*."""
    openings = [
        Opening(label=each.label, salt=each.salt.hex(), text=each.text)
        for each in proven.openings
        if opened or each.label in labels
    ]
    return form.build_bundle(
        note=proven.note,
        leaf_index=proven.leaf_index,
        checkpoint_note=proven.checkpoint_note,
        tiles=proven.tiles,
        openings=openings,
        claim=claim,
        later=later,
    )

"""Annul a claim or a retirement: two regulators say that it was a mistake or a fraud. Kilograms never come back."""

from collections.abc import Collection

from registry.access.approvals import service as approvals
from registry.access.grants import service as grants
from registry.claims import service as claims
from registry.credits.annulment import rules, store
from registry.credits.retirement import look_ups as retirements
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.ids import new
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.transparency import service as log
from schemas.access import Approved, Call
from schemas.annulments import AnnulBody, Annulment
from schemas.pages import Page
from schemas.parties import RegionProfile
from schemas.statements import Annullable, AnnulmentStatement


async def annul(approved: Approved, *, call: Call, db: Database, region: RegionProfile) -> Annulment:
    """
    Carry out an approval to annul, neither of whose two people belongs to claimant or holder.

    Everything is decided under the lock of the claim, which retirements take first: one against it is either before,
    and its claim annulled, or after, and refused. No block changes, so no account is locked. Raises `AnnulledBefore`,
    `AnotherStatement`, `OwnOrganisation`, and what approvals raise.
    """

    async def work(tx: Tx) -> Written[Annulment]:
        body = await approvals.use_approval_in(tx, approved, AnnulBody, by=call.by)
        target = await _locked_target_in(tx, body)
        people = await approvals.both_in(tx, approved, call)
        for organisation_id in target.organisations:
            await grants.refuse_own_in(tx, people, organisation_id, f"annulling its {target.of}")
        rules.check_target(target, body)
        annulment_id = await _annul_in(tx, target, body, people, approved.approval_id, region=region)
        return Written(annulment_id, await _again(tx, str(annulment_id)))

    return await once(db, call, work, _again)


async def _locked_target_in(tx: Tx, body: AnnulBody) -> rules.AnnulTarget:
    """Read what is named under the lock of its claim. Raises `Unknown`."""
    if body.receipt_id is None:
        assert body.claim_id is not None, "the body names one of the two"
        claim = await claims.locked_in(tx, body.claim_id)
        return rules.AnnulTarget(
            of="claim",
            name=f"claim {claim.id}",
            statement_id=await claims.statement_of_in(tx, claim.id),
            statement_hash=claim.statement_hash,
            claim_id=claim.id,
            receipt_id=None,
            gives_kg=0,
            organisations=(claim.claimant_id,),
            annulled=claim.annulled,
        )
    claim_id = (await retirements.retirement_in(tx, body.receipt_id)).retirement.claim_id
    claim = await claims.locked_in(tx, claim_id)
    found = await retirements.retirement_in(tx, body.receipt_id)  # again, under the lock
    return rules.AnnulTarget(
        of="retirement",
        name=f"receipt {body.receipt_id}",
        statement_id=found.statement_id,
        statement_hash=found.retirement.statement_hash,
        claim_id=claim_id,
        receipt_id=body.receipt_id,
        gives_kg=found.retirement.quantity_kg,
        organisations=tuple(dict.fromkeys((claim.claimant_id, found.owner_id))),
        annulled=found.retirement.annulled,
    )


async def _annul_in(
    tx: Tx,
    target: rules.AnnulTarget,
    body: AnnulBody,
    people: tuple[int, int],
    approval_id: int,
    *,
    region: RegionProfile,
) -> int:
    """Change the claim, then append the statement, and the row that refers to it."""
    now = await clock.now_in(tx)
    if target.of == "claim":
        await claims.annul_in(tx, target.claim_id, now)
    else:
        await claims.release_in(tx, target.claim_id, target.gives_kg)
    statement = AnnulmentStatement(
        registry=region.name,
        executed_at=clock.stamp(now),
        annulment=new("N"),
        annuls=target.statement_hash,
        of=target.of,
        reason=body.reason,
        approvers=tuple(f"person-{person}" for person in people),
    )
    appended = await log.append_in(tx, statement, region=region)
    return await store.insert_annulment(
        tx,
        target,
        body,
        code=statement.annulment,
        people=people,
        approval_id=approval_id,
        statement_id=appended.id,
    )


async def _again(tx: Tx, annulment_id: str) -> Annulment:
    if found := await store.annulment(tx, int(annulment_id)):
        return found
    raise Unknown(f"There is no annulment {annulment_id}.")


async def annulment(annulment_id: int, *, db: Database) -> Annulment:
    """One annulment."""
    async with db.reading() as tx:
        return await _again(tx, str(annulment_id))


async def annulments(
    window: Window, *, db: Database, of: Annullable | None = None, claim_id: int | None = None
) -> Page[Annulment]:
    """All annulments, those of one kind, or those of a claim and of what was retired for it."""
    async with db.reading() as tx:
        return await store.annulments(tx, window, of, claim_id)


async def later_in(tx: Tx, statements: Collection[int]) -> list[int]:
    """The rows of the statements by which some of *statements* were annulled, in the order of the log."""
    return await store.later_annulments(tx, statements)

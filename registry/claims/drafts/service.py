"""Preparing a claim: what it is about, its activities, what came first; then declaring it."""

from collections.abc import Awaitable, Callable

from msgspec import structs

from registry.access import authorisation as access
from registry.claims import activity_file, activity_sheet, gate, offset_rules, preparation, rules
from registry.claims import service as claims
from registry.claims.drafts import store
from registry.claims.drafts.rules import changed, check_open, claim_of, first_terms, forget_person
from registry.claims.drafts.store import StoredDraft
from registry.kit import clock, lettering
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.period import SHANGHAI
from registry.kit.problems import Unknown
from registry.kit.quotas import DEFAULT, Quotas
from registry.parties import service as parties
from schemas.access import Call
from schemas.claims import Claim, ClaimDraft, ClaimDraftChange, DraftTerms, NewClaimDraft, NewFootprint, ReduceFirstGate
from schemas.methodologies import ProfileId
from schemas.pages import Page
from schemas.parties import RegionProfile
from schemas.statements import OrganisationYear


async def create(
    body: NewClaimDraft, *, call: Call, db: Database, region: RegionProfile, quotas: Quotas = DEFAULT
) -> ClaimDraft:
    """Begin a draft. Raises `TypeNotOpen`, `QuotaUsedUp`, `NotYours`, `NoGlyph`."""
    access.authorise_for(call, body.organisation_id)
    lettering.require_drawn((body.subject,))
    rules.check_open(body.type)

    async def work(tx: Tx) -> Written[ClaimDraft]:
        await quotas.admit_in(tx, "claim_drafts", body.organisation_id, store.drafts_of)
        terms = first_terms(body)
        if body.type == "organisation" and terms.about is None:
            claimant = await parties.organisation_in(tx, body.organisation_id)
            year = body.begins.astimezone(SHANGHAI).year
            terms = structs.replace(terms, about=OrganisationYear(organisation=claimant.identifiers[0], year=year))
        draft_id = await store.insert_draft(tx, body.organisation_id, body.type, terms)
        return Written(draft_id, await _shown_in(tx, await _stored_in(tx, draft_id), call, region))

    return await once(db, call, work, _again(call, region))


async def draft(draft_id: int, *, asked: Call, db: Database, region: RegionProfile) -> ClaimDraft:
    """One draft of the caller's organisation, with what the gate says of it now."""
    async with db.reading() as tx:
        found = await _stored_in(tx, draft_id)
        access.authorise_for(asked, found.organisation_id)
        return await _shown_in(tx, found, asked, region)


async def drafts(window: Window, *, asked: Call, db: Database, region: RegionProfile) -> Page[ClaimDraft]:
    """The drafts of the caller's organisations."""
    async with db.reading() as tx:
        page = await store.drafts(tx, window, access.organisations_of(asked.by))
        items = [await _shown_in(tx, each, asked, region) for each in page.items]
    return Page(items=tuple(items), next=page.next)


async def update(
    draft_id: int, change: ClaimDraftChange, *, call: Call, db: Database, region: RegionProfile
) -> ClaimDraft:
    """Change what a draft says; what is left out stays. Raises `DraftClosed`, `NotYours`, `NoGlyph`."""

    async def work(tx: Tx, found: StoredDraft) -> DraftTerms:
        terms = changed(found.terms, change)
        lettering.require_drawn((terms.subject, terms.boundary, terms.exclusions))
        if terms.footprint_id is not None and terms.footprint_id != found.terms.footprint_id:
            stored = await claims.footprint_in(tx, terms.footprint_id)
            access.authorise_for(call, stored.organisation_id)
        return terms

    return await _change(draft_id, work, call=call, db=db, region=region)


async def count_activities(
    draft_id: int, text: str, *, call: Call, db: Database, region: RegionProfile, quotas: Quotas = DEFAULT
) -> ClaimDraft:
    """
    Read an activity file into the draft: its footprint is computed, stored and named, in place of the one before.

    Raises `ActivityFileWrong` with every fault, `UnknownFactor`, `TooMuchGreenPower`, `EmptyFootprint`; then the
    footprint before stays.
    """

    async def work(tx: Tx, found: StoredDraft) -> DraftTerms:
        profile = rules.profile_of(found.type, found.terms.about)
        if profile is None:
            raise rules.TypeNotOpen("A contribution offsets nothing of its own: it has no activities.")
        request = activity_file.read(text, profile)
        body = NewFootprint(organisation_id=found.organisation_id, request=request)
        await quotas.admit_in(tx, "footprints", found.organisation_id, claims.footprints_in)
        made = await claims.create_footprint_in(tx, body)
        return structs.replace(found.terms, footprint_id=made.id)

    return await _change(draft_id, work, call=call, db=db, region=region)


async def withdraw(draft_id: int, *, call: Call, db: Database, region: RegionProfile) -> ClaimDraft:
    """End a draft that will not be declared. Raises `DraftClosed`, `NotYours`."""

    async def work(tx: Tx) -> Written[ClaimDraft]:
        found = await _open_in(tx, draft_id, call)
        await store.close_draft(tx, draft_id, "withdrawn", forget_person(found.terms), None)
        return Written(draft_id, await _shown_in(tx, await _stored_in(tx, draft_id), call, region))

    return await once(db, call, work, _again(call, region))


async def declare(draft_id: int, *, call: Call, db: Database, region: RegionProfile, quotas: Quotas = DEFAULT) -> Claim:
    """Make the claim that a draft has prepared. Raises `DraftClosed`, and what `claims.create_claim` raises."""

    async def work(tx: Tx) -> Written[Claim]:
        found = await _open_in(tx, draft_id, call)
        gate.require((await _shown_in(tx, found, call, region)).gate)
        body = claim_of(found.terms, found.type, found.organisation_id)
        made = await claims.create_in(tx, body, call=call, region=region, quotas=quotas)
        await store.close_draft(tx, draft_id, "declared", forget_person(found.terms), made.id)
        return Written(made.id, made)

    async def again(tx: Tx, claim_id: str) -> Claim:
        return await claims.claim_in(tx, int(claim_id))

    return await once(db, call, work, again)


async def activities(footprint_id: int, *, asked: Call, db: Database) -> str:
    """The activities of a footprint as a file that can be corrected and sent again."""
    found = await claims.footprint(footprint_id, asked=asked, db=db)
    return activity_sheet.as_csv(activity_sheet.rows_of(found.request))


def template(profile: ProfileId, *, zh: bool = False) -> str:
    """An activity file with examples, to be overwritten."""
    return activity_sheet.as_csv(activity_file.template(profile, zh=zh))


async def usage_in(tx: Tx, organisation_id: int) -> dict[str, int]:
    """How much of its quota for drafts of claims an organisation has used."""
    return {"claim_drafts": await store.drafts_of(tx, organisation_id)}


async def _change(
    draft_id: int,
    terms_of: Callable[[Tx, StoredDraft], Awaitable[DraftTerms]],
    *,
    call: Call,
    db: Database,
    region: RegionProfile,
) -> ClaimDraft:
    async def work(tx: Tx) -> Written[ClaimDraft]:
        found = await _open_in(tx, draft_id, call)
        await store.change_draft(tx, draft_id, await terms_of(tx, found))
        return Written(draft_id, await _shown_in(tx, await _stored_in(tx, draft_id), call, region))

    return await once(db, call, work, _again(call, region))


async def _open_in(tx: Tx, draft_id: int, call: Call) -> StoredDraft:
    """A draft, locked, which the caller may change."""
    found = await _stored_in(tx, draft_id, lock=True)
    access.authorise_for(call, found.organisation_id)
    check_open(draft_id, found.state)
    return found


async def _stored_in(tx: Tx, draft_id: int, *, lock: bool = False) -> StoredDraft:
    if found := await store.draft(tx, draft_id, lock=lock):
        return found
    raise Unknown(f"There is no claim draft {draft_id}.")


def _again(call: Call, region: RegionProfile) -> Callable[[Tx, str], Awaitable[ClaimDraft]]:
    async def again(tx: Tx, draft_id: str) -> ClaimDraft:
        return await _shown_in(tx, await _stored_in(tx, int(draft_id)), call, region)

    return again


async def _shown_in(tx: Tx, found: StoredDraft, call: Call, region: RegionProfile) -> ClaimDraft:
    terms = found.terms
    counted = await claims.footprint_in(tx, terms.footprint_id) if terms.footprint_id else None
    gate_now = ReduceFirstGate(passed=found.state == "declared", reasons=())
    if found.state == "draft":
        prepared = await preparation.prepared_in(tx, terms, found.type, found.organisation_id, counted, call=call)
        gate_now = gate.look(prepared, offset_rules.rule_for(found.type, region.id), await clock.now_in(tx))
    return ClaimDraft(
        id=found.id,
        organisation_id=found.organisation_id,
        type=found.type,
        state=found.state,
        terms=terms,
        profile=rules.profile_of(found.type, terms.about),
        footprint=counted,
        gate=gate_now,
        claim_id=found.claim_id,
        created_at=found.created_at,
        changed_at=found.changed_at,
    )

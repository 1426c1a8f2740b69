"""Footprints, claims and their coverage."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import UNSET, structs

from registry.access import authorisation as access
from registry.claims import gate, offset_rules, preparation, rules, store, subjects
from registry.claims.green_power import service as green_power
from registry.claims.rules import LockedClaim
from registry.claims.statement import Backing, openings, statement_of
from registry.kit import clock, lettering
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.problems import Unknown
from registry.kit.quotas import DEFAULT, Quotas
from registry.kit.spelling import spelling
from registry.methodologies import catalogue
from registry.parties import service as parties
from registry.projects.service import documents
from registry.transparency import corrections
from registry.transparency import service as log
from schemas.access import Call
from schemas.claims import (
    GATED,
    Claim,
    ClaimsWanted,
    ClaimTitle,
    GreenPowerContract,
    NewClaim,
    NewFootprint,
    StoredFootprint,
)
from schemas.corrections import CorrectClaim, Correction
from schemas.pages import Page
from schemas.parties import RegionProfile
from schemas.search import Found
from schemas.statements import ClaimVerifier, ReducedFirst, ScenePeriod


async def create_footprint(
    body: NewFootprint, *, call: Call, db: Database, quotas: Quotas = DEFAULT
) -> StoredFootprint:
    """Compute a footprint and store it with its arithmetic. Raises `EmptyFootprint`, `QuotaUsedUp`."""
    access.authorise_for(call, body.organisation_id)

    async def work(tx: Tx) -> Written[StoredFootprint]:
        await quotas.admit_in(tx, "footprints", body.organisation_id, store.footprints_of)
        made = await create_footprint_in(tx, body)
        return Written(made.id, made)

    return await once(db, call, work, _footprint_again)


async def create_footprint_in(tx: Tx, body: NewFootprint) -> StoredFootprint:
    """Compute a footprint and store it, for a caller that has seen to who may. Raises `EmptyFootprint`."""
    result = catalogue.footprint(body.request)
    rules.check_footprint(result.footprint_kg)
    return await footprint_in(tx, await store.insert_footprint(tx, body, result))


async def footprint_in(tx: Tx, footprint_id: int) -> StoredFootprint:
    """One footprint, inside a transaction. Raises `Unknown`."""
    return await _footprint_again(tx, str(footprint_id))


async def footprint(footprint_id: int, *, asked: Call, db: Database) -> StoredFootprint:
    """Return one footprint of the caller's organisation."""
    async with db.reading() as tx:
        found = await _footprint_again(tx, str(footprint_id))
    access.authorise_for(asked, found.organisation_id)
    return found


async def _footprint_again(tx: Tx, footprint_id: str) -> StoredFootprint:
    if found := await store.footprint(tx, int(footprint_id)):
        return found
    raise Unknown(f"There is no footprint {footprint_id}.")


async def create_claim(
    body: NewClaim, *, call: Call, db: Database, region: RegionProfile, quotas: Quotas = DEFAULT
) -> Claim:
    """
    Make a claim.

    Raises `ReduceFirst`, `TypeNotOpen`, `SaysNeutral`, `NamesAPerson`, `WrongSubject`,
    `AnothersEvent`, `WrongProfile`, `NotItsYear`, `NotAShare`, `FootprintUsed`, `DeadlinePassed`, `SubjectClaimed`,
    `GreenPowerUsed`, `NotTheVerifiers`, `VerifierConflict`, `ReportUsed`, `QuotaUsedUp`, `NoGlyph`.
    """

    async def work(tx: Tx) -> Written[Claim]:
        made = await create_in(tx, body, call=call, region=region, quotas=quotas)
        return Written(made.id, made)

    return await once(db, call, work, _claim_again)


async def create_in(tx: Tx, body: NewClaim, *, call: Call, region: RegionProfile, quotas: Quotas = DEFAULT) -> Claim:
    """Make a claim inside a transaction. Raises what `create_claim` does."""
    access.authorise_for(call, body.organisation_id)
    lettering.require_drawn((body.subject, body.standard, body.boundary, body.exclusions))
    if (number := subjects.number_of(body)) is not None:
        subjects.check_organiser(number, await store.organiser_by_code(tx, number), body.organisation_id)
    await quotas.admit_in(tx, "claims", body.organisation_id, store.claims_of)
    return await create_claim_in(tx, body, call=call, region=region)


async def create_claim_in(tx: Tx, body: NewClaim, *, call: Call, region: RegionProfile) -> Claim:
    """Make a claim, for a caller that has seen to who may. Raises what `create_claim` raises."""
    rules.check_new(body)
    if body.type == "person":
        subjects.check_unnamed(body.responsible_person, rules.published_words(body))
    subject = subjects.subject_of(body, call.by.person_id)
    stored = await _footprint_for(tx, body, call)
    counted = stored.result if stored else None
    claimant = await parties.organisation_in(tx, body.organisation_id)
    if body.type == "organisation":
        subjects.check_organisation(body, claimant.identifiers)
    await _refuse_claimed_in(tx, body, subject, subjects.share_of(body, counted))
    reduce_first, contracts = await _reduce_first_in(tx, body, stored, call=call, region=region)
    backing = Backing(counted, await _verifier_in(tx, body, call), reduce_first)
    sealed = openings(body)
    executed_at = clock.stamp(await clock.now_in(tx))
    said = statement_of(body, claimant.identifiers, backing, sealed, registry=region.name, executed_at=executed_at)
    appended = await log.append_in(tx, said, region=region, openings=sealed)
    claim_id = await store.insert_claim(
        tx,
        body,
        subject,
        reduce_first,
        required_kg=said.required_kg,
        deadline=rules.deadline(body),
        statement_id=appended.id,
    )
    if body.type in GATED:
        await green_power.use_in(tx, claim_id, gate.wanted_kwh(stored.request if stored else None), contracts)
    return await claim_in(tx, claim_id)


async def refuse_share_in(tx: Tx, claimant_id: int, subject: subjects.Subject, share: subjects.Share) -> None:
    """Raise `SubjectClaimed` if a claim that is made now about *share* of *subject* would be refused."""
    subjects.check_unclaimed(share, await store.same_subject(tx, claimant_id, subject, share.attendee))


async def _refuse_claimed_in(tx: Tx, body: NewClaim, subject: subjects.Subject, share: subjects.Share) -> None:
    """Refuse a claim that comes too late, or covers what another claim covers. A contribution covers nothing."""
    if body.type == "contribution":
        return
    if body.footprint_id is not None:
        await store.refuse_used_footprint(tx, body.footprint_id)
    await store.lock_subjects(tx)
    rules.check_born_in_time(body, await clock.now_in(tx))
    subjects.check_unclaimed(share, await store.same_subject(tx, body.organisation_id, subject, share.attendee))
    if isinstance(body.about, ScenePeriod):
        where = body.organisation_id, body.about.scene, body.begins, body.ends
        subjects.check_not_guests(share.categories, await store.page_of_travellers(tx, *where))


async def refuse_travel_in(tx: Tx, claimant_id: int, scene: str, begins: datetime, ends: datetime) -> None:
    """Raise `SubjectClaimed` if a claim of such a place has travel in that time. No claim is made until *tx* ends."""
    await store.lock_subjects(tx)
    subjects.check_travel_unclaimed(await store.travel_of_scene(tx, claimant_id, scene, begins, ends))


async def _verifier_in(tx: Tx, body: NewClaim, call: Call) -> ClaimVerifier | None:
    """Who verified the claim, by the name that is registered; its report carries this claim and nothing else."""
    if (each := body.verifier) is None:
        return None
    what = f"the claim about {body.subject[:80]!r}"
    found = await preparation.verified_by_in(
        tx, each.identifier, each.report_sha256, owner_id=body.organisation_id, what=what, call=call
    )
    await documents.use_report_in(tx, each.report_sha256, what, owner_id=body.organisation_id)
    named = structs.replace(found, level=each.level)
    if body.type == "contribution":
        rules.check_contribution_words({"verifier's name": named.name})
    return named


async def _reduce_first_in(
    tx: Tx, body: NewClaim, stored: StoredFootprint | None, *, call: Call, region: RegionProfile
) -> tuple[ReducedFirst | None, Mapping[str, GreenPowerContract]]:
    """What came before offsetting, and the contracts to use, of a claim that passes the gate. Raises `ReduceFirst`."""
    if body.type not in GATED or stored is None:
        return None, {}
    rule = offset_rules.rule_for(body.type, region.id)
    prepared = await preparation.prepared_in(tx, body, body.type, body.organisation_id, stored, call=call)
    gate.require(await preparation.gate_in(tx, prepared, rule))
    first = gate.reduce_first(stored.result, body.measures, rule)
    if (each := body.plan) is None:
        return first, prepared.contracts
    what = f"the claim about {body.subject[:80]!r}"
    found = await preparation.verified_by_in(
        tx, each.identifier, each.plan_sha256, owner_id=body.organisation_id, what=what, call=call
    )
    by = structs.replace(found, level=each.level)
    return structs.replace(first, plan=each.plan_sha256, plan_verifier=by), prepared.contracts


async def _footprint_for(tx: Tx, body: NewClaim, call: Call) -> StoredFootprint | None:
    if body.footprint_id is None:
        return None
    found = await store.footprint(tx, body.footprint_id, lock=True)
    if found is None:
        raise Unknown(f"There is no footprint {body.footprint_id}.")
    if found.organisation_id != body.organisation_id:
        access.authorise_for(call, found.organisation_id)
    if said := rules.profile_fault(body.type, body.about, found.result.profile):
        raise rules.WrongProfile(said, profile=found.result.profile)
    return found


async def correct_claim(
    claim_id: int, body: CorrectClaim, *, call: Call, db: Database, region: RegionProfile
) -> Correction:
    """
    Correct the wording of a claim by a statement of its own. The claim's statement, and what it is about, stay.

    Words that another claim is known by are refused as they are for a new claim. Raises `NothingCorrected`,
    `SaysNeutral`, `NamesAPerson`, `SubjectClaimed`, `ClaimAnnulled`, `NoGlyph`.
    """

    async def work(tx: Tx) -> Written[Correction]:
        await store.lock_words(tx, claim_id)
        found = await claim_in(tx, claim_id)
        access.authorise_for(call, found.claimant_id)
        rules.check_stands(claim_id, annulled=found.annulled is not None)
        old = {name: getattr(found, name) for name in rules.CORRECTABLE}
        given = {name: getattr(body, name) for name in rules.CORRECTABLE if getattr(body, name) is not UNSET}
        lettering.require_drawn((*given.values(), body.reason))
        wording = corrections.changed_words(old, given)
        statement_id = await store.claim_statement(tx, claim_id)
        if found.type == "person":
            sealed = await corrections.sealed_now_in(tx, statement_id, "responsible_person")
            subjects.check_unnamed(sealed.get("name", ""), given | {"reason": body.reason})
        if found.type == "contribution":
            rules.check_contribution_words(given | {"reason": body.reason})
        elif "subject" in given:
            await _refuse_renamed_in(tx, claim_id, given["subject"])
        new_correction = corrections.NewCorrection(statement_id, body.reason, found.claimant_id, wording)
        made = await corrections.correct_in(tx, new_correction, call=call, region=region)
        await store.set_wording(tx, claim_id, old | given)
        return Written(made.id, made)

    return await once(db, call, work, corrections.own_again)


async def _refuse_renamed_in(tx: Tx, claim_id: int, words: str) -> None:
    """Refuse words by which a claim would be about what another one covers, as it was not before."""
    await store.lock_subjects(tx)
    claimant_id, subject, share = await store.claimed(tx, claim_id)
    before = {each.id for each in await store.same_subject(tx, claimant_id, subject, share.attendee, without=claim_id)}
    renamed = subject._replace(words=spelling(words))
    found = await store.same_subject(tx, claimant_id, renamed, share.attendee, without=claim_id)
    subjects.check_unclaimed(share, [each for each in found if each.id not in before])


def refuse_neutral(claim: Claim, published: dict[str, str | None]) -> None:
    """Raise `SaysNeutral` if the claim is a contribution, and words that are *published* about it say neutral."""
    if claim.type == "contribution":
        rules.check_contribution_words(published)


async def claim(claim_id: int, *, asked: Call, db: Database) -> Claim:
    """One claim with its coverage, as the caller may see it."""
    async with db.reading() as tx:
        return _for(asked, await claim_in(tx, claim_id))


def _for(asked: Call, found: Claim) -> Claim:
    """As the log has it: a plan to reduce may be confidential, and is the claimant's and the overseers' to read."""
    if access.oversees(asked.by) or found.claimant_id in access.organisations_of(asked.by):
        return found
    return structs.replace(found, reduction_plan=None, measures=None)


async def claim_in(tx: Tx, claim_id: int) -> Claim:
    """One claim, inside a transaction. Raises `Unknown`."""
    return await _claim_again(tx, str(claim_id))


async def _claim_again(tx: Tx, claim_id: str) -> Claim:
    if found := await store.claim(tx, int(claim_id)):
        return found
    raise Unknown(f"There is no claim {claim_id}.")


async def claims(wanted: ClaimsWanted, window: Window, period: Between, *, asked: Call, db: Database) -> Page[Claim]:
    """The claims that fit everything that is asked for, made in *period*."""
    async with db.reading() as tx:
        found = await store.claims(tx, window, wanted, period)
    return Page(items=tuple(_for(asked, each) for each in found.items), next=found.next)


async def titles_in(tx: Tx, claim_ids: Collection[int]) -> dict[int, ClaimTitle]:
    """What some claims are about and whose they are, by their numbers."""
    return await store.titles(tx, claim_ids)


async def search_in(tx: Tx, words: str, limit: int) -> list[Found]:
    """Claims by their subject."""
    return await store.search(tx, words, limit)


async def coded_in(tx: Tx, code: str) -> tuple[Found, ...]:
    """The claim with this code in its statement, exactly, if it is among the newest."""
    newest = await store.newest_statements(tx)
    found = {newest[each] for each in await log.naming_in(tx, list(newest), f'"claim":"{code}"')}
    titles = await store.titles(tx, found)
    return tuple(
        Found(kind="claim", id=str(each.id), title=each.subject, about=each.claimant, exact=True)
        for each in titles.values()
    )


def check_allocation(
    locked: LockedClaim | None, claim_id: int, quantity_kg: int, *, now: datetime, call: Call
) -> LockedClaim:
    """
    Check that *quantity_kg* may be allocated to a claim that is locked, *now* being business time under the lock.

    Raises `ClaimAnnulled`, `OverClaimed`, `DeadlinePassed`, `NotYours`, `Unknown`.
    """
    if locked is None:
        raise Unknown(f"There is no claim {claim_id}.")
    access.authorise_for(call, locked.claimant_id)
    rules.check_stands(claim_id, annulled=locked.annulled)
    rules.check_amount(locked, quantity_kg)
    rules.check_deadline(locked, now)
    return locked


async def reports_named_in(tx: Tx, sha256s: Sequence[str]) -> frozenset[str]:
    """Those of some documents that a claim, or a draft of one, names as its verifier's report or its plan."""
    return await store.reports_named(tx, sha256s)


async def usage_in(tx: Tx, organisation_id: int) -> dict[str, int]:
    """How much of its quotas for footprints and claims an organisation has used."""
    return {
        "footprints": await store.footprints_of(tx, organisation_id),
        "claims": await store.claims_of(tx, organisation_id),
    }


async def footprints_in(tx: Tx, organisation_id: int) -> int:
    """How many footprints an organisation has."""
    return await store.footprints_of(tx, organisation_id)


async def number_of_in(tx: Tx, organisation_id: int) -> int:
    """How many claims an organisation has made."""
    return await store.claims_of(tx, organisation_id)


async def lock_claim_in(tx: Tx, claim_id: int) -> None:
    """Let nobody else retire against a claim, correct or annul it, until the end. Lock accounts after it."""
    await store.lock_words(tx, claim_id)


async def locked_in(tx: Tx, claim_id: int) -> Claim:
    """One claim, which nobody else retires against, corrects or annuls until the transaction ends. Raises `Unknown`."""
    await store.lock_words(tx, claim_id)
    return await claim_in(tx, claim_id)


def refuse_annulled(claim: Claim) -> None:
    """Raise `ClaimAnnulled` if the claim was annulled."""
    rules.check_stands(claim.id, annulled=claim.annulled is not None)


async def annul_in(tx: Tx, claim_id: int, at: datetime) -> None:
    """
    Annul a claim that is locked: it takes no retirement any more, is not neutral, and leaves its subject to others.

    Its footprint stays its own: that may be what was wrong, and another costs nothing. Raises `ClaimAnnulled`.
    """
    rules.check_stands(claim_id, annulled=not await store.annul(tx, claim_id, at))


async def release_in(tx: Tx, claim_id: int, quantity_kg: int) -> None:
    """Take from a claim that is locked what an annulled retirement gave to it; others may cover that anew."""
    await store.allocate(tx, claim_id, -quantity_kg)


async def statement_of_in(tx: Tx, claim_id: int) -> int:
    """The row of the claim's statement in the log."""
    return await store.claim_statement(tx, claim_id)


async def claim_of_statement(statement_id: int, *, asked: Call, db: Database) -> Claim:
    """The claim that a statement of the log made. Raises `Unknown`."""
    async with db.reading() as tx:
        if found := await store.claim_of_statement(tx, statement_id):
            return _for(asked, found)
    raise Unknown("There is no claim of this statement.")

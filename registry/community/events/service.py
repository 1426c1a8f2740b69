"""Event pages: made and kept by their organisers, and how far they are."""

import secrets
from collections.abc import Mapping
from typing import Final

from registry.access import authorisation as access
from registry.claims import service as claims
from registry.claims import subjects
from registry.claims.subjects import Share, Subject
from registry.community.events import rules, store
from registry.community.events.store import StoredEvent
from registry.community.retail import service as retail
from registry.kit import lettering
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.kit.quotas import DEFAULT, Quotas
from registry.kit.spelling import spelling
from registry.methodologies import event_footprint, inventory
from schemas.access import Call
from schemas.claims import Claim, NewClaim, NewFootprint
from schemas.events import (
    ChoosePool,
    Event,
    EventProgress,
    NewEvent,
    OrganiserShare,
    RankedGuest,
    VisitKind,
    VisitProfile,
)
from schemas.methodologies import Category, EventFootprintRequest
from schemas.pages import Page
from schemas.parties import RegionProfile
from schemas.search import Found
from schemas.statements import EventKey

COUNTED: Final[Mapping[VisitProfile, tuple[Category, ...]]] = {
    "chengdu-event": event_footprint.COUNTED["chengdu-event"],
    "national-event": event_footprint.COUNTED["national-event"],
    "scenic-area": inventory.COUNTED["scenic-area"],
    "hotel": inventory.COUNTED["hotel"],
    "restaurant": inventory.COUNTED["restaurant"],
}
"""What each profile of a page counts, and its organiser may cover."""


async def create_event(body: NewEvent, *, call: Call, db: Database, quotas: Quotas = DEFAULT) -> Event:
    """
    Make the page of an event or a place.

    Raises `NotCounted`, `NothingForGuests`, `PoolNotOpen`, `NotYours`, `SubjectClaimed` where another claim covers what
    guests would offset, `QuotaUsedUp`, `NoGlyph`.
    """
    access.authorise_for(call, body.organisation_id)
    lettering.require_drawn((body.title, body.place))
    rules.check_covers(body.profile, body.organiser_covers, COUNTED[body.profile])
    code = "".join(secrets.choice(rules.CODE_LETTERS) for _ in range(rules.CODE_LENGTH))

    async def work(tx: Tx) -> Written[Event]:
        await quotas.admit_in(tx, "events", body.organisation_id, store.events_of)
        await retail.require_open_in(tx, body.pool_id)
        await store.insert_event(tx, code, body, by=call.by.person_id)
        found = await event_in(tx, code)
        await refuse_claimed_in(tx, found.shown, 1)
        if "travel" in found.shown.guests_cover:
            await claims.refuse_travel_in(tx, body.organisation_id, body.kind, body.begins, body.ends)
        return Written(code, found.shown)

    return await once(db, call, work, _again)


async def refuse_claimed_in(tx: Tx, event: Event, number: int) -> None:
    """Raise `SubjectClaimed` if a claim covers what guest *number* would offset: before anybody pays for it."""
    words = rules.share_subject(event.title, number)
    subject = Subject("event", spelling(event.code), spelling(event.place), spelling(words), event.begins, event.ends)
    share = Share(number, exclusive=False, categories=frozenset(event.guests_cover))
    await claims.refuse_share_in(tx, event.organisation_id, subject, share)


async def event(code: str, *, db: Database) -> Event:
    """One event, by the code on its poster."""
    async with db.reading() as tx:
        return await _again(tx, code)


async def _again(tx: Tx, code: str) -> Event:
    return (await event_in(tx, code)).shown


async def event_in(tx: Tx, code: str, *, lock: bool = False) -> StoredEvent:
    """One event; locked, nobody else joins or changes it until the transaction ends. Raises `Unknown`."""
    if lock:
        await store.lock_event(tx, code)
    if found := await store.event(tx, code):
        return found
    raise Unknown(f"There is no event {code}. Scan the code on the poster again, or ask its organiser.")


async def events(
    window: Window,
    organisation_id: int | None,
    *,
    db: Database,
    kind: VisitKind | None = None,
    closed: bool | None = None,
) -> Page[Event]:
    """The events there are: all, of one organiser, of one kind, or closed or not."""
    async with db.reading() as tx:
        return await store.events(tx, window, organisation_id, kind, closed=closed)


async def events_of_in(tx: Tx, organisation_id: int) -> int:
    """How many events an organisation has made."""
    return await store.events_of(tx, organisation_id)


async def search_in(tx: Tx, words: str, limit: int) -> list[Found]:
    """Events by their code, or by words of their name or place."""
    return await store.search(tx, words, limit)


async def ranking(code: str, *, db: Database) -> tuple[RankedGuest, ...]:
    """The guests of an event who chose to be shown, under the names that they picked."""
    async with db.reading() as tx:
        return await store.ranking(tx, (await event_in(tx, code)).id)


async def hide_guest(code: str, number: int, *, call: Call, db: Database) -> Event:
    """Show a guest's name in the ranking no more. The share stays as it is. Raises `Unknown`, `NotYours`."""

    async def work(tx: Tx) -> Written[Event]:
        found = await own_in(tx, code, call)
        if not await store.hide(tx, found.id, number):
            raise Unknown(f"Event {code} has no guest {number}.")
        return Written(code, found.shown)

    return await once(db, call, work, _again)


async def close_event(code: str, *, call: Call, db: Database) -> Event:
    """Take no more guests; who has joined may still pay."""

    async def work(tx: Tx) -> Written[Event]:
        await store.close_event(tx, (await own_in(tx, code, call)).id)
        return Written(code, await _again(tx, code))

    return await once(db, call, work, _again)


async def choose_pool(code: str, body: ChoosePool, *, call: Call, db: Database) -> Event:
    """Sell from another pool from now on; what is on hold stays where it is. Raises `PoolNotOpen`."""

    async def work(tx: Tx) -> Written[Event]:
        found = await own_in(tx, code, call)
        await retail.require_open_in(tx, body.pool_id)
        await store.set_pool(tx, found.id, body.pool_id)
        return Written(code, await _again(tx, code))

    return await once(db, call, work, _again)


async def own_in(tx: Tx, code: str, call: Call) -> StoredEvent:
    """An event of the caller's own organisation, locked. Raises `Unknown`, `NotYours`."""
    found = await event_in(tx, code, lock=True)
    access.authorise_for(call, found.shown.organisation_id)
    return found


async def claim_share(
    code: str, body: OrganiserShare, *, call: Call, db: Database, region: RegionProfile, quotas: Quotas = DEFAULT
) -> Claim:
    """
    Make the claim of the organiser's own share, which its own credits are then retired against.

    It counts only what the organiser covers, so no kilogram of a guest's trip is in it. Raises `NotCounted`,
    `AlreadyClaimed`, `ClaimedAsScene`, and what a claim raises.
    """
    lettering.require_drawn((body.boundary,))

    async def work(tx: Tx) -> Written[Claim]:
        found = await own_in(tx, code, call)
        shown = found.shown
        if shown.claim_id is not None:
            raise rules.AlreadyClaimed(
                f"The organiser's share of {code} is claim {shown.claim_id}. Retire against it.",
                claim_id=shown.claim_id,
            )
        rules.check_is_event(code, shown.profile)
        await quotas.admit_in(tx, "claims", shown.organisation_id, claims.number_of_in)
        request = EventFootprintRequest(profile=shown.profile, items=body.items)
        new = NewFootprint(organisation_id=shown.organisation_id, request=request)
        footprint = await claims.create_footprint_in(tx, new)
        counted = subjects.categories_of(footprint.result)
        rules.check_own(counted, shown.organiser_covers)
        claim = _own_claim(shown, body, footprint.id)
        made = await claims.create_claim_in(tx, claim, call=call, region=region)
        await store.set_claim(tx, found.id, made.id)
        return Written(made.id, made)

    async def again(tx: Tx, claim_id: str) -> Claim:
        return await claims.claim_in(tx, int(claim_id))

    return await once(db, call, work, again)


def _own_claim(event: Event, body: OrganiserShare, footprint_id: int) -> NewClaim:
    return NewClaim(
        organisation_id=event.organisation_id,
        type="event",
        subject=event.title,
        begins=event.begins,
        ends=event.ends,
        boundary=body.boundary,
        exclusions=f"What guests cover themselves: {', '.join(event.guests_cover)}",
        about=EventKey(place=event.place, event_id=event.code),
        footprint_id=footprint_id,
        reductions_kg=body.reductions_kg,
        reduction_plan=body.reduction_plan,
        exclusive=False,
    )


async def progress(code: str, *, asked: Call, db: Database) -> EventProgress:
    """How far an event is: guests, kilograms, money, and the organiser's own share."""
    async with db.snapshot() as tx:
        shown = (found := await event_in(tx, code)).shown
        access.authorise_for(asked, shown.organisation_id)
        money = await store.money(tx, found.id)
        claim = await claims.claim_in(tx, shown.claim_id) if shown.claim_id else None
        others = await claims.claim_in(tx, shown.others_claim_id) if shown.others_claim_id else None
    return EventProgress(
        code=code,
        expected_guests=shown.expected_guests,
        guests=shown.guests,
        guests_percent=shown.guests * 100 // shown.expected_guests,
        offset_kg=shown.offset_kg,
        **money._asdict(),
        claim_id=shown.claim_id,
        claim_required_kg=claim.required_kg if claim else None,
        claim_missing_kg=claim.missing_kg if claim else None,
        claim_neutral=claim.neutral if claim else False,
        others_claim_id=shown.others_claim_id,
        others_required_kg=others.required_kg if others else None,
        others_missing_kg=others.missing_kg if others else None,
    )

"""
What guests did not offset themselves, covered by the organiser in a claim of its own.

It has a number of its own among the shares of attendees, so the rules of subjects keep it apart from every guest's
share and from the organiser's. It is made once nobody joins any more and nobody is paying; a payment that comes later
all the same goes back (`rules.check_not_covered`).
"""

from registry.claims import service as claims
from registry.claims import subjects
from registry.community.events import rules, service, store
from registry.community.events.store import StoredEvent
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.quotas import DEFAULT, Quotas
from schemas.access import Call
from schemas.claims import OTHER_GUESTS, Claim, NewClaim, NewFootprint
from schemas.events import Event, OtherGuests
from schemas.methodologies import EventFootprintRequest
from schemas.parties import RegionProfile
from schemas.statements import EventKey

BOUNDARY = "Trips of guests who have no share of their own: their ways and nights, as far as guests cover them."


async def claim_others(
    code: str, body: OtherGuests, *, call: Call, db: Database, region: RegionProfile, quotas: Quotas = DEFAULT
) -> Claim:
    """
    Claim the trips of all guests who have no share of their own; the organiser's own credits are retired against it.

    Raises `EventOpen`, `TooManyGuests`, `NotCounted`, `AlreadyClaimed`, `NotYours`, and what a claim raises.
    """

    async def work(tx: Tx) -> Written[Claim]:
        found = await service.own_in(tx, code, call)
        shown = found.shown
        if shown.others_claim_id is not None:
            raise rules.AlreadyClaimed(
                f"The other guests of {code} are covered by claim {shown.others_claim_id}. Retire against it.",
                claim_id=shown.others_claim_id,
            )
        await quotas.admit_in(tx, "claims", shown.organisation_id, claims.number_of_in)
        made = await _claim_in(tx, shown, body, call, region)
        await _check_in(tx, found, body)
        await store.set_others_claim(tx, found.id, made.id)
        return Written(made.id, made)

    async def again(tx: Tx, claim_id: str) -> Claim:
        return await claims.claim_in(tx, int(claim_id))

    return await once(db, call, work, again)


async def _claim_in(tx: Tx, event: Event, body: OtherGuests, call: Call, region: RegionProfile) -> Claim:
    request = EventFootprintRequest(profile=rules.counted_by(event.profile), items=body.items)
    new = NewFootprint(organisation_id=event.organisation_id, request=request)
    footprint = await claims.create_footprint_in(tx, new)
    rules.check_guests_own(subjects.categories_of(footprint.result), event.guests_cover)
    claim = NewClaim(
        organisation_id=event.organisation_id,
        type="event",
        subject=rules.others_subject(event.title),
        begins=event.begins,
        ends=event.ends,
        boundary=BOUNDARY,
        about=EventKey(place=event.place, event_id=event.code),
        attendee=OTHER_GUESTS,
        footprint_id=footprint.id,
        reduction_plan=body.reduction_plan,
        exclusive=False,
    )
    return await claims.create_claim_in(tx, claim, call=call, region=region)


async def _check_in(tx: Tx, found: StoredEvent, body: OtherGuests) -> None:
    """Count the guests after the claim was made: claims are made one after the other, so no share is made meanwhile."""
    event = (await service.event_in(tx, found.shown.code)).shown
    rules.check_settled(event.code, closed=event.closed, not_settled=await store.not_settled(tx, found.id))
    rules.check_others(body.came, event.guests, body.items)

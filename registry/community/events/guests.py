"""
Guests of an event: what a trip comes to, the share that is on hold for them, and its retirement once it is paid.

A guest has no account and no key: anybody who has the link of a share sees it. Its secret is a keyed digest of the
Idempotency-Key with which the guest joined, so a request that is sent again leads to the same share, and no secret is
stored. Locks: event, pool; and for the retirement: payment, pool, account, then what a claim takes.
"""

import structlog

from registry.access.keys.rules import Keyring
from registry.access.restrictions.rules import Frozen
from registry.claims import service as claims
from registry.community.events import rules, service, store
from registry.community.events.store import NewGuest, StoredGuest
from registry.community.retail import payments
from registry.community.retail.rules import FROZEN, NotSimulated, amount_fen
from registry.credits.retirement import look_ups
from registry.kit import ids, lettering
from registry.kit.database import Database, Tx
from registry.kit.idempotency import KeyReused
from registry.kit.problems import DomainError, Kind, Unknown
from registry.kit.quotas import DEFAULT, Quotas
from registry.methodologies import catalogue
from registry.parties import service as parties
from registry.transparency import service as transparency
from schemas.access import Actor, Call
from schemas.claims import NewClaim, NewFootprint
from schemas.credits import RetireRequest
from schemas.events import Event, Guest, JoinEvent, Quote, Trip
from schemas.parties import RegionProfile
from schemas.statements import EventKey

log = structlog.get_logger()

_PASSES = frozenset({Kind.UNAVAILABLE, Kind.FULL, Kind.PENDING, Kind.LIMITED})
"""Refusals that are gone a moment later: the payment waits for the next round. After any other it goes back."""
BOUNDARY = "One guest's own trip: the way there and back, and the nights, as far as they are not the organiser's."
PLAN = "A guest's own trip, counted as it was made. The organiser's part and its reductions are in a claim of its own."


async def quote(code: str, trip: Trip, *, db: Database) -> Quote:
    """What a guest's share of an event comes to and costs, with its arithmetic. Nothing is held for it."""
    async with db.reading() as tx:
        found = (await service.event_in(tx, code)).shown
    footprint = catalogue.footprint(rules.request_of(trip, found.profile, found.guests_cover))
    return Quote(
        footprint=footprint,
        quantity_kg=footprint.footprint_kg,
        amount_fen=amount_fen(footprint.footprint_kg, found.price_fen),
        price_fen=found.price_fen,
        available=not found.closed and footprint.footprint_kg <= found.available_kg,
    )


async def join(
    code: str, body: JoinEvent, *, call: Call, db: Database, keyring: Keyring, quotas: Quotas = DEFAULT
) -> Guest:
    """
    Hold a guest's kilograms for 15 minutes. The same request again leads to the same share.

    Raises `EventClosed`, `NoShare`, `ShareTooLarge`, `PoolNotOpen`, `NotEnoughLeft`, `SubjectClaimed`, `QuotaUsedUp`,
    `KeyReused`, `NoGlyph` for a name that cannot stand on a certificate.
    """
    lettering.require_drawn((body.name,))
    secret = ids.link_secret(keyring.hash(f"guest\n{code}\n{call.key}"))

    async def work(tx: Tx) -> Guest:
        found = await service.event_in(tx, code, lock=True)
        if earlier := await store.guest(tx, secret=keyring.hash(secret)):
            _check_same(earlier, body, call)
            return await _shown_in(tx, earlier, secret)
        event = found.shown
        if event.closed:
            raise rules.EventClosed(f"{event.title} takes no more guests.")
        footprint = catalogue.footprint(rules.request_of(body.trip, event.profile, event.guests_cover))
        rules.check_share(footprint.footprint_kg)
        waiting, waiting_kg = await store.waiting(tx, found.id)  # the event is locked
        quotas.check("guests_waiting", waiting)
        quotas.check("guests_waiting_kg", waiting_kg, adding=footprint.footprint_kg)
        number = await store.next_number(tx, found.id)
        await service.refuse_claimed_in(tx, event, number)
        payment = await payments.reserve_in(tx, event.pool_id, footprint.footprint_kg)
        new = NewGuest(keyring.hash(secret), body.name.strip(), body.listed, body.trip, footprint)
        await store.insert_guest(tx, found.id, number, new, payment.id)
        return await _guest_in(tx, secret, keyring)

    return await db.transaction(work)


def _check_same(earlier: StoredGuest, body: JoinEvent, call: Call) -> None:
    if (earlier.trip, earlier.name, earlier.listed) != (body.trip, body.name.strip(), body.listed):
        raise KeyReused(
            f"Idempotency-Key {call.key!r} was used for another guest's answers. Use a new key for a new guest."
        )


async def guest(secret: str, *, db: Database, keyring: Keyring) -> Guest:
    """The share whose link has *secret*. Raises `Unknown`."""
    async with db.snapshot() as tx:
        return await _guest_in(tx, secret, keyring)


async def _guest_in(tx: Tx, secret: str, keyring: Keyring) -> Guest:
    if found := await store.guest(tx, secret=keyring.hash(secret)):
        return await _shown_in(tx, found, secret)
    raise Unknown("There is no such share. The link may be cut off: open it as a whole, or join the event again.")


async def _shown_in(tx: Tx, found: StoredGuest, secret: str) -> Guest:
    payment = (await payments.payment_in(tx, found.payment_id)).shown
    retired = await look_ups.retirement_in(tx, found.receipt_id) if found.receipt_id else None
    return Guest(
        secret=secret,
        code=found.code,
        number=found.number,
        name=found.name,
        listed=found.listed,
        hidden=found.hidden,
        footprint=found.footprint,
        quantity_kg=found.quantity_kg,
        amount_fen=payment.amount_fen,
        reference=payment.reference,
        state=payment.state,
        held_until=payment.held_until,
        refund_reason=payment.refund_reason,
        claim_id=found.claim_id,
        receipt_id=found.receipt_id,
        serials=retired.retirement.serials if retired else (),
        witnessed=retired is not None and await transparency.is_witnessed_in(tx, retired.statement_id),
        annulled=bool(retired and (retired.retirement.annulled or retired.retirement.claim_annulled)),
    )


async def play_bank(secret: str, *, db: Database, keyring: Keyring, region: RegionProfile) -> Guest:
    """In a simulated region: pay a share, and be the bank that confirms it. Raises `NotSimulated`, `Unknown`."""
    if not region.simulated:
        raise NotSimulated("Here the bank confirms payments. Pay by your own bank, under the reference.")

    async def work(tx: Tx) -> Guest:
        found = await _guest_in(tx, secret, keyring)
        await payments.confirm_in(tx, found.reference, found.amount_fen)
        return await _guest_in(tx, secret, keyring)

    return await db.transaction(work)


async def retire_paid(*, db: Database) -> int:
    """
    Retire what guests have paid for, each in one transaction with its footprint and its claim; returns how many.

    A crash leaves a payment as it was, and the next round takes it. One whose share is refused for good goes back, with
    the reason. One that fails otherwise keeps none of the others waiting: its error is raised when all were tried.
    """
    region, after, retired = await parties.find_region(db=db), 0, 0
    failed: Exception | None = None
    while region is not None:
        async with db.reading() as tx:
            due = await payments.paid_in(tx, after)
        if not due:
            break
        for _, reference in due:
            try:
                retired += await _retire_or_refund(reference, db=db, region=region)
            except Exception as error:  # noqa: BLE001 - a fault of ours with one payment, raised below
                failed = failed or error
        after, _ = due[-1]
    if failed is not None:
        raise failed
    return retired


async def _retire_or_refund(reference: str, *, db: Database, region: RegionProfile) -> bool:
    async def work(tx: Tx) -> bool:
        return await _retire_in(tx, reference, region=region)

    try:
        return await db.transaction(work)
    except DomainError as refusal:
        if refusal.kind in _PASSES:
            log.warning("share_not_retired_yet", reference=reference, why=refusal.slug)
            return False
        why = FROZEN if isinstance(refusal, Frozen) else refusal.detail

    async def give_back(tx: Tx) -> None:
        if sale := await payments.lock_paid_in(tx, reference):
            await payments.refund_in(tx, sale, why)

    await db.transaction(give_back)
    log.warning("share_refunded", reference=reference)
    return False


async def _retire_in(tx: Tx, reference: str, *, region: RegionProfile) -> bool:
    sale = await payments.lock_paid_in(tx, reference)
    guest = await store.guest(tx, payment_id=sale.payment.id) if sale else None
    if sale is None or guest is None:
        return False
    event = await service.event_in(tx, guest.code)
    shown = event.shown
    new = NewFootprint(
        organisation_id=shown.organisation_id,
        request=rules.request_of(guest.trip, shown.profile, shown.guests_cover),
    )
    footprint = await claims.create_footprint_in(tx, new)
    by = Call(by=Actor(person_id=event.created_by), operation="create_claim")
    claim = await claims.create_claim_in(tx, _claim(shown, guest, footprint.id), call=by, region=region)
    # Claims are made one after the other: what the organiser claimed for the other guests is seen from here on.
    rules.check_not_covered(guest.code, (await service.event_in(tx, guest.code)).shown.others_claim_id)
    request = RetireRequest(
        account_id=sale.pool.account_id,
        quantity_kg=guest.quantity_kg,
        claim_id=claim.id,
        reason=rules.share_subject(shown.title, guest.number),
        beneficiary=guest.name,
    )
    order = await payments.retire_in(tx, sale, shown.organisation_id, request, region=region)
    return await store.set_retired(tx, guest.id, claim.id, order.retirements[0].receipt_id)


def _claim(event: Event, guest: StoredGuest, footprint_id: int) -> NewClaim:
    return NewClaim(
        organisation_id=event.organisation_id,
        type="event",
        subject=rules.share_subject(event.title, guest.number),
        begins=event.begins,
        ends=event.ends,
        boundary=BOUNDARY,
        about=EventKey(place=event.place, event_id=event.code),
        attendee=guest.number,
        footprint_id=footprint_id,
        reduction_plan=PLAN,
        exclusive=False,
    )

"""What a guest's trip consists of, who covers which category, and what an event page refuses. Pure."""

from collections.abc import Iterable
from typing import Final

from registry.kit.problems import DomainError, Kind
from schemas.events import Origin, Trip, VisitProfile
from schemas.methodologies import (
    Category,
    EventAccommodation,
    EventActivity,
    EventFootprintRequest,
    EventProfile,
    EventTravel,
)

GUESTS_MAY: Final[tuple[Category, ...]] = ("travel", "accommodation")
"""What a guest's own trip consists of (`registry/claims/subjects.py`)."""
GUESTS_COVER: Final[dict[VisitProfile, tuple[Category, ...]]] = {
    "chengdu-event": GUESTS_MAY,
    "national-event": GUESTS_MAY,
    "scenic-area": GUESTS_MAY,
    "hotel": GUESTS_MAY,
    "restaurant": ("travel",),
}
"""
What each page can leave to guests. Nobody sleeps in a restaurant, and its meals are its own: no published factor.
"""
ORIGIN_KM: Final[dict[Origin, int]] = {
    "beijing": 1_520,
    "chongqing": 270,
    "guangzhou": 1_240,
    "guiyang": 520,
    "hangzhou": 1_550,
    "hong-kong": 1_370,
    "kunming": 640,
    "lhasa": 1_250,
    "nanjing": 1_400,
    "shanghai": 1_660,
    "shenzhen": 1_340,
    "urumqi": 2_060,
    "wuhan": 980,
    "xian": 605,
}
"""
From there to Chengdu, one way. Provisional: great circles between city centres to the nearest 5 or 10 km, for guests
who do not know the distance; by road it is more.
"""
CODE_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Letters of an event's code: none that is taken for another on a poster."""
CODE_LENGTH: Final = 8
NIGHTS_LIMIT: Final = 60
"""Nights of one guest."""
SHARE_LIMIT_KG: Final = 20_000
"""More is no trip of one guest: the longest flight there and back and sixty nights come to less than half."""


class NothingForGuests(DomainError):
    """The organiser covers all that guests could offset."""

    kind, slug, title = Kind.UNPROCESSABLE, "nothing-for-guests", "Nothing is left for guests"


class NotCounted(DomainError):
    """The organiser would cover a category that the event's profile does not count."""

    kind, slug, title = Kind.UNPROCESSABLE, "not-counted", "Not counted by the profile"


class EventClosed(DomainError):
    """The event's page takes no more guests."""

    kind, slug, title = Kind.CONFLICT, "event-closed", "The event takes no more guests"


class NoShare(DomainError):
    """A trip that emits nothing, as counted here, or more than a trip can."""

    kind, slug, title = Kind.UNPROCESSABLE, "no-share", "The trip emits nothing"


class ShareTooLarge(DomainError):
    """More kilograms than one guest's trip has."""

    kind, slug, title = Kind.UNPROCESSABLE, "share-too-large", "Too much for one guest"


class NothingRetired(DomainError):
    """A share that was not paid, or whose payment went back: it has no receipt."""

    kind, slug, title = Kind.CONFLICT, "nothing-retired", "Nothing is retired for it"


class ClaimedAsScene(DomainError):
    """A place that is counted by its own profile has its own claim, of a scene."""

    kind, slug, title = Kind.UNPROCESSABLE, "claimed-as-scene", "A scene's own claim"


class EventOpen(DomainError):
    """The page still takes guests, or some have not paid: who offsets a share of their own is not known yet."""

    kind, slug, title = Kind.CONFLICT, "event-open", "Guests may still offset their own share"


class TooManyGuests(DomainError):
    """More would be counted for guests without a share than there are of them."""

    kind, slug, title = Kind.UNPROCESSABLE, "too-many-guests", "More guests than came"


class OthersCovered(DomainError):
    """The organiser covers the trips of all who have no share of their own."""

    kind, slug, title = Kind.CONFLICT, "others-covered", "The organiser covers it already"


class AlreadyClaimed(DomainError):
    """The organiser's share of the event has its claim."""

    kind, slug, title = Kind.CONFLICT, "event-has-claim", "The organiser's share is claimed"


def profiles_of(kind: str) -> tuple[VisitProfile, ...]:
    """By which profiles the page of a *kind* may be counted; the first is what is meant if none is chosen."""
    own = tuple(each for each in GUESTS_COVER if each == kind)
    return (*own, "chengdu-event", "national-event")


def guests_cover(profile: VisitProfile, organiser_covers: Iterable[Category]) -> tuple[Category, ...]:
    """
    The categories that are left to guests.

    A night in a hotel is counted by the average room-night, which has the house's power and heat in it: a hotel that
    covers its energy has covered the nights.
    """
    covered = set(organiser_covers)
    if profile == "hotel" and "energy" in covered:
        covered.add("accommodation")
    return tuple(each for each in GUESTS_COVER[profile] if each not in covered)


def check_covers(profile: VisitProfile, organiser_covers: Iterable[Category], counted: Iterable[Category]) -> None:
    """Raise `NotCounted` or `NothingForGuests` for categories that an organiser cannot take."""
    taken = set(organiser_covers)
    if others := sorted(taken - set(counted)):
        raise NotCounted(
            f"{profile} does not count {', '.join(others)}. Choose national-event, or leave it out.", categories=others
        )
    if not guests_cover(profile, taken):
        raise NothingForGuests(
            f"The organiser covers {', '.join(sorted(taken))}, and with it all that a guest's trip consists of "
            f"({', '.join(GUESTS_COVER[profile])}). Leave one to the guests, or make a claim without a page."
        )


def counted_by(profile: VisitProfile) -> EventProfile:
    """By which profile a guest's trip is counted: a place's own has what the place uses, and no guest's nights."""
    return profile if profile in {"chengdu-event", "national-event"} else "chengdu-event"


def request_of(trip: Trip, profile: VisitProfile, covered_by_guests: Iterable[Category]) -> EventFootprintRequest:
    """The activity data of a guest's share: the way there and back, and the nights, as far as they are the guest's."""
    items: list[EventActivity] = []
    if "travel" in covered_by_guests and trip.mode is not None:
        one_way_km = ORIGIN_KM[trip.origin] if trip.origin else trip.distance_km
        assert one_way_km is not None, "a way has a length"
        items.append(EventTravel(mode=trip.mode, persons=1, distance_km=2 * one_way_km))
    if "accommodation" in covered_by_guests and trip.nights:
        items.append(EventAccommodation(room_nights=trip.nights))
    return EventFootprintRequest(
        profile=counted_by(profile), items=tuple(items) or (EventAccommodation(room_nights=0),)
    )


def check_share(quantity_kg: int) -> None:
    """Raise `NoShare` for a trip of zero kilograms, `ShareTooLarge` for more than one guest's."""
    if not quantity_kg:
        raise NoShare("On foot or by bicycle and without a night, the trip comes to 0 kg: there is nothing to offset.")
    if quantity_kg > SHARE_LIMIT_KG:
        raise ShareTooLarge(
            f"{quantity_kg} kg is more than one guest's trip has ({SHARE_LIMIT_KG} kg at most).",
            limit_kg=SHARE_LIMIT_KG,
        )


def check_is_event(code: str, profile: VisitProfile) -> None:
    """Raise `ClaimedAsScene` for a place that is counted by its own profile."""
    if profile not in {"chengdu-event", "national-event"}:
        raise ClaimedAsScene(
            f"{code} is counted as {profile}: its own share is a claim of a scene, with a verified plan to reduce "
            "first. Prepare it as a claim draft of type scene, and leave the guests' categories out of it.",
            profile=profile,
        )


def check_own(counted: Iterable[str], organiser_covers: Iterable[str]) -> None:
    """Raise `NotCounted` for an organiser's share that counts what is left to the guests."""
    if others := sorted(set(counted) - set(organiser_covers)):
        raise NotCounted(
            f"The organiser covers {', '.join(sorted(organiser_covers))}; {', '.join(others)} is the guests' own, or "
            "nobody's. Leave it out, so that no kilogram is offset twice.",
            categories=others,
        )


def check_guests_own(counted: Iterable[str], covered_by_guests: Iterable[str]) -> None:
    """Raise `NotCounted` for trips of guests that count what the organiser covers itself."""
    if others := sorted(set(counted) - set(covered_by_guests)):
        raise NotCounted(
            f"Guests cover {', '.join(covered_by_guests)}; {', '.join(others)} is in the organiser's own share. Leave "
            "it out, so that no kilogram is offset twice.",
            categories=others,
        )


def check_settled(code: str, *, closed: bool, not_settled: int) -> None:
    """Raise `EventOpen` unless it is known who has a share of their own."""
    if not closed:
        raise EventOpen(f"The page of {code} still takes guests. Close it first, so that nobody offsets a share twice.")
    if not_settled:
        raise EventOpen(
            f"{not_settled} guests of {code} have not paid, or are being retired for. Kilograms are held for 15 "
            "minutes: try again then.",
            not_settled=not_settled,
        )


def check_others(came: int, with_share: int, items: Iterable[EventTravel | EventAccommodation]) -> None:
    """Raise `TooManyGuests` for more persons or nights than those of *came* have who have no share of their own."""
    left, nights = came - with_share, 0
    if left < 1:
        raise TooManyGuests(
            f"{came} guests came, and {with_share} have offset a share of their own: nobody is left to cover.",
            came=came,
            with_share=with_share,
        )
    for each in items:
        if isinstance(each, EventAccommodation):
            nights += each.room_nights
        elif each.persons > left:
            raise TooManyGuests(
                f"{each.persons} persons by {each.mode} are more than the {left} guests who have no share of their own "
                f"({came} came, {with_share} have one). Leave out whoever offset their own trip.",
                came=came,
                with_share=with_share,
            )
    if nights > left * NIGHTS_LIMIT:
        raise TooManyGuests(
            f"{nights} room-nights are more than {left} guests have ({NIGHTS_LIMIT} each at most).", nights=nights
        )


def check_not_covered(code: str, others_claim_id: int | None) -> None:
    """Raise `OthersCovered` for a share that comes when the organiser has covered all who had none."""
    if others_claim_id is not None:
        raise OthersCovered(
            f"The organiser of {code} has covered the trips of all guests who had not paid by then, in claim "
            f"{others_claim_id}. Yours is among them, and is not offset twice.",
            claim_id=others_claim_id,
        )


def others_subject(title: str) -> str:
    """What the claim is about that covers guests without a share of their own."""
    return f"{title} · guests without a share of their own"


def share_subject(title: str, number: int) -> str:
    """What a guest's claim is about, in words that name nobody."""
    return f"{title} · guest {number}"

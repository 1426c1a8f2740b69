"""What a claim is about, which share of it, and which two claims would count one kilogram twice. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from registry.kit.period import SHANGHAI
from registry.kit.problems import DomainError, Kind
from registry.kit.spelling import spelling
from schemas.claims import OTHER_GUESTS, NewClaim
from schemas.methodologies import Category, Footprint, ProfileId
from schemas.statements import EventKey, OrganisationYear, ProductBatch, ScenePeriod

TRAVEL: Final = "travel"
"""What a place with a page leaves to its guests, unless it covers it."""
ATTENDEE_CATEGORIES: frozenset[Category] = frozenset({"travel", "accommodation"})
"""What an attendee's own trip consists of; the rest of an event is its organiser's."""
PLAUSIBLE_FROM_KG: dict[ProfileId, int] = {"chengdu-event": 100, "national-event": 100}
"""
Below this an event is shown as far below what events have. No source gives a range: the published event has 1,200 kg,
and what is below a twelfth of it is doubted. A decision of this registry (registry/README.md, "Uniqueness").
"""


class SubjectClaimed(DomainError):
    """Another claim covers the same subject, or the same share of it."""

    kind, slug, title = Kind.CONFLICT, "subject-claimed", "Claimed already"


class AnothersEvent(DomainError):
    """The event has a page here, which another organisation made."""

    kind, slug, title = Kind.DENIED, "anothers-event", "Another organiser's event"


class GuestsOwn(DomainError):
    """A claim of a place has what its guests offset themselves."""

    kind, slug, title = Kind.CONFLICT, "guests-own", "Guests offset it themselves"


class NotAShare(DomainError):
    """The footprint has what is not part of an attendee's own trip."""

    kind, slug, title = Kind.UNPROCESSABLE, "not-a-share", "Not an attendee's share"


class WrongSubject(DomainError):
    """The key is of another kind of subject than the claim."""

    kind, slug, title = Kind.UNPROCESSABLE, "wrong-subject", "Another kind of subject"


class NamesAPerson(DomainError):
    """The published words of a person's claim have the person's name."""

    kind, slug, title = Kind.UNPROCESSABLE, "names-a-person", "A person is not published"


class NotItsYear(DomainError):
    """An organisation's claim is about another organisation, or its period is not of the year it names."""

    kind, slug, title = Kind.UNPROCESSABLE, "not-its-year", "Another organisation or year"


class Subject(NamedTuple):
    """The parts of a claim's subject in the spelling that is compared."""

    kind: str
    id: str | None
    place: str | None
    words: str
    begins: datetime
    ends: datetime


class Share(NamedTuple):
    """How much of its subject a claim covers: the organiser's share, or that of an attendee, in some categories."""

    attendee: int | None
    exclusive: bool
    categories: frozenset[str]


class EarlierClaim(NamedTuple):
    """A claim about the same subject that was made before."""

    id: int
    statement_hash: str
    subject: str
    share: Share


def subject_of(body: NewClaim, person_id: int) -> Subject:
    """
    The key of a claim's subject. Raises `WrongSubject` for the key of another kind.

    A person's claim is about its maker, by *person_id*, which stays in the database: one person is one subject
    at a time, whatever it is called. The log has no key of it.
    """
    if body.type == "person" and body.about is None:
        return Subject("person", None, f"person-{person_id}", spelling(body.subject), body.begins, body.ends)
    kind, id_, place = _key(body)
    if body.type not in {kind, "contribution"} or body.type == "person":
        raise WrongSubject(
            f"A claim of type {body.type} takes a key of its own kind, not {kind}: say in about what it is about."
        )
    return Subject(kind, id_, place, spelling(body.subject), body.begins, body.ends)


def _key(body: NewClaim) -> tuple[str, str | None, str | None]:
    match body.about:
        case None:
            return body.type, None, None
        case EventKey(place=place, event_id=event_id):
            return "event", spelling(event_id) if event_id else None, spelling(place)
        case OrganisationYear(organisation=each, year=year):
            return "organisation", f"{each.scheme}:{each.value}/{year}", None
        case ScenePeriod(scene=scene, place=place):
            return "scene", None, f"{scene}: {spelling(place)}"
        case ProductBatch(product=product, batch=batch):
            return "product", f"{spelling(product)}/{spelling(batch)}", None


def number_of(body: NewClaim) -> str | None:
    """The number of the event that a neutrality claim is about, as it is compared; None for others."""
    about = body.about
    return spelling(about.event_id) if body.type == "event" and isinstance(about, EventKey) and about.event_id else None


def check_organiser(number: str, organiser_id: int | None, claimant_id: int) -> None:
    """Raise `AnothersEvent` unless the event's own organiser claims it; *organiser_id* is None if it has none."""
    if organiser_id not in {None, claimant_id}:
        raise AnothersEvent(
            f"Event {number.upper()} has a page here, of organisation {organiser_id}, which claims its own share; "
            "guests have theirs from the page. If yours is another event, give the number that its organiser gave it.",
            organiser_id=organiser_id,
        )


def check_not_guests(categories: frozenset[str], page: str | None) -> None:
    """Raise `GuestsOwn` for a place's claim with travel in it, if guests offset theirs on a *page* in its time."""
    if page is not None and TRAVEL in categories:
        raise GuestsOwn(
            f"Guests offset their own travel on the page {page} of this place. Leave travel out, or claim a time "
            "without the page, so that no kilogram is offset twice.",
            code=page,
        )


def check_travel_unclaimed(claim_id: int | None) -> None:
    """Raise `SubjectClaimed` for a page whose guests would offset the travel that a place's claim has already."""
    if claim_id is not None:
        raise SubjectClaimed(
            f"Claim {claim_id} of this place has travel in it, in the time of the page: guests would offset it twice. "
            "Let the organiser cover travel, or open the page for another time.",
            claim_id=claim_id,
        )


def categories_of(counted: Footprint | None) -> frozenset[str]:
    """The categories in which a footprint has kilograms."""
    return frozenset(each.category for each in counted.categories if each.mass_kg) if counted else frozenset()


def share_of(body: NewClaim, counted: Footprint | None) -> Share:
    """The share a claim covers. Raises `NotAShare` for an attendee's that has more than a trip, or is exclusive."""
    found = Share(body.attendee, body.exclusive, categories_of(counted))
    if body.attendee is None:
        return found
    if body.exclusive:
        raise NotAShare(
            f"The share of attendee {body.attendee} is one of several: it leaves the others to others, so it is not "
            "exclusive. Send exclusive false."
        )
    if others := sorted(found.categories - ATTENDEE_CATEGORIES):
        raise NotAShare(
            f"An attendee's share is the attendee's own trip ({', '.join(sorted(ATTENDEE_CATEGORIES))}); this "
            f"footprint has {', '.join(others)}, which the organiser counts. Leave it out.",
            categories=others,
        )
    return found


def check_unclaimed(share: Share, earlier: Iterable[EarlierClaim]) -> None:
    """
    Raise `SubjectClaimed` if a claim about the same subject covers what this *share* would cover, and show that claim.

    A share is claimed once. The organiser's share is everything if it is exclusive; else no category is in it and in an
    attendee's.
    """
    for other in earlier:
        if why := _overlap(share, other.share):
            raise SubjectClaimed(
                f"Claim {other.id} ({other.subject}, statement {other.statement_hash[:12]}) is about the same "
                f"subject and {why}. If it is yours, retire against it. If this is another event, say so: in about "
                "give its own place, or the number that its organiser gave it.",
                claim_id=other.id,
                statement_hash=other.statement_hash,
            )


def _overlap(share: Share, other: Share) -> str:
    if share.attendee == other.attendee:
        return f"has {_named(share.attendee)} already"
    if share.attendee is not None and other.attendee is not None:
        return ""  # two attendees, each with a trip of their own
    if other.attendee is None and other.exclusive:
        return "is exclusive: it covers the shares of attendees too"
    if share.attendee is None and share.exclusive:
        return f"has {_named(other.attendee)}, so the organiser's share is not everything: send exclusive false"
    if both := sorted(share.categories & other.categories):
        return f"counts {', '.join(both)} already, which this footprint counts too: leave it out of one of the two"
    return ""


def _named(attendee: int | None) -> str:
    if attendee == OTHER_GUESTS:
        return "the share of attendees without one of their own"
    return "the organiser's share" if attendee is None else f"the share of attendee {attendee}"


def is_implausible(body: NewClaim | None, counted: Footprint | None) -> bool:
    """Whether a whole event's footprint is far below what its profile's events have. An attendee's may be small."""
    whole = body is None or body.attendee is None
    return counted is not None and whole and counted.footprint_kg < PLAUSIBLE_FROM_KG.get(counted.profile, 0)


def check_unnamed(person: str, published: dict[str, str | None]) -> None:
    """Raise `NamesAPerson` if one of the *published* words has the name of a *person*, who is only ever sealed."""
    name = spelling(person)
    for field, text in published.items():
        if name and text and name in spelling(text):
            raise NamesAPerson(
                f"The {field} has the person's name, and it is published for ever. Say it without: "
                "responsible_person is sealed, the log has a salted digest only.",
                field=field,
            )


def check_organisation(body: NewClaim, identifiers: Iterable[object]) -> None:
    """Raise `NotItsYear` unless the claim is about the claimant itself, in a period of the year that it names."""
    about = body.about
    if not isinstance(about, OrganisationYear) or about.organisation not in tuple(identifiers):
        raise NotItsYear("An organisation claims for itself: give in about its own identifier and the year.")
    years = {each.astimezone(SHANGHAI).year for each in (body.begins, body.ends)}
    if years != {about.year}:
        raise NotItsYear(
            f"The claim is about {about.year}, and its period is of {', '.join(map(str, sorted(years)))} "
            "(Asia/Shanghai). One claim has one year.",
            year=about.year,
        )

"""What a claim requires, when it is covered, and which retirements it refuses. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from registry.claims.wording import says_neutral
from registry.kit.problems import DomainError, Kind
from schemas.claims import GATED, NewClaim, ReductionMeasure
from schemas.methodologies import Footprint, ProfileId
from schemas.statements import (
    CategoryMass,
    ClaimPower,
    ClaimType,
    EventKey,
    ProductBatch,
    ScenePeriod,
    SubjectKey,
)

OFFSET_YEARS = 1
OFFSET_YEARS_NEW_FOREST = 6
OPEN_TYPES = ("event", "contribution", *GATED)
STANDARDS: dict[ClaimType, str] = {
    "event": "Chengdu carbon-neutral events 2023",
    "contribution": "Contribution",
    "organisation": "GHG Protocol Corporate Standard; ISO 14068-1:2023",
    "scene": "Low-carbon scenes of the region; ISO 14068-1:2023",
    "person": "Carbon inclusion of the region (碳普惠)",
}
"""What a claim names unless it names another."""
_PROFILES: dict[ClaimType, tuple[ProfileId, ...]] = {
    "event": ("chengdu-event", "national-event"),
    "organisation": ("organisation",),
    "scene": ("scenic-area", "hotel", "restaurant"),
    "person": ("person",),
}


class LockedClaim(NamedTuple):
    """A claim whose row is locked."""

    claimant_id: int
    type: str
    new_forest: bool
    required_kg: int
    allocated_kg: int
    deadline: datetime | None
    sha256: bytes
    annulled: bool = False


class OverClaimed(DomainError):
    """More would be allocated to the claim than it requires."""

    kind, slug, title = Kind.CONFLICT, "over-claimed", "More than the claim requires"


class DeadlinePassed(DomainError):
    """The claim had to be covered by an earlier day."""

    kind, slug, title = Kind.CONFLICT, "deadline-passed", "The claim's deadline has passed"


class ClaimAnnulled(DomainError):
    """Two regulators said that the claim should not have been: nothing is added to it."""

    kind, slug, title = Kind.CONFLICT, "claim-annulled", "The claim was annulled"


class TypeNotOpen(DomainError):
    """Claims of this type are not accepted yet."""

    kind, slug, title = Kind.UNPROCESSABLE, "claim-type-not-open", "Not taken yet"


class EmptyFootprint(DomainError):
    """A footprint of zero kilograms."""

    kind, slug, title = Kind.UNPROCESSABLE, "empty-footprint", "Nothing to offset"


class ReduceFirst(DomainError):
    """A neutrality claim that does not describe reductions."""

    kind, slug, title = Kind.UNPROCESSABLE, "reduce-first", "Reduce first"


class SaysNeutral(DomainError):
    """A contribution whose published words say that something is neutral."""

    kind, slug, title = Kind.UNPROCESSABLE, "says-neutral", "A contribution makes nothing neutral"


class WrongProfile(DomainError):
    """The footprint was counted by the profile of another kind of claim."""

    kind, slug, title = Kind.UNPROCESSABLE, "wrong-profile", "Counted by another profile"


class NotForest(DomainError):
    """A claim that takes forest credits only was given others."""

    kind, slug, title = Kind.UNPROCESSABLE, "not-forest", "Only forest credits"


class FootprintUsed(DomainError):
    """One footprint backs one claim."""

    kind, slug, title = Kind.CONFLICT, "footprint-used", "The footprint backs another claim"


def check_new(body: NewClaim) -> None:
    """Raise `TypeNotOpen`, `ReduceFirst` or `SaysNeutral` for a claim that cannot be made."""
    check_open(body.type)
    if body.type == "event" and not body.reduction_plan.strip():
        raise ReduceFirst(
            "A neutrality claim says what was reduced before it offsets: "
            "fill reduction_plan, and reductions_kg if counted."
        )
    if body.type == "contribution":
        check_contribution_words(published_words(body))


def check_open(type_: ClaimType) -> None:
    """Raise `TypeNotOpen` for a type that is not taken yet."""
    if type_ not in OPEN_TYPES:
        raise TypeNotOpen(f"Claims of type {type_} are not accepted yet, only {', '.join(OPEN_TYPES)}.")


def profile_fault(type_: ClaimType, about: SubjectKey | None, profile: ProfileId) -> str:
    """Why a footprint is not that of a claim, or nothing: an organisation's is counted as one, a hotel's as a hotel."""
    fitting = _PROFILES.get(type_, ())
    if isinstance(about, ScenePeriod):
        fitting = (about.scene,)
    if profile in fitting:
        return ""
    return f"The footprint was counted as {profile}; this claim takes {' or '.join(fitting)}. Count it again."


def profile_of(type_: ClaimType, about: SubjectKey | None) -> ProfileId | None:
    """By which profile a claim's activities are counted unless it names another; none for a contribution."""
    if isinstance(about, ScenePeriod):
        return about.scene
    return next(iter(_PROFILES.get(type_, ())), None)


def reductions_kg(body: NewClaim) -> int:
    """What was reduced: of types that pass the gate, by their own measures."""
    if body.type in GATED:
        return own_kg(body.measures)
    return body.reductions_kg


def own_kg(measures: Iterable[ReductionMeasure]) -> int:
    """What measures reduced of the claimant's own emissions."""
    return sum(each.reduction_kg for each in measures if each.kind == "own")


def published_words(body: NewClaim) -> dict[str, str | None]:
    """What a claim's statement says in the claimant's own words, by field."""
    words = {name: getattr(body, name) for name in ("subject", "standard", "boundary", "exclusions")}
    match body.about:
        case EventKey(place=place, event_id=event_id):
            return words | {"about.place": place, "about.event_id": event_id}
        case ProductBatch(product=product, batch=batch):
            return words | {"about.product": product, "about.batch": batch}
    return words  # an organisation and a year have no words


def check_contribution_words(published: dict[str, str | None]) -> None:
    """Raise `SaysNeutral` if one of the *published* words of a contribution says that something is neutral."""
    for name, text in published.items():
        if text and says_neutral(text):
            raise SaysNeutral(
                f"A contribution makes nothing neutral, and its {name} says neutral or net zero, be it to deny it: "
                f"{text[:80]!r}. Say what the contribution is for, or make an event claim.",
                field=name,
            )


CORRECTABLE = ("boundary", "exclusions", "standard", "subject")
"""Words of a claim; what it is about, its period and its kilograms stay."""


def standard_of(body: NewClaim) -> str:
    """The standard that the claim names, or the one that its type has."""
    return body.standard or STANDARDS.get(body.type, body.type)


def deadline(body: NewClaim) -> datetime | None:
    """One year after the event, six for new forest; a contribution and an attendee's own trip have none."""
    if body.type == "contribution" or body.attendee is not None:
        return None
    return year_after(body.ends, new_forest=body.new_forest)


def year_after(ends: datetime, *, new_forest: bool) -> datetime:
    """When what ended at *ends* must be covered: a year later, six years where new forest covers it."""
    years = OFFSET_YEARS_NEW_FOREST if new_forest else OFFSET_YEARS
    leap_day = (ends.month, ends.day) == (2, 29)
    return ends.replace(year=ends.year + years, day=28 if leap_day else ends.day)


def check_born_in_time(body: NewClaim, now: datetime) -> None:
    """Raise `DeadlinePassed` for a claim whose deadline has passed before it is made."""
    last = deadline(body)
    if last is not None and now > last:
        raise DeadlinePassed(
            f"The subject ended {body.ends:%Y-%m-%d %H:%M}Z and had to be covered by {last:%Y-%m-%d %H:%M}Z; "
            f"it is {now:%Y-%m-%d %H:%M}Z. It can no longer be claimed: make a contribution."
        )


def check_footprint(footprint_kg: int) -> None:
    """Raise `EmptyFootprint` for a footprint of zero kilograms."""
    if not footprint_kg:
        raise EmptyFootprint("These activities come to 0 kg: there is nothing to offset. Give what was used.")


def check_stands(claim_id: int, *, annulled: bool) -> None:
    """Raise `ClaimAnnulled` for a claim that was annulled."""
    if annulled:
        raise ClaimAnnulled(
            f"Claim {claim_id} was annulled by two regulators: it takes no retirement and no correction. Its "
            "subject is free for another claim, which takes a footprint of its own.",
            claim_id=claim_id,
        )


def check_amount(claim: LockedClaim, quantity_kg: int) -> None:
    """Raise `OverClaimed` if *quantity_kg* more would exceed what the claim requires."""
    missing_kg = claim.required_kg - claim.allocated_kg
    if claim.type != "contribution" and quantity_kg > missing_kg:
        raise OverClaimed(
            f"The claim requires {claim.required_kg} kg and has {claim.allocated_kg} kg; {quantity_kg} kg more is "
            f"{quantity_kg - missing_kg} kg too much. Retire at most {missing_kg} kg against it.",
            required_kg=claim.required_kg,
            allocated_kg=claim.allocated_kg,
            missing_kg=missing_kg,
        )


def check_deadline(claim: LockedClaim, now: datetime) -> None:
    """Raise `DeadlinePassed` after the claim's last day."""
    if claim.deadline is not None and now > claim.deadline:
        raise DeadlinePassed(
            f"The claim had to be covered by {claim.deadline:%Y-%m-%d %H:%M}Z; it is {now:%Y-%m-%d %H:%M}Z. "
            "Retire what is left for a contribution."
        )


def check_source(claim: LockedClaim, methodologies: Iterable[str]) -> None:
    """Raise `NotForest` if a claim that has six years because it takes forest credits is given others."""
    others = sorted(each for each in set(methodologies) if not each.startswith("forest-sink/"))
    if claim.new_forest and others:
        raise NotForest(
            f"This claim has six years because it takes credits of new forest; these are of {', '.join(others)}. "
            "Name a forest issuance."
        )


def is_neutral(type_: str, required_kg: int, allocated_kg: int, *, over: bool) -> bool:
    """Whether a claim may be called neutral: covered in full, its period *over*, and not a contribution."""
    return type_ != "contribution" and over and allocated_kg >= required_kg


def masses_of(counted: Footprint | None) -> tuple[CategoryMass, ...]:
    """The categories of a footprint as the log has them; nothing for a contribution."""
    if counted is None:
        return ()
    return tuple(CategoryMass(category=each.category, mass_kg=each.mass_kg) for each in counted.categories)


def method_of(counted: Footprint | None) -> str:
    """By which profile a footprint was counted."""
    return counted.code if counted else "contribution/1"


def factors_of(counted: Footprint | None) -> tuple[str, ...]:
    """The factors that a footprint names."""
    return tuple(each.code for each in counted.factors) if counted else ()


def power_of(counted: Footprint | None) -> ClaimPower | None:
    """The power in a footprint as the log has it, in whole kilowatt-hours rounded up."""
    if counted is None or counted.power is None:
        return None
    return ClaimPower(
        used_kwh=int(Decimal(counted.power.unrounded_kwh).to_integral_value(ROUND_CEILING)),
        green_kwh=counted.power.green_kwh,
        location_based_kg=counted.power.location_based_kg,
        market_based_kg=counted.power.market_based_kg,
    )


def stamp(moment: datetime) -> str:
    """A moment as statements have it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

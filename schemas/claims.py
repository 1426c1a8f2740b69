"""Footprints and the claims that retirements cover."""

from typing import Annotated

from msgspec import Meta, Struct

from schemas.access import Awaits
from schemas.annulments import Annulled
from schemas.identifiers import Identifier
from schemas.methodologies import EventFootprintRequest, Footprint
from schemas.scalars import Id, Instant, Kg0, Line, Name, Remark, Sha256, ShortRemark, Text, check_years
from schemas.statements import Assurance, CategoryMass, ClaimType, SubjectKey

Attendee = Annotated[int, Meta(ge=1, le=1_000_000, description="Number of an attendee of the event")]


class NewFootprint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The activity data of an event, counted for one of the caller's organisations."""

    organisation_id: Id
    request: EventFootprintRequest


class StoredFootprint(Struct, frozen=True, kw_only=True):
    """A footprint with its arithmetic, as it was computed and stored."""

    id: Id
    organisation_id: Id
    request: EventFootprintRequest
    result: Footprint
    implausible: Annotated[bool, Meta(description="Far below what an event of this profile has as a whole")]
    created_at: Instant


class ClaimReport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The report of an independent verifier on the footprint.

    Somebody uploaded it who holds the role of verifier at the organisation that *identifier* names. The log has that
    organisation's registered name.
    """

    identifier: Annotated[Identifier, Meta(description="Of the verifier, as it is registered here")]
    level: Assurance
    report_sha256: Sha256


class NewClaim(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A claim to cover by retirements.

    An ``event`` claim names a stored footprint, which decides the required amount. A ``contribution`` claim names none
    and requires nothing. *begins* and *ends* are the period of the subject.

    One subject is claimed once. *about* says which it is; without it an event is compared by its words, and by
    the claimant and the period. The organiser's share is everything if *exclusive*; else attendees have shares of their
    own, each with its number and a footprint of its own trip, never exclusive, and no category is in the organiser's
    share and theirs.
    """

    organisation_id: Id
    type: Annotated[ClaimType, Meta(description="event or contribution; the others are not open yet")]
    subject: Annotated[Line, Meta(description="Published in the log for ever, as are boundary and exclusions")]
    begins: Instant
    ends: Instant
    boundary: Text
    exclusions: Remark = ""
    standard: Annotated[
        Name | None, Meta(description="Left out: the region's standard for events, or none for a contribution")
    ] = None
    about: SubjectKey | None = None
    attendee: Annotated[Attendee | None, Meta(description="Left out: the organiser's share")] = None
    verifier: ClaimReport | None = None
    footprint_id: Id | None = None
    reductions_kg: Annotated[Kg0, Meta(description="What was reduced before offsetting")] = 0
    reduction_plan: Annotated[Remark, Meta(description="What was done to reduce first; logged as a salted digest")] = ""
    new_forest: Annotated[bool, Meta(description="Takes only forest credits, and has six years instead of one")] = False
    responsible_person: Annotated[
        ShortRemark, Meta(description="A natural person; enters the log only as a salted digest")
    ] = ""
    exclusive: Annotated[bool, Meta(description="Declares that nobody else claims this subject")]

    def __post_init__(self) -> None:
        """Raise `ValueError` for a period that is backwards, or a footprint where the type takes none."""
        check_years("the period", self.begins, self.ends)
        if self.begins > self.ends:
            raise ValueError("ends is before begins")
        if (self.type == "contribution") != (self.footprint_id is None):
            raise ValueError("an event claim names its footprint_id, a contribution claim names none")
        if self.attendee is not None and (self.type != "event" or self.about is None):
            raise ValueError("an attendee's share is of an event: give type event, and in about which event it is")


class Claim(Struct, frozen=True, kw_only=True):
    """
    A claim and its coverage.

    *neutral* is true only when retirements cover *required_kg* in full and the subject's period is over; a contribution
    claim is never neutral, nor is one that was annulled.
    """

    id: Id
    claimant_id: Id
    claimant: Annotated[str, Meta(description="The claimant's name")]
    type: ClaimType
    subject: str
    standard: str
    begins: Instant
    ends: Instant
    boundary: str
    exclusions: str
    reductions_kg: Kg0
    reduction_plan: Annotated[
        str | None, Meta(description="For the claimant and overseers, null for anybody else; the log has its digest")
    ]
    new_forest: bool
    about: SubjectKey | None
    attendee: Attendee | None
    exclusive: bool
    implausible: bool
    verifier: ClaimReport | None
    footprint_id: Id | None
    footprint: Annotated[tuple[CategoryMass, ...], Meta(description="By category, each rounded up to the kilogram")]
    method: Annotated[str, Meta(description="By which profile the footprint was counted")]
    factors: tuple[str, ...]
    required_kg: Kg0
    allocated_kg: Kg0
    missing_kg: Kg0
    neutral: bool
    deadline: Instant | None
    statement_hash: Sha256
    corrected: Annotated[bool, Meta(description="Whether the wording is not that of the statement any more")]
    created_at: Instant
    annulled: Annulled | None = None
    awaits: Awaits | None = None


class ClaimTitle(Struct, frozen=True, kw_only=True):
    """What a claim is about and whose it is, for lists of what refers to it."""

    id: Id
    subject: str
    claimant_id: Id
    claimant: str
    type: ClaimType


class ClaimsWanted(Struct, frozen=True, kw_only=True):
    """Which claims are looked for: those that fit everything that is not null."""

    type: ClaimType | None = None
    organisation_id: Annotated[Id | None, Meta(description="The claimant")] = None
    covered: bool | None = None
    annulled: bool | None = None

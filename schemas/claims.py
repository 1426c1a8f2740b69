"""Footprints and the claims that retirements cover."""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.access import Awaits
from schemas.annulments import Annulled
from schemas.identifiers import Identifier
from schemas.methodologies import EventFootprintRequest, Footprint, ProfileId
from schemas.scalars import MAX_INT, Id, Instant, Kg, Kg0, Line, Name, Remark, Sha256, ShortRemark, Text, check_years
from schemas.statements import Assurance, CategoryMass, ClaimPower, ClaimType, ReducedFirst, SubjectKey
from schemas.texts import LINES

OTHER_GUESTS: Final = 1_000_000
"""The number of the share of all attendees who have none of their own, which the organiser covers for them."""
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


class ReductionPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A plan to reduce that an independent verifier has verified.

    Somebody uploaded it who holds the role of verifier at the organisation that *identifier* names.
    """

    identifier: Annotated[Identifier, Meta(description="Of the verifier, as it is registered here")]
    level: Assurance
    plan_sha256: Sha256


class ReductionMeasure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One measure and what it reduced in the period, against the year before.

    Only what the claimant itself emits no more is a reduction (*own*). Emissions that others did not have, through a
    product or service of the claimant's, are *avoided*: they are shown nowhere as reductions and refused here.
    """

    what: Line
    kind: Literal["own", "avoided"] = "own"
    reduction_kg: Kg


Measures = Annotated[tuple[ReductionMeasure, ...], Meta(max_length=50)]
GATED = ("organisation", "scene", "person")
"""Types of claims that pass the reduce-first gate."""


class NewClaim(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A claim to cover by retirements.

    It names a stored footprint, which decides the required amount; only a ``contribution`` names none and requires
    nothing. *begins* and *ends* are the period of the subject. An ``organisation``, a ``scene`` and a ``person`` pass
    the reduce-first gate: *plan* and *measures* say what was reduced, and green power stands in the footprint.

    One subject is claimed once. *about* says which it is; without it an event is compared by its words, and by
    the claimant and the period. The organiser's share is everything if *exclusive*; else attendees have shares of their
    own, each with its number and a footprint of its own trip, never exclusive, and no category is in the organiser's
    share and theirs.
    """

    organisation_id: Id
    type: Annotated[ClaimType, Meta(description="product and compliance are not open yet")]
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
    reductions_kg: Annotated[
        Kg0, Meta(description="What was reduced before offsetting; of types that pass the gate, the sum of measures")
    ] = 0
    reduction_plan: Annotated[Remark, Meta(description="What was done to reduce first; logged as a salted digest")] = ""
    plan: ReductionPlan | None = None
    measures: Measures = ()
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
            raise ValueError("a contribution claim names no footprint_id, any other claim names one")
        if self.type in GATED and self.reductions_kg:
            raise ValueError("reductions_kg is the sum of measures: leave it out")
        if self.type not in GATED and (self.measures or self.plan):
            raise ValueError(f"plan and measures are of types that pass the gate: {', '.join(GATED)}")
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
    plan: ReductionPlan | None
    measures: Annotated[Measures | None, Meta(description="As reduction_plan: null for others; the log has the sum")]
    power: Annotated[ClaimPower | None, Meta(description="The power in the footprint, location- and market-based")]
    reduce_first: Annotated[ReducedFirst | None, Meta(description="What came before offsetting, as the log has it")]
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


GateStep = Literal["period", "person", "footprint", "plan", "reductions", "green-power", "cap", "finding"]


class GateReason(Struct, frozen=True, kw_only=True):
    """
    One reason of the reduce-first gate: what is asked, whether it is there, and the numbers.

    What is not *needed* does not keep a claim from being declared.
    """

    step: GateStep
    passed: bool
    needed: bool
    detail: str
    numbers: dict[str, int] = {}


class ReduceFirstGate(Struct, frozen=True, kw_only=True):
    """Whether a claim may be declared, with every reason in order; none once the draft is declared or withdrawn."""

    passed: bool
    reasons: tuple[GateReason, ...]


class OffsetRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What a region asks of a type of claims before offsets, as data.

    *cap_permille* is how much of what there was before reducing may be offset at most. *assumed*: no published rule of
    the region gives it.
    """

    type: ClaimType
    region: Name
    version: Annotated[int, Meta(ge=1, le=999)]
    plan: Literal["verified", "described"]
    finding: Literal["required", "welcome"]
    cap_permille: Annotated[int, Meta(ge=0, le=1000)]
    source: Annotated[str, Meta(min_length=1, max_length=500)]
    assumed: bool


class NewClaimDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A claim to prepare: what it is about. Nothing of a draft is public, and nothing is logged before it is declared.

    *about* of an organisation is left out: it is the organisation itself in the year in which the period begins.
    """

    organisation_id: Id
    type: Annotated[ClaimType, Meta(description="product and compliance are not open yet")]
    subject: Annotated[Line, Meta(description="Published in the log for ever once declared, as is boundary")]
    begins: Instant
    ends: Instant
    boundary: Text
    exclusions: Remark = ""
    about: SubjectKey | None = None
    responsible_person: Annotated[
        ShortRemark, Meta(description="A natural person; enters the log only as a salted digest")
    ] = ""
    exclusive: Annotated[bool, Meta(description="Declares that nobody else claims this subject")] = True

    def __post_init__(self) -> None:
        """Raise `ValueError` for a period that is backwards."""
        check_years("the period", self.begins, self.ends)
        if self.begins > self.ends:
            raise ValueError("ends is before begins")


class ClaimDraftChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes in a draft; what is left out stays. A plan or finding that is null is taken out."""

    subject: Line | UnsetType = UNSET
    begins: Instant | UnsetType = UNSET
    ends: Instant | UnsetType = UNSET
    boundary: Text | UnsetType = UNSET
    exclusions: Remark | UnsetType = UNSET
    about: SubjectKey | UnsetType = UNSET
    responsible_person: ShortRemark | UnsetType = UNSET
    exclusive: bool | UnsetType = UNSET
    footprint_id: Id | UnsetType = UNSET
    reduction_plan: Remark | UnsetType = UNSET
    measures: Measures | UnsetType = UNSET
    plan: ReductionPlan | UnsetType | None = UNSET
    verifier: ClaimReport | UnsetType | None = UNSET
    new_forest: bool | UnsetType = UNSET


class DraftTerms(Struct, frozen=True, kw_only=True):
    """What a draft says, each part as a claim has it."""

    subject: str
    begins: Instant
    ends: Instant
    boundary: str
    exclusions: str = ""
    about: SubjectKey | None = None
    responsible_person: str = ""
    exclusive: bool = True
    footprint_id: Id | None = None
    reduction_plan: str = ""
    measures: Measures = ()
    plan: ReductionPlan | None = None
    verifier: ClaimReport | None = None
    new_forest: bool = False


class ClaimDraft(Struct, frozen=True, kw_only=True):
    """A claim that is being prepared, with its footprint and what the gate says of it now."""

    id: Id
    organisation_id: Id
    type: ClaimType
    state: Literal["draft", "declared", "withdrawn"]
    terms: DraftTerms
    profile: Annotated[ProfileId | None, Meta(description="By which activities are counted; null for a contribution")]
    footprint: StoredFootprint | None
    gate: ReduceFirstGate
    claim_id: Annotated[Id | None, Meta(description="The claim that it became")]
    created_at: Instant
    changed_at: Instant


class ActivityText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The text of an activity file, where it is typed or pasted and not uploaded."""

    csv: Annotated[str, Meta(min_length=1, max_length=400_000, extra={LINES: True})]


class NewGreenPower(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A contract or certificate by which an organisation uses green power.

    Its number is registered once, by any organisation, and each of its kilowatt-hours is claimed once.
    """

    organisation_id: Id
    kind: Literal["contract", "certificate"]
    number: Annotated[Name, Meta(description="As the trading centre or issuing body gave it")]
    supplier: Name
    green_kwh: Annotated[int, Meta(ge=1, le=MAX_INT, description="Kilowatt-hours that it covers in all")]
    begins: Instant
    ends: Instant

    def __post_init__(self) -> None:
        """Raise `ValueError` for a period that is backwards."""
        check_years("the period", self.begins, self.ends)
        if self.begins > self.ends:
            raise ValueError("ends is before begins")


class GreenPowerContract(Struct, frozen=True, kw_only=True):
    """A contract with what claims have used of it."""

    id: Id
    organisation_id: Id
    kind: Literal["contract", "certificate"]
    number: str
    supplier: str
    green_kwh: int
    used_kwh: Annotated[int, Meta(description="Kilowatt-hours that claims have used, each once")]
    left_kwh: int
    begins: Instant
    ends: Instant
    created_at: Instant


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

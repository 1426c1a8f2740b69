r"""
The statements of the public log, one struct for each type line (registry/transparency/FORMAT.md).

A statement's note text is ``<origin>/<type>\n<JSON under RFC 8785>\n``; its ``statement_hash`` is the SHA-256 of that
text in lower-case hexadecimal. Integers stay below 2^53, times are ``YYYY-MM-DDTHH:MM:SSZ`` and keys are ASCII.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from schemas.identifiers import Identifier
from schemas.scalars import Kg, Kg0, Name, Sha256, Text, Vintage

Moment = Annotated[
    str,
    Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$(?!\n)", examples=["2025-06-01T08:00:00Z"]),
]
Code = Annotated[
    str, Meta(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9/._-]+$(?!\n)", examples=["SC-CDCER-0007"])
]
PersonCode = Annotated[
    str, Meta(min_length=8, max_length=80, pattern=r"^person-[1-9][0-9]*$(?!\n)", examples=["person-2"])
]
Position = Kg
Range = tuple[Position, Position]
"""Inclusive positions inside one issuance: first and last kilogram."""
Ranges = Annotated[tuple[Range, ...], Meta(min_length=1, max_length=200)]

Assurance = Literal["limited", "reasonable"]
"""How thoroughly a footprint was verified."""
Annullable = Literal["claim", "retirement"]
"""What an annulment may be of."""
ClaimType = Literal["event", "organisation", "scene", "product", "person", "compliance", "contribution"]
SceneKind = Literal["scenic-area", "hotel", "restaurant"]


class Statement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all leaves share: the registry that says so and the business time at which it became true."""

    TYPE: ClassVar[str] = ""

    registry: Name
    executed_at: Moment


class IssuanceStatement(Statement, frozen=True, kw_only=True):
    """Credits came into being: one contiguous span of kilograms for one verified monitoring period."""

    TYPE: ClassVar[str] = "issuance/v1"

    issuance: Code
    project: Code
    methodology: Code
    vintage: Vintage
    kind: Literal["monitored", "import", "restitution"]
    serials: Name
    quantity_kg: Kg
    buffer_ranges: tuple[Range, ...] = ()
    approvers: Annotated[tuple[Code, ...], Meta(min_length=2, max_length=8)]
    verification_report: Sha256


class TransferStatement(Statement, frozen=True, kw_only=True):
    """Kilograms of one issuance changed hands; *sender* and *receiver* are salted commitments to the owners."""

    TYPE: ClassVar[str] = "transfer/v1"

    transfer: Code
    issuance: Code
    ranges: Ranges
    quantity_kg: Kg
    sender: Sha256
    receiver: Sha256


class DeliveryStatement(Statement, frozen=True, kw_only=True):
    """
    Kilograms of one issuance that were sold on the exchange went to their buyer.

    *sender* and *receiver* are salted commitments to the owners; so is *payment* to what was paid for the delivery as a
    whole, which has several statements where it drew from several issuances.
    """

    TYPE: ClassVar[str] = "delivery/v1"

    delivery: Code
    issuance: Code
    ranges: Ranges
    quantity_kg: Kg
    sender: Sha256
    receiver: Sha256
    payment: Sha256


class BufferStatement(Statement, frozen=True, kw_only=True):
    """Kilograms of one issuance entered the non-permanence buffer, or left it."""

    TYPE: ClassVar[str] = "buffer/v1"

    movement: Literal["assign", "release", "reversal"]
    issuance: Code
    ranges: Ranges
    quantity_kg: Kg


class CategoryMass(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One category of a footprint, rounded up to the kilogram."""

    category: Code
    mass_kg: Kg0


class Period(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """First and last moment that something covers."""

    begins: Moment
    ends: Moment


class EventKey(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="event"
):
    """Which event: its place, and its number where an authority or organiser gave one. The time is the period's."""

    place: Name
    event_id: Name | None = None


class OrganisationYear(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="organisation"
):
    """One organisation in one year."""

    organisation: Identifier
    year: Vintage


class ProductBatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="product"):
    """One batch of a product."""

    product: Name
    batch: Name


class ScenePeriod(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="scene"):
    """One low-carbon scene: what it is and where. The time is the period's."""

    scene: SceneKind
    place: Name


SubjectKey = EventKey | OrganisationYear | ScenePeriod | ProductBatch
"""What a claim is about, as a key that can be compared. Distinguished by `kind`."""


class ClaimVerifier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who verified a claim's footprint, and how thoroughly."""

    name: Name
    level: Assurance
    identifier: Identifier | None = None


class ClaimPower(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The power in a footprint, in whole kilowatt-hours rounded up, and both figures for it; the footprint has the second.

    *green_kwh* of them are covered by contracts, each of which covers a kilowatt-hour once.
    """

    used_kwh: Kg0
    green_kwh: Kg0
    location_based_kg: Kg0
    market_based_kg: Kg0


class ReducedFirst(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """
    That reductions came first: what there was *before*, what green power took off it, and how much may be offset.

    *before_kg* less *green_power_kg* and the claim's `reductions_kg` is what the claim requires, and that is at most
    *cap_permille* thousandths of it. *plan* is the SHA-256 of the reduction plan, which *plan_verifier* verified.
    """

    before_kg: Kg0
    green_power_kg: Kg0
    cap_permille: Annotated[int, Meta(ge=0, le=1000)]
    plan: Sha256 | None = None
    plan_verifier: ClaimVerifier | None = None


class ClaimStatement(Statement, frozen=True, kw_only=True):
    """
    A neutrality or contribution claim: who claims what about which subject, and how many kilograms that takes.

    Sections named in *sections* are ``SHA-256(label || 0x00 || salt || JCS)`` digests; natural persons appear only so.
    With *new_forest* it takes credits of forest sinks only, and has six years instead of one. *about* is the subject's
    key; *attendee* the number of the share if it is not the organiser's. *implausible* is true of a footprint far below
    what the profile's events have. Claims of an organisation, a scene or a person have *reduce_first*, and *power* if
    they used any.
    """

    TYPE: ClassVar[str] = "claim/v1"

    claim: Code
    type: ClaimType
    standard: Name
    claimant: tuple[Identifier, ...] = ()
    organiser: tuple[Identifier, ...] = ()
    subject: Text
    period: Period
    boundary: Text
    exclusions: str = ""
    footprint: tuple[CategoryMass, ...] = ()
    footprint_kg: Kg0 = 0
    method: Name
    factors: tuple[Name, ...] = ()
    report: Sha256 | None = None
    reductions_kg: Kg0 = 0
    required_kg: Kg0
    confirmation: Literal["self", "third-party"]
    deadline: Moment | None = None
    exclusive: bool
    new_forest: bool = False
    sections: dict[Code, Sha256] = {}
    about: SubjectKey | None = None
    attendee: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    implausible: bool = False
    verifier: ClaimVerifier | None = None
    power: ClaimPower | None = None
    reduce_first: ReducedFirst | None = None


class RetirementStatement(Statement, frozen=True, kw_only=True):
    """Kilograms of one issuance were retired for good against one claim. Nothing undoes it."""

    TYPE: ClassVar[str] = "retirement/v1"

    receipt: Code
    order: Code
    quantity_kg: Kg
    issuance: Code
    ranges: Ranges
    project: Code
    methodology: Code
    vintage: Vintage
    host: Code
    adjustment: Literal["none", "authorised", "adjusted"]
    purpose: Literal["claim", "contribution", "compliance"]
    claim: Sha256
    allocates_kg: Kg
    sections: dict[Code, Sha256] = {}


class CancellationStatement(Statement, frozen=True, kw_only=True):
    """Kilograms of one issuance were cancelled without a claim."""

    TYPE: ClassVar[str] = "cancellation/v1"

    cancellation: Code
    issuance: Code
    ranges: Ranges
    quantity_kg: Kg
    reason: Text


class RecoveryStatement(Statement, frozen=True, kw_only=True):
    """
    Power was given or taken by the operator on the server, and not by two regulators.

    *persons* are ``person-<number>`` of the registry: whose key or role it is, or target and suspender.
    """

    TYPE: ClassVar[str] = "recovery/v1"

    recovery: Code
    act: Literal["confirm-suspension", "lift-suspension", "new-key", "new-regulator"]
    persons: Annotated[tuple[PersonCode, ...], Meta(min_length=1, max_length=8)]
    reason: Text


class CorrectedWords(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of a statement, as it said and as it is to be read. Either may be empty."""

    field: Code
    was: str
    now: str


class CorrectionStatement(Statement, frozen=True, kw_only=True):
    """
    Wording of an earlier statement was wrong: *corrects* is its hash, *number* counts its corrections from 1.

    Serials, kilograms, periods and keys of subjects are never corrected. A sealed section, such as a beneficiary, is
    corrected by one of the same label in *sections*.
    """

    TYPE: ClassVar[str] = "correction/v1"

    correction: Code
    corrects: Sha256
    number: Annotated[int, Meta(ge=1, le=1_000)]
    reason: Text
    wording: tuple[CorrectedWords, ...] = ()
    sections: dict[Code, Sha256] = {}


class AnnulmentStatement(Statement, frozen=True, kw_only=True):
    """
    An earlier claim or retirement was a mistake or a fraud: *annuls* is its hash. Two regulators said so.

    The kilograms of a retirement that is annulled, or whose claim is, stay retired for ever and count for nothing.
    """

    TYPE: ClassVar[str] = "annulment/v1"

    annulment: Code
    annuls: Sha256
    of: Annullable
    reason: Text
    approvers: Annotated[tuple[PersonCode, ...], Meta(min_length=2, max_length=2)]


STATEMENT_TYPES: dict[str, type[Statement]] = {
    each.TYPE: each
    for each in (
        IssuanceStatement,
        TransferStatement,
        DeliveryStatement,
        BufferStatement,
        ClaimStatement,
        RetirementStatement,
        CancellationStatement,
        RecoveryStatement,
        CorrectionStatement,
        AnnulmentStatement,
    )
}

"""Reduction projects from draft to registration, their monitoring reports, and who decided what."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.access import Awaits
from schemas.methodologies import Activity, FactorWord, GridYear, MethodologyId, Quantity, Reduction
from schemas.scalars import Id, Instant, Name, Remark, Sha256, Text, Tonnes, Vintage, check_years

ProjectState = Literal["draft", "submitted", "validated", "public_notice", "registered", "rejected", "withdrawn"]
ReportState = Literal["submitted", "verified", "rejected", "issued"]
Documents = Annotated[tuple[Sha256, ...], Meta(max_length=50, description="SHA-256 of uploaded documents")]


Degrees = Annotated[
    str,
    Meta(
        pattern=r"^-?[0-9]{1,3}(\.[0-9]{1,6})?$(?!\n)",
        description="Decimal degrees, WGS 84, as text",
        examples=["30.584321"],
    ),
]


class Site(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a project is: the number of its parcel, kiln or boiler, or the coordinates of its middle, and its area."""

    number: Annotated[Name | None, Meta(description="Of the parcel in the cadastre, or of the kiln or boiler")] = None
    latitude: Degrees | None = None
    longitude: Degrees | None = None
    area_ha: Annotated[Quantity | None, Meta(description="No monitoring report may count more")] = None

    def __post_init__(self) -> None:
        """Raise `ValueError` for half a place, none at all, or one that is not on Earth."""
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude are given together")
        if self.number is None and self.latitude is None and self.area_ha is None:
            raise ValueError("site is empty: give number, latitude and longitude, or area_ha")
        for name, value, limit in (("latitude", self.latitude, 90), ("longitude", self.longitude, 180)):
            if value is not None and abs(Decimal(value)) > limit:
                raise ValueError(f"{name} {value} is beyond {limit} degrees")


class Design(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the design document expects in a year, and the grid factor that it counts with."""

    annual_t: Tonnes
    grid_region: FactorWord | None = None
    grid_year: GridYear | None = None


class Document(Struct, frozen=True, kw_only=True):
    """A stored file; its SHA-256 is its name."""

    sha256: Sha256
    media_type: str
    size_bytes: int
    uploaded_by: Id
    uploaded_at: Instant


class ProjectDocument(Struct, frozen=True, kw_only=True):
    """
    A file that a project or one of its monitoring reports names.

    Anybody may download what is *public*: the design and the reports of verifiers. The evidence of a monitoring report
    may hold secrets of a business: it takes a key.
    """

    sha256: Sha256
    media_type: str
    size_bytes: int
    uploaded_at: Instant
    of: Literal["design", "validation", "evidence", "verification"]
    report_id: Id | None
    public: bool


class ProjectBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a developer says about a project; it can be changed while the project is a draft or rejected."""

    name: Name
    methodology: MethodologyId
    location: Name
    crediting_begins: date
    crediting_ends: date
    description: Text
    documents: Documents = ()
    site: Site | None = None
    design: Design | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` for a period that ends before it begins, or lies outside the years of a registry."""
        check_years("the crediting period", self.crediting_begins, self.crediting_ends)
        if self.crediting_begins >= self.crediting_ends:
            raise ValueError(
                f"crediting_ends {self.crediting_ends} is not after crediting_begins {self.crediting_begins}"
            )


class ProjectChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes about a draft or a rejected project; what is left out stays as it is."""

    name: Name | UnsetType = UNSET
    methodology: MethodologyId | UnsetType = UNSET
    location: Name | UnsetType = UNSET
    crediting_begins: date | UnsetType = UNSET
    crediting_ends: date | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    documents: Documents | UnsetType = UNSET
    site: Site | UnsetType | None = UNSET
    design: Design | UnsetType | None = UNSET


class NewProject(ProjectBody, frozen=True):
    """A draft, owned by *organisation_id*."""

    organisation_id: Id


class Project(Struct, frozen=True, kw_only=True):
    """A project as it stands."""

    id: Id
    code: Annotated[str, Meta(description="Region, programme and number, as in serials")]
    developer_id: Id
    developer: Annotated[str, Meta(description="The developer's name")]
    name: str
    methodology: MethodologyId
    location: str
    crediting_begins: date
    crediting_ends: date
    description: str
    documents: tuple[Sha256, ...]
    site: Site | None
    design: Design | None
    validation_report: Sha256 | None
    state: ProjectState
    rejected_from: ProjectState | None
    notice_opened: date | None
    notice_ends: Annotated[date | None, Meta(description="Last day of the public notice, Asia/Shanghai")]
    created_at: Instant
    awaits: Awaits | None = None


class ProjectVersion(Struct, frozen=True, kw_only=True):
    """What a project said at a submission before its last."""

    number: int
    name: str
    methodology: MethodologyId
    location: str
    crediting_begins: date
    crediting_ends: date
    description: str
    documents: tuple[Sha256, ...]
    site: Site | None
    design: Design | None
    replaced_at: Instant


class ProjectsWanted(Struct, frozen=True, kw_only=True):
    """Which projects are looked for: those that fit everything that is not null."""

    state: ProjectState | None = None
    methodology: MethodologyId | None = None
    organisation_id: Annotated[Id | None, Meta(description="The developer")] = None


class Decision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a project or report goes on, or back."""

    why: Text


class Finding(Decision, frozen=True):
    """A verifier's decision with the report that carries it."""

    report_sha256: Annotated[Sha256, Meta(description="Uploaded by a verifier of the same organisation")]


class Verification(Finding, frozen=True):
    """A verifier's decision on a monitoring report."""

    above_design: Annotated[
        Remark, Meta(description="Why a result far above the design estimate is right; needed only for such a report")
    ] = ""


class NewComment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A comment on a public notice."""

    text: Text


class Comment(Struct, frozen=True, kw_only=True):
    """A comment as received. Its author is known to the registry and not published."""

    id: Id
    text: str
    at: Instant


class NewObjection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    An objection to a project in public notice, by anybody: it takes no key.

    Sent again as it is, it stays one objection.
    """

    name: Annotated[Name, Meta(description="Published")]
    contact: Annotated[
        str,
        Meta(
            min_length=3,
            max_length=200,
            pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)",
            examples=["neighbour@example.org"],
            description="Mail address or telephone; only overseers see it",
        ),
    ]
    text: Annotated[Text, Meta(description="Published")]


class NewAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to some objections, or to all that have none yet."""

    text: Text
    objections: Annotated[
        Annotated[tuple[Id, ...], Meta(min_length=1, max_length=1_000)] | None,
        Meta(description="Left out: all that have no answer yet"),
    ] = None


class ObjectionAnswer(Struct, frozen=True, kw_only=True):
    """An answer, and how many objections it is given to."""

    id: Id
    text: str
    objections: int
    at: Instant


class Objection(Struct, frozen=True, kw_only=True):
    """An objection with its answer. *contact* is shown to overseers only."""

    id: Id
    name: str
    contact: str | None
    text: str
    at: Instant
    answer: str | None
    answered_at: Instant | None


class NewReport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A monitoring report: the period, its activity data, and the documents behind them."""

    begins: date
    ends: date
    activity: Activity
    documents: Documents = ()

    def __post_init__(self) -> None:
        """Raise `ValueError` for a period that is backwards or crosses a year: a vintage is one year."""
        check_years("the monitoring period", self.begins, self.ends)
        if self.begins > self.ends:
            raise ValueError(f"ends {self.ends} is before begins {self.begins}")
        if self.begins.year != self.ends.year:
            raise ValueError(f"the period crosses a year ({self.begins} to {self.ends}): file one report a vintage")


class Report(Struct, frozen=True, kw_only=True):
    """A monitoring report with the computed reduction and its arithmetic."""

    id: Id
    project_id: Id
    vintage: Vintage
    begins: date
    ends: date
    activity: Activity
    reduction: Reduction
    documents: tuple[Sha256, ...]
    verification_report: Sha256 | None
    verifier_id: Id | None
    above_design: Annotated[
        str | None, Meta(description="The verifier's justification of a result far above the design")
    ]
    state: ReportState
    created_at: Instant
    awaits: Awaits | None = None


class ReportVersion(Struct, frozen=True, kw_only=True):
    """What a monitoring report said before it was filed again."""

    number: int
    begins: date
    ends: date
    activity: Activity
    reduction: Reduction
    documents: tuple[Sha256, ...]
    verification_report: Sha256 | None
    verifier_id: Id | None
    replaced_at: Instant


class ProjectEvent(Struct, frozen=True, kw_only=True):
    """One step in the life of a project or of one of its reports."""

    id: Id
    report_id: Id | None
    person_id: Id
    organisation_id: Id | None
    from_state: str | None
    to_state: str
    why: str
    at: Instant

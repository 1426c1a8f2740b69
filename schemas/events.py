"""Events and places whose guests offset their own share from a page."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.methodologies import (
    MAX_QUANTITY,
    Category,
    EventAccommodation,
    EventActivity,
    EventProfile,
    EventTravel,
    Footprint,
    SceneProfile,
    TravelMode,
)
from schemas.retail import PaymentState
from schemas.scalars import Fen, Fen0, Id, Instant, Kg, Kg0, PriceFen, Remark, check_years

VisitKind = Literal["event"] | SceneProfile
VisitProfile = EventProfile | SceneProfile
Origin = Literal[
    "beijing",
    "shanghai",
    "guangzhou",
    "shenzhen",
    "hangzhou",
    "nanjing",
    "wuhan",
    "xian",
    "kunming",
    "guiyang",
    "chongqing",
    "lhasa",
    "urumqi",
    "hong-kong",
]
"""Where a guest may have come from by air or by road; `registry/community/events/rules.py` has the distances."""
EventTitle = Annotated[str, Meta(min_length=1, max_length=120, description="Published in the log with each share")]
EventPlace = Annotated[str, Meta(min_length=1, max_length=120)]
GuestName = Annotated[str, Meta(max_length=40, description="The guest's to pick; may be empty")]
GuestCount = Annotated[int, Meta(ge=1, le=1_000_000)]


class NewEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    An event with a beginning and an end, or a place that guests visit in a season; a place may have its own profile.

    *organiser_covers* are the categories that the organiser offsets itself; what is left of travel and accommodation is
    the guests', so that no kilogram is offset twice.
    """

    organisation_id: Id
    kind: VisitKind = "event"
    title: EventTitle
    place: EventPlace
    begins: Instant
    ends: Instant
    profile: VisitProfile = "chengdu-event"
    expected_guests: GuestCount
    organiser_covers: Annotated[tuple[Category, ...], Meta(max_length=6)] = ("energy",)
    pool_id: Annotated[Id, Meta(description="Of the open retail pool whose kilograms guests buy")]

    def __post_init__(self) -> None:
        """Raise `ValueError` for a period that is backwards, a category named twice, or another place's profile."""
        check_years("the period", self.begins, self.ends)
        if self.begins > self.ends:
            raise ValueError("ends is before begins")
        if len(set(self.organiser_covers)) != len(self.organiser_covers):
            raise ValueError("organiser_covers names a category twice")
        if self.profile not in {"chengdu-event", "national-event", self.kind}:
            raise ValueError(f"profile {self.profile} is not that of {self.kind}: give its own, or one of an event's")


class Event(Struct, frozen=True, kw_only=True):
    """An event page as anybody sees it. *guests* have their share retired, *offset_kg* together; not annulled ones."""

    code: str
    organisation_id: Id
    organiser: Annotated[str, Meta(description="The organiser's name")]
    kind: VisitKind
    title: str
    place: str
    begins: Instant
    ends: Instant
    profile: VisitProfile
    organiser_covers: tuple[Category, ...]
    guests_cover: tuple[Category, ...]
    expected_guests: GuestCount
    pool_id: Id
    price_fen: PriceFen
    available_kg: Kg0
    claim_id: Annotated[Id | None, Meta(description="The organiser's own claim, once it is made")]
    others_claim_id: Annotated[Id | None, Meta(description="The organiser's claim for guests without a share")]
    closed: bool
    guests: int
    offset_kg: Kg0
    created_at: Instant


class EventProgress(Struct, frozen=True, kw_only=True):
    """
    How far an event is, for its organiser.

    *paid_kg* are retired within moments. *guests_percent* is of those expected, rounded down.
    """

    code: str
    expected_guests: GuestCount
    guests: int
    guests_percent: int
    offset_kg: Kg0
    waiting: Annotated[int, Meta(description="Guests whose kilograms are held and not paid yet")]
    waiting_kg: Kg0
    paid_kg: Kg0
    refunded: int
    sold_fen: Fen0
    claim_id: Id | None
    claim_required_kg: Annotated[Kg0 | None, Meta(description="What the organiser's own share requires")]
    claim_missing_kg: Kg0 | None
    claim_neutral: bool
    others_claim_id: Annotated[Id | None, Meta(description="The claim for guests who have no share of their own")]
    others_required_kg: Kg0 | None
    others_missing_kg: Kg0 | None


class Trip(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How a guest came and stayed. *distance_km* is one way, or *origin* stands for it; the way back counts as well.

    *mode* left out: on foot or by bicycle.
    """

    mode: TravelMode | None = None
    distance_km: Annotated[int, Meta(ge=1, le=20_000, description="One way")] | None = None
    origin: Origin | None = None
    nights: Annotated[int, Meta(ge=0, le=60)] = 0

    def __post_init__(self) -> None:
        """Raise `ValueError` for a way without a length, or with two."""
        if self.mode is not None and (self.distance_km is None) == (self.origin is None):
            raise ValueError("give distance_km or origin for the way, one of the two")


class Quote(Struct, frozen=True, kw_only=True):
    """What a guest's share comes to, with its arithmetic, and what it costs. Nothing is held for it."""

    footprint: Footprint
    quantity_kg: Kg0
    amount_fen: Fen0
    price_fen: PriceFen
    available: Annotated[bool, Meta(description="Whether so many kilograms can be bought now")]


class JoinEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest's answers, and the name that they pick, if any. *listed*: it may stand in the ranking."""

    trip: Trip
    name: GuestName = ""
    listed: bool = False

    def __post_init__(self) -> None:
        """Raise `ValueError` for a place in the ranking without a name."""
        if self.listed and not self.name.strip():
            raise ValueError("pick a name to stand in the ranking under, or leave listed out")


class Guest(Struct, frozen=True, kw_only=True):
    """
    One guest's share, for anybody who has the link to it.

    *secret* is the last part of that link; anybody who has it can read the share. *receipt_id* is there once the share
    is retired.
    """

    secret: str
    code: str
    number: Annotated[int, Meta(ge=1, description="Of the guest at this event")]
    name: str
    listed: bool
    hidden: bool
    footprint: Footprint
    quantity_kg: Kg
    amount_fen: Fen
    reference: Annotated[str, Meta(description="By which the bank knows the payment")]
    state: PaymentState
    held_until: Instant
    refund_reason: str | None
    claim_id: Id | None
    receipt_id: str | None
    serials: tuple[str, ...]
    witnessed: Annotated[bool, Meta(description="Its certificate and its receipt can be opened")]
    annulled: Annotated[bool, Meta(description="The claim or its retirement was annulled: it counts for nothing")]


class RankedGuest(Struct, frozen=True, kw_only=True):
    """A guest who chose to be shown."""

    number: int
    name: str
    quantity_kg: Kg
    joined_at: Instant


class OtherGuests(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Trips of the guests who have no share of their own, which the organiser covers in a claim of its own.

    *came* are all who came, with those who offset their own share: so many fewer are counted here.
    """

    came: GuestCount
    items: Annotated[tuple[EventTravel | EventAccommodation, ...], Meta(min_length=1, max_length=500)]
    reduction_plan: Remark


class ChoosePool(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The retail pool from which guests buy from now on."""

    pool_id: Id


class OrganiserShare(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The organiser's own share of its event: what was used, and what was reduced first."""

    items: Annotated[tuple[EventActivity, ...], Meta(min_length=1, max_length=500)]
    boundary: Annotated[str, Meta(min_length=1, max_length=4000)] = (
        "What the organiser covers; guests' trips are theirs"
    )
    reduction_plan: Remark
    reductions_kg: Annotated[int, Meta(ge=0, le=MAX_QUANTITY)] = 0

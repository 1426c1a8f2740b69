"""Venues: the rules of a kind of market, as the files in `exchange/instruments/presets/` say them."""

import datetime as dt
from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

from schemas.auctions import AuctionKind, Ties
from schemas.campaigns import Allotment
from schemas.listings import PickingRule
from schemas.scalars import PriceFen, Tonnes
from schemas.sessions import TimeOfDay

VenuePreset = Literal[
    "chengdu",
    "guangzhou",
    "national-listing",
    "national-block",
    "national-auction",
    "eex-auction",
    "cbl-basket",
    "continuous",
]
PRESETS: Final[tuple[VenuePreset, ...]] = get_args(VenuePreset)
"""The journal knows a preset by its place here, counted from 1: new ones come at the end, and none is taken out."""

BuyerRole = Literal["others", "enterprise", "individual", "institution"]
ROLES: Final[tuple[BuyerRole, ...]] = get_args(BuyerRole)
"""By their numbers in the engine; "others" are those for whom a venue says nothing of their own."""

Sentence = Annotated[str, Meta(min_length=1, max_length=400)]
BandBps = Annotated[int, Meta(ge=1, le=9_999, description="Ten-thousandths to either side")]


NOTICE_DAYS: Final = 5
NoticeDays = Annotated[
    int, Meta(ge=1, le=250, description="Whole working days between the announcement of a delisting and its day")
]


class VenueSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Where the rules were found. *date* is the document's own.

    *read* says in what they were read, if not in the document itself, and when, if that has no date. *checked*:
    somebody has compared every rule with the document itself; left out, nobody has.
    """

    document: Sentence
    edition: Sentence
    date: dt.date | None = None
    read: Sentence | None = None
    checked: bool = False

    def __post_init__(self) -> None:
        """Raise `ValueError` where neither is said, so that nobody could tell how old the rules are."""
        if self.date is None and self.read is None:
            raise ValueError("neither date nor read is said: how old are these rules?")


class VenuePrices(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tick, and how far from the previous closing price prices may lie; without *band_bps* the operator says."""

    tick_fen: PriceFen = 1
    band_bps: BandBps | None = None


class VenueListings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fixed-price listings, and which of them may be picked."""

    picking: PickingRule = "any"


class VenueCampaigns(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Campaigns, and how they may be allotted."""

    allotment: tuple[Allotment, ...] = ("by-time", "pro-rata")

    def __post_init__(self) -> None:
        """Raise `ValueError` where no campaign could be allotted."""
        if not self.allotment:
            raise ValueError("allotment names no way, so no campaign could be opened: leave [campaigns] out")


class VenueAuctions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Auctions: their kinds, and what each of them has to say, where the venue leaves no choice."""

    kinds: tuple[AuctionKind, ...]
    lot_t: Tonnes | None = None
    least_t: Annotated[Tonnes | None, Meta(description="The smallest offer")] = None
    ties: Ties | None = None
    cancel_when_short: bool | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` where there is no auction, or the smallest offer is not of whole lots."""
        if not self.kinds:
            raise ValueError("kinds names no auction, so none could be opened: leave [auctions] out")
        if self.lot_t and self.least_t and self.least_t % self.lot_t:
            raise ValueError(f"least_t {self.least_t} is not a multiple of lot_t {self.lot_t}")


class VenueBlocks(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Negotiated blocks: the smallest, and how far from the reference their price may lie."""

    least_t: Tonnes
    band_bps: BandBps | None = None


class VenueSessions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the phases of a day begin, in Asia/Shanghai, and from how many tonnes on a day closes at its average."""

    pre_open: TimeOfDay | None = None
    opening_call: TimeOfDay | None = None
    continuous: TimeOfDay
    closing_call: TimeOfDay | None = None
    closed: TimeOfDay
    every_day: bool = False
    average_from_t: Tonnes = 1

    def __post_init__(self) -> None:
        """Raise `ValueError` for times that do not follow each other."""
        said = [each for each in self.times() if each is not None]
        if said != sorted(set(said)):
            raise ValueError(f"{', '.join(said)} do not follow each other within a day")

    def times(self) -> tuple[str | None, ...]:
        """When each phase of the day begins, in their order."""
        return (self.pre_open, self.opening_call, self.continuous, self.closing_call, self.closed)


class BuyerLimit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a buyer may order at once, and hold."""

    largest_order_t: Tonnes | None = None
    most_held_t: Tonnes | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` for limits that bound nothing, or that no order of that size could keep."""
        if self.largest_order_t is None and self.most_held_t is None:
            raise ValueError("neither largest_order_t nor most_held_t is said, so nothing is limited")
        if self.largest_order_t and self.most_held_t and self.largest_order_t > self.most_held_t:
            raise ValueError(f"largest_order_t {self.largest_order_t} is above most_held_t {self.most_held_t}")


class VenueLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits by the role of the buyer; *others* are those of everybody whose role has none of its own."""

    others: BuyerLimit | None = None
    enterprise: BuyerLimit | None = None
    individual: BuyerLimit | None = None
    institution: BuyerLimit | None = None

    def by_role(self) -> tuple[tuple[BuyerRole, BuyerLimit], ...]:
        """The limits that there are."""
        found = ((role, getattr(self, role)) for role in ROLES)
        return tuple((role, limit) for role, limit in found if limit is not None)


class VenueRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The rules of a venue. A way to trade that is not named is closed.

    *departs* says what of the source cannot be said here, and what happens instead. *resale* "next-day": what was
    bought today cannot be sold before tomorrow.
    """

    preset: str
    title: Sentence
    title_zh: Sentence
    source: VenueSource
    departs: tuple[Sentence, ...] = ()
    lot_t: Tonnes = 1
    largest_order_t: Annotated[Tonnes | None, Meta(description="Of any mode but blocks")] = None
    resale: Literal["same-day", "next-day"] = "same-day"
    delisting_notice_days: NoticeDays = NOTICE_DAYS
    book: bool = False
    quotes: bool = False
    prices: VenuePrices = VenuePrices()
    listings: VenueListings | None = None
    campaigns: VenueCampaigns | None = None
    auctions: VenueAuctions | None = None
    blocks: VenueBlocks | None = None
    sessions: VenueSessions | None = None
    limits: VenueLimits = VenueLimits()

    def __post_init__(self) -> None:
        """Raise `ValueError` for rules by which nothing could be traded, or that contradict each other."""
        if not (self.book or self.quotes or self.listings or self.campaigns or self.auctions or self.blocks):
            raise ValueError("no way to trade is open: say book, quotes, listings, campaigns, auctions or blocks")
        if self.prices.band_bps and self.sessions is None:
            raise ValueError("prices.band_bps follows the closing price, which needs [sessions] with a time to close")
        self._check_sizes()

    def _check_sizes(self) -> None:
        sizes = {
            "largest_order_t": self.largest_order_t,
            "blocks.least_t": self.blocks and self.blocks.least_t,
            "auctions.lot_t": self.auctions and self.auctions.lot_t,
            "auctions.least_t": self.auctions and self.auctions.least_t,
        }
        for role, limit in self.limits.by_role():
            sizes[f"limits.{role}.largest_order_t"] = limit.largest_order_t
        for name, tonnes in sizes.items():
            if tonnes and tonnes % self.lot_t:
                raise ValueError(f"{name} {tonnes} is not a multiple of lot_t {self.lot_t}")
        least = (self.auctions and (self.auctions.least_t or self.auctions.lot_t)) or 0
        if self.largest_order_t and least > self.largest_order_t:
            raise ValueError(f"largest_order_t {self.largest_order_t} is below the smallest auction, {least} t")

"""Subscription campaigns: tonnes at one price, pledged for in a window, allotted when it closes."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.scalars import ClientOrderId, Id, Instant, PriceFen, Text, Tonnes, Tonnes0, check_years
from schemas.serials import InstrumentCodeText

Allotment = Literal["by-time", "pro-rata"]
CampaignState = Literal["announced", "open", "allotted", "ended"]
CampaignEnd = Literal["undersubscribed", "called-off"]


class NewCampaign(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Offer deposited tonnes at one price to everybody who pledges in a window of business time.

    If more is wanted than there is, *allotment* says who is given how much: by time, or pro rata in whole lots.
    """

    account_id: Id
    instrument: InstrumentCodeText
    price_fen: PriceFen
    quantity_t: Tonnes
    opens_at: Annotated[Instant, Meta(description="Pledges are taken from then on")]
    closes_at: Annotated[Instant, Meta(description="No pledge is taken after it, and it is allotted")]
    least_t: Annotated[Tonnes | None, Meta(description="The smallest pledge; one lot if omitted")] = None
    most_t: Annotated[Tonnes | None, Meta(description="Of one account in all; everything if omitted")] = None
    floor_t: Annotated[Tonnes0, Meta(description="Below it nothing is sold, and everybody has their money again")] = 0
    allotment: Allotment = "pro-rata"
    client_order_id: ClientOrderId

    def __post_init__(self) -> None:
        """Raise `ValueError` for a window or amounts that contradict each other."""
        check_years("opens_at", self.opens_at)
        check_years("closes_at", self.closes_at)
        if self.opens_at >= self.closes_at:
            raise ValueError(f"closes_at {self.closes_at:%Y-%m-%dT%H:%M:%SZ} is not after opens_at")
        if self.most_t is not None and self.least_t is not None and self.most_t < self.least_t:
            raise ValueError(f"most_t {self.most_t} is below least_t {self.least_t}")
        if self.floor_t > self.quantity_t:
            raise ValueError(f"floor_t {self.floor_t} is above quantity_t {self.quantity_t}")


class Campaign(Struct, frozen=True, kw_only=True):
    """
    A campaign. *pledged_t* is what its pledges come to, *allotted_t* what was sold to them when it closed.

    *ended_because* says why nothing was sold. Whose campaign it is, and who pledged, stays with them.
    """

    id: Id
    instrument: str
    price_fen: PriceFen
    quantity_t: Tonnes
    least_t: Tonnes
    most_t: Tonnes
    floor_t: Tonnes0
    allotment: Allotment
    opens_at: Instant
    closes_at: Instant
    state: CampaignState
    ended_because: CampaignEnd | None
    pledges: int
    pledged_t: Tonnes0
    allotted_t: Tonnes0
    at: Instant


class NewPledge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pledge for tonnes of a campaign; the money is locked until it closes. It is taken back like an order."""

    account_id: Id
    quantity_t: Tonnes
    client_order_id: ClientOrderId


class AnonymousPledge(Struct, frozen=True, kw_only=True):
    """A pledge as everybody may see it, so that an allotment can be worked out again."""

    id: Id
    quantity_t: Tonnes
    open_t: Tonnes0
    allotted_t: Tonnes0
    at: Instant


class CallOff(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """End a campaign without a sale, and why."""

    reason: Text

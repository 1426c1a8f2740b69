"""Fixed-price listings, subscribed part by part."""

from typing import Literal

from msgspec import Struct

from schemas.scalars import ClientOrderId, Id, Instant, PriceFen, Text, Tonnes, Tonnes0
from schemas.serials import InstrumentCodeText

PickingRule = Literal["any", "best", "best-five"]


class NewListing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Offer deposited tonnes at a fixed price, to be subscribed part by part."""

    account_id: Id
    instrument: InstrumentCodeText
    price_fen: PriceFen
    quantity_t: Tonnes
    client_order_id: ClientOrderId


class Picking(Struct, frozen=True, kw_only=True):
    """Which listings of an instrument may be subscribed to: any, one at the best price, or one of the best five."""

    instrument: str
    rule: PickingRule


class NewPicking(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say which listings of an instrument may be subscribed to, and why."""

    rule: PickingRule
    reason: Text


class Listing(Struct, frozen=True, kw_only=True):
    """A fixed-price listing; *open_t* can still be subscribed."""

    id: Id
    instrument: str
    price_fen: PriceFen
    quantity_t: Tonnes
    open_t: Tonnes0
    traded_t: Tonnes0
    state: Literal["open", "closed"]
    at: Instant


class NewSubscription(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Subscribe to tonnes of a listing, at its price: all of them or nothing."""

    account_id: Id
    quantity_t: Tonnes
    client_order_id: ClientOrderId

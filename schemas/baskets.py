"""Baskets: instruments in which any of several projects and vintages is delivered."""

from typing import Annotated

from msgspec import Meta, Struct

from schemas.attributes import Goals, Labels, ProjectType, check_once
from schemas.delistings import DelistingNotice
from schemas.instruments import check_opening
from schemas.scalars import Id, Instant, PriceFen, Text, Tonnes, Vintage
from schemas.serials import BasketCodeText
from schemas.venues import VenuePreset


class BasketRule(Struct, frozen=True, kw_only=True):
    """
    What a basket lets in: instruments of the methodology, or of any, whose vintage is in the range.

    Their projects are of one of the *types*, if any is said, and have all of the *co_benefits* and all of the *labels*.
    """

    methodology: Annotated[Text | None, Meta(description="With or without a version; left out: any")] = None
    vintage_from: Vintage
    vintage_to: Vintage
    types: Annotated[tuple[ProjectType, ...], Meta(max_length=15, description="Any of these; none said: any")] = ()
    co_benefits: Annotated[Goals, Meta(description="All of these")] = ()
    labels: Annotated[Labels, Meta(description="All of these")] = ()


class NewBasket(BasketRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Begin to trade a basket of everything that its rule lets in.

    That is every instrument that is traded now and meets the rule, the oldest vintage first, and each that is opened
    later or comes to meet it. With *preset* the basket trades by the rules of that venue, which must have an order book
    and nothing else; tick, lot and band are then as of any instrument that is opened by it.
    """

    code: BasketCodeText
    name: Text
    preset: Annotated[VenuePreset | None, Meta(description="A venue with an order book only")] = None
    reference_fen: Annotated[PriceFen | None, Meta(description="With a preset whose prices follow one")] = None
    tick_fen: Annotated[PriceFen | None, Meta(description="Prices are multiples of it; 1 if omitted")] = None
    lot_t: Annotated[Tonnes | None, Meta(description="Quantities are multiples of it; 1 if omitted")] = None
    low_fen: PriceFen | None = None
    high_fen: PriceFen | None = None
    fee_bps: Annotated[int, Meta(ge=0, le=1_000, description="Ten-thousandths of each amount, from the seller")] = 0
    fee_account_id: Id

    def __post_init__(self) -> None:
        """Raise `ValueError` for a band that no price is in, a range that no vintage is in, or what is said twice."""
        check_opening(self.preset, self.reference_fen, self.low_fen, self.high_fen)
        if self.vintage_from > self.vintage_to:
            raise ValueError(f"vintage_from {self.vintage_from} is after vintage_to {self.vintage_to}")
        for name in ("types", "co_benefits", "labels"):
            check_once(name, getattr(self, name))


class BasketAsset(Struct, frozen=True, kw_only=True):
    """An instrument that is, or was, delivered in a basket."""

    code: str
    project_id: Id
    vintage: Vintage
    project_name: str
    listed: bool
    since: Instant
    meets_rule: Annotated[bool, Meta(description="By what the registry has of its project now")]
    delisting: Annotated[DelistingNotice | None, Meta(description="When the basket delivers it no more")] = None


class Basket(BasketRule, frozen=True, kw_only=True):
    """
    The rule of a basket and its assets, in the order in which whoever sells delivers them.

    An asset that no longer meets the rule is delivered until it is delisted.
    """

    code: str
    name: str
    preset: str | None
    assets: tuple[BasketAsset, ...]

"""Baskets: instruments in which any of several projects and vintages is delivered."""

from typing import Annotated

from msgspec import Meta, Struct

from schemas.instruments import check_band
from schemas.scalars import Id, Instant, PriceFen, Text, Tonnes, Vintage
from schemas.serials import BasketCodeText, InstrumentCodeText


class NewBasket(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Begin to trade a basket of everything that its rule lets in.

    That is every instrument of the methodology, or of any, whose vintage is in the range: those that are traded now,
    the oldest vintage first, and each that is opened later.
    """

    code: BasketCodeText
    name: Text
    methodology: Annotated[Text | None, Meta(description="With or without a version; left out: any")] = None
    vintage_from: Vintage
    vintage_to: Vintage
    tick_fen: Annotated[PriceFen, Meta(description="Prices are multiples of it")] = 1
    lot_t: Annotated[Tonnes, Meta(description="Quantities are multiples of it")] = 1
    low_fen: PriceFen
    high_fen: PriceFen
    fee_bps: Annotated[int, Meta(ge=0, le=1_000, description="Ten-thousandths of each amount, from the seller")] = 0
    fee_account_id: Id

    def __post_init__(self) -> None:
        """Raise `ValueError` for a band that no price is in, or a range that no vintage is in."""
        check_band(self.low_fen, self.high_fen)
        if self.vintage_from > self.vintage_to:
            raise ValueError(f"vintage_from {self.vintage_from} is after vintage_to {self.vintage_to}")


class Delisting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An asset that is to be delivered in a basket no more, and why."""

    asset: InstrumentCodeText
    reason: Text


class BasketAsset(Struct, frozen=True, kw_only=True):
    """An instrument that is, or was, delivered in a basket."""

    code: str
    project_id: Id
    vintage: Vintage
    project_name: str
    listed: bool
    since: Instant


class Basket(Struct, frozen=True, kw_only=True):
    """The rule of a basket and its assets, in the order in which whoever sells delivers them."""

    code: str
    name: str
    methodology: str | None
    vintage_from: Vintage
    vintage_to: Vintage
    assets: tuple[BasketAsset, ...]

"""Listings and subscriptions over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import JSONBody, QueryParameter

from exchange.listings import service
from exchange.parts import Exchange
from registry.kit.http import READS, WRITES, PathCode, PathId
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from registry.port import Authority
from schemas.access import Call
from schemas.listings import Listing, NewListing, NewPicking, NewSubscription, Picking
from schemas.orders import CancelOrder, Order
from schemas.pages import Page


class ListingsController(Controller):
    """Fixed-price listings, subscribed part by part."""

    path = "/v1/listings"
    tags = ("Listings",)

    @post("/", operation_id="open_listing", responses=WRITES)
    async def open_listing(
        self,
        data: JSONBody[NewListing],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> Listing:
        """Offer deposited tonnes at a fixed price."""
        return await service.open_listing(data, call=numbered, exchange=exchange, authority=authority)

    @get("/", operation_id="list_listings", opt={SHEET: True}, responses=READS)
    async def listings(
        self,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        exchange: NamedDependency[Exchange],
        instrument: Annotated[
            str | None,
            QueryParameter(
                max_length=40,
                pattern="^[A-Za-z0-9-]+$",
                examples=[Example(value="SC-CDCER-0007-2024")],
                description="One instrument's listings only",
            ),
        ] = None,
        open_only: Annotated[bool, QueryParameter(description="Only what is still open")] = False,
    ) -> Response[Page[Listing]]:
        """Listings of one instrument or all, also as CSV."""
        return sheet.of(await service.listings(ordered, instrument, open_only=open_only, exchange=exchange), Listing)

    @get("/{listing_id:int}", operation_id="get_listing", responses=READS)
    async def listing(self, listing_id: PathId, exchange: NamedDependency[Exchange]) -> Listing:
        """One listing, and what is left of it."""
        return await service.listing(listing_id, exchange=exchange)

    @post("/{listing_id:int}/subscribe", operation_id="subscribe", responses=WRITES)
    async def subscribe(
        self,
        listing_id: PathId,
        data: JSONBody[NewSubscription],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> Order:
        """Subscribe to tonnes of a listing: all of them at its price, or nothing."""
        return await service.subscribe(listing_id, data, call=numbered, exchange=exchange, authority=authority)

    @post("/{listing_id:int}/close", operation_id="close_listing", responses=WRITES)
    async def close(
        self,
        listing_id: PathId,
        data: JSONBody[CancelOrder],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> Order:
        """Take back what is left of a listing."""
        return await service.close(listing_id, data, call=numbered, exchange=exchange, authority=authority)


class PickingController(Controller):
    """Which listings of an instrument may be subscribed to."""

    path = "/v1/instruments/{code:str}/picking"
    tags = ("Listings",)

    @get("/", operation_id="get_picking", responses=READS)
    async def picking(self, code: PathCode, exchange: NamedDependency[Exchange]) -> Picking:
        """The rule: any listing, one at the best price, or one within the best five prices."""
        return await service.picking(code, exchange=exchange)

    @post("/", operation_id="set_picking", responses=WRITES)
    async def set_picking(
        self,
        code: PathCode,
        data: JSONBody[NewPicking],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Picking:
        """Change the rule; what is listed stays."""
        return await service.set_picking(code, data, call=call, exchange=exchange)

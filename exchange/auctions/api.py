"""Auctions and bids over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import JSONBody, QueryParameter

from exchange.auctions import service
from exchange.parts import Exchange
from registry.kit.http import READS, WRITES, PathId
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from registry.port import Authority
from schemas.access import Call
from schemas.auctions import AnonymousBid, Auction, AuctionState, NewAuction, NewBid
from schemas.campaigns import CallOff
from schemas.orders import Order
from schemas.pages import Page


class AuctionsController(Controller):
    """One-sided auctions: a window, and the best bids win."""

    path = "/v1/auctions"
    tags = ("Auctions",)

    @post("/", operation_id="open_auction", responses=WRITES)
    async def open_auction(
        self,
        data: JSONBody[NewAuction],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> Auction:
        """Offer deposited tonnes to the highest bidders in a window."""
        return await service.open_auction(data, call=numbered, exchange=exchange, authority=authority)

    @get("/", operation_id="list_auctions", opt={SHEET: True}, responses=READS)
    async def auctions(
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
                description="One instrument's auctions only",
            ),
        ] = None,
        auction_state: Annotated[AuctionState | None, QueryParameter(name="state")] = None,
    ) -> Response[Page[Auction]]:
        """Auctions of one instrument or all, also as CSV."""
        return sheet.of(await service.auctions(ordered, instrument, auction_state, exchange=exchange), Auction)

    @get("/{auction_id:int}", operation_id="get_auction", responses=READS)
    async def auction(self, auction_id: PathId, exchange: NamedDependency[Exchange]) -> Auction:
        """One auction, what is bid for it as far as that is known, and what it came to."""
        return await service.auction(auction_id, exchange=exchange)

    @get("/{auction_id:int}/bids", operation_id="list_bids", opt={SHEET: True}, responses=READS)
    async def bids(
        self,
        auction_id: PathId,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        exchange: NamedDependency[Exchange],
    ) -> Response[Page[AnonymousBid]]:
        """Its bids without whose they are, also as CSV, to work out again who won; sealed ones once it has ended."""
        return sheet.of(await service.bids(auction_id, ordered, exchange=exchange), AnonymousBid)

    @post("/{auction_id:int}/bids", operation_id="bid", responses=WRITES)
    async def bid(
        self,
        auction_id: PathId,
        data: JSONBody[NewBid],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> Order:
        """Bid for tonnes; a sealed bid is taken back like an order, a leading one is not."""
        return await service.bid(auction_id, data, call=numbered, exchange=exchange, authority=authority)

    @post("/{auction_id:int}/call-off", operation_id="call_off_auction", responses=WRITES)
    async def call_off(
        self,
        auction_id: PathId,
        data: JSONBody[CallOff],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Auction:
        """End an auction without a sale; everybody has their money again."""
        return await service.call_off(auction_id, data, call=call, exchange=exchange)

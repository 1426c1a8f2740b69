"""Campaigns and pledges over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import JSONBody, QueryParameter

from exchange.campaigns import service
from exchange.parts import Exchange
from registry.kit.http import READS, WRITES, PathId
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from registry.port import Authority
from schemas.access import Call
from schemas.campaigns import AnonymousPledge, CallOff, Campaign, CampaignState, NewCampaign, NewPledge
from schemas.orders import Order
from schemas.pages import Page


class CampaignsController(Controller):
    """Subscription campaigns: one price, a window, an allotment."""

    path = "/v1/campaigns"
    tags = ("Campaigns",)

    @post("/", operation_id="open_campaign", responses=WRITES)
    async def open_campaign(
        self,
        data: JSONBody[NewCampaign],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> Campaign:
        """Offer deposited tonnes at one price to those who pledge in a window."""
        return await service.open_campaign(data, call=numbered, exchange=exchange, authority=authority)

    @get("/", operation_id="list_campaigns", opt={SHEET: True}, responses=READS)
    async def campaigns(
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
                description="One instrument's campaigns only",
            ),
        ] = None,
        campaign_state: Annotated[CampaignState | None, QueryParameter(name="state")] = None,
    ) -> Response[Page[Campaign]]:
        """Campaigns of one instrument or all, also as CSV."""
        return sheet.of(await service.campaigns(ordered, instrument, campaign_state, exchange=exchange), Campaign)

    @get("/{campaign_id:int}", operation_id="get_campaign", responses=READS)
    async def campaign(self, campaign_id: PathId, exchange: NamedDependency[Exchange]) -> Campaign:
        """One campaign, what is pledged for it, and what it came to."""
        return await service.campaign(campaign_id, exchange=exchange)

    @get("/{campaign_id:int}/pledges", operation_id="list_pledges", opt={SHEET: True}, responses=READS)
    async def pledges(
        self,
        campaign_id: PathId,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        exchange: NamedDependency[Exchange],
    ) -> Response[Page[AnonymousPledge]]:
        """Its pledges without whose they are, also as CSV: anybody can work the allotment out again."""
        return sheet.of(await service.pledges(campaign_id, ordered, exchange=exchange), AnonymousPledge)

    @post("/{campaign_id:int}/pledges", operation_id="pledge", responses=WRITES)
    async def pledge(
        self,
        campaign_id: PathId,
        data: JSONBody[NewPledge],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> Order:
        """Pledge for tonnes at the campaign's price; a pledge is taken back like an order."""
        return await service.pledge(campaign_id, data, call=numbered, exchange=exchange, authority=authority)

    @post("/{campaign_id:int}/call-off", operation_id="call_off_campaign", responses=WRITES)
    async def call_off(
        self,
        campaign_id: PathId,
        data: JSONBody[CallOff],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Campaign:
        """End a campaign without a sale; everybody has their money again."""
        return await service.call_off(campaign_id, data, call=call, exchange=exchange)

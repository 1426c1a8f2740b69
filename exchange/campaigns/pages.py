"""Campaigns as pages: their list. One campaign, with a trader's own pledges, is composed in `deploy/site/`."""

from pathlib import Path
from typing import Annotated, Final, get_args

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from exchange.campaigns import service
from exchange.parts import Exchange
from registry.kit.pages import Window
from registry.port import PageCall
from schemas.campaigns import CampaignState

TEMPLATES: Final = Path(__file__).parent / "pages"


class CampaignPages(Controller):
    """What everybody sees of campaigns."""

    path = "/campaigns"

    @get("/")
    async def campaigns(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        exchange: NamedDependency[Exchange],
        *,
        instrument: Annotated[str | None, QueryParameter(max_length=40)] = None,
        campaign_state: Annotated[CampaignState | None, QueryParameter(name="state")] = None,
    ) -> Response[str]:
        """The list."""
        page.asks("list_campaigns")
        return page.answer(
            "campaigns/list.html",
            campaigns=await service.campaigns(latest, instrument, campaign_state, exchange=exchange),
            states=page.words(get_args(CampaignState)),
            may_open=page.visitor.may("open_campaign"),
        )

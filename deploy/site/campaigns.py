"""The page of a campaign: its terms and pledges for everybody, a trader's own beside them; and a form for a new one."""

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from deploy.site.market import AccountId, own
from exchange.campaigns import service as campaigns
from exchange.instruments import service as instruments
from exchange.parts import Exchange
from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.http import PathId
from registry.kit.pages import Window


class CampaignPage(Controller):
    """One campaign, and a new one."""

    path = "/campaigns"

    @get("/new")
    async def new(
        self,
        page: NamedDependency[PageCall],
        window: NamedDependency[Window],
        db: NamedDependency[Database],
        exchange: NamedDependency[Exchange],
        account_id: AccountId = None,
    ) -> Response[str]:
        """A form for those who have tonnes to offer."""
        page.asks("open_campaign")
        found = await instruments.instruments(window, exchange=exchange)
        mine = await own(page, None, account_id, db=db, exchange=exchange)
        return page.answer("campaigns/new.html", instruments=found, **mine)

    @get("/{campaign_id:int}")
    async def campaign(
        self,
        page: NamedDependency[PageCall],
        campaign_id: PathId,
        window: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        exchange: NamedDependency[Exchange],
        account_id: AccountId = None,
    ) -> Response[str]:
        """The whole page."""
        page.asks("get_campaign")
        found = await campaigns.campaign(campaign_id, exchange=exchange)
        mine = await own(page, found.instrument, account_id, db=db, exchange=exchange)
        account = mine["account"]
        if account is not None:
            asked = page.asks("list_orders")
            mine["mine"] = await campaigns.own(campaign_id, account.id, asked=asked, exchange=exchange)
        return page.answer(
            "campaigns/campaign.html",
            campaign=found,
            instrument=await instruments.instrument(found.instrument, exchange=exchange),
            pledges=await campaigns.pledges(campaign_id, window, exchange=exchange),
            may_call_off=page.visitor.may("call_off_campaign"),
            **mine,
        )

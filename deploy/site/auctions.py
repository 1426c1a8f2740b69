"""The page of an auction: its terms and result for everybody, a trader's own bids beside them; and a form for one."""

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from deploy.site.market import AccountId, own
from exchange.auctions import service as auctions
from exchange.instruments import service as instruments
from exchange.parts import Exchange
from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.http import PathId
from registry.kit.pages import Window


class AuctionPage(Controller):
    """One auction, and a new one."""

    path = "/auctions"

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
        page.asks("open_auction")
        found = await instruments.instruments(window, exchange=exchange)
        mine = await own(page, None, account_id, db=db, exchange=exchange)
        return page.answer("auctions/new.html", instruments=found, **mine)

    @get("/{auction_id:int}")
    async def auction(
        self,
        page: NamedDependency[PageCall],
        auction_id: PathId,
        window: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        exchange: NamedDependency[Exchange],
        account_id: AccountId = None,
    ) -> Response[str]:
        """The whole page; bids that are sealed are on nobody's but the bidder's."""
        page.asks("get_auction")
        found = await auctions.auction(auction_id, exchange=exchange)
        mine = await own(page, found.instrument, account_id, db=db, exchange=exchange)
        account = mine["account"]
        if account is not None:
            asked = page.asks("list_orders")
            mine["mine"] = await auctions.own(auction_id, account.id, asked=asked, exchange=exchange)
        sealed = found.bids is None
        return page.answer(
            "auctions/auction.html",
            auction=found,
            instrument=await instruments.instrument(found.instrument, exchange=exchange),
            bids=None if sealed else await auctions.bids(auction_id, window, exchange=exchange),
            may_call_off=page.visitor.may("call_off_auction"),
            **mine,
        )

"""Auctions as pages: their list. One auction, with a trader's own bids, is composed in `deploy/site/`."""

from pathlib import Path
from typing import Annotated, Final, get_args

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from exchange.auctions import service
from exchange.parts import Exchange
from registry.kit.pages import Window
from registry.port import PageCall
from schemas.auctions import AuctionState

TEMPLATES: Final = Path(__file__).parent / "pages"


class AuctionPages(Controller):
    """What everybody sees of auctions."""

    path = "/auctions"

    @get("/")
    async def auctions(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        exchange: NamedDependency[Exchange],
        *,
        instrument: Annotated[str | None, QueryParameter(max_length=40)] = None,
        auction_state: Annotated[AuctionState | None, QueryParameter(name="state")] = None,
    ) -> Response[str]:
        """The list."""
        page.asks("list_auctions")
        return page.answer(
            "auctions/list.html",
            auctions=await service.auctions(latest, instrument, auction_state, exchange=exchange),
            states=page.words(get_args(AuctionState)),
            may_open=page.visitor.may("open_auction"),
        )

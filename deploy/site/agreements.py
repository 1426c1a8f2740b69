"""What an account agrees on with others beside the book: negotiated blocks, and requests for quotes."""

from typing import Any, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from deploy.site.holdings import acts_for, balances_of
from deploy.site.market import next_number
from exchange.blocks import service as blocks
from exchange.instruments import service as instruments
from exchange.parts import Exchange
from exchange.quotes import service as quotes
from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.http import PathId, QueryId
from registry.kit.pages import Window
from registry.parties import service as parties

ALL: Final = Window(None, 100)


class BlocksPage(Controller):
    """The blocks of one account, and a form to propose one."""

    path = "/accounts/{account_id:int}/blocks"

    @get("/")
    async def blocks(
        self,
        page: NamedDependency[PageCall],
        account_id: PathId,
        latest: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        exchange: NamedDependency[Exchange],
    ) -> Response[str]:
        """The page."""
        found = await blocks.blocks(account_id, latest, asked=page.asks("list_blocks"), exchange=exchange)
        mine = await _mine(account_id, page, db, exchange)
        return page.answer("blocks/list.html", blocks=found, **mine)


class QuotesPage(Controller):
    """The requests that one account makes or may answer, and one of them with its quotes."""

    path = "/accounts/{account_id:int}/quote-requests"

    @get("/")
    async def requests(
        self,
        page: NamedDependency[PageCall],
        account_id: PathId,
        latest: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        exchange: NamedDependency[Exchange],
        request_id: QueryId = None,
    ) -> Response[str]:
        """The list, or one request with the quotes that the account may see."""
        mine = await _mine(account_id, page, db, exchange)
        if request_id is not None:
            asked = page.asks("get_quote_request")
            one = await quotes.with_quotes(request_id, account_id, asked=asked, exchange=exchange)
            return page.answer("quotes/request.html", request=one.request, shown=one.shown, **mine)
        asked = page.asks("list_quote_requests")
        found = await quotes.requests(account_id, latest, open_only=False, asked=asked, exchange=exchange)
        return page.answer("quotes/list.html", requests=found, **mine)


async def _mine(account_id: int, page: PageCall, db: Database, exchange: Exchange) -> dict[str, Any]:
    """The account, what can be traded, and the number of its next command."""
    account = await parties.account(account_id, asked=page.asks("get_account"), db=db)
    return {
        "account": account,
        "instruments": await instruments.instruments(ALL, exchange=exchange),
        "number": next_number(await balances_of(account, page, exchange)),
        "acts": acts_for(page, "propose_block", account.owner_id),
    }

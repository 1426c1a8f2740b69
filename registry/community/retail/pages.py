"""Retail pools as pages: the list, a new one from what an account holds, and one with its books."""

from pathlib import Path
from typing import Annotated, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from registry.access.authorisation import TRADERS, NotYours
from registry.access.visitor import PageCall
from registry.community.retail import service
from registry.credits.holdings import service as holdings
from registry.kit.database import Database
from registry.kit.http import PathId, QueryId
from registry.kit.pages import Window
from registry.parties import service as parties
from schemas.credits import Holding
from schemas.retail import PoolAccounts, PoolState, Posting

TEMPLATES: Final = Path(__file__).parent / "pages"
QueryState = Annotated[PoolState | None, QueryParameter(name="state")]
_ALL: Final = Window(None, 200)
_LATEST: Final = Window(None, 50, "newest")


class PoolPages(Controller):
    """Tonnes that are offered by the kilogram to event pages."""

    path = "/pools"

    @get("/")
    async def pools(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        owner_id: QueryId = None,
        pool_state: QueryState = None,
    ) -> Response[str]:
        """The list."""
        return page.answer(
            "retail/list.html",
            pools=await service.pools(latest, owner_id, pool_state, db=db),
            offers=page.visitor.may("open_pool"),
        )

    @get("/new")
    async def new(
        self,
        page: NamedDependency[PageCall],
        db: NamedDependency[Database],
        *,
        account_id: QueryId = None,
        issuance: Annotated[str | None, QueryParameter(max_length=40)] = None,
    ) -> Response[str]:
        """What can be offered, and the form for one of it."""
        page.asks("open_pool")
        found = await _offered(page, db)
        chosen = next((each for each in found if (each[0], each[1].issuance) == (account_id, issuance)), None)
        return page.answer("retail/new.html", holdings=found, chosen=chosen)

    @get("/{pool_id:int}")
    async def pool(
        self, page: NamedDependency[PageCall], pool_id: PathId, db: NamedDependency[Database]
    ) -> Response[str]:
        """One pool; to its owner, operators and overseers also its books."""
        found = await service.pool(pool_id, db=db)
        books = await _books(page, pool_id, db)
        mine = any(held.role in TRADERS and held.organisation_id == found.owner_id for held in page.visitor.by.roles)
        return page.answer(
            "retail/pool.html", pool=found, books=books, mine=mine, pays=page.visitor.may("pay_out_pool")
        )


async def _offered(page: PageCall, db: Database) -> list[tuple[int, Holding]]:
    """What the visitor's accounts have active, by account and issuance."""
    mine = {held.organisation_id for held in page.visitor.by.roles if held.role in TRADERS}
    accounts = await parties.accounts(_ALL, asked=page.asks("list_accounts"), db=db)
    own = [each for each in accounts.items if each.owner_id in mine]
    found = await holdings.holdings_of(own, asked=page.asks("get_holdings"), db=db)
    return [(account_id, each) for account_id, held in found.items() for each in held if each.state == "active"]


async def _books(page: PageCall, pool_id: int, db: Database) -> tuple[PoolAccounts, tuple[Posting, ...]] | None:
    if not page.visitor.may("get_pool_accounts"):
        return None
    try:
        accounts = await service.accounts(pool_id, asked=page.asks("get_pool_accounts"), db=db)
        entries = await service.postings(pool_id, _LATEST, asked=page.asks("list_pool_postings"), db=db)
    except NotYours:
        return None
    return accounts, entries.items

"""Standing subscriptions of an account, a form for a new one, and the page of one with its schedule."""

from typing import Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from deploy.site.holdings import acts_for
from exchange.instruments import service as instruments
from exchange.parts import Exchange
from exchange.subscriptions import service as subscriptions
from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.http import PathId
from registry.kit.pages import Window
from registry.parties import service as parties

ALL: Final = Window(None, 100)


class AccountStandingPages(Controller):
    """The standing subscriptions of one account."""

    path = "/accounts/{account_id:int}/subscriptions"

    @get("/")
    async def standings(
        self,
        page: NamedDependency[PageCall],
        account_id: PathId,
        latest: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        exchange: NamedDependency[Exchange],
    ) -> Response[str]:
        """The list, and a form for another."""
        asked = page.asks("list_standings")
        account = await parties.account(account_id, asked=page.asks("get_account"), db=db)
        return page.answer(
            "subscriptions/list.html",
            account=account,
            standings=await subscriptions.standings(account_id, latest, asked=asked, exchange=exchange),
            instruments=await instruments.instruments(ALL, exchange=exchange),
            acts=acts_for(page, "open_standing", account.owner_id),
        )


class StandingPages(Controller):
    """One standing subscription."""

    path = "/subscriptions/{standing_id:int}"

    @get("/")
    async def standing(
        self,
        page: NamedDependency[PageCall],
        standing_id: PathId,
        latest: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        exchange: NamedDependency[Exchange],
    ) -> Response[str]:
        """What it does, did, and would do now."""
        found = await subscriptions.standing(standing_id, asked=page.asks("get_standing"), exchange=exchange)
        account = await parties.account(found.account_id, asked=page.asks("get_account"), db=db)
        asked = page.asks("list_standing_runs")
        return page.answer(
            "subscriptions/standing.html",
            standing=found,
            account=account,
            runs=await subscriptions.runs(standing_id, latest, asked=asked, exchange=exchange),
            dry=await subscriptions.dry_run(standing_id, asked=page.asks("get_standing_dry_run"), exchange=exchange),
            acts=acts_for(page, "pause_standing", account.owner_id),
        )

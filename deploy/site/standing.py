"""Standing subscriptions of an account, a form for a new one, and the page of one with its schedule."""

from collections import defaultdict
from datetime import datetime
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
from registry.kit.period import SHANGHAI
from registry.parties import service as parties
from schemas.attributes import PROJECT_TYPES
from schemas.subscriptions import BuyTerms, SellTerms, Terms

ALL: Final = Window(None, 100)
_NEW: Final = {"buy": {"terms.every": "month"}, "sell": {"terms.into": "book"}}


def entered(terms: Terms) -> dict[str, str]:
    """What stands in the fields of a form with these terms, by the names of the fields."""
    if isinstance(terms, SellTerms):
        found: dict[str, object] = {
            "terms.project_id:int": terms.project_id,
            "terms.share_bps:int": terms.share_bps,
            "terms.price_fen:yuan": _yuan(terms.price_fen),
            "terms.into": terms.into,
        }
    else:
        found = _entered_to_buy(terms)
    return defaultdict(str, {name: "" if value is None else str(value) for name, value in found.items()})


def _entered_to_buy(terms: BuyTerms) -> dict[str, object]:
    whose = {
        f"terms.beneficiary_identifiers[{place}].{name}": getattr(each, name)
        for place, each in enumerate(terms.beneficiary_identifiers)
        for name in ("scheme", "value")
    }
    return {
        "terms.quantity_t:int": terms.quantity_t,
        "terms.every": terms.every,
        "terms.price_fen:yuan": _yuan(terms.price_fen),
        "terms.begins:instant": _local(terms.begins),
        "terms.ends:instant": _local(terms.ends),
        "terms.budget_fen:yuan": _yuan(terms.budget_fen),
        "terms.instrument": terms.instrument,
        "terms.project_id:int": terms.project_id,
        "terms.methodology": terms.methodology,
        "terms.types[]": " ".join(terms.types),
        "terms.co_benefits[]:int": " ".join(map(str, terms.co_benefits)),
        "terms.labels:list": " ".join(terms.labels),
        "terms.locality": terms.locality,
        "terms.vintages:numbers": " ".join(map(str, terms.vintages)),
        "terms.prefer[]": " ".join(terms.prefer),
        "terms.retire_for:int": terms.retire_for,
        "terms.beneficiary": terms.beneficiary,
        **whose,
    }


def _yuan(fen: int | None) -> str | None:
    return None if fen is None else f"{fen // 100}.{fen % 100:02}"


def _local(at: datetime | None) -> str | None:
    """As an input of a browser takes it, in Asia/Shanghai."""
    return None if at is None else f"{at.astimezone(SHANGHAI):%Y-%m-%dT%H:%M:%S}"


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
            project_types=PROJECT_TYPES,
            new={side: defaultdict(str, said) for side, said in _NEW.items()},
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
            instruments=await instruments.instruments(ALL, exchange=exchange),
            project_types=PROJECT_TYPES,
            entered=entered(found.next_terms or found.terms),
            acts=acts_for(page, "pause_standing", account.owner_id),
        )

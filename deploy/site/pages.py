"""Pages of the whole site: the first one, search, and how the service is."""

from collections.abc import Iterable
from typing import Annotated, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from deploy.status import Trouble, service_status
from exchange.parts import Exchange
from registry.access.visitor import PageCall
from registry.claims import service as claims
from registry.credits.holdings.service import RegionTotals
from registry.credits.retirement import look_ups as retirements
from registry.kit.database import Database
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.projects.service import projects
from registry.search import service as search
from registry.search.rules import code_of, words_of
from registry.transparency import published
from schemas.claims import ClaimTitle
from schemas.credits import Retirement, RetirementsWanted
from schemas.projects import ProjectsWanted
from schemas.search import Found

LATEST: Final = Window(None, 5, "newest")
_ADDRESSES: Final = {
    "project": "/projects",
    "organisation": "/organisations",
    "issuance": "/issuances",
    "retirement": "/retirements",
    "cancellation": "/cancellations",
    "claim": "/claims",
    "report": "/reports",
    "statement": "/log/statements",
    "event": "/events",
    "receipt": "/r",
}


class HomePages(Controller):
    """What the region is, and the way to everything in it."""

    path = "/"

    @get("/")
    async def home(
        self,
        page: NamedDependency[PageCall],
        db: NamedDependency[Database],
        region_totals: NamedDependency[RegionTotals],
    ) -> Response[str]:
        """Live totals, what happened lately, and where to go."""
        asked = page.asks("list_retirements")
        retired = await retirements.retirements(RetirementsWanted(), LATEST, Between(), asked=asked, db=db)
        return page.answer(
            "home/home.html",
            totals=await region_totals.get(db=db),
            projects=await projects.projects(ProjectsWanted(), LATEST, asked=page.asks("list_projects"), db=db),
            retirements=retired,
            claims=await claims_of(retired.items, db),
            head=await published.find_head(db=db),
        )

    @get("/search")
    async def search(
        self,
        page: NamedDependency[PageCall],
        db: NamedDependency[Database],
        exchange: NamedDependency[Exchange],
        words: Annotated[str, QueryParameter(name="q", max_length=200)] = "",
    ) -> Response[str] | Redirect:
        """What a code names, at once; else everything that has the words, by kind."""
        page.asks("list_search_results")
        code = code_of(words_of(words))
        if code and code.kind == "instrument" and await exchange.instruments.ids([code.text]):
            return Redirect(f"/instruments/{code.text}", status_code=HTTP_303_SEE_OTHER)
        found = await search.search(words, db=db)
        exact = [each for each in found if each.exact]
        if len(exact) == 1:
            return Redirect(address(exact[0]), status_code=HTTP_303_SEE_OTHER, query_params=_query(exact[0]))
        return page.answer("home/search.html", words=words, found=found, address=address)

    @get("/status")
    async def status(
        self, page: NamedDependency[PageCall], db: NamedDependency[Database], trouble: NamedDependency[Trouble]
    ) -> Response[str]:
        """How the service is."""
        page.asks("get_status")
        return page.answer("home/status.html", service=await service_status(db, trouble))


def address(found: Found) -> str:
    """The page of something that was found."""
    return f"{_ADDRESSES[found.kind]}/{found.id}"


def _query(found: Found) -> dict[str, str] | None:
    return {"serial": found.serial} if found.serial else None


async def claims_of(retired: Iterable[Retirement], db: Database) -> dict[int, ClaimTitle]:
    """What retirements were for, by the number of the claim."""
    async with db.reading() as tx:
        return await claims.titles_in(tx, {each.claim_id for each in retired})

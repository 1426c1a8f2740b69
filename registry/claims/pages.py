"""Claims as pages: their list. What was retired for one of them is composed in `deploy/site/`."""

from pathlib import Path
from typing import Annotated, Final, get_args

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from registry.access.visitor import PageCall
from registry.claims import service
from registry.kit.database import Database
from registry.kit.http import QueryId
from registry.kit.pages import Window
from registry.kit.period import Between
from schemas.claims import ClaimsWanted
from schemas.statements import ClaimType

TEMPLATES: Final = Path(__file__).parent / "pages"


class ClaimPages(Controller):
    """What retirements are made for."""

    path = "/claims"

    @get("/")
    async def claims(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        db: NamedDependency[Database],
        claim_type: Annotated[ClaimType | None, QueryParameter(name="type")] = None,
        organisation_id: QueryId = None,
        covered: Annotated[bool | None, QueryParameter()] = None,
        annulled: Annotated[bool | None, QueryParameter()] = None,
    ) -> Response[str]:
        """The list."""
        wanted = ClaimsWanted(type=claim_type, organisation_id=organisation_id, covered=covered, annulled=annulled)
        found = await service.claims(wanted, latest, period, asked=page.asks("list_claims"), db=db)
        prepares = page.visitor.signed_in and page.visitor.may("create_claim_draft")
        return page.answer("claims/list.html", claims=found, types=page.words(get_args(ClaimType)), prepares=prepares)

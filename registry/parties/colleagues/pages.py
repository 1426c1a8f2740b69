"""The people of an organisation as a page: who they are, and inviting and removing them."""

from pathlib import Path
from typing import Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from registry.access.authorisation import NotYours
from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.http import PathId
from registry.kit.pages import Window
from registry.parties import service as parties
from registry.parties.colleagues import service
from schemas.access import Role

TEMPLATES: Final = Path(__file__).parent / "pages"


class ColleaguesPages(Controller):
    """For the administrators of an organisation; overseers look on."""

    path = "/organisations/{organisation_id:int}/colleagues"

    @get("/")
    async def colleagues(
        self,
        organisation_id: PathId,
        page: NamedDependency[PageCall],
        window: NamedDependency[Window],
        db: NamedDependency[Database],
    ) -> Response[str]:
        """The people, and the form that invites one."""
        found = await service.colleagues(organisation_id, window, asked=page.asks("list_colleagues"), db=db)
        return page.answer(
            "colleagues/colleagues.html",
            organisation=await parties.organisation(organisation_id, db=db),
            colleagues=found,
            offered=await _offered(organisation_id, page, db),
        )


async def _offered(organisation_id: int, page: PageCall, db: Database) -> tuple[Role, ...]:
    """The roles that this visitor may give there; none for one who only looks on."""
    if not page.visitor.may("invite_colleague"):
        return ()
    try:
        return await service.roles_to_give(organisation_id, asked=page.asks("invite_colleague"), db=db)
    except NotYours:
        return ()

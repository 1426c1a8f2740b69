"""Organisations as pages: their list. What one of them does is composed in `deploy/site/`."""

from pathlib import Path
from typing import Annotated, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.pages import Window
from registry.parties import service

TEMPLATES: Final = Path(__file__).parent / "pages"
Named = Annotated[str | None, QueryParameter(max_length=200)]


class OrganisationPages(Controller):
    """Who takes part."""

    path = "/organisations"

    @get("/")
    async def organisations(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        name: Named = None,
    ) -> Response[str]:
        """The list."""
        page.asks("list_organisations")
        return page.answer("parties/list.html", organisations=await service.organisations(latest, db=db, name=name))

"""What is computed here, with which numbers, as pages."""

from pathlib import Path
from typing import Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.methodologies import catalogue, factors, service

TEMPLATES: Final = Path(__file__).parent / "pages"


class MethodologyPages(Controller):
    """Formulas, factors, and the calendar by which days are counted."""

    path = "/"

    @get("/methodologies", sync_to_thread=False)
    def methodologies(self, page: NamedDependency[PageCall]) -> Response[str]:
        """The catalogue."""
        return page.answer("methodologies/methodologies.html", methodologies=catalogue.catalogue())

    @get("/factors", sync_to_thread=False)
    def factors(self, page: NamedDependency[PageCall]) -> Response[str]:
        """The factors."""
        return page.answer("methodologies/factors.html", factors=factors.table().factors)

    @get("/calendar")
    async def calendar(self, page: NamedDependency[PageCall], db: NamedDependency[Database]) -> Response[str]:
        """How far the calendar reaches."""
        return page.answer("methodologies/calendar.html", calendar=await service.calendar_coverage(db=db))

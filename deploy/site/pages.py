"""Pages that compose capabilities: the first page, and a project with its credits."""

from typing import Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from registry.access.visitor import PageCall
from registry.credits.holdings import service as holdings
from registry.credits.holdings.service import RegionTotals
from registry.credits.issuance import service as issuances
from registry.kit.database import Database
from registry.kit.http import PathId
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.problems import DomainError
from registry.projects.service import notice, projects
from schemas.credits import IssuancesWanted
from schemas.pages import Page
from schemas.projects import ProjectsWanted

WHOLE = Window(None, 200)
"""What belongs to one thing and fits on its page."""


class HomePages(Controller):
    """What the region is."""

    path = "/"

    @get("/")
    async def home(
        self,
        page: NamedDependency[PageCall],
        db: NamedDependency[Database],
        region_totals: NamedDependency[RegionTotals],
    ) -> Response[str]:
        """Live totals, and where to go."""
        totals = await region_totals.get(db=db)
        latest = await projects.projects(ProjectsWanted(), Window(None, 5), asked=page.asks("list_projects"), db=db)
        return page.answer("home/home.html", totals=totals, projects=latest)


class ProjectPage(Controller):
    """One project with its course, its documents and its credits."""

    path = "/projects/{project_id:int}"

    @get("/")
    async def project(
        self,
        page: NamedDependency[PageCall],
        project_id: PathId,
        db: NamedDependency[Database],
    ) -> Response[str]:
        """The page."""
        found = await projects.project(project_id, asked=page.asks("get_project"), db=db)
        return page.answer(
            "projects/project.html",
            project=found,
            history=await projects.history(project_id, WHOLE, asked=page.asks("get_project_history"), db=db),
            totals=await holdings.project_totals(project_id, db=db),
            issuances=await issuances.issuances(IssuancesWanted(project_id=project_id), WHOLE, Between(), db=db),
            objections=await _objections(project_id, page, db),
        )


async def _objections(project_id: int, page: PageCall, db: Database) -> Page[Any]:
    """The objections that this visitor may read; before the notice there are none to see."""
    try:
        return await notice.objections(project_id, WHOLE, asked=page.asks("list_objections"), db=db)
    except DomainError:
        return Page(items=())

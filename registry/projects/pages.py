"""Projects as pages: their list, and each with its whole course. What credits add is composed in `deploy/site/`."""

from pathlib import Path
from typing import Annotated, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.pages import Window
from registry.projects.service import projects
from schemas.projects import ProjectState, ProjectsWanted

TEMPLATES: Final = Path(__file__).parent / "pages"


class ProjectPages(Controller):
    """What anybody sees of projects."""

    path = "/projects"

    @get("/")
    async def projects(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        db: NamedDependency[Database],
        project_state: Annotated[ProjectState | None, QueryParameter(name="state")] = None,
    ) -> Response[str]:
        """The list."""
        found = await projects.projects(
            ProjectsWanted(state=project_state), latest, asked=page.asks("list_projects"), db=db
        )
        return page.answer("projects/list.html", projects=found, chosen=project_state)

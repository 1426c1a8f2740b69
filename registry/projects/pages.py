"""Projects as pages: their list. What credits and organisations add to one of them is composed in `deploy/site/`."""

from pathlib import Path
from typing import Annotated, Final, get_args

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.http import QueryId, QueryMethodology
from registry.kit.pages import Window
from registry.projects.service import projects
from schemas.methodologies import MethodologyId
from schemas.projects import ProjectState, ProjectsWanted

TEMPLATES: Final = Path(__file__).parent / "pages"
DRAFTS: Final = Path(__file__).parent / "drafts"
"""What developers and verifiers fill in."""


class ProjectPages(Controller):
    """What anybody sees of projects."""

    path = "/projects"

    @get("/")
    async def projects(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        project_state: Annotated[ProjectState | None, QueryParameter(name="state")] = None,
        methodology: QueryMethodology = None,
        organisation_id: QueryId = None,
    ) -> Response[str]:
        """The list."""
        wanted = ProjectsWanted(state=project_state, methodology=methodology, organisation_id=organisation_id)
        return page.answer(
            "projects/list.html",
            projects=await projects.projects(wanted, latest, asked=page.asks("list_projects"), db=db),
            states=page.words(each for each in get_args(ProjectState) if each != "draft"),
            methodologies=page.words(get_args(MethodologyId)),
        )

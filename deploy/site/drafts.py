"""A draft of a project, in steps that are each saved: what, where, how much, documents, and a last look."""

from typing import Annotated, Any, Final, Literal, get_args

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import PathParameter
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from deploy.site import activity
from registry.access.authorisation import authorise_for
from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.http import PathId
from registry.kit.pages import Window
from registry.methodologies import catalogue
from registry.parties import service as parties
from registry.projects.service import documents, projects
from schemas.access import Role
from schemas.projects import Project

Step = Literal["what", "where", "estimate", "documents", "check"]
STEPS: Final = get_args(Step)
CHANGEABLE: Final = ("draft", "rejected")
LAST: Final = Window(None, 20, "newest")


class DraftPages(Controller):
    """For developers."""

    path = "/projects"

    @get("/new")
    async def begin(self, page: NamedDependency[PageCall], db: NamedDependency[Database]) -> Response[str]:
        """The first step, which makes the draft."""
        asked = page.asks("create_project")
        own = sorted({held.organisation_id for held in asked.by.roles if held.role == Role.DEVELOPER})
        return page.answer(
            "drafts/what.html",
            project=None,
            organisations=[await parties.organisation(each, db=db) for each in own],
            methodologies=_methodologies(page),
            step="what",
            steps=STEPS,
        )

    @get("/{project_id:int}/draft", sync_to_thread=False)
    def first(self, project_id: PathId) -> Redirect:
        """The last step, which says what is still missing."""
        return Redirect(f"/projects/{project_id}/draft/check", status_code=HTTP_303_SEE_OTHER)

    @get("/{project_id:int}/draft/{step:str}")
    async def step(
        self,
        page: NamedDependency[PageCall],
        project_id: PathId,
        step: Annotated[Step, PathParameter()],
        db: NamedDependency[Database],
    ) -> Response[Any]:
        """One step of a draft, or of a project that was sent back."""
        asked = page.asks("update_project")
        project = await projects.project(project_id, asked=asked, db=db)
        authorise_for(asked, project.developer_id)
        if project.state not in CHANGEABLE:
            return Redirect(f"/projects/{project_id}", status_code=HTTP_303_SEE_OTHER)
        return page.answer(
            f"drafts/{step}.html",
            project=project,
            step=step,
            steps=STEPS,
            sent_back=await _sent_back(project, page, db),
            **await _shown(step, project, page, db),
        )


def _methodologies(page: PageCall) -> list[tuple[str, str]]:
    return page.words(each.id for each in catalogue.catalogue() if each.kind == "reduction")


async def _sent_back(project: Project, page: PageCall, db: Database) -> str:
    """Why the project was sent back, if it was."""
    if project.state != "rejected":
        return ""
    history = await projects.history(project.id, LAST, asked=page.asks("get_project_history"), db=db)
    return next((each.why for each in history.items if each.report_id is None and each.to_state == "rejected"), "")


async def _shown(step: Step, project: Project, page: PageCall, db: Database) -> dict[str, Any]:
    """What one step shows beside the project."""
    if step == "what":
        return {"methodologies": _methodologies(page), "organisations": []}
    if step == "estimate":
        entered = dict(page.request.query_params.items())
        if project.design and project.design.grid_region and not entered:
            entered = {
                "activity.grid_region": project.design.grid_region,
                "activity.grid_year:int": str(project.design.grid_year or ""),
            }
        calculation = activity.calculation(project.methodology, entered)
        return {"calculation": calculation, "grids": activity.grids()}
    if step in ("documents", "check"):
        named = await documents.seen(project.documents, asked=page.asks("get_document"), db=db)
        return {"documents": named}
    return {}

"""Projects over HTTP, from a draft to registration."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter

from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathId, QueryId, QueryMethodology
from registry.kit.pages import Window
from registry.kit.quotas import Quotas
from registry.kit.room import Room
from registry.kit.sheets import SHEET, Sheet
from registry.projects.api.documents import LIMIT_BYTES, SHA256_EXAMPLE, as_download
from registry.projects.service import attributes, drafts, notice, projects, reports
from schemas.access import Call
from schemas.attributes import NewAttributes, ProjectAttributes
from schemas.pages import Page
from schemas.projects import (
    Comment,
    Decision,
    Document,
    Finding,
    NewAnswer,
    NewComment,
    NewObjection,
    NewProject,
    NewReport,
    Objection,
    ObjectionAnswer,
    Project,
    ProjectChange,
    ProjectDocument,
    ProjectEvent,
    ProjectState,
    ProjectsWanted,
    ProjectVersion,
    Report,
)


class ProjectsController(Controller):
    """From a draft to registration."""

    path = "/v1/projects"
    tags = ("Projects",)

    @post("/", operation_id="create_project", responses=WRITES)
    async def create(
        self,
        data: JSONBody[NewProject],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> Project:
        """Begin a draft."""
        return await projects.create_project(data, call=call, db=db, quotas=quotas)

    @get("/", operation_id="list_projects", opt={SHEET: True}, responses=READS)
    async def projects(
        self,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        project_state: Annotated[ProjectState | None, QueryParameter(name="state")] = None,
        methodology: QueryMethodology = None,
        organisation_id: QueryId = None,
    ) -> Response[Page[Project]]:
        """All projects, or those that fit everything that is asked for; also as CSV."""
        wanted = ProjectsWanted(state=project_state, methodology=methodology, organisation_id=organisation_id)
        return sheet.of(await projects.projects(wanted, ordered, asked=asked, db=db), Project)

    @get("/{project_id:int}", operation_id="get_project", responses=READS)
    async def project(self, project_id: PathId, asked: NamedDependency[Call], db: NamedDependency[Database]) -> Project:
        """One project."""
        return await projects.project(project_id, asked=asked, db=db)

    @get("/{project_id:int}/history", operation_id="get_project_history", opt={SHEET: True}, responses=READS)
    async def history(
        self,
        project_id: PathId,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[Page[ProjectEvent]]:
        """Every step: who took it, when, from which state to which, and why; also as CSV."""
        return sheet.of(await projects.history(project_id, ordered, asked=asked, db=db), ProjectEvent)

    @get("/{project_id:int}/versions", operation_id="list_project_versions", responses=READS)
    async def versions(
        self,
        project_id: PathId,
        window: NamedDependency[Window],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Page[ProjectVersion]:
        """What the project said at each submission before its last."""
        return await projects.versions(project_id, window, asked=asked, db=db)

    @post("/{project_id:int}/attributes", operation_id="record_project_attributes", responses=WRITES)
    async def record_attributes(
        self,
        project_id: PathId,
        data: JSONBody[NewAttributes],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> ProjectAttributes:
        """Record the co-benefits and labels that a registered project has from now on, with their source."""
        return await attributes.record(project_id, data, call=call, db=db)

    @get("/{project_id:int}/attributes", operation_id="list_project_attributes", opt={SHEET: True}, responses=READS)
    async def attributes(
        self,
        project_id: PathId,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[Page[ProjectAttributes]]:
        """Every record of the project's co-benefits and labels; the newest counts. Also as CSV."""
        return sheet.of(await attributes.attributes(project_id, ordered, asked=asked, db=db), ProjectAttributes)

    @post("/{project_id:int}/update", operation_id="update_project", responses=WRITES)
    async def update(
        self,
        project_id: PathId,
        data: JSONBody[ProjectChange],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Project:
        """Change a draft or a rejected project; what you leave out stays as it is."""
        return await projects.update_project(project_id, data, call=call, db=db)

    @post("/{project_id:int}/submit", operation_id="submit_project", responses=WRITES)
    async def submit(
        self,
        project_id: PathId,
        data: JSONBody[Decision],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Project:
        """Hand the project to validation, also again after a rejection."""
        return await projects.submit_project(project_id, data, call=call, db=db)

    @post("/{project_id:int}/withdraw", operation_id="withdraw_project", responses=WRITES)
    async def withdraw(
        self,
        project_id: PathId,
        data: JSONBody[Decision],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Project:
        """Withdraw a draft, or a project that was sent back, for good."""
        return await projects.withdraw_project(project_id, data, call=call, db=db)

    @post("/{project_id:int}/validate", operation_id="validate_project", responses=WRITES)
    async def validate(
        self,
        project_id: PathId,
        data: JSONBody[Finding],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Project:
        """Confirm as a verifier that the project meets its methodology."""
        return await projects.validate_project(project_id, data, call=call, db=db)

    @post("/{project_id:int}/notice", operation_id="open_public_notice", responses=WRITES)
    async def open_notice(
        self,
        project_id: PathId,
        data: JSONBody[Decision],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Project:
        """Open the public notice of seven working days."""
        return await projects.open_public_notice(project_id, data, call=call, db=db)

    @post("/{project_id:int}/comments", operation_id="comment_on_notice", responses=WRITES)
    async def comment(
        self,
        project_id: PathId,
        data: JSONBody[NewComment],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> Comment:
        """Comment while the public notice runs."""
        return await notice.comment_on_notice(project_id, data, call=call, db=db, quotas=quotas)

    @get("/{project_id:int}/comments", operation_id="list_notice_comments", opt={SHEET: True}, responses=READS)
    async def comments(
        self,
        project_id: PathId,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[Page[Comment]]:
        """The comments on the public notice, also as CSV."""
        return sheet.of(await notice.comments(project_id, ordered, asked=asked, db=db), Comment)

    @get("/{project_id:int}/documents", operation_id="list_project_documents", opt={SHEET: True}, responses=READS)
    async def documents(
        self,
        project_id: PathId,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[Page[ProjectDocument]]:
        """The files that the project and its monitoring reports name, also as CSV."""
        return sheet.of(await notice.project_documents(project_id, asked=asked, db=db), ProjectDocument)

    @post(
        "/{project_id:int}/documents",
        operation_id="add_project_document",
        responses=WRITES,
        request_max_body_size=LIMIT_BYTES,
    )
    async def add_document(
        self,
        *,
        project_id: PathId,
        request: Request[Any, Any, Any],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        room: NamedDependency[Room],
        quotas: NamedDependency[Quotas],
    ) -> Document:
        """Upload a file as the raw body, at most 10 MiB, and name it in a draft or a rejected project."""
        media_type = request.headers.get("content-type", "")[:200]
        content = await request.body()
        return await drafts.add_document(project_id, content, media_type, call=call, db=db, room=room, quotas=quotas)

    @post("/{project_id:int}/documents/{sha256:str}/remove", operation_id="remove_project_document", responses=WRITES)
    async def remove_document(
        self,
        project_id: PathId,
        sha256: Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$", examples=[SHA256_EXAMPLE])],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Project:
        """Name a document no more in a draft or a rejected project."""
        return await drafts.remove_document(project_id, sha256, call=call, db=db)

    @get(
        "/{project_id:int}/documents/{sha256:str}",
        operation_id="get_project_document",
        media_type="application/octet-stream",
        responses=READS,
    )
    async def document(
        self,
        project_id: PathId,
        sha256: Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$", examples=[SHA256_EXAMPLE])],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """A design document of a project that is public, or a report of its verifiers. It takes no key."""
        return as_download(sha256, *await notice.project_document(project_id, sha256, asked=asked, db=db))

    @post("/{project_id:int}/objections", operation_id="object_to_project", responses=WRITES)
    async def object_to(
        self,
        project_id: PathId,
        data: JSONBody[NewObjection],
        numbered: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> Objection:
        """Object to a project while its public notice runs. It takes no key, and no Idempotency-Key."""
        assert numbered.operation  # the body was read strictly
        return await notice.object_to_project(project_id, data, db=db, quotas=quotas)

    @get("/{project_id:int}/objections", operation_id="list_objections", opt={SHEET: True}, responses=READS)
    async def objections(
        self,
        project_id: PathId,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[Page[Objection]]:
        """The objections to the project, each with its answer; also as CSV."""
        return sheet.of(await notice.objections(project_id, ordered, asked=asked, db=db), Objection)

    @post("/{project_id:int}/answers", operation_id="answer_objections", responses=WRITES)
    async def answer(
        self,
        project_id: PathId,
        data: JSONBody[NewAnswer],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> ObjectionAnswer:
        """Answer objections, alone or jointly. None may be without an answer when the project is registered."""
        return await notice.answer_objections(project_id, data, call=call, db=db)

    @post("/{project_id:int}/register", operation_id="register_project", responses=WRITES)
    async def register(
        self,
        project_id: PathId,
        data: JSONBody[Decision],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Project:
        """Register the project once its public notice is over."""
        return await projects.register_project(project_id, data, call=call, db=db)

    @post("/{project_id:int}/reject", operation_id="reject_project", responses=WRITES)
    async def reject(
        self,
        project_id: PathId,
        data: JSONBody[Decision],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Project:
        """Send the project back with a reason."""
        return await projects.reject_project(project_id, data, call=call, db=db)

    @post("/{project_id:int}/reports", operation_id="submit_report", responses=WRITES)
    async def submit_report(
        self,
        project_id: PathId,
        data: JSONBody[NewReport],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> Report:
        """File a monitoring report; the response shows the arithmetic of its reduction."""
        return await reports.submit_report(project_id, data, call=call, db=db, quotas=quotas)

    @get("/{project_id:int}/reports", operation_id="list_reports", opt={SHEET: True}, responses=READS)
    async def reports(
        self,
        project_id: PathId,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[Page[Report]]:
        """The project's monitoring reports, also as CSV."""
        return sheet.of(await reports.reports(project_id, ordered, asked=asked, db=db), Report)

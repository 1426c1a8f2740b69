"""A project with its credits, and a monitoring report with its project."""

from typing import Any, Final

import msgspec
from litestar import Controller, Response, get
from litestar.di import NamedDependency

from registry.access.visitor import PageCall
from registry.credits.holdings import service as holdings
from registry.credits.holdings.service import ProjectsTotals
from registry.credits.issuance import service as issuances
from registry.kit.database import Database
from registry.kit.http import PathId
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.parties import service as parties
from registry.projects.service import attributes, notice, projects, reports
from schemas.credits import IssuancesWanted
from schemas.projects import ProjectEvent

WHOLE: Final = Window(None, 200)
"""What belongs to one thing and fits on its page."""
NEWEST: Final = Window(None, 1, "newest")


class ProjectPage(Controller):
    """One project with its course, its documents and its credits."""

    path = "/projects/{project_id:int}"

    @get("/")
    async def project(
        self,
        page: NamedDependency[PageCall],
        project_id: PathId,
        db: NamedDependency[Database],
        projects_totals: NamedDependency[ProjectsTotals],
    ) -> Response[str]:
        """The page."""
        found = await projects.project(project_id, asked=page.asks("get_project"), db=db)
        asked = page.asks("list_project_documents")
        history = await projects.history(project_id, WHOLE, asked=asked, db=db)
        recorded = await attributes.attributes(project_id, NEWEST, asked=page.asks("list_project_attributes"), db=db)
        return page.answer(
            "projects/project.html",
            project=found,
            history=history,
            organisations=await _names(history.items, db),
            totals=await holdings.project_totals(
                project_id, asked=page.asks("get_project_totals"), kept=projects_totals, db=db
            ),
            issuances=await issuances.issuances(IssuancesWanted(project_id=project_id), WHOLE, Between(), db=db),
            reports=await reports.reports(project_id, WHOLE, asked=asked, db=db),
            documents=await notice.project_documents(project_id, asked=asked, db=db),
            objections=await notice.objections(project_id, WHOLE, asked=page.asks("list_objections"), db=db),
            attributes=next(iter(recorded.items), None),
            comments=await notice.comments(project_id, WHOLE, asked=asked, db=db),
        )


class ReportPage(Controller):
    """One monitoring report with its arithmetic."""

    path = "/reports/{report_id:int}"

    @get("/")
    async def report(
        self, page: NamedDependency[PageCall], report_id: PathId, db: NamedDependency[Database]
    ) -> Response[str]:
        """The page."""
        asked = page.asks("get_report")
        report, project = await reports.shown_report(report_id, asked=asked, db=db)
        history = await projects.history(project.id, WHOLE, asked=asked, db=db)
        documents = await notice.project_documents(project.id, asked=asked, db=db)
        issued = await issuances.issuances(IssuancesWanted(project_id=project.id), WHOLE, Between(), db=db)
        return page.answer(
            "projects/report.html",
            report=report,
            project=project,
            activity=list(msgspec.structs.asdict(report.activity).items()),
            history=[each for each in history.items if each.report_id == report_id],
            documents=msgspec.structs.replace(
                documents, items=tuple(each for each in documents.items if each.report_id == report_id)
            ),
            versions=await reports.versions(report_id, WHOLE, db=db),
            issuance=next((each for each in issued.items if each.report_id == report_id), None),
            verifier=await _verifier(report.verifier_id, db),
        )


async def _verifier(organisation_id: int | None, db: Database) -> Any:  # noqa: ANN401 - an organisation, or None
    return await parties.organisation(organisation_id, db=db) if organisation_id else None


async def _names(history: tuple[ProjectEvent, ...], db: Database) -> dict[int, str]:
    async with db.reading() as tx:
        return await parties.names_in(tx, {each.organisation_id for each in history if each.organisation_id})

"""
Filing a monitoring report, in two steps: its documents, then period and data with the arithmetic.

The registry keeps no draft of a report. What was uploaded so far stands in the address of the page, so it can be left
and opened again, in another browser too.
"""

import re
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from deploy.site import activity
from registry.access.authorisation import authorise_for
from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.http import PathId
from registry.kit.pages import Window
from registry.projects.service import documents, projects, reports
from schemas.projects import Project, Report

_DOCUMENT: Final = re.compile(r"documents\[[0-9]{1,2}\]")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
LAST: Final = Window(None, 50, "newest")


class NewReportPages(Controller):
    """A report of a registered project."""

    path = "/projects/{project_id:int}/reports/new"

    @get("/")
    async def documents(
        self, page: NamedDependency[PageCall], project_id: PathId, db: NamedDependency[Database]
    ) -> Response[Any]:
        """The first step."""
        return await _step("documents", page, await _own(page, project_id, "submit_report", db), None, db)

    @get("/data")
    async def data(
        self, page: NamedDependency[PageCall], project_id: PathId, db: NamedDependency[Database]
    ) -> Response[Any]:
        """The second step."""
        return await _step("data", page, await _own(page, project_id, "submit_report", db), None, db)


class CorrectedReportPages(Controller):
    """A report that was sent back."""

    path = "/reports/{report_id:int}/again"

    @get("/")
    async def documents(
        self, page: NamedDependency[PageCall], report_id: PathId, db: NamedDependency[Database]
    ) -> Response[Any]:
        """The first step: the documents are those of before, until they are changed."""
        report = await reports.report(report_id, db=db)
        project = await _own(page, report.project_id, "resubmit_report", db)
        if report.state == "rejected" and not _named(page):
            query = urlencode({f"documents[{at}]": each for at, each in enumerate(report.documents)})
            if query:
                return Redirect(f"/reports/{report_id}/again?{query}", status_code=HTTP_303_SEE_OTHER)
        return await _step("documents", page, project, report, db)

    @get("/data")
    async def data(
        self, page: NamedDependency[PageCall], report_id: PathId, db: NamedDependency[Database]
    ) -> Response[Any]:
        """The second step: the data are those of before, until they are changed."""
        report = await reports.report(report_id, db=db)
        return await _step("data", page, await _own(page, report.project_id, "resubmit_report", db), report, db)


async def _own(page: PageCall, project_id: int, operation: str, db: Database) -> Project:
    """A project of one of the visitor's organisations. Raises `NotYours`, `Unknown`."""
    asked = page.asks(operation)
    project = await projects.project(project_id, asked=asked, db=db)
    authorise_for(asked, project.developer_id)
    return project


def _named(page: PageCall) -> tuple[str, ...]:
    """The documents in the address, in their order."""
    found = [
        (name, value)
        for name, value in page.request.query_params.items()
        if _DOCUMENT.fullmatch(name) and _SHA256.fullmatch(value)
    ]
    return tuple(dict.fromkeys(value for _, value in sorted(found, key=lambda each: (len(each[0]), each[0]))))


def _address(base: str, named: tuple[str, ...]) -> str:
    query = urlencode({f"documents[{at}]": each for at, each in enumerate(named)})
    return f"{base}?{query}" if query else base


async def _step(step: str, page: PageCall, project: Project, report: Report | None, db: Database) -> Response[Any]:
    """One of the two steps, unless nothing can be filed now."""
    if project.state != "registered" or (report and report.state != "rejected"):
        elsewhere = f"/reports/{report.id}" if report else f"/projects/{project.id}"
        return Redirect(elsewhere, status_code=HTTP_303_SEE_OTHER)
    base = f"/reports/{report.id}/again" if report else f"/projects/{project.id}/reports/new"
    named = _named(page)
    added = _address(base, named)
    return page.answer(
        f"drafts/report_{step}.html",
        project=project,
        report=report,
        documents=await documents.seen(named, asked=page.asks("get_document"), db=db),
        without={each: _address(base, tuple(one for one in named if one != each)) for each in named},
        added=f"{added}{'&' if named else '?'}documents[{len(named)}]={{sha256}}",
        back=added,
        onward=_address(f"{base}/data", named),
        action=f"/v1/reports/{report.id}/resubmit" if report else f"/v1/projects/{project.id}/reports",
        sent_back=await _sent_back(report, page, db),
        tag=activity.tag(project.methodology),
        calculation=activity.calculation(project.methodology, _entered(page, project, report)),
        grids=activity.grids(),
    )


def _entered(page: PageCall, project: Project, report: Report | None) -> dict[str, str]:
    """What stands in the address; at first, what the report said before, or what the project's design fixes."""
    entered = dict(page.request.query_params.items())
    if any(name.startswith("activity.") for name in entered):
        return entered
    if report is not None:
        said = {"begins": str(report.begins), "ends": str(report.ends)}
        return said | activity.fields_of(report.activity) | entered
    fixed: dict[str, str] = {}
    if project.design and project.design.grid_region:
        fixed["activity.grid_region"] = project.design.grid_region
        fixed["activity.grid_year:int"] = str(project.design.grid_year or "")
    if project.site and project.site.area_ha is not None:
        fixed["activity.area_ha"] = str(project.site.area_ha)
    return fixed | entered


async def _sent_back(report: Report | None, page: PageCall, db: Database) -> str:
    """Why the report was sent back, if it was."""
    if report is None:
        return ""
    history = await projects.history(report.project_id, LAST, asked=page.asks("get_project_history"), db=db)
    return next((each.why for each in history.items if each.report_id == report.id and each.to_state == "rejected"), "")

"""What a verifier judges: what the developer stated, side by side with the evidence, and the decision."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.http import PathId
from registry.kit.pages import Window
from registry.kit.problems import DomainError
from registry.methodologies import catalogue
from registry.projects.service import documents, projects, reports
from schemas.projects import Project, ProjectBody, ProjectVersion, Report, ReportVersion

WHOLE: Final = Window(None, 200)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
Row = tuple[str, str, str]
"""What something is called, what was said of it before, and what is said now."""


class ValidationPages(Controller):
    """A project that was submitted."""

    path = "/projects/{project_id:int}/validation"

    @get("/")
    async def project(
        self, page: NamedDependency[PageCall], project_id: PathId, db: NamedDependency[Database]
    ) -> Response[Any]:
        """The page, for verifiers."""
        asked = page.asks("validate_project")
        project = await projects.project(project_id, asked=asked, db=db)
        if project.state != "submitted":
            return Redirect(f"/projects/{project_id}", status_code=HTTP_303_SEE_OTHER)
        history = await projects.history(project_id, WHOLE, asked=page.asks("get_project_history"), db=db)
        return page.answer(
            "drafts/validation.html",
            project=project,
            methodology=next(each for each in catalogue.catalogue() if each.id == project.methodology),
            documents=await documents.seen(project.documents, asked=page.asks("get_document"), db=db),
            history=[each for each in history.items if each.report_id is None],
            changes=await _project_changes(project, page, db),
            conflict=await _conflict(project, page, "validate_project", db),
            own=await _own_report(page, db),
        )


class VerificationPages(Controller):
    """A monitoring report that was filed."""

    path = "/reports/{report_id:int}/verification"

    @get("/")
    async def report(
        self, page: NamedDependency[PageCall], report_id: PathId, db: NamedDependency[Database]
    ) -> Response[Any]:
        """The page, for verifiers."""
        asked = page.asks("verify_report")
        report, project = await reports.shown_report(report_id, asked=asked, db=db)
        if report.state != "submitted":
            return Redirect(f"/reports/{report_id}", status_code=HTTP_303_SEE_OTHER)
        history = await projects.history(project.id, WHOLE, asked=page.asks("get_project_history"), db=db)
        versions = (await reports.versions(report_id, WHOLE, db=db)).items
        again = catalogue.calculate(report.activity)
        return page.answer(
            "drafts/verification.html",
            report=report,
            project=project,
            stated=list(msgspec.to_builtins(report.activity).items()),
            same=again == report.reduction,
            again=again,
            changes=changes(versions[-1], report) if versions else None,
            documents=await documents.seen(report.documents, asked=page.asks("get_document"), db=db),
            history=[each for each in history.items if each.report_id == report_id],
            conflict=await _conflict(project, page, "verify_report", db),
            own=await _own_report(page, db),
        )


async def _project_changes(project: Project, page: PageCall, db: Database) -> list[Row] | None:
    """What a project says otherwise than when it was last judged; None if it is judged for the first time."""
    asked = page.asks("list_project_versions")
    versions = (await projects.versions(project.id, WHOLE, asked=asked, db=db)).items
    return _differences(_said(versions[-1]), _said(project)) if versions else None


def _said(project: Project | ProjectVersion) -> dict[str, str]:
    """What a project says, as texts."""
    body = {name: getattr(project, name) for name in ProjectBody.__struct_fields__}
    plain = {name: str(value) for name, value in body.items() if name not in ("documents", "site", "design")}
    for part in ("site", "design"):
        plain |= {f"{part} {name}": str(value) for name, value in msgspec.to_builtins(body[part] or {}).items()}
    named = {f"document {each[:12]}…": each for each in project.documents}
    return {name.replace("_", " "): value for name, value in (plain | named).items()}


def changes(before: ReportVersion, now: Report) -> list[Row]:
    """What a report says otherwise than its last version, field by field."""
    return _differences(_facts(before), _facts(now))


def _differences(was: Mapping[str, str], said: Mapping[str, str]) -> list[Row]:
    names = dict.fromkeys([*was, *said])
    return [(name, was.get(name, ""), said.get(name, "")) for name in names if was.get(name) != said.get(name)]


def _facts(report: Report | ReportVersion) -> dict[str, str]:
    """What a report says, as texts."""
    activity_data: dict[str, object] = msgspec.to_builtins(report.activity)
    documents_ = {f"document {each[:12]}…": each for each in report.documents}
    return {
        "begins": str(report.begins),
        "ends": str(report.ends),
        **{name.replace("_", " "): str(value) for name, value in activity_data.items()},
        "reduction kg": str(report.reduction.reduction_kg),
        **documents_,
    }


async def _conflict(project: Project, page: PageCall, operation: str, db: Database) -> DomainError | None:
    """Why the visitor may not judge the project, as the operation itself would say it."""
    try:
        await projects.refuse_conflict(project, asked=page.asks(operation), db=db)
    except DomainError as error:
        return error
    return None


async def _own_report(page: PageCall, db: Database) -> Any:  # noqa: ANN401 - a document, or None
    """The verifier's own report, which was uploaded just now, or None."""
    sha256 = page.request.query_params.get("report", "")
    if not _SHA256.fullmatch(sha256):
        return None
    return next(iter(await documents.seen((sha256,), asked=page.asks("get_document"), db=db)), None)

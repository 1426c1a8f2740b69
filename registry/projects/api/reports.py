"""Monitoring reports over HTTP."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathId
from registry.kit.pages import Window
from registry.kit.quotas import Quotas
from registry.projects.service import reports
from schemas.access import Call
from schemas.pages import Page
from schemas.projects import (
    Decision,
    NewReport,
    Report,
    ReportVersion,
    Verification,
)


class ReportsController(Controller):
    """Monitoring reports and their verification."""

    path = "/v1/reports"
    tags = ("Projects",)

    @get("/{report_id:int}", operation_id="get_report", responses=READS)
    async def report(self, report_id: PathId, db: NamedDependency[Database]) -> Report:
        """One monitoring report with its arithmetic."""
        return await reports.report(report_id, db=db)

    @get("/{report_id:int}/versions", operation_id="list_report_versions", responses=READS)
    async def versions(
        self, report_id: PathId, ordered: NamedDependency[Window], db: NamedDependency[Database]
    ) -> Page[ReportVersion]:
        """What the report said before it was filed again, each time."""
        return await reports.versions(report_id, ordered, db=db)

    @post("/{report_id:int}/resubmit", operation_id="resubmit_report", responses=WRITES)
    async def resubmit(
        self,
        report_id: PathId,
        data: JSONBody[NewReport],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> Report:
        """File a rejected report again, corrected."""
        return await reports.resubmit_report(report_id, data, call=call, db=db, quotas=quotas)

    @post("/{report_id:int}/verify", operation_id="verify_report", responses=WRITES)
    async def verify(
        self,
        report_id: PathId,
        data: JSONBody[Verification],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Report:
        """A verifier confirms the report."""
        return await reports.verify_report(report_id, data, call=call, db=db)

    @post("/{report_id:int}/reject", operation_id="reject_report", responses=WRITES)
    async def reject(
        self,
        report_id: PathId,
        data: JSONBody[Decision],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Report:
        """Send the report back with a reason."""
        return await reports.reject_report(report_id, data, call=call, db=db)

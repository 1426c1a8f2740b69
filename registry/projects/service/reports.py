"""Monitoring reports: filed, verified, sent back, issued."""

from registry.access import authorisation as access
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.kit.quotas import DEFAULT, Quotas
from registry.methodologies import calendars, catalogue
from registry.projects import identity, rules, store, usage
from registry.projects.service import documents, projects
from schemas.access import Call, Role
from schemas.methodologies import Reduction
from schemas.pages import Page
from schemas.projects import (
    Decision,
    NewReport,
    Project,
    Report,
    ReportVersion,
    Verification,
)


async def submit_report(
    project_id: int, body: NewReport, *, call: Call, db: Database, quotas: Quotas = DEFAULT
) -> Report:
    """
    File a monitoring report. The reduction is computed here; a report without any is refused, with its arithmetic.

    Raises `OutsidePeriod`, `WrongMethodology`, `NothingToIssue`, `UnknownFactor`, `NoEvidence`, `EvidenceUsed`,
    `OutsideDesign`, `QuotaUsedUp`.
    """

    async def work(tx: Tx) -> Written[Report]:
        project = await projects.own_project_in(tx, project_id, call)
        rules.check_step(project.code, "report", project.state, rules.PROJECT_STEPS)
        quotas.check("reports", await usage.reports(tx, project_id))  # the project is locked
        report_id = await store.insert_report(tx, project_id, body, await _checked_in(tx, project, body, without=None))
        await store.record_report(
            tx,
            project_id,
            report_id,
            None,
            "submitted",
            person_id=call.by.person_id,
            organisation_id=project.developer_id,
            why="Monitoring report filed",
        )
        return Written(report_id, await _report_again(tx, str(report_id)))

    return await once(db, call, work, _report_again)


async def resubmit_report(
    report_id: int, body: NewReport, *, call: Call, db: Database, quotas: Quotas = DEFAULT
) -> Report:
    """File a rejected report again, corrected. Raises `QuotaUsedUp`, and what `submit_report` does."""

    async def work(tx: Tx) -> Written[Report]:
        report = await _locked_report(tx, report_id)
        project = await projects.own_project_in(tx, report.project_id, call)
        rules.check_step(f"Report {report_id}", "resubmit", report.state, rules.REPORT_STEPS)
        quotas.check("report_versions", await usage.versions(tx, report_id))  # the report is locked
        await store.replace_report(tx, report_id, body, await _checked_in(tx, project, body, without=report_id))
        await store.record_report(
            tx,
            project.id,
            report_id,
            report.state,
            "submitted",
            person_id=call.by.person_id,
            organisation_id=project.developer_id,
            why="Corrected report filed",
        )
        return Written(report_id, await _report_again(tx, str(report_id)))

    return await once(db, call, work, _report_again)


async def verify_report(report_id: int, body: Verification, *, call: Call, db: Database) -> Report:
    """A verifier confirms a monitoring report. Raises `VerifierConflict`, `AboveDesign`, and as `judge_by_in`."""

    async def work(tx: Tx) -> Written[Report]:
        report = await _locked_report(tx, report_id)
        project = await projects.project_in(tx, report.project_id)
        verifier = await projects.verifier_in(tx, project, call)
        rules.check_step(f"Report {report_id}", "verify", report.state, rules.REPORT_STEPS)
        await documents.judge_by_in(
            tx,
            body.report_sha256,
            project,
            verifier_id=verifier,
            evidence=report.documents,
            report_id=report_id,
        )
        others = await store.standing_reports(tx, project.id)
        identity.check_verified_amount(project, report, others, body.above_design)
        if body.above_design.strip():
            await store.set_above_design(tx, report_id, body.above_design)
        await store.move_report(
            tx,
            report,
            "verified",
            person_id=call.by.person_id,
            organisation_id=verifier,
            why=body.why,
            verification=(body.report_sha256, verifier),
        )
        return Written(report_id, await _report_again(tx, str(report_id)))

    return await once(db, call, work, _report_again)


async def reject_report(report_id: int, body: Decision, *, call: Call, db: Database) -> Report:
    """Send a report back: the verifier while it is submitted, the regulator once it is verified."""

    async def work(tx: Tx) -> Written[Report]:
        report = await _locked_report(tx, report_id)
        project = await projects.project_in(tx, report.project_id)
        rules.check_step(f"Report {report_id}", "reject", report.state, rules.REPORT_STEPS)
        organisation_id = await projects.whose_turn_in(tx, project, report.state, call)
        await store.move_report(
            tx, report, "rejected", person_id=call.by.person_id, organisation_id=organisation_id, why=body.why
        )
        return Written(report_id, await _report_again(tx, str(report_id)))

    return await once(db, call, work, _report_again)


async def issue_report_in(tx: Tx, report_id: int, *, call: Call) -> tuple[Report, Project]:
    """Mark a verified report as issued and return it with its project; the caller makes the issuance."""
    report = await _locked_report(tx, report_id)
    project = await projects.project_in(tx, report.project_id)
    rules.check_step(f"Report {report_id}", "issue", report.state, rules.REPORT_STEPS)
    await store.move_report(
        tx,
        report,
        "issued",
        person_id=call.by.person_id,
        organisation_id=access.organisation_acting(call.by, Role.REGULATOR),
        why="Credits issued",
    )
    return report, project


async def report(report_id: int, *, db: Database) -> Report:
    """One monitoring report with its arithmetic."""
    async with db.reading() as tx:
        return await _report_again(tx, str(report_id))


async def shown_report(report_id: int, *, asked: Call, db: Database) -> tuple[Report, Project]:
    """One monitoring report and its project, for anybody who may see the project."""
    async with db.reading() as tx:
        found = await _report_again(tx, str(report_id))
        return found, await projects.visible_in(tx, found.project_id, asked)


async def reports(project_id: int, window: Window, *, asked: Call, db: Database) -> Page[Report]:
    """The monitoring reports of a project."""
    async with db.reading() as tx:
        await projects.visible_in(tx, project_id, asked)
        return await store.reports(tx, window, project_id)


async def versions(report_id: int, window: Window, *, db: Database) -> Page[ReportVersion]:
    """What a monitoring report said each time before it was filed again."""
    async with db.reading() as tx:
        await _report_again(tx, str(report_id))
        return await store.versions(tx, window, report_id)


async def _report_again(tx: Tx, report_id: str) -> Report:
    if found := await store.report(tx, int(report_id)):
        return found
    raise Unknown(f"There is no report {report_id}.")


async def _locked_report(tx: Tx, report_id: int) -> Report:
    if found := await store.report(tx, report_id, lock=True):
        return found
    raise Unknown(f"There is no report {report_id}.")


async def _checked_in(tx: Tx, project: Project, body: NewReport, *, without: int | None) -> Reduction:
    """The reduction of a report that may be filed for *project*; *without* is the one that it replaces."""
    await documents.refuse_missing_in(tx, body.documents)
    others = [each for each in await store.standing_reports(tx, project.id) if each.id != without]
    rules.check_report(project, body, others, calendars.shanghai_date(await clock.now_in(tx)))
    reduction = catalogue.compute(body.activity)
    identity.check_design(project, body, others)
    what = f"The report of {body.begins} to {body.ends}"
    await documents.refuse_used_in(tx, body.documents, project_id=project.id, report_id=without, what=what)
    return reduction

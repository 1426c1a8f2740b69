"""From a draft to a verified monitoring report: each step by whose turn it is, each with a reason."""

import hashlib

from registry.access import authorisation as access
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Invalid, Unknown
from registry.methodologies import calendars, catalogue
from registry.parties import service as parties
from registry.projects import rules, store
from schemas.access import Call, Role
from schemas.pages import Page
from schemas.projects import (
    Comment,
    Decision,
    Document,
    Finding,
    NewComment,
    NewProject,
    NewReport,
    Project,
    ProjectBody,
    ProjectEvent,
    Report,
)
from schemas.serials import ProjectCode

DOCUMENT_LIMIT_BYTES = 10 * 1024 * 1024


async def upload_document(content: bytes, media_type: str, *, call: Call, db: Database) -> Document:
    """Store a file under its SHA-256; uploading the same again answers the first."""
    if not content:
        raise Invalid("The body is empty: send the bytes of the file.")
    sha256 = hashlib.sha256(content).digest()

    async def work(tx: Tx) -> Written[Document]:
        await store.insert_document(tx, sha256, media_type, content, call.by.person_id)
        return Written(sha256.hex(), await _document_again(tx, sha256.hex()))

    return await once(db, call, work, _document_again)


async def _document_again(tx: Tx, sha256: str) -> Document:
    if found := await store.document(tx, bytes.fromhex(sha256)):
        return found
    raise Unknown(f"No document with SHA-256 {sha256} was uploaded.")


async def document(sha256: str, *, db: Database) -> tuple[str, bytes]:
    """Media type and bytes of a document."""
    async with db.reading() as tx:
        found = await store.document_content(tx, bytes.fromhex(sha256))
    if found is None:
        raise Unknown(f"No document with SHA-256 {sha256} was uploaded.")
    return found


async def create_project(body: NewProject, *, call: Call, db: Database) -> Project:
    """Begin a draft for one of the caller's organisations."""
    access.authorise_for(call, body.organisation_id)

    async def work(tx: Tx) -> Written[Project]:
        await _refuse_missing(tx, body.documents)
        region = await parties.region_in(tx)
        code = ProjectCode(region=region.serial_region, programme=region.programme, project=await store.next_number(tx))
        project_id = await store.insert_project(tx, code, body.organisation_id, body)
        await store.record(
            tx,
            project_id,
            "draft",
            person_id=call.by.person_id,
            organisation_id=body.organisation_id,
            why="Draft created",
        )
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def update_project(project_id: int, body: ProjectBody, *, call: Call, db: Database) -> Project:
    """Change a draft, or a rejected project before it is submitted again."""

    async def work(tx: Tx) -> Written[Project]:
        project = await _own_project(tx, project_id, call)
        rules.check_step(project.code, "update", project.state, rules.PROJECT_STEPS)
        await _refuse_missing(tx, body.documents)
        await store.update_project(tx, project_id, body)
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def submit_project(project_id: int, body: Decision, *, call: Call, db: Database) -> Project:
    """Hand a project to validation, for the first time or again after a rejection."""

    async def work(tx: Tx) -> Written[Project]:
        project = await _own_project(tx, project_id, call)
        rules.check_step(project.code, "submit", project.state, rules.PROJECT_STEPS)
        await store.move_project(
            tx,
            project,
            "submitted",
            person_id=call.by.person_id,
            organisation_id=project.developer_id,
            why=body.why,
        )
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def validate_project(project_id: int, body: Finding, *, call: Call, db: Database) -> Project:
    """A verifier finds that the project meets its methodology. Raises `VerifierConflict`."""

    async def work(tx: Tx) -> Written[Project]:
        project = await _locked_project(tx, project_id)
        verifier = await _verifier_in(tx, project, call)
        rules.check_step(project.code, "validate", project.state, rules.PROJECT_STEPS)
        await _refuse_missing(tx, (body.report_sha256,))
        why = f"{body.why} (validation report {body.report_sha256})"
        await store.move_project(
            tx, project, "validated", person_id=call.by.person_id, organisation_id=verifier, why=why
        )
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def open_public_notice(project_id: int, body: Decision, *, call: Call, db: Database) -> Project:
    """The regulator opens seven working days of public notice, counted from the day after."""

    async def work(tx: Tx) -> Written[Project]:
        project = await _locked_project(tx, project_id)
        rules.check_step(project.code, "open_notice", project.state, rules.PROJECT_STEPS)
        opened = calendars.shanghai_date(await clock.now_in(tx))
        await store.move_project(
            tx,
            project,
            "public_notice",
            person_id=call.by.person_id,
            organisation_id=access.organisation_acting(call.by, Role.REGULATOR),
            why=body.why,
            notice=(opened, calendars.end_of_public_notice(opened)),
        )
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def comment_on_notice(project_id: int, body: NewComment, *, call: Call, db: Database) -> Comment:
    """Say something about a project while its public notice runs."""

    async def work(tx: Tx) -> Written[Comment]:
        project = await _locked_project(tx, project_id)
        rules.check_step(project.code, "comment", project.state, rules.PROJECT_STEPS)
        assert project.notice_ends is not None  # every project in public notice has its last day
        rules.check_notice_runs(project, calendars.end_of_day(project.notice_ends), await clock.now_in(tx))
        comment = await store.insert_comment(tx, project_id, call.by.person_id, body.text)
        return Written(comment.id, comment)

    async def again(tx: Tx, comment_id: str) -> Comment:
        return await store.comment(tx, int(comment_id))

    return await once(db, call, work, again)


async def register_project(project_id: int, body: Decision, *, call: Call, db: Database) -> Project:
    """The regulator registers a project whose public notice is over. Raises `NoticeRunning`."""

    async def work(tx: Tx) -> Written[Project]:
        project = await _locked_project(tx, project_id)
        rules.check_step(project.code, "register", project.state, rules.PROJECT_STEPS)
        assert project.notice_ends is not None  # every project in public notice has its last day
        rules.check_notice_over(project, calendars.end_of_day(project.notice_ends), await clock.now_in(tx))
        await store.move_project(
            tx,
            project,
            "registered",
            person_id=call.by.person_id,
            organisation_id=access.organisation_acting(call.by, Role.REGULATOR),
            why=body.why,
        )
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def reject_project(project_id: int, body: Decision, *, call: Call, db: Database) -> Project:
    """Send a project back with a reason: the verifier while it is submitted, the regulator after that."""

    async def work(tx: Tx) -> Written[Project]:
        project = await _locked_project(tx, project_id)
        rules.check_step(project.code, "reject", project.state, rules.PROJECT_STEPS)
        organisation_id = await _whose_turn_in(tx, project, project.state, call)
        await store.move_project(
            tx, project, "rejected", person_id=call.by.person_id, organisation_id=organisation_id, why=body.why
        )
        return Written(project_id, await _project_again(tx, str(project_id)))

    return await once(db, call, work, _project_again)


async def submit_report(project_id: int, body: NewReport, *, call: Call, db: Database) -> Report:
    """
    File a monitoring report. The reduction is computed here; nothing to issue is refused with its arithmetic.

    Raises `OutsidePeriod`, `WrongMethodology`, `NothingToIssue`, `UnknownFactor`.
    """

    async def work(tx: Tx) -> Written[Report]:
        project = await _own_project(tx, project_id, call)
        rules.check_step(project.code, "report", project.state, rules.PROJECT_STEPS)
        await _check_report_in(tx, project, body, without=None)
        report_id = await store.insert_report(tx, project_id, body, catalogue.compute(body.activity))
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


async def resubmit_report(report_id: int, body: NewReport, *, call: Call, db: Database) -> Report:
    """File a rejected report again, corrected."""

    async def work(tx: Tx) -> Written[Report]:
        report = await _locked_report(tx, report_id)
        project = await _own_project(tx, report.project_id, call)
        rules.check_step(f"Report {report_id}", "resubmit", report.state, rules.REPORT_STEPS)
        await _check_report_in(tx, project, body, without=report_id)
        await store.replace_report(tx, report_id, body, catalogue.compute(body.activity))
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


async def verify_report(report_id: int, body: Finding, *, call: Call, db: Database) -> Report:
    """A verifier confirms a monitoring report. Raises `VerifierConflict`."""

    async def work(tx: Tx) -> Written[Report]:
        report = await _locked_report(tx, report_id)
        project = await project_in(tx, report.project_id)
        verifier = await _verifier_in(tx, project, call)
        rules.check_step(f"Report {report_id}", "verify", report.state, rules.REPORT_STEPS)
        await _refuse_missing(tx, (body.report_sha256,))
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
        project = await project_in(tx, report.project_id)
        rules.check_step(f"Report {report_id}", "reject", report.state, rules.REPORT_STEPS)
        organisation_id = await _whose_turn_in(tx, project, report.state, call)
        await store.move_report(
            tx, report, "rejected", person_id=call.by.person_id, organisation_id=organisation_id, why=body.why
        )
        return Written(report_id, await _report_again(tx, str(report_id)))

    return await once(db, call, work, _report_again)


async def issue_report_in(tx: Tx, report_id: int, *, call: Call) -> tuple[Report, Project]:
    """Mark a verified report as issued and answer it with its project; the issuance is made by the caller."""
    report = await _locked_report(tx, report_id)
    project = await project_in(tx, report.project_id)
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


async def project(project_id: int, *, asked: Call, db: Database) -> Project:
    """One project. A draft is only its developer's, and the overseers'."""
    async with db.reading() as tx:
        return await _visible(tx, project_id, asked)


async def _visible(tx: Tx, project_id: int, asked: Call) -> Project:
    found = await project_in(tx, project_id)
    mine = found.developer_id in access.organisations_of(asked.by)
    if found.state == "draft" and not mine and not access.oversees(asked.by):
        raise Unknown(f"There is no project {project_id}.")
    return found


async def project_in(tx: Tx, project_id: int) -> Project:
    """One project, inside a transaction. Raises `Unknown`."""
    return await _project_again(tx, str(project_id))


async def projects(window: Window, state: str | None, *, asked: Call, db: Database) -> Page[Project]:
    """All projects, or those in one state; of the drafts, one's own."""
    drafts_of = None if access.oversees(asked.by) else access.organisations_of(asked.by)
    async with db.reading() as tx:
        return await store.projects(tx, window, state, drafts_of)


async def history(project_id: int, window: Window, *, asked: Call, db: Database) -> Page[ProjectEvent]:
    """Who did what to a project and its reports, when and why."""
    async with db.reading() as tx:
        await _visible(tx, project_id, asked)
        return await store.events(tx, window, project_id)


async def comments(project_id: int, window: Window, *, asked: Call, db: Database) -> Page[Comment]:
    """The comments on a project's public notice."""
    async with db.reading() as tx:
        await _visible(tx, project_id, asked)
        return await store.comments(tx, window, project_id)


async def report(report_id: int, *, db: Database) -> Report:
    """One monitoring report with its arithmetic."""
    async with db.reading() as tx:
        return await _report_again(tx, str(report_id))


async def reports(project_id: int, window: Window, *, asked: Call, db: Database) -> Page[Report]:
    """The monitoring reports of a project."""
    async with db.reading() as tx:
        await _visible(tx, project_id, asked)
        return await store.reports(tx, window, project_id)


async def _project_again(tx: Tx, project_id: str) -> Project:
    if found := await store.project(tx, int(project_id)):
        return found
    raise Unknown(f"There is no project {project_id}.")


async def _report_again(tx: Tx, report_id: str) -> Report:
    if found := await store.report(tx, int(report_id)):
        return found
    raise Unknown(f"There is no report {report_id}.")


async def _locked_project(tx: Tx, project_id: int) -> Project:
    if found := await store.project(tx, project_id, lock=True):
        return found
    raise Unknown(f"There is no project {project_id}.")


async def _locked_report(tx: Tx, report_id: int) -> Report:
    if found := await store.report(tx, report_id, lock=True):
        return found
    raise Unknown(f"There is no report {report_id}.")


async def _own_project(tx: Tx, project_id: int, call: Call) -> Project:
    found = await _locked_project(tx, project_id)
    access.authorise_for(call, found.developer_id)
    return found


async def _refuse_missing(tx: Tx, documents: tuple[str, ...]) -> None:
    if missing := await store.missing_documents(tx, documents):
        raise rules.UnknownDocument(
            f"{len(missing)} of {len(documents)} documents were not uploaded, first {missing[0]}. "
            "Upload them to /v1/documents, then send this again.",
            missing=missing,
        )


async def _check_report_in(tx: Tx, project: Project, body: NewReport, *, without: int | None) -> None:
    await _refuse_missing(tx, body.documents)
    others = [each for each in await store.all_reports(tx, project.id) if each.id != without]
    rules.check_report(project, body, others, calendars.shanghai_date(await clock.now_in(tx)))


async def _verifier_in(tx: Tx, project: Project, call: Call) -> int:
    verifier = access.organisation_acting(call.by, Role.VERIFIER)
    if verifier is None:
        raise rules.NotYourTurn(f"{project.code} is judged by a verifier; you do not hold that role.")
    await parties.refuse_conflict_in(tx, verifier_id=verifier, owner_id=project.developer_id, project=project.code)
    return verifier


async def _whose_turn_in(tx: Tx, project: Project, state: str, call: Call) -> int | None:
    role = rules.WHO_REJECTS[state]
    if role == Role.VERIFIER:
        return await _verifier_in(tx, project, call)
    organisation_id = access.organisation_acting(call.by, role)
    if organisation_id is None:
        raise rules.NotYourTurn(f"What is {state} is decided by a {role}; you do not hold that role.")
    return organisation_id

"""Projects, reports, documents and their history in PostgreSQL."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import asyncpg
import msgspec

from registry.access.awaits import awaits
from registry.kit import sql
from registry.kit.database import Tx, affected, convert, fetch_one
from registry.kit.pages import Window
from registry.projects.rules import WrongState
from schemas.methodologies import Activity, Reduction
from schemas.pages import Page
from schemas.projects import (
    Comment,
    Document,
    NewObjection,
    NewReport,
    Objection,
    ObjectionAnswer,
    Project,
    ProjectBody,
    ProjectDocument,
    ProjectEvent,
    ProjectsWanted,
    Report,
    ReportVersion,
)
from schemas.serials import ProjectCode
from schemas.usage import UnnamedDocument

_sql = sql.load(__package__)


async def insert_document(
    tx: Tx, sha256: bytes, media_type: str, content: bytes, by: int, *, organisation_id: int
) -> None:
    """Store a file, which uses the quota of an organisation; the same content again changes nothing."""
    await tx.execute(_sql.insert_document, sha256, media_type, content, by, organisation_id)


async def insert_upload(tx: Tx, sha256: bytes, person_id: int, organisations: Sequence[int]) -> None:
    """Keep that somebody uploaded a file, and the organisations they belong to."""
    await tx.execute(_sql.insert_upload, sha256, person_id, list(organisations))


async def uploading_verifiers(tx: Tx, sha256: str, verifier_id: int) -> frozenset[int]:
    """The people who uploaded a file and are verifiers at an organisation now."""
    rows = await tx.fetch(_sql.uploading_verifiers, bytes.fromhex(sha256), verifier_id)
    return frozenset(row["person_id"] for row in rows)


async def shown_to(tx: Tx, sha256: bytes, person_id: int, organisations: Sequence[int]) -> bool:
    """Whether somebody without oversight may see a file."""
    return bool(await tx.fetchval(_sql.shown_to, sha256, person_id, list(organisations)))


async def document(tx: Tx, sha256: bytes) -> Document | None:
    """What is known about a file."""
    row = await tx.fetchrow(_sql.document, sha256)
    return convert({**row, "sha256": row["sha256"].hex()}, Document) if row else None


async def document_content(tx: Tx, sha256: bytes) -> tuple[str, bytes] | None:
    """Media type and bytes of a file."""
    row = await tx.fetchrow(_sql.document_content, sha256)
    return (row["media_type"], row["content"]) if row else None


async def documents_of(tx: Tx, project_id: int, seen_of: Sequence[int] | None) -> list[ProjectDocument]:
    """What a project, as `shown_project` has it, and its reports name, in the order of its course."""
    rows = await tx.fetch(_sql.documents_of, project_id, seen_of)
    said = ({**row, "sha256": row["sha256"].hex(), "public": row["of"] != "evidence"} for row in rows)
    return [convert(each, ProjectDocument) for each in said]


async def missing_documents(tx: Tx, wanted: Sequence[str]) -> list[str]:
    """Return the named documents that were never uploaded; none is removed until the transaction ends."""
    await tx.execute(_sql.share_documents)
    rows = await tx.fetch(_sql.known_documents, [bytes.fromhex(each) for each in wanted])
    known = {row["sha256"].hex() for row in rows}
    return [each for each in wanted if each not in known]


async def lock_documents(tx: Tx) -> None:
    """Let nobody name a document until the transaction ends."""
    await tx.execute(_sql.lock_documents)


async def unnamed_documents(
    tx: Tx, days: int, after: str, limit: int, only: str | None = None
) -> list[UnnamedDocument]:
    """Documents that no project or report names, older than *days*, by their SHA-256 after *after*."""
    only_sha256 = bytes.fromhex(only) if only else None
    rows = await tx.fetch(_sql.unnamed_documents, days, bytes.fromhex(after), limit, only_sha256)
    return [convert({**row, "sha256": row["sha256"].hex()}, UnnamedDocument) for row in rows]


async def remove_document(tx: Tx, sha256: str) -> None:
    """Remove a file; only the owner of the tables may."""
    await tx.execute(_sql.remove_document, bytes.fromhex(sha256))


async def next_number(tx: Tx) -> int:
    """Take the number of the next project."""
    return int(await tx.fetchval(_sql.next_number))


async def insert_project(tx: Tx, code: ProjectCode, developer_id: int, body: ProjectBody) -> int:
    """Create a draft."""
    return int(await tx.fetchval(_sql.insert_project, code.project, str(code), developer_id, *_project_args(body)))


async def update_project(tx: Tx, project_id: int, body: ProjectBody) -> None:
    """Replace the content of a draft or a rejected project."""
    if not affected(await tx.execute(_sql.update_project, project_id, *_project_args(body))):
        raise WrongState(f"Project {project_id} was changed by another request meanwhile. Read it again.")


def _project_args(body: ProjectBody) -> tuple[object, ...]:
    documents = [bytes.fromhex(each) for each in body.documents]
    return (
        body.name,
        body.methodology,
        body.location,
        body.crediting_begins,
        body.crediting_ends,
        body.description,
        documents,
        *(msgspec.json.encode(each).decode() if each else None for each in (body.site, body.design)),
    )


async def project(tx: Tx, project_id: int, *, lock: bool = False) -> Project | None:
    """One project; locked, its state cannot change until the transaction ends."""
    if lock:
        await tx.execute(_sql.lock_project, project_id)
    return await shown_project(tx, project_id, None)


async def shown_project(tx: Tx, project_id: int, seen_of: Sequence[int] | None) -> Project | None:
    """One project as strangers see it, or as it is if *seen_of* has its developer or is None."""
    row = await tx.fetchrow(_sql.projects.oldest, project_id - 1, 1, project_id, None, seen_of, None, None)
    return _project(row, seen_of) if row else None


async def projects(tx: Tx, window: Window, wanted: ProjectsWanted, seen_of: Sequence[int] | None) -> Page[Project]:
    """Projects in the order of their creation; drafts, and what is changed later, only of *seen_of*, None for all."""
    filters = (wanted.state, seen_of, wanted.methodology, wanted.organisation_id)
    rows = await tx.fetch(window.of(_sql.projects), *window.args, None, *filters)
    return window.page([(row["id"], _project(row, seen_of)) for row in rows])


def _project(row: asyncpg.Record, seen_of: Sequence[int] | None) -> Project:
    said = dict(row)
    if not row["standing"] and row["submitted"] and seen_of is not None and row["developer_id"] not in seen_of:
        said |= msgspec.json.decode(row["submitted"]) | {"documents": row["submitted_documents"]}
    else:
        said |= {name: msgspec.json.decode(row[name]) if row[name] else None for name in ("site", "design")}
    changed = {
        "documents": [each.hex() for each in said["documents"]],
        "validation_report": row["validation_report"].hex() if row["validation_report"] else None,
        "awaits": awaits(row),
    }
    return convert({**said, **changed}, Project)


async def lock_identities(tx: Tx) -> None:
    """Let nothing else be compared with what is registered until the transaction ends."""
    await tx.execute(_sql.lock_identities)


async def standing_projects(tx: Tx, project_id: int) -> list[Project]:
    """The projects of the same methodology and time that a project must not repeat."""
    return [_project(row, None) for row in await tx.fetch(_sql.standing_projects, project_id)]


async def evidence_elsewhere(
    tx: Tx, documents: Sequence[str], project_id: int, report_id: int | None
) -> tuple[str, str] | None:
    """One of *documents* that another project or report relies on, and which."""
    row = await tx.fetchrow(_sql.evidence_elsewhere, [bytes.fromhex(each) for each in documents], project_id, report_id)
    if row is None:
        return None
    used = {each.hex() for each in row["documents"]}
    return next(each for each in documents if each in used), row["used_by"]


async def use_report(tx: Tx, sha256: str, used_by: str, owner_id: int) -> str | None:
    """Keep what a verifier's report carries; returns what it carries already, if it does."""
    digest = bytes.fromhex(sha256)
    if affected(await tx.execute(_sql.use_report, digest, used_by, owner_id)):
        return None
    return str(await tx.fetchval(_sql.report_use, digest))


async def keep_submitted(tx: Tx, project_id: int) -> None:
    """Keep what a project says at its submission."""
    await tx.execute(_sql.keep_submitted, project_id)


async def set_validation_report(tx: Tx, project_id: int, sha256: str) -> None:
    """Keep the report that a validation rests on."""
    await tx.execute(_sql.set_validation_report, project_id, bytes.fromhex(sha256))


async def set_above_design(tx: Tx, report_id: int, why: str) -> None:
    """Keep the verifier's justification of a result far above the design."""
    await tx.execute(_sql.set_above_design, report_id, why)


async def move_project(
    tx: Tx,
    project: Project,
    to: str,
    *,
    person_id: int,
    organisation_id: int | None,
    why: str,
    notice: tuple[date, date] | None = None,
) -> None:
    """Move a project to another state and record who did it and why."""
    opened, ends = notice or (None, None)
    if not affected(await tx.execute(_sql.move_project, project.id, project.state, to, opened, ends)):
        raise WrongState(f"{project.code} was changed by another request meanwhile. Read it again.")
    await tx.execute(_sql.insert_event, project.id, None, person_id, organisation_id, project.state, to, why)


async def drafters(tx: Tx, project: Project) -> frozenset[int]:
    """The people who ever took a step of the project for its developer."""
    rows = await tx.fetch(_sql.drafters, project.id, project.developer_id)
    return frozenset(row["person_id"] for row in rows)


async def record(tx: Tx, project_id: int, to: str, *, person_id: int, organisation_id: int, why: str) -> None:
    """Record a project's first state."""
    await tx.execute(_sql.insert_event, project_id, None, person_id, organisation_id, None, to, why)


async def events(tx: Tx, window: Window, project_id: int) -> Page[ProjectEvent]:
    """The history of a project and its reports."""
    rows = await tx.fetch(window.of(_sql.events), *window.args, project_id)
    return window.page([(row["id"], convert(row, ProjectEvent)) for row in rows])


async def insert_comment(tx: Tx, project_id: int, person_id: int, text: str) -> Comment:
    """Store a comment on a notice."""
    return convert(await fetch_one(tx, _sql.insert_comment, project_id, person_id, text), Comment)


async def comment(tx: Tx, comment_id: int) -> Comment:
    """One comment."""
    return convert(await fetch_one(tx, _sql.comment, comment_id), Comment)


async def comments(tx: Tx, window: Window, project_id: int) -> Page[Comment]:
    """The comments on a project's notice."""
    rows = await tx.fetch(window.of(_sql.comments), *window.args, project_id)
    return window.page([(row["id"], convert(row, Comment)) for row in rows])


async def insert_objection(tx: Tx, project_id: int, body: NewObjection, sha256: bytes) -> Objection:
    """Store an objection to a notice; the same one again changes nothing."""
    await tx.execute(_sql.insert_objection, project_id, body.name, body.contact, body.text, sha256)
    return convert(await fetch_one(tx, _sql.objections.oldest, 0, 1, project_id, sha256), Objection)


async def objections(tx: Tx, window: Window, project_id: int) -> Page[Objection]:
    """The objections to a project with their answers and contacts."""
    rows = await tx.fetch(window.of(_sql.objections), *window.args, project_id, None)
    return window.page([(row["id"], convert(row, Objection)) for row in rows])


async def open_objections(tx: Tx, project_id: int) -> tuple[int, int | None]:
    """How many objections have no answer, and the first of them."""
    row = await fetch_one(tx, _sql.open_objections, project_id)
    return row["open"], row["first"]


async def answer_objections(
    tx: Tx, project_id: int, person_id: int, text: str, asked: Sequence[int] | None
) -> tuple[int, int]:
    """Answer those that are open and *asked*, or all that are open; returns the answer's id and their number."""
    answer_id = int(await tx.fetchval(_sql.insert_answer, project_id, person_id, text))
    wanted = None if asked is None else list(asked)
    return answer_id, affected(await tx.execute(_sql.answer_objections, project_id, answer_id, wanted))


async def answer(tx: Tx, answer_id: int) -> ObjectionAnswer:
    """One answer."""
    return convert(await fetch_one(tx, _sql.answer, answer_id), ObjectionAnswer)


async def insert_report(tx: Tx, project_id: int, body: NewReport, reduction: Reduction) -> int:
    """Store a monitoring report with the reduction that was computed from it."""
    return int(await tx.fetchval(_sql.insert_report, project_id, *_report_args(body, reduction)))


async def replace_report(tx: Tx, report_id: int, body: NewReport, reduction: Reduction) -> None:
    """Replace a rejected report by its correction; what it said is kept as a version."""
    await tx.execute(_sql.keep_version, report_id)
    if not affected(await tx.execute(_sql.replace_report, report_id, *_report_args(body, reduction))):
        raise WrongState(f"Report {report_id} was changed by another request meanwhile. Read it again.")


def _report_args(body: NewReport, reduction: Reduction) -> tuple[object, ...]:
    return (
        body.ends.year,
        body.begins,
        body.ends,
        msgspec.json.encode(body.activity).decode(),
        msgspec.json.encode(reduction).decode(),
        reduction.reduction_kg,
        reduction.issuable_t,
        [bytes.fromhex(each) for each in body.documents],
    )


async def report(tx: Tx, report_id: int, *, lock: bool = False) -> Report | None:
    """One report; locked, its state cannot change until the transaction ends."""
    if lock:
        await tx.execute(_sql.lock_report, report_id)
    row = await tx.fetchrow(_sql.reports.oldest, report_id - 1, 1, None, report_id)
    return _report(row) if row else None


async def standing_reports(tx: Tx, project_id: int) -> list[Report]:
    """The reports of one project that were not sent back, in the order of filing."""
    return [_report(row) for row in await tx.fetch(_sql.standing_reports, project_id)]


async def reports(tx: Tx, window: Window, project_id: int) -> Page[Report]:
    """The reports of one project in the order of filing."""
    rows = await tx.fetch(window.of(_sql.reports), *window.args, project_id, None)
    return window.page([(row["id"], _report(row)) for row in rows])


async def versions(tx: Tx, window: Window, report_id: int) -> Page[ReportVersion]:
    """What a report said before, in order."""
    rows = await tx.fetch(window.of(_sql.versions), *window.args, report_id)
    return window.page([(row["number"], ReportVersion(**_filed(row, ReportVersion))) for row in rows])


def _report(row: asyncpg.Record) -> Report:
    return Report(**_filed(row, Report), awaits=awaits(row))


def _filed(row: asyncpg.Record, form: type[Report | ReportVersion]) -> dict[str, Any]:
    values = {name: row[name] for name in form.__struct_fields__ if name != "awaits"}
    values["activity"] = msgspec.json.decode(row["activity"], type=Activity)
    values["reduction"] = msgspec.json.decode(row["reduction"], type=Reduction)
    values["documents"] = tuple(each.hex() for each in row["documents"])
    values["verification_report"] = row["verification_report"].hex() if row["verification_report"] else None
    return values


async def move_report(
    tx: Tx,
    report: Report,
    to: str,
    *,
    person_id: int,
    organisation_id: int | None,
    why: str,
    verification: tuple[str, int] | None = None,
) -> None:
    """Move a report to another state and record who did it and why."""
    sha256, verifier_id = verification or (None, None)
    found = bytes.fromhex(sha256) if sha256 else None
    if not affected(await tx.execute(_sql.move_report, report.id, report.state, to, found, verifier_id)):
        raise WrongState(f"Report {report.id} was changed by another request meanwhile. Read it again.")
    await record_report(
        tx,
        report.project_id,
        report.id,
        report.state,
        to,
        person_id=person_id,
        organisation_id=organisation_id,
        why=why,
    )


async def record_report(
    tx: Tx,
    project_id: int,
    report_id: int,
    from_state: str | None,
    to: str,
    *,
    person_id: int,
    organisation_id: int | None,
    why: str,
) -> None:
    """Record one step of a report."""
    await tx.execute(_sql.insert_event, project_id, report_id, person_id, organisation_id, from_state, to, why)

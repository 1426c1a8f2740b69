"""The public notice: comments, objections of anybody, and the answers that they get before registration."""

import hashlib

from msgspec import structs

from registry.access import authorisation as access
from registry.access.grants import service as grants
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.kit.quotas import DEFAULT, Quotas
from registry.methodologies import calendars
from registry.projects import rules, store, usage
from registry.projects.service import documents, projects
from schemas.access import Call
from schemas.pages import Page
from schemas.projects import (
    Comment,
    NewAnswer,
    NewComment,
    NewObjection,
    Objection,
    ObjectionAnswer,
    ProjectDocument,
)


async def object_to_project(
    project_id: int, body: NewObjection, *, db: Database, quotas: Quotas = DEFAULT
) -> Objection:
    """
    Take anybody's objection while the public notice runs; its own words identify it if it is sent again.

    Raises `WrongState`, `NoticeOver`, `QuotaUsedUp`.
    """
    digest = hashlib.sha256(f"{body.name}\0{body.contact}\0{body.text}".encode()).digest()

    async def work(tx: Tx) -> Objection:
        await _refuse_closed_in(tx, project_id, "object")
        objection = await store.insert_objection(tx, project_id, body, digest)
        quotas.check("objections", await usage.objections(tx, project_id), adding=0)  # the project is locked
        return objection

    return await db.transaction(work)


async def _refuse_closed_in(tx: Tx, project_id: int, step: str) -> None:
    """Lock the project, and refuse a step that is only taken while its public notice runs."""
    project = await projects.locked_project_in(tx, project_id)
    rules.check_step(project.code, step, project.state, rules.PROJECT_STEPS)
    assert project.notice_ends is not None  # every project in public notice has its last day
    rules.check_notice_runs(project, calendars.end_of_day(project.notice_ends), await clock.now_in(tx))


async def comment_on_notice(
    project_id: int, body: NewComment, *, call: Call, db: Database, quotas: Quotas = DEFAULT
) -> Comment:
    """Comment on a project while its public notice runs. Raises `QuotaUsedUp`."""

    async def work(tx: Tx) -> Written[Comment]:
        await _refuse_closed_in(tx, project_id, "comment")
        quotas.check("comments", await usage.comments(tx, project_id, call.by.person_id))  # the project is locked
        comment = await store.insert_comment(tx, project_id, call.by.person_id, body.text)
        return Written(comment.id, comment)

    async def again(tx: Tx, comment_id: str) -> Comment:
        return await store.comment(tx, int(comment_id))

    return await once(db, call, work, again)


async def comments(project_id: int, window: Window, *, asked: Call, db: Database) -> Page[Comment]:
    """The comments on a project's public notice."""
    async with db.reading() as tx:
        await projects.visible_in(tx, project_id, asked)
        return await store.comments(tx, window, project_id)


async def objections(project_id: int, window: Window, *, asked: Call, db: Database) -> Page[Objection]:
    """The objections to a project, each with its answer; contacts for overseers only."""
    async with db.reading() as tx:
        await projects.visible_in(tx, project_id, asked)
        page = await store.objections(tx, window, project_id)
    if access.oversees(asked.by):
        return page
    return Page(items=tuple(structs.replace(each, contact=None) for each in page.items), next=page.next)


async def answer_objections(project_id: int, body: NewAnswer, *, call: Call, db: Database) -> ObjectionAnswer:
    """
    Answer some objections, or all that have no answer yet: a flood of them takes one answer.

    Raises `NotOpen`, `OwnOrganisation`.
    """

    async def work(tx: Tx) -> Written[ObjectionAnswer]:
        project = await projects.locked_project_in(tx, project_id)
        rules.check_step(project.code, "answer", project.state, rules.PROJECT_STEPS)
        await grants.refuse_own_in(tx, [call.by.person_id], project.developer_id, "answering objections to it")
        answer_id, answered = await store.answer_objections(
            tx, project_id, call.by.person_id, body.text, body.objections
        )
        rules.check_all_taken(body.objections, answered)
        return Written(answer_id, await store.answer(tx, answer_id))

    async def again(tx: Tx, answer_id: str) -> ObjectionAnswer:
        return await store.answer(tx, int(answer_id))

    return await once(db, call, work, again)


async def project_document(project_id: int, sha256: str, *, asked: Call, db: Database) -> tuple[str, bytes]:
    """A design document of a project, or a report of a verifier, for anybody who may see the project."""
    async with db.reading() as tx:
        project = await projects.visible_in(tx, project_id, asked)
        named = await store.documents_of(tx, project_id, projects.seen_of(asked))
        if sha256 not in {each.sha256 for each in named if each.public}:
            raise Unknown(f"{project.code} names no document {sha256}.")
        return await documents.content_in(tx, sha256)


async def project_documents(project_id: int, *, asked: Call, db: Database) -> Page[ProjectDocument]:
    """What a project and its monitoring reports name, for anybody who may see the project."""
    async with db.reading() as tx:
        await projects.visible_in(tx, project_id, asked)
        return Page(items=tuple(await store.documents_of(tx, project_id, projects.seen_of(asked))))

"""The public notice: comments, objections of anybody, and the answers that they get before registration."""

import hashlib

from msgspec import structs

from registry.access import authorisation as access
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.methodologies import calendars
from registry.projects import rules, store
from registry.projects.service import documents, projects
from schemas.access import Call
from schemas.pages import Page
from schemas.projects import NewAnswer, NewObjection, Objection, ObjectionAnswer, ProjectDocument


async def object_to_project(project_id: int, body: NewObjection, *, db: Database) -> Objection:
    """
    Take anybody's objection while the public notice runs; its own words identify it if it is sent again.

    Raises `WrongState`, `NoticeOver`.
    """
    digest = hashlib.sha256(f"{body.name}\0{body.contact}\0{body.text}".encode()).digest()

    async def work(tx: Tx) -> Objection:
        project = await projects.locked_project_in(tx, project_id)
        rules.check_step(project.code, "object", project.state, rules.PROJECT_STEPS)
        assert project.notice_ends is not None  # every project in public notice has its last day
        rules.check_notice_runs(project, calendars.end_of_day(project.notice_ends), await clock.now_in(tx))
        return await store.insert_objection(tx, project_id, body, digest)

    return await db.transaction(work)


async def objections(project_id: int, window: Window, *, asked: Call, db: Database) -> Page[Objection]:
    """The objections to a project, each with its answer; contacts for overseers only."""
    async with db.reading() as tx:
        await projects.visible_in(tx, project_id, asked)
        page = await store.objections(tx, window, project_id)
    if access.oversees(asked.by):
        return page
    return Page(items=tuple(structs.replace(each, contact=None) for each in page.items), next=page.next)


async def answer_objections(project_id: int, body: NewAnswer, *, call: Call, db: Database) -> ObjectionAnswer:
    """Answer some objections, or all that have no answer yet: a flood of them takes one answer. Raises `NotOpen`."""

    async def work(tx: Tx) -> Written[ObjectionAnswer]:
        project = await projects.locked_project_in(tx, project_id)
        rules.check_step(project.code, "answer", project.state, rules.PROJECT_STEPS)
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
        named = {each.sha256 for each in await store.documents_of(tx, project_id) if each.public}
    if sha256 not in named:
        raise Unknown(f"{project.code} names no document {sha256}.")
    return await documents.document(sha256, db=db)


async def project_documents(project_id: int, *, asked: Call, db: Database) -> Page[ProjectDocument]:
    """What a project and its monitoring reports name, for anybody who may see the project."""
    async with db.reading() as tx:
        await projects.visible_in(tx, project_id, asked)
        return Page(items=tuple(await store.documents_of(tx, project_id)))

"""The documents of a draft, one by one: uploading one names it in the project, in one step."""

from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.problems import Unknown
from registry.kit.quotas import DEFAULT, Quotas
from registry.kit.room import Room
from registry.projects import rules, store
from registry.projects.service import documents, projects
from schemas.access import Call
from schemas.projects import Document, Project, ProjectChange


async def add_document(
    project_id: int, content: bytes, media_type: str, *, call: Call, db: Database, room: Room, quotas: Quotas = DEFAULT
) -> Document:
    """
    Store a file on its developer's quota and name it in a draft or a rejected project; named already, it stays so once.

    Raises `FileTypeRefused`, `QuotaUsedUp`, `StorageReserve`, `WrongState`, `NotYours`, and `Invalid` for too many.
    """
    sha256 = documents.check(content, media_type).hex()

    async def work(tx: Tx) -> Written[Document]:
        project = await _changing_in(tx, project_id, call)
        stored = await documents.store_in(
            tx, content, media_type, project.developer_id, call=call, room=room, quotas=quotas
        )
        if sha256 not in project.documents:
            rules.check_document_number(project)
            await _name_in(tx, project, (*project.documents, sha256))
        return Written(sha256, stored)

    return await once(db, call, work, documents.document_again)


async def remove_document(project_id: int, sha256: str, *, call: Call, db: Database) -> Project:
    """Name a document no more in a draft or a rejected project. The file stays stored until it is tidied away."""

    async def work(tx: Tx) -> Written[Project]:
        project = await _changing_in(tx, project_id, call)
        if sha256 not in project.documents:
            raise Unknown(f"{project.code} names no document {sha256}.")
        await _name_in(tx, project, tuple(each for each in project.documents if each != sha256))
        return Written(project_id, await projects.project_in(tx, project_id))

    async def again(tx: Tx, number: str) -> Project:
        return await projects.project_in(tx, int(number))

    return await once(db, call, work, again)


async def _changing_in(tx: Tx, project_id: int, call: Call) -> Project:
    """Lock a project of the caller's organisation that may still be changed. Raises `WrongState`, `NotYours`."""
    project = await projects.own_project_in(tx, project_id, call)
    rules.check_step(project.code, "update", project.state, rules.PROJECT_STEPS)
    return project


async def _name_in(tx: Tx, project: Project, named: tuple[str, ...]) -> None:
    changed = rules.changed(project, ProjectChange(documents=named))
    await documents.refuse_missing_in(tx, changed.documents)
    await store.update_project(tx, project.id, changed)

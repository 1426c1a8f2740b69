"""Files that projects and reports refer to, stored under their SHA-256."""

import hashlib

from registry.access.grants import service as grants
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.problems import Invalid, Unknown
from registry.projects import files, identity, rules, store
from schemas.access import Call
from schemas.projects import Document, Project

DOCUMENT_LIMIT_BYTES = 10 * 1024 * 1024


async def upload_document(content: bytes, media_type: str, *, call: Call, db: Database) -> Document:
    """Store a file under its SHA-256; uploading the same content again returns the first. Raises `FileTypeRefused`."""
    if not content:
        raise Invalid("The body is empty: send the bytes of the file.")
    files.check_type(media_type, content)
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


async def refuse_missing_in(tx: Tx, documents: tuple[str, ...]) -> None:
    """Raise `UnknownDocument` if one of *documents* was not uploaded."""
    if missing := await store.missing_documents(tx, documents):
        raise rules.UnknownDocument(
            f"{len(missing)} of {len(documents)} documents were not uploaded, first {missing[0]}. "
            "Upload them to /v1/documents, then send this again.",
            missing=missing,
        )


async def refuse_own_in(tx: Tx, sha256: str, organisation_id: int) -> None:
    """Raise `OwnReport` if somebody of the organisation uploaded the report that judges it, or `UnknownDocument`."""
    await refuse_missing_in(tx, (sha256,))
    found = await store.document(tx, bytes.fromhex(sha256))
    if found and found.uploaded_by in await grants.people_at_in(tx, organisation_id):
        raise rules.OwnReport(
            f"The file {sha256[:12]}… was uploaded by a person of the organisation that it is about. "
            "The verifier uploads its own report to /v1/documents and names that.",
            sha256=sha256,
        )


async def refuse_used_in(
    tx: Tx, documents: tuple[str, ...], *, project_id: int, report_id: int | None, what: str
) -> None:
    """Raise `NoEvidence` for no documents, `EvidenceUsed` for one that another project or report relies on."""
    identity.check_evidence(what, documents)
    await store.lock_identities(tx)
    if found := await store.evidence_elsewhere(tx, documents, project_id, report_id):
        sha256, used_by = found
        raise identity.EvidenceUsed(
            f"{what} names the document {sha256[:12]}…, which is evidence of {used_by} already. "
            "Name documents that are about this one.",
            sha256=sha256,
            used_by=used_by,
        )


async def refuse_report_in(
    tx: Tx, sha256: str, project: Project, *, evidence: tuple[str, ...] = (), report_id: int | None = None
) -> None:
    """
    Check the report of a verifier on a project, or on its monitoring report *report_id*.

    Raises `OwnReport` for a file of the developer, `ReportUsed` for one that carries another decision already.
    """
    await refuse_own_in(tx, sha256, project.developer_id)
    if sha256 in (*project.documents, *evidence):
        raise rules.OwnReport(f"The file {sha256[:12]}… is the developer's own evidence. Name the verifier's report.")
    await store.lock_identities(tx)
    own_project = project.id if report_id is None else None
    if used_by := await store.report_used(tx, sha256, own_project, report_id):
        raise identity.ReportUsed(
            f"The report {sha256[:12]}… carries {used_by} already. Each decision has a report of its own.",
            used_by=used_by,
        )

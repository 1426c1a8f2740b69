"""Files that projects and reports refer to, stored under their SHA-256."""

import hashlib

from registry.access.grants import service as grants
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.problems import Invalid, Unknown
from registry.projects import rules, store
from schemas.access import Call
from schemas.projects import Document

DOCUMENT_LIMIT_BYTES = 10 * 1024 * 1024


async def upload_document(content: bytes, media_type: str, *, call: Call, db: Database) -> Document:
    """Store a file under its SHA-256; uploading the same content again returns the first."""
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

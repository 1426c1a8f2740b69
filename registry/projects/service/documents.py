"""Files that projects, reports and claims refer to, by their SHA-256: who may see one, whose report one is."""

import hashlib

from registry.access import authorisation as access
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.problems import Invalid, Unknown
from registry.kit.quotas import DEFAULT, Quotas
from registry.kit.room import LARGEST_BYTES, Room
from registry.projects import files, identity, rules, store, usage
from schemas import texts
from schemas.access import Call
from schemas.projects import Document, Project
from schemas.usage import UnnamedDocument

DOCUMENT_LIMIT_BYTES = LARGEST_BYTES
_PAGE = 1_000


async def upload_document(
    content: bytes,
    media_type: str,
    organisation_id: int | None = None,
    *,
    call: Call,
    db: Database,
    room: Room,
    quotas: Quotas = DEFAULT,
) -> Document:
    """
    Store a file under its SHA-256; the same content again returns the first, whose quota it uses. Each uploader counts.

    Raises `FileTypeRefused`, `QuotaUsedUp`, `StorageReserve`, `NotYours`.
    """
    sha256 = check(content, media_type)
    charged = _charged(organisation_id, call)

    async def work(tx: Tx) -> Written[Document]:
        return Written(
            sha256.hex(), await store_in(tx, content, media_type, charged, call=call, room=room, quotas=quotas)
        )

    return await once(db, call, work, document_again)


def check(content: bytes, media_type: str) -> bytes:
    """Return the SHA-256 of a file that may be stored. Raises `Invalid`, `FileTypeRefused`."""
    if not content:
        raise Invalid("The body is empty: send the bytes of the file.")
    files.check_type(media_type, content)
    if fault := texts.fault(media_type):
        raise Invalid(f"Content-Type: {fault}.")
    return hashlib.sha256(content).digest()


async def store_in(
    tx: Tx, content: bytes, media_type: str, charged: int, *, call: Call, room: Room, quotas: Quotas
) -> Document:
    """Store a file that was checked, on the quota of organisation *charged*, and note who uploaded it."""
    sha256 = hashlib.sha256(content).digest()
    if await store.document(tx, sha256) is None:
        await quotas.admit_in(tx, "documents", charged, usage.documents)
        await quotas.admit_in(tx, "document_mb", charged, usage.document_bytes, adding=len(content))
        quotas.check("region_document_mb", await usage.region_document_bytes(tx), adding=len(content))
        room.require_now(len(content))
        await store.insert_document(tx, sha256, media_type, content, call.by.person_id, organisation_id=charged)
        # Once more under the lock that all uploads share, which is held for a moment only this way.
        await quotas.admit_in(tx, "region_document_mb", 0, usage.region_document_bytes, adding=0)
    await store.insert_upload(tx, sha256, call.by.person_id, access.organisations_of(call.by))
    return await document_again(tx, sha256.hex())


def _charged(organisation_id: int | None, call: Call) -> int:
    """The organisation whose quota an upload uses: the one that is named, or the caller's first. Raises `NotYours`."""
    mine = sorted({held.organisation_id for held in call.by.roles if held.role in call.permitted})
    if organisation_id is None:
        return mine[0]
    if organisation_id not in mine:
        raise access.NotYours(f"You upload for organisations at which you hold a role: {', '.join(map(str, mine))}.")
    return organisation_id


async def document_again(tx: Tx, sha256: str) -> Document:
    """One document. Raises `Unknown`."""
    if found := await store.document(tx, bytes.fromhex(sha256)):
        return found
    raise Unknown(f"No document with SHA-256 {sha256} was uploaded.")


async def document(sha256: str, *, asked: Call, db: Database) -> tuple[str, bytes]:
    """
    Media type and bytes of a document, for those who may see it.

    They are its uploader and the organisations it was for, overseers, and those who see a project or report
    that names it, or owns what a verifier's report decided. To others it is not there.
    """
    async with db.reading() as tx:
        seen = access.oversees(asked.by) or await store.shown_to(
            tx, bytes.fromhex(sha256), asked.by.person_id, access.organisations_of(asked.by)
        )
        return await content_in(tx, sha256, seen=seen)


async def content_in(tx: Tx, sha256: str, *, seen: bool = True) -> tuple[str, bytes]:
    """Media type and bytes of a document. Raises `Unknown`, also for one that is not *seen*."""
    found = await store.document_content(tx, bytes.fromhex(sha256)) if seen else None
    if found is None:
        raise Unknown(f"There is no document with SHA-256 {sha256} that you may see.")
    return found


async def unnamed_in(tx: Tx, *, older_than_days: int, after: str = "") -> list[UnnamedDocument]:
    """A page of the documents that no project or report names and that are older than so many days."""
    return await store.unnamed_documents(tx, older_than_days, after, _PAGE)


async def is_unnamed_locked_in(tx: Tx, sha256: str, *, older_than_days: int) -> bool:
    """The same of one document; nobody names any document from here to the end of the transaction."""
    await store.lock_documents(tx)
    return bool(await store.unnamed_documents(tx, older_than_days, "", 1, sha256))


async def remove_in(tx: Tx, sha256: str) -> None:
    """Remove a document, as the owner of the tables."""
    await store.remove_document(tx, sha256)


async def refuse_missing_in(tx: Tx, documents: tuple[str, ...]) -> None:
    """Raise `UnknownDocument` if one of *documents* was not uploaded."""
    if missing := await store.missing_documents(tx, documents):
        raise rules.UnknownDocument(
            f"{len(missing)} of {len(documents)} documents were not uploaded, first {missing[0]}. "
            "Upload them to /v1/documents, then send this again.",
            missing=missing,
        )


async def uploading_verifiers_in(tx: Tx, sha256: str, verifier_id: int) -> frozenset[int]:
    """
    The people who uploaded a report and hold the role of verifier at *verifier_id*, among all who uploaded it.

    Raises `UnknownDocument`, and `NotTheVerifiers` if there are none.
    """
    await refuse_missing_in(tx, (sha256,))
    if found := await store.uploading_verifiers(tx, sha256, verifier_id):
        return found
    raise rules.NotTheVerifiers(
        f"The file {sha256[:12]}… was uploaded by nobody who is a verifier at organisation {verifier_id}. "
        "A verifier there uploads the report to /v1/documents; that works also if somebody else has done so before.",
        sha256=sha256,
        verifier_id=verifier_id,
    )


async def use_report_in(tx: Tx, sha256: str, used_by: str, *, owner_id: int) -> None:
    """Let a verifier's report carry one decision, for ever; *owner_id* is whom it is about. Raises `ReportUsed`."""
    if earlier := await store.use_report(tx, sha256, used_by, owner_id):
        raise identity.ReportUsed(
            f"The report {sha256[:12]}… carries {earlier} already. Each decision has a report of its own.",
            used_by=earlier,
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


async def judge_by_in(
    tx: Tx,
    sha256: str,
    project: Project,
    *,
    verifier_id: int,
    evidence: tuple[str, ...] = (),
    report_id: int | None = None,
) -> None:
    """
    Take the report of a verifier on a project, or on its monitoring report *report_id*.

    A project that was sent back and submitted again as it was may be validated by the report that it had. Raises
    `NotTheVerifiers`, `OwnReport` for what is the developer's evidence, and `ReportUsed`.
    """
    await uploading_verifiers_in(tx, sha256, verifier_id)
    if sha256 in (*project.documents, *evidence):
        raise rules.OwnReport(f"The file {sha256[:12]}… is the developer's own evidence. Name the verifier's report.")
    if report_id is not None:
        await use_report_in(tx, sha256, f"the verification of report {report_id}", owner_id=project.developer_id)
    elif sha256 != project.validation_report:
        await use_report_in(tx, sha256, f"the validation of {project.code}", owner_id=project.developer_id)


async def seen(sha256s: tuple[str, ...], *, asked: Call, db: Database) -> tuple[Document, ...]:
    """Those of the documents that the caller may see, in the order in which they are named."""
    found = []
    async with db.reading() as tx:
        for sha256 in sha256s:
            shown = access.oversees(asked.by) or await store.shown_to(
                tx, bytes.fromhex(sha256), asked.by.person_id, access.organisations_of(asked.by)
            )
            if shown and (each := await store.document(tx, bytes.fromhex(sha256))):
                found.append(each)
    return tuple(found)

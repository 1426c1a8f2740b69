"""How much a holder has of what projects keep: the counts behind the quotas."""

from registry.kit import sql
from registry.kit.database import Tx

_sql = sql.load(__package__, "usage.sql")


async def documents(tx: Tx, organisation_id: int) -> int:
    """How many documents use the quota of an organisation."""
    return int(await tx.fetchval(_sql.document_usage, organisation_id, column=0) or 0)


async def document_bytes(tx: Tx, organisation_id: int) -> int:
    """How many bytes they have."""
    return int(await tx.fetchval(_sql.document_usage, organisation_id, column=1) or 0)


async def region_document_bytes(tx: Tx, _: int = 0) -> int:
    """How many bytes all documents of the region have."""
    return int(await tx.fetchval(_sql.region_document_bytes))


async def drafts(tx: Tx, organisation_id: int) -> int:
    """How many drafts, and projects that were sent back, a developer has."""
    return int(await tx.fetchval(_sql.drafts_of, organisation_id))


async def projects(tx: Tx, organisation_id: int) -> int:
    """How many projects a developer ever began."""
    return int(await tx.fetchval(_sql.projects_of, organisation_id))


async def reports(tx: Tx, project_id: int) -> int:
    """How many monitoring reports a project has."""
    return int(await tx.fetchval(_sql.reports_of, project_id))


async def versions(tx: Tx, report_id: int) -> int:
    """How many earlier versions of a report are kept."""
    return int(await tx.fetchval(_sql.versions_of, report_id))


async def objections(tx: Tx, project_id: int) -> int:
    """How many objections a project has."""
    return int(await tx.fetchval(_sql.objections_to, project_id))


async def comments(tx: Tx, project_id: int, person_id: int) -> int:
    """How many comments a person made on a project."""
    return int(await tx.fetchval(_sql.comments_by, project_id, person_id))


async def of_organisation(tx: Tx, organisation_id: int) -> dict[str, int]:
    """How much of each quota an organisation has used, by the quota's name."""
    return {
        "documents": await documents(tx, organisation_id),
        "document_mb": await document_bytes(tx, organisation_id),
        "drafts": await drafts(tx, organisation_id),
        "projects": await projects(tx, organisation_id),
    }

"""What projects said at each submission before their last, in PostgreSQL."""

import asyncpg
import msgspec

from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from schemas.pages import Page
from schemas.projects import ProjectVersion

_sql = sql.load(__package__, "versions.sql")


async def keep(tx: Tx, project_id: int) -> None:
    """Keep what a project said at its last submission, if there was one, before it says something else."""
    await tx.execute(_sql.keep_project_version, project_id)


async def versions(tx: Tx, window: Window, project_id: int) -> Page[ProjectVersion]:
    """What a project said at each submission before its last, in order."""
    rows = await tx.fetch(_sql.project_versions, *window.args, project_id)
    return window.page([(row["number"], _version(row)) for row in rows])


def _version(row: asyncpg.Record) -> ProjectVersion:
    said = msgspec.json.decode(row["said"]) | {
        "number": row["number"],
        "documents": [each.hex() for each in row["documents"]],
        "replaced_at": row["replaced_at"],
    }
    return msgspec.convert(said, type=ProjectVersion)

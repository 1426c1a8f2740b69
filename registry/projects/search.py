"""Projects by words, as strangers see them."""

from collections.abc import Collection

from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.search import like
from schemas.search import Found

_sql = sql.load(__package__, "search.sql")


async def search(tx: Tx, words: str, limit: int) -> list[Found]:
    """Projects that anybody may see and whose code, name or place has *words*."""
    rows = await tx.fetch(_sql.search, like(words), words, limit)
    return [
        Found(
            kind="project",
            id=str(row["id"]),
            title=f"{row['code']} {row['name']}",
            about=f"{row['developer']}, {row['location']}",
            state=row["state"],
            exact=row["code"] == words.upper(),
        )
        for row in rows
    ]


async def names(tx: Tx, project_ids: Collection[int]) -> dict[int, str]:
    """The names of some projects, by their numbers."""
    return {row["id"]: row["name"] for row in await tx.fetch(_sql.names, list(project_ids))}

"""Co-benefits and labels of projects, in PostgreSQL."""

from collections.abc import Collection

from registry.kit import sql
from registry.kit.database import Tx, convert, fetch_one
from registry.kit.pages import Window
from schemas.attributes import NewAttributes, ProjectAttributes
from schemas.pages import Page

_sql = sql.load(__package__, "attributes.sql")


async def record(tx: Tx, project_id: int, body: NewAttributes, person_id: int) -> int:
    """Store what a project has from now on; returns the number of the record."""
    said = (sorted(body.co_benefits), sorted(body.labels), body.source, body.why)
    return int(await tx.fetchval(_sql.record_attributes, project_id, *said, person_id))


async def recorded(tx: Tx, number: int) -> ProjectAttributes:
    """One record."""
    return convert(await fetch_one(tx, _sql.recorded_attributes, number), ProjectAttributes)


async def attributes(tx: Tx, window: Window, project_id: int) -> Page[ProjectAttributes]:
    """Everything that was ever recorded of a project."""
    rows = await tx.fetch(window.of(_sql.attributes), *window.args, project_id)
    return window.page([(row["id"], convert(row, ProjectAttributes)) for row in rows])


async def traits(tx: Tx, project_ids: Collection[int]) -> list[tuple[int, str, frozenset[int], frozenset[str]]]:
    """Number, methodology, co-benefits and labels of some projects."""
    rows = await tx.fetch(_sql.traits, list(project_ids))
    return [(row["id"], row["methodology"], frozenset(row["co_benefits"]), frozenset(row["labels"])) for row in rows]

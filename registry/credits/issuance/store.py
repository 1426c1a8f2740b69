"""Issuances in PostgreSQL, and the number line from which they take their spans."""

from collections.abc import Collection
from typing import NamedTuple

import asyncpg

from registry.credits.blocks.rules import serials
from registry.credits.issuance.rules import IssuedBefore
from registry.kit import sql
from registry.kit.database import Tx, constraint
from registry.kit.pages import Window
from registry.kit.period import Between
from schemas.credits import Issuance, IssuancesWanted
from schemas.custody import LoggedIssuance
from schemas.pages import Page
from schemas.serials import IssuanceCode

_sql = sql.load(__package__)


class NewIssuance(NamedTuple):
    """An issuance row to be; [lower, upper) is its span on the number line."""

    code: IssuanceCode
    region_id: str
    project_id: int
    report_id: int
    methodology: str
    lower: int
    upper: int
    buffer_kg: int
    approval_id: int


async def next_span(tx: Tx, size_kg: int) -> tuple[int, int]:
    """Take the next *size_kg* numbers of the line; the lock is kept until the transaction ends."""
    lower = int(await tx.fetchval(_sql.next_span))
    await tx.execute(_sql.move_line, lower + size_kg)
    return lower, lower + size_kg


async def next_sequence(tx: Tx, project_id: int, vintage: int) -> int:
    """The sequence number of the next issuance of a project and vintage, under the number line's lock."""
    return int(await tx.fetchval(_sql.next_sequence, project_id, vintage))


async def insert_issuance(tx: Tx, new: NewIssuance, *, statement_id: int) -> int:
    """Insert an issuance row. Raises `IssuedBefore` if its report has one."""
    with constraint("issuance_once_per_report", IssuedBefore(f"Report {new.report_id} was issued before.")):
        return int(
            await tx.fetchval(
                _sql.insert_issuance,
                str(new.code),
                new.region_id,
                new.project_id,
                new.report_id,
                new.methodology,
                new.code.vintage,
                new.code.sequence,
                new.lower,
                new.upper,
                new.buffer_kg,
                new.approval_id,
                statement_id,
            )
        )


async def place_issued(
    tx: Tx, lower: int, upper: int, *, issuance_id: int, account_id: int, state: str, cause: str
) -> None:
    """Create a block with its first movement."""
    await tx.execute(_sql.place_issued, lower, upper, issuance_id, account_id, state, cause)


async def issuance(tx: Tx, code: str) -> Issuance | None:
    """One issuance."""
    row = await tx.fetchrow(_sql.issuances.oldest, 0, 1, code, *[None] * 6)
    return _issuance(row) if row else None


async def lots(tx: Tx, codes: Collection[str]) -> dict[str, tuple[int, int]]:
    """The project and the vintage of some issuances, by their codes."""
    return {row["code"]: (row["project_id"], row["vintage"]) for row in await tx.fetch(_sql.lots, list(codes))}


async def logged_after(tx: Tx, leaf_index: int, limit: int) -> tuple[LoggedIssuance, ...]:
    """Issuances behind a leaf of the public log, in its order."""
    return tuple(LoggedIssuance(*row.values()) for row in await tx.fetch(_sql.logged_after, leaf_index, limit))


async def newest_leaf(tx: Tx) -> int:
    """The newest leaf of the public log; -1 for none."""
    return int(await tx.fetchval(_sql.newest_leaf))


async def issuances(tx: Tx, window: Window, wanted: IssuancesWanted, period: Between) -> Page[Issuance]:
    """Issuances that fit what is asked for; *period* is when they were made."""
    filters = (wanted.project_id, wanted.organisation_id, wanted.vintage, wanted.methodology)
    rows = await tx.fetch(window.of(_sql.issuances), *window.args, None, *filters, *period)
    return window.page([(row["id"], _issuance(row)) for row in rows])


def _issuance(row: asyncpg.Record) -> Issuance:
    return Issuance(
        id=row["id"],
        code=row["code"],
        serials=serials(row["code"], row["base"], [(row["base"], row["top"])])[0],
        project_id=row["project_id"],
        report_id=row["report_id"],
        methodology=row["methodology"],
        vintage=row["vintage"],
        kind=row["kind"],
        quantity_kg=row["top"] - row["base"],
        buffer_kg=row["buffer_kg"],
        statement_hash=row["sha256"].hex(),
        issued_at=row["issued_at"],
    )

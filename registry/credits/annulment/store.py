"""Annulments in PostgreSQL."""

from collections.abc import Collection, Sequence

import asyncpg

from registry.credits.annulment.rules import AnnulTarget, annulled_before
from registry.kit import sql
from registry.kit.database import Tx, constraint, convert
from registry.kit.pages import Window
from schemas.annulments import AnnulBody, Annulment
from schemas.pages import Page
from schemas.statements import Annullable

_sql = sql.load(__package__)


async def insert_annulment(
    tx: Tx,
    target: AnnulTarget,
    body: AnnulBody,
    *,
    code: str,
    people: Sequence[int],
    approval_id: int,
    statement_id: int,
) -> int:
    """Store an annulment whose statement was appended. Raises `AnnulledBefore`."""
    with constraint("annulment_annuls_key", annulled_before(target)):
        return int(
            await tx.fetchval(
                _sql.insert_annulment,
                code,
                target.statement_id,
                target.claim_id,
                target.receipt_id,
                target.gives_kg,
                body.reason,
                *people,
                approval_id,
                statement_id,
            )
        )


async def annulment(tx: Tx, annulment_id: int) -> Annulment | None:
    """One annulment."""
    row = await tx.fetchrow(_sql.annulments.oldest, annulment_id - 1, 1, annulment_id, None, None)
    return _annulment(row) if row else None


async def annulments(tx: Tx, window: Window, of: Annullable | None, claim_id: int | None) -> Page[Annulment]:
    """The annulments, or those of one kind or about one claim and its retirements."""
    rows = await tx.fetch(window.of(_sql.annulments), *window.args, None, of, claim_id)
    return window.page([(row["id"], _annulment(row)) for row in rows])


async def later_annulments(tx: Tx, statements: Collection[int]) -> list[int]:
    """The rows of the statements that annul some of these, in order."""
    return [row["statement_id"] for row in await tx.fetch(_sql.later_annulments, list(statements))]


def _annulment(row: asyncpg.Record) -> Annulment:
    hashes = {name: row[name].hex() for name in ("annuls", "statement_hash")}
    return convert({**dict(row), **hashes}, Annulment)

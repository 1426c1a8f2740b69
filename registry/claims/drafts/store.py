"""Drafts of claims in PostgreSQL."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal, NamedTuple

import asyncpg
import msgspec

from registry.claims.drafts.rules import DraftClosed
from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from schemas.claims import DraftTerms
from schemas.pages import Page
from schemas.statements import ClaimType

_sql = sql.load(__package__)


class StoredDraft(NamedTuple):
    """A draft as it is stored."""

    id: int
    organisation_id: int
    type: ClaimType
    state: Literal["draft", "declared", "withdrawn"]
    terms: DraftTerms
    claim_id: int | None
    created_at: datetime
    changed_at: datetime


async def insert_draft(tx: Tx, organisation_id: int, type_: ClaimType, terms: DraftTerms) -> int:
    """Store a draft."""
    return int(await tx.fetchval(_sql.insert_draft, organisation_id, type_, _text(terms)))


async def draft(tx: Tx, draft_id: int, *, lock: bool = False) -> StoredDraft | None:
    """One draft; locked, nobody else changes it until the transaction ends."""
    if lock:
        await tx.execute(_sql.lock_draft, draft_id)
    row = await tx.fetchrow(_sql.draft, draft_id)
    return _draft(row) if row else None


async def drafts(tx: Tx, window: Window, organisations: Collection[int]) -> Page[StoredDraft]:
    """The drafts of some organisations."""
    rows = await tx.fetch(window.of(_sql.drafts), *window.args, list(organisations))
    return window.page([(row["id"], _draft(row)) for row in rows])


async def change_draft(tx: Tx, draft_id: int, terms: DraftTerms) -> None:
    """Store what a draft says now. Raises `DraftClosed`."""
    if await tx.execute(_sql.change_draft, draft_id, _text(terms)) == "UPDATE 0":
        raise DraftClosed(f"Draft {draft_id} is none any more.")


async def close_draft(
    tx: Tx, draft_id: int, state: Literal["declared", "withdrawn"], terms: DraftTerms, claim_id: int | None
) -> None:
    """End a draft. Raises `DraftClosed`."""
    if await tx.execute(_sql.close_draft, draft_id, state, _text(terms), claim_id) == "UPDATE 0":
        raise DraftClosed(f"Draft {draft_id} is none any more.")


async def drafts_of(tx: Tx, organisation_id: int) -> int:
    """How many drafts an organisation has open."""
    return int(await tx.fetchval(_sql.drafts_of, organisation_id))


def _text(terms: DraftTerms) -> str:
    return msgspec.json.encode(terms).decode()


def _draft(row: asyncpg.Record) -> StoredDraft:
    terms = msgspec.json.decode(row["terms"], type=DraftTerms)
    return StoredDraft(**{**dict(row.items()), "terms": terms})

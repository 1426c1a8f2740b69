"""Approvals in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from registry.access.approvals import rules
from registry.access.awaits import awaits
from registry.kit import sql
from registry.kit.database import Tx, affected, fetch_one
from registry.kit.pages import Window
from schemas.access import Actor, Approval, ApprovalBody, ApprovalState, Role
from schemas.pages import Page

_sql = sql.load(__package__)


async def insert_approval(tx: Tx, body: ApprovalBody, reason: str, by: Actor) -> Approval:
    """Store the first person's half."""
    text, sha256 = rules.canonical(body)
    operation = str(body.__struct_config__.tag)
    approval_id = await tx.fetchval(_sql.insert_approval, operation, text, sha256, reason, by.person_id)
    return _approval(await fetch_one(tx, _sql.approval, approval_id))


async def approval(tx: Tx, approval_id: int) -> Approval | None:
    """One approval."""
    row = await tx.fetchrow(_sql.approval, approval_id)
    return _approval(row) if row else None


async def standing(tx: Tx, approval_id: int) -> tuple[Approval, bool, datetime] | None:
    """One approval, whether its proposer may still decide it, and the database's time."""
    row = await tx.fetchrow(_sql.approval, approval_id)
    return (_approval(row), row["proposer_stands"], row["read_at"]) if row else None


async def approvals(
    tx: Tx,
    window: Window,
    decided_by: Sequence[Role] | None,
    *,
    operation: str | None,
    state: ApprovalState | None,
) -> Page[Approval]:
    """Approvals in the order in which they were proposed: all, or those that two people in one of the roles decide."""
    rows = await tx.fetch(window.of(_sql.approvals), *window.args, decided_by, operation, state)
    return window.page([(row["id"], _approval(row)) for row in rows])


async def open_about(tx: Tx, operation: str, member: str, value: str) -> tuple[Approval, ...]:
    """The oldest approvals of an operation that wait, and whose body has *value* in *member*."""
    return tuple(_approval(row) for row in await tx.fetch(_sql.open_about, operation, member, value))


async def use_approval(tx: Tx, approval_id: int, by: Actor) -> bool:
    """Consume an approval; returns False if somebody else did, or if it expired."""
    return affected(await tx.execute(_sql.use_approval, approval_id, by.person_id)) == 1


async def withdraw_approval(tx: Tx, approval_id: int, by: Actor, reason: str) -> bool:
    """Withdraw a proposal; returns False if it was used or withdrawn before."""
    return affected(await tx.execute(_sql.withdraw_approval, approval_id, by.person_id, reason)) == 1


async def proposals_of(tx: Tx, person_id: int) -> int:
    """How many approvals a person proposed in the last seven days that were not carried out."""
    return int(await tx.fetchval(_sql.proposals_of, person_id))


def _approval(row: asyncpg.Record) -> Approval:
    values = {name: row[name] for name in Approval.__struct_fields__ if name in row}
    values |= {"body": msgspec.json.decode(row["body"], type=ApprovalBody), "sha256": row["sha256"].hex()}
    return Approval(**values, state=_state(row), awaits=awaits(row))


def _state(row: asyncpg.Record) -> ApprovalState:
    if row["used_at"]:
        return "used"
    if row["withdrawn_at"]:
        return "withdrawn"
    return "expired" if row["expires_at"] <= row["read_at"] else "open"

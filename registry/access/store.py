"""Keys, approvals, grants and restrictions in PostgreSQL."""

from datetime import datetime
from typing import Literal

import asyncpg
import msgspec

from registry.access import rules
from registry.kit import sql
from registry.kit.database import Tx, affected, convert, fetch_one
from registry.kit.pages import Window
from schemas.access import Actor, Approval, ApprovalBody, Grant, GrantBody, KeyIssued, NewRestriction, Restriction
from schemas.pages import Page

_sql = sql.load(__package__)


async def key_by_hash(tx: Tx, key_hash: bytes) -> tuple[Actor, datetime | None] | None:
    """The person behind a key with the roles in effect now, and when the key was revoked."""
    row = await tx.fetchrow(_sql.key_by_hash, key_hash)
    if row is None:
        return None
    roles = rules.held(zip(row["roles"], row["organisations"], strict=True))
    return Actor(person_id=row["person_id"], key_id=row["key_id"], roles=roles), row["revoked_at"]


async def insert_key(tx: Tx, person_id: int, prefix: str, key_hash: bytes, by: int | None) -> KeyIssued:
    """Store the keyed hash of a new key; the secret is added by the caller."""
    return convert(await fetch_one(tx, _sql.insert_key, person_id, prefix, key_hash, by), KeyIssued)


async def key(tx: Tx, key_id: int) -> KeyIssued | None:
    """One key without its secret."""
    row = await tx.fetchrow(_sql.key, key_id)
    return convert(row, KeyIssued) if row else None


async def revoke_key(tx: Tx, key_id: int) -> bool:
    """End a key now; False when it had ended before."""
    return affected(await tx.execute(_sql.revoke_key, key_id)) == 1


async def keys(tx: Tx, window: Window, person_id: int) -> Page[KeyIssued]:
    """Every key a person ever had, without secrets."""
    rows = await tx.fetch(_sql.keys, *window.args, person_id)
    return window.page([(row["id"], convert(row, KeyIssued)) for row in rows])


async def working_regulators(tx: Tx) -> int:
    """How many regulators hold their role now and have a key that works; others that end one wait meanwhile."""
    await tx.execute(_sql.regulators_lock)
    return int(await tx.fetchval(_sql.working_regulators))


async def withdraw_approval(tx: Tx, approval_id: int) -> bool:
    """Take a proposal back; False when it was used or withdrawn before."""
    return affected(await tx.execute(_sql.withdraw_approval, approval_id)) == 1


async def open_keys(tx: Tx, person_id: int) -> int:
    """How many keys of the person work."""
    return int(await tx.fetchval(_sql.open_keys, person_id))


async def roles_ever(tx: Tx, person_id: int) -> int:
    """How many grants the person ever had."""
    return int(await tx.fetchval(_sql.roles_ever, person_id))


async def lock_person(tx: Tx, person_id: int) -> str | None:
    """Lock the person's row and answer the name, or None where there is no such person."""
    name: str | None = await tx.fetchval(_sql.lock_person, person_id)
    return name


async def person_name(tx: Tx, person_id: int) -> str:
    """A person's name."""
    return str(await tx.fetchval(_sql.person_name, person_id))


async def insert_approval(tx: Tx, body: ApprovalBody, reason: str, by: Actor) -> Approval:
    """Store the first person's half."""
    text, sha256 = rules.canonical(body)
    operation = str(body.__struct_config__.tag)
    return _approval(await fetch_one(tx, _sql.insert_approval, operation, text, sha256, reason, by.person_id))


async def approval(tx: Tx, approval_id: int) -> Approval | None:
    """One approval."""
    row = await tx.fetchrow(_sql.approval, approval_id, None)
    return _approval(row) if row else None


async def pair(tx: Tx, approval_id: int, by: Actor) -> tuple[Approval, rules.Pair] | None:
    """One approval, and what decides whether its proposer and *by* are two people who may decide."""
    row = await tx.fetchrow(_sql.approval, approval_id, by.person_id)
    if row is None:
        return None
    return _approval(row), rules.Pair(by.person_id, row["proposer_stands"], row["keys_crossed"], row["read_at"])


async def approvals(tx: Tx, window: Window) -> Page[Approval]:
    """Approvals in the order in which they were proposed."""
    return window.page([(row["id"], _approval(row)) for row in await tx.fetch(_sql.approvals, *window.args)])


async def use_approval(tx: Tx, approval_id: int, by: Actor) -> bool:
    """Consume an approval; False when somebody else did, or it expired."""
    return affected(await tx.execute(_sql.use_approval, approval_id, by.person_id)) == 1


def _approval(row: asyncpg.Record) -> Approval:
    values = {name: row[name] for name in Approval.__struct_fields__ if name in row}
    values |= {"body": msgspec.json.decode(row["body"], type=ApprovalBody), "sha256": row["sha256"].hex()}
    return Approval(**values, state=_state(row))


def _state(row: asyncpg.Record) -> Literal["open", "used", "withdrawn", "expired"]:
    if row["used_at"]:
        return "used"
    if row["withdrawn_at"]:
        return "withdrawn"
    return "expired" if row["expires_at"] <= row["read_at"] else "open"


async def insert_grant(tx: Tx, body: GrantBody, approval_id: int | None) -> int:
    """Begin a role now, in business time."""
    return int(
        await tx.fetchval(_sql.insert_grant, body.person_id, body.organisation_id, body.role, body.until, approval_id)
    )


async def grant(tx: Tx, grant_id: int) -> Grant | None:
    """One grant."""
    row = await tx.fetchrow(_sql.grant, grant_id)
    return convert(row, Grant) if row else None


async def grants(tx: Tx, window: Window) -> Page[Grant]:
    """Every grant there ever was."""
    return window.page([(row["id"], convert(row, Grant)) for row in await tx.fetch(_sql.grants, *window.args)])


async def end_grant(tx: Tx, grant_id: int) -> bool:
    """End a role now; False when it had ended before."""
    return affected(await tx.execute(_sql.end_grant, grant_id)) == 1


async def organisation_exists(tx: Tx, party_id: int) -> bool:
    """Whether the party is an organisation."""
    return await tx.fetchval(_sql.organisation, party_id) is not None


async def target_exists(tx: Tx, body: NewRestriction) -> bool:
    """Whether what a restriction names exists; work under way on any credits ends first."""
    await tx.execute(_sql.close_gate)
    query = {"account": _sql.target_account, "project": _sql.target_project, "issuance": _sql.target_issuance}
    return await tx.fetchval(query[body.scope], body.target_id) is not None


async def insert_restriction(tx: Tx, body: NewRestriction, by: Actor) -> int:
    """Begin a freeze now."""
    return int(await tx.fetchval(_sql.insert_restriction, body.scope, body.target_id, body.reason, by.person_id))


async def restriction(tx: Tx, restriction_id: int) -> Restriction | None:
    """One restriction."""
    row = await tx.fetchrow(_sql.restriction, restriction_id)
    return convert(row, Restriction) if row else None


async def restrictions(tx: Tx, window: Window) -> Page[Restriction]:
    """Every restriction there ever was."""
    rows = await tx.fetch(_sql.restrictions, *window.args)
    return window.page([(row["id"], convert(row, Restriction)) for row in rows])


async def lift_restriction(tx: Tx, restriction_id: int, approval_id: int) -> bool:
    """End a freeze now; False when it had ended before."""
    return affected(await tx.execute(_sql.lift_restriction, restriction_id, approval_id)) == 1


async def in_effect(tx: Tx, accounts: list[int], projects: list[int], issuances: list[int]) -> asyncpg.Record | None:
    """The oldest freeze on any of these, or None."""
    return await tx.fetchrow(_sql.in_effect, accounts, projects, issuances)

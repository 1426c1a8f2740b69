"""Retirements in PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate, groupby
from operator import itemgetter
from typing import NamedTuple

import asyncpg

from registry.claims.rules import LockedClaim
from registry.credits.blocks.rules import Block, Cut, NamedIssuance, Part, serials, wanted_issuance
from registry.credits.blocks.store import block, check_moved, cut_columns, range_array, to_spans
from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.parties.rules import LockedAccount
from registry.transparency.rules import Prepared, statement_columns
from schemas.annulments import Annulled
from schemas.credits import Retirement, RetirementsWanted, RetireRequest
from schemas.pages import Page
from schemas.serials import Serial

_sql = sql.load(__package__)


class Locked(NamedTuple):
    """What a retirement has under its locks: None where there is no such claim, account or issuance."""

    claim: LockedClaim | None
    account: LockedAccount | None
    at: datetime
    named: NamedIssuance | None
    eligible: list[Block]


async def lock(
    tx: Tx, requests: Sequence[RetireRequest], *, block_limit: int, patience: str | None = None
) -> list[Locked | None]:
    """
    For each request lock its claim, then its account, and read up to *block_limit* blocks that may be retired.

    With *patience*, a time with its unit, no lock is waited for longer: None for a request whose locks are not free.
    """
    codes = [wanted_issuance(each) for each in requests]
    serials = [Serial.parse(each.serial) if each.serial else None for each in requests]
    rows = await tx.fetch(
        _sql.lock,
        [each.claim_id for each in requests],
        [each.account_id for each in requests],
        [str(each) if each else None for each in codes],
        [each.first if each else None for each in serials],
        [each.last if each else None for each in serials],
        block_limit,
        patience,
    )
    found = {number: list(of_one) for number, of_one in groupby(rows, key=itemgetter("number"))}
    return [
        _locked(request.account_id, found[number]) if number in found else None
        for number, request in enumerate(requests, 1)
    ]


def _locked(account_id: int, rows: Sequence[asyncpg.Record]) -> Locked:
    first = rows[0]
    return Locked(
        claim=_claim(first) if first["claimant_id"] is not None else None,
        account=_account(account_id, first) if first["owner_id"] is not None else None,
        at=first["at"].astimezone(UTC),
        named=_named(first) if first["named_id"] is not None else None,
        eligible=[block(row, frozen=row["frozen"]) for row in rows if row["lower"] is not None],
    )


def _claim(row: asyncpg.Record) -> LockedClaim:
    return LockedClaim(
        claimant_id=row["claimant_id"],
        type=row["claim_type"],
        new_forest=row["new_forest"],
        required_kg=row["required_kg"],
        allocated_kg=row["allocated_kg"],
        deadline=row["deadline"],
        sha256=row["claim_sha256"],
        annulled=row["claim_annulled"],
    )


def _account(account_id: int, row: asyncpg.Record) -> LockedAccount:
    return LockedAccount(account_id, row["owner_id"], row["account_type"], row["account_status"])


def _named(row: asyncpg.Record) -> NamedIssuance:
    return NamedIssuance(row["named_id"], row["named_base"], row["named_top"])


class NewRetirement(NamedTuple):
    """One part of an order: what is retired of one issuance, its receipt and its statement."""

    receipt_id: str
    part: Part
    statement: Prepared


class DecidedRetirement(NamedTuple):
    """An order that was decided under its locks: what leaves which blocks, by whom and when."""

    order_id: str
    request: RetireRequest
    by: int
    at: datetime
    cuts: tuple[Cut, ...]
    new: tuple[NewRetirement, ...]


async def record(tx: Tx, orders: Sequence[DecidedRetirement]) -> None:
    """Allocate to the claims, move the blocks, append the statements and insert the retirements, in one call."""
    cuts = [cut for each in orders for cut in each.cuts]
    parts = [(each, part) for each in orders for part in each.new]
    moved = await tx.fetchval(
        _sql.record,
        [each.request.claim_id for each in orders],
        [each.request.account_id for each in orders],
        [each.request.quantity_kg for each in orders],
        [each.order_id for each in orders],
        [each.at for each in orders],
        list(accumulate(len(each.cuts) for each in orders)),
        *cut_columns(cuts),
        [order.order_id for order, _ in parts],
        [order.request.account_id for order, _ in parts],
        [order.request.claim_id for order, _ in parts],
        [made.part.lot.issuance_id for _, made in parts],
        [range_array(made.part.spans) for _, made in parts],
        [made.part.quantity_kg for _, made in parts],
        [order.request.reason for order, _ in parts],
        [order.by for order, _ in parts],
        [made.receipt_id for _, made in parts],
        [order.at for order, _ in parts],
        *statement_columns([made.statement for _, made in parts]),
    )
    check_moved(moved, cuts, ", ".join(each.order_id for each in orders))


class StoredRetirement(NamedTuple):
    """A retirement with what only its holder and overseers may see."""

    retirement: Retirement
    account_id: int
    owner_id: int
    statement_id: int


async def retirement(tx: Tx, receipt_id: str) -> StoredRetirement | None:
    """One retirement by its receipt."""
    row = await tx.fetchrow(_sql.retirement, receipt_id)
    return _stored(row) if row else None


async def order_retirements(tx: Tx, order_id: str) -> tuple[Retirement, ...]:
    """All retirements of one order."""
    rows = await tx.fetch(_sql.order_retirements, order_id)
    return tuple(_retirement(row) for row in rows)


async def retirements(
    tx: Tx,
    wanted: RetirementsWanted,
    serial: Serial | None,
    *,
    owners: Sequence[int] | None,
    window: Window,
    period: Between,
) -> Page[StoredRetirement]:
    """Retirements that fit what is asked for; with *owners*, only those from accounts of these organisations."""
    if wanted == RetirementsWanted(claim_id=wanted.claim_id) and period == Between() and owners is None:
        by_claim = wanted.claim_id is not None
        query, more = (_sql.claim_retirements, [wanted.claim_id]) if by_claim else (_sql.retirements, [])
        rows = await tx.fetch(window.of(query), *window.args, *more)
    else:
        rows = await tx.fetch(
            window.of(_sql.wanted_retirements),
            *window.args,
            wanted.claim_id,
            *period,
            wanted.organisation_id,
            str(serial.issuance) if serial else None,
            serial.first if serial else None,
            serial.last if serial else None,
            wanted.beneficiary,
            owners,
            wanted.project_id,
            wanted.vintage,
            wanted.methodology,
        )
    return window.page([(row["id"], _stored(row)) for row in rows])


def _stored(row: asyncpg.Record) -> StoredRetirement:
    return StoredRetirement(_retirement(row), row["account_id"], row["owner_id"], row["statement_id"])


def _retirement(row: asyncpg.Record) -> Retirement:
    return Retirement(
        receipt_id=row["receipt_id"],
        order_id=row["order_id"],
        claim_id=row["claim_id"],
        issuance=row["code"],
        serials=serials(row["code"], row["base"], to_spans(row["spans"])),
        quantity_kg=row["quantity_kg"],
        reason=row["reason"],
        statement_hash=row["sha256"].hex(),
        at=row["at"],
        annulled=_annulled(row, ""),
        claim_annulled=_annulled(row, "claim_"),
    )


def _annulled(row: asyncpg.Record, what: str) -> Annulled | None:
    if row[f"{what}annulment_id"] is None:
        return None
    return Annulled(
        annulment_id=row[f"{what}annulment_id"],
        at=row[f"{what}annulled_at"],
        reason=row[f"{what}annulled_because"],
        statement_hash=row[f"{what}annulled_by"].hex(),
    )

"""Holdings, movements and conservation in PostgreSQL: reads only."""

from collections.abc import Collection
from datetime import datetime

import asyncpg

from registry.credits.blocks.rules import serials
from registry.kit import sql
from registry.kit.database import Tx, convert, fetch_one
from registry.kit.pages import Window
from registry.kit.period import Between
from schemas.credits import Conservation, Holding, Movement, ProjectTotals, SerialPart, VintageTotals
from schemas.pages import Page
from schemas.serials import Serial

_sql = sql.load(__package__)
_STATES = ("active_kg", "held_kg", "buffer_kg", "retired_kg", "cancelled_kg")


async def issuance_conservation(tx: Tx, code: str) -> Conservation | None:
    """Where the kilograms of one issuance are."""
    row = await tx.fetchrow(_sql.issuance_conservation, code)
    return _conservation(row, row["code"]) if row else None


async def snapshot(tx: Tx) -> str:
    """Changes whenever anything was committed."""
    return str(await tx.fetchval(_sql.snapshot))


async def region_conservation(tx: Tx) -> Conservation:
    """Where all kilograms of the region are."""
    return _conservation(await fetch_one(tx, _sql.region_conservation), None)


def _conservation(row: asyncpg.Record, code: str | None) -> Conservation:
    states = {name: row[name] for name in _STATES}
    return Conservation(
        issuance=code,
        issued_kg=row["issued_kg"],
        outstanding_kg=row["active_kg"] + row["held_kg"],
        conserved=row["covered"] and sum(states.values()) == row["issued_kg"],
        **states,
    )


async def project_totals(tx: Tx, project_id: int) -> ProjectTotals | None:
    """Where the kilograms of a project are, in all and by vintage; None if there is no such project."""
    rows = await tx.fetch(_sql.project_totals, project_id)
    if not rows:
        return None
    vintages = tuple(convert(row, VintageTotals) for row in rows if row["vintage"] is not None)
    total = {name: sum(getattr(each, name) for each in vintages) for name in ("issued_kg", *_STATES)}
    return ProjectTotals(
        project_id=project_id, outstanding_kg=total["active_kg"] + total["held_kg"], vintages=vintages, **total
    )


async def serial_parts(tx: Tx, window: Window, serial: Serial) -> Page[SerialPart]:
    """Where the kilograms of a serial are, block by block."""
    rows = await tx.fetch(_sql.serial_parts, *window.args, str(serial.issuance), serial.first, serial.last)
    return window.page([(row["id"], _part(row)) for row in rows])


def _part(row: asyncpg.Record) -> SerialPart:
    return SerialPart(
        serial=serials(row["code"], row["base"], [(row["lower"], row["upper"])])[0],
        quantity_kg=row["upper"] - row["lower"],
        state=row["state"],
        project_id=row["project_id"],
        vintage=row["vintage"],
        receipts=tuple(row["receipts"]),
    )


async def holdings(tx: Tx, account_id: int, as_of: datetime | None) -> tuple[Holding, ...]:
    """What an account has by issuance and state; earlier instants are added up from the movements."""
    rows = (
        await tx.fetch(_sql.holdings, account_id)
        if as_of is None
        else await tx.fetch(_sql.holdings_as_of, account_id, as_of)
    )
    return tuple(convert(row, Holding) for row in rows)


async def holdings_of(tx: Tx, account_ids: Collection[int]) -> list[tuple[int, Holding]]:
    """What some accounts have now, by account, issuance and state."""
    rows = await tx.fetch(_sql.holdings_of, list(account_ids))
    names = Holding.__struct_fields__
    return [(row["account_id"], Holding(**{name: row[name] for name in names})) for row in rows]


async def movements(tx: Tx, window: Window, period: Between, account_id: int) -> Page[Movement]:
    """Everything that ever entered or left an account."""
    rows = await tx.fetch(window.of(_sql.movements), *window.args, account_id, *period)
    return window.page([(row["id"], _movement(row)) for row in rows])


def _movement(row: asyncpg.Record) -> Movement:
    return Movement(
        id=row["id"],
        at=row["at"],
        cause=row["cause"],
        serials=serials(row["code"], row["base"], [(row["lower"], row["upper"])])[0],
        quantity_kg=row["upper"] - row["lower"],
        from_account_id=row["from_account_id"],
        from_state=row["from_state"],
        to_account_id=row["to_account_id"],
        to_state=row["to_state"],
    )

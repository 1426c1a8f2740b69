"""Announced delistings in PostgreSQL."""

from datetime import date
from typing import NamedTuple

from registry.kit import sql
from registry.kit.database import Tx, constraint
from registry.kit.problems import DomainError
from schemas.delistings import NewDelisting

_sql = sql.load(__package__, "notices.sql")


class Due(NamedTuple):
    """A delisting whose day has come; of a basket only where *basket_id* says which."""

    instrument_id: int
    basket_id: int | None
    reason: str


async def announce(tx: Tx, of: tuple[int, int | None], body: NewDelisting, person_id: int, refusal: DomainError) -> int:
    """
    Store that an instrument is delisted on a day, from a basket only where the second of *of* says which.

    *refusal* is raised where that was announced before, and stands.
    """
    with constraint("delisting_once", refusal):
        return int(await tx.fetchval(_sql.announce, *of, body.day, body.reason, person_id))


async def withdraw(tx: Tx, instrument_id: int, basket_id: int | None, person_id: int, why: str) -> int | None:
    """Withdraw what was announced; None where nothing stands, or it was carried out."""
    found: int | None = await tx.fetchval(_sql.withdraw, instrument_id, basket_id, person_id, why)
    return found


async def is_due(tx: Tx, day: date) -> bool:
    """Whether anything is to be carried out."""
    return bool(await tx.fetchval(_sql.due, day))


async def carry_out(tx: Tx, day: date) -> list[Due]:
    """Note that what is due is carried out; returns it."""
    return [Due(*row.values()) for row in await tx.fetch(_sql.carry_out, day)]


async def campaigns(tx: Tx, instrument_id: int) -> list[int]:
    """The campaigns of an instrument that have not ended."""
    return [row["id"] for row in await tx.fetch(_sql.campaigns, instrument_id)]


async def auctions(tx: Tx, instrument_id: int) -> list[int]:
    """The auctions of an instrument that have not ended."""
    return [row["id"] for row in await tx.fetch(_sql.auctions, instrument_id)]

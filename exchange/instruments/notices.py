"""Announced delistings in PostgreSQL."""

from datetime import date
from typing import NamedTuple

from registry.kit import sql
from registry.kit.database import Tx, constraint
from registry.kit.pages import Window
from registry.kit.problems import DomainError
from schemas.delistings import Delisting, DelistingState, NewDelisting
from schemas.pages import Page

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


async def delisted_on(tx: Tx, instrument_id: int) -> date | None:
    """The day on which an instrument was delisted; None of one that trades, also where it is announced."""
    day: date | None = await tx.fetchval(_sql.delisted_on, instrument_id)
    return day


async def delisted_for(tx: Tx, instrument_id: int) -> date | None:
    """The same for whoever goes on to deposit: one that trades is not delisted before *tx* has ended."""
    await tx.execute(_sql.await_delisting, instrument_id)
    return await delisted_on(tx, instrument_id)


async def delistings(tx: Tx, window: Window, code: str | None, state: DelistingState | None) -> Page[Delisting]:
    """Every delisting that was ever announced: all, or those about an instrument or a basket, or in a state."""
    rows = await tx.fetch(window.of(_sql.delistings), *window.args, code, state)
    return window.page([(row["id"], Delisting(**row)) for row in rows])

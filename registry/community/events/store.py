"""Events and their guests in PostgreSQL."""

from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import msgspec

from registry.community.events.rules import guests_cover
from registry.kit import sql
from registry.kit.database import Tx, affected, convert, fetch_one
from registry.kit.pages import Window
from registry.kit.search import like
from schemas.events import Event, NewEvent, RankedGuest, Trip, VisitKind
from schemas.methodologies import Footprint
from schemas.pages import Page
from schemas.search import Found

_sql = sql.load(__package__)


class StoredEvent(NamedTuple):
    """An event with its row and who made it."""

    id: int
    created_by: int
    shown: Event


class StoredGuest(NamedTuple):
    """A guest's share with its row."""

    id: int
    event_id: int
    code: str
    number: int
    name: str
    listed: bool
    hidden: bool
    trip: Trip
    footprint: Footprint
    quantity_kg: int
    payment_id: int
    claim_id: int | None
    receipt_id: str | None
    joined_at: datetime


class NewGuest(NamedTuple):
    """A guest who joins: everything but the number and the payment."""

    secret: bytes
    name: str
    listed: bool
    trip: Trip
    footprint: Footprint


class Money(NamedTuple):
    """What guests of an event have on hold, have paid, and what was sold."""

    waiting: int
    waiting_kg: int
    paid_kg: int
    refunded: int
    sold_fen: int


async def insert_event(tx: Tx, code: str, body: NewEvent, *, by: int) -> None:
    """Store an event."""
    await tx.execute(
        _sql.insert_event,
        code,
        body.organisation_id,
        body.kind,
        body.title,
        body.place,
        body.begins,
        body.ends,
        body.profile,
        list(body.organiser_covers),
        body.expected_guests,
        body.pool_id,
        by,
    )


async def event(tx: Tx, code: str) -> StoredEvent | None:
    """One event, by the code on its poster."""
    row = await tx.fetchrow(_sql.events.oldest, 0, 1, code, None, None, None)
    return _event(row) if row else None


async def events(
    tx: Tx, window: Window, organisation_id: int | None, kind: VisitKind | None, *, closed: bool | None
) -> Page[Event]:
    """Events: all, of one organiser, of one kind, or closed or not."""
    rows = await tx.fetch(window.of(_sql.events), *window.args, None, organisation_id, kind, closed)
    return window.page([(row["id"], _event(row).shown) for row in rows])


def _event(row: asyncpg.Record) -> StoredEvent:
    shown = {name: value for name, value in row.items() if name not in ("id", "created_by")}
    covers = guests_cover(row["profile"], row["organiser_covers"])
    return StoredEvent(row["id"], row["created_by"], msgspec.convert(shown | {"guests_cover": covers}, Event))


async def search(tx: Tx, words: str, limit: int) -> list[Found]:
    """Events whose code is *words*, or that have them in name or place."""
    rows = await tx.fetch(_sql.search, like(words), limit)
    return [
        Found(kind="event", id=row["code"], title=row["title"], about=row["place"], exact=row["exact"]) for row in rows
    ]


async def lock_event(tx: Tx, code: str) -> None:
    """Let nobody else join or change the event until the transaction ends."""
    await tx.execute(_sql.lock_event, code)


async def events_of(tx: Tx, organisation_id: int) -> int:
    """How many events an organisation has made."""
    return int(await tx.fetchval(_sql.events_of, organisation_id))


async def close_event(tx: Tx, event_id: int) -> None:
    """Take no more guests."""
    await tx.execute(_sql.close_event, event_id)


async def set_pool(tx: Tx, event_id: int, pool_id: int) -> None:
    """Sell from another pool."""
    await tx.execute(_sql.set_pool, event_id, pool_id)


async def set_claim(tx: Tx, event_id: int, claim_id: int) -> None:
    """Note the claim of the organiser's share; the event is locked."""
    await tx.execute(_sql.set_claim, event_id, claim_id)


async def set_others_claim(tx: Tx, event_id: int, claim_id: int) -> None:
    """Note the claim for guests who have no share of their own; the event is locked."""
    await tx.execute(_sql.set_others_claim, event_id, claim_id)


async def waiting(tx: Tx, event_id: int) -> tuple[int, int]:
    """How many guests have kilograms on hold and have not paid, and how many kilograms."""
    row = await fetch_one(tx, _sql.waiting, event_id)
    return row["guests"], row["quantity_kg"]


async def next_number(tx: Tx, event_id: int) -> int:
    """The number of the guest who joins now."""
    return int(await tx.fetchval(_sql.next_number, event_id))


async def insert_guest(tx: Tx, event_id: int, number: int, new: NewGuest, payment_id: int) -> None:
    """Store a guest whose kilograms are on hold."""
    trip, footprint = (msgspec.json.encode(each).decode() for each in (new.trip, new.footprint))
    await tx.execute(
        _sql.insert_guest,
        event_id,
        number,
        new.secret,
        new.name,
        new.listed,
        trip,
        footprint,
        new.footprint.footprint_kg,
        payment_id,
    )


async def guest(tx: Tx, *, secret: bytes | None = None, payment_id: int | None = None) -> StoredGuest | None:
    """One guest, by the hash of what their link has, or by their payment."""
    row = await tx.fetchrow(_sql.guests, secret, payment_id)
    if row is None:
        return None
    known: dict[str, Any] = {name: row[name] for name in StoredGuest._fields if name not in ("trip", "footprint")}
    trip = msgspec.json.decode(row["request"], type=Trip)
    return StoredGuest(trip=trip, footprint=msgspec.json.decode(row["result"], type=Footprint), **known)


async def set_retired(tx: Tx, guest_id: int, claim_id: int, receipt_id: str) -> bool:
    """Note what a guest's share was retired for; False if that was noted before."""
    return affected(await tx.execute(_sql.set_retired, guest_id, claim_id, receipt_id)) == 1


async def hide(tx: Tx, event_id: int, number: int) -> bool:
    """Show a guest in the ranking no more; False if there is none of that number."""
    return affected(await tx.execute(_sql.hide, event_id, number)) == 1


async def ranking(tx: Tx, event_id: int) -> tuple[RankedGuest, ...]:
    """The guests who chose to be shown, a hundred at most."""
    return tuple(convert(row, RankedGuest) for row in await tx.fetch(_sql.ranking, event_id))


async def money(tx: Tx, event_id: int) -> Money:
    """What became of the payments of an event's guests."""
    found = dict(await fetch_one(tx, _sql.progress, event_id))
    return Money(**{name: found[name] for name in Money._fields})


async def not_settled(tx: Tx, event_id: int) -> int:
    """How many guests may still have their share retired: on hold, or paid."""
    return int((await fetch_one(tx, _sql.progress, event_id))["not_settled"])

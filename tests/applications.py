"""Applications that many tests use one after the other: routing takes half a second to build."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import asyncpg

from deploy.app import Parts, create_app
from deploy.processes.engine import at_rest
from exchange.market_data.book_days import BookDays
from exchange.parts import Exchange
from registry.access.authority import Authority
from registry.access.keys.rules import Keyring
from registry.kit.database import Database
from registry.kit.quotas import Quotas
from registry.kit.room import Room
from schemas.parties import RegionProfile
from tests.offline import unlimited


class Served(NamedTuple):
    """An application, which keeps nothing between requests, and what each test gives it anew."""

    db: Database
    exchange: Exchange
    app: Any
    knows: Authority
    quotas: Quotas
    room: Room
    book_days: BookDays

    def is_free(self) -> None:
        """The test is over; the next one may have it."""
        _idle.append(self)


_idle: list[Served] = []


class _OfAnyLoop(asyncio.Event):
    """An event for tests that use it one after the other, each in a loop of its own."""

    def _get_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()


async def _nowhere() -> Any:
    raise OSError("nothing trades here yet")


def pointed_at(
    pool: "asyncpg.Pool[asyncpg.Record]",
    *,
    keyring: Keyring,
    region: RegionProfile,
    knows: Callable[[Database], Authority],
    quotas: Quotas,
    room: Room,
) -> Served:
    """An idle application, or a new one, with the database, the quotas and the disk of the next test."""
    served = _idle.pop() if _idle else _built(pool, keyring, region, knows)
    Database.__init__(served.db, pool)
    served.knows.forget_uses()
    served.quotas.__dict__, served.room.__dict__ = vars(quotas), vars(room)
    return served


def _built(
    pool: "asyncpg.Pool[asyncpg.Record]",
    keyring: Keyring,
    region: RegionProfile,
    knows: Callable[[Database], Authority],
) -> Served:
    db, quotas, room = Database(pool), Quotas(), Room()
    exchange, authority = at_rest(db, _nowhere), knows(db)
    parts = Parts(
        db=db,
        keyring=keyring,
        authority=authority,
        region=region,
        exchange=exchange,
        rates=unlimited(),
        quotas=quotas,
        room=room,
        closing=_OfAnyLoop(),
    )
    return Served(db, exchange, create_app(parts), authority, quotas, room, parts.book_days)

"""How this installation connects to its database: as a role that owns nothing, and never waiting without end."""

from collections.abc import Iterator
from typing import Any

import asyncpg

from registry.kit.database import Lanes, Pool

LOCK_TIMEOUT = "10s"
BRIEF_LOCK_TIMEOUT = "250ms"
"""How long a write waits for a lock on a connection that others need too."""
PATIENT_CONNECTIONS = 3
"""How many writes wait for locks at the same time, beside the connections that are counted by the settings."""


async def connect_pool(
    dsn: str, *, size: int, role: str = "kilnwood_api", lock_timeout: str = LOCK_TIMEOUT
) -> "asyncpg.Pool[asyncpg.Record]":
    """
    A pool that acts as *role*, which owns no table.

    Connections keep no state between transactions, so the reset that asyncpg sends on every release (one more round
    trip) is omitted. Nothing connects before the first use, and a server that comes back is used again by itself.
    """
    how = connecting(role, lock_timeout=lock_timeout)
    return await asyncpg.create_pool(
        dsn, min_size=0, max_size=size, max_inactive_connection_lifetime=300, reset=_no_reset, **how
    )


async def connect_lanes(dsn: str, *, size: int) -> Lanes:
    """*size* connections for reads, as many for writes, and a few for writes that wait for locks."""
    return Lanes(
        reading=await connect_pool(dsn, size=size),
        writing=await connect_pool(dsn, size=size, lock_timeout=BRIEF_LOCK_TIMEOUT),
        patient=await connect_pool(dsn, size=PATIENT_CONNECTIONS),
        share=max(1, size // 2),
    )


def move_lanes(lanes: Lanes, dsn: str) -> None:
    """From now on they connect to *dsn*: the database runs at another address."""
    for pool, lock_timeout in zip(_pools(lanes), (LOCK_TIMEOUT, BRIEF_LOCK_TIMEOUT, LOCK_TIMEOUT), strict=True):
        pool.set_connect_args(dsn, **connecting("kilnwood_api", lock_timeout=lock_timeout))


def terminate_lanes(lanes: Lanes) -> None:
    """Cut every connection: what waits for the database is answered 503, and nothing is kept."""
    for pool in _pools(lanes):
        pool.terminate()


def _pools(lanes: Lanes) -> Iterator[Pool]:
    yield from (lanes.reading, lanes.writing, lanes.patient)


def connecting(role: str, *, lock_timeout: str = LOCK_TIMEOUT) -> dict[str, Any]:
    """How every connection is made: as *role*, and no statement or lock is waited for without end."""
    return {
        "timeout": 5,
        "command_timeout": 30,
        "server_settings": {"role": role, "application_name": "kilnwood", "lock_timeout": lock_timeout},
    }


async def _no_reset(_: object) -> None:
    return

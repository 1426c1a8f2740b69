"""How this installation connects to its database: as a role that owns nothing, and never waiting without end."""

from typing import Any

import asyncpg


async def connect_pool(dsn: str, *, size: int, role: str = "kilnwood_api") -> "asyncpg.Pool[asyncpg.Record]":
    """
    A pool that acts as *role*, which owns no table.

    Connections keep no state between transactions, so the reset that asyncpg sends on every release (one more round
    trip) is omitted. Nothing connects before the first use, and a server that comes back is used again by itself.
    """
    return await asyncpg.create_pool(
        dsn, min_size=0, max_size=size, max_inactive_connection_lifetime=300, reset=_no_reset, **connecting(role)
    )


def move_pool(pool: "asyncpg.Pool[asyncpg.Record]", dsn: str, *, role: str = "kilnwood_api") -> None:
    """From now on the pool connects to *dsn*: the database runs at another address."""
    pool.set_connect_args(dsn, **connecting(role))


def connecting(role: str) -> dict[str, Any]:
    """How every connection is made: as *role*, and no statement or lock is waited for without end."""
    return {
        "timeout": 5,
        "command_timeout": 30,
        "server_settings": {"role": role, "application_name": "kilnwood", "lock_timeout": "10s"},
    }


async def _no_reset(_: object) -> None:
    return

"""The whole application without a database: for what is decided before one is asked."""

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from deploy.app import Parts, create_app
from deploy.processes.engine import at_rest
from registry.access.authority import Authority
from registry.access.keys.rules import Keyring
from registry.access.rates import FIXED, PER_S, RatePolicy, Rates
from registry.kit.database import Database
from schemas.parties import RegionProfile

KEYRING = Keyring(b"p" * 32, "sim")
REGION = RegionProfile(
    id="CN-510100",
    name="Test registry",
    serial_region="SC",
    programme="CDCER",
    simulated=True,
    log_origin="kilnwood.example/sim/CN-510100",
)


def unlimited() -> Rates:
    """For tests that are about something else: applications are shared, and so is the address of all requests."""
    return Rates(tuple(RatePolicy(name, 1e6, 10_000_000) for name in (*PER_S, *(each.name for each in FIXED))))


def application() -> Any:
    """An application whose first query would fail."""
    nowhere: Any = None
    db = Database(nowhere)
    return create_app(
        Parts(
            db=db,
            keyring=KEYRING,
            authority=Authority(db, KEYRING, nowhere),
            region=REGION,
            exchange=at_rest(db, nowhere),
            metrics=CollectorRegistry(),
            rates=unlimited(),
        )
    )


_shared = functools.cache(application)
"""It keeps nothing between requests."""


@asynccontextmanager
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """HTTP to one that all such tests share."""
    transport = httpx.ASGITransport(_shared(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http

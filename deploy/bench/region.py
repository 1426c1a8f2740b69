"""
The region that is measured: the demo's season up to its issuances, then many accounts and claims of one enterprise.

The service is the real `kilnwood serve` in a child process with its sequencer and a witness, on the embedded PostgreSQL
with fsync on. Everything is made over HTTP, except monitoring reports for the issuance figure: these are copies of a
verified one.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from deploy import secrets
from deploy.local.region import LocalRegion, new_region
from deploy.postgres import server as postgres
from deploy.scenarios.cast import Party, Season
from deploy.scenarios.client import Api
from deploy.scenarios.season import play_until
from registry.access.keys.rules import Keyring
from schemas.receipts import Trust
from schemas.serials import KG_PER_T

ACCOUNTS = 64
TONNES_EACH = 50
_AT_ONCE = 8
_RATES = "writes=100000 orders=100000"  # one key stands for many callers
_LOG_LEVEL = "info"  # the line of each request is part of what is measured


@dataclass(frozen=True)
class BenchRegion:
    """The running region and what the figures need of it; *accounts* and *claims* are consecutive ids."""

    region: LocalRegion
    season: Season
    holder: Party
    accounts: range
    claims: range

    @property
    def dsn(self) -> str:
        """The service's database, as its owner."""
        return postgres.start(self.region.folder / "data" / "postgres").dsn

    @property
    def origin(self) -> str:
        """The log's origin."""
        return msgspec.json.decode(self.region.trust, type=Trust).origin

    @property
    def keyring(self) -> Keyring:
        """What hashes API keys, for the statement that authenticates."""
        return Keyring(secrets.pepper(self.region.folder / "data"), "sim")


@contextlib.contextmanager
def started() -> Iterator[BenchRegion]:
    """Start a region in a folder of its own, fill it, and remove all of it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="kilnwood-bench-"))
    folder.chmod(0o755)
    region = new_region(folder, extra={"KILNWOOD_LOG_LEVEL": _LOG_LEVEL, "KILNWOOD_RATES": _RATES})
    try:
        region.start()
        yield asyncio.run(_filled(region))
    finally:
        region.stop()
        region.remove()
        shutil.rmtree(folder, ignore_errors=True)


async def _filled(region: LocalRegion) -> BenchRegion:
    async with httpx.AsyncClient(base_url=region.url, timeout=30, trust_env=False) as http:
        season = Season(Api(http, seed="bench"), region.regulators)
        await play_until(season, "issued")
        holder = season.parties["solar"]
        accounts = [await _account(season, holder, number) for number in range(ACCOUNTS)]
        claims = [await _claim(season, holder) for _ in range(ACCOUNTS)]
        at_once = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(_fill(season, holder, account, at_once) for account in accounts))
    return BenchRegion(region, season, holder, _consecutive(accounts), _consecutive(claims))


async def _account(season: Season, holder: Party, number: int) -> int:
    body = {"owner_id": holder.organisation_id, "name": f"Bench {number}"}
    return int((await season.api.post("/v1/accounts", body, by=season.regulators[0]))["id"])


async def _claim(season: Season, holder: Party) -> int:
    body = {
        "organisation_id": holder.organisation_id,
        "type": "contribution",
        "subject": "A contribution",
        "begins": "2024-01-01T00:00:00Z",
        "ends": "2024-12-31T00:00:00Z",
        "boundary": "none",
        "exclusive": False,
    }
    return int((await season.api.post("/v1/claims", body, by=holder.key))["id"])


async def _fill(season: Season, holder: Party, account_id: int, at_once: asyncio.Semaphore) -> None:
    kiln = season.parties["kiln"]
    body = {
        "account_id": kiln.account_id,
        "receiver_id": account_id,
        "quantity_kg": TONNES_EACH * KG_PER_T,
        "reason": "Bench",
    }
    async with at_once:
        offer = await season.api.post("/v1/transfers", body, by=kiln.key)
        await season.api.post(f"/v1/transfers/{offer['id']}/accept", by=holder.key)


def _consecutive(ids: list[int]) -> range:
    assert ids == list(range(ids[0], ids[0] + len(ids))), "nobody else makes any meanwhile"
    return range(ids[0], ids[0] + len(ids))

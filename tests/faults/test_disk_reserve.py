"""
A small disk that one organisation fills: 507 in time, PostgreSQL stays up, and after a clean-up writes go on.

The whole data folder of a real service lies on a file system of its own, database and journal included.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.postgres import cluster
from deploy.postgres import server as postgres
from deploy.postgres.programs import PostgresUnavailable
from deploy.scenarios.cast import BEGINS, Season
from deploy.scenarios.client import Api
from deploy.scenarios.season import play_until
from tests.deploy.services import Service
from tests.faults.killing import until
from tests.probes import refused
from tests.registry.projects.life import some_file

DISK_MB = 900
RESERVE_MB = 150
ROOM_MB = 240
"""What is left above the reserve when the uploads begin; the rest a file takes."""
RECYCLED_MB = 50
"""So far below the reserve that segments of the WAL that PostgreSQL removes meanwhile do not end the shortage."""
MB = 1_000_000


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own that every user may enter; only root can mount one."""
    folder = Path(tempfile.mkdtemp(prefix="kw-reserve-", dir="/tmp"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=0755", "none", str(folder)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("a file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


class SmallDisk:
    """A served region on it, after the season's market."""

    def __init__(self, service: Service, folder: Path, season: Season, http: httpx.AsyncClient) -> None:
        self.service = service
        self.folder = folder
        self.season = season
        self.http = http
        self.postgres = service.data / "postgres"

    def free_mb(self) -> int:
        """What is free now."""
        return shutil.disk_usage(self.folder).free // MB

    def leave_mb(self, free_mb: int) -> Path:
        """A file of a stranger, so large that only so much is left."""
        filler = self.folder / f"filler-{free_mb}"
        with filler.open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, (self.free_mb() - free_mb) * MB)
        return filler

    async def post(self, path: str, body: Any, *, key: str, by: str, content: bytes | None = None) -> httpx.Response:
        """One write."""
        headers = {"Authorization": f"Bearer {by}", "Idempotency-Key": key}
        if content is not None:
            headers["Content-Type"] = "application/pdf"
        return await self.http.post(path, json=body, content=content, headers=headers)

    async def upload(self, number: int, by: str) -> httpx.Response:
        """Two megabytes that do not compress."""
        return await self.post("/v1/documents", None, key=f"file-{number}", by=by, content=some_file(2 * MB))

    async def disk_health(self) -> tuple[str, str]:
        """The whole service's status and that of its disk."""
        report = (await self.service.inner("/health/ready")).json()
        return report["status"], next(each["status"] for each in report["parts"] if each["part"] == "disk")

    def postmaster(self) -> str:
        """The first line of the server's own file: its process."""
        return (cluster.path_of(self.postgres) / "postmaster.pid").read_text().split()[0]

    async def connect(self) -> asyncpg.Connection:
        """As the owner, beside the service."""
        return await asyncpg.connect((await asyncio.to_thread(postgres.start, self.postgres, create=False)).dsn)


@pytest.fixture
async def on_small_disk(small_disk: Path) -> AsyncIterator[SmallDisk]:
    """The service, with 150 MB in reserve."""
    settings = {
        "KILNWOOD_DISK_RESERVE_MB": str(RESERVE_MB),
        "KILNWOOD_BUSINESS_TIME": BEGINS,
        "KILNWOOD_QUOTAS": "drafts=7",
    }
    service = Service(small_disk, settings)
    service.start()
    try:
        async with service.client() as http:
            secrets = [(service.data / "secrets" / f"regulator-{n}.key").read_text().strip() for n in (1, 2)]
            season = Season(Api(http, seed="small-disk"), (secrets[0], secrets[1]))
            await play_until(season, "withdrawn")
            yield SmallDisk(service, small_disk, season, http)
    finally:
        await asyncio.to_thread(service.child.stop)
        with contextlib.suppress(PostgresUnavailable):
            await asyncio.to_thread(postgres.stop, service.data / "postgres")


async def fill(disk: SmallDisk, by: str) -> tuple[int, httpx.Response]:
    """Upload eight at a time until one is refused; returns how many were stored, and the refusal."""
    stored = 0
    for first in range(0, 400, 8):
        answers = await asyncio.gather(*(disk.upload(first + each, by) for each in range(8)))
        stored += sum(each.status_code == 201 for each in answers)
        if found := [each for each in answers if each.status_code != 201]:
            return stored, found[0]
    raise AssertionError("the disk never became full")


async def test_one_organisation_fills_the_disk(on_small_disk: SmallDisk):
    """From the first upload to the first write after the clean-up; what was under way is carried out meanwhile."""
    disk, bank, forest = on_small_disk, on_small_disk.season.parties["bank"], on_small_disk.season.parties["forest"]
    claim = {
        "organisation_id": bank.organisation_id,
        "type": "contribution",
        "subject": "A contribution",
        "begins": "2024-01-01T00:00:00Z",
        "ends": "2024-12-31T00:00:00Z",
        "boundary": "none",
        "exclusive": False,
    }
    claim_id = (await disk.post("/v1/claims", claim, key="claim", by=bank.key)).json()["id"]
    retirement = {"account_id": bank.account_id, "claim_id": claim_id, "quantity_kg": 47, "reason": "A visitor"}
    first = await disk.post("/v1/retirements", retirement, key="visitor-1", by=bank.key)
    assert 201 == first.status_code, first.text
    process, filler = disk.postmaster(), disk.leave_mb(RESERVE_MB + ROOM_MB)

    owner = await disk.connect()
    try:
        async with owner.transaction():
            await owner.execute("select from registry.account where id = $1 for update", bank.account_id)
            under_way = asyncio.create_task(disk.post("/v1/retirements", retirement, key="visitor-2", by=bank.key))

            async def waits() -> bool:
                asked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                return bool(await owner.fetchval(asked))

            await until(waits, "the retirement waits")
            stored, refusal = await fill(disk, forest.key)
            problem = refused(refusal, 507, "storage-reserve", "are kept in reserve")
            assert RESERVE_MB == problem["reserve_mb"]
        assert 201 == (await under_way).status_code, "it was begun before"
        assert stored > 1, "the first ones fitted"
        assert disk.free_mb() > RESERVE_MB // 2, "what was in flight did not use the reserve up"
        disk.leave_mb(min(RESERVE_MB - RECYCLED_MB, disk.free_mb()))  # uploads stop before; others need not

        async def is_noticed() -> bool:
            return await disk.disk_health() == ("degraded", "degraded")

        await until(is_noticed, "readiness says so")
        await served_from_the_reserve(disk, retirement, first)
        removed = await asyncio.to_thread(disk.service.run, "documents", "remove", "--older-than", "0")
        assert removed.stdout.startswith(f"{stored} documents of {stored * 2 * MB:,} bytes were removed"), removed

        async def takes_writes() -> bool:
            return await disk.disk_health() == ("ready", "ready")

        await until(takes_writes, "there is room again")
        assert 201 == (await disk.upload(1_000, forest.key)).status_code
        assert 201 == (await disk.post("/v1/retirements", retirement, key="visitor-3", by=bank.key)).status_code
    finally:
        await owner.close()
    assert filler.exists(), "the room was made by the clean-up alone"
    assert process == disk.postmaster(), "PostgreSQL ran all the time"
    log = (cluster.path_of(disk.postgres) / "server.log").read_text(errors="replace")
    assert not [line for line in log.splitlines() if "PANIC" in line or "No space left" in line]


async def served_from_the_reserve(disk: SmallDisk, retirement: dict[str, Any], first: httpx.Response) -> None:
    """Reads, the same retirement again, and nothing new; metrics say how much is left."""
    bank = disk.season.parties["bank"]
    for path in ("/v1/conservation", f"/v1/retirements?claim_id={retirement['claim_id']}", "/health/ready"):
        assert 200 == (await disk.http.get(path)).status_code, path
    path, headers = f"/v1/organisations/{bank.organisation_id}/usage", {"Authorization": f"Bearer {bank.key}"}
    shown = (await disk.http.get(path, headers=headers)).json()["quotas"]
    assert [7] == [each["limit"] for each in shown if each["quota"] == "drafts"], "as the operator set it"
    again = await disk.post("/v1/retirements", retirement, key="visitor-1", by=bank.key)
    assert (201, first.content) == (again.status_code, again.content)
    new = await disk.post("/v1/retirements", retirement, key="visitor-4", by=bank.key)
    refused(new, 507, "storage-reserve", "MB are free")
    metrics = (await disk.service.inner("/metrics")).text
    assert f"kilnwood_disk_reserve_bytes {RESERVE_MB * MB:.1e}" in metrics
    assert "kilnwood_disk_free_bytes" in metrics

    async def log_is_empty() -> bool:
        text = (await disk.service.inner("/metrics")).text
        return "kilnwood_log_unpublished_statements 0.0" in text

    await until(log_is_empty, "the log goes on")

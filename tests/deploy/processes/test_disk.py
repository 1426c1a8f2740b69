"""Whose disks are watched, and what the operator sees of them."""

import asyncio
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from deploy.processes.disk import DiskWatch, watched
from deploy.processes.tasks import cancelled
from deploy.settings import Settings, read_settings
from tests.faults.killing import until


def test_the_embedded_databases_disks_are_watched(tmp_path: Path):
    """The data folder, the database and its journal, wherever they lie, and what the operator names."""
    elsewhere = tmp_path / "elsewhere" / "cluster"
    (elsewhere / "pg_wal").mkdir(parents=True)
    data = tmp_path / "data"
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "cluster.path").write_text(str(elsewhere), encoding="utf-8")
    settings = {"KILNWOOD_DATA_DIR": str(data), "KILNWOOD_DISK_WATCHED": str(tmp_path)}
    assert (data, tmp_path, elsewhere, elsewhere / "pg_wal") == watched(read_settings(settings))
    settings["DATABASE_URL"] = "postgresql://db.example/kilnwood?sslmode=verify-full"
    assert (data, tmp_path) == watched(read_settings(settings))


def large_reserve(folder: Path) -> Settings:
    """A data folder with a reserve that no disk has."""
    return read_settings({"KILNWOOD_DATA_DIR": str(folder), "KILNWOOD_DISK_RESERVE_MB": "1000000"})


async def test_it_is_looked_at_again_and_again(tmp_path: Path):
    """What was known once is out of date a second later."""
    disk = DiskWatch(large_reserve(tmp_path), CollectorRegistry())
    disk.room.free_bytes = 7
    watching = asyncio.create_task(disk.watch())

    async def is_seen() -> bool:
        return disk.room.free_bytes != 7

    await until(is_seen, "the disk was looked at")
    await cancelled(watching)


def test_it_is_shown(tmp_path: Path):
    """Metrics have both numbers; what is below the reserve is trouble."""
    metrics = CollectorRegistry()
    disk = DiskWatch(large_reserve(tmp_path), metrics)
    disk.room.free_bytes = 7_000_000
    assert "7 MB are free and 1,000,000 MB are kept in reserve" in disk.trouble
    text = generate_latest(metrics).decode()
    assert "kilnwood_disk_free_bytes 7e+06" in text
    assert "kilnwood_disk_reserve_bytes 1e+12" in text

"""What is free on the disks of the data folder and the database, looked at every second."""

import asyncio
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from deploy.postgres import cluster
from deploy.settings import Settings
from registry.kit.room import Room
from registry.kit.supervise import Supervisor

LOOK_EVERY_S = 1.0
"""So much may be written unseen: see registry/kit/room.py."""


def watched(settings: Settings) -> tuple[Path, ...]:
    """The data folder; the files and the journal of the embedded database; and what the operator names."""
    folders = [settings.data_dir, *settings.disk_watched]
    if not settings.database_url:
        data = cluster.path_of(settings.data_dir.absolute() / "postgres")
        folders += [each for each in (data, data / "pg_wal") if _can_be_asked(each)]
    return tuple(folders)


def _can_be_asked(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:  # another user's: the file system is that of the folder above, unless somebody mounted one
        return False


class DiskWatch:
    """Keeps a `Room` fresh, and shows it as metrics."""

    def __init__(self, settings: Settings, metrics: CollectorRegistry) -> None:
        self.room = Room(watched(settings), reserve_bytes=settings.disk_reserve_mb * 1_000_000)
        free = Gauge("kilnwood_disk_free_bytes", "Free where the least is free", registry=metrics)
        free.set_function(lambda: -1 if self.room.free_bytes is None else self.room.free_bytes)
        reserve = Gauge("kilnwood_disk_reserve_bytes", "Below this, new writes are refused", registry=metrics)
        reserve.set(self.room.reserve_bytes)

    @property
    def trouble(self) -> str:
        """Why writes are refused, in one line; empty when none is."""
        return self.room.trouble

    async def watch(self) -> None:
        """Look until cancelled."""
        supervisor = Supervisor("disk", "Nobody looks how much of the disk is free", retry_s=LOOK_EVERY_S)

        async def step() -> None:
            await asyncio.to_thread(self.room.look)
            await supervisor.pause(LOOK_EVERY_S)

        await supervisor.run(step)

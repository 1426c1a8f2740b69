"""That housekeeping survives whatever fails, and that what it leaves to others does too."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.processes import housekeeping
from deploy.processes.database import RegionDatabase
from deploy.processes.housekeeping import HousekeepingRole
from deploy.processes.tasks import cancelled
from deploy.settings import read_settings
from registry.kit.problems import Unavailable


@pytest.mark.parametrize("error", [OSError("disk"), RuntimeError("lost"), ValueError("odd"), Unavailable("away")])
async def test_housekeeping_survives_whatever_fails(monkeypatch, error):
    """Each tick tries again."""
    seen: list[str] = []
    enough = asyncio.Event()

    async def fail(**_):
        seen.append("expire")
        if len(seen) > 2:
            enough.set()
        raise error

    monkeypatch.setattr(housekeeping, "TICK_S", 0)
    monkeypatch.setattr("deploy.processes.housekeeping.transfers.expire_due", fail)
    role = HousekeepingRole(cast("Any", None))
    await role.start()
    await asyncio.wait_for(enough.wait(), 10)
    await role.stop()
    assert len(seen) >= 3


async def test_the_watch_over_the_database_survives_a_revival_that_fails(monkeypatch):
    """Whatever a look at the server raises is logged, and the next look comes."""
    looks = iter([Unavailable("away"), RuntimeError("revive"), OSError("no process can be started")])
    enough = asyncio.Event()

    async def look(*_):
        error = next(looks, None)
        if error is None:
            return enough.set()
        raise error

    monkeypatch.setattr("deploy.processes.database.TICK_S", 0)
    watched = RegionDatabase(read_settings({}))
    monkeypatch.setattr(watched, "look", look)
    watching = asyncio.create_task(watched._watch(Path()))
    await asyncio.wait_for(enough.wait(), 10)
    assert not watching.done()
    await cancelled(watching)

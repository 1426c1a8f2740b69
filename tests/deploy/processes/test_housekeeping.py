"""That housekeeping survives whatever fails, and that what it leaves to others does too."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import CapturingLogger

from deploy.processes import housekeeping
from deploy.processes.database import RegionDatabase
from deploy.processes.housekeeping import HousekeepingRole
from deploy.processes.tasks import cancelled
from deploy.settings import read_settings
from registry.kit.problems import Unavailable
from tests.worlds import World


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

    async def keep(**_):
        """There is no database here."""

    monkeypatch.setattr(housekeeping, "TICK_S", 0)
    monkeypatch.setattr("deploy.processes.housekeeping.clock.keep", keep)
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


async def test_the_end_of_the_calendar_is_logged_once_a_day(delivered: World, monkeypatch: pytest.MonkeyPatch):
    """At the first tick, from a year before the last day that is known; not before."""
    logged = CapturingLogger()
    monkeypatch.setattr(housekeeping, "log", logged)
    role = HousekeepingRole(delivered.db)
    await role._warn_of_the_calendar()
    assert [] == logged.calls
    await delivered.season.set_clock("2026-01-05T00:00:00Z")
    await role._warn_of_the_calendar()
    await role._warn_of_the_calendar()
    (call,) = logged.calls
    assert ("warning", ("calendar_ends",)) == (call.method_name, call.args)
    assert ("2026-12-31", 360) == (call.kwargs["last_day"], call.kwargs["days_left"])

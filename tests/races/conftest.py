"""
A small region for race tests. It is built in a second, because each removed guard is tested in its own process.

`tests/races/test_guards.py` runs these tests against a copy of the product with one guard removed. It passes its
server in `KILNWOOD_RACE_SERVER`, so that the copy does not start another.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import registry
from registry.credits.retirement import service as retirement
from registry.kit.together import Together
from tests import invariants, worlds
from tests.races import race_region
from tests.races.race_region import RaceRegion

SERVER = "KILNWOOD_RACE_SERVER"


@pytest.fixture(autouse=True)
def each_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Each retirement is a group of its own, as those of other processes are, and waits for locks as everybody does.

    In one process they would wait for each other before the database sees them, and ten milliseconds at a gate would be
    over before it opens: a race would be none.
    """

    async def by_itself(together: Together[Any, Any], item: object) -> object:
        (reply,) = await together._run([item])
        return await together._alone(item) if reply is None else reply

    monkeypatch.setattr(Together, "join", by_itself)
    monkeypatch.setattr(retirement, "_PATIENCE", None)


@pytest.fixture(scope="session")
def race_server(request: pytest.FixtureRequest) -> str:
    """The server passed by `test_guards.py`, or this worker's own."""
    return os.environ.get(SERVER) or str(request.getfixturevalue("server"))


@pytest.fixture(scope="session")
def region_template(request: pytest.FixtureRequest, race_server: str) -> race_region.RegionTemplate:
    """The region before any race, built by the product under test, which may be the copy."""
    rooted = Path(registry.__file__).is_relative_to(request.config.rootpath)
    assert rooted, "the product under test is not the one beside these tests"
    return asyncio.run(race_region.build_template(race_server))


@pytest.fixture
async def region(race_server: str, region_template: race_region.RegionTemplate) -> AsyncIterator[RaceRegion]:
    """A copy of that region; the invariants are checked afterwards."""
    async with race_region.copied_database(race_server, region_template) as dsn:
        async with race_region.opened(dsn, region_template) as copy:
            yield copy
        await invariants.check(dsn, worlds.KEYS)

"""
A small region for race tests. It is built in a second, because each removed guard is tested in its own process.

`tests/races/test_guards.py` runs these tests against a copy of the product with one guard removed. It passes its
server in `KILNWOOD_RACE_SERVER`, so that the copy does not start another.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import registry
from tests import invariants, worlds
from tests.races import race_region
from tests.races.race_region import RaceRegion

SERVER = "KILNWOOD_RACE_SERVER"


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

"""
A small region for races: built in a second, so that each removed guard is tried in a process of its own.

`tests/races/test_guards.py` runs these tests in a copy of the product from which a guard was taken out. It names its
server in `KILNWOOD_RACE_SERVER`, so that the copy starts none.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import registry
from tests import invariants, worlds
from tests.races import ring
from tests.races.ring import Ring

SERVER = "KILNWOOD_RACE_SERVER"


@pytest.fixture(scope="session")
def race_server(request: pytest.FixtureRequest) -> str:
    """The server of the process that tries the guards, or this worker's own."""
    return os.environ.get(SERVER) or str(request.getfixturevalue("server"))


@pytest.fixture(scope="session")
def race_template(request: pytest.FixtureRequest, race_server: str) -> ring.Template:
    """The region before any race, from the product under test: in the copy it is the copy's."""
    rooted = Path(registry.__file__).is_relative_to(request.config.rootpath)
    assert rooted, "the product under test is not the one beside these tests"
    return asyncio.run(ring.build(race_server))


@pytest.fixture
async def races(race_server: str, race_template: ring.Template) -> AsyncIterator[Ring]:
    """A copy of that region; afterwards the invariants hold."""
    async with ring.copied(race_server, race_template) as dsn:
        async with ring.opened(dsn, race_template) as region:
            yield region
        await invariants.check(dsn, worlds.KEYS)

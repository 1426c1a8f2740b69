"""
A real PostgreSQL for the whole run, and a database of its own for every test.

Each worker starts one server and builds three template databases through the product's own HTTP interface: `empty` (a
region with two regulators), `issued` (the season up to its two issuances) and `delivered` (after its market). A test
that asks for one of these fixtures gets a copy (about 50 ms) with real commits; afterwards every invariant is checked
from outside: conservation, movements against blocks, and the log from its stored bytes.
"""

import asyncio
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

_COMPILED: Final = "PYTHONPYCACHEPREFIX"


def _compile_once() -> str:
    """
    Keep bytecode in a folder of this run where the environment forbids to write any; returns it, or nothing.

    Containers often do. Each of the hundreds of processes that tests start would then compile seven hundred modules
    first, for more than a second. Workers and what they start inherit the folder.
    """
    if not sys.dont_write_bytecode or os.environ.get(_COMPILED):
        return ""
    folder = tempfile.mkdtemp(prefix="kw-compiled-")
    Path(folder).chmod(0o755)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ[_COMPILED] = sys.pycache_prefix = folder
    sys.dont_write_bytecode = False
    return folder


COMPILED: Final = _compile_once()


def pytest_unconfigure() -> None:
    """Remove what this run compiled."""
    if COMPILED:
        shutil.rmtree(COMPILED, ignore_errors=True)


pytest.register_assert_rewrite("tests.invariants", "tests.market_invariants", "tests.probes")

from deploy.postgres import server as postgres  # noqa: E402 - what is imported from here on is rewritten
from registry.kit import logging  # noqa: E402 - as above
from tests import worlds  # noqa: E402 - as above
from tests.worlds import Template, World  # noqa: E402 - as above


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long, unless `KILNWOOD_LONG` is set."""
    if os.environ.get("KILNWOOD_LONG"):
        return
    left_out = [each for each in items if each.get_closest_marker("long")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [each for each in items if not each.get_closest_marker("long")]


class OneStart(LoadScopeScheduling):  # type: ignore[misc] # xdist is untyped
    """
    Tests are handed out one by one, except those that share what was started for them: they stay on one worker.

    A region with its season takes as long as a dozen tests. (xdist's own groups do nothing on pytest 9.)
    """

    def _split_scope(self, nodeid: str) -> str:
        path, _, name = nodeid.partition("::")
        if path == "tests/faults/test_kill.py":
            return f"{path} {name.rpartition('-')[0]}"  # a region for each way of dying
        return SHARED.get(path, nodeid)


SHARED: Final = {
    path: name
    for name, paths in tomllib.loads(Path(__file__).with_name("shared_starts.toml").read_text("utf-8")).items()
    for path in paths
}
"""What the tests of a file share, by its path."""


@pytest.hookimpl(optionalhook=True)  # a race without its guard is run without xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneStart:
    """Distribute the tests over the workers."""
    return OneStart(config, log)


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> None:
    """Requests are not what a failing test should print."""
    logging.configure(json=True, level="error")


SHARED_MEMORY, ENOUGH_BYTES = Path("/dev/shm"), 4 << 30  # noqa: S108 - a folder of our own is made there


def _roomy() -> str:
    """
    Where databases are copied for every test: in memory where there is room, which is ten times as fast as a disk.

    Nothing is lost by it: this server does not wait for its disk anyway.
    """
    try:
        return str(SHARED_MEMORY) if shutil.disk_usage(SHARED_MEMORY).free > ENOUGH_BYTES else "/tmp"  # noqa: S108 - as above
    except OSError:
        return "/tmp"  # noqa: S108 - as above


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Address of this worker's PostgreSQL: the embedded 18, or the binaries that KILNWOOD_TEST_PG_BIN names."""
    folder = Path(tempfile.mkdtemp(prefix="kw-test-", dir=_roomy()))
    folder.chmod(0o755)
    chosen = os.environ.get("KILNWOOD_TEST_PG_BIN")
    bin_dir = Path(chosen) if chosen else None
    # Commits are real; only the disk is not waited for. Tests that kill servers start their own, with fsync.
    started = postgres.start(folder / "postgres", settings={"fsync": "off", "max_connections": "120"}, bin_dir=bin_dir)
    yield started.dsn
    postgres.remove(folder / "postgres", bin_dir=bin_dir)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def templates(server: str) -> dict[str, Template]:
    """The template databases, built once in each worker."""
    return asyncio.run(worlds.build_templates(server))


@pytest.fixture
async def empty(server: str, templates: dict[str, Template]) -> AsyncIterator[World]:
    """A region with two regulators and nothing else."""
    async with worlds.opened(server, templates["empty"]) as world:
        yield world


@pytest.fixture
async def issued(server: str, templates: dict[str, Template]) -> AsyncIterator[World]:
    """The season up to its issuances: the developers hold 6,396 t of forest and 3,619 t of kiln credits."""
    async with worlds.opened(server, templates["issued"]) as world:
        yield world


@pytest.fixture
async def delivered(server: str, templates: dict[str, Template]) -> AsyncIterator[World]:
    """The season after its market: four enterprises hold 7,900 t, an order over 119 t still rests in the book."""
    async with worlds.opened(server, templates["delivered"]) as world:
        yield world

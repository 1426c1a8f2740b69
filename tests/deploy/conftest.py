"""Folders that a server running as another user can reach; pytest's own are closed to all but us."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.postgres import server as postgres


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A new folder that every user may enter; servers started anywhere under it are ended afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="kw-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    for lock in list(folder.rglob("start.lock")):
        postgres.remove(lock.parent)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def as_root() -> None:
    """Only root can become another user."""
    if os.geteuid() != 0:
        pytest.skip("needs root")

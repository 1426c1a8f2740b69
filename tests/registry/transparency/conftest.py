"""A log with its witness, in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry.transparency.logs import Log, new_log


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """Head file and witness of one log."""
    with new_log(tmp_path) as made:
        yield made

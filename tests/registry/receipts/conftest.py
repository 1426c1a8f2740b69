"""The browser's verifier, for all tests of receipts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry.receipts.browser.node import NODE, Browser


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser | None]:
    """Node with the script of the receipt page; None where there is no Node."""
    if NODE is None:
        yield None
        return
    running = Browser(Path(tmp_path_factory.mktemp("browser")))
    yield running
    running.close()

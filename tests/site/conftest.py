"""Fixtures of tests that look at pages in a browser."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser

from tests.site import browser
from tests.site.browser import Site


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A region with its two regulators and nobody else, served for all tests of a worker."""
    with browser.served() as running:
        yield running


@pytest.fixture(scope="session")
def played_site() -> Iterator[Site]:
    """A region after its season's market, served for all tests of a worker."""
    with browser.served("withdrawn") as running:
        yield running


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A browser for one test."""
    async with browser.chromium() as started:
        yield started

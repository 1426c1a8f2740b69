"""One real region for all tests that kill parts of it, or its service, and need a market: it takes long to make."""

from collections.abc import Iterator

import pytest

from tests.faults.market_to_kill import MarketToKill, market_to_kill


@pytest.fixture(scope="session")
def to_kill() -> Iterator[MarketToKill]:
    """A region after its transfers. What was done before by other tests is there, so tests look at differences."""
    with market_to_kill() as market:
        yield market

"""A market that is open, and afterwards agrees with the registry."""

from collections.abc import AsyncIterator

import pytest

from exchange.settlement import settler
from tests.exchange.marketplace import Market
from tests.worlds import World


@pytest.fixture
async def market(issued: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Market]:
    """Both instruments are open; nothing was deposited yet. Afterwards nothing is under way and the books agree."""
    monkeypatch.setattr(settler, "IDLE_S", 0.03)  # each world waits for its settler to end
    opened = Market(issued)
    await opened.open()
    yield opened
    await opened.agree()

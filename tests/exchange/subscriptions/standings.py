"""A buyer's or seller's standing subscription in a market, and what follows it, step by step."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from deploy.processes import engine as engine_role
from exchange.subscriptions.following import follow
from tests.exchange.marketplace import Market, until

BEGINS = "2025-01-01T00:00:00Z"


@contextmanager
def by_hand() -> Iterator[None]:
    """The engine's process follows no subscription inside: the test does."""
    with mock.patch.object(engine_role, "follow", mock.AsyncMock(return_value=0)):
        yield


async def set_up(market: Market, who: str, **terms: Any) -> dict[str, Any]:
    """A buyer's: 10 t of the kiln's each day at 14.00 CNY, unless other terms are said."""
    party = market.party(who)
    said = {"side": "buy", "quantity_t": 10, "every": "day", "price_fen": 14_00, "begins": BEGINS} | terms
    if said["side"] == "sell":
        said = {name: said[name] for name in ("side", "price_fen", "project_id", "share_bps", "into")}
    body = {"account_id": party.account_id, "terms": said}
    made: dict[str, Any] = await market.world.ok("/v1/subscriptions", body, by=party.key)
    return made


async def step(market: Market, times: int = 1) -> None:
    """What the engine's process does twice a second, now."""
    for _ in range(times):
        await follow(exchange=await market.world.trade())


async def at(market: Market, moment: str) -> None:
    """Move business time."""
    await market.world.ok("/v1/clock", {"at": moment}, by=market.world.regulators[0])


async def shown(market: Market, who: str, standing: dict[str, Any]) -> dict[str, Any]:
    """The subscription as it stands."""
    found: dict[str, Any] = await market.read(f"/v1/subscriptions/{standing['id']}", by=market.party(who).key)
    return found


async def runs(market: Market, who: str, standing: dict[str, Any]) -> list[dict[str, Any]]:
    """Its schedule so far."""
    found = await market.read(f"/v1/subscriptions/{standing['id']}/runs", by=market.party(who).key)
    return list(found["items"])


async def over(market: Market, who: str, standing: dict[str, Any], count: int = 1) -> list[dict[str, Any]]:
    """Follow until so many of its runs are over; returns them all."""
    found: list[dict[str, Any]] = []

    async def are() -> bool:
        await step(market)
        found[:] = await runs(market, who, standing)
        return sum(each["state"] == "done" for each in found) >= count

    await until(are, f"{count} runs are over")
    return found

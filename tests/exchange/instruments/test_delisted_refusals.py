"""What was delisted takes nothing more by any way in, and says so; what the exchange holds of it goes home."""

import asyncio
import functools
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from exchange.instruments import notices
from registry.kit.database import Tx
from tests.exchange.instruments.test_baskets_over_http import BASKET, opened
from tests.exchange.instruments.test_delistings import DAY, told, turned
from tests.exchange.marketplace import KILN, Market, until
from tests.exchange.subscriptions import standings
from tests.exchange.subscriptions.test_selling import YEAR, of_log, sells
from tests.probes import as_owner, refused, unchanged

WINDOW = {"opens_at": "2025-02-01T01:00:00Z", "closes_at": "2026-01-01T00:00:00Z"}
OFFER = {"instrument": KILN, "price_fen": 14_00, "quantity_t": 10}


@pytest.fixture(autouse=True)
def followed_by_hand() -> Iterator[None]:
    """Steps of standing subscriptions are the test's."""
    with standings.by_hand():
        yield


async def deposited(market: Market, tonnes: int) -> httpx.Response:
    """The kiln's owner brings tonnes."""
    kiln = market.party("kiln")
    body = {"account_id": kiln.account_id, "instrument": KILN, "quantity_t": tonnes}
    return await market.world.post("/v1/deposits/credits", body, by=kiln.key)


def buying(market: Market) -> dict[str, Any]:
    """A standing subscription of the solar company's to the kiln's credits."""
    terms = {"side": "buy", "quantity_t": 10, "every": "day", "price_fen": 14_00, "begins": standings.BEGINS}
    return {"account_id": market.party("solar").account_id, "terms": terms | {"instrument": KILN}}


async def test_every_way_in_is_closed_by_a_delisting_and_says_why(market: Market):
    """Each request is refused as delisted and changes nothing; the tonnes that are held go back to the registry."""
    kiln, solar = market.party("kiln"), market.party("solar")
    await market.bring("kiln", 30)
    await market.pay_in("solar", 3_000_00)
    await told(market, f"/instruments/{KILN}/delist", day=DAY, reason="Stale vintage")
    assert 201 == (await deposited(market, 1)).status_code, "announced, it trades until the day"
    standing = await standings.set_up(market, "solar", instrument=KILN)
    seller = await sells(market)
    await turned(market)
    async with unchanged(market.world):
        told_why = refused(await deposited(market, 1), 409, "instrument-delisted", f"{KILN} was delisted on {DAY}")
        assert DAY == told_why["delisted_on"]
        assert "retired" in told_why["detail"], "what to do instead"
    ways = {
        "/v1/orders": OFFER | {"side": "sell"},
        "/v1/listings": OFFER,
        "/v1/campaigns": OFFER | {"most_t": 10} | WINDOW,
        "/v1/auctions": {"instrument": KILN, "reserve_fen": 14_00, "quantity_t": 10, "kind": "uniform"} | WINDOW,
        "/v1/blocks": OFFER | {"counterparty_id": solar.account_id, "side": "sell", "expires_at": WINDOW["closes_at"]},
        "/v1/quote-requests": {"instrument": KILN, "side": "sell", "quantity_t": 2, "expires_at": WINDOW["closes_at"]},
    }
    for path, said in ways.items():
        refused(await market.send("kiln", path, **said), 409, "instrument-delisted", "withdrawn")
    for path in ("/v1/subscriptions", "/v1/subscriptions/dry-run"):
        answer = await market.world.post(path, buying(market), by=solar.key)
        refused(answer, 409, "instrument-delisted", DAY)
    change = await market.world.post(
        f"/v1/subscriptions/{standing['id']}/change", {"terms": buying(market)["terms"]}, by=solar.key
    )
    refused(change, 409, "instrument-delisted", DAY)
    await standings.step(market, 2)
    await standings.at(market, "2025-01-15T04:00:00Z")
    await standings.step(market, 3)
    assert "instrument-delisted" in {each["why_slug"] for each in await standings.runs(market, "solar", standing)}
    with of_log(market, (1_000, f"{YEAR}-03")):
        (run,) = await standings.over(market, "kiln", seller)
    assert ("instrument-delisted", []) == (run["why_slug"], run["orders"])
    home = {"account_id": kiln.account_id, "instrument": KILN, "quantity_t": 31}
    await market.world.ok("/v1/withdrawals/credits", home, by=kiln.key)
    await market.settled()
    assert (0, 0, 0, 0) == await market.tonnes("kiln"), "nothing was deposited by the standing subscription either"


async def test_a_delisting_waits_for_a_deposit_that_looked_before(market: Market):
    """A deposit has seen that the instrument trades, and is not committed yet: its lock holds the delisting back."""
    await told(market, f"/instruments/{KILN}/delist", day=DAY, reason="Stale vintage")
    exchange = await market.world.trade()
    instrument = await exchange.instruments.by_code(KILN)
    looked = asyncio.Event()

    async def deposit(tx: Tx) -> None:
        assert await notices.delisted_for(tx, instrument.id) is None
        looked.set()
        await until(functools.partial(_somebody_waits, market), "the delisting waits for it")

    depositing = asyncio.create_task(exchange.db.transaction(deposit))
    await looked.wait()
    await turned(market)
    await depositing
    refused(await deposited(market, 1), 409, "instrument-delisted", f"{KILN} was delisted on {DAY}")


async def _somebody_waits(market: Market) -> bool:
    asked = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    return bool(await as_owner(market.world, asked))


async def test_an_asset_that_left_a_basket_is_still_deposited(market: Market):
    """It trades on in its own book, and so its tonnes are still brought."""
    await opened(market)
    await opened(market, code="BASKET-ENDS")
    await told(market, f"/baskets/{BASKET}/delist", asset=KILN, day=DAY, reason="Too old")
    await told(market, "/instruments/BASKET-ENDS/delist", day=DAY, reason="Nobody trades it")
    await turned(market, "BASKET-ENDS")
    assert 201 == (await deposited(market, 5)).status_code
    await market.sells("kiln", 5, 14_00)

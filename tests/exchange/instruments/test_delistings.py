"""Delistings over HTTP: announced with notice, shown, withdrawn, and carried out by the calendar on their day."""

import asyncio
from datetime import date, datetime
from typing import Any

import pytest

from exchange.instruments.delistings import follow_delistings
from exchange.instruments.presets.files import shipped
from exchange.instruments.rules import NoticeTooShort, NoWorkingDay, check_notice
from exchange.market_data.live import LiveMarket
from schemas.market_data import MarketSnapshot
from tests.exchange.campaigns.test_campaign_pages import page
from tests.exchange.instruments.test_baskets_over_http import BASKET, listed, opened
from tests.exchange.marketplace import FOREST, KILN, Market, done, until
from tests.probes import as_owner, refused, unchanged

DAY, MIDNIGHT = "2025-01-14", "2025-01-13T16:00:00Z"
"""The first day that is possible: today is Monday, 2025-01-06."""


async def told(market: Market, path: str, **said: Any) -> Any:
    """The operator sends something."""
    return done(await market.world.post(f"/v1{path}", said, by=market.world.party("exchange").key))


async def turned(market: Market, code: str = KILN) -> None:
    """The day has come, and the calendar has seen it."""

    async def delisted() -> bool:
        return bool("delisted" == (await market.read(f"/v1/instruments/{code}"))["state"])

    await market.world.ok("/v1/clock", {"at": MIDNIGHT}, by=market.world.regulators[0])
    await until(delisted, "the delisting")
    assert 0 == await follow_delistings(exchange=await market.world.trade())


def test_the_notice_is_of_whole_working_days():
    """Of the venue, or five; weekends and holidays do not count, and the day itself is worked."""
    monday = date(2025, 1, 6)

    def working(day: date) -> bool:
        return day.weekday() < 5

    check_notice(None, monday, date(2025, 1, 14), working)
    check_notice(shipped("cbl-basket"), monday, date(2025, 1, 14), working)
    with pytest.raises(NoticeTooShort, match="2025-01-14 is the first possible, and not 2025-01-13"):
        check_notice(None, monday, date(2025, 1, 13), working)
    with pytest.raises(NoWorkingDay, match="2025-01-18"):
        check_notice(None, monday, date(2025, 1, 18), working)


async def test_an_instrument_is_delisted_on_the_day_that_was_announced(market: Market):
    """Until then it trades; from then on what was open is closed, what was traded delivered, what is held withdrawn."""
    assert datetime.fromisoformat((await market.read("/v1/region"))["business_time"]) < datetime.fromisoformat(MIDNIGHT)
    await opened(market)
    await market.bring("kiln", 100)
    await market.pay_in("solar", 3_000_00)
    shown = await told(market, f"/instruments/{KILN}/delist", day=DAY, reason="Stale vintage")
    assert ("open", DAY, "Stale vintage") == (shown["state"], shown["delisting"]["day"], shown["delisting"]["reason"])
    for address in ("/instruments", f"/instruments/{KILN}"):
        assert "delisted" in (await page(market, address)).text
    closing = asyncio.Event()
    messages = await LiveMarket(await market.world.trade(), closing).watch(KILN, orders=False)
    snapshot = await anext(messages)
    closing.set()
    assert [] == [each async for each in messages if each and isinstance(each.message, MarketSnapshot)]
    assert snapshot is not None
    assert isinstance(snapshot.message, MarketSnapshot)
    assert DAY == str(snapshot.message.delisted_on), "market data say the day"
    ask = await market.sells("kiln", 20, 14_00)
    in_basket = await market.sells("kiln", 10, 14_00, instrument=BASKET)
    listing = await market.lists("kiln", 10, 14_00)
    campaign = {"price_fen": 14_00, "quantity_t": 10, "most_t": 10, "opens_at": "2025-01-07T01:00:00Z"}
    offer = await market.send("kiln", "/v1/campaigns", instrument=KILN, **campaign, closes_at="2026-01-01T00:00:00Z")
    auction = {"reserve_fen": 14_00, "quantity_t": 10, "kind": "uniform", "opens_at": "2025-01-07T01:00:00Z"}
    bids = await market.send("kiln", "/v1/auctions", instrument=KILN, **auction, closes_at="2026-01-01T00:00:00Z")
    await market.buys("solar", 5, 14_00)
    await turned(market)
    for each in (ask, in_basket, listing):
        assert "delisted" == (await market.order_of("kiln", each["id"]))["closed_because"]
    for path, made in (("campaigns", done(offer)), ("auctions", done(bids))):
        found = await market.read(f"/v1/{path}/{made['id']}")
        assert ("ended", "called-off") == (found["state"], found["ended_because"])
    assert [(FOREST, True), (KILN, False)] == listed(await market.read(f"/v1/baskets/{BASKET}"))
    refused(await market.order("solar", "buy", 1, 14_00), 409, "instrument-delisted", "can be withdrawn")
    await market.settled()
    home = {"instrument": KILN, "quantity_t": 5, "account_id": market.party("solar").account_id}
    await market.world.ok("/v1/withdrawals/credits", home, by=market.party("solar").key)
    again = await market.world.post(
        f"/v1/instruments/{KILN}/delist", {"day": "2025-02-28", "reason": "No"}, by=market.party("exchange").key
    )
    refused(again, 409, "instrument-delisted")
    assert "trades no more" in (await page(market, f"/instruments/{KILN}")).text
    assert [KILN] == [each["code"] for each in (await market.read("/v1/instruments?state=delisted"))["items"]]
    person, why = await as_owner(
        market.world,
        "select array[d.person_id::text, i.remark] from exchange.delisting d join exchange.instruction i"
        " on i.kind = 'delist_instrument' and i.instrument_id = d.instrument_id",
    )
    assert (person != "0", "Stale vintage") == (True, why), "who and why"


async def test_an_asset_leaves_one_basket_and_a_basket_ends(market: Market):
    """The asset trades on in its own book; a basket that is delisted takes nothing more."""
    await opened(market)
    await opened(market, code="BASKET-ENDS")
    await market.bring("kiln", 60)
    shown = await told(market, f"/baskets/{BASKET}/delist", asset=KILN, day=DAY, reason="Too old")
    assert [DAY, None] == [each["delisting"] and each["delisting"]["day"] for each in shown["assets"]]
    assert "to be delisted on" in (await page(market, f"/instruments/{BASKET}")).text
    await told(market, "/instruments/BASKET-ENDS/delist", day=DAY, reason="Nobody trades it")
    resting = [await market.sells("kiln", 20, 14_00, instrument=code) for code in (KILN, BASKET, "BASKET-ENDS")]
    await turned(market, "BASKET-ENDS")
    states = [(await market.order_of("kiln", each["id"]))["closed_because"] for each in resting]
    assert [None, "delisted", "delisted"] == states
    assert [(FOREST, True), (KILN, False)] == listed(await market.read(f"/v1/baskets/{BASKET}"))
    answer = await market.order("kiln", "sell", 1, 14_00, instrument="BASKET-ENDS")
    refused(answer, 409, "instrument-delisted")


async def test_what_was_announced_is_withdrawn_and_what_is_wrong_refused(market: Market):
    """Nothing happens on the day; each refusal says what was wrong, and changes nothing."""
    await opened(market)
    operator, path = market.party("exchange").key, f"/v1/instruments/{KILN}/delist"
    basket = f"/v1/baskets/{BASKET}/delist"
    said = {"day": DAY, "reason": "Stale"}
    async with unchanged(market.world):
        early = await market.world.post(path, said | {"day": "2025-01-13"}, by=operator)
        assert DAY == refused(early, 422, "notice-too-short", DAY)["earliest"]
        refused(await market.world.post(path, said | {"day": "2025-01-18"}, by=operator), 422, "no-working-day")
        refused(await market.world.post(path, said, by=market.party("kiln").key), 403, "denied", "operator")
        refused(await market.world.post(f"{path}/withdraw", {"reason": "No"}, by=operator), 409, "no-delisting")
        unknown = await market.world.post("/v1/instruments/BASKET-NONE/delist", said, by=operator)
        refused(unknown, 404, "not-found")
        no_basket = await market.world.post(f"/v1/baskets/{FOREST}/delist", said | {"asset": KILN}, by=operator)
        refused(no_basket, 409, "not-a-basket")
        refused(await market.world.post(basket, said | {"asset": BASKET}, by=operator), 409, "no-such-asset", BASKET)
    await told(market, f"/instruments/{KILN}/delist", **said)
    await told(market, f"/baskets/{BASKET}/delist", asset=KILN, **said)
    refused(await market.world.post(path, said | {"day": "2025-01-15"}, by=operator), 409, "delisting-announced", KILN)
    kept = await told(market, f"/instruments/{KILN}/delist/withdraw", reason="A mistake")
    assert (kept["state"], kept["delisting"]) == ("open", None)
    assets = (await told(market, f"/baskets/{BASKET}/delist/withdraw", asset=KILN, reason="A mistake"))["assets"]
    assert [None, None] == [each["delisting"] for each in assets]
    await told(market, f"/instruments/{FOREST}/delist", **said)
    await turned(market, FOREST)
    await shown_in_one_list(market)
    assert "open" == (await market.read(f"/v1/instruments/{KILN}"))["state"]
    assert [(KILN, True), (FOREST, False)] == listed(await market.read(f"/v1/baskets/{BASKET}"))
    late = await market.world.post(f"/v1/instruments/{FOREST}/delist/withdraw", {"reason": "Too late"}, by=operator)
    refused(late, 409, "no-delisting")


async def shown_in_one_list(market: Market) -> None:
    """An asset's and an instrument's that were withdrawn, and one that was carried out; also on the page."""
    found = (await market.read("/v1/delistings"))["items"]
    assert [(KILN, None, "withdrawn"), (KILN, BASKET, "withdrawn"), (FOREST, None, "done")] == [
        (each["instrument"], each["basket"], each["state"]) for each in found
    ]
    assert [DAY, "Stale", "A mistake", None] == [
        found[1][name] for name in ("day", "reason", "withdrawn_because", "carried_out_at")
    ]
    of_basket = (await market.read(f"/v1/delistings?instrument={BASKET}"))["items"]
    assert [found[1]] == of_basket
    assert [found[2]] == (await market.read("/v1/delistings?state=done"))["items"]
    assert 2 == len((await market.read("/v1/delistings?limit=2&order=newest"))["items"])
    shown = (await page(market, "/delistings")).text
    assert [] == [each for each in (KILN, FOREST, BASKET, "A mistake", "Stale") if each not in shown]
    assert "/delistings" in (await page(market, "/instruments")).text

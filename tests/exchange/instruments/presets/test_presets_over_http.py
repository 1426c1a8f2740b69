"""Instruments by presets, over HTTP: opened, traded, refused with the preset's name and what is open instead."""

from typing import Any
from unittest import mock

from deploy.processes import engine as engine_role
from exchange.instruments.service import turn_days
from tests.exchange.marketplace import FOREST, KILN, Market, done, until
from tests.probes import refused, unchanged
from tests.worlds import World

OPENS, CLOSES = "2025-01-07T01:00:00Z", "2025-01-10T09:00:00Z"


def said(world: World, word: str, preset: str, **more: Any) -> dict[str, Any]:
    """An instrument by a preset."""
    operator = world.party("exchange")
    body = {"project_id": world.season.projects[word], "vintage": 2024, "fee_account_id": operator.account_id}
    return {**body, "preset": preset, **more}


async def opened(world: World, word: str, preset: str, **more: Any) -> Any:
    """Open one."""
    return done(await world.post("/v1/instruments", said(world, word, preset, **more), by=world.party("exchange").key))


async def test_a_trade_half_a_second_after_midnight_is_today_s(issued: World):
    """The calendar comes a moment after the day: what was bought in between stays locked, the rest is released."""
    market, regulator = Market(issued), issued.regulators[0]
    with mock.patch.object(engine_role, "turn_days", mock.AsyncMock(return_value=0)):
        await opened(issued, "kiln", "national-listing", reference_fen=15_00)
        await market.bring("kiln", 30)
        await market.pay_in("solar", 1_000_00)
        listing = await market.lists("kiln", 30, 15_00)
        for moment, tonnes in (("2025-01-06T15:59:59.999999Z", 20), ("2025-01-06T16:00:00Z", 7)):
            await issued.ok("/v1/clock", {"at": moment}, by=regulator)
            done(await market.subscribe("solar", listing["id"], tonnes))
            await market.settled()
        await issued.ok("/v1/clock", {"at": "2025-01-06T16:00:00.5Z"}, by=regulator)
        again = {"instrument": KILN, "price_fen": 15_00}
        assert 1 == await turn_days(exchange=await issued.trade())
        too_much = await market.send("solar", "/v1/listings", **again, quantity_t=21)
        refused(too_much, 409, "bought-today", "21 t; 20 t may be sold today")
        done(await market.send("solar", "/v1/listings", **again, quantity_t=20))
        await market.agree()


async def test_what_a_preset_leaves_no_choice_in_is_refused(issued: World):
    """Tick, lot, band and reference, with both values and what to leave out; nothing is stored of it."""
    operator, path = issued.party("exchange").key, "/v1/instruments"
    band = {"low_fen": 10_00, "high_fen": 20_00}
    async with unchanged(issued):
        for preset, more, status, slug, *named in (
            ("eex-auction", band | {"lot_t": 10}, 409, "preset-decides", "lot_t of preset eex-auction is 500, not 10"),
            ("eex-auction", band | {"tick_fen": 5}, 409, "preset-decides", "tick_fen", "is 1, not 5"),
            ("continuous", {}, 422, "band-missing", "low_fen and high_fen"),
            ("national-listing", {}, 422, "band-missing", "reference_fen"),
            ("guangzhou", band, 422, "band-missing", "reference_fen"),
            ("national-listing", band | {"reference_fen": 10_00}, 409, "preset-decides", "reference_fen 1000"),
            ("continuous", band | {"reference_fen": 15_00}, 409, "preset-decides", "leave reference_fen out"),
            ("nowhere", band, 400, "invalid-request", "preset"),
        ):
            refused(await issued.post(path, said(issued, "kiln", preset, **more), by=operator), status, slug, *named)
        plain = {key: value for key, value in said(issued, "kiln", "x").items() if key != "preset"}
        for more, what in (({}, "low_fen"), ({"low_fen": 1}, "high_fen"), (band | {"reference_fen": 5}, "preset")):
            refused(await issued.post(path, plain | more, by=operator), 400, "invalid-request", what)


async def test_listings_and_auctions_by_presets(issued: World):
    """National listings, locked until the day turns; auctions as at EEX, whose terms are not the seller's to choose."""
    market, regulator = Market(issued), issued.regulators[0]
    found = await opened(issued, "kiln", "national-listing", reference_fen=15_00)
    assert ("national-listing", 13_50, 16_50, 1) == tuple(found[x] for x in ("preset", "low_fen", "high_fen", "lot_t"))
    rules = await market.read(f"/v1/instruments/{KILN}/venue")
    assert ("next-day", "best-five") == (rules["resale"], rules["listings"]["picking"])
    day = (await market.read(f"/v1/instruments/{KILN}/session"))["timetable"]
    assert ("09:30", "15:00") == (day["continuous"], day["closed"])
    await market.bring("kiln", 100)
    await market.pay_in("solar", 2_000_00)
    answer = await market.order("solar", "buy", 10, 15_00)
    refused(answer, 409, "no-book", "preset national-listing", "It trades by: listings.")
    batch = {"do": "place", "instrument": KILN, "side": "buy", "price_fen": 15_00, "quantity_t": 1}
    solar = market.party("solar")
    sent = await issued.post(
        "/v1/orders/batch",
        {"account_id": solar.account_id, "commands": [batch | {"client_order_id": 900}]},
        by=solar.key,
    )
    assert "national-listing" in sent.text
    listing = await market.lists("kiln", 50, 15_00)
    done(await market.subscribe("solar", listing["id"], 20))
    await market.settled()
    again = {"instrument": KILN, "price_fen": 15_00, "quantity_t": 20}
    refused(await market.send("solar", "/v1/listings", **again), 409, "bought-today", "20 t; 0 t may be sold today")
    await issued.ok("/v1/clock", {"at": "2025-01-06T16:00:00Z"}, by=regulator)  # midnight in Shanghai

    async def turned() -> bool:
        return (await market.send("solar", "/v1/listings", **again)).status_code == 201

    await until(turned, "the day has turned")
    assert 0 == await turn_days(exchange=await issued.trade())
    operator, why = market.party("exchange").key, {"reason": "test"}
    path = f"/v1/instruments/{KILN}"
    for what, body, by, named in (
        ("picking", {"rule": "any"}, operator, "rule of this instrument is best-five by preset national-listing"),
        ("session/rules", {"reference_fen": 15_00, "band_bps": 0}, regulator, "band_bps of this instrument is 1000"),
        ("session/timetable", {"continuous": "09:00", "closed": "15:00"}, operator, "the timetable"),
        ("band", {"low_fen": 1, "high_fen": 2}, regulator, "session/rules"),
    ):
        refused(await issued.post(f"{path}/{what}", why | body, by=by), 409, "preset-decides", named)
    await opened(issued, "forest", "eex-auction", low_fen=30_00, high_fen=45_00)
    await market.bring("forest", 1_000, FOREST)
    terms: dict[str, Any] = {"instrument": FOREST, "reserve_fen": 30_00, "quantity_t": 1_000}
    terms |= {"opens_at": OPENS, "closes_at": CLOSES, "kind": "uniform", "ties": "at-random", "cancel_when_short": True}
    for wrong, slug, *words in (
        ({"ties": "by-time"}, "preset-decides", "ties of this instrument is at-random by preset eex-auction"),
        (
            {"cancel_when_short": False},
            "preset-decides",
            "cancel_when_short of this instrument is true by",
            "and not false",
        ),
        ({"lot_t": 1_000}, "preset-decides", "lot_t of this instrument is 500"),
        ({"kind": "pay-as-bid"}, "no-such-auctions", "uniform auctions"),
    ):
        refused(await market.send("forest", "/v1/auctions", **terms | wrong), 409, slug, *words)
    assert 500 == done(await market.send("forest", "/v1/auctions", **terms))["lot_t"]
    await market.agree()


async def test_campaigns_quotes_and_blocks_by_presets(issued: World):
    """Chengdu's campaigns and quotes; Guangzhou's listings and blocks; each refuses what the other has."""
    market = Market(issued)
    await opened(issued, "kiln", "chengdu", low_fen=10_00, high_fen=20_00)
    await opened(issued, "forest", "guangzhou", reference_fen=35_00, low_fen=30_00, high_fen=45_00)
    await market.bring("kiln", 100)
    await market.bring("forest", 100, FOREST)
    await market.pay_in("solar", 5_000_00)
    solar = market.party("solar").account_id
    window = {"opens_at": OPENS, "closes_at": CLOSES}
    campaign = {"instrument": KILN, "price_fen": 15_00, "quantity_t": 50, **window}
    done(await market.send("kiln", "/v1/campaigns", **campaign))
    done(await market.send("solar", "/v1/quote-requests", **_asked(KILN)))
    ways = "It trades by: campaigns, requests for quotes."
    terms = {"instrument": KILN, "price_fen": 15_00, "quantity_t": 10}
    refused(await market.send("kiln", "/v1/listings", **terms), 409, "no-listings", "chengdu", ways)
    refused(await market.order("solar", "buy", 10, 15_00), 409, "no-book", "chengdu", ways)
    block = {"counterparty_id": solar, "side": "sell", "expires_at": CLOSES}
    answer = await market.send("kiln", "/v1/blocks", **block, **terms | {"quantity_t": 1_000})
    refused(answer, 409, "no-blocks", "chengdu", ways)
    other = "It trades by: listings, negotiated blocks, ascending auctions."
    forest = {"instrument": FOREST, "price_fen": 35_00, "quantity_t": 10}
    refused(await market.send("forest", "/v1/campaigns", **forest, **window), 409, "no-campaigns", "guangzhou", other)
    refused(await market.send("solar", "/v1/quote-requests", **_asked(FOREST)), 409, "no-quotes", "guangzhou", other)
    answer = await market.send("forest", "/v1/blocks", **block, **forest)
    refused(answer, 422, "block-too-small", "100,000")
    terms_of_blocks = {"least_t": 1, "reference_fen": 35_00, "band_bps": 3_000, "reason": "test"}
    path, operator = f"/v1/instruments/{FOREST}/block-terms", market.party("exchange").key
    refused(await issued.post(path, terms_of_blocks, by=operator), 409, "preset-decides", "least_t", "100000")
    await issued.ok(path, terms_of_blocks | {"least_t": 100_000, "reference_fen": 36_00}, by=operator)
    done(await market.send("forest", "/v1/listings", **forest))
    refused(await issued.get("/v1/instruments/SC-CDCER-0009-2024/venue"), 404, "not-found")
    page = (await issued.http.get(f"/instruments/{KILN}", headers={"Accept-Language": "en"})).text
    assert "There is no order book here" in page
    assert [] == [each for each in ("Fixed-price listings", "Negotiated blocks") if each in page]
    assert (
        "Fixed-price listings"
        in (await issued.http.get(f"/instruments/{FOREST}", headers={"Accept-Language": "en"})).text
    )
    await market.agree()


def _asked(code: str) -> dict[str, Any]:
    return {"instrument": code, "side": "buy", "quantity_t": 10, "invited": [], "expires_at": CLOSES}

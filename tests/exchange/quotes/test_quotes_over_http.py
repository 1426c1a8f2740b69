"""Requests for quotes over HTTP: answered unseen by others, one taken or none; the price that they come to."""

from typing import Any

from tests.exchange.marketplace import KILN, Market, done, until
from tests.probes import refused

SOON = "2025-01-07T01:00:00Z"


async def asked(market: Market, **said: Any) -> Any:
    """The solar company would buy 50 t."""
    terms = {"instrument": KILN, "side": "buy", "quantity_t": 50, "expires_at": SOON}
    return await market.send("solar", "/v1/quote-requests", **terms | said)


async def quoted(market: Market, who: str, request: Any, price: int, tonnes: int, **said: Any) -> Any:
    """A quote of somebody."""
    terms = {"price_fen": price, "quantity_t": tonnes, "valid_until": SOON, **said}
    return await market.send(who, f"/v1/quote-requests/{request['id']}/quotes", **terms)


async def seen(market: Market, who: str, request: Any) -> Any:
    """A request as somebody sees it."""
    return await market.own(who, f"quote-requests/{request['id']}")


async def sellers(market: Market) -> None:
    """The kiln's owner has tonnes, and has sold some to the car maker, who then has some too; solar has money."""
    await market.bring("kiln", 100)
    for who in ("solar", "car"):
        await market.pay_in(who, 2_000_00)
    listing = await market.lists("kiln", 40, 13_90)
    done(await market.subscribe("car", listing["id"], 40))
    await market.settled()


async def test_quotes_are_sealed_and_one_is_taken(market: Market):
    """50 t at 14.00 and 25 t at 14.15 come to 14.05; the asker sees both, each quoter its own."""
    await sellers(market)
    request = done(await asked(market))
    assert ("open", True, True, None) == tuple(request[name] for name in ("state", "own", "to_all", "reference_fen"))
    cheap = done(await quoted(market, "kiln", request, 14_00, 50))
    dear = done(await quoted(market, "car", request, 14_15, 25))
    assert ("quote", "sell", "open", request["id"]) == tuple(
        cheap[name] for name in ("kind", "side", "state", "listing_id")
    )
    assert [cheap["id"], dear["id"]] == [each["id"] for each in (await seen(market, "solar", request))["shown"]]
    assert [(dear["id"], True)] == [(each["id"], each["own"]) for each in (await seen(market, "car", request))["shown"]]
    take = f"/v1/quote-requests/{request['id']}/take"
    refused(await market.send("car", take, quote_id=cheap["id"]), 404, "not-found", "has no quote")
    refused(await market.send("solar", take, quote_id=999_999), 404, "not-found", "has no quote")
    number = market.party("solar").next_order()
    taken, again = [done(await market.send("solar", take, quote_id=cheap["id"], **number)) for _ in range(2)]
    assert ("quote-acceptance", "filled", 50, 14_00) == tuple(
        taken[name] for name in ("kind", "state", "traded_t", "price_fen")
    )
    assert taken["id"] == again["id"], "what is sent again is not carried out again"
    refused(await quoted(market, "car", request, 14_00, 1), 409, "request-over", "has ended")
    assert "not-taken" == (await seen(market, "car", request))["shown"][0]["closed_because"]
    await market.settled()
    assert ((50, 0, 0, 0), (40, 0, 0, 0)) == (await market.tonnes("solar"), await market.tonnes("car"))
    (price,) = (await market.read(f"/v1/instruments/{KILN}/inquired-prices"))["items"]
    assert (14_05, 2, 75) == (price["price_fen"], price["quotes"], price["quoted_t"])
    (printed,) = (await market.read(f"/v1/instruments/{KILN}/block-trades"))["items"]
    assert ("quote", 50) == (printed["mode"], printed["quantity_t"])
    assert 1 == len((await market.read(f"/v1/instruments/{KILN}/trades"))["items"]), "only the listing's"


async def test_only_those_who_are_named_know_of_it(market: Market):
    """Others neither see it nor can answer; its asker closes it, and takes none."""
    await sellers(market)
    request = done(await asked(market, invited=[market.party("kiln").account_id]))
    assert [] == (await market.own("car", "quote-requests"))["items"]
    assert [False] == [each["own"] for each in (await market.own("kiln", "quote-requests?open_only=true"))["items"]]
    refused(await quoted(market, "car", request, 14_00, 1), 404, "not-found", "has no part")
    done(await quoted(market, "kiln", request, 14_00, 30))
    close = f"/v1/quote-requests/{request['id']}/close"
    refused(await market.send("kiln", close), 404, "not-found", "has no part")
    number = market.party("solar").next_order()
    closed, again = [done(await market.send("solar", close, **number)) for _ in range(2)]
    assert closed == again
    assert ("ended", 1, 30, 14_00) == tuple(closed[name] for name in ("state", "quotes", "quoted_t", "reference_fen"))
    refused(await market.send("solar", close), 409, "not-open", request["id"])
    assert (60, 0, 0, 0) == await market.tonnes("kiln")


async def test_what_is_over_by_business_time_ends_by_itself(market: Market):
    """The quote that stood no longer does not count; the request ends with what does."""
    await sellers(market)
    request = done(await asked(market))
    short = done(await quoted(market, "kiln", request, 15_00, 50, valid_until="2025-01-06T12:00:00Z"))
    done(await quoted(market, "car", request, 14_00, 20, valid_until="2025-02-01T00:00:00Z"))
    await market.world.ok("/v1/clock", {"at": SOON}, by=market.world.regulators[0])

    async def ended() -> bool:
        return bool("ended" == (await seen(market, "solar", request))["request"]["state"])

    await until(ended, "the request has ended")
    found = (await seen(market, "solar", request))["request"]
    assert (1, 20, 14_00) == tuple(found[name] for name in ("quotes", "quoted_t", "reference_fen"))
    assert "lapsed" == (await market.order_of("kiln", short["id"]))["closed_because"]


async def test_quotes_that_cannot_be(market: Market):
    """Each with its numbers and what to do."""
    await sellers(market)
    request = done(await asked(market))
    cases: tuple[tuple[str, dict[str, Any], int, str, str], ...] = (
        ("kiln", {"quantity_t": 51}, 422, "quote-too-large", "50 t are asked for"),
        ("kiln", {"price_fen": 14_01}, 422, "price-off-tick", "5 fen"),
        ("kiln", {"price_fen": 20_05}, 422, "price-outside-band", "20.05"),
        ("car", {"quantity_t": 41}, 409, "not-enough-tonnes", "1 t are missing"),
        ("solar", {}, 409, "own-request", "same beneficial owner"),
        ("kiln", {"valid_until": "2024-01-01T00:00:00Z"}, 422, "quote-expires-at-once", "has passed"),
    )
    for who, said, status, slug, text in cases:
        terms = {"price_fen": 14_00, "quantity_t": 10, "valid_until": SOON} | said
        refused(await market.send(who, f"/v1/quote-requests/{request['id']}/quotes", **terms), status, slug, text)
    done(await quoted(market, "kiln", request, 14_00, 10))
    refused(await quoted(market, "kiln", request, 14_00, 10), 409, "quoted-already", "Take it back")


async def test_requests_that_cannot_be(market: Market):
    """A time that has passed, an unknown instrument, too many at once."""
    await market.pay_in("solar", 1_00)
    refused(await asked(market, expires_at="2024-01-01T00:00:00Z"), 422, "quote-expires-at-once", "has passed")
    refused(await asked(market, instrument="SC-CDCER-0009-2024"), 404, "not-found")
    refused(await asked(market, invited=list(range(1, 102))), 400, "invalid-request", "invited")
    for _ in range(20):
        done(await asked(market))
    refused(await asked(market), 409, "too-many-quote-requests", "20 requests")

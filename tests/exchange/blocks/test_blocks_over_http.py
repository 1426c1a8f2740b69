"""Negotiated blocks over HTTP: proposed, answered, lapsed by the calendar, printed apart; and who sees what."""

from datetime import datetime, timedelta
from typing import Any

from exchange.market_data import store
from exchange.projections.instruments import KnownInstruments
from tests.exchange.marketplace import FOREST, KILN, Market, done, until
from tests.probes import refused

SOON = "2025-01-07T01:00:00Z"
TERMS = f"/v1/instruments/{KILN}/block-terms"


async def bounded(market: Market, **said: Any) -> Any:
    """The operator lets blocks of 50 t or more be agreed on."""
    body = {"least_t": 50, "reason": "Small region", **said}
    return await market.world.ok(TERMS, body, by=market.world.party("exchange").key)


async def proposed(market: Market, **said: Any) -> Any:
    """The kiln's owner would sell 60 t at 13.90 CNY to the solar company."""
    terms = {"instrument": KILN, "side": "sell", "price_fen": 13_90, "quantity_t": 60, "expires_at": SOON}
    terms["counterparty_id"] = market.party("solar").account_id
    return await market.send("kiln", "/v1/blocks", **terms | said)


async def test_a_block_that_is_accepted_is_delivered_and_printed_apart(market: Market):
    """Both see it, nobody else; it is in no average price and not on the tape."""
    await bounded(market)
    await market.bring("kiln", 100)
    await market.pay_in("solar", 2_000_00)
    await market.pay_in("car", 1_000_00)
    block = done(await proposed(market))
    kiln, solar = market.party("kiln").account_id, market.party("solar").account_id
    assert ("proposed", "sell", kiln, solar, 60 * 13_90, None) == tuple(
        block[name] for name in ("state", "side", "proposer_id", "counterparty_id", "amount_fen", "ended_because")
    )
    assert (40, 60, 0, 0) == await market.tonnes("kiln")
    assert [block] == (await market.own("solar", "blocks"))["items"] == (await market.own("kiln", "blocks"))["items"]
    assert [] == (await market.own("car", "blocks"))["items"]
    path = f"/v1/blocks/{block['id']}"
    for answer in ("accept", "decline"):
        refused(await market.send("car", f"{path}/{answer}"), 404, "not-found", "has no part in a block")
    number = market.party("solar").next_order()
    accepted, again = [await market.send("solar", f"{path}/accept", **number) for _ in range(2)]
    assert done(accepted) == done(again), "what is sent again is answered again"
    assert "traded" == done(accepted)["state"]
    refused(await market.send("solar", f"{path}/decline"), 409, "not-open", f"Block {block['id']} was filled")
    await market.settled()
    assert ((60, 0, 0, 0), (40, 0, 0, 0)) == (await market.tonnes("solar"), await market.tonnes("kiln"))
    (printed,) = (await market.read(f"/v1/instruments/{KILN}/block-trades"))["items"]
    assert ("block", 13_90, 60) == tuple(printed[name] for name in ("mode", "price_fen", "quantity_t"))
    assert [] == (await market.read(f"/v1/instruments/{KILN}/trades"))["items"]
    assert [] == (await market.read(f"/v1/instruments/{KILN}/prices"))["items"]
    await market.sells("kiln", 10, 15_00)
    await market.buys("car", 10, 15_00)
    (bar,) = (await market.read(f"/v1/instruments/{KILN}/prices"))["items"]
    assert (15_00, 15_00, 10) == (bar["low_fen"], bar["high_fen"], bar["quantity_t"])
    assert [15_00] == [each["price_fen"] for each in (await market.read(f"/v1/instruments/{KILN}/trades"))["items"]]
    day = (datetime.fromisoformat(bar["begins"]) + timedelta(hours=8)).date().isoformat()
    (line,) = (await market.read(f"/v1/market/days/{day}"))["items"]
    assert (15_00, 15_00, 10, 1) == tuple(line[name] for name in ("low_fen", "vwap_fen", "volume_t", "trades"))
    traded = await KnownInstruments(market.world.db).by_code(KILN)
    async with market.world.db.reading() as tx:
        assert [15_00] == [each.price_fen for each in await store.trades_after(tx, traded, 0)], "of the live feed"
    assert 2 == len((await market.own("kiln", "fills"))["items"]), "its parties see it among their trades"


async def test_declined_taken_back_or_lapsed(market: Market):
    """Each time the proposer has its tonnes again, and the block says why."""
    await bounded(market)
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_00)
    block = done(await proposed(market))
    declined = done(await market.send("solar", f"/v1/blocks/{block['id']}/decline"))
    assert ("ended", "declined") == (declined["state"], declined["ended_because"])
    block = done(await proposed(market))
    done(await market.send("kiln", f"/v1/orders/{block['id']}/cancel"))
    refused(await market.send("solar", f"/v1/blocks/{block['id']}/accept"), 409, "not-open", "is closed (cancelled)")
    block = done(await proposed(market))
    await market.world.ok("/v1/clock", {"at": SOON}, by=market.world.regulators[0])

    async def lapsed() -> bool:
        return bool("lapsed" == (await market.own("kiln", f"blocks/{block['id']}"))["ended_because"])

    await until(lapsed, "the block has lapsed")
    assert (100, 0, 0, 0) == await market.tonnes("kiln")


async def test_the_terms_of_blocks(market: Market):
    """1,000 t unless something is set; the operator sets a band of its own, which is shown with its bounds."""
    shown = await market.read(TERMS)
    assert (1_000, None, None, 10_00, 20_00) == tuple(
        shown[name] for name in ("least_t", "reference_fen", "band_bps", "low_fen", "high_fen")
    )
    shown = await bounded(market, reference_fen=13_33, band_bps=3_000)
    assert (50, 13_33, 3_000, 9_34, 17_32) == tuple(
        shown[name] for name in ("least_t", "reference_fen", "band_bps", "low_fen", "high_fen")
    )
    operator = market.world.party("exchange").key
    half = {"least_t": 50, "band_bps": 10, "reason": "Half"}
    refused(await market.world.post(TERMS, half, by=operator), 400, "invalid-request", "go together")
    odd, forest = {"least_t": 15, "reason": "Odd"}, f"/v1/instruments/{FOREST}/block-terms"
    refused(await market.world.post(forest, odd, by=operator), 422, "quantity-off-lot", "15 t", "10 t")
    refused(await market.world.post(TERMS, odd, by=market.party("kiln").key), 403, "denied")
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_00)
    refused(await proposed(market, price_fen=17_35), 422, "price-outside-band", "17.35", "17.32")
    assert 9_35 == done(await proposed(market, price_fen=9_35))["price_fen"], "outside the band of the book"


async def test_blocks_that_cannot_be(market: Market):
    """Each with its numbers and what to do."""
    await bounded(market)
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_00)
    own = market.party("kiln").account_id
    cases: tuple[tuple[dict[str, Any], int, str, str], ...] = (
        ({"quantity_t": 49}, 422, "block-too-small", "50 t or more"),
        ({"quantity_t": 101}, 409, "not-enough-tonnes", "1 t are missing"),
        ({"price_fen": 13_91}, 422, "price-off-tick", "5 fen"),
        ({"counterparty_id": 999_999}, 409, "no-counterparty", "999999"),
        ({"counterparty_id": own}, 409, "own-block", "same beneficial owner"),
        ({"expires_at": "2024-01-01T00:00:00Z"}, 422, "block-expires-at-once", "has passed"),
        ({"instrument": "SC-CDCER-0009-2024"}, 404, "not-found", "instrument"),
    )
    for said, status, slug, text in cases:
        refused(await proposed(market, **said), status, slug, text)

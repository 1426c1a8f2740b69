"""Listings: opened, taken part by part, sold out, closed."""

from schemas.scalars import MAX_QUANTITY_T
from tests.exchange.marketplace import FOREST, KILN, Market, done
from tests.probes import refused


async def test_a_listing_is_taken_part_by_part_until_it_is_sold_out(market: Market):
    """Each subscription trades at once at its price; more than is left is refused with both numbers."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    await market.pay_in("car", 1_000_00)
    listing = await market.lists("kiln", 50, 13_90)
    assert {
        "id": listing["id"],
        "instrument": KILN,
        "price_fen": 13_90,
        "quantity_t": 50,
        "open_t": 50,
        "traded_t": 0,
        "state": "open",
        "at": "2025-01-06T01:00:00Z",
    } == listing
    first = done(await market.subscribe("solar", listing["id"], 20))
    assert ("subscription", "buy", "filled", 20, 0, 13_90, listing["id"], "FOK") == tuple(
        first[each]
        for each in ("kind", "side", "state", "traded_t", "open_t", "price_fen", "listing_id", "time_in_force")
    )
    problem = refused(await market.subscribe("car", listing["id"], 31), 409, "listing-short", "30 t", "31 t")
    assert (31, 30) == (problem["wanted"], problem["limit"])
    answer = await market.subscribe("car", listing["id"], MAX_QUANTITY_T)
    refused(answer, 409, "listing-short", "30 t")
    refused(await market.subscribe("kiln", listing["id"], 1), 409, "own-listing", listing["id"])
    refused(await market.subscribe("bank", listing["id"], 1), 409, "nothing-deposited")
    await market.pay_in("bank", 13_89)
    refused(await market.subscribe("bank", listing["id"], 1), 409, "not-enough-cash", "13.90", "13.89", "0.01 CNY are")
    done(await market.subscribe("car", listing["id"], 30))
    refused(await market.subscribe("car", listing["id"], 1), 409, "not-open", f"Listing {listing['id']}", "sold out")
    over = await market.read(f"/v1/listings/{listing['id']}")
    assert ("closed", 0, 50) == (over["state"], over["open_t"], over["traded_t"])
    assert "filled" == (await market.order_of("kiln", listing["id"]))["state"]
    await market.settled()
    fees = 20 * 13_90 * 30 // 10_000 + 30 * 13_90 * 30 // 10_000
    assert (50 * 13_90 - fees, 0, 0, 0) == await market.cash("kiln")
    assert ((20, 0, 0, 0), (30, 0, 0, 0)) == (await market.tonnes("solar"), await market.tonnes("car"))
    refused(await market.send("kiln", f"/v1/listings/{listing['id']}/close"), 409, "not-open")


async def test_what_is_left_of_a_listing_goes_back(market: Market):
    """Closed by its owner and nobody else; a closed listing takes nothing more; it is no order, and no order is one."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    refused(
        await market.send("kiln", "/v1/listings", instrument=KILN, price_fen=13_90, quantity_t=101),
        409,
        "not-enough-tonnes",
        "101 t",
        "1 t are missing",
    )
    for price, tonnes, slug in ((13_91, 1, "price-off-tick"), (9_95, 1, "price-outside-band")):
        answer = await market.send("kiln", "/v1/listings", instrument=KILN, price_fen=price, quantity_t=tonnes)
        refused(answer, 422, slug)
    await market.bring("forest", 30, FOREST)
    answer = await market.send("forest", "/v1/listings", instrument=FOREST, price_fen=36_00, quantity_t=15)
    refused(answer, 422, "quantity-off-lot", "15 t", "10 t")
    other = await market.lists("forest", 20, 36_00, FOREST)
    refused(await market.subscribe("solar", other["id"], 5), 422, "quantity-off-lot", "5 t", "10 t")
    listing, ask = await market.lists("kiln", 50, 13_90), await market.sells("kiln", 10, 14_00)
    done(await market.subscribe("solar", listing["id"], 20))
    refused(await market.send("solar", f"/v1/listings/{listing['id']}/close"), 409, "not-open", listing["id"])
    refused(await market.subscribe("solar", ask["id"], 1), 404, "not-found", ask["id"])
    refused(await market.world.get(f"/v1/listings/{ask['id']}"), 404, "not-found", ask["id"])
    closed = done(await market.send("kiln", f"/v1/listings/{listing['id']}/close"))
    assert ("listing", "closed", "cancelled", 0, 20) == tuple(
        closed[each] for each in ("kind", "state", "closed_because", "open_t", "traded_t")
    )
    refused(await market.subscribe("solar", listing["id"], 1), 409, "not-open")
    await market.settled()
    assert (70, 10, 0, 0) == await market.tonnes("kiln")
    shown = [each["id"] for each in (await market.read("/v1/listings"))["items"]]
    assert [other["id"], listing["id"]] == shown
    assert [other["id"]] == [each["id"] for each in (await market.read("/v1/listings?open_only=true"))["items"]]
    of_kiln = (await market.read(f"/v1/listings?instrument={KILN}"))["items"]
    assert [await market.read(f"/v1/listings/{listing['id']}")] == of_kiln
    assert [] == (await market.read("/v1/listings?instrument=SC-CDCER-0009-2024"))["items"]


async def test_whose_close_is_of_an_order(market: Market):
    """A listing is closed as a listing or cancelled as what is open; an order is cancelled, and is no listing."""
    await market.bring("kiln", 10)
    listing, ask = await market.lists("kiln", 5, 13_90), await market.sells("kiln", 5, 14_00)
    refused(await market.send("kiln", f"/v1/listings/{ask['id']}/close"), 404, "not-found", ask["id"])
    assert "open" == (await market.order_of("kiln", ask["id"]))["state"]
    gone = done(await market.send("kiln", f"/v1/orders/{listing['id']}/cancel"))
    assert ("listing", "closed") == (gone["kind"], gone["state"])

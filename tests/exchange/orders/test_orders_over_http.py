"""Orders that are taken: what they answer, how they stand, cancelled, amended, and met by one's own."""

import pytest

from tests.exchange.marketplace import FOREST, KILN, Market, done
from tests.probes import as_owner, refused


async def test_an_order_as_it_is_answered_and_as_it_stands(market: Market):
    """All fields; what trades at once is in the answer, at the resting price, and what is above it is free again."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 10_000_00)
    ask = await market.sells("kiln", 30, 13_90)
    assert {
        "id": ask["id"],
        "kind": "order",
        "account_id": market.party("kiln").account_id,
        "instrument": KILN,
        "side": "sell",
        "price_fen": 13_90,
        "quantity_t": 30,
        "open_t": 30,
        "traded_t": 0,
        "state": "open",
        "closed_because": None,
        "time_in_force": "GTC",
        "post_only": False,
        "client_order_id": 1,
        "listing_id": None,
        "until": None,
        "at": "2025-01-06T01:00:00Z",
    } == ask
    bid = await market.buys("solar", 50, 15_00)
    assert ("open", 20, 30) == (bid["state"], bid["open_t"], bid["traded_t"])
    filled = await market.order_of("kiln", ask["id"])
    assert {**ask, "open_t": 0, "traded_t": 30, "state": "filled"} == filled
    await market.settled()
    assert (10_000_00 - 30 * 13_90 - 20 * 15_00, 20 * 15_00, 0, 0) == await market.cash("solar")
    assert ((30, 0, 0, 0), (70, 0, 0, 0)) == (await market.tonnes("solar"), await market.tonnes("kiln"))


async def test_a_cancel_frees_what_was_locked_and_a_second_one_comes_too_late(market: Market):
    """Whole, and what is left of one that was filled in part; stale cancels are refused, and change nothing."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 10_000_00)
    ask = await market.sells("kiln", 30, 13_90)
    await market.buys("solar", 10, 13_90)
    gone = done(await market.send("kiln", f"/v1/orders/{ask['id']}/cancel"))
    assert ("closed", "cancelled", 0, 10, 30) == (
        gone["state"],
        gone["closed_because"],
        gone["open_t"],
        gone["traded_t"],
        gone["quantity_t"],
    )
    filled = await market.sells("kiln", 5, 13_90)
    await market.buys("solar", 5, 13_90)
    for stale in (ask, filled):
        refused(await market.send("kiln", f"/v1/orders/{stale['id']}/cancel"), 409, "not-open", stale["id"])
        answer = await market.send("kiln", f"/v1/orders/{stale['id']}/amend", price_fen=13_90, quantity_t=40)
        refused(answer, 409, "not-open", stale["id"])
    await market.settled()
    assert (85, 0, 0, 0) == await market.tonnes("kiln")


async def test_everything_is_cancelled_at_once(market: Market):
    """In one instrument or in all; orders and listings; nobody else's."""
    await market.bring("kiln", 100)
    await market.bring("forest", 100, FOREST)
    await market.pay_in("solar", 10_000_00)
    await market.sells("kiln", 10, 14_00)
    await market.lists("kiln", 10, 14_00)
    bids = [await market.buys("solar", 10, 12_00), await market.buys("solar", 10, 30_00, instrument=FOREST)]
    ended = done(await market.send("solar", "/v1/orders/cancel-all", instrument=FOREST))
    assert {"account_id": market.party("solar").account_id, "client_order_id": 3, "cancelled": 1} == ended
    assert ["open", "closed"] == [(await market.order_of("solar", each["id"]))["state"] for each in bids]
    assert [2, 0] == [done(await market.send("kiln", "/v1/orders/cancel-all"))["cancelled"] for _ in range(2)]
    answer = await market.send("kiln", "/v1/orders/cancel-all", instrument="SC-CDCER-0009-2024")
    refused(answer, 404, "not-found", "SC-CDCER-0009-2024")
    refused(await market.send("car", "/v1/orders/cancel-all"), 409, "nothing-deposited")
    assert ([(12_00, 10, 1)], []) == await market.levels()
    assert [] == (await market.own("kiln", "orders?open_only=true"))["items"]
    assert ["cancelled"] * 2 == [each["closed_because"] for each in (await market.own("kiln", "orders"))["items"]]
    assert (100, 0, 0, 0) == await market.tonnes("kiln")


async def test_who_keeps_their_place_in_the_queue(market: Market):
    """Less at the same price keeps it; more, or another price and back, goes to the end."""
    await market.bring("kiln", 200)
    await market.pay_in("solar", 10_000_00)
    asks = [(await market.sells("kiln", 10, 14_00))["id"] for _ in range(4)]

    async def amend(ask: int, tonnes: int, price: int) -> None:
        amended = done(await market.send("kiln", f"/v1/orders/{ask}/amend", price_fen=price, quantity_t=tonnes))
        assert (price, tonnes, tonnes) == (amended["price_fen"], amended["quantity_t"], amended["open_t"])

    await amend(asks[0], 5, 14_00)
    await amend(asks[1], 11, 14_00)
    await amend(asks[2], 10, 14_50)
    await amend(asks[2], 10, 14_00)
    assert ([], [(14_00, 36, 4)]) == await market.levels()
    await market.buys("solar", 36, 14_00)
    fills = (await market.own("kiln", "fills"))["items"]
    queue = [asks[0], asks[3], asks[1], asks[2]]
    assert list(zip(queue, (5, 10, 11, 10), strict=True)) == [(each["order_id"], each["quantity_t"]) for each in fills]


async def test_an_amendment_is_paid_for_and_may_trade(market: Market):
    """Only the difference is asked for; a refused one leaves the order as it was; a better price trades at once."""
    await market.bring("kiln", 40)
    await market.pay_in("solar", 300_00)
    bid = await market.buys("solar", 20, 12_00)
    path = f"/v1/orders/{bid['id']}/amend"
    problem = refused(await market.send("solar", path, price_fen=16_00, quantity_t=20), 409, "not-enough-cash", "80.00")
    assert (80_00, 60_00) == (problem["wanted"], problem["limit"])
    refused(await market.send("solar", path, price_fen=12_01, quantity_t=20), 422, "price-off-tick")
    refused(await market.send("solar", path, price_fen=21_00, quantity_t=20), 422, "price-outside-band")
    assert bid == await market.order_of("solar", bid["id"])
    await market.sells("kiln", 15, 14_00)
    better = done(await market.send("solar", path, price_fen=15_00, quantity_t=20))
    assert ("open", 15, 5, 15_00) == (better["state"], better["traded_t"], better["open_t"], better["price_fen"])
    await market.settled()
    assert (300_00 - 15 * 14_00 - 5 * 15_00, 5 * 15_00, 0, 0) == await market.cash("solar")
    less = done(await market.send("solar", path, price_fen=15_00, quantity_t=15))
    assert ("closed", "cancelled", 15, 0) == tuple(
        less[each] for each in ("state", "closed_because", "traded_t", "open_t")
    )
    assert (300_00 - 15 * 14_00, 0, 0, 0) == await market.cash("solar")
    listing = await market.lists("kiln", 25, 14_00)
    answer = await market.send("kiln", f"/v1/orders/{listing['id']}/amend", price_fen=14_00, quantity_t=5)
    refused(answer, 409, "not-an-order", listing["id"])


@pytest.mark.parametrize("relation", ["two accounts", "parent and child"])
async def test_nobody_trades_with_themselves(market: Market, relation: str):
    """By beneficial owner: between two accounts of one organisation, and between parent and child."""
    solar = market.party("solar")
    if relation == "two accounts":
        body = {"owner_id": solar.organisation_id, "name": "Second account"}
        opened = await market.world.ok("/v1/accounts", body, by=market.world.regulators[0])
        other = type(solar)(solar.organisation_id, solar.person_id, solar.key, opened["id"])
    else:
        other = await market.world.newcomer("enterprise", name="Daughter")
        owns = (
            "insert into registry.ownership (owner_id, owned_id, during)"
            " values ($1, $2, tstzrange(registry.business_now(), null))"
        )
        await as_owner(market.world, owns, solar.organisation_id, other.organisation_id)
    await market.bring("kiln", 200)
    await market.pay_in("solar", 10_000_00)
    await market.pay_in(other, 10_000_00)
    await market.sells("kiln", 50, 13_00)
    await market.buys(other, 50, 13_00)
    await market.settled()
    assert (50, 0, 0, 0) == await market.tonnes(other)

    async def met(prevention: str) -> tuple[object, ...]:
        maker = await market.sells(other, 10, 13_00)
        taker = await market.buys("solar", 15, 13_00, self_trade=prevention)
        maker = await market.order_of(other, maker["id"])
        found = tuple(each[name] for each in (taker, maker) for name in ("open_t", "traded_t", "closed_because"))
        for who in (other, "solar"):
            done(await market.send(who, "/v1/orders/cancel-all"))
        return found

    assert (0, 0, "self-trade", 10, 0, None) == await met("cancel-taker")
    assert (15, 0, None, 0, 0, "self-trade") == await met("cancel-maker")
    assert (0, 0, "self-trade", 0, 0, "self-trade") == await met("cancel-both")
    assert (5, 0, None, 0, 0, "self-trade") == await met("decrement")
    listing = await market.lists(other, 10, 13_00)
    refused(await market.subscribe("solar", listing["id"], 1), 409, "own-listing", listing["id"], "beneficial owner")
    assert 50 == sum(each["quantity_t"] for each in (await market.read(f"/v1/instruments/{KILN}/trades"))["items"])


async def test_an_order_is_found_by_the_number_of_its_command(market: Market):
    """Also a listing, and what an amendment or a cancel was about; what there is no order of says why."""
    await market.bring("kiln", 40)
    kiln = market.party("kiln")
    ask = await market.sells("kiln", 20, 14_00, client_order_id=70)
    done(await market.send("kiln", f"/v1/orders/{ask['id']}/amend", price_fen=14_00, quantity_t=5, client_order_id=71))
    listing = done(
        await market.send("kiln", "/v1/listings", instrument=KILN, price_fen=14_00, quantity_t=3, client_order_id=72)
    )
    done(await market.send("kiln", f"/v1/orders/{ask['id']}/cancel", client_order_id=73))
    done(await market.send("kiln", "/v1/orders/cancel-all", client_order_id=74))
    refused(await market.order("kiln", "sell", 50, 14_00, client_order_id=75), 409, "not-enough-tonnes")
    assert await market.order_of("kiln", ask["id"]) == await market.own("kiln", "orders/70")
    about = [await market.own("kiln", f"orders/{number}") for number in (70, 71, 72, 73)]
    assert [ask["id"], ask["id"], listing["id"], ask["id"]] == [each["id"] for each in about]
    path = f"/v1/accounts/{kiln.account_id}/orders"
    for number, detail in ((74, "took everything back"), (75, "was refused"), (75, "50 t"), (76, "is not used")):
        refused(await market.world.get(f"{path}/{number}", by=kiln.key), 404, "not-found", detail, number)
    refused(await market.world.get(f"{path}/70", by=market.party("solar").key), 403, "not-yours")

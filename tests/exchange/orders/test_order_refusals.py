"""Refused orders: each response says why, with the numbers, and the order leaves book and balances as they were."""

from typing import Any

from schemas.scalars import MAX_PRICE_FEN, MAX_QUANTITY_T
from tests.exchange.marketplace import FOREST, KILN, Market, done
from tests.probes import refused, unchanged
from tests.registry.credits import steps


async def test_an_order_that_cannot_be_paid_or_delivered(market: Market):
    """Neither enters the book; the text says what is there and what is missing, and that is what is missing."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_390_00)
    problem = refused(
        await market.order("solar", "buy", 101, 13_90), 409, "not-enough-cash", "1,403.90", "1,390.00", "13.90 CNY are"
    )
    assert (1_403_90, 1_390_00) == (problem["wanted"], problem["limit"])
    refused(await market.order("kiln", "sell", 101, 13_90), 409, "not-enough-tonnes", "101 t", "100 t", "1 t are")
    refused(await market.order("solar", "sell", 1, 13_90), 409, "not-enough-tonnes", "0 t are settled")
    refused(await market.order("kiln", "buy", 1, 13_90), 409, "not-enough-cash", "0.00 CNY are settled")
    refused(await market.order("car", "buy", 1, 13_90), 409, "nothing-deposited", "Deposit first")
    assert ([], []) == await market.levels()
    await market.buys("solar", 60, 13_90)
    await market.sells("kiln", 60, 14_00)
    refused(await market.order("solar", "buy", 41, 13_90), 409, "not-enough-cash", "556.00")
    refused(await market.order("kiln", "sell", 41, 14_00), 409, "not-enough-tonnes", "40 t are settled")
    await market.buys("solar", 40, 13_90)
    await market.sells("kiln", 40, 14_00)
    assert ((0, 1_390_00, 0, 0), (0, 100, 0, 0)) == (await market.cash("solar"), await market.tonnes("kiln"))


async def test_price_and_quantity_keep_to_the_rules(market: Market):
    """Band, tick and lot; each end of the band is in it."""
    await market.bring("kiln", 100)
    await market.bring("forest", 100, FOREST)
    await market.pay_in("solar", 10_000_00)
    for side, who in (("buy", "solar"), ("sell", "kiln")):
        for price, named in ((9_95, "9.95 CNY/t is below the lowest permitted, 10.00"), (20_05, "20.05"), (1, "0.01")):
            refused(await market.order(who, side, 1, price), 422, "price-outside-band", named)
        refused(await market.order(who, side, 1, 13_91), 422, "price-off-tick", "1391 fen", "5 fen")
        refused(await market.order(who, side, 1, MAX_PRICE_FEN), 422, "price-outside-band", "100,000.00", "20.00")
    for tonnes in (1, 11, 99):
        answer = await market.order("forest", "sell", tonnes, 36_00, instrument=FOREST)
        refused(answer, 422, "quantity-off-lot", f"{tonnes} t", "10 t")
    refused(await market.order("kiln", "sell", MAX_QUANTITY_T, 13_90), 409, "not-enough-tonnes", "99,999,900 t are")
    assert [10_00, 20_00] == [(await market.buys("solar", 1, price))["price_fen"] for price in (10_00, 20_00)]
    await market.sells("forest", 10, 36_01, instrument=FOREST)


async def test_a_post_only_order_never_trades_at_once(market: Market):
    """It names the price that it would meet; one tick away it rests."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 10_000_00)
    await market.sells("kiln", 10, 14_00)
    bid = await market.buys("solar", 10, 13_00)
    for who, side, price, met in (("solar", "buy", 14_00, "14.00"), ("kiln", "sell", 12_50, "13.00")):
        answer = await market.order(who, side, 5, price, post_only=True)
        refused(answer, 409, "would-trade", f"{price / 100:.2f}", met)
    rests = await market.buys("solar", 5, 13_95, post_only=True)
    assert ("open", 5, True, "GTC") == tuple(rests[name] for name in ("state", "open_t", "post_only", "time_in_force"))
    assert ([(13_95, 5, 1), (13_00, 10, 1)], [(14_00, 10, 1)]) == await market.levels()
    assert bid == await market.order_of("solar", bid["id"])
    for life in ("IOC", "FOK"):
        answer = await market.order("solar", "buy", 5, 13_00, post_only=True, time_in_force=life)
        refused(answer, 400, "invalid-request", "post_only", life)


async def test_fill_or_kill_that_the_book_cannot_fill(market: Market):
    """All at once or nothing: the tonnes within its price count, and no others."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 10_000_00)
    await market.sells("kiln", 10, 14_00)
    await market.sells("kiln", 10, 15_00)
    answer = await market.order("solar", "buy", 11, 14_50, time_in_force="FOK")
    refused(answer, 409, "not-fillable", "11 t", "fill-or-kill")
    assert ([], [(14_00, 10, 1), (15_00, 10, 1)]) == await market.levels()
    filled = await market.buys("solar", 15, 15_00, time_in_force="FOK")
    assert ("filled", 15) == (filled["state"], filled["traded_t"])
    await market.settled()
    assert (10_000_00 - 10 * 14_00 - 5 * 15_00, 0, 0, 0) == await market.cash("solar")


async def test_immediate_or_cancel_leaves_nothing_behind(market: Market):
    """What does not trade at once is closed and its money free; nothing at all is no refusal."""
    await market.bring("kiln", 4)
    await market.pay_in("solar", 1_000_00)
    none = await market.buys("solar", 10, 14_00, time_in_force="IOC")
    assert ("closed", "not-filled", 0, 0) == (
        none["state"],
        none["closed_because"],
        none["open_t"],
        none["traded_t"],
    )
    await market.sells("kiln", 4, 14_00)
    some = await market.buys("solar", 10, 14_50, time_in_force="IOC")
    assert ("closed", "not-filled", 0, 4) == (some["state"], some["closed_because"], some["open_t"], some["traded_t"])
    assert ([], []) == await market.levels()
    await market.settled()
    assert ((944_00, 0, 0, 0), (4, 0, 0, 0)) == (await market.cash("solar"), await market.tonnes("solar"))


NO_INTEGERS: tuple[Any, ...] = (0, -1, 2**53, 2**63, -(2**63), 10**40, 1.5, 1.0, "1", "", None, True, [], {})
FIELDS = ("price_fen", "quantity_t", "client_order_id", "account_id")


async def test_what_is_no_integer(market: Market):
    """Floats, strings, 2^63 and their like are refused as a whole; the field is named, and no number is used up."""
    await market.bring("kiln", 10)
    order = {"instrument": KILN, "side": "sell", "price_fen": 13_90, "quantity_t": 1}
    whole = {**order, "account_id": market.party("kiln").account_id, "client_order_id": 1}
    key = market.party("kiln").key
    paths: list[tuple[str, dict[str, Any], str]] = [
        *(("/v1/orders", whole, field) for field in FIELDS),
        ("/v1/orders/1/amend", {k: v for k, v in whole.items() if k not in {"instrument", "side"}}, "quantity_t"),
        ("/v1/listings", {k: v for k, v in whole.items() if k != "side"}, "price_fen"),
        ("/v1/deposits/credits", {"account_id": 1, "instrument": KILN, "quantity_t": 1}, "quantity_t"),
        ("/v1/withdrawals/cash", {"account_id": 1, "amount_fen": 1}, "amount_fen"),
    ]
    async with unchanged(market.world):
        for path, body, field in paths:
            for wrong in NO_INTEGERS:
                answer = await market.world.post(path, {**body, field: wrong}, by=key)
                refused(answer, 400, "invalid-request", field)
        for field, wrong in (
            ("quantity_t", MAX_QUANTITY_T + 1),
            ("price_fen", MAX_PRICE_FEN + 1),
            ("side", "hold"),
            ("time_in_force", "GTX"),
            ("self_trade", "allow"),
            ("instrument", "KILN"),
            ("nonsense", 1),
        ):
            answer = await market.world.post("/v1/orders", {**whole, field: wrong}, by=key)
            refused(answer, 400, "invalid-request", field)
        refused(await market.world.get(f"/v1/orders/{2**63}", by=key), 400, "invalid-request")
    done(await market.world.post("/v1/orders", whole, by=key))


async def test_what_does_not_exist(market: Market):
    """Instruments, accounts and orders that nobody knows."""
    await market.bring("kiln", 10)
    answer = await market.order("kiln", "sell", 1, 13_90, instrument="SC-CDCER-0009-2024")
    refused(answer, 404, "not-found", "SC-CDCER-0009-2024", "/v1/instruments")
    answer = await market.order("kiln", "sell", 1, 13_90, account_id=999)
    refused(answer, 404, "not-found", "999")
    kiln = market.party("kiln").key
    for path in ("/v1/orders/999", "/v1/listings/999", "/v1/deposits/999", "/v1/withdrawals/999", "/v1/statements/999"):
        refused(await market.world.get(path, by=kiln), 404, "not-found", "999")
    for path in ("", "/book", "/trades"):
        code = "SC-CDCER-0009-2024"
        refused(await market.world.get(f"/v1/instruments/{code}{path}"), 404, "not-found", code)
    refused(await market.send("kiln", "/v1/orders/999/cancel"), 404, "not-found", "999")
    answer = await market.send("kiln", "/v1/orders/999/amend", price_fen=13_90, quantity_t=1)
    refused(answer, 404, "not-found", "999")
    refused(await market.subscribe("kiln", 999, 1), 404, "not-found", "There is no listing 999")


async def test_orders_of_somebody_else(market: Market):
    """Nobody places, reads, cancels or amends for another's account, nor another's order for their own."""
    await market.bring("kiln", 10)
    await market.pay_in("solar", 1_000_00)
    ask = await market.sells("kiln", 10, 14_00)
    kiln, solar = market.party("kiln"), market.party("solar")
    refused(await market.send("solar", f"/v1/orders/{ask['id']}/cancel"), 409, "not-open", ask["id"])
    answer = await market.send("solar", f"/v1/orders/{ask['id']}/amend", price_fen=14_00, quantity_t=1)
    refused(answer, 409, "not-open", ask["id"])
    theirs = {"account_id": kiln.account_id, "client_order_id": 1_000_000}
    for path, body in (
        ("/v1/orders", {"instrument": KILN, "side": "buy", "price_fen": 13_90, "quantity_t": 1}),
        ("/v1/orders/batch", {"commands": [{"do": "cancel", "order_id": ask["id"], "client_order_id": 1_000_001}]}),
        (f"/v1/orders/{ask['id']}/cancel", {}),
        (f"/v1/orders/{ask['id']}/amend", {"price_fen": 14_00, "quantity_t": 1}),
        ("/v1/orders/cancel-all", {}),
        ("/v1/listings", {"instrument": KILN, "price_fen": 13_90, "quantity_t": 1}),
        ("/v1/listings/1/subscribe", {"quantity_t": 1}),
        ("/v1/listings/1/close", {}),
        ("/v1/deposits/credits", {"instrument": KILN, "quantity_t": 1}),
        ("/v1/withdrawals/credits", {"instrument": KILN, "quantity_t": 1}),
        ("/v1/withdrawals/cash", {"amount_fen": 1}),
    ):
        said = {**theirs, **body}
        if "commands" in body or "client_order_id" not in said or path.startswith(("/v1/dep", "/v1/with")):
            del said["client_order_id"]
        refused(await market.world.post(path, said, by=solar.key), 403, "not-yours")
    refused(await market.world.get(f"/v1/orders/{ask['id']}", by=solar.key), 403, "not-yours")
    for path in ("balances", "orders", "fills", "deposits", "withdrawals", "statements"):
        answer = await market.world.get(f"/v1/accounts/{kiln.account_id}/{path}", by=solar.key)
        refused(answer, 403, "not-yours")
        await market.read(f"/v1/accounts/{kiln.account_id}/{path}", by=market.world.regulators[0])
    assert ask == await market.order_of("kiln", ask["id"])
    assert ask == await market.read(f"/v1/orders/{ask['id']}", by=market.world.regulators[1])


async def test_a_halted_instrument_takes_cancels_only(market: Market):
    """By the operator, and by a freeze of the project, and of one issuance; each cause lets go for itself."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 10_000_00)
    listing = await market.lists("kiln", 10, 14_00)
    asks = [await market.sells("kiln", 10, 14_00) for _ in range(4)]
    operator = market.party("exchange").key
    halted = await market.world.ok(f"/v1/instruments/{KILN}/halt", {"reason": "News"}, by=operator)
    assert ("halted", ["operator"]) == (halted["state"], halted["halted_by"])

    async def takes_cancels_only(number: int) -> None:
        for answer in (
            await market.order("solar", "buy", 1, 14_00),
            await market.order("kiln", "sell", 1, 14_00),
            await market.send("kiln", f"/v1/orders/{asks[number]['id']}/amend", price_fen=14_00, quantity_t=5),
            await market.send("kiln", "/v1/listings", instrument=KILN, price_fen=14_00, quantity_t=1),
            await market.subscribe("solar", listing["id"], 1),
        ):
            refused(answer, 409, "instrument-halted", "cancels only")
        gone = done(await market.send("kiln", f"/v1/orders/{asks[number]['id']}/cancel"))
        assert ("closed", "cancelled", 0) == (gone["state"], gone["closed_because"], gone["open_t"])

    await takes_cancels_only(0)
    issuance = await steps.rows(market.world, "select id from registry.issuance where code = $1", f"{KILN}-01")
    causes = (("project", market.world.season.projects["kiln"]), ("issuance", issuance[0]["id"]))
    for number, (scope, target) in enumerate(causes, 1):
        placed = await steps.freeze(market.world, scope, target)
        await market.follow_freezes()
        both = await market.read(f"/v1/instruments/{KILN}")
        assert ("halted", "freeze") == (both["state"], both["halted_by"][-1])
        await market.world.ok(f"/v1/instruments/{KILN}/resume", {"reason": "No news"}, by=operator)
        assert ["freeze"] == (await market.read(f"/v1/instruments/{KILN}"))["halted_by"]
        await takes_cancels_only(number)
        await market.world.ok(f"/v1/instruments/{KILN}/halt", {"reason": "More"}, by=operator)
        await steps.lift(market.world, placed["id"])
        await market.follow_freezes()
        assert ["operator"] == (await market.read(f"/v1/instruments/{KILN}"))["halted_by"]
    resumed = await market.world.ok(f"/v1/instruments/{KILN}/resume", {"reason": "Calm"}, by=operator)
    assert ("open", []) == (resumed["state"], resumed["halted_by"])
    assert 10 == (await market.buys("solar", 10, 14_00))["traded_t"]

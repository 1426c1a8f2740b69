"""What passes through to sellers: statements to the fen, openings of the public log, fees, refunds."""

import hashlib
import json

from tests.exchange.marketplace import KILN, Market, done
from tests.probes import as_owner, refused
from tests.registry.credits import steps


async def test_a_statement_for_each_delivery_sums_to_the_fen(market: Market):
    """Trades of one seller and buyer are delivered together: each is a line, rounded for itself; all add up."""
    await market.bring("kiln", 1_000)
    for buyer in ("solar", "car"):
        await market.pay_in(buyer, 10_000_00)
    listing = await market.lists("kiln", 100, 13_90)
    async with market.unsettled():
        await market.sells("kiln", 7, 13_95)
        await market.sells("kiln", 1, 14_00)
        await market.buys("solar", 8, 14_00)
        done(await market.subscribe("solar", listing["id"], 3))
        done(await market.subscribe("car", listing["id"], 1))
    await market.settled()
    statements = (await market.own("kiln", "statements"))["items"]
    assert ["settled"] * len(statements) == [each["state"] for each in statements]
    lines = [line for each in statements for line in each["lines"]]
    deals = ((7, 13_95), (1, 14_00), (3, 13_90), (1, 13_90))
    fees = (29, 4, 12, 4)  # 29.295, 4.2, 12.51, 4.17: the part below a fen is the seller's
    assert [
        {
            "trade_id": number,
            "price_fen": price,
            "quantity_t": tonnes,
            "amount_fen": tonnes * price,
            "fee_fen": fee,
            "at": "2025-01-06T01:00:00Z",
        }
        for number, ((tonnes, price), fee) in enumerate(zip(deals, fees, strict=True), 1)
    ] == lines
    for each in statements:
        assert each["gross_fen"] == sum(line["amount_fen"] for line in each["lines"])
        assert each["fee_fen"] == sum(line["fee_fen"] for line in each["lines"])
        assert each["net_fen"] == each["gross_fen"] - each["fee_fen"]
        assert each["quantity_t"] == sum(line["quantity_t"] for line in each["lines"])
        assert (None, False) == (each["refusal"], "commitments" in each)
        assert (KILN, market.party("kiln").account_id, "sale") == tuple(
            each[name] for name in ("instrument", "account_id", "side")
        )
    gross = sum(tonnes * price for tonnes, price in deals)
    assert [gross, sum(fees)] == [sum(each[name] for each in statements) for name in ("gross_fen", "fee_fen")]
    assert (gross - sum(fees), 0, 0, 0) == await market.cash("kiln")
    operator = market.party("exchange")
    assert (sum(fees), 0, 0, 0) == await market.cash(operator)
    body = {"account_id": operator.account_id, "amount_fen": sum(fees)}
    assert "done" == done(await market.world.post("/v1/withdrawals/cash", body, by=operator.key))["state"]
    answer = await market.world.post("/v1/withdrawals/cash", {**body, "amount_fen": 1}, by=operator.key)
    refused(answer, 409, "not-enough-cash", "0.01 CNY", "0.00 CNY are settled")
    fills = (await market.own("solar", "fills"))["items"]
    assert [(0, statements[0]["delivery_id"])] * 3 == [(each["fee_fen"], each["delivery_id"]) for each in fills]
    assert [8, 3, 1][-1] == (await market.tonnes("car"))[0]


async def test_the_public_log_opens_for_both_sides_and_for_nobody_else(market: Market):
    """SHA-256(label, NUL, salt, text) is what the delivery's statement says; who the other side is, overseers learn."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 10_000_00)
    await market.sells("kiln", 10, 14_00)
    await market.buys("solar", 10, 14_00)
    await market.settled()
    kiln, solar = market.party("kiln"), market.party("solar")
    (shown,) = (await market.own("kiln", "statements"))["items"]
    path = f"/v1/statements/{shown['delivery_id']}"
    statement = await market.read(path, by=kiln.key)
    assert statement == {**shown, "commitments": statement["commitments"]}
    assert [f"{KILN}-01:1-10000kg"] == statement["serials"]
    (row,) = await steps.rows(market.world, "select note_text from registry.statement where type = 'delivery/v1'")
    public = json.loads(row["note_text"].split("\n")[1])
    assert (f"{KILN}-01", [[1, 10_000]], 10_000) == tuple(
        public[each] for each in ("issuance", "ranges", "quantity_kg")
    )
    assert {"sender", "payment"} == {each["label"] for each in statement["commitments"]}
    overseen = await market.read(path, by=market.world.regulators[0])
    assert statement == {
        **overseen,
        "commitments": [each for each in overseen["commitments"] if each["label"] != "receiver"],
    }
    opened = {each["label"]: each for each in overseen["commitments"]}
    assert {"sender", "receiver", "payment"} == opened.keys()
    for label, each in opened.items():
        section = label.encode() + b"\x00" + bytes.fromhex(each["salt"]) + each["text"].encode()
        assert public[label] == hashlib.sha256(section).hexdigest()
        assert hashlib.sha256(row["note_text"].encode()).hexdigest() == each["statement_hash"]
    assert {"organisation": kiln.organisation_id} == json.loads(opened["sender"]["text"])
    assert {"organisation": solar.organisation_id} == json.loads(opened["receiver"]["text"])
    assert {
        "delivery": public["delivery"],
        "tonnes": 10,
        "gross_fen": 140_00,
        "fee_fen": 42,
        "net_fen": 139_58,
    } == json.loads(opened["payment"]["text"])
    for private in ("14000", "13958", str(kiln.organisation_id) + "}"):
        assert private not in row["note_text"]
    for who in ("exchange", "car"):
        refused(await market.world.get(path, by=market.party(who).key), 403, "not-yours")
    refused(await market.world.get(path), 401, "unauthenticated")
    (bought,) = (await market.own("solar", "statements"))["items"]
    assert {
        **shown,
        "side": "purchase",
        "account_id": solar.account_id,
        "fee_fen": 0,
        "net_fen": 140_00,
        "lines": [{**line, "fee_fen": 0} for line in shown["lines"]],
    } == bought
    purchase = await market.read(path, by=solar.key)
    assert {**bought, "commitments": [opened["receiver"], opened["payment"]]} == {
        **purchase,
        "commitments": sorted(purchase["commitments"], key=lambda each: str(each["label"]), reverse=True),
    }


async def test_a_delivery_that_fails_is_refunded_on_both_sides(market: Market):
    """The buyer's account is closed between trade and delivery: everybody has to the fen what they had before."""
    await market.bring("kiln", 100)
    for buyer in ("solar", "car"):
        await market.pay_in(buyer, 1_000_00)
    await market.sells("kiln", 30, 14_00)
    solar, set_status = market.party("solar"), "update registry.account set status = $2 where id = $1"
    async with market.unsettled():
        await market.buys("solar", 10, 15_00)
        await market.buys("car", 5, 14_00)
        assert (860_00, 0, 0, 140_00) == await market.cash("solar")
        assert (70, 15, 0, 15) == await market.tonnes("kiln")
        await as_owner(market.world, set_status, solar.account_id, "closed")
    await market.settled()
    assert ((1_000_00, 0, 0, 0), (0, 0, 0, 0)) == (await market.cash("solar"), await market.tonnes("solar"))
    assert ((80, 15, 0, 0), (70_00 - 21, 0, 0, 0)) == (await market.tonnes("kiln"), await market.cash("kiln"))
    assert (21, 0, 0, 0) == await market.cash("exchange")
    refunded, settled = (await market.own("kiln", "statements"))["items"]
    assert ("settled", None, 5) == tuple(settled[each] for each in ("state", "refusal", "quantity_t"))
    assert ("refunded", [], 10) == tuple(refunded[each] for each in ("state", "serials", "quantity_t"))
    assert "The buyer's account is not open any more." == refunded["refusal"]
    one = await market.read(f"/v1/statements/{refunded['delivery_id']}", by=market.party("kiln").key)
    assert {**refunded, "commitments": []} == one
    (undone,) = (await market.own("solar", "statements"))["items"]
    assert ("purchase", "refunded", 140_00) == tuple(undone[each] for each in ("side", "state", "net_fen"))
    assert ["refunded"] == [each["state"] for each in (await market.own("solar", "fills"))["items"]]
    assert ["refunded", "settled"] == [each["state"] for each in (await market.own("kiln", "fills"))["items"]]
    for answer in (
        await market.order("solar", "buy", 1, 14_00),
        await market.world.post(
            "/v1/withdrawals/cash", {"account_id": solar.account_id, "amount_fen": 1}, by=solar.key
        ),
    ):
        refused(answer, 409, "account-closed", solar.account_id)
    await as_owner(market.world, set_status, solar.account_id, "open")
    await market.buys("solar", 1, 14_00)
    body = {"account_id": solar.account_id, "amount_fen": 986_00}
    assert "done" == done(await market.world.post("/v1/withdrawals/cash", body, by=solar.key))["state"]

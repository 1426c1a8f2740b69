"""Deposits and withdrawals of tonnes and money: what can come in and go out, once, and what is refused."""

import asyncio
from typing import Any

import pytest

from exchange.instructions.service import Teller
from registry.credits.blocks import compactor, rules
from schemas.scalars import MAX_INT
from tests.exchange.marketplace import FOREST, KILN, Market, done
from tests.probes import as_owner, refused, unchanged
from tests.registry.credits import steps

KILN_T, FOREST_T = 3_619, 6_396


async def states(market: Market, who: str) -> dict[str, int]:
    """Kilograms of a party in the registry by state."""
    found: dict[str, int] = {}
    for each in (await market.own(who, "holdings"))["items"]:
        found[each["state"]] = found.get(each["state"], 0) + each["quantity_kg"]
    return found


async def test_tonnes_come_in_and_go_out(market: Market):
    """Held by the registry meanwhile; each movement is answered in full, can be read again, and is listed."""
    deposit = await market.bring("kiln", 100)
    assert {
        "id": deposit["id"],
        "direction": "deposit",
        "account_id": market.party("kiln").account_id,
        "instrument": KILN,
        "quantity_t": 100,
        "amount_fen": None,
        "reference": "",
        "state": "done",
        "refusal": None,
        "at": "2025-01-06T01:00:00Z",
    } == deposit
    assert {"active": (KILN_T - 100) * 1_000, "held": 100_000} == await states(market, "kiln")
    kiln = market.party("kiln")
    body = {"account_id": kiln.account_id, "instrument": KILN, "quantity_t": 40}
    withdrawal = await market.world.ok("/v1/withdrawals/credits", body, by=kiln.key)
    assert ("withdrawal", 40, "done") == tuple(withdrawal[each] for each in ("direction", "quantity_t", "state"))
    assert {"active": (KILN_T - 60) * 1_000, "held": 60_000} == await states(market, "kiln")
    assert (60, 0, 0, 0) == await market.tonnes("kiln")
    for each in (deposit, withdrawal):
        word = each["direction"]
        assert each == await market.read(f"/v1/{word}s/{each['id']}", by=kiln.key)
        assert each == await market.read(f"/v1/{word}s/{each['id']}", by=market.world.regulators[0])
        refused(await market.world.get(f"/v1/{word}s/{each['id']}", by=market.party("solar").key), 403, "not-yours")
        other = "withdrawal" if word == "deposit" else "deposit"
        answer = await market.world.get(f"/v1/{other}s/{each['id']}", by=kiln.key)
        refused(answer, 404, "not-found", other, each["id"])
        assert [each] == (await market.own("kiln", f"{word}s"))["items"]
    refused(await market.world.get("/v1/deposits/1", by=kiln.key), 404, "not-found")  # an instrument was opened


async def test_tonnes_that_cannot_come_in(market: Market):
    """More than is active; another vintage; the buffer; what is held for an offer or on the exchange already."""
    kiln, forest = market.party("kiln"), market.party("forest")

    async def refuses(who: str, tonnes: int, code: str, slug: str, *named: object, status: int = 409) -> dict[str, Any]:
        body = {"account_id": market.party(who).account_id, "instrument": code, "quantity_t": tonnes}
        answer = await market.world.post("/v1/deposits/credits", body, by=market.party(who).key)
        return refused(answer, status, slug, *named)

    async with unchanged(market.world):
        problem = await refuses("kiln", KILN_T + 1, KILN, "insufficient-credits", "3620000", "3619000")
        assert (3_620_000, 3_619_000) == (problem["wanted_kg"], problem["held_kg"])
        await refuses("forest", FOREST_T + 10, FOREST, "insufficient-credits")  # 711 t more are in the buffer
        await refuses("kiln", 1, FOREST, "insufficient-credits", "1000")
        await refuses("solar", 1, KILN, "insufficient-credits")
        await refuses("kiln", 1, "SC-CDCER-0002-2025", "not-found", "SC-CDCER-0002-2025", status=404)
    await steps.offer(market.world, kiln, market.party("solar"), 619_000)
    await market.bring("kiln", 2_000)
    problem = await refuses("kiln", 1_001, KILN, "insufficient-credits")
    assert 1_000_000 == problem["held_kg"]
    await market.bring("kiln", 1_000)
    claim = await market.world.contribution("solar")
    answer = await market.world.post("/v1/retirements", steps.retire_body(kiln, claim, 1), by=kiln.key)
    assert 4 == answer.status_code // 100
    placed = await steps.freeze(market.world, "project", market.world.season.projects["forest"])
    await refuses("forest", 10, FOREST, "frozen", placed["id"])
    assert FOREST_T * 1_000 == await market.world.active_kg(forest)


async def test_a_deposit_takes_what_is_oldest_from_many_blocks_and_issuances(market: Market):
    """Of one vintage: four blocks of two issuances; a withdrawal gives them back, to be retired."""
    world, kiln, solar = market.world, market.party("kiln"), market.party("solar")
    second = await steps.issue(world, "kiln", steps.SMALL_KILN, 2025)
    assert "SC-CDCER-0002-2025-01" == second["code"]
    # The same vintage, as a correction would issue it.
    corrected = "update registry.issuance set vintage = 2024, sequence = 2, code = $1 where code = $2"
    await as_owner(world, corrected, f"{KILN}-02", second["code"])
    for first in (1, 2_001, 5_001):
        await steps.give(world, kiln, solar, 1_400, serial=f"{KILN}-01:{first}-{first + 1_399}kg")
    await steps.give(world, kiln, solar, 14_000, serial=f"{KILN}-02:1-14000kg")
    body = {"account_id": solar.account_id, "instrument": KILN, "quantity_t": 15}
    done(await world.post("/v1/deposits/credits", body, by=solar.key))
    assert {"active": 3_200, "held": 15_000} == await states(market, "solar")
    held = await steps.rows(
        world,
        "select i.code, upper(b.span) - lower(b.span) kg from registry.block b join registry.issuance i"
        " on i.id = b.issuance_id where b.state = 'held' order by b.span",
    )
    assert [(f"{KILN}-01", 1_000)] * 3 + [(f"{KILN}-02", 12_000)] == [tuple(row) for row in held]
    await market.pay_in("car", 1_000_00)
    await market.sells(solar, 15, 14_00)
    await market.buys("car", 15, 14_00)
    await market.settled()
    (statement,) = (await market.own("solar", "statements"))["items"]
    assert 4 == len(statement["serials"])
    one = await market.read(f"/v1/statements/{statement['delivery_id']}", by=solar.key)
    assert 2 == len({each["statement_hash"] for each in one["commitments"]})  # a statement for each issuance
    car = market.party("car")
    done(await world.post("/v1/withdrawals/credits", {**body, "account_id": car.account_id}, by=car.key))
    assert 15_000 == await world.active_kg("car")
    retired = await steps.retire(world, car, await world.contribution("car"), 14_999)
    assert 14_999 == retired["quantity_kg"]
    refused(await world.get("/v1/deposits/0", by=car.key), 400, "invalid-request")


async def test_the_exchange_takes_no_crumbs(market: Market):
    """Only contiguous whole tonnes; what touches is joined for it, and the refusal says what there is."""
    world, kiln, solar, car = market.world, market.party("kiln"), market.party("solar"), market.party("car")
    for number in range(10):  # 900 kg each, a kilogram between them
        first = 1 + number * 901
        await steps.give(world, kiln, solar, 900, serial=f"{KILN}-01:{first}-{first + 899}kg")
    body = {"account_id": solar.account_id, "instrument": KILN, "quantity_t": 1}
    problem = refused(
        await world.post("/v1/deposits/credits", body, by=solar.key),
        409,
        "too-fragmented",
        "Of the 9000 kg active that match, in 10 pieces, 0 kg are whole tonnes, in 0 pieces; 1000 kg are wanted.",
    )
    assert (1_000, 0) == (problem["wanted_kg"], problem["held_kg"])
    for number in range(1, 3):  # the kilogram between the first three pieces: 2,702 kg that touch
        await steps.give(world, kiln, solar, 1, serial=f"{KILN}-01:{number * 901}-{number * 901}kg")
    refused(
        await world.post("/v1/deposits/credits", {**body, "quantity_t": 3}, by=solar.key),
        409,
        "too-fragmented",
        "2000 kg are whole tonnes, in 1 pieces; 3000 kg are wanted",
        "at most 2000 kg",
    )
    await market.bring("solar", 2)
    await market.pay_in("car", 1_000_00)
    await market.sells("solar", 2, 14_00)
    await market.buys("car", 2, 14_00)
    await market.settled()
    (statement,) = (await market.own("car", "statements"))["items"]
    assert [f"{KILN}-01:1-2000kg"] == statement["serials"]
    done(
        await world.post("/v1/withdrawals/credits", {**body, "quantity_t": 2, "account_id": car.account_id}, by=car.key)
    )
    assert {"active": 2_000} == await states(market, "car")


async def test_what_is_in_many_pieces_is_delivered_and_given_back_whole(
    market: Market, monkeypatch: pytest.MonkeyPatch
):
    """Deposits keep to the limit of pieces and say how much may come; no trade and no withdrawal fails for it."""
    monkeypatch.setattr(rules, "BLOCK_LIMIT", 3)
    world, kiln, solar, car = market.world, market.party("kiln"), market.party("solar"), market.party("car")
    for first in range(1, 10_001, 2_000):
        await steps.give(world, kiln, solar, 1_000, serial=f"{KILN}-01:{first}-{first + 999}kg")
    body = {"account_id": solar.account_id, "instrument": KILN, "quantity_t": 5}
    answer = await world.post("/v1/deposits/credits", body, by=solar.key)
    problem = refused(answer, 409, "too-fragmented", "5000 kg are wanted", "at most 3000 kg")
    assert (5_000, 3_000) == (problem["wanted_kg"], problem["held_kg"])
    for tonnes in (3, 2):
        await market.bring("solar", tonnes)
    await market.pay_in("car", 1_000_00)
    await market.sells("solar", 5, 14_00)
    await market.buys("car", 5, 14_00)
    await market.settled()
    (statement,) = (await market.own("solar", "statements"))["items"]
    assert ("settled", 5) == (statement["state"], len(statement["serials"]))
    taken = done(await world.post("/v1/withdrawals/credits", {**body, "account_id": car.account_id}, by=car.key))
    assert "done" == taken["state"]
    assert {"active": 5_000} == await states(market, "car")


async def test_tonnes_that_cannot_go_out(market: Market):
    """Locked ones, more than there are, those of an account that never had any; the text has both numbers."""
    await market.bring("kiln", 100)
    ask = await market.sells("kiln", 70, 14_00)
    kiln, path = market.party("kiln"), "/v1/withdrawals/credits"
    body = {"account_id": kiln.account_id, "instrument": KILN, "quantity_t": 31}
    answer = await market.world.post(path, body, by=kiln.key, key="early")
    problem = refused(answer, 409, "not-enough-tonnes", "31 t", "30 t are settled", "1 t are missing")
    assert (31, 30) == (problem["wanted"], problem["limit"])
    refused(await market.world.post(path, {**body, "instrument": FOREST}, by=kiln.key), 409, "not-enough-tonnes", "0 t")
    answer = await market.world.post(path, {**body, "instrument": "SC-CDCER-0009-2024"}, by=kiln.key)
    refused(answer, 404, "not-found")
    solar = market.party("solar")
    answer = await market.world.post(path, {**body, "account_id": solar.account_id}, by=solar.key)
    refused(answer, 409, "not-enough-tonnes", "0 t are settled")
    done(await market.send("kiln", f"/v1/orders/{ask['id']}/cancel"))
    assert problem == refused(await market.world.post(path, body, by=kiln.key, key="early"), 409, "not-enough-tonnes")
    assert "done" == done(await market.world.post(path, body, by=kiln.key))["state"]
    assert ["refused", "refused", "done"] == [
        each["state"] for each in (await market.own("kiln", "withdrawals"))["items"]
    ]
    assert (69, 0, 0, 0) == await market.tonnes("kiln")


async def test_money_comes_in_and_goes_out(market: Market):
    """Booked by the operator, withdrawn by its owner; nothing above what is settled; never more than can be counted."""
    operator, solar = market.party("exchange"), market.party("solar")
    deposit = await market.pay_in("solar", 1_000_00)
    assert ("deposit", 1_000_00, None, "Bank slip 1", "done") == tuple(
        deposit[each] for each in ("direction", "amount_fen", "instrument", "reference", "state")
    )
    await market.buys("solar", 10, 14_00)
    body = {"account_id": solar.account_id, "amount_fen": 860_01}
    answer = await market.world.post("/v1/withdrawals/cash", body, by=solar.key)
    refused(answer, 409, "not-enough-cash", "860.01", "860.00", "0.01 CNY are missing")
    paid = done(await market.world.post("/v1/withdrawals/cash", {**body, "amount_fen": 860_00}, by=solar.key))
    assert ("withdrawal", "done", "") == (paid["direction"], paid["state"], paid["reference"])
    assert (0, 140_00, 0, 0) == await market.cash("solar")
    for who in ("solar", "kiln"):
        body = {"account_id": solar.account_id, "amount_fen": 1}
        refused(await market.world.post("/v1/deposits/cash", body, by=market.party(who).key), 403, "denied", "operator")
    refused(await market.world.post("/v1/withdrawals/cash", body, by=operator.key), 403, "not-yours")
    answer = await market.world.post("/v1/deposits/cash", {**body, "account_id": 999}, by=operator.key)
    refused(answer, 404, "not-found", 999)
    buffer_id = await as_owner(market.world, "select min(id) from registry.account where type <> 'holding'")
    answer = await market.world.post("/v1/deposits/cash", {**body, "account_id": buffer_id}, by=operator.key)
    refused(answer, 409, "account-closed", buffer_id)
    for reference in ("x" * 201, "a\x00b"):
        answer = await market.world.post("/v1/deposits/cash", {**body, "reference": reference}, by=operator.key)
        refused(answer, 400, "invalid-request", "reference")
    room = MAX_INT - 140_00
    await market.pay_in("car", room)
    answer = await market.world.post("/v1/deposits/cash", body, by=operator.key)
    problem = refused(answer, 422, "beyond-capacity", "1", "0")
    assert (1, 0) == (problem["wanted"], problem["limit"])
    assert ["done", "refused"] == [each["state"] for each in (await market.own("solar", "deposits"))["items"]]
    car = market.party("car")
    done(
        await market.world.post("/v1/withdrawals/cash", {"account_id": car.account_id, "amount_fen": room}, by=car.key)
    )


async def test_a_movement_that_is_sent_again_moves_once(market: Market):
    """By its Idempotency-Key, also after the exchange was started anew; another body with the key is refused."""
    kiln, operator = market.party("kiln"), market.party("exchange")
    tonnes: dict[str, Any] = {"account_id": kiln.account_id, "instrument": KILN, "quantity_t": 10}
    money: dict[str, Any] = {"account_id": kiln.account_id, "amount_fen": 5_00}
    sent = (
        ("/v1/deposits/credits", tonnes, kiln.key),
        ("/v1/deposits/cash", money, operator.key),
        ("/v1/withdrawals/credits", {**tonnes, "quantity_t": 4}, kiln.key),
        ("/v1/withdrawals/cash", {**money, "amount_fen": 2_00}, kiln.key),
    )
    first = [done(await market.world.post(path, body, by=key, key=path)) for path, body, key in sent]
    assert first == [done(await market.world.post(path, body, by=key, key=path)) for path, body, key in sent]
    for path, body, key in sent:
        for other in (
            {**body, "account_id": 1},
            {k: v + 1 if k.endswith(("_t", "_fen")) else v for k, v in body.items()},
        ):
            answer = await market.world.post(path, other, by=key, key=path)
            refused(answer, 422, "idempotency-key-reused", path)
    exchange = await market.world.trade()
    newborn = Teller(exchange.db, exchange.gateway, exchange.projector)  # as a process has it that has just started
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exchange, "teller", newborn)
        assert first == [done(await market.world.post(path, body, by=key, key=path)) for path, body, key in sent]
    assert ((6, 0, 0, 0), (3_00, 0, 0, 0)) == (await market.tonnes("kiln"), await market.cash("kiln"))
    assert {"active": (KILN_T - 6) * 1_000, "held": 6_000} == await states(market, "kiln")


async def test_the_compactor_joins_what_lies_side_by_side_under_one_hold(market: Market):
    """Three deliveries to one buyer become one block; statements, movements and balances are as before."""
    await market.bring("kiln", 30)
    await market.pay_in("solar", 1_000_00)
    for _ in range(3):
        await market.sells("kiln", 2, 14_00)
        await market.buys("solar", 2, 14_00)
        await market.settled()
    solar = market.party("solar")
    query = "select count(*) from registry.block where account_id = $1 and state = 'held'"
    before = (await market.own("solar", "movements"), await market.own("solar", "statements"))
    assert 3 == await as_owner(market.world, query, solar.account_id)
    assert 1 == await compactor.compact(db=market.world.db)
    assert 1 == await as_owner(market.world, query, solar.account_id)
    assert before == (await market.own("solar", "movements"), await market.own("solar", "statements"))
    assert 0 == await compactor.compact(db=market.world.db)
    body = {"account_id": solar.account_id, "instrument": KILN, "quantity_t": 5}
    assert "done" == done(await market.world.post("/v1/withdrawals/credits", body, by=solar.key))["state"]
    assert {"active": 5_000, "held": 1_000} == await states(market, "solar")


async def test_money_with_one_reference_of_the_bank_is_booked_once(market: Market):
    """Under another key, for another account or amount: refused with what was booked; four at once are one."""
    operator, solar, car = (market.party(word) for word in ("exchange", "solar", "car"))
    path, slip = "/v1/deposits/cash", {"account_id": solar.account_id, "amount_fen": 1_000_00, "reference": "MT910/77"}
    first = done(await market.world.post(path, slip, by=operator.key, key="slip"))
    assert first == done(await market.world.post(path, slip, by=operator.key, key="slip"))
    for changed in ({}, {"account_id": car.account_id}, {"amount_fen": 5}, {"reference": " MT910/77 "}):
        answer = await market.world.post(path, {**slip, **changed}, by=operator.key)
        numbers = ("'MT910/77'", f"deposit {first['id']}", "1,000.00 CNY", f"account {solar.account_id}", "2025-01-06")
        refused(answer, 409, "bank-reference-booked", *numbers)
    racing = [market.world.post(path, {**slip, "reference": "MT910/78"}, by=operator.key) for _ in range(4)]
    assert [201, 409, 409, 409] == sorted(each.status_code for each in await asyncio.gather(*racing))
    for _ in range(2):
        done(await market.world.post(path, {**slip, "reference": ""}, by=operator.key))
        done(await market.world.post("/v1/withdrawals/cash", {**slip, "reference": "home"}, by=solar.key))
    assert (2_000_00, 0, 0, 0) == await market.cash("solar")


async def test_a_reference_whose_money_was_refused_can_be_booked(market: Market):
    """More than can be counted is not booked; the right amount then is."""
    operator, solar = market.party("exchange"), market.party("solar")
    await market.pay_in("car", 5)
    path, slip = "/v1/deposits/cash", {"account_id": solar.account_id, "amount_fen": MAX_INT, "reference": "MT910/79"}
    order, second = await market.proposed(slip), await market.second_operator()
    refused(await market.world.post(f"{path}/approved", order, by=second), 422, "beyond-capacity")
    await market.projected()
    assert "done" == done(await market.world.post(path, {**slip, "amount_fen": 7}, by=operator.key))["state"]
    answer = await market.world.post(path, {**slip, "amount_fen": 7}, by=operator.key)
    refused(answer, 409, "bank-reference-booked", "0.07 CNY")

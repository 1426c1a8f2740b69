"""Instruments: opened, bounded, halted, and everything that is refused."""

from pathlib import Path
from typing import Any

from exchange import migrations
from exchange.instruments.service import follow_freezes
from tests.exchange.marketplace import FOREST, KILN, Market, done
from tests.probes import as_owner, refused, unchanged
from tests.registry.credits import steps
from tests.worlds import World


def said(world: World, **changed: Any) -> dict[str, Any]:
    """An instrument that would be opened, but for what is changed."""
    body = {
        "project_id": world.season.projects["kiln"],
        "vintage": 2024,
        "tick_fen": 5,
        "lot_t": 2,
        "low_fen": 10_00,
        "high_fen": 20_00,
        "fee_bps": 30,
        "fee_account_id": world.party("exchange").account_id,
    }
    return {**body, **changed}


async def test_an_instrument_is_opened_once(issued: World):
    """By the operator, for issued credits; a resend gets the same response, another request a conflict."""
    operator, path = issued.party("exchange").key, "/v1/instruments"
    async with unchanged(issued):
        refused(await issued.post(path, said(issued, vintage=2023), by=operator), 404, "not-found", 2023)
        refused(await issued.post(path, said(issued, project_id=999), by=operator), 404, "not-found", 999)
        refused(await issued.post(path, said(issued, fee_account_id=999), by=operator), 404, "not-found", 999)
        foreign = said(issued, fee_account_id=issued.party("solar").account_id)
        refused(await issued.post(path, foreign, by=operator), 403, "not-yours")
        for end, price in (("low_fen", 10_01), ("high_fen", 20_03)):
            answer = await issued.post(path, said(issued, **{end: price}), by=operator)
            refused(answer, 422, "band-off-tick", price, "5 fen")
        for wrong in (
            {"low_fen": 20_05},
            {"fee_bps": 1_001},
            {"fee_bps": -1},
            {"tick_fen": 0},
            {"lot_t": 0},
            {"low_fen": 0},
            {"high_fen": 2**63},
            {"vintage": 1999},
        ):
            answer = await issued.post(path, said(issued, **wrong), by=operator)
            refused(answer, 400, "invalid-request", *wrong)
        for who in ("kiln", "solar"):
            refused(await issued.post(path, said(issued), by=issued.party(who).key), 403, "denied", "operator")
        refused(await issued.post(path, said(issued), by=issued.regulators[0]), 403, "denied", "operator")
    assert [] == (await issued.get(path)).json()["items"]
    first = done(await issued.post(path, said(issued), by=operator, key="once"))
    assert {
        "code": KILN,
        "project_id": issued.season.projects["kiln"],
        "vintage": 2024,
        "project_name": first["project_name"],
        "methodology": "kiln-electrification/1",
        "tick_fen": 5,
        "lot_t": 2,
        "low_fen": 10_00,
        "high_fen": 20_00,
        "fee_bps": 30,
        "state": "open",
        "halted_by": [],
        "delisting": None,
        "opened_at": "2025-01-06T01:00:00Z",
        "preset": None,
    } == first
    assert first == done(await issued.post(path, said(issued), by=operator, key="once"))
    refused(await issued.post(path, said(issued, lot_t=1), by=operator, key="once"), 422, "idempotency-key-reused")
    refused(await issued.post(path, said(issued), by=operator), 409, "instrument-exists", KILN)
    assert first == (await issued.get(f"{path}/{KILN}")).json()
    assert [first] == (await issued.get(path)).json()["items"]


async def test_a_band_closes_what_it_leaves_out(market: Market):
    """Set by a regulator, on the tick; orders and listings outside it are closed with that cause, those inside stay."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 10_000_00)
    asks = [await market.sells("kiln", 10, price) for price in (19_00, 15_00)]
    listing = await market.lists("kiln", 10, 19_00)
    path, regulator = f"/v1/instruments/{KILN}/band", market.world.regulators[0]
    band = {"low_fen": 12_00, "high_fen": 15_00, "reason": "Calm"}
    refused(await market.world.post(path, {**band, "low_fen": 12_01}, by=regulator), 422, "band-off-tick", 1201)
    refused(await market.world.post(path, {**band, "low_fen": 15_05}, by=regulator), 400, "invalid-request", "low_fen")
    refused(await market.world.post(path, {**band, "reason": ""}, by=regulator), 400, "invalid-request", "reason")
    refused(await market.world.post(path, band, by=market.party("exchange").key), 403, "denied", "regulator")
    for verb, body in (("band", band), ("halt", {"reason": "x"}), ("resume", {"reason": "x"})):
        answer = await market.world.post(f"/v1/instruments/SC-CDCER-0009-2024/{verb}", body, by=regulator)
        refused(answer, 404, "not-found", "SC-CDCER-0009-2024")
    bounded = done(await market.world.post(path, band, by=regulator, key="band"))
    assert (12_00, 15_00) == (bounded["low_fen"], bounded["high_fen"])
    wider = done(await market.world.post(path, {**band, "high_fen": 15_50}, by=regulator))
    assert wider == done(await market.world.post(path, band, by=regulator, key="band"))
    refused(await market.order("solar", "buy", 5, 19_00), 422, "price-outside-band", "15.50")
    closed = [await market.order_of("kiln", each["id"]) for each in (asks[0], listing, asks[1])]
    assert [("closed", "outside-band"), ("closed", "outside-band"), ("open", None)] == [
        (each["state"], each["closed_because"]) for each in closed
    ]
    answer = await market.send("kiln", f"/v1/orders/{asks[1]['id']}/amend", price_fen=19_00, quantity_t=5)
    refused(answer, 422, "price-outside-band", "15.50")
    answer = await market.send("kiln", f"/v1/orders/{asks[0]['id']}/cancel")
    refused(answer, 409, "not-open", "is closed (outside-band)")
    assert (90, 10, 0, 0) == await market.tonnes("kiln")
    forest = await market.read(f"/v1/instruments/{FOREST}")
    assert (30_00, 45_00) == (forest["low_fen"], forest["high_fen"])


async def test_what_an_older_version_left_outside_a_band_is_closed(market: Market):
    """The migration sets such a band once more, and no other; one that is being set already is left alone."""
    await market.bring("kiln", 10)
    await market.bring("forest", 10, FOREST)
    ask = await market.sells("kiln", 10, 19_00)
    inside = await market.sells("forest", 10, 44_00, instrument=FOREST)
    await market.projected()
    await as_owner(market.world, "update exchange.instrument set high_fen = 1500 where code = $1", KILN)
    exchange, newest = await market.world.trade(), "select max(id) from exchange.instruction"
    before = await as_owner(market.world, newest)
    await as_owner(market.world, (Path(migrations.__file__).parent / "0006_inside_bands.sql").read_text("utf-8"))
    number = await as_owner(market.world, newest)
    assert before + 1 == number
    await exchange.teller.carried_out(number)
    assert "outside-band" == (await market.order_of("kiln", ask["id"]))["closed_because"]
    assert "open" == (await market.order_of("forest", inside["id"]))["state"]
    refused(await market.order("kiln", "sell", 10, 19_00), 422, "price-outside-band", "15.00")


async def test_who_halts(market: Market):
    """Operator and regulator, with a reason; neither lifts the other's halt; traders may not. Again is no harm."""
    halt = f"/v1/instruments/{KILN}/halt"
    operator, regulator = market.party("exchange").key, market.world.regulators[0]
    refused(await market.world.post(halt, {"reason": "x"}, by=market.party("kiln").key), 403, "denied")
    refused(await market.world.post(halt, {"reason": ""}, by=operator), 400, "invalid-request", "reason")

    async def after(verb: str, by: str) -> list[str]:
        shown = done(await market.world.post(f"/v1/instruments/{KILN}/{verb}", {"reason": "News"}, by=by))
        assert ("halted" if shown["halted_by"] else "open") == shown["state"]
        return list(shown["halted_by"])

    assert ["regulator"] == await after("halt", regulator)
    assert ["regulator"] == await after("resume", operator)
    for _ in range(2):
        assert ["operator", "regulator"] == await after("halt", operator)
    assert ["operator"] == await after("resume", regulator)
    for _ in range(2):
        assert [] == await after("resume", operator)


async def test_what_is_frozen_when_it_opens_is_halted(issued: World):
    """A freeze that is older than the instrument halts it as well."""
    await steps.freeze(issued, "project", issued.season.projects["kiln"])
    opened = await issued.ok("/v1/instruments", said(issued), by=issued.party("exchange").key)
    assert ("halted", ["freeze"]) == (opened["state"], opened["halted_by"])
    assert 0 == await follow_freezes(exchange=await issued.trade())

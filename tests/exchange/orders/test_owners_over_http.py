"""An account that comes to another beneficial owner: its orders follow, what else it has open is closed."""

from unittest import mock

from msgspec.structs import replace

from exchange.engine.modes.venues.messages import SetGroup
from exchange.engine.venue import ENTERPRISE, INDIVIDUAL, INSTITUTION
from exchange.instruments.presets.files import shipped
from exchange.instruments.rules import new_owners
from exchange.instruments.service import follow_owners
from schemas.custody import Beneficiary
from schemas.venues import BuyerLimit, VenueLimits
from tests.exchange.marketplace import KILN, Market, done
from tests.probes import as_owner, refused
from tests.worlds import World


def test_only_owners_that_are_others_are_told():
    """Of roles only where some instrument limits them; nothing of an account that the registry does not have."""
    known = {1: (10, 0), 2: (20, ENTERPRISE), 3: (30, 0)}
    found = {1: Beneficiary(10, "individual"), 2: Beneficiary(21, "enterprise"), 3: Beneficiary(30, "institution")}
    assert [SetGroup(0, 2, 21, ENTERPRISE)] == list(new_owners(known, found, roles=False))
    told = [SetGroup(0, 1, 10, INDIVIDUAL), SetGroup(0, 2, 21, ENTERPRISE), SetGroup(0, 3, 30, INSTITUTION)]
    assert told == list(new_owners(known, found, roles=True))


async def test_an_institution_has_the_limits_of_institutions(issued: World):
    """From when the regulator says that it is one; an enterprise beside it has none."""
    market, (regulator, _) = Market(issued), issued.regulators
    limited = replace(shipped("continuous"), limits=VenueLimits(institution=BuyerLimit(largest_order_t=5)))
    with mock.patch("exchange.instruments.rules.shipped", return_value=limited):
        rules = {"preset": "continuous", "low_fen": 10_00, "high_fen": 20_00, "vintage": 2024}
        place = {"project_id": issued.season.projects["kiln"], "fee_account_id": issued.party("exchange").account_id}
        await issued.ok("/v1/instruments", rules | place, by=issued.party("exchange").key)
    for who in ("solar", "car"):
        await market.pay_in(who, 5_000_00)
    path = f"/v1/organisations/{market.party('solar').organisation_id}"
    assert "enterprise" == (await market.read(path))["kind"]
    said = await issued.ok(f"{path}/kind", {"kind": "institution", "why": "A fund"}, by=regulator)
    assert ("institution", "institution") == (said["kind"], (await market.read(path))["kind"])
    exchange = await issued.trade()
    await follow_owners(exchange=exchange)
    await market.projected()
    refused(await market.order("solar", "buy", 6, 10_00), 422, "order-too-large", "this role may order, 5 t")
    await market.buys("solar", 5, 10_00)
    await market.buys("car", 6, 10_00)
    await issued.ok(f"{path}/kind", {"kind": "enterprise", "why": "It covers its own emissions"}, by=regulator)
    await follow_owners(exchange=exchange)
    await market.projected()
    await market.buys("solar", 6, 10_00)
    refused(await issued.post(f"{path}/kind", {"kind": "fund", "why": "No"}, by=regulator), 400, "invalid-request")
    unknown = await issued.post("/v1/organisations/999999/kind", {"kind": "institution", "why": "No"}, by=regulator)
    refused(unknown, 404, "not-found", "999999")


async def test_an_account_comes_to_another_owner(market: Market):
    """From then on nothing of it meets the new owner's; once told, the engine is told nothing more."""
    solar, car = market.party("solar"), market.party("car")
    await market.bring("kiln", 200)
    for who in (solar, car):
        await market.pay_in(who, 10_000_00)
    await market.sells("kiln", 50, 13_00)
    await market.buys(car, 50, 13_00)
    await market.settled()
    exchange = await market.world.trade()
    assert 0 == await follow_owners(exchange=exchange)
    resting = await market.sells(car, 10, 13_50)
    listing = await market.lists(car, 10, 13_50)
    block = {"instrument": KILN, "counterparty_id": solar.account_id, "side": "buy", "price_fen": 10_00}
    terms = {"expires_at": "2026-01-01T00:00:00Z"}
    operator, path = market.party("exchange").key, f"/v1/instruments/{KILN}/block-terms"
    await market.world.ok(path, {"least_t": 5, "reason": "test"}, by=operator)
    proposed = done(await market.send(car, "/v1/blocks", **block, **terms, quantity_t=5))
    await as_owner(
        market.world,
        "insert into registry.ownership (owner_id, owned_id, during)"
        " values ($1, $2, tstzrange(registry.business_now(), null))",
        solar.organisation_id,
        car.organisation_id,
    )
    told = await follow_owners(exchange=exchange)
    await market.projected()
    assert told <= 1, "the engine's process looks too"
    bid = await market.buys(solar, 10, 13_50)
    assert ("closed", "self-trade") == (bid["state"], bid["closed_because"])
    assert "open" == (await market.order_of(car, resting["id"]))["state"]
    refused(await market.subscribe(solar, listing["id"], 1), 409, "own-listing", "beneficial owner")
    assert "owner-changed" == (await market.order_of(car, proposed["id"]))["closed_because"]
    assert 0 == await follow_owners(exchange=exchange)

"""Baskets: opened under a rule, traded, delivered by asset, and everything that is refused."""

from typing import Any

from exchange.instruments.baskets import follow_rules
from exchange.instruments.service import follow_freezes
from tests.exchange.campaigns.test_campaign_pages import page as of_site
from tests.exchange.marketplace import FOREST, KILN, Market, done
from tests.probes import refused, unchanged
from tests.worlds import World

BASKET = "BASKET-ANY-2024"


def said(world: World, **changed: Any) -> dict[str, Any]:
    """A basket of everything of 2024, but for what is changed."""
    body = {
        "code": BASKET,
        "name": "Anything of 2024",
        "vintage_from": 2024,
        "vintage_to": 2024,
        "low_fen": 10_00,
        "high_fen": 50_00,
        "fee_account_id": world.party("exchange").account_id,
    }
    return {**body, **changed}


def listed(basket: Any) -> list[tuple[str, bool]]:
    """Its assets in their order, and whether each is delivered."""
    return [(each["code"], each["listed"]) for each in basket["assets"]]


async def opened(market: Market, **changed: Any) -> Any:
    """The operator opens a basket."""
    operator = market.world.party("exchange").key
    return done(await market.world.post("/v1/baskets", said(market.world, **changed), by=operator))


async def test_each_trade_delivers_one_asset(market: Market):
    """Two sellers, one buyer: tonnes of both projects come in the registry's own ledger; none are of the basket."""
    basket = await opened(market)
    assert [(KILN, True), (FOREST, True)] == listed(basket)
    assert (None, 2024, 2024) == (basket["methodology"], basket["vintage_from"], basket["vintage_to"])
    await market.bring("kiln", 30)
    await market.bring("forest", 30, FOREST)
    await market.pay_in("solar", 2_000_00)
    first = await market.sells("kiln", 20, 14_00, instrument=BASKET)
    await market.sells("forest", 10, 15_00, instrument=BASKET)
    assert ([], [(14_00, 20, 1), (15_00, 10, 1)]) == await market.levels(BASKET)
    assert (10, 20, 0, 0) == await market.tonnes("kiln")
    done(await market.order("solar", "buy", 25, 15_00, instrument=BASKET))
    await market.settled()
    assert ((20, 0, 0, 0), (5, 0, 0, 0), ()) == (
        await market.tonnes("solar"),
        await market.tonnes("solar", FOREST),
        await market.tonnes("solar", BASKET),
    )
    assert "filled" == (await market.order_of("kiln", first["id"]))["state"]
    deliveries = (await market.own("solar", "statements"))["items"]
    assert {(KILN, 20), (FOREST, 5)} == {(each["instrument"], each["quantity_t"]) for each in deliveries}
    assert all(each["serials"] for each in deliveries)
    trades = (await market.read(f"/v1/instruments/{BASKET}/trades"))["items"]
    assert [(KILN, 20), (FOREST, 5)] == [(each["asset"], each["quantity_t"]) for each in trades]
    fills = (await market.own("solar", "fills"))["items"]
    assert [(BASKET, KILN), (BASKET, FOREST)] == [(each["instrument"], each["asset"]) for each in fills]
    page = await of_site(market, f"/instruments/{BASKET}", "solar")
    assert 200 == page.status_code
    assert all(word in page.text for word in ("Anything of 2024", KILN, FOREST, "any methodology"))
    assert f"<small>{KILN}</small>" in page.text, "what a trade delivered, and what one has of each asset"
    assert "Offer tonnes at a fixed price" not in page.text
    account = market.party("solar").account_id
    for path in ("trading", "blocks", "quote-requests", "subscriptions"):
        shown = await of_site(market, f"/accounts/{account}/{path}", "solar")
        assert (200, False, False) == (shown.status_code, f'value="{BASKET}"' in shown.text, "None" in shown.text), path
    operations = (await of_site(market, "/operations", "exchange")).text
    assert (True, False) == (BASKET in operations, "None" in operations)
    assert BASKET in (await market.world.get("/instruments")).text


async def test_a_later_instrument_joins_by_itself(issued: World):
    """The basket opens with what is traded then; the second project comes to it with its own opening."""
    market, operator = Market(issued), issued.party("exchange")
    rules = {"vintage": 2024, "fee_account_id": operator.account_id, "low_fen": 10_00, "high_fen": 50_00}
    await issued.ok("/v1/instruments", {**rules, "project_id": issued.season.projects["kiln"]}, by=operator.key)
    assert [(KILN, True)] == listed(await opened(market))
    await issued.ok("/v1/instruments", {**rules, "project_id": issued.season.projects["forest"]}, by=operator.key)
    assert [(KILN, True), (FOREST, True)] == listed(await market.read(f"/v1/baskets/{BASKET}"))
    await market.agree()


CCP = {"labels": ["CCP-ELIGIBLE"], "source": "The programme's list of 2025-01-01", "why": "As listed"}


async def test_a_basket_is_chosen_by_type_co_benefits_and_labels(market: Market):
    """What the registry has of a project lets it in, also later; what it has no more does not put it out by itself."""
    world, regulator = market.world, market.world.regulators[0]
    forest, kiln = (f"/v1/projects/{world.season.projects[each]}/attributes" for each in ("forest", "kiln"))
    await world.ok(forest, {**CCP, "co_benefits": [13, 15]}, by=regulator)
    rule = {"types": ["forestry"], "co_benefits": [15], "labels": ["CCP-ELIGIBLE"]}
    basket = await opened(market, **rule, code="BASKET-N-GEO")
    assert [(FOREST, True)] == listed(basket)
    assert rule == {name: basket[name] for name in rule}
    assert [(KILN, True)] == listed(await opened(market, code="BASKET-KILNS", types=["manufacturing", "metals"]))
    either = await opened(market, code="BASKET-CCP", labels=["CCP-ELIGIBLE"])
    assert [(FOREST, True)] == listed(either)
    await world.ok(kiln, CCP, by=regulator)
    await world.ok(forest, {**CCP, "labels": []}, by=regulator)
    exchange = await world.trade()
    assert await follow_rules(exchange=exchange) <= 1, "the engine's process looks too"
    await market.projected()
    assert 0 == await follow_rules(exchange=exchange)
    found = (await market.read("/v1/baskets/BASKET-CCP"))["assets"]
    assert [(FOREST, False), (KILN, True)] == [(each["code"], each["meets_rule"]) for each in found]
    assert all(each["listed"] for each in found)
    page = await of_site(market, "/instruments/BASKET-N-GEO")
    assert all(word in page.text for word in ("forestry", "CCP-ELIGIBLE", "no longer meets the rule"))
    operator = world.party("exchange").key
    async with unchanged(world):
        nothing = said(world, code="BASKET-X", types=["waste"], co_benefits=[1], labels=["NONE"])
        words = ("type waste", "co-benefits 1", "labels NONE")
        refused(await world.post("/v1/baskets", nothing, by=operator), 409, "nothing-eligible", *words)
        for wrong in ({"types": ["sun"]}, {"co_benefits": [18]}, {"labels": ["x"]}, {"types": ["waste", "waste"]}):
            answer = await world.post("/v1/baskets", said(world, code="BASKET-X", **wrong), by=operator)
            refused(answer, 400, "invalid-request")


async def test_a_basket_trades_by_the_preset_of_cbl(market: Market):
    """Its rules are stored and shown; a venue that has other ways than a book opens none."""
    world, operator = market.world, market.world.party("exchange").key
    basket = await opened(market, preset="cbl-basket")
    assert ("cbl-basket", [(KILN, True), (FOREST, True)]) == (basket["preset"], listed(basket))
    assert "cbl-basket" == (await market.read(f"/v1/instruments/{BASKET}"))["preset"]
    assert (await market.read(f"/v1/instruments/{BASKET}/venue"))["book"] is True
    await market.bring("kiln", 30)
    await market.sells("kiln", 20, 14_00, instrument=BASKET)
    async with unchanged(world):
        for wrong, slug, status, *words in (
            ({"preset": "chengdu"}, "preset-decides", 409, "preset chengdu opens others"),
            ({"preset": "national-listing", "low_fen": None, "high_fen": None}, "preset-decides", 409, "opens others"),
            ({"preset": "cbl-basket", "tick_fen": 5}, "preset-decides", 409, "tick_fen of preset cbl-basket is 1"),
            ({"preset": "cbl-basket", "low_fen": None, "high_fen": None}, "band-missing", 422, "low_fen and high_fen"),
            ({"low_fen": None, "high_fen": None}, "invalid-request", 400),
            ({"preset": "nymex"}, "invalid-request", 400),
        ):
            body = {name: value for name, value in said(world, **wrong).items() if value is not None}
            refused(await world.post("/v1/baskets", body | {"code": "BASKET-X"}, by=operator), status, slug, *words)


async def test_what_is_refused(market: Market):
    """Nothing changes, and each says what was wrong."""
    await opened(market)
    await market.bring("kiln", 30)
    world, operator = market.world, market.world.party("exchange").key
    async with unchanged(world):
        refused(await world.post("/v1/baskets", said(world), by=operator), 409, "basket-exists", BASKET)
        nothing = said(world, code="BASKET-OLD", vintage_from=2001, vintage_to=2002)
        refused(await world.post("/v1/baskets", nothing, by=operator), 409, "nothing-eligible", 2001, 2002)
        for wrong in ({"code": "OLD"}, {"vintage_to": 2023}, {"low_fen": 60_00}):
            answer = await world.post("/v1/baskets", said(world, **{"code": "BASKET-X", **wrong}), by=operator)
            refused(answer, 400, "invalid-request")
        refused(await world.post("/v1/baskets", said(world), by=world.party("kiln").key), 403, "denied", "operator")
        kiln = world.party("kiln")
        deposit = {"account_id": kiln.account_id, "instrument": BASKET, "quantity_t": 1}
        refused(await world.post("/v1/deposits/credits", deposit, by=kiln.key), 409, "no-tonnes-of-baskets")
        refused(await world.get(f"/v1/baskets/{KILN}"), 409, "not-a-basket", KILN)
        refused(await world.get("/v1/baskets/BASKET-NONE"), 404, "not-found", "BASKET-NONE")
    for path, rule in (("picking", {"rule": "best"}), ("block-terms", {"least_t": 10})):
        ruled = await world.post(f"/v1/instruments/{BASKET}/{path}", {**rule, "reason": "test"}, by=operator)
        refused(ruled, 409, "only-in-its-book", "Name one of its assets instead")
    listing = await market.send("kiln", "/v1/listings", instrument=BASKET, price_fen=14_00, quantity_t=1)
    refused(listing, 409, "only-in-its-book")


async def test_the_keeper_of_freezes_passes_baskets_over(market: Market):
    """A basket has no project that could be frozen; its assets have."""
    await opened(market)
    assert 0 == await follow_freezes(exchange=await market.world.trade())

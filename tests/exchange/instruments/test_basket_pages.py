"""The operator's page of baskets: what a rule lets in, opening by it, delisting, and what is refused."""

from typing import Any

from tests.exchange.campaigns.test_campaign_pages import page, post
from tests.exchange.instruments.test_baskets_over_http import BASKET, CCP, listed
from tests.exchange.marketplace import FOREST, KILN, Market

PAGE = "/operations/baskets"
RULE = f"{PAGE}?vintage_from=2024&vintage_to=2024"


async def test_a_basket_is_opened_by_what_its_rule_was_seen_to_let_in(market: Market):
    """The rule first, then its assets, then the form; with the venue's rules, and what is wrong said in place."""
    project = market.world.season.projects["forest"]
    await market.world.ok(f"/v1/projects/{project}/attributes", CCP, by=market.world.regulators[0])
    empty = (await page(market, PAGE, "exchange")).text
    assert ("Show what it lets in" in empty, "Open the basket" in empty) == (True, False)
    both = (await page(market, RULE, "exchange")).text
    assert all(word in both for word in (KILN, FOREST, "Open the basket", "cbl-basket"))
    assert "eex-auction" not in both, "a basket has a book, and nothing else"
    one = await page(market, f"{RULE}&types=forestry&labels=CCP-ELIGIBLE", "exchange")
    assert (200, True, False) == (one.status_code, FOREST in one.text, f"/instruments/{KILN}" in one.text)
    none = (await page(market, f"{RULE}&co_benefits=7", "exchange")).text
    assert ("widen it" in none, "Open the basket" in none) == (True, False)
    for wrong in ("vintage_from=x&vintage_to=2024", "vintage_from=2025&vintage_to=2024", "vintage_from=2024"):
        assert "This is no rule" in (await page(market, f"{PAGE}?{wrong}", "exchange")).text
    assert 403 == (await page(market, PAGE, "kiln")).status_code
    account = market.party("exchange").account_id
    said: dict[str, Any] = {
        "code": BASKET,
        "name": "Forests of 2024",
        "preset": "cbl-basket",
        "labels[]": "CCP-ELIGIBLE",
    }
    said |= {"vintage_from:int": 2024, "vintage_to:int": 2024, "types[]": "forestry"}
    said |= {"low_fen:yuan": "10.00", "high_fen:yuan": "50.00", "fee_account_id:int": account}
    refused = await post(market, "exchange", "/v1/baskets", RULE, **said, **{"tick_fen:yuan": "0.05"})
    assert (409, True) == (refused.status_code, "tick_fen of preset cbl-basket is 1" in refused.text)
    assert 303 == (await post(market, "exchange", "/v1/baskets", RULE, **said)).status_code
    basket = await market.read(f"/v1/baskets/{BASKET}")
    assert ("cbl-basket", ["forestry"], [(FOREST, True)]) == (basket["preset"], basket["types"], listed(basket))


async def test_an_asset_is_delisted_on_the_page(market: Market):
    """Announced with its day, which the page then shows with a way back; too early a day is refused in place."""
    body = {"code": BASKET, "name": "All", "vintage_from": 2024, "vintage_to": 2024, "low_fen": 1, "high_fen": 50_00}
    body["fee_account_id"] = market.party("exchange").account_id
    await market.world.ok("/v1/baskets", body, by=market.party("exchange").key)
    for path, then, asset in (
        (f"/v1/baskets/{BASKET}/delist", PAGE, {"asset": KILN}),
        (f"/v1/instruments/{FOREST}/delist", "/operations", {}),
    ):
        early = await post(market, "exchange", path, then, **asset, day="2025-01-07", reason="Old")
        assert (422, True) == (early.status_code, "2025-01-14" in early.text)
        assert 303 == (await post(market, "exchange", path, then, **asset, day="2025-01-14", reason="Old")).status_code
        shown = (await page(market, then, "exchange")).text
        assert ("to be delisted on" in shown, "Withdraw the delisting" in shown) == (True, True)
        kept = await post(market, "exchange", f"{path}/withdraw", then, **asset, reason="A mistake")
        assert 303 == kept.status_code
        assert "to be delisted on" not in (await page(market, then, "exchange")).text

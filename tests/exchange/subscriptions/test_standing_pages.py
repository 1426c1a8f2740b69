"""Standing subscriptions in a browser, and what one would do before it is set up."""

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.exchange.campaigns.test_campaign_pages import page, post
from tests.exchange.marketplace import Market
from tests.exchange.subscriptions.standings import by_hand, set_up, shown, step
from tests.probes import refused


@pytest.fixture(autouse=True)
def followed_by_hand() -> Iterator[None]:
    """Steps are the test's."""
    with by_hand():
        yield


async def test_what_would_happen_is_said_before_anything_is_set_up(market: Market):
    """The same plan as that of one that exists; of others' accounts nothing is said, and nothing is kept."""
    solar = market.party("solar")
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    await market.sells("kiln", 30, 13_00)
    terms = {"side": "buy", "quantity_t": 10, "every": "day", "price_fen": 14_00, "begins": "2090-01-01T00:00:00Z"}
    path, body = "/v1/subscriptions/dry-run", {"account_id": solar.account_id, "terms": terms}

    async def would(**said: Any) -> tuple[int, str | None]:
        answer = await market.world.post(path, {**body, "terms": terms | said}, by=solar.key)
        assert 200 == answer.status_code, answer.text
        found = answer.json()
        return found["filled_t"], found["why_slug"]

    assert (10, None) == await would()
    assert (7, "budget-exhausted") == await would(budget_fen=100_00)
    assert (0, "nothing-offered") == await would(locality="Nowhere")
    assert ((10, None), (0, "nothing-offered")) == (
        await would(types=["manufacturing"]),
        await would(types=["forestry"]),
    )
    recorded = {"co_benefits": [7, 9], "labels": ["CCP-ELIGIBLE"]}
    assert (0, "nothing-offered") == await would(**recorded)
    attributes = f"/v1/projects/{market.world.season.projects['kiln']}/attributes"
    said = {**recorded, "source": "A list", "why": "It was checked"}
    assert 201 == (await market.world.post(attributes, said, by=market.world.regulators[0])).status_code
    assert (10, None) == await would(**recorded)
    assert (0, "nothing-offered") == await would(co_benefits=[15])
    assert (0, "price-above") == await would(price_fen=12_00)
    sells = {"side": "sell", "project_id": 1, "share_bps": 1, "price_fen": 1, "into": "campaign"}
    answer = await market.world.post(path, {**body, "terms": sells}, by=solar.key)
    assert "by-issuance" == answer.json()["why_slug"]
    refused(await market.world.post(path, body, by=market.party("car").key), 403, "not-yours")
    assert [] == (await market.own("solar", "subscriptions"))["items"]


async def test_terms_are_tried_and_changed_in_a_browser(market: Market):
    """A dry run keeps what was entered; the form of a change has the terms, all of them, and says what is wrong."""
    solar = market.party("solar")
    lei = {"scheme": "lei", "value": "529900T8BM49AURSDO55"}
    said = {"vintages": [2023, 2024], "prefer": ["book"], "retire_for": 1, "beneficiary": "城固", "locality": "青白江"}
    said |= {"types": ["metals"], "co_benefits": [15], "labels": ["CCP-ELIGIBLE", "GOLD"]}
    standing = await set_up(market, "solar", beneficiary_identifiers=[lei], budget_fen=100_50, **said)
    lists, one = f"/accounts/{solar.account_id}/subscriptions", f"/subscriptions/{standing['id']}"
    sent = inputs((await page(market, one, "solar")).text, f"/v1{one}/change")
    assert ("14.00", "2025-01-01T08:00:00") == (sent["terms.price_fen:yuan"], sent["terms.begins:instant"])
    changed = await post(market, "solar", f"/v1{one}/change", one, **{**sent, "terms.quantity_t:int": "7"})
    assert 303 == changed.status_code, changed.text
    assert {**standing["terms"], "quantity_t": 7} == (await shown(market, "solar", standing))["next_terms"]
    wrong = await post(market, "solar", f"/v1{one}/change", one, **{**sent, "terms.ends:instant": "2020-01-01T00:00"})
    assert (400, True) == (wrong.status_code, 'value="2020-01-01T00:00"' in wrong.text)
    fields = {"account_id:int": solar.account_id, "terms.side": "buy", "terms.quantity_t:int": 5, "_once": 1}
    fields |= {"terms.every": "week", "terms.price_fen:yuan": "14.00", "terms.begins:instant": "2025-01-01T00:00"}
    tried = await post(market, "solar", "/v1/subscriptions/dry-run", lists, **fields, **{"terms.locality": "城固"})
    assert (200, True, True) == (
        tried.status_code,
        "Nothing that fits the subscription was offered." in tried.text,
        'value="城固"' in tried.text,
    )
    fields["terms.price_fen:yuan"] = "0"
    tried = await post(market, "solar", "/v1/subscriptions/dry-run", lists, **fields)
    assert (400, True) == (tried.status_code, 'class="field wrong"' in tried.text)
    assert 1 == len((await market.own("solar", "subscriptions"))["items"])


def inputs(text: str, action: str) -> dict[str, str]:
    """What the form of an action would send as it stands."""
    form = text.partition(f'action="{action}"')[2].partition("</form>")[0]
    form = re.sub(r'<input type="checkbox" name="[^"]*" value="[^"]*">', "", form)  # what is not ticked is not sent
    found = dict(re.findall(r'<input [^>]*name="([^"_][^"]*)"[^>]*? value="([^"]*)"', form))
    for name, options in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        if chosen := re.search(r'<option value="([^"]+)" selected', options):
            found[name] = chosen[1]
    return {name: html.unescape(each) for name, each in found.items()}


async def test_pages_from_a_form_to_a_schedule(market: Market):
    """Set up in a browser without scripts; the page says what it would do, what it did, and takes a pause."""
    solar = market.party("solar")
    address = f"/accounts/{solar.account_id}/subscriptions"
    assert "This account has no standing subscription." in (await page(market, address, "solar")).text
    fields = {"account_id__int": solar.account_id, "terms.side": "buy", "terms.quantity_t__int": 5}
    fields |= {"terms.every": "week", "terms.price_fen__yuan": "14.00", "terms.begins__instant": "2025-01-01T00:00"}
    made = await post(market, "solar", "/v1/subscriptions", "/subscriptions/{id}", _page=address, **fields)
    assert 303 == made.status_code, made.text
    one = made.headers["location"].partition("?")[0]
    shown = (await page(market, one, "solar")).text
    assert "What it would do now" in shown
    assert "Nothing that fits the subscription was offered." in shown
    assert "没有符合条件的供应" in (await page(market, one, "solar", "zh")).text
    await step(market)
    assert "Schedule" in (await page(market, one, "solar")).text
    paused = await post(market, "solar", f"/v1{one}/pause", one, reason="Holidays")
    assert 303 == paused.status_code, paused.text
    assert ("Holidays" in (await page(market, one, "solar")).text, 403) == (
        True,
        (await page(market, one, "car")).status_code,
    )
    assert "每周" in (await page(market, address, "solar", "zh")).text

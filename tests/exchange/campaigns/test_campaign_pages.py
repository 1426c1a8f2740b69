"""A campaign in a browser without scripts: announced by a form, pledged for by another, and what each of them sees."""

from typing import Any

import httpx
import pytest

from tests.exchange.campaigns.test_campaigns_over_http import CLOSES, OPENS, announced, becomes, pledged
from tests.exchange.marketplace import KILN, Market

SITE = {"Origin": "http://registry.test"}


async def page(market: Market, address: str, who: str | None = None, language: str = "en") -> httpx.Response:
    """A page as somebody sees it."""
    headers = {"Accept": "text/html", "Accept-Language": language}
    if who:
        headers["Cookie"] = f"__Host-kilnwood={market.party(who).key}"
    return await market.world.http.get(address, headers=headers)


async def post(market: Market, who: str, action: str, then: str, **fields: Any) -> httpx.Response:
    """Send a form as a browser does."""
    headers = {**SITE, "Accept": "text/html", "Cookie": f"__Host-kilnwood={market.party(who).key}"}
    shown = "/campaigns/new" if "{" in then else then
    data = {"_key": market.world.next_key(), "_page": shown, "_then": then, **fields}
    sent = {name.replace("__", ":"): str(value) for name, value in data.items()}
    return await market.world.http.post(action, data=sent, headers=headers)


async def test_from_a_form_to_an_allotment(market: Market):
    """The seller announces, the buyer pledges; each sees their own, everybody the terms and what it came to."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 5_000_00)
    form = await page(market, "/campaigns/new", "kiln")
    assert (200, True) == (form.status_code, 'name="price_fen:yuan"' in form.text)
    fields = {"account_id__int": market.party("kiln").account_id, "instrument": KILN, "quantity_t__int": 100}
    fields |= {"price_fen__yuan": "13.90", "client_order_id__int": 900}
    window = {"opens_at__instant": "2025-01-07T09:00", "closes_at__instant": "2025-01-10T17:00"}
    made = await post(market, "kiln", "/v1/campaigns", "/campaigns/{id}", **fields, **window)
    assert 303 == made.status_code, made.text
    address = made.headers["location"].partition("?")[0]
    campaign = await market.read(f"/v1{address}")
    assert (OPENS, CLOSES, 13_90) == (campaign["opens_at"], campaign["closes_at"], campaign["price_fen"])
    assert "Not open for pledges yet." in (await page(market, address, "solar")).text
    assert f'href="{address}"' not in (await page(market, f"/instruments/{KILN}")).text
    await becomes(market, campaign, OPENS, "open")
    assert f'href="{address}"' in (await page(market, f"/instruments/{KILN}")).text
    taken = {"account_id__int": market.party("solar").account_id, "quantity_t__int": 150, "client_order_id__int": 901}
    again = taken | {"quantity_t__int": 90, "client_order_id__int": 902}
    refused = await post(market, "solar", f"/v1{address}/pledges", address, **taken)
    assert (409, True) == (refused.status_code, "150 t in all" in refused.text)
    done = await post(
        market,
        "solar",
        f"/v1{address}/pledges",
        address,
        **again,
    )
    assert 303 == done.status_code, done.text
    mine = (await page(market, address, "solar")).text
    assert ("Yours in this campaign" in mine, "Take it back" in mine) == (True, True)
    for number in range(120):  # whatever else the account does, its pledges stay in sight
        await market.buys("solar", 1, 10_00, client_order_id=2_000 + number)
    mine = (await page(market, address, "solar")).text
    assert ("Yours in this campaign" in mine, "Take it back" in mine) == (True, True)
    theirs = (await page(market, address, "car")).text
    assert ("Yours in this campaign" in theirs, "Every pledge" in theirs) == (False, True)
    await becomes(market, campaign, CLOSES, "allotted")
    over = (await page(market, address)).text
    assert "It is over: 90 t were allotted of 90 t that were pledged for." in over
    assert "已配售" in (await page(market, address, language="zh")).text
    listed = (await page(market, "/campaigns?state=allotted")).text
    assert f'href="{address}"' in listed


async def test_only_who_may_is_offered_it(market: Market):
    """A form for a new campaign takes somebody who trades; calling one off is the operator's."""
    campaign = await announced(market)
    stranger = await page(market, "/campaigns/new")
    assert (303, True) == (stranger.status_code, stranger.headers["location"].startswith("/sign-in"))
    assert 403 == (await page(market, "/campaigns/new", "vvb")).status_code
    assert "Call it off" not in (await page(market, f"/campaigns/{campaign['id']}", "kiln")).text
    assert "Call it off" in (await page(market, f"/campaigns/{campaign['id']}", "exchange")).text
    assert 404 == (await page(market, "/campaigns/999999")).status_code


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_over_subscribed_campaign_says_so(market: Market, language: str):
    """While it is open, with how many times."""
    campaign = await announced(market, most_t=100)
    for who in ("solar", "car"):
        await market.pay_in(who, 2_000_00)
    await becomes(market, campaign, OPENS, "open")
    await pledged(market, "solar", campaign, 100)
    await pledged(market, "car", campaign, 25)
    assert "1.25" in (await page(market, f"/campaigns/{campaign['id']}", language=language)).text

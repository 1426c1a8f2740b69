"""Blocks and quotes in a browser without scripts, and what the operator sets: by forms, in both languages."""

import httpx

from tests.exchange.blocks.test_blocks_over_http import bounded
from tests.exchange.marketplace import KILN, Market

SITE = {"Origin": "http://registry.test"}


async def page(market: Market, address: str, who: str, language: str = "en") -> str:
    """A page as somebody sees it."""
    headers = {"Accept": "text/html", "Accept-Language": language}
    headers["Cookie"] = f"__Host-kilnwood={market.party(who).key}"
    answer = await market.world.http.get(address, headers=headers)
    assert 200 == answer.status_code, answer.text
    return answer.text


async def post(market: Market, who: str, action: str, then: str, **fields: object) -> httpx.Response:
    """Send a form as a browser does."""
    headers = {**SITE, "Accept": "text/html", "Cookie": f"__Host-kilnwood={market.party(who).key}"}
    shown = then.partition("?")[0]
    data = {"_key": market.world.next_key(), "_page": shown, "_then": then, **fields}
    sent = {name.replace("__", ":"): str(value) for name, value in data.items()}
    return await market.world.http.post(action, data=sent, headers=headers)


async def test_a_block_by_forms(market: Market):
    """Proposed on one side's page, accepted on the other's, and then on the page of the instrument for everybody."""
    await bounded(market)
    await market.bring("kiln", 100)
    await market.pay_in("solar", 2_000_00)
    kiln, solar = market.party("kiln").account_id, market.party("solar").account_id
    own, other = f"/accounts/{kiln}/blocks", f"/accounts/{solar}/blocks"
    assert 'name="counterparty_id:int"' in await page(market, own, "kiln")
    fields = {"account_id__int": kiln, "counterparty_id__int": solar, "instrument": KILN, "side": "sell"}
    fields |= {"price_fen__yuan": "13.90", "quantity_t__int": 60, "client_order_id__int": 900}
    fields |= {"expires_at__instant": "2025-01-10T17:00"}
    made = await post(market, "kiln", "/v1/blocks", own, **fields)
    assert 303 == made.status_code, made.text
    (block,) = (await market.own("kiln", "blocks"))["items"]
    for language, text in (("en", "You buy"), ("zh", "本账户买入")):
        assert text in await page(market, other, "solar", language)
    assert "<td>buy</td>" in await page(market, other, "solar")
    answer = {"account_id__int": solar, "client_order_id__int": 901}
    assert 303 == (await post(market, "solar", f"/v1/blocks/{block['id']}/accept", other, **answer)).status_code
    for language, text in (("en", "Negotiated trades"), ("zh", "协议成交")):
        assert text in await page(market, f"/instruments/{KILN}", "car", language)
    assert "from 50 t on" in await page(market, f"/instruments/{KILN}", "car")


async def test_quotes_by_forms(market: Market):
    """Asked of one account, quoted by it, taken; what it came to is on the page of the instrument."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 2_000_00)
    kiln, solar = market.party("kiln").account_id, market.party("solar").account_id
    asking, answering = f"/accounts/{solar}/quote-requests", f"/accounts/{kiln}/quote-requests"
    fields = {"account_id__int": solar, "instrument": KILN, "side": "buy", "quantity_t__int": 50}
    fields |= {"expires_at__instant": "2025-01-10T17:00", "client_order_id__int": 900, "invited[]__int": kiln}
    made = await post(market, "solar", "/v1/quote-requests", asking + "?request_id={id}", **fields)
    assert 303 == made.status_code, made.text
    (request,) = (await market.own("kiln", "quote-requests"))["items"]
    assert (False, False) == (request["own"], request["to_all"])
    assert f"Request {request['id']}" in await page(market, answering, "kiln")
    quote = {"account_id__int": kiln, "price_fen__yuan": "14.00", "quantity_t__int": 50, "client_order_id__int": 901}
    quote |= {"valid_until__instant": "2025-01-09T17:00"}
    action = f"/v1/quote-requests/{request['id']}"
    sent = await post(market, "kiln", f"{action}/quotes", f"{answering}?request_id={request['id']}", **quote)
    assert 303 == sent.status_code, sent.text
    (shown,) = (await market.own("solar", f"quote-requests/{request['id']}"))["shown"]
    for language, text in (("en", "Take it"), ("zh", "选取")):
        assert text in await page(market, f"{asking}?request_id={request['id']}", "solar", language)
    taking = {"account_id__int": solar, "quote_id__int": shown["id"], "client_order_id__int": 902}
    assert (
        303
        == (await post(market, "solar", f"{action}/take", f"{asking}?request_id={request['id']}", **taking)).status_code
    )
    assert "The inquired price is" in await page(market, f"{asking}?request_id={request['id']}", "solar")
    assert "Inquired price" in await page(market, f"/instruments/{KILN}", "car")


async def test_the_operator_sets_the_rules_by_forms(market: Market):
    """Which listings may be picked, and the terms of blocks; the page of the instrument says so."""
    rule = {"rule": "best", "reason": "As in Guangzhou"}
    address = f"/v1/instruments/{KILN}"
    assert 303 == (await post(market, "exchange", f"{address}/picking", "/operations", **rule)).status_code
    terms = {"least_t__int": 70, "reference_fen__yuan": "13.00", "band_bps__int": 3000, "reason": "As nationally"}
    assert 303 == (await post(market, "exchange", f"{address}/block-terms", "/operations", **terms)).status_code
    assert "Smallest block" in await page(market, "/operations", "exchange")
    shown = await page(market, f"/instruments/{KILN}", "car", "zh")
    assert all(text in shown for text in ("仅可点选最优价挂牌", "70 吨起", "9.10", "16.90"))

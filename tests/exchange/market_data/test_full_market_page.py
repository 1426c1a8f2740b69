"""The page of an instrument at size: a deep book, many listings, many orders of one's own, and each can be reached."""

import re

from tests.exchange.campaigns.test_campaign_pages import page
from tests.exchange.marketplace import KILN, Market
from tests.site.test_public_pages import LIMIT_BYTES, untranslated

ADDRESS = f"/instruments/{KILN}"
FORMS = re.compile(r'action="/v1/(?:orders|listings)/(\d+)/(?:cancel|close)"')


async def fill(market: Market, word: str, side: str, count: int, first_fen: int) -> None:
    """So many orders at as many prices, in one request."""
    party = market.party(word)
    commands = [
        {
            "do": "place",
            "instrument": KILN,
            "side": side,
            "quantity_t": 1,
            "price_fen": first_fen + 5 * number,
            "client_order_id": party.next_order()["client_order_id"],
        }
        for number in range(count)
    ]
    body = {"account_id": party.account_id, "commands": commands}
    answer = await market.world.ok("/v1/orders/batch", body, by=party.key)
    assert count == sum("order" in each for each in answer["answers"]), answer


async def test_a_full_market_page_stays_small(market: Market):
    """100 own asks, 100 bids at as many prices and 30 listings: ten of each with their forms, the others a page on."""
    await market.bring("kiln", 200)
    await market.pay_in("solar", 5_000_00)
    await fill(market, "kiln", "sell", 100, 15_00)
    await fill(market, "solar", "buy", 100, 10_00)
    for _ in range(30):
        await market.lists("kiln", 1, 19_00)
    shown = {who: await page(market, ADDRESS, who, "zh") for who in (None, "kiln", "solar")}
    sizes = {who: len(each.content) for who, each in shown.items()}
    assert {} == {who: size for who, size in sizes.items() if size > LIMIT_BYTES}, sizes
    assert set() == untranslated(shown["kiln"].text)
    assert f'href="/listings?instrument={KILN}&amp;open_only=true"' in shown["solar"].text
    found, text = [], shown["kiln"].text
    for _ in range(15):
        found += FORMS.findall(text)
        further = re.search(r'href="([^"]*)" rel="next"', text)
        if further is None:
            break
        assert "&amp;orders=" in further[1]
        text = (await page(market, further[1].replace("&amp;", "&").partition("#")[0], "kiln")).text
    open_now = (await market.own("kiln", f"orders?open_only=true&limit=200&instrument={KILN}"))["items"]
    assert 130 == len(open_now) == len(set(found)) == len(found)
    assert {str(each["id"]) for each in open_now} == set(found)
    assert "&#34;1500&#34;: 1" in text or '"1500": 1' in text, "levels are marked whatever page is shown"


async def test_orders_of_another_instrument_are_not_listed(market: Market):
    """By the filter of the list, whose page ends where they end."""
    await market.bring("kiln", 2)
    mine = await market.sells("kiln", 1, 15_00)
    assert [mine["id"]] == [each["id"] for each in (await market.own("kiln", f"orders?instrument={KILN}"))["items"]]
    assert [] == (await market.own("kiln", "orders?instrument=SC-CDCER-0099-2024"))["items"]

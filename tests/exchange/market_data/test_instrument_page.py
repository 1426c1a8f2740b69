"""The page of an instrument without scripts: which way the price moved, who took, and what is offered."""

from tests.exchange.marketplace import KILN, Market


async def page(market: Market, language: str = "en") -> str:
    """As anybody sees it."""
    answer = await market.world.http.get(f"/instruments/{KILN}", headers={"Accept-Language": language})
    return answer.text


async def test_the_headline_compares_prices_and_the_tape_says_whose_arrows_it_has(market: Market):
    """A lower price that was bought is ▼ in the headline and ▲ in the tape, by its legend; the same has neither."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 10_000_00)
    for price in (14_00, 13_90):
        await market.sells("kiln", 5, price)
        await market.buys("solar", 5, price)
    shown = await page(market)
    assert '<strong class="last down" id="last" title="▲ ▼ against the trade before">▼ 13.90</strong>' in shown
    assert '<td class="num up">▲ 13.90</td>' in shown
    assert "▲ bought, ▼ sold by the taker" in shown
    assert "▲ 主动买入，▼ 主动卖出" in await page(market, "zh")
    await market.sells("kiln", 5, 13_90)
    await market.buys("solar", 5, 13_90)
    assert '<strong class="last" id="last" title="▲ ▼ against the trade before">13.90</strong>' in await page(market)


async def test_a_listing_leads_to_its_page(market: Market):
    """For who is not signed in too."""
    await market.bring("kiln", 10)
    listing = await market.lists("kiln", 10, 14_00)
    assert f'<a href="/listings/{listing["id"]}">Listing {listing["id"]}</a>' in await page(market)

"""Sessions on pages: what everybody sees of the book's day, the ticket's new lives, the forms of who decides."""

from tests.exchange.campaigns.test_campaign_pages import page
from tests.exchange.marketplace import KILN, Market
from tests.exchange.sessions.test_sessions_over_http import DAY, instruct
from tests.site.test_public_pages import untranslated

SITE = {"Origin": "http://registry.test", "Accept": "text/html"}


async def test_the_market_page_shows_a_call_and_the_operator_moves_it_by_a_form(market: Market):
    """10 t at 13.90 if it ended now, in both languages; then the form ends it, and the page says so."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 2_000_00)
    address = f"/instruments/{KILN}"
    assert "<dt>Session" not in (await page(market, address)).text, "a book without sessions shows none"
    await instruct(market, "rules", "regulator", reference_fen=13_90)
    await instruct(market, "timetable", **DAY)
    await instruct(market, "phase", phase="opening-call")
    await market.buys("solar", 10, 14_00)
    await market.sells("kiln", 15, 13_00)
    english, chinese = [(await page(market, address, "solar", language)).text for language in ("en", "zh")]
    for said in ("opening call: orders are collected", "13.90", "more offered"):
        assert said in english
    assert "开盘集合竞价" in chinese
    assert 'name="until:instant"' in english
    part = (await page(market, f"{address}/session")).text
    assert ("If the call ended now" in part, "<html" in part) == (True, False)
    forms = await page(market, "/operations", "exchange", "zh")
    assert 200 == forms.status_code
    for shown in (chinese, forms.text):
        assert set() == untranslated(shown)
    key = market.party("exchange").key
    sent = await market.world.http.post(
        f"/v1/instruments/{KILN}/session/phase",
        data={
            "_key": market.world.next_key(),
            "_page": "/operations",
            "_then": "/operations?done=session",
            "phase": "continuous",
            "reason": "The opening",
        },
        headers={**SITE, "Cookie": f"__Host-kilnwood={key}"},
    )
    assert 303 == sent.status_code, sent.text
    assert "continuous trading" in (await page(market, address)).text
    (trade,) = (await market.read(f"/v1/instruments/{KILN}/trades"))["items"]
    assert (13_90, 10) == (trade["price_fen"], trade["quantity_t"])

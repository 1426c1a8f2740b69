"""The page of an instrument at size: a hundred own orders and listings, a deep book, a full tape, fifty listings."""

from deploy.site.market import FORMS, LEVELS
from tests.exchange.marketplace import KILN, Market
from tests.site.test_office_pages import signed_in
from tests.site.test_public_pages import LIMIT_BYTES


async def test_a_full_market_page_stays_small(market: Market):
    """The newest with their forms, a way to the others, and every own price in the book marked all the same."""
    await market.bring("kiln", 1_000)
    await market.pay_in("solar", 100_000_00)
    for _ in range(30):
        await market.sells("kiln", 1, 14_00)
        await market.buys("solar", 1, 14_00)
    for step in range(50):
        await market.lists("kiln", 1, 10_00 + 10 * step)
        await market.sells("kiln", 1, 14_00 + 5 * step)
        await market.buys("solar", 1, 13_95 - 5 * (step % 40))
    await market.projected()
    sizes, texts = {}, {}
    for who in ("kiln", "solar"):
        for language in ("en", "zh"):
            headers = {**signed_in(market.party(who).key), "Accept-Language": language}
            shown = await market.world.http.get(f"/instruments/{KILN}", headers=headers)
            sizes[who, language], texts[who, language] = len(shown.content), shown.text
    assert {} == {each: size for each, size in sizes.items() if size > LIMIT_BYTES}
    own, other = texts["kiln", "en"], texts["solar", "en"]
    assert FORMS == own.count('<tr class="mine" data-kind')
    assert own.count('<tr class="mine" data-kind="order"') == own.count('<details class="amend"')
    assert (1, 1) == (own.count("/trading#orders"), other.count(f'href="/listings?instrument={KILN}"'))
    assert FORMS == other.count("/subscribe")
    assert (50, 50) == tuple(text.count('data-kind="order"') for text in (own, other))
    assert (LEVELS, LEVELS) == tuple(text.count("◆ ") - text.count("◆ My") for text in (own, other))

"""An auction in a browser without scripts: announced by a form, bid for by another, and what each of them sees."""

import pytest

from tests.exchange.auctions.test_auctions_over_http import CLOSES, OPENS, announced, becomes, bid, clock
from tests.exchange.campaigns.test_campaign_pages import page, post
from tests.exchange.marketplace import KILN, Market


async def test_from_a_form_to_the_winner(market: Market):
    """The seller announces, the buyer bids; nobody else sees the bid before the close, everybody does after it."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 5_000_00)
    form = await page(market, "/auctions/new", "kiln")
    assert (200, True) == (form.status_code, 'name="reserve_fen:yuan"' in form.text)
    fields = {"account_id__int": market.party("kiln").account_id, "instrument": KILN, "quantity_t__int": 100}
    fields |= {"reserve_fen__yuan": "12.00", "kind": "uniform", "ties": "at-random", "cancel_when_short__bool": "false"}
    fields |= {"increment_fen__yuan": "", "extension_s__int": "", "latest_at__instant": "", "client_order_id__int": 900}
    window = {"opens_at__instant": "2025-01-07T09:00", "closes_at__instant": "2025-01-10T17:00"}
    made = await post(market, "kiln", "/v1/auctions", "/auctions/{id}", **fields, **window)
    assert 303 == made.status_code, made.text
    address = made.headers["location"].partition("?")[0]
    auction = await market.read(f"/v1{address}")
    assert (OPENS, CLOSES, 12_00, False, None) == tuple(
        auction[name] for name in ("opens_at", "closes_at", "reserve_fen", "cancel_when_short", "extension_s")
    )
    assert "Not open for bids yet." in (await page(market, address, "solar")).text
    await becomes(market, auction, OPENS, "open")
    terms = {"account_id__int": market.party("solar").account_id, "price_fen__yuan": "13.65", "quantity_t__int": 90}
    done = await post(market, "solar", f"/v1{address}/bids", address, **terms, client_order_id__int=901)
    assert 303 == done.status_code, done.text
    mine = (await page(market, address, "solar")).text
    assert ("Yours in this auction" in mine, "13.65" in mine, "Take it back" in mine) == (True, True, True)
    for who in ("car", "kiln", "exchange", None):
        theirs = (await page(market, address, who)).text
        assert (False, True) == ("13.65" in theirs, "Bids are sealed" in theirs), who
    await becomes(market, auction, CLOSES, "sold")
    over = (await page(market, address)).text
    assert "It is over: 90 t were sold of 90 t that were bid for." in over
    assert (await market.read(f"/v1{address}"))["seed"] in over
    assert "已成交" in (await page(market, address, language="zh")).text
    assert f'href="{address}"' in (await page(market, "/auctions?state=sold")).text


async def test_only_who_may_is_offered_it(market: Market):
    """A form for a new auction takes somebody who trades; calling one off is the operator's."""
    auction = await announced(market, "uniform")
    stranger = await page(market, "/auctions/new")
    assert (303, True) == (stranger.status_code, stranger.headers["location"].startswith("/sign-in"))
    assert 403 == (await page(market, "/auctions/new", "vvb")).status_code
    assert "Call the auction off" not in (await page(market, f"/auctions/{auction['id']}", "kiln")).text
    assert "Call the auction off" in (await page(market, f"/auctions/{auction['id']}", "exchange")).text
    assert 404 == (await page(market, "/auctions/999999")).status_code


@pytest.mark.parametrize(("language", "said"), [("en", "Highest bid"), ("zh", "当前最高价")])
async def test_an_ascending_auction_shows_its_bids(market: Market, language: str, said: str):
    """With the close as late bids have moved it."""
    auction = await announced(market, "ascending", extension_s=60, latest_at="2025-01-10T09:05:00Z")
    await market.pay_in("solar", 2_000_00)
    await becomes(market, auction, OPENS, "open")
    await clock(market, "2025-01-10T08:59:30Z")
    await bid(market, "solar", auction, 13_65, 40)
    shown = (await page(market, f"/auctions/{auction['id']}", language=language)).text
    assert (said in shown, "13.65" in shown, 'datetime="2025-01-10T09:01:00+00:00"' in shown) == (True, True, True)

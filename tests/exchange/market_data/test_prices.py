"""Prices by day and by hour, as people read a chart."""

from datetime import datetime, timedelta

from exchange.market_data.rules import vwap
from tests.exchange.marketplace import KILN, Market
from tests.probes import refused


async def test_a_day_has_its_prices_and_volume(market: Market):
    """Opening, highest, lowest and closing price, tonnes and money, from the trades themselves; as CSV too."""
    await market.bring("kiln", 10)
    await market.pay_in("solar", 1_000_00)
    for price in (12_00, 13_00, 11_00, 12_50):
        await market.sells("kiln", 2, price)
        await market.buys("solar", 2, price)
    listed = (await market.world.get(f"/v1/instruments/{KILN}/trades")).json()["items"]
    prices = [each["price_fen"] for each in listed]
    for interval in ("day", "hour"):
        bars = (await market.world.get(f"/v1/instruments/{KILN}/prices?interval={interval}")).json()
        (bar,) = bars["items"]
        assert (prices[0], max(prices), min(prices), prices[-1]) == tuple(
            bar[name] for name in ("open_fen", "high_fen", "low_fen", "close_fen")
        )
        assert sum(each["quantity_t"] for each in listed) == bar["quantity_t"]
        assert sum(each["amount_fen"] for each in listed) == bar["amount_fen"]
        assert len(listed) == bar["trades"]
    day = (await market.world.get(f"/v1/instruments/{KILN}/prices")).json()["items"][0]
    assert day["begins"].endswith("T16:00:00Z"), "a day begins in Asia/Shanghai"
    sheet = await market.world.get(f"/v1/instruments/{KILN}/prices.csv")
    assert sheet.text.startswith("begins,open_fen,high_fen,low_fen,close_fen,quantity_t,amount_fen,trades,vwap_fen\r\n")


async def test_another_interval_is_refused(market: Market):
    """With those that there are."""
    answer = await market.world.get(f"/v1/instruments/{KILN}/prices?interval=week")
    refused(answer, 400, "invalid-request", "hour", "day")


async def test_the_daily_file(market: Market):
    """An instrument a line, from its trades; a day without any is empty, and what is no day is refused."""
    await market.bring("kiln", 10)
    await market.pay_in("solar", 1_000_00)
    for price, tonnes in ((12_00, 1), (13_00, 2), (12_55, 1)):
        await market.sells("kiln", tonnes, price)
        await market.buys("solar", tonnes, price)
    at = (await market.world.get(f"/v1/instruments/{KILN}/prices")).json()["items"][0]["begins"]
    day = (datetime.fromisoformat(at) + timedelta(hours=8)).date().isoformat()
    (line,) = (await market.world.get(f"/v1/market/days/{day}")).json()["items"]
    # 12.00 + 2 * 13.00 + 12.55 = 50.55 for 4 t: 12.6375, which is 12.64.
    assert {
        "day": day,
        "instrument": KILN,
        "open_fen": 12_00,
        "high_fen": 13_00,
        "low_fen": 12_00,
        "last_fen": 12_55,
        "vwap_fen": 12_64,
        "volume_t": 4,
        "turnover_fen": 50_55,
        "trades": 3,
    } == line
    sheet = await market.world.get(f"/v1/market/days/{day}.csv")
    head = "day,instrument,open_fen,high_fen,low_fen,last_fen,vwap_fen,volume_t,turnover_fen,trades"
    assert f"{head}\r\n{day},{KILN},1200,1300,1200,1255,1264,4,5055,3\r\n" == sheet.text
    assert [] == (await market.world.get("/v1/market/days/2001-01-01")).json()["items"]
    refused(await market.world.get("/v1/market/days/2025-02-30"), 400, "invalid-request", "day is out of range")
    refused(await market.world.get("/v1/market/days/yesterday"), 400, "invalid-request")


def test_an_average_price_is_rounded_to_the_nearest_fen():
    """A half goes up: 5 fen for 2 t are 3 fen, 4 for 3 are 1."""
    assert (3, 1, 7) == (vwap(5, 2), vwap(4, 3), vwap(700, 100))

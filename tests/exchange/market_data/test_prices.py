"""Prices by day and by hour, as people read a chart."""

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
    assert sheet.text.startswith("begins,open_fen,high_fen,low_fen,close_fen,quantity_t,amount_fen,trades\r\n")


async def test_another_interval_is_refused(market: Market):
    """With those that there are."""
    answer = await market.world.get(f"/v1/instruments/{KILN}/prices?interval=week")
    refused(answer, 400, "invalid-request", "hour", "day")

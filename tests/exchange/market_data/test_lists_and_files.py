"""What the filters of the market's lists leave, and what its CSV files have in them."""

import csv
import io

from tests.exchange.marketplace import KILN, Market
from tests.site.test_filters import Filter, field, wrong
from tests.worlds import World

EXCHANGE = (
    field("listings", "instrument", "SC-CDCER-0009-2024"),
    Filter("listings", "open_only", lambda item: item["state"] == "open" or None, None),
    Filter("instruments", "methodology", lambda item: item["methodology"].partition("/")[0], None),
    field("instruments", "vintage", 2023),
    field("instruments", "state", "opening"),
)


async def test_filters_and_files_of_the_market(market: Market):
    """Listings and instruments by what they are; the book and the trades as CSV, line by line."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 10_000_00)
    await market.lists("kiln", 10, 14_50)
    for tonnes, price in ((5, 14_00), (7, 13_95)):
        await market.sells("kiln", tonnes, price)
    await market.buys("solar", 3, 13_95)
    await market.buys("solar", 2, 13_00)
    await market.projected()
    assert [] == await wrong(market.world, EXCHANGE)
    seen = ("side", "price_fen", "quantity_t", "orders")
    levels = [("buy", "1300", "2", "1"), ("sell", "1395", "4", "1"), ("sell", "1400", "5", "1")]
    assert levels == [tuple(each[name] for name in seen) for each in await lines(market.world, "book")]
    (trade,) = await lines(market.world, "trades")
    names = ("instrument", "price_fen", "quantity_t", "amount_fen", "taker_side")
    assert (KILN, "1395", "3", "4185", "buy") == tuple(trade[name] for name in names)


async def lines(world: World, what: str) -> list[dict[str, str]]:
    """A CSV file of the kiln's instrument."""
    answer = await world.get(f"/v1/instruments/{KILN}/{what}.csv")
    assert 200 == answer.status_code, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))

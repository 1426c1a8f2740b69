"""What everybody may see, and what an account sees of itself: book, trades, fills, balances; page by page."""

import json
from typing import Any

from exchange.market_data.store import DEPTH
from tests.exchange.marketplace import FOREST, KILN, Market
from tests.probes import refused


async def test_the_book_and_its_sequence(market: Market):
    """Levels best first with tonnes and orders; the sequence rises with every command; listings are elsewhere."""
    await market.bring("kiln", 1_000)
    await market.pay_in("solar", 10_000_00)
    before = (await market.read(f"/v1/instruments/{KILN}/book"))["sequence"]
    for tonnes, price in ((5, 14_00), (7, 13_95), (3, 14_00)):
        await market.sells("kiln", tonnes, price)
    for tonnes, price in ((2, 13_00), (4, 13_50)):
        await market.buys("solar", tonnes, price)
    await market.lists("kiln", 100, 13_00)
    book = await market.read(f"/v1/instruments/{KILN}/book")
    assert (KILN, before + 6) == (book["instrument"], book["sequence"])
    assert ([(13_50, 4, 1), (13_00, 2, 1)], [(13_95, 7, 1), (14_00, 8, 2)]) == await market.levels()
    assert ([], []) == await market.levels(FOREST)
    sheet = await market.world.get(f"/v1/instruments/{KILN}/book.csv")
    lines = ["side,price_fen,quantity_t,orders", "buy,1350,4,1", "buy,1300,2,1", "sell,1395,7,1", "sell,1400,8,2"]
    assert lines == sheet.text.splitlines()
    await market.order("solar", "buy", 1, 99_99)  # refused: a command as well
    after = await market.read(f"/v1/instruments/{KILN}/book")
    assert {**book, "sequence": before + 7} == after
    assert before + 7 == (await market.own("solar", "balances"))["sequence"]
    for step in range(DEPTH + 3):
        await market.sells("kiln", 1, 15_00 + 5 * step)
    _, asks = await market.levels()
    assert (DEPTH, 13_95) == (len(asks), asks[0][0])


async def test_both_sides_of_a_trade_through_its_phases(market: Market):
    """Locked, then outgoing and incoming, then settled; only what is settled can be used or withdrawn."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    await market.sells("kiln", 40, 14_00)
    await market.buys("solar", 10, 12_00)
    assert ((60, 40, 0, 0), (0, 0, 0, 0)) == (await market.tonnes("kiln"), await market.cash("kiln"))
    assert ((880_00, 120_00, 0, 0), ()) == (await market.cash("solar"), await market.tonnes("solar"))
    async with market.unsettled():
        await market.buys("solar", 20, 14_05)
        net, operator = 280_00 - 84, market.party("exchange")
        assert ((60, 20, 0, 20), (0, 0, net, 0)) == (await market.tonnes("kiln"), await market.cash("kiln"))
        assert (600_00, 120_00, 0, 280_00) == await market.cash("solar")
        assert (0, 0, 20, 0) == await market.tonnes("solar")
        assert (0, 0, 84, 0) == await market.cash(operator)
        for who, path, said in (
            ("kiln", "withdrawals/cash", {"amount_fen": net}),
            ("solar", "withdrawals/cash", {"amount_fen": 600_01}),
            ("solar", "withdrawals/credits", {"instrument": KILN, "quantity_t": 1}),
            ("kiln", "withdrawals/credits", {"instrument": KILN, "quantity_t": 61}),
        ):
            party = market.party(who)
            answer = await market.world.post(f"/v1/{path}", {"account_id": party.account_id, **said}, by=party.key)
            refused(answer, 409, "not-enough-tonnes" if path.endswith("credits") else "not-enough-cash", "settled")
        refused(await market.order("solar", "sell", 1, 14_00), 409, "not-enough-tonnes", "incoming")
        assert ["traded"] * 2 == [(await market.own(who, "fills"))["items"][0]["state"] for who in ("kiln", "solar")]
    await market.settled()
    assert ((60, 20, 0, 0), (net, 0, 0, 0)) == (await market.tonnes("kiln"), await market.cash("kiln"))
    assert ((600_00, 120_00, 0, 0), (20, 0, 0, 0)) == (await market.cash("solar"), await market.tonnes("solar"))
    assert (84, 0, 0, 0) == await market.cash(operator)
    (sold,), (bought,) = [(await market.own(who, "fills"))["items"] for who in ("kiln", "solar")]
    assert {
        "trade_id": 1,
        "order_id": sold["order_id"],
        "account_id": market.party("kiln").account_id,
        "side": "sell",
        "instrument": KILN,
        "price_fen": 14_00,
        "quantity_t": 20,
        "amount_fen": 280_00,
        "fee_fen": 84,
        "state": "settled",
        "delivery_id": 1,
        "at": "2025-01-06T01:00:00Z",
        "asset": None,
    } == sold
    assert ("buy", 0, market.party("solar").account_id) == (bought["side"], bought["fee_fen"], bought["account_id"])
    assert [] == (await market.own("car", "fills"))["items"]


async def test_the_public_learns_no_names(market: Market):
    """Trades, book, listings and instruments have neither accounts nor orders in them; no key is needed."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 10_000_00)
    listing = await market.lists("kiln", 10, 14_00)
    await market.sells("kiln", 20, 13_90)
    await market.buys("solar", 5, 14_00)
    await market.subscribe("solar", listing["id"], 4)
    trades = (await market.read(f"/v1/instruments/{KILN}/trades"))["items"]
    assert [
        {
            "id": number,
            "instrument": KILN,
            "price_fen": price,
            "quantity_t": tonnes,
            "amount_fen": price * tonnes,
            "taker_side": "buy",
            "at": "2025-01-06T01:00:00Z",
            "asset": None,
        }
        for number, price, tonnes in ((1, 13_90, 5), (2, 14_00, 4))
    ] == trades
    sheet = await market.world.get(f"/v1/instruments/{KILN}/trades.csv?newest_first=true")
    lines = [",".join(trades[0]), *(",".join(str(x or "") for x in each.values()) for each in reversed(trades))]
    assert lines == sheet.text.splitlines()
    paths = ("instruments", f"instruments/{KILN}", f"instruments/{KILN}/book", "listings", f"listings/{listing['id']}")
    for path in paths:
        text = json.dumps(await market.read(f"/v1/{path}"))
        assert [] == [each for each in ("account", "owner", "client_order") if each in text], path
    for path in (f"orders/{listing['id']}", f"accounts/{market.party('kiln').account_id}/balances"):
        refused(await market.world.get(f"/v1/{path}"), 401, "unauthenticated")


async def test_pages(market: Market):
    """Orders, fills, trades, deposits and listings, each in pages of two that add up to the whole, in either order."""
    await market.bring("kiln", 50)
    await market.pay_in("solar", 10_000_00)
    for _ in range(4):
        await market.bring("kiln", 1)
        listing = await market.lists("kiln", 2, 14_00)
        await market.subscribe("solar", listing["id"], 1)
    await market.settled()
    kiln, solar = market.party("kiln"), market.party("solar")
    for path, count, by, name in (
        (f"accounts/{kiln.account_id}/orders", 4, kiln.key, "id"),
        (f"accounts/{solar.account_id}/fills", 4, solar.key, "trade_id"),
        (f"accounts/{kiln.account_id}/deposits", 5, kiln.key, "id"),
        (f"instruments/{KILN}/trades", 4, "", "id"),
        ("listings", 4, "", "id"),
        ("instruments", 2, "", "code"),
    ):
        whole = await market.read(f"/v1/{path}", by=by)
        assert (count, None) == (len(whole["items"]), whole["next"]), path
        assert whole["items"] == await paged(market, path, by), path
        assert len({each[name] for each in whole["items"]}) == count, path
        if path.rpartition("/")[2] in {"orders", "fills", "trades"}:
            assert whole["items"][::-1] == await paged(market, path, by, "&newest_first=true"), path
        refused(await market.world.get(f"/v1/{path}?cursor=nonsense", by=by), 400, "invalid-request", "cursor")
    orders = f"accounts/{kiln.account_id}/orders"
    open_only = await market.read(f"/v1/{orders}?open_only=true&limit=3", by=kiln.key)
    assert ({1}, 3) == ({each["open_t"] for each in open_only["items"]}, len(open_only["items"]))
    still_open = await paged(market, orders, kiln.key, "&open_only=true")
    assert still_open[::-1] == await paged(market, orders, kiln.key, "&open_only=true&newest_first=true")


async def paged(market: Market, path: str, by: str, query: str = "") -> list[Any]:
    """All pages of two, one after the other."""
    found: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await market.read(f"/v1/{path}?limit=2{query}{cursor and f'&cursor={cursor}'}", by=by)
        assert len(page["items"]) <= 2, path
        found += page["items"]
        cursor = page["next"]
    return found

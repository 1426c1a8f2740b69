"""Auctions: announced, bid for in secret or in the open, closed by business time, drawn so that anybody repeats it."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from exchange.auctions import rules
from exchange.auctions.service import follow_calendar
from tests.database import connected
from tests.exchange.marketplace import KILN, Market, done, until
from tests.probes import refused

OPENS, CLOSES = "2025-01-07T01:00:00Z", "2025-01-10T09:00:00Z"


async def announced(market: Market, kind: str, **said: Any) -> dict[str, Any]:
    """An auction of 100 t of the kiln's owner from 10.00 CNY on, which begins tomorrow."""
    await market.bring("kiln", 100)
    terms: dict[str, Any] = {"instrument": KILN, "kind": kind, "reserve_fen": 10_00, "quantity_t": 100}
    terms |= {"opens_at": OPENS, "closes_at": CLOSES}
    found: dict[str, Any] = done(await market.send("kiln", "/v1/auctions", **terms | said))
    return found


async def clock(market: Market, at: str) -> None:
    """Move business time."""
    await market.world.ok("/v1/clock", {"at": at}, by=market.world.regulators[0])


async def becomes(market: Market, auction: dict[str, Any], at: str, state: str) -> dict[str, Any]:
    """Move business time, and wait until the calendar has seen it."""
    await clock(market, at)
    found: dict[str, Any] = {}

    async def is_so() -> bool:
        found.update(await market.read(f"/v1/auctions/{auction['id']}"))
        return bool(found["state"] == state)

    await until(is_so, f"the auction is {state}")
    return found


async def bid(market: Market, who: str, auction: dict[str, Any], price: int, tonnes: int, **said: Any) -> Any:
    """A bid that is taken."""
    path = f"/v1/auctions/{auction['id']}/bids"
    return done(await market.send(who, path, price_fen=price, quantity_t=tonnes, **said))


async def test_a_sealed_auction_with_a_draw(market: Market):
    """
    80 t at 13.00, and twice 20 t at 12.00 of 100 t: one of the two has them, by the published seed.

    Until it closes nobody sees a bid but its bidder: not the API, no list of orders, not even an overseer.
    """
    auction = await announced(market, "uniform", ties="at-random", most_t=80)
    for who in ("solar", "car", "bank"):
        await market.pay_in(who, 2_000_00)
    path = f"/v1/auctions/{auction['id']}"
    refused(await market.send("solar", f"{path}/bids", price_fen=12_00, quantity_t=1), 409, "auction-not-begun")
    await becomes(market, auction, OPENS, "open")
    tied = [await bid(market, who, auction, 12_00, 20) for who in ("solar", "car")]
    high = await bid(market, "bank", auction, 13_00, 80)
    assert ("bid", "buy", "open", 80, auction["id"]) == tuple(
        high[name] for name in ("kind", "side", "state", "open_t", "listing_id")
    )
    assert (2_000_00 - 80 * 13_00, 80 * 13_00, 0, 0) == await market.cash("bank")
    shown = await market.read(path)
    assert {"open", None} == {shown[name] for name in ("state", "bids", "wanted_t", "best_fen", "price_fen", "seed")}
    refused(await market.world.get(f"{path}/bids"), 409, "bids-sealed", "once it has ended")
    regulator, account = market.world.regulators[0], market.party("bank").account_id
    orders, mine = f"/v1/accounts/{account}/orders", f"/v1/orders/{high['id']}"
    for address in (orders, f"{orders}?open_only=true", f"{orders}?newest_first=true"):
        assert [] == (await market.read(address, regulator))["items"], address
    assert 404 == (await market.world.get(mine, by=regulator)).status_code
    assert 404 == (await market.world.get(f"{orders}/{high['client_order_id']}", by=regulator)).status_code
    assert high == await market.order_of("bank", high["id"])
    ended = await becomes(market, auction, CLOSES, "sold")
    assert (3, 120, 100, 12_00) == tuple(ended[name] for name in ("bids", "wanted_t", "sold_t", "price_fen"))
    seed = bytes.fromhex(ended["seed"])
    assert 32 == len(seed)
    first, second = sorted(
        (each["id"] for each in tied), key=lambda number: sha256(seed + number.to_bytes(8, "big")).digest()
    )
    bids = (await market.read(f"{path}/bids"))["items"]
    assert {high["id"]: 80, first: 20, second: 0} == {each["id"]: each["sold_t"] for each in bids}
    assert {"id", "price_fen", "quantity_t", "sold_t", "at"} == {*bids[0]}, "not whose it is"
    await market.settled()
    assert ((80, 0, 0, 0), (2_000_00 - 80 * 12_00, 0, 0, 0)) == (await market.tonnes("bank"), await market.cash("bank"))
    assert 200 == (await market.world.get(mine, by=regulator)).status_code
    assert 4 == len((await market.world.get(f"{path}/bids.csv")).text.splitlines())
    loser = "solar" if second == tied[0]["id"] else "car"
    assert "outbid" == (await market.order_of(loser, second))["closed_because"]
    assert (2_000_00, 0, 0, 0) == await market.cash(loser)
    late = await market.send("solar", f"{path}/bids", price_fen=12_00, quantity_t=1)
    refused(late, 409, "not-open", f"Auction {auction['id']} is sold out")


async def test_an_ascending_auction_is_prolonged_by_a_late_bid(market: Market):
    """Everybody sees the bids; one in the last minute moves the close, and one that leads is not taken back."""
    auction = await announced(market, "ascending", extension_s=60, latest_at="2025-01-10T09:01:30Z")
    assert 5 == auction["increment_fen"], "a tick"
    for who in ("solar", "car"):
        await market.pay_in(who, 2_000_00)
    await becomes(market, auction, OPENS, "open")
    path = f"/v1/auctions/{auction['id']}"
    first = await bid(market, "solar", auction, 11_00, 60, client_order_id=700)
    low = await market.send("car", f"{path}/bids", price_fen=11_00, quantity_t=50)
    refused(low, 409, "bid-too-low", "11.00 CNY/t are bid", "11.05 CNY/t or more")
    refused(await market.send("solar", f"/v1/orders/{first['id']}/cancel"), 409, "bid-leads", "until others bid more")
    await clock(market, "2025-01-10T08:59:30Z")
    assert first == await bid(market, "solar", auction, 11_00, 60, client_order_id=700), "sent again at another time"
    await bid(market, "car", auction, 12_00, 50)
    shown = await market.read(path)
    assert ("2025-01-10T09:01:00Z", 2, 110, 12_00) == tuple(
        shown[name] for name in ("closes_at", "bids", "wanted_t", "best_fen")
    )
    refused(await market.send("solar", f"{path}/bids", price_fen=13_00, quantity_t=50), 409, "bid-smaller", "60 t")
    await clock(market, CLOSES)
    assert 0 == await follow_calendar(exchange=await market.world.trade()), "it has been prolonged"
    raised = await bid(market, "solar", auction, 13_00, 60)
    assert "raised" == (await market.order_of("solar", first["id"]))["closed_because"]
    assert "2025-01-10T09:01:30Z" == (await market.read(path))["closes_at"], "and no further"
    ended = await becomes(market, auction, "2025-01-10T09:01:30Z", "sold")
    assert (2, 110, 100, 12_00, None) == tuple(
        ended[name] for name in ("bids", "wanted_t", "sold_t", "price_fen", "seed")
    )
    bids = (await market.read(f"{path}/bids"))["items"]
    assert {raised["id"]: (13_00, 60)} | {bids[0]["id"]: (12_00, 40)} == {
        each["id"]: (each["price_fen"], each["sold_t"]) for each in bids
    }
    await market.settled()
    assert (2_000_00 - 60 * 13_00, 0, 0, 0) == await market.cash("solar")


async def test_cancelled_when_short_and_after_a_halt(market: Market):
    """99 of 100 t are bid for: nothing is sold. While the instrument is halted the auction waits, still sealed."""
    auction = await announced(market, "pay-as-bid", cancel_when_short=True)
    await market.pay_in("solar", 2_000_00)
    await becomes(market, auction, OPENS, "open")
    made = await bid(market, "solar", auction, 11_00, 99)
    operator = market.world.party("exchange").key
    await market.world.ok(f"/v1/instruments/{KILN}/halt", {"reason": "A pause"}, by=operator)
    await becomes(market, auction, CLOSES, "open")
    assert 0 == await follow_calendar(exchange=await market.world.trade())
    refused(await market.world.get(f"/v1/auctions/{auction['id']}/bids"), 409, "bids-sealed")
    await market.world.ok(f"/v1/instruments/{KILN}/resume", {"reason": "It is over"}, by=operator)
    ended = await becomes(market, auction, CLOSES, "ended")
    assert ("undersubscribed", 99, 0, None) == tuple(
        ended[name] for name in ("ended_because", "wanted_t", "sold_t", "price_fen")
    )
    assert ((2_000_00, 0, 0, 0), (100, 0, 0, 0)) == (await market.cash("solar"), await market.tonnes("kiln"))
    assert "undersubscribed" == (await market.order_of("solar", made["id"]))["closed_because"]
    async with connected(market.world.dsn) as owner:
        query = "select state from exchange.instruction where kind like '%auction' order by id"
        assert ["done", "done"] == [row["state"] for row in await owner.fetch(query)]


async def test_called_off_by_the_operator_or_for_its_seller(market: Market):
    """With a reason, once; and where the seller takes the offer back, the calendar frees everybody at once."""
    auction = await announced(market, "uniform")
    await market.pay_in("solar", 2_000_00)
    await becomes(market, auction, OPENS, "open")
    await bid(market, "solar", auction, 11_00, 10)
    path, operator = f"/v1/auctions/{auction['id']}/call-off", market.world.party("exchange").key
    refused(await market.world.post(path, {"reason": "Mine"}, by=market.world.party("kiln").key), 403, "denied")
    why = {"reason": "The reserve was wrong"}
    ended, again = [done(await market.world.post(path, why, by=operator, key="call-off")) for _ in range(2)]
    assert ("ended", "called-off") == (ended["state"], ended["ended_because"])
    assert ended == again, "what is sent again is answered again"
    refused(await market.world.post(path, {"reason": "Again"}, by=operator), 409, "auction-ended", "called-off")
    assert (2_000_00, 0, 0, 0) == await market.cash("solar")
    terms = {"instrument": KILN, "kind": "uniform", "reserve_fen": 10_00, "quantity_t": 50}
    other = done(await market.send("kiln", "/v1/auctions", **terms, opens_at=OPENS, closes_at=CLOSES))
    await becomes(market, other, OPENS, "open")
    await bid(market, "solar", other, 11_00, 10)
    done(await market.send("kiln", f"/v1/orders/{other['id']}/cancel"))
    assert "called-off" == (await becomes(market, other, OPENS, "ended"))["ended_because"]
    assert (2_000_00, 0, 0, 0) == await market.cash("solar")


@pytest.mark.parametrize(
    ("said", "status", "slug", "text"),
    [
        ({"closes_at": OPENS}, 400, "invalid-request", "not after opens_at"),
        ({"increment_fen": 5}, 400, "invalid-request", "of ascending auctions, not of uniform"),
        ({"kind": "ascending", "extension_s": 60}, 400, "invalid-request", "go together"),
        (
            {"kind": "ascending", "extension_s": 60, "latest_at": OPENS},
            400,
            "invalid-request",
            "is before closes_at",
        ),
        ({"opens_at": "2024-01-01T00:00:00Z", "closes_at": "2024-02-01T00:00:00Z"}, 422, "auction-window-over", "pass"),
        ({"reserve_fen": 10_01}, 422, "price-off-tick", "5 fen"),
        ({"quantity_t": 101}, 409, "not-enough-tonnes", "1 t are missing"),
        ({"lot_t": 7}, 422, "quantity-off-lot", "7 t"),
        ({"kind": "dutch"}, 400, "invalid-request", "uniform"),
    ],
)
async def test_auctions_that_cannot_be(market: Market, said, status, slug, text):
    """Each with what to do about it."""
    await market.bring("kiln", 100)
    terms = {"instrument": KILN, "kind": "uniform", "reserve_fen": 10_00, "quantity_t": 100}
    terms |= {"opens_at": OPENS, "closes_at": CLOSES}
    refused(await market.send("kiln", "/v1/auctions", **terms | said), status, slug, text)


async def test_bids_that_cannot_be(market: Market):
    """With the numbers; the owner's own not at all."""
    auction = await announced(market, "pay-as-bid", reserve_fen=11_00, lot_t=5, most_t=20)
    await market.pay_in("solar", 220_00)
    await becomes(market, auction, OPENS, "open")
    path = f"/v1/auctions/{auction['id']}/bids"
    for who, price, tonnes, status, slug, text in (
        ("solar", 10_95, 5, 422, "bid-below-reserve", "11.00 CNY/t or more"),
        ("solar", 11_00, 6, 422, "quantity-off-lot", "5 t"),
        ("solar", 11_00, 25, 409, "bid-too-large", "5 t are too much"),
        ("solar", 11_05, 20, 409, "not-enough-cash", "1.00 CNY are missing"),
        ("kiln", 11_00, 5, 409, "own-auction", "same beneficial owner"),
    ):
        refused(await market.send(who, path, price_fen=price, quantity_t=tonnes), status, slug, text)
    unknown = await market.send("solar", "/v1/auctions/999999/bids", price_fen=10_00, quantity_t=5)
    refused(unknown, 404, "not-found", "no auction")
    refused(await market.world.get("/v1/auctions/999999/bids"), 404, "not-found")
    assert 2 == len((await market.world.get("/v1/auctions.csv")).text.splitlines())


def test_what_is_due():
    """By business time alone, with a seed where there is a draw; what has lost its offer ends at once."""
    at = [datetime(2025, 1, day, tzinfo=UTC) for day in range(1, 8)]

    def due(state: str, now: int, *, drawn: bool = False, offered: bool = True, halted: bool = False) -> list[Any]:
        running = rules.DueAuction(1, state, at[2], at[4], drawn, offered, halted)
        return [(type(each).__name__, getattr(each, "seed", None)) for each in rules.due([running], at[now], seed=seed)]

    def seed() -> bytes:
        return b"drawn"

    begin, close, call_off = ("BeginAuction", None), ("CloseAuction", b""), ("CallOffAuction", None)
    assert [[], [begin], [begin], [close]] == [due("announced", now) for now in (1, 2, 3, 4)]
    assert [[], [], [close], [close]] == [due("open", now) for now in (2, 3, 4, 5)]
    assert [("CloseAuction", b"drawn")] == due("open", 4, drawn=True)
    assert [call_off] == due("open", 3, offered=False)
    assert [call_off] == due("open", 5, offered=False, halted=True)
    assert [] == due("open", 5, halted=True)

"""Campaigns: announced, opened and closed by business time, allotted so that anybody can work it out again."""

from datetime import UTC, datetime
from typing import Any

import pytest

from exchange.campaigns import rules, service
from exchange.campaigns.service import follow_calendar
from exchange.engine.modes.campaigns.allotment import allotted
from tests.database import connected
from tests.exchange.marketplace import FOREST, KILN, Market, done, until
from tests.probes import refused

OPENS, CLOSES = "2025-01-07T01:00:00Z", "2025-01-10T09:00:00Z"


async def announced(market: Market, tonnes: int = 100, **said: Any) -> dict[str, Any]:
    """A campaign of the kiln's owner at 13.90 CNY, which begins tomorrow."""
    await market.bring("kiln", 100)
    terms = {"instrument": KILN, "price_fen": 13_90, "quantity_t": tonnes, "opens_at": OPENS, "closes_at": CLOSES}
    made: dict[str, Any] = done(await market.send("kiln", "/v1/campaigns", **terms | said))
    return made


async def becomes(market: Market, campaign: dict[str, Any], at: str, state: str) -> dict[str, Any]:
    """Move business time, and wait until the calendar has seen it."""
    await market.world.ok("/v1/clock", {"at": at}, by=market.world.regulators[0])
    found: dict[str, Any] = {}

    async def is_so() -> bool:
        found.update(await market.read(f"/v1/campaigns/{campaign['id']}"))
        return bool(found["state"] == state)

    await until(is_so, f"the campaign is {state}")
    return found


async def pledged(market: Market, who: str, campaign: dict[str, Any], tonnes: int) -> Any:
    """A pledge that is taken."""
    return done(await market.send(who, f"/v1/campaigns/{campaign['id']}/pledges", quantity_t=tonnes))


async def test_a_campaign_by_the_calendar(market: Market):
    """150 t are wanted of 100, and 20 t no more: pro rata 60, 33 and 7; other money is free, and all is delivered."""
    campaign = await announced(market)
    assert ("announced", 1, 100, 0, "pro-rata", 0, 0, None) == tuple(
        campaign[name]
        for name in ("state", "least_t", "most_t", "floor_t", "allotment", "pledged_t", "allotted_t", "ended_because")
    )
    for who in ("solar", "car", "bank"):
        await market.pay_in(who, 2_000_00)
    early = await market.send("solar", f"/v1/campaigns/{campaign['id']}/pledges", quantity_t=1)
    refused(early, 409, "campaign-not-begun")
    await becomes(market, campaign, OPENS, "open")
    first = await pledged(market, "solar", campaign, 90)
    assert ("pledge", "buy", "open", 90, campaign["id"]) == tuple(
        first[name] for name in ("kind", "side", "state", "open_t", "listing_id")
    )
    await pledged(market, "car", campaign, 50)
    withdrawn = await pledged(market, "bank", campaign, 20)
    done(await market.send("bank", f"/v1/orders/{withdrawn['id']}/cancel"))
    await pledged(market, "bank", campaign, 10)
    shown = await market.read(f"/v1/campaigns/{campaign['id']}")
    assert (3, 150, 0) == (shown["pledges"], shown["pledged_t"], shown["allotted_t"])
    assert (2_000_00 - 90 * 13_90, 90 * 13_90, 0, 0) == await market.cash("solar")
    ended = await becomes(market, campaign, CLOSES, "allotted")
    assert (3, 150, 100, None) == tuple(ended[name] for name in ("pledges", "pledged_t", "allotted_t", "ended_because"))
    pledges = (await market.read(f"/v1/campaigns/{campaign['id']}/pledges"))["items"]
    assert [(90, 60), (50, 33), (10, 7)] == [(each["quantity_t"], each["allotted_t"]) for each in pledges]
    assert [60, 33, 7] == allotted([each["quantity_t"] for each in pledges], 100, 1, pro_rata=True)
    assert {"id", "quantity_t", "open_t", "allotted_t", "at"} == {*pledges[0]}, "not whose it is"
    assert "not-allotted" == (await market.order_of("solar", first["id"]))["closed_because"]
    await market.settled()
    assert [(60, 0, 0, 0), (33, 0, 0, 0), (7, 0, 0, 0)] == [
        await market.tonnes(who) for who in ("solar", "car", "bank")
    ]
    assert (2_000_00 - 60 * 13_90, 0, 0, 0) == await market.cash("solar")
    late = await market.send("solar", f"/v1/campaigns/{campaign['id']}/pledges", quantity_t=1)
    refused(late, 409, "not-open", f"Campaign {campaign['id']} is sold out")


async def test_below_its_floor_nothing_is_sold(market: Market):
    """50 t were wanted at least; the seller has the tonnes again, the buyer the money."""
    campaign = await announced(market, floor_t=50)
    await market.pay_in("solar", 1_000_00)
    await becomes(market, campaign, OPENS, "open")
    made = await pledged(market, "solar", campaign, 49)
    ended = await becomes(market, campaign, CLOSES, "ended")
    assert ("undersubscribed", 49, 0) == (ended["ended_because"], ended["pledged_t"], ended["allotted_t"])
    assert ((1_000_00, 0, 0, 0), (100, 0, 0, 0)) == (await market.cash("solar"), await market.tonnes("kiln"))
    assert "undersubscribed" == (await market.order_of("solar", made["id"]))["closed_because"]


async def test_the_operator_calls_a_campaign_off(market: Market):
    """With a reason, once; what became of it is shown to later readers."""
    campaign = await announced(market)
    await market.pay_in("solar", 1_000_00)
    await becomes(market, campaign, OPENS, "open")
    await pledged(market, "solar", campaign, 10)
    path, operator = f"/v1/campaigns/{campaign['id']}/call-off", market.world.party("exchange").key
    refused(await market.world.post(path, {"reason": "Mine"}, by=market.world.party("kiln").key), 403, "denied")
    why = {"reason": "The price was wrong"}
    ended, again = [done(await market.world.post(path, why, by=operator, key="call-off")) for _ in range(2)]
    assert ("ended", "called-off") == (ended["state"], ended["ended_because"])
    assert ended == again, "what is sent again is answered again"
    refused(await market.world.post(path, {"reason": "Again"}, by=operator), 409, "campaign-over", "called-off")
    assert (1_000_00, 0, 0, 0) == await market.cash("solar")


async def test_a_seller_who_withdraws_lets_everybody_go(market: Market):
    """The offer is cancelled like an order; the calendar gives the money back at once."""
    campaign = await announced(market)
    await market.pay_in("solar", 1_000_00)
    await becomes(market, campaign, OPENS, "open")
    await pledged(market, "solar", campaign, 10)
    done(await market.send("kiln", f"/v1/orders/{campaign['id']}/cancel"))
    late = await market.send("solar", f"/v1/campaigns/{campaign['id']}/pledges", quantity_t=1)
    refused(late, 409, "not-open", "is closed (cancelled)")
    ended = await becomes(market, campaign, OPENS, "ended")
    assert "called-off" == ended["ended_because"]
    assert (1_000_00, 0, 0, 0) == await market.cash("solar")


async def test_calling_off_what_has_just_closed_is_refused(market: Market, monkeypatch: pytest.MonkeyPatch):
    """The engine takes one of the two; the second caller gets the state of the campaign, and nothing is undone."""
    campaign = await announced(market)
    await market.pay_in("solar", 1_000_00)
    await becomes(market, campaign, OPENS, "open")
    await pledged(market, "solar", campaign, 10)
    stale = await service.campaign(campaign["id"], exchange=await market.world.trade())
    await becomes(market, campaign, CLOSES, "allotted")
    found, seen = service._campaign_in, iter((stale,))

    async def as_it_was(tx: Any, campaign_id: int) -> Any:
        return next(seen, None) or await found(tx, campaign_id)

    monkeypatch.setattr(service, "_campaign_in", as_it_was)
    path, operator = f"/v1/campaigns/{campaign['id']}/call-off", market.world.party("exchange").key
    refused(await market.world.post(path, {"reason": "Late"}, by=operator), 409, "campaign-over", "10 t were allotted")
    await market.settled()
    assert (10, 0, 0, 0) == await market.tonnes("solar")


async def test_a_halted_instrument_keeps_its_campaign_waiting(market: Market):
    """It is closed when the halt ends, and nothing is refused meanwhile."""
    campaign = await announced(market)
    await market.pay_in("solar", 1_000_00)
    await becomes(market, campaign, OPENS, "open")
    await pledged(market, "solar", campaign, 10)
    operator = market.world.party("exchange").key
    await market.world.ok(f"/v1/instruments/{KILN}/halt", {"reason": "A pause"}, by=operator)
    await becomes(market, campaign, CLOSES, "open")
    assert 0 == await follow_calendar(exchange=await market.world.trade())
    await market.world.ok(f"/v1/instruments/{KILN}/resume", {"reason": "It is over"}, by=operator)
    assert 10 == (await becomes(market, campaign, CLOSES, "allotted"))["allotted_t"]
    async with connected(market.world.dsn) as owner:
        query = "select state from exchange.instruction where kind like '%campaign' order by id"
        assert ["done", "done"] == [row["state"] for row in await owner.fetch(query)]


@pytest.mark.parametrize(
    ("said", "status", "slug", "text"),
    [
        ({"closes_at": OPENS}, 400, "invalid-request", "not after opens_at"),
        ({"most_t": 4, "least_t": 5}, 400, "invalid-request", "below least_t"),
        ({"floor_t": 101}, 400, "invalid-request", "above quantity_t"),
        ({"opens_at": "2024-01-01T00:00:00Z", "closes_at": "2024-02-01T00:00:00Z"}, 422, "window-over", "has passed"),
        ({"price_fen": 13_91}, 422, "price-off-tick", "5 fen"),
        ({"quantity_t": 101}, 409, "not-enough-tonnes", "1 t are missing"),
        ({"allotment": "by-luck"}, 400, "invalid-request", "by-time"),
        ({"instrument": FOREST, "least_t": 5}, 422, "quantity-off-lot", "10 t"),
    ],
)
async def test_campaigns_that_cannot_be(market: Market, said, status, slug, text):
    """Each with what to do about it."""
    await market.bring("kiln", 100)
    terms = {"instrument": KILN, "price_fen": 13_90, "quantity_t": 100, "opens_at": OPENS, "closes_at": CLOSES}
    if said.get("instrument") == FOREST:
        await market.bring("forest", 100, FOREST)
        answer = await market.send("forest", "/v1/campaigns", **{**terms, "price_fen": 36_00, **said})
    else:
        answer = await market.send("kiln", "/v1/campaigns", **terms | said)
    refused(answer, status, slug, text)


async def test_pledges_that_cannot_be(market: Market):
    """With the numbers; each account up to the most, the seller's own owner not at all."""
    campaign = await announced(market, least_t=5, most_t=20)
    await market.pay_in("solar", 10_000_00)
    await becomes(market, campaign, OPENS, "open")
    path = f"/v1/campaigns/{campaign['id']}/pledges"
    refused(await market.send("solar", path, quantity_t=4), 422, "pledge-too-small", "5 t or more")
    await pledged(market, "solar", campaign, 15)
    refused(await market.send("solar", path, quantity_t=6), 409, "pledge-too-large", "21 t in all", "1 t are too much")
    refused(await market.send("kiln", path, quantity_t=5), 409, "own-campaign")
    refused(await market.send("solar", "/v1/campaigns/999999/pledges", quantity_t=5), 404, "not-found", "no campaign")
    refused(await market.world.get("/v1/campaigns/999999/pledges"), 404, "not-found")
    sheet = (await market.world.get("/v1/campaigns.csv")).text.splitlines()
    assert 2 == len(sheet)


def test_what_is_due():
    """By business time alone; what has lost its offer ends at once, what is halted waits."""
    at = [datetime(2025, 1, day, tzinfo=UTC) for day in range(1, 8)]

    def due(state: str, now: int, *, offered: bool = True, halted: bool = False) -> list[str]:
        running = rules.Running(1, state, at[2], at[4], offered, halted)
        return [type(each).__name__ for each in rules.due([running], at[now])]

    assert [[], ["BeginCampaign"], ["BeginCampaign"], ["CloseCampaign"]] == [due("announced", n) for n in (1, 2, 3, 4)]
    assert [[], [], ["CloseCampaign"], ["CloseCampaign"]] == [due("open", now) for now in (2, 3, 4, 5)]
    assert ["CallOffCampaign"] == due("open", 3, offered=False)
    assert ["CallOffCampaign"] == due("open", 5, offered=False, halted=True)
    assert [] == due("open", 5, halted=True)

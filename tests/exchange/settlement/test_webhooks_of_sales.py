"""What auctions, campaigns and standing subscriptions came to arrives, signed, at whom it concerns, nowhere else."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from deploy.processes.notifying import tell_everybody
from registry.notifications.webhooks.addresses import WayOut
from registry.notifications.webhooks.sending import WebhookSender
from registry.notifications.webhooks.service import Webhooks
from registry.notifications.webhooks.signing import SecretSeal
from tests.exchange.marketplace import KILN, Market, done, until
from tests.exchange.subscriptions.standings import at, by_hand, over, set_up, shown, step
from tests.probes import as_owner
from tests.registry.notifications.webhooks.receiver import Receiver, receiving
from tests.worlds import KEYRING

KINDS = ["auction.ended", "campaign.ended", "subscription.ran", "subscription.paused"]
WINDOW = {"opens_at": "2025-01-06T10:00:00Z", "closes_at": "2025-01-07T01:00:00Z"}


class Listening:
    """Organisations with a webhook each, and what arrives there."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.there: dict[str, tuple[Receiver, str]] = {}

    async def told(self, who: str) -> list[tuple[str, dict[str, Any]]]:
        """Type and data of each message that arrived, once each, as its receiver verifies it."""
        world = self.market.world
        await self.market.projected()
        for _ in range(2):
            await tell_everybody(db=world.db)
        gate = WayOut(plain=True, private=True, timeout_s=5)
        sender = WebhookSender(Webhooks(SecretSeal(KEYRING.derived("webhooks")), gate), luck=lambda: 0.5)
        await as_owner(world, "update registry.webhook_delivery set next_at = now() where state = 'due'")
        while await sender.send(db=world.db):
            pass
        receiver, secret = self.there[who]
        found = [each.verified(secret) for each in receiver.got]
        receiver.got.clear()
        return [(each["type"], each["data"]) for each in found]


@contextlib.asynccontextmanager
async def listening(market: Market, *who: str) -> AsyncIterator[Listening]:
    """Everybody was told of what was before."""
    world, made = market.world, Listening(market)
    await tell_everybody(db=world.db)
    async with contextlib.AsyncExitStack() as stack:
        for word in who:
            receiver = await stack.enter_async_context(receiving())
            organisation = market.party(word).organisation_id
            _, boss = await world.member("administrator", organisation)
            body = {"url": "https://93.184.216.34/hook", "kinds": KINDS}
            hook = await world.ok(f"/v1/organisations/{organisation}/webhooks", body, by=boss)
            await as_owner(world, "update registry.webhook set url = $1 where id = $2", receiver.url, hook["id"])
            made.there[word] = (receiver, hook["secret"])
        yield made


async def becomes(market: Market, path: str, state: str) -> None:
    """Wait until the calendar has brought a sale into a state."""

    async def is_so() -> bool:
        return bool(state == (await market.read(path))["state"])

    await until(is_so, state)


async def test_what_an_auction_came_to(market: Market):
    """Winner, loser and seller learn their own numbers; a second one that is called off is told as cancelled."""
    await market.bring("kiln", 100)
    for who in ("solar", "car"):
        await market.pay_in(who, 1_000_00)
    terms = {"instrument": KILN, "kind": "uniform", "reserve_fen": 12_00, "quantity_t": 10}
    auctions = [done(await market.send("kiln", "/v1/auctions", **terms, **WINDOW)) for _ in range(2)]
    first, second = (f"/v1/auctions/{each['id']}" for each in auctions)
    async with listening(market, "kiln", "solar", "car") as hooks:
        await at(market, WINDOW["opens_at"])
        for path in (first, second):
            await becomes(market, path, "open")
        done(await market.send("solar", f"{first}/bids", price_fen=14_00, quantity_t=10))
        done(await market.send("car", f"{first}/bids", price_fen=13_00, quantity_t=4))
        done(await market.send("car", f"{second}/bids", price_fen=13_00, quantity_t=4))
        assert [] == await hooks.told("solar")
        reason = {"reason": "A mistake"}
        await market.world.ok(f"{second}/call-off", reason, by=market.party("exchange").key)
        await at(market, WINDOW["closes_at"])
        await becomes(market, first, "sold")
        ((kind, won),) = await hooks.told("solar")
        fields = ("result", "side", "wanted_t", "allotted_t", "amount_fen", "refunded_fen", "why")
        assert ("auction.ended", auctions[0]["id"], KILN) == (kind, won["sale_id"], won["instrument"])
        assert ["allotted", "buy", 10, 10, 140_00, 0, None] == [won[each] for each in fields]
        lost = sorted(([each[x] for x in fields] for _, each in await hooks.told("car")), key=str)
        assert [
            ["cancelled", "buy", 4, 0, 0, 52_00, "called-off"],
            ["not-allotted", "buy", 4, 0, 0, 52_00, None],
        ] == lost
        sold = sorted(([each[x] for x in fields] for _, each in await hooks.told("kiln")), key=str)
        assert [
            ["allotted", "sell", 10, 10, 140_00, 0, None],
            ["cancelled", "sell", 10, 0, 0, 0, "called-off"],
        ] == sold
        assert [] == await hooks.told("car")


async def test_what_a_campaign_came_to(market: Market):
    """What is not allotted of the pledges together is refunded; who did not pledge hears nothing."""
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_00)
    terms = {"instrument": KILN, "price_fen": 13_00, "quantity_t": 8, "most_t": 20, **WINDOW}
    campaign = done(await market.send("kiln", "/v1/campaigns", **terms))
    path = f"/v1/campaigns/{campaign['id']}"
    async with listening(market, "solar", "car") as hooks:
        await at(market, WINDOW["opens_at"])
        await becomes(market, path, "open")
        for tonnes in (5, 6):
            done(await market.send("solar", f"{path}/pledges", quantity_t=tonnes))
        await at(market, WINDOW["closes_at"])
        await becomes(market, path, "allotted")
        ((kind, found),) = await hooks.told("solar")
        assert ("campaign.ended", "allotted", 11, 8) == (
            kind,
            found["result"],
            found["wanted_t"],
            found["allotted_t"],
        )
        assert (8 * 13_00, 3 * 13_00) == (found["amount_fen"], found["refunded_fen"])
        assert [] == await hooks.told("car")


async def test_what_a_subscription_did_and_why_it_paused(market: Market):
    """Its run is what the API answers; each pause is told once, by whomever."""
    with by_hand():
        await market.bring("kiln", 100)
        await market.pay_in("solar", 1_000_00)
        await market.sells("kiln", 4, 13_00)
        async with listening(market, "solar", "car") as hooks:
            standing = await set_up(market, "solar")
            await step(market)
            await at(market, (await shown(market, "solar", standing))["next_at"])
            (run, *_) = await over(market, "solar", standing)
            ((kind, found),) = await hooks.told("solar")
            assert ("subscription.ran", standing["id"], run) == (kind, found["subscription_id"], found["run"])
            assert (4, 6, "too-few-offered") == (run["filled_t"], run["missed_t"], run["why_slug"])
            path = f"/v1/subscriptions/{standing['id']}"
            for reason in ("Holidays", "Again"):
                await market.world.ok(f"{path}/pause", {"reason": reason}, by=market.party("solar").key)
                told = await hooks.told("solar")
                assert [("subscription.paused", "by-owner", reason)] == [
                    (kind, each["why_slug"], each["why"]) for kind, each in told
                ]
                await market.world.ok(f"{path}/resume", by=market.party("solar").key)
            assert [] == await hooks.told("car")

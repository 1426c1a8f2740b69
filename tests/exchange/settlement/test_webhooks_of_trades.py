"""Trades and deliveries reach an organisation's webhook, from the same source as its people's notifications."""

import json

from deploy.processes.notifying import tell_everybody
from tests.exchange.marketplace import KILN, Market
from tests.probes import as_owner


async def test_a_trade_and_its_delivery_are_told_once_each(market: Market):
    """To the buyer's address, with the numbers of the notification; the seller has none, and nothing is kept for it."""
    world, solar = market.world, market.party("solar")
    await market.bring("kiln", 100)
    await market.pay_in("solar", 1_000_000)
    await tell_everybody(db=world.db)
    _, boss = await world.member("administrator", solar.organisation_id)
    body = {"url": "https://93.184.216.34/hook", "kinds": ["order.filled", "delivery.done"]}
    await world.ok(f"/v1/organisations/{solar.organisation_id}/webhooks", body, by=boss)
    await market.sells("kiln", 6, 1000)
    await market.buys("solar", 6, 1000)
    await market.settled()
    for _ in range(2):
        await tell_everybody(db=world.db)
    kept = await as_owner(world, "select json_agg(body order by id)::text from registry.webhook_message")
    found = [json.loads(each) for each in json.loads(kept)]
    data = {"account_id": solar.account_id, "what": "buy", "instrument": KILN, "quantity_kg": 6000, "why": None}
    assert [("order.filled", data), ("delivery.done", data)] == [(each["type"], each["data"]) for each in found]
    assert 2 == await as_owner(world, "select count(*) from registry.webhook_delivery")

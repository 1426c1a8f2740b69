"""Notifications of what happened to accounts, for the people who trade for them: once, whatever runs in between."""

from typing import Any

import pytest

from deploy.processes.notifying import tell_everybody
from exchange.settlement import happened
from tests.exchange.marketplace import KILN, Market
from tests.probes import as_owner


@pytest.fixture
async def stocked(market: Market) -> Market:
    """The kiln's developer has tonnes, buyers have money, and everybody was notified of what was before."""
    await market.bring("kiln", 100)
    for word in ("solar", "car"):
        await market.pay_in(word, 1_000_000)
    await tell_everybody(db=market.world.db)
    return market


async def notified(market: Market, who: str) -> list[tuple[Any, ...]]:
    """Kind, what it is about, kilograms: the oldest first."""
    found = (await market.world.get("/v1/notifications", by=market.party(who).key)).json()["items"]
    return [(each["kind"], each["about"], each["quantity_kg"]) for each in found]


async def test_fills_are_told_together_and_deliveries_after_them(stocked: Market):
    """Three fills of one order are one notification; so is what the other side sold; read again, nothing is new."""
    await stocked.sells("kiln", 6, 1000)
    async with stocked.unsettled():
        for _ in range(3):
            await stocked.buys("solar", 2, 1000)
        await stocked.projected()
        for _ in range(2):
            await tell_everybody(db=stocked.world.db)
        assert [("fill", f"buy {KILN}", 6000)] == await notified(stocked, "solar")
        assert [("fill", f"sell {KILN}", 6000)] == await notified(stocked, "kiln")
    await stocked.settled()
    for _ in range(2):
        await tell_everybody(db=stocked.world.db)
    assert [("delivery", f"buy {KILN}", 6000)] == (await notified(stocked, "solar"))[1:]
    assert [("delivery", f"sell {KILN}", 6000)] == (await notified(stocked, "kiln"))[1:]
    assert [] == await notified(stocked, "car")


async def test_both_sides_learn_of_a_refused_delivery_with_its_reason(stocked: Market):
    """The registry delivers nothing into a closed account."""
    closing = "update registry.account set status = $2 where id = $1 returning status"
    account = stocked.party("solar").account_id
    await stocked.sells("kiln", 4, 1000)
    async with stocked.unsettled():
        await stocked.buys("solar", 4, 1000)
        await stocked.projected()
        await as_owner(stocked.world, closing, account, "closed")
    await stocked.settled()
    await as_owner(stocked.world, closing, account, "open")
    await tell_everybody(db=stocked.world.db)
    for word, side in (("solar", "buy"), ("kiln", "sell")):
        assert ("refused", f"{side} {KILN}", 4000) in await notified(stocked, word)
        found = (await stocked.world.get("/v1/notifications?kind=refused", by=stocked.party(word).key)).json()["items"]
        assert "account is not open" in found[0]["why"]


async def test_a_delivery_that_waits_holds_up_no_other(stocked: Market):
    """What ended beyond it is reported at once, and it itself when it has ended."""
    await stocked.sells("kiln", 6, 1000)
    for word in ("solar", "car"):
        await stocked.buys(word, 3, 1000)
    await stocked.settled()
    state = "update exchange.delivery set state = $1 where buyer_id = $2"
    await as_owner(stocked.world, state, "stored", stocked.party("solar").account_id)
    async with stocked.world.db.reading() as tx:
        place, found = await happened.since_in(tx, "deliveries", 0)
    assert 0 == place
    assert {stocked.party("car").account_id, stocked.party("kiln").account_id} == {each.account_id for each in found}
    await as_owner(stocked.world, state, "settled", stocked.party("solar").account_id)
    async with stocked.world.db.reading() as tx:
        place, found = await happened.since_in(tx, "deliveries", 0)
    assert 2 == place
    assert 4 == len({each.cause for each in found})

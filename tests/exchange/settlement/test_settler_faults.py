"""Settlement under faults: two settlers at once, refused deliveries beside good ones, an exchange that is away."""

import asyncio
from unittest import mock

import pytest

from exchange.journal.gateway import NotTrading
from exchange.settlement import service as settlement
from exchange.settlement import settler as settling
from exchange.settlement.settler import Settler
from registry import port
from registry.kit import supervise
from tests import worlds
from tests.exchange.marketplace import KILN, done, until
from tests.probes import as_owner

PRICE_FEN = 13_00
STEP = Settler.step


async def deliveries(market) -> list[tuple[str, int]]:
    """State and tonnes of every delivery."""
    async with market.world.db.reading() as tx:
        rows = await tx.fetch("select state, quantity_t from exchange.delivery order by id")
    return [tuple(row) for row in rows]


async def traded(market, *buyers: str) -> None:
    """The kiln's owner sells 4 t to each of the buyers."""
    for buyer in buyers:
        await market.sells("kiln", 4, PRICE_FEN)
        await market.buys(buyer, 4, PRICE_FEN)


@pytest.fixture
async def stocked(market):
    """The kiln's owner has tonnes, two buyers have money."""
    await market.bring("kiln", 100)
    for buyer in ("solar", "car"):
        await market.pay_in(buyer, 1_000_000)
    return market


async def test_two_settlers_deliver_once(stocked):
    """Two take every step together, beside the exchange's own: each trade is netted, delivered and settled once."""
    exchange = await stocked.world.trade()
    pair = [Settler(exchange, worlds.PROFILE) for _ in range(2)]
    for _ in range(5):
        await traded(stocked, "solar", "car")
        await asyncio.gather(*(each.step() for each in pair))
        await stocked.settled()
    found = await deliveries(stocked)
    assert {"settled"} == {state for state, _ in found}
    assert 40 == sum(tonnes for _, tonnes in found)
    assert (20, 0, 0, 0) == await stocked.tonnes("solar")
    assert (60, 0, 0, 0) == await stocked.tonnes("kiln")


async def test_a_refused_delivery_is_refunded_and_the_one_beside_it_delivered(stocked):
    """The registry delivers nothing into a closed account: that trade is undone whole, and no other."""
    closing = "update registry.account set status = $2 where id = $1 returning status"
    account = stocked.party("solar").account_id
    async with stocked.unsettled():
        await traded(stocked, "solar", "car")
        await as_owner(stocked.world, closing, account, "closed")
    await stocked.settled()
    await as_owner(stocked.world, closing, account, "open")
    assert [("refunded", 4), ("settled", 4)] == await deliveries(stocked)
    assert (1_000_000, 0, 0, 0) == await stocked.cash("solar")
    assert not any(await stocked.tonnes("solar"))
    assert (4, 0, 0, 0) == await stocked.tonnes("car")
    assert (96, 0, 0, 0) == await stocked.tonnes("kiln")
    statements = (await stocked.own("kiln", "statements"))["items"]
    assert ["refunded", "settled"] == [each["state"] for each in statements]
    assert "account is not open" in statements[0]["refusal"]
    assert ([], True) == (statements[0]["serials"], bool(statements[1]["serials"]))


async def test_an_outcome_that_could_not_be_journalled_is_journalled_later(stocked, monkeypatch):
    """The registry has delivered, the engine is away: nothing moves twice, and the next step settles."""
    exchange = await stocked.world.trade()
    submit_all = exchange.gateway.submit_all
    turned_away: list[object] = []

    async def away(commands):
        if type(commands[0]).__name__ == "Settle" and len(turned_away) < 3:
            turned_away.append(commands[0])
            raise NotTrading("not now")
        return await submit_all(commands)

    monkeypatch.setattr("exchange.settlement.settler.RETRY_S", 0.01)
    monkeypatch.setattr(exchange.gateway, "submit_all", away)
    await traded(stocked, "car")
    await stocked.settled()
    assert turned_away
    assert {"settled"} == {state for state, _ in await deliveries(stocked)}
    moved = await as_owner(
        stocked.world,
        "select sum(upper(span) - lower(span))::bigint from registry.movement where cause like 'delivery-%'",
    )
    assert 4_000 == moved


async def test_tonnes_that_wait_for_settlement_cannot_be_sold_again(stocked):
    """Only what is settled may be used: so a refund never reaches a second trade."""
    async with stocked.unsettled():
        await traded(stocked, "solar")
        answer = await stocked.order("solar", "sell", 4, PRICE_FEN, instrument=KILN)
        assert (409, "not-enough-tonnes") == (answer.status_code, answer.json()["type"].rpartition(":")[2])
    await stocked.settled()
    await stocked.sells("solar", 4, PRICE_FEN)


async def test_one_delivery_that_fails_stops_no_other(stocked):
    """Whatever the cause: the others are delivered, the settler reads as stalled, and the next step delivers it."""
    exchange, deliver_in = await stocked.world.trade(), port.deliver_in
    account = stocked.party("solar").account_id

    async def fails(tx, batch, **how):
        if any(each.buyer_id == account for each in batch):
            raise ZeroDivisionError
        return await deliver_in(tx, batch, **how)

    settler = Settler(exchange, worlds.PROFILE)
    async with stocked.unsettled():
        await traded(stocked, "solar", "car")
        with mock.patch.object(port, "deliver_in", fails), mock.patch.object(settling, "DELIVERED_AT_ONCE", 1):
            await STEP(settler)
        assert [("stored", 4), ("settled", 4)] == await deliveries(stocked)
        assert (4, 0, 0, 0) == await stocked.tonnes("car")
        stalled = [settler.stalled]
        await STEP(settler)
        assert [True, False] == [*stalled, settler.stalled]
    assert [("settled", 4), ("settled", 4)] == await deliveries(stocked)


async def test_a_settler_that_stalls_says_so_once_it_lasts(stocked, monkeypatch):
    """It goes on trying, and readiness says what is not done."""
    monkeypatch.setattr(supervise, "REPORTED_AFTER_S", 0)
    exchange = await stocked.world.trade()
    settler = Settler(exchange, worlds.PROFILE)
    settler.supervisor._retry_s = 0.001

    async def stalls(_: Settler) -> bool:
        settler.stalled = True
        return False

    async def troubled() -> bool:
        return settler.supervisor.trouble.startswith("What was traded or withdrawn is not delivered")

    with mock.patch.object(Settler, "step", stalls):
        running = asyncio.create_task(settler.run())
        await until(troubled, "trouble")
        settler.stop()
        await running


async def test_one_release_that_fails_stops_no_other(stocked):
    """Two withdrawals, of which the registry cannot give the first back: the second is, and then the first."""
    exchange, release_in = await stocked.world.trade(), port.release_in
    kiln, car = stocked.party("kiln"), stocked.party("car")
    await traded(stocked, "car")
    await stocked.settled()

    async def fails(tx, wanted):
        if wanted.account_id == kiln.account_id:
            raise ZeroDivisionError
        await release_in(tx, wanted)

    settler = Settler(exchange, worlds.PROFILE)
    async with stocked.unsettled():
        with mock.patch.object(settlement, "_RELEASE_TIMEOUT_S", 0):
            for party in (kiln, car):
                body = {"account_id": party.account_id, "instrument": KILN, "quantity_t": 1}
                found = done(await stocked.world.post("/v1/withdrawals/credits", body, by=party.key))
                assert "debited" == found["state"]
        with mock.patch.object(port, "release_in", fails):
            await STEP(settler)
        assert ["debited", "done"] == [
            (await stocked.own(party, "withdrawals"))["items"][0]["state"] for party in (kiln, car)
        ]
        await STEP(settler)
    assert "done" == (await stocked.own(kiln, "withdrawals"))["items"][0]["state"]


async def test_an_outcome_that_the_engine_refuses_is_reported_and_not_repeated_at_once(stocked):
    """A delivery that says it is not settled, although it is: no step after step without a pause, and trouble."""
    exchange = await stocked.world.trade()
    await traded(stocked, "car")
    await stocked.settled()
    settler = Settler(exchange, worlds.PROFILE)
    async with stocked.unsettled():
        await as_owner(stocked.world, "update exchange.delivery set state = 'delivered'")
        assert not await STEP(settler)
        assert settler.stalled
        await as_owner(stocked.world, "update exchange.delivery set state = 'settled'")
    assert (4, 0, 0, 0) == await stocked.tonnes("car")

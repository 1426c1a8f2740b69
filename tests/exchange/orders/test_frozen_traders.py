"""A freeze on an account: nothing new from then on, open orders go, what was traded before is delivered."""

import asyncio
from unittest import mock

from deploy.processes import engine as engine_role
from deploy.processes.engine import at_rest
from exchange.instruments.service import follow_freezes
from registry.kit import supervise
from tests import worlds
from tests.exchange.marketplace import KILN, Market, done, until
from tests.probes import refused
from tests.registry.credits import steps


async def test_a_frozen_account_orders_nothing_from_that_moment(market: Market):
    """Before the engine has the instruction. What takes something back, and money that comes in, is still taken."""
    await market.bring("kiln", 50)
    await market.bring("forest", 10, "SC-CDCER-0001-2024")
    await market.pay_in("kiln", 1_000_00)
    await market.pay_in("solar", 1_000_00)
    ask = await market.sells("kiln", 10, 14_00)
    other = await market.sells("kiln", 5, 14_50)
    listing = await market.lists("forest", 10, 36_00, "SC-CDCER-0001-2024")
    kiln = market.party("kiln")
    with market.nobody_follows_freezes():
        placed = await steps.freeze(market.world, "account", kiln.account_id)
        tonnes = {"account_id": kiln.account_id, "instrument": KILN, "quantity_t": 1}
        money = {"account_id": kiln.account_id, "amount_fen": 1}
        for answer in (
            await market.order("kiln", "sell", 1, 14_00),
            await market.order("kiln", "buy", 1, 14_00),
            await market.send("kiln", f"/v1/orders/{ask['id']}/amend", price_fen=14_00, quantity_t=5),
            await market.send("kiln", "/v1/listings", instrument=KILN, price_fen=14_00, quantity_t=1),
            await market.subscribe("kiln", listing["id"], 10),
            await market.world.post("/v1/deposits/credits", tonnes, by=kiln.key),
            await market.world.post("/v1/withdrawals/credits", tonnes, by=kiln.key),
            await market.world.post("/v1/withdrawals/cash", money, by=kiln.key),
        ):
            refused(answer, 409, "frozen", "frozen")
        gone = done(await market.send("kiln", f"/v1/orders/{other['id']}/cancel"))
        assert "cancelled" == gone["closed_because"]
        done(await market.send("kiln", "/v1/orders/cancel-all", instrument="SC-CDCER-0001-2024"))
        await market.pay_in("kiln", 1_00)
        assert 4 == (await market.buys("solar", 4, 14_00))["traded_t"]
        await market.settled()
        assert ((40, 6, 0, 0), (4, 0, 0, 0)) == (await market.tonnes("kiln"), await market.tonnes("solar"))
    await steps.lift(market.world, placed["id"])


async def test_what_a_frozen_account_has_open_is_closed_by_itself(market: Market):
    """The keeper looks twice a second. Trades before it are delivered; two people lift it, and it trades again."""
    await market.bring("kiln", 50)
    await market.pay_in("solar", 1_000_00)
    kiln = market.party("kiln")
    ask, listing = await market.sells("kiln", 10, 14_00), await market.lists("kiln", 10, 14_00)
    async with market.unsettled():
        await market.buys("solar", 3, 14_00)
        placed = await steps.freeze(market.world, "account", kiln.account_id)

        async def closed() -> bool:
            return "frozen" == (await market.order_of("kiln", ask["id"]))["closed_because"]

        await until(closed, "the keeper's look")
        assert "closed" == (await market.read(f"/v1/listings/{listing['id']}"))["state"]
        assert ([], []) == await market.levels()
        assert (47, 0, 0, 3) == await market.tonnes("kiln")
    await market.settled()
    assert ((47, 0, 0, 0), (4_188, 0, 0, 0)) == (await market.tonnes("kiln"), await market.cash("kiln"))
    refused(await market.order("kiln", "sell", 1, 14_00), 409, "frozen", "two regulators")
    refused(await market.subscribe("solar", listing["id"], 1), 409, "not-open")
    await steps.lift(market.world, placed["id"])
    await market.follow_freezes()
    assert "open" == (await market.sells("kiln", 1, 14_00))["state"]


async def test_the_buyer_s_freeze_does_not_stop_a_delivery(market: Market):
    """Nor does one of the project: what was traded is delivered, into a hold where it stays."""
    await market.bring("kiln", 50)
    await market.pay_in("solar", 1_000_00)
    solar = market.party("solar")
    async with market.unsettled():
        await market.sells("kiln", 10, 14_00)
        await market.buys("solar", 10, 14_00)
        for scope, target in (("account", solar.account_id), ("project", market.world.season.projects["kiln"])):
            await steps.freeze(market.world, scope, target)
        await market.follow_freezes()
    await market.settled()
    assert (10, 0, 0, 0) == await market.tonnes("solar")
    body = {"account_id": solar.account_id, "instrument": KILN, "quantity_t": 10}
    refused(await market.world.post("/v1/withdrawals/credits", body, by=solar.key), 409, "frozen")
    assert 0 == await market.world.active_kg("solar")


async def test_a_frozen_account_s_orders_keep_nobody_waiting(server, templates):
    """A request waiting for the tables holds no connection: with a pool of one, both kinds of orders are answered."""
    async with worlds.opened(server, templates["issued"], pool_size=1) as world:
        market = Market(world)
        await market.open()
        await market.bring("kiln", 20)
        await market.pay_in("solar", 1_000_00)
        with market.nobody_follows_freezes():
            await steps.freeze(world, "account", market.party("kiln").account_id)

            async def bids() -> list[int]:
                return [(await market.order("solar", "buy", 1, 12_00)).status_code for _ in range(10)]

            asks = [market.order("kiln", "sell", 1, 14_00, client_order_id=100 + each) for each in range(10)]
            bidden, frozen = await asyncio.gather(bids(), asyncio.gather(*asks))
        assert [201] * 10 == bidden
        assert [409] * 10 == [each.status_code for each in frozen]


async def test_while_nobody_trades_no_halt_is_stored_again_and_again(market: Market):
    """Where the exchange is away, each look would store the halts that the one before stored."""
    with market.nobody_follows_freezes():
        await steps.freeze(market.world, "project", market.world.season.projects["kiln"])
        away = at_rest(market.world.db, mock.AsyncMock())
        assert 0 == await follow_freezes(exchange=away)
        assert 0 < await follow_freezes(exchange=await market.world.trade())
        assert 0 == await follow_freezes(exchange=await market.world.trade())


async def test_freezes_that_are_not_followed_are_told(issued, monkeypatch):
    """Nobody else closes what a frozen account has open: the exchange says that it does not happen, until it does."""
    monkeypatch.setattr(engine_role, "FREEZES_EVERY_S", 0.01)
    monkeypatch.setattr(supervise, "REPORTED_AFTER_S", 0)
    failing = mock.AsyncMock(side_effect=ZeroDivisionError)
    async with worlds.trading(lambda: issued.dsn, issued.db, worlds.PROFILE) as exchange:
        await exchange.gateway.writing.wait()

        async def troubled() -> bool:
            return exchange.trouble.startswith("What the registry freezes does not reach the exchange")

        with mock.patch.object(engine_role, "follow_freezes", failing), mock.patch.object(supervise, "log"):
            await until(troubled, "trouble")

        async def well() -> bool:
            return not exchange.trouble

        await until(well, "an end of it")


async def test_a_freeze_before_the_first_credit_holds_in_the_engine(market: Market):
    """Frozen while it had nothing here: money may come, and the engine takes no order of it."""
    solar = market.party("solar")
    await steps.freeze(market.world, "account", solar.account_id)
    await market.follow_freezes()
    await market.pay_in("solar", 100_00)
    engine = (await market.world.trade()).gateway.engine
    assert engine is not None
    assert engine.market.accounts[solar.account_id].frozen
    refused(await market.order("solar", "buy", 1, 14_00), 409, "frozen")

"""What reaches the tables twice, or from nobody: an instruction sent again, and a connection that dies unnoticed."""

import asyncio
from datetime import UTC, datetime

import asyncpg

from deploy.pool import connect_pool
from deploy.processes import engine as engine_role
from exchange.engine import commands as c
from exchange.engine.core import Engine
from exchange.engine.events import Reason
from exchange.journal.recovery import Committed
from exchange.modes import REFUSALS
from exchange.projections import projector
from exchange.projections.changes import CASH
from exchange.settlement import service as settlement
from registry.kit.database import Database
from schemas.access import Actor, Call, HeldRole, Role
from schemas.settlement import CashMovement
from tests import worlds
from tests.exchange.marketplace import Market, until

AT = datetime(2025, 1, 6, tzinfo=UTC)


def committed(engine: Engine, *commands: c.Command) -> Committed:
    """A batch as the gateway publishes it."""
    first = engine.market.sequence + 1
    outcomes = [engine.apply(each) for each in commands]
    return Committed(first, engine.market.sequence, AT, commands, outcomes)


def test_an_instruction_that_is_sent_again_keeps_its_first_answer():
    """A credit whose outcome is lost is sent again and refused as stale: in one step with the first, it stays done."""
    engine = Engine()
    credit = c.CreditCash(1, 7, 7, 500)
    batches = [committed(engine, credit), committed(engine, credit)]
    changes = projector.changes_of(batches, {}, engine_role.TABLES)
    assert {1: ("done", None, None, None)} == changes.instructions
    assert {(7, CASH): [500, 0, 0, 0]} == changes.positions


def test_every_reason_has_words():
    """Whatever the engine says can be said to people, also what should never reach them."""
    assert all(REFUSALS.of(reason, 2, 1).detail for reason in Reason)


async def test_an_idle_writer_notices_that_its_connection_is_gone(market: Market):
    """The journal's session is ended from outside while nobody trades: the writer recovers without being asked."""
    exchange = await market.world.trade()
    await market.pay_in("solar", 1_000)
    before = exchange.gateway.engine
    owner = await asyncpg.connect(market.world.dsn)
    try:
        ended = await owner.fetchval(
            "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory' and granted"
            " and database = (select oid from pg_database where datname = current_database())"
        )
    finally:
        await owner.close()
    assert 1 == ended

    async def anew() -> bool:
        return exchange.gateway.engine not in (before, None)

    await until(anew, "a recovery")
    assert (1_000, 0, 0, 0) == await market.cash("solar")


async def test_a_delivery_names_no_counterparty_in_the_registry(market: Market):
    """Seller and buyer see the kilograms move and not whose they are now or were; an overseer sees both."""
    await market.bring("kiln", 10)
    await market.pay_in("solar", 20_000)
    await market.sells("kiln", 10, 15_00)
    await market.buys("solar", 10, 15_00)
    await market.settled()
    seller, buyer = (market.party(who).account_id for who in ("kiln", "solar"))

    async def moved(account: int, key: str) -> tuple[object, object]:
        items = (await market.read(f"/v1/accounts/{account}/movements?limit=200", by=key))["items"]
        last = next(each for each in reversed(items) if each["cause"].startswith("delivery-"))
        return last["from_account_id"], last["to_account_id"]

    assert (seller, None) == await moved(seller, market.party("kiln").key)
    assert (None, buyer) == await moved(buyer, market.party("solar").key)
    assert (seller, buyer) == await moved(seller, market.world.regulators[0])


async def test_what_is_frozen_is_not_withdrawn(market: Market):
    """A freeze on the project keeps its tonnes where they are, regardless of owner."""
    await market.bring("kiln", 10)
    body = {"scope": "project", "target_id": market.world.season.projects["kiln"], "reason": "Under review"}
    await market.world.ok("/v1/restrictions", body, by=market.world.regulators[0])
    party = market.party("kiln")
    wanted = {"account_id": party.account_id, "instrument": "SC-CDCER-0002-2024", "quantity_t": 1}
    answer = await market.world.post("/v1/withdrawals/credits", wanted, by=party.key)
    assert (409, True) == (answer.status_code, answer.json()["type"].endswith(":instrument-halted"))
    assert (10, 0, 0, 0) == await market.tonnes("kiln")


async def test_balances_say_which_number_comes_next(market: Market):
    """A client that lost its state reads the last client_order_id, refused commands included."""
    await market.pay_in("solar", 2_000)
    await market.order("solar", "buy", 1, 15_00, client_order_id=41)
    await market.order("solar", "buy", 100, 15_00, client_order_id=57)
    assert 57 == (await market.own("solar", "balances"))["last_client_order_id"]


async def test_a_process_that_does_not_write_stores_what_the_writer_tells(market: Market):
    """Two services on one database: a deposit through the second is carried out by the first, and answered."""
    world, solar = market.world, market.party("solar")
    await market.pay_in("solar", 1_000)
    operator = market.party("exchange")
    by = Actor(person_id=operator.person_id, roles=(HeldRole(Role.OPERATOR, operator.organisation_id),))
    call = Call(by=by, operation="deposit_cash", key="through-the-second", request_sha256=bytes(32))
    body = CashMovement(account_id=solar.account_id, amount_fen=7)
    async with (
        await connect_pool(world.dsn, size=4) as pool,
        worlds.trading(lambda: world.dsn, Database(pool), worlds.PROFILE) as second,
    ):
        found = await asyncio.wait_for(settlement.deposit_cash(body, call=call, exchange=second), 30)
        assert "done" == found.state
        assert second.gateway.engine is None
    assert (1_007, 0, 0, 0) == await market.cash("solar")

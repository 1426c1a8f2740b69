"""An open market on a database whose exchange crashes and restarts, and the balances its accounts should have."""

import contextlib
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from typing import NamedTuple
from unittest import mock

from deploy.routes import ROUTES
from exchange.engine import commands as c
from exchange.instructions import service as instructions
from exchange.journal import gateway
from exchange.orders import service as trading
from exchange.projections import projector
from exchange.settlement import settler
from schemas.access import Actor, Call, HeldRole, Role
from schemas.orders import Order
from tests import invariants, worlds
from tests.database import connected
from tests.exchange.marketplace import KILN, Market
from tests.simulation import restarts, trading_stack
from tests.simulation.restarts import RestartingExchange


class Participants(NamedTuple):
    """The accounts of the seller, the buyer and the operator (fees), and the actors behind them."""

    seller: int
    buyer: int
    fees: int
    actors: dict[str, Actor]
    instrument: int
    claim: int
    """A contribution claim of the buyer."""


ROLES = {"kiln": Role.DEVELOPER, "solar": Role.ENTERPRISE, "exchange": Role.OPERATOR}


class MarketTemplate(NamedTuple):
    """A template database with an open market."""

    database: str
    people: Participants


class OpenMarket:
    """One database with an open market, and the balances expected after what the test has done on it."""

    def __init__(self, exchange: RestartingExchange, people: Participants) -> None:
        self.exchange = exchange
        self.people = people
        self.expected: Counter[tuple[int, int]] = Counter()
        self.calls = 0
        self.statements: list[tuple[str, bool]] = []
        self.client_order_ids: Counter[int] = Counter()

    async def balances(self) -> dict[tuple[int, int], int]:
        """Balances by account and instrument, all settled; locked tonnes count, since a listing may stay open."""
        rows = await self.exchange.watcher.fetch(
            "select account_id, instrument_id, settled + locked as free, incoming, outgoing from exchange.position"
        )
        assert not any(row["incoming"] or row["outgoing"] for row in rows)
        return {(row["account_id"], row["instrument_id"]): row["free"] for row in rows if row["free"]}

    def call(self, who: str, operation: str) -> Call:
        """A call with its own idempotency key, which may be resent."""
        self.calls += 1
        key = f"every-{self.calls}"
        return Call(
            by=self.people.actors[who],
            operation=operation,
            permitted=ROUTES[operation].roles or frozenset(),
            key=key,
            request_sha256=b"%032d" % self.calls,
        )

    def next_client_order_id(self, account: int) -> int:
        """The account's next client_order_id."""
        self.client_order_ids[account] += 1
        return self.client_order_ids[account]

    async def carry_out(self, command: c.AccountCommand) -> Order:
        """Resend a command until it is answered."""
        return await self.exchange.until_answered(lambda exchange: trading.carry_out(command, exchange=exchange))

    def expect_change(self, account: int, instrument: int, amount: int) -> None:
        """Add *amount* to the expected balance of an account."""
        self.expected[account, instrument] += amount


async def build_template(server: str, template: worlds.Template) -> MarketTemplate:
    """Build the template over HTTP."""
    name = f"opened_{uuid.uuid4().hex}"
    async with connected(server) as admin:
        await admin.execute(f"create database {name} template {template.database}")
    dsn = worlds.database_dsn(server, name)
    async with worlds.application(dsn, template.season) as world:
        market = Market(world)
        await market.open()
        await market.bring("kiln", 300)
        await market.pay_in("solar", 10_000_00)
        await market.settled()
        claim = await world.contribution("solar")
    async with connected(dsn) as owner:
        instrument = await owner.fetchval("select id from exchange.instrument where code = $1", KILN)
    parties = {who: template.season.parties[who] for who in ROLES}
    actors = {
        who: Actor(person_id=party.person_id, roles=(HeldRole(ROLES[who], party.organisation_id),))
        for who, party in parties.items()
    }
    kiln, solar, exchange = (parties[who].account_id for who in ROLES)
    return MarketTemplate(name, Participants(kiln, solar, exchange, actors, instrument, claim))


@contextlib.asynccontextmanager
async def copied_market(server: str, opened: MarketTemplate) -> AsyncIterator[OpenMarket]:
    """A copy of an open market, with short retry delays; all invariants are checked at exit."""
    quick = {gateway: ("RETRY_S",), projector: ("RETRY_S",), instructions: ("RETRY_S",), settler: ("RETRY_S",)}
    async with trading_stack.copied_database(server, opened.database) as dsn:
        with contextlib.ExitStack() as patches:
            for module, names in quick.items():
                for name in names:
                    patches.enter_context(mock.patch.object(module, name, 0.004))
            patches.enter_context(mock.patch.object(projector, "CATCH_UP_TIMEOUT_S", 0.3))
            async with restarts.restarting_exchange(dsn) as exchange:
                market = OpenMarket(exchange, opened.people)
                await exchange.until_settled()
                market.expected.update(await market.balances())
                yield market
        await invariants.check(dsn, worlds.KEYS)

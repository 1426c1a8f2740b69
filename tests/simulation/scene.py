"""An open market on a database, whose exchange runs in lives, and what everybody there should have."""

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
from tests.simulation import floor as floors
from tests.simulation import lives as simulated
from tests.simulation.lives import Lives


class People(NamedTuple):
    """Who acts, with which accounts: the seller, the buyer, and the operator with its fees."""

    seller: int
    buyer: int
    fees: int
    actors: dict[str, Actor]
    instrument: int
    claim: int
    """A contribution of the buyer's."""


ROLES = {"kiln": Role.DEVELOPER, "solar": Role.ENTERPRISE, "exchange": Role.OPERATOR}


class Opened(NamedTuple):
    """A template with an open market."""

    database: str
    people: People


class Scene:
    """One database with an open market, what was done on it, and what everybody should have."""

    def __init__(self, lives: Lives, people: People) -> None:
        self.lives = lives
        self.people = people
        self.expected: Counter[tuple[int, int]] = Counter()
        self.done = 0
        self.met: list[tuple[str, bool]] = []
        self.numbers: Counter[int] = Counter()

    async def has(self) -> dict[tuple[int, int], int]:
        """What accounts have, all of it settled; a listing may rest for ever, so locked tonnes count too."""
        rows = await self.lives.watcher.fetch(
            "select account_id, instrument_id, settled + locked as free, incoming, outgoing from exchange.position"
        )
        assert not any(row["incoming"] or row["outgoing"] for row in rows)
        return {(row["account_id"], row["instrument_id"]): row["free"] for row in rows if row["free"]}

    def call(self, who: str, operation: str) -> Call:
        """A request with a key of its own, sent as often as needed."""
        self.done += 1
        key = f"every-{self.done}"
        return Call(
            by=self.people.actors[who],
            operation=operation,
            permitted=ROUTES[operation].roles or frozenset(),
            key=key,
            request_sha256=b"%032d" % self.done,
        )

    def next_number(self, account: int) -> int:
        """The account's next client_order_id."""
        self.numbers[account] += 1
        return self.numbers[account]

    async def carry_out(self, command: c.AccountCommand) -> Order:
        """Send a command until it is answered."""
        return await self.lives.ask(lambda exchange: trading.carry_out(command, exchange=exchange))

    def moved(self, account: int, instrument: int, amount: int) -> None:
        """What an account should have from now on."""
        self.expected[account, instrument] += amount


async def open_market(server: str, template: worlds.Template) -> Opened:
    """Build it over HTTP."""
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
    return Opened(name, People(kiln, solar, exchange, actors, instrument, claim))


@contextlib.asynccontextmanager
async def worlds_of_lives(server: str, opened: Opened) -> AsyncIterator[Scene]:
    """A copy of an open market, with waits cut short."""
    quick = {gateway: ("RETRY_S",), projector: ("RETRY_S",), instructions: ("RETRY_S",), settler: ("RETRY_S",)}
    async with floors.copied(server, opened.database) as dsn:
        with contextlib.ExitStack() as patches:
            for module, names in quick.items():
                for name in names:
                    patches.enter_context(mock.patch.object(module, name, 0.004))
            patches.enter_context(mock.patch.object(projector, "CATCH_UP_TIMEOUT_S", 0.3))
            async with simulated.lived(dsn) as lives:
                scene = Scene(lives, opened.people)
                await lives.quiet()
                scene.expected.update(await scene.has())
                yield scene
        await invariants.check(dsn, worlds.KEYS)

"""Databases in a known state, an application over each, and the invariants that hold whatever a test did."""

import asyncio
import contextlib
import copy
import functools
import itertools
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import httpx
import msgspec

from deploy.local.children import own_environment
from deploy.migrations import every_migration
from deploy.pool import connect_pool
from deploy.processes.book_day import in_child
from deploy.processes.engine import EngineRole
from deploy.scenarios.cast import BEGINS, Party, Season
from deploy.scenarios.client import Api
from deploy.scenarios.registration import take_office
from deploy.scenarios.season import play_until
from exchange.market_data.book_days import BookDays, Replay
from exchange.parts import Exchange
from registry.access.authorisation import OVERSEERS
from registry.access.authority import Authority
from registry.access.keys.rules import Keyring
from registry.credits.holdings.service import KeptTotals
from registry.kit.database import Database
from registry.kit.migrate import migrate
from registry.kit.quotas import Quotas
from registry.kit.room import Room
from registry.parties import service as parties
from registry.transparency.format.note import COSIGNATURE_ML_DSA_44, ED25519
from registry.transparency.format.signer import SeedSigner
from registry.transparency.keys import RegistryKeys
from registry.transparency.sequencer import sequence_once
from schemas.identifiers import Identifier
from schemas.parties import Region, RegionProfile
from tests import applications, invariants

ORIGIN = "kilnwood.example/sim/CN-510100"
KEYRING = Keyring(b"a pepper for tests, of 32 bytes.", "sim")
KEYS = RegistryKeys(
    SeedSigner(f"{ORIGIN}/issuer", ED25519, bytes(range(32))),
    SeedSigner(ORIGIN, ED25519, bytes(range(1, 33))),
    SeedSigner(ORIGIN, COSIGNATURE_ML_DSA_44, bytes(range(2, 34))),
)
PROFILE = RegionProfile(
    id="CN-510100",
    name="Chengdu carbon inclusion registry",
    serial_region="SC",
    programme="CDCER",
    simulated=True,
    log_origin=ORIGIN,
)
TEMPLATES = {"issued": "issued", "delivered": "withdrawn"}
"""The milestone of each template database; each goes on where the one before it ended."""
AUTHORITY = 1
"""The organisation that keeps the registry, where the roles that hold region-wide are granted."""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Template:
    """A template database and what the season knew when it was made."""

    database: str
    season: Season


class World:
    """One test's region: its database, its application, its people."""

    def __init__(
        self,
        dsn: str,
        db: Database,
        http: httpx.AsyncClient,
        season: Season,
        trade: Callable[[], Awaitable[Exchange]],
    ) -> None:
        self.dsn = dsn
        self.trade = trade
        self.db = db
        self.http = http
        self.season = season
        self._keys = itertools.count(1)

    @property
    def regulators(self) -> tuple[str, str]:
        """The API keys of both regulators."""
        return self.season.regulators

    def party(self, word: str) -> Party:
        """One of the season's organisations: forest, kiln, vvb, scenic, solar, car, bank."""
        return self.season.parties[word]

    def next_key(self) -> str:
        """A fresh idempotency key."""
        return f"test-{next(self._keys)}"

    async def get(self, path: str, *, by: str = "") -> httpx.Response:
        """Read."""
        return await self.http.get(path, headers=_bearer(by))

    async def post(self, path: str, body: Any = None, *, by: str = "", key: str | None = None) -> httpx.Response:
        """Write, with a fresh idempotency key unless one is given."""
        headers = {**_bearer(by), "Idempotency-Key": key or self.next_key()}
        return await self.http.post(path, json=body, headers=headers)

    async def ok(self, path: str, body: Any = None, *, by: str) -> Any:
        """Write and insist on 201; returns the JSON."""
        answer = await self.post(path, body, by=by)
        assert 201 == answer.status_code, answer.text
        return answer.json()

    async def decide(self, path: str, body: dict[str, Any]) -> Any:
        """Propose by the first regulator, carry out by the second."""
        first, second = self.regulators
        proposed = await self.ok("/v1/approvals", {"body": body, "reason": "test"}, by=first)
        return await self.ok(path, {"approval_id": proposed["id"], "body": body}, by=second)

    async def newcomer(self, role: str, *, name: str = "Newcomer") -> Party:
        """A new organisation with one person in *role* and an open account."""
        from schemas.identifiers import uscc_check_character

        first = f"91510199MA{next(_numbers):07d}"
        first_regulator = self.regulators[0]
        identifier = {"scheme": "uscc", "value": first + uscc_check_character(first)}
        made = await self.ok("/v1/organisations", {"name": name, "identifiers": [identifier]}, by=first_regulator)
        place = AUTHORITY if role in OVERSEERS else made["id"]
        person_id, key = await self.member(role, place, confirmed=False)
        account = await self.ok("/v1/accounts", {"owner_id": made["id"], "name": name}, by=first_regulator)
        return Party(made["id"], person_id, key, account["id"])

    async def person(self, name: str, *, by: str = "") -> tuple[int, str]:
        """A new person, whose first key the first regulator made, or *by*; returns the id and the person's own key."""
        by = by or self.regulators[0]
        person = await self.ok("/v1/people", {"name": name}, by=by)
        first = await self.ok(f"/v1/people/{person['id']}/keys", by=by)
        return int(person["id"]), str((await self.ok("/v1/me/keys", by=first["secret"]))["secret"])

    async def confirm(self, holder: str, *, by: str) -> httpx.Response:
        """Confirm the key that *holder* is, by the fingerprint that its screen shows."""
        me = (await self.get("/v1/me", by=holder)).json()
        return await self.post(f"/v1/keys/{me['key_id']}/confirm", {"fingerprint": me["key_fingerprint"]}, by=by)

    async def member(
        self, role: str = "regulator", organisation_id: int = AUTHORITY, *, by: str = "", confirmed: bool = True
    ) -> tuple[int, str]:
        """
        A new person with a role; returns the id and the person's own key.

        The second regulator confirms the key, unless it is not to be *confirmed*: then the maker of the first one (the
        first regulator, or *by*) and this person count as one.
        """
        person_id, key = await self.person(f"Further {role}", by=by)
        grant = {"operation": "grant_role", "person_id": person_id, "organisation_id": organisation_id, "role": role}
        await self.decide("/v1/grants", grant)
        if confirmed:
            answer = await self.confirm(key, by=self.regulators[1])
            assert 201 == answer.status_code, answer.text
        return person_id, key

    async def contribution(self, who: str | Party) -> int:
        """A contribution claim of one party; returns its id. It takes any amount."""
        party = self.party(who) if isinstance(who, str) else who
        body = {
            "organisation_id": party.organisation_id,
            "type": "contribution",
            "subject": "A contribution",
            "begins": "2024-01-01T00:00:00Z",
            "ends": "2024-12-31T00:00:00Z",
            "boundary": "none",
            "exclusive": False,
        }
        return int((await self.ok("/v1/claims", body, by=party.key))["id"])

    async def event_claim(self, who: str = "scenic") -> int:
        """An event claim of one party that requires 1,200 kg; returns its id."""
        from deploy.scenarios.cast import EVENT
        from deploy.scenarios.claims import event_claim_body

        party = self.party(who)
        footprint = await self.ok(
            "/v1/footprints",
            {"organisation_id": party.organisation_id, "request": {"profile": "chengdu-event", "items": list(EVENT)}},
            by=party.key,
        )
        about = {"kind": "event", "place": f"Hall {footprint['id']}"}  # each claim is about an event of its own
        body = {**event_claim_body(party, footprint["id"]), "about": about}
        return int((await self.ok("/v1/claims", body, by=party.key))["id"])

    async def active_kg(self, who: str | Party) -> int:
        """What the party's account has active."""
        party = self.party(who) if isinstance(who, str) else who
        answer = await self.get(f"/v1/accounts/{party.account_id}/holdings", by=party.key)
        return sum(each["quantity_kg"] for each in answer.json()["items"] if each["state"] == "active")

    async def sequence(self) -> int:
        """Give every waiting statement its place in the log; returns how many."""
        return await sequence_all(self.dsn)


async def sequence_all(dsn: str) -> int:
    """Sequence as the sequencer's role does, with the test keys."""
    connection = await asyncpg.connect(dsn, server_settings={"role": "kilnwood_sequencer"})
    try:
        total = 0
        while count := await sequence_once(connection, KEYS):
            total += count
        return total
    finally:
        await connection.close()


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def database_dsn(server: str, database: str) -> str:
    """The address of one database of the server."""
    head, _, query = server.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{database}?{query}"


KeptTotals.REST = 0
_OF_MARKET = (
    "instruments|listings|campaigns|auctions|blocks|quote-requests|orders|deposits|withdrawals|statements|subscriptions"
)
_MARKET = re.compile(rf"/({_OF_MARKET}|baskets|balances|fills)\b")


def authority(db: Database) -> Authority:
    """Who may do what in a test's database."""
    return Authority(db, KEYRING, parties.dated_trader_in)


class _TradingOnDemand:
    """The application, whose exchange starts with the first request about the market: most tests have none."""

    def __init__(self, app: Any, exchange: Exchange, dsn: str, stack: contextlib.AsyncExitStack) -> None:
        self._app = app
        self._exchange = exchange
        self._dsn = dsn
        self._stack = stack
        self._lock = asyncio.Lock()
        self._started = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if _MARKET.search(scope["path"]):
            await self.start()
        await self._app(scope, receive, send)

    async def start(self) -> Exchange:
        """Trade, if it does not yet; answers when commands are taken."""
        async with self._lock:
            if not self._started:
                self._started = True
                running = await self._stack.enter_async_context(trading(lambda: self._dsn, self._exchange.db, PROFILE))
                for name in ("gateway", "projector", "teller", "instruments"):
                    setattr(self._exchange, name, getattr(running, name))
                await running.gateway.writing.wait()
        return self._exchange


@contextlib.asynccontextmanager
async def trading(dsn: Callable[[], str], db: Database, region: RegionProfile) -> AsyncIterator[Exchange]:
    """An exchange that trades in this process."""
    role = EngineRole(dsn, db, region)
    await role.start()
    try:
        yield role.exchange
    finally:
        await role.stop()


def book_day_child(dsn: str) -> Replay:
    """Replays days in a child without the settings of the tests, which no service would take."""
    return functools.partial(in_child, dsn, environment=own_environment({}))


@contextlib.asynccontextmanager
async def application(
    dsn: str, season: Season | None, *, pool_size: int = 8, quotas: Quotas | None = None, room: Room | None = None
) -> AsyncIterator[World]:
    """An application over a database, called without a socket, with *quotas* and *room* of its own."""
    pool = await connect_pool(dsn, size=pool_size)
    served = applications.pointed_at(
        pool, keyring=KEYRING, region=PROFILE, knows=authority, quotas=quotas or Quotas(), room=room or Room()
    )
    BookDays.__init__(served.book_days, book_day_child(dsn))
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(served.is_free)
        stack.push_async_callback(pool.close)
        stack.push_async_callback(served.book_days.close)
        on_demand = _TradingOnDemand(served.app, served.exchange, dsn, stack)
        transport = httpx.ASGITransport(on_demand, raise_app_exceptions=False)
        http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://registry.test"))
        copied = Season(Api(http, seed="test"), ("", ""))
        if season is not None:
            known = {name: copy.deepcopy(value) for name, value in vars(season).items() if name != "api"}
            copied = Season(Api(http, seed="test-more"), **known)
        yield World(dsn, served.db, http, copied, on_demand.start)


@contextlib.asynccontextmanager
async def opened(
    server: str, template: Template, *, pool_size: int = 8, quotas: Quotas | None = None, room: Room | None = None
) -> AsyncIterator[World]:
    """A copy of a template for one test; afterwards the invariants are checked and the copy is dropped."""
    name = f"test_{next(_numbers)}"
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"create database {name} template {template.database} strategy file_copy")
        dsn = database_dsn(server, name)
        async with application(dsn, template.season, pool_size=pool_size, quotas=quotas, room=room) as world:
            yield world
        await invariants.check(dsn, KEYS)
    finally:
        await admin.execute(f"drop database if exists {name} with (force)")
        await admin.close()


async def build_templates(server: str) -> dict[str, Template]:
    """Migrate, create the region, and play the season up to each template through the HTTP interface."""
    admin = await asyncpg.connect(server)
    try:
        await admin.execute("create database template_empty")
        season = await _first_start(database_dsn(server, "template_empty"))
        made = {"empty": Template("template_empty", season)}
        for name, milestone in TEMPLATES.items():
            previous = list(made.values())[-1]
            await admin.execute(f"create database template_{name} template {previous.database}")
            async with application(database_dsn(server, f"template_{name}"), previous.season) as world:
                world.season.api = Api(world.http, seed=f"template-{name}")
                await play_until(world.season, milestone)
                made[name] = Template(f"template_{name}", world.season)
        return made
    finally:
        await admin.close()


async def _first_start(dsn: str) -> Season:
    owner = await asyncpg.connect(dsn)
    try:
        await migrate(owner, every_migration())
    finally:
        await owner.close()
    secrets: list[str] = []

    def keep(_: int, fresh: str) -> str:
        secrets.append(fresh)
        return fresh

    async with application(dsn, None) as world:
        first = parties.FirstStart(
            region=Region(**msgspec.structs.asdict(PROFILE), business_time=datetime.fromisoformat(BEGINS)),
            authority="Bureau",
            authority_id=Identifier(scheme="uscc", value="11510100MB0000000U"),
            regulators=("First", "Second"),
        )
        await parties.create_region_once(first, db=world.db, keyring=KEYRING, keep=keep)
        season = Season(world.season.api, (secrets[0], secrets[1]))
        await take_office(season)
        return season

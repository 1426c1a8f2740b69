"""A region whose market is killed with SIGKILL again and again: traders who send until they are answered, and books."""

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from msgspec import msgpack

from deploy.local.region import LocalRegion, new_region
from deploy.postgres import server as postgres
from deploy.scenarios.cast import Party, Season
from deploy.scenarios.client import Api
from deploy.scenarios.season import play_until
from exchange.engine.core import Engine, any_of, command_types
from exchange.engine.events import Event
from exchange.engine.modes.continuous import Accepted
from tests import invariants, market_invariants
from tests.faults.killing import backends, gate, until

_seeds = itertools.count(1)
Send = Callable[[], Coroutine[Any, Any, Any]]


class MarketToKill:
    """A running region after its transfers, and what its traders were told since."""

    def __init__(self, region: LocalRegion, season: Season) -> None:
        self.region = region
        self.season = season
        self.sent: set[tuple[int, int]] = set()
        """Account and client_order_id of each order."""
        self.acknowledged: dict[tuple[int, int], int] = {}
        """The order of each that was answered."""
        self._slips = itertools.count(1)

    @property
    def dsn(self) -> str:
        """Its database, for the owner of the tables."""
        return postgres.start(self.region.folder / "data" / "postgres").dsn

    @property
    def port(self) -> int:
        """Where the service answers, also the next one."""
        return int(self.region.url.rpartition(":")[2])

    def party(self, who: str) -> Party:
        """One of the season's organisations."""
        return self.season.parties[who]

    async def bring(self, who: str, word: str, tonnes: int) -> None:
        """Deposit tonnes of the kiln's or the forest's instrument."""
        body = {"account_id": self.party(who).account_id, "instrument": self.season.instruments[word]}
        await self.season.api.post("/v1/deposits/credits", {**body, "quantity_t": tonnes}, by=self.party(who).key)

    async def pay_in(self, who: str, fen: int) -> None:
        """The operator books money."""
        slip = {"amount_fen": fen, "reference": f"Slip {self.season.api._seed} {next(self._slips)}"}
        body = {"account_id": self.party(who).account_id, **slip}
        await self.season.api.post("/v1/deposits/cash", body, by=self.party("exchange").key)

    async def order(self, who: str, side: str, tonnes: int, price: int, *, instrument: str, **said: Any) -> Any:
        """Place an order, sent until it is answered; it is noted as acknowledged."""
        party = self.party(who)
        terms = {"instrument": instrument, "side": side, "quantity_t": tonnes, "price_fen": price}
        body = {**party.next_order(), **terms, **said}
        key = party.account_id, body["client_order_id"]
        self.sent.add(key)
        placed = await self.season.api.post("/v1/orders", body, by=party.key)
        self.acknowledged[key] = placed["id"]
        return placed

    def orders(
        self, who: str, side: str, tonnes: Iterable[int], price: int, instrument: str, **said: Any
    ) -> list[Send]:
        """Several orders to be sent."""
        return [
            lambda each=each: self.order(who, side, each, price, instrument=instrument, **said)  # type: ignore[misc]  # mypy infers no default
            for each in tonnes
        ]

    async def under_fire(self, sends: Iterable[Send], *, after: int, kill: bool = True) -> list[Any]:
        """Send all at once, kill the service when so many are answered, and start it again; returns every answer."""
        if not kill:
            return await asyncio.gather(*(each() for each in sends))
        answered, enough = 0, asyncio.Event()

        async def counted(send: Send) -> Any:
            nonlocal answered
            answer = await send()
            answered += 1
            if answered >= after:
                enough.set()
            return answer

        async with asyncio.TaskGroup() as sending:
            tasks = [sending.create_task(counted(each)) for each in sends]
            await enough.wait()
            await self.killed()
        return [each.result() for each in tasks]

    async def killed(self) -> None:
        """SIGKILL of the service, and its next start."""
        self.region.service.kill()
        await asyncio.to_thread(self.region.start_service)

    async def killed_at(self, table: str, doing: Callable[[], Awaitable[Any]], *, kill: bool = True) -> None:
        """Do something whose work stops at *table* (in the words of LOCK TABLE), and kill the service there."""
        if not kill:
            await doing()
            return
        async with gate(self.dsn, table) as held:
            await doing()
            waiting = f"{held.get_server_pid()} = any(pg_blocking_pids(pid))"
            await until(lambda: backends(held, waiting), f"somebody waits for {table}")
            self.region.service.kill()
        await asyncio.to_thread(self.region.start_service)

    async def in_phase(self, session: str, phase: str) -> None:
        """Wait until the calendar has moved the book there."""

        async def is_so() -> bool:
            return bool((await self.season.api.get(session))["phase"] == phase)

        await until(is_so, f"the book is in {phase}")

    async def number_of(self, instrument: str) -> int:
        """The engine's number of an instrument."""
        owner = await asyncpg.connect(self.dsn)
        try:
            return int(await owner.fetchval("select id from exchange.known_instrument where code = $1", instrument))
        finally:
            await owner.close()

    async def levels(self, instrument: str) -> dict[str, list[tuple[int, int]]]:
        """Price and tonnes of both sides of a book."""
        book = await self.season.api.get(f"/v1/instruments/{instrument}/book")
        return {side: [(each["price_fen"], each["quantity_t"]) for each in book[side]] for side in ("bids", "asks")}

    async def balance(self, who: str, instrument: str = "") -> int:
        """What is settled of an account's tonnes or money, once nothing of it is on its way."""
        party, found = self.party(who), 0

        async def at_rest() -> bool:
            nonlocal found
            balances = await self.season.api.get(f"/v1/accounts/{party.account_id}/balances", by=party.key)
            parts = [each for each in balances["tonnes"] if each["instrument"] == instrument]
            of_it = (parts[0] if parts else {}) if instrument else balances["cash"]
            unit = "t" if instrument else "fen"
            found = of_it.get(f"settled_{unit}", 0)
            return not of_it.get(f"incoming_{unit}", 0) and not of_it.get(f"outgoing_{unit}", 0)

        await until(at_rest, f"what {who} has of {instrument or 'money'} is settled")
        return found

    async def check(self) -> None:
        """
        Everything that was traded is settled, once; books and ledger add up; the orders are the acknowledged ones.

        The market's invariants replay the journal from its first row, and compare tables, holds, money and deliveries.
        """
        owner = await asyncpg.connect(self.dsn)
        try:
            await until(lambda: _settled(owner), "what was traded is settled")
            assert (await self.season.api.get("/v1/conservation"))["conserved"]
            async with owner.transaction(isolation="repeatable_read"):
                await invariants.check_ledger(owner)
                await market_invariants.check(owner)
                placed = sorted(
                    (event.account, event.client_order_id, event.order)
                    for event in await happened(owner)
                    if isinstance(event, Accepted) and (event.account, event.client_order_id) in self.sent
                )
                assert sorted((*key, order) for key, order in self.acknowledged.items()) == placed
        finally:
            await owner.close()

    async def check_end(self) -> None:
        """What the engine had in memory, which its clean stop has stored, is what the journal alone replays to."""
        await asyncio.to_thread(self.region.service.stop)
        owner = await asyncpg.connect(self.dsn)
        try:
            snapshots = (
                "select exists (select from exchange.snapshot where sequence = (select sequence from exchange.head))"
            )
            assert await owner.fetchval(snapshots), "a clean stop leaves the state"
            await market_invariants.check(owner)
        finally:
            await owner.close()


async def _settled(owner: asyncpg.Connection) -> bool:
    return not await owner.fetchval("select exists (select from exchange.trade where state = 'traded')")


async def happened(owner: asyncpg.Connection) -> list[Event]:
    """Every event there ever was: the journal replayed from nothing."""
    decoder = msgpack.Decoder(tuple.__class_getitem__((any_of(command_types()), ...)))
    rows, engine = await owner.fetch("select commands from exchange.journal order by first"), Engine()
    return [event for row in rows for each in decoder.decode(row["commands"]) for event in engine.apply(each)]


@contextmanager
def market_to_kill() -> Iterator[MarketToKill]:
    """Start a region and play its season up to its transfers; its journal is compared with its memory at the end."""
    folder = Path(tempfile.mkdtemp(prefix="kw-test-", dir="/tmp"))
    folder.chmod(0o755)  # as root, the database runs as another user
    region = new_region(folder / "region")
    try:
        region.start()
        market = MarketToKill(region, asyncio.run(_delivered(region)))
        yield market
        asyncio.run(market.check_end())
    finally:
        region.stop()
        region.remove()
        shutil.rmtree(folder, ignore_errors=True)


async def _delivered(region: LocalRegion) -> Season:
    async with client(region) as http:
        season = Season(Api(http, seed="to-kill"), region.regulators)
        await play_until(season, "withdrawn")
        return season


def client(region: LocalRegion) -> httpx.AsyncClient:
    """A client of a region's service."""
    return httpx.AsyncClient(base_url=region.url, trust_env=False, timeout=30)


@contextmanager
def talking(market: MarketToKill, http: httpx.AsyncClient) -> Iterator[MarketToKill]:
    """Give the market a client of one test's own."""
    market.season.api = Api(http, seed=f"to-kill-{next(_seeds)}")
    yield market

"""A gateway and a projector on a real database, without the registry or HTTP, and random commands to send them."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from random import Random
from unittest import mock

import asyncpg

from deploy.pool import connect_pool, connecting
from deploy.processes.engine import TABLES
from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.core import Engine
from exchange.engine.modes import continuous, listings
from exchange.engine.modes.auctions import messages as auctions
from exchange.engine.modes.blocks import messages as blocks
from exchange.engine.modes.campaigns import messages as campaigns
from exchange.engine.modes.quotes import messages as quotes
from exchange.engine.state import state_hash
from exchange.journal import snapshots
from exchange.journal.codec import Outcome, decode_commands
from exchange.journal.gateway import Gateway
from exchange.journal.snapshots import SnapshotFollower
from exchange.projections.projector import Projector
from registry.kit.database import Database
from tests.database import connected
from tests.faults.killing import until
from tests.worlds import Template, database_dsn

CASH_FEN, TONNES = 5_000_000, 4_000
ACCOUNTS = {1: 1, 2: 1, 3: 3, 4: 4, 5: 5}
"""Account to beneficial owner; the first two accounts have the same one."""
FEES = 9
INSTRUMENTS = {1: (5, 1, 1_000, 1_100, 30), 2: (1, 10, 500, 560, 0)}
"""Tick, lot, lowest and highest price, fee."""
OPENING: tuple[c.Command, ...] = (
    *(
        c.OpenInstrument(number, number, tick, lot, low, high, fee_bps, FEES, FEES)
        for number, (tick, lot, low, high, fee_bps) in INSTRUMENTS.items()
    ),
    *(c.CreditCash(10 + account, account, group, CASH_FEN) for account, group in ACCOUNTS.items()),
    *(
        c.CreditTonnes(10 + 10 * instrument + account, account, group, instrument, TONNES)
        for instrument in INSTRUMENTS
        for account, group in ACCOUNTS.items()
    ),
)
_INSTRUMENT = """
insert into exchange.instrument (code, project_id, vintage, project_name, methodology, tick_fen, lot_t, low_fen,
  high_fen, fee_bps, fee_account_id, opened_at)
values ($1, $2, 2024, 'A project', 'kiln-electrification', $3, $4, $5, $6, $7, $8, registry.business_now())
"""


class TradingStack:
    """One gateway and one projector. *connections* are the gateway's, newest last."""

    def __init__(self, dsn: str, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.dsn = dsn
        self.connections: list[asyncpg.Connection] = []
        self.db = Database(pool)
        self.projector = Projector(self.db, TABLES)
        self.gateway = Gateway(self._connect, self.projector.publish)
        self._tasks: list[asyncio.Task[None]] = []

    async def _connect(self) -> asyncpg.Connection:
        self.connections.append(await asyncpg.connect(self.dsn, **connecting("kilnwood_api")))
        return self.connections[-1]

    @property
    def engine(self) -> Engine:
        """The live engine."""
        assert self.gateway.engine is not None, self.gateway.trouble
        return self.gateway.engine

    def start(self, *, projecting: bool = True) -> None:
        """Start both tasks, or only the gateway."""
        self._tasks.append(asyncio.create_task(self.gateway.run()))
        if projecting:
            self._tasks.append(asyncio.create_task(self.projector.run()))

    async def stop(self) -> None:
        """Stop both tasks cleanly."""
        self.gateway.stop()
        await self._tasks[0]
        self.projector.stop()
        await asyncio.gather(*self._tasks)

    async def crash(self) -> None:
        """Drop every connection without finishing anything, which is what the database sees of a killed process."""
        for task in self._tasks:
            task.cancel()
        for connection in self.connections:
            connection.terminate()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def started(dsn: str, *, opening: Sequence[c.Command] = OPENING) -> AsyncIterator[TradingStack]:
    """Run a stack that has applied *opening*; it is stopped cleanly at exit, unless the test crashed it."""
    async with await connect_pool(dsn, size=4) as pool:
        stack = TradingStack(dsn, pool)
        stack.start()
        try:
            await asyncio.wait_for(stack.gateway.writing.wait(), 20)
            if opening:
                await stack.gateway.submit_all(opening)
            yield stack
        finally:
            await stack.stop()


@contextlib.asynccontextmanager
async def snapshot_follower(dsn: str, *, every: int) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Follow the journal as the snapshot process does; yields a wait for a snapshot at *sequence* or later."""
    stop = asyncio.Event()
    async with connected(dsn, role="kilnwood_api") as connection, connected(dsn) as owner:
        with mock.patch.object(snapshots, "LOOK_EVERY_S", 0.01):
            running = asyncio.create_task(SnapshotFollower(connection, every=every).run(stop))

            async def stored(sequence: int) -> None:
                async def there() -> bool:
                    if running.done():
                        running.result()
                    newest = "select coalesce(max(sequence), 0) from exchange.snapshot"
                    return bool(await owner.fetchval(newest) >= sequence)

                await until(there, f"a snapshot at {sequence}")

            try:
                yield stored
            finally:
                stop.set()
                await running


@contextlib.asynccontextmanager
async def copied_database(server: str, database: str) -> AsyncIterator[str]:
    """Copy a template database; yields the DSN and drops the copy at exit."""
    name = f"stack_{uuid.uuid4().hex}"
    async with connected(server) as admin:
        await admin.execute(f"create database {name} template {database}")
        try:
            yield database_dsn(server, name)
        finally:
            await admin.execute(f"drop database if exists {name} with (force)")


@contextlib.asynccontextmanager
async def market_database(server: str, template: Template) -> AsyncIterator[str]:
    """A copy of *template* with both instruments. The registry holds nothing for what is traded here."""
    async with copied_database(server, template.database) as dsn:
        await insert_instruments(dsn)
        yield dsn


async def insert_instruments(dsn: str) -> None:
    """Insert the rows of both instruments; the exchange's tables have foreign keys to them."""
    async with connected(dsn) as owner:
        for number, (tick, lot, low, high, fee_bps) in INSTRUMENTS.items():
            await owner.execute(_INSTRUMENT, f"I-{number}", number, tick, lot, low, high, fee_bps, FEES)


def bid(account: int, number: int, quantity: int = 1, price: int = 1_000, *, side: int = c.BUY) -> continuous.Place:
    """An order in the first instrument, by default a bid."""
    return continuous.Place(account, 1, side, price, quantity, number)


class RandomCommands:
    """
    Seeded random commands: orders, cancels, amendments, deliveries, and everything that stands beside the book.

    Each command carries the account's next client_order_id. Cancels, subscriptions, pledges, bids and deliveries refer
    to orders, listings, campaigns, auctions and trades that earlier outcomes reported to `learn_from`.
    """

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.numbers = dict.fromkeys(ACCOUNTS, 0)
        self.open: list[tuple[int, int]] = []
        self.listed: list[int] = []
        self.traded: list[int] = []
        self.deliveries = 0
        self.campaigns: list[int] = []
        self.proposed: list[tuple[int, int]] = []
        self.requests: list[tuple[int, int]] = []
        self.quoted: list[tuple[int, int]] = []
        self.of_request: dict[int, int] = {}
        self.auctions: list[int] = []
        self.instruction = 1_000_000

    def next_command(self) -> c.Command:  # noqa: C901, PLR0911, PLR0912 - one kind of command after the other
        """Return the next command."""
        kinds = {"place": 10, "cancel": 2, "amend": 2, "offer": 1, "take": 2, "deliver": 2, "cancel_all": 0.2}
        kinds |= {"announce": 0.5, "pledge": 2, "instruct": 1, "auction": 0.5, "bid": 2, "agree": 3}
        (kind,) = self.dice.choices(list(kinds), list(kinds.values()))
        account = self.dice.choice(list(ACCOUNTS))
        if kind == "deliver" and self.traded:
            self.deliveries += 1
            trades = tuple(sorted(self.dice.sample(self.traded, min(len(self.traded), 3))))
            self.traded = [each for each in self.traded if each not in trades]
            return (c.Refund if self.dice.random() < 0.2 else c.Settle)(self.deliveries, trades)
        if kind == "instruct" and (self.campaigns or self.auctions):
            return self._instructed()
        if kind == "agree":
            return self._agreed()
        order = 0
        if kind in {"cancel", "amend"} and self.open:
            account, order = self.open.pop(self.dice.randrange(len(self.open)))
        self.numbers[account] = number = self.numbers[account] + self.dice.choice((1, 1, 1, 7))
        instrument = self.dice.choice(list(INSTRUMENTS))
        tick, lot, low, high, _ = INSTRUMENTS[instrument]
        price = low + tick * self.dice.randrange((high - low) // tick + 1)
        quantity = lot * self.dice.randrange(1, 9)
        match kind:
            case "cancel":
                return c.Cancel(account, order, number)
            case "amend":
                return continuous.Amend(account, order, price, quantity, number)
            case "cancel_all":
                return c.CancelAll(account, instrument, number)
            case "offer":
                return listings.OpenListing(account, instrument, price, quantity, number)
            case "announce":
                terms = (lot, 9 * lot, self.dice.choice((0, lot)), self.dice.randrange(2), 1, 2)
                return campaigns.OpenCampaign(account, instrument, price, quantity, *terms, number)
            case "pledge" if self.campaigns:
                return campaigns.Pledge(account, self.dice.choice(self.campaigns), quantity, number)
            case "auction":
                return self._auction(account, instrument, quantity, number)
            case "bid" if self.auctions:
                return auctions.Bid(account, self.dice.choice(self.auctions), price, quantity, 1, number)
            case "take" if self.listed:
                return listings.Subscribe(account, self.dice.choice(self.listed), self.dice.randrange(1, 9), number)
            case _:
                side, life, prevention = (self.dice.choice(each) for each in ((0, 1), (0, 0, 0, 1, 2, 3), (0, 1, 2, 3)))
                return continuous.Place(account, instrument, side, price, quantity, number, life, prevention)

    def _agreed(self) -> c.Command:
        """Something of blocks or quotes: terms now and then, and whatever can be answered."""
        instrument = self.dice.choice(list(INSTRUMENTS))
        tick, lot, low, _, _ = INSTRUMENTS[instrument]
        kind = self.dice.choice(("terms", "propose", "answer", "ask", "quote", "take"))
        if kind == "terms":
            self.instruction += 1
            return blocks.SetBlockTerms(self.instruction, instrument, lot, 0, 0)
        account, other = self.dice.sample(list(ACCOUNTS), 2)
        at = self.dice.randrange(1 << 30)
        answered = {"answer": self.proposed, "quote": self.requests, "take": self.quoted}.get(kind, [])
        asker, named = answered[at % len(answered)] if answered else (account, 0)
        if kind in {"answer", "take"}:
            account = asker
        self.numbers[account] = number = self.numbers[account] + 1
        side, price, quantity = self.dice.randrange(2), low + tick * self.dice.randrange(3), lot * 2
        match kind:
            case "answer":
                return self.dice.choice((blocks.AcceptBlock, blocks.DeclineBlock))(account, named, number)
            case "quote":
                return quotes.GiveQuote(account, named, price, lot, 1, number)
            case "take":
                return quotes.TakeQuote(account, self.of_request.get(named, 0), named, number)
            case "ask":
                return quotes.RequestQuotes(account, instrument, side, quantity, 1, (), number)
            case _:
                return blocks.ProposeBlock(account, instrument, other, side, price, quantity, 1, number)

    def _instructed(self) -> c.Command:
        """A campaign or an auction begins, more often than it ends."""
        self.instruction += 1
        if not self.campaigns or (self.auctions and self.dice.random() < 0.5):
            auction = self.dice.choice(self.auctions)
            if self.dice.random() < 0.6:
                return auctions.BeginAuction(self.instruction, auction)
            if self.dice.random() < 0.2:
                return auctions.CallOffAuction(self.instruction, auction)
            return auctions.CloseAuction(self.instruction, auction, 9, self.dice.randbytes(32))
        kinds = (campaigns.BeginCampaign, campaigns.BeginCampaign, campaigns.CloseCampaign, campaigns.CallOffCampaign)
        return self.dice.choice(kinds)(self.instruction, self.dice.choice(self.campaigns))

    def _auction(self, account: int, instrument: int, quantity: int, number: int) -> c.Command:
        """An auction of any kind from the lowest price on, in seconds 1 to 3; an ascending one may last until 9."""
        tick, lot, low, _, _ = INSTRUMENTS[instrument]
        kind, ties = self.dice.randrange(3), self.dice.randrange(2)
        increment, extension, latest = (tick, 2, 9) if kind == auctions.ASCENDING else (0, 0, 3)
        priced, counted = (kind, low, increment), (quantity, lot, 9 * lot)
        window = (1, 3, extension, latest)
        return auctions.OpenAuction(account, instrument, *priced, *counted, ties, False, *window, number)

    def learn_from(self, outcome: Outcome) -> None:  # noqa: C901, PLR0912 - one kind of event after the other
        """Record the orders, listings and trades that *outcome* reports."""
        for event in outcome:
            match event:
                case continuous.Accepted():
                    self.open.append((event.account, event.order))
                case listings.ListingOpened():
                    self.listed.append(event.order)
                    self.open.append((event.account, event.order))
                case campaigns.CampaignOpened():
                    self.campaigns.append(event.order)
                case campaigns.Pledged():
                    self.open.append((event.account, event.order))
                case campaigns.CampaignEnded():
                    self.campaigns.remove(event.campaign)
                case blocks.BlockProposed():
                    self.proposed.append((event.counterparty, event.order))
                case quotes.QuotesRequested():
                    self.requests.append((event.account, event.order))
                case quotes.Quoted():
                    asker = next(account for account, number in self.requests if number == event.request)
                    self.quoted.append((asker, event.order))
                    self.of_request[event.order] = event.request
                case auctions.AuctionOpened():
                    self.auctions.append(event.order)
                case auctions.BidMade():
                    self.open.append((event.account, event.order))
                case auctions.AuctionEnded():
                    self.auctions.remove(event.auction)
                case e.Traded():
                    self.traded.append(event.trade)


async def journalled_commands(dsn: str) -> list[c.Command]:
    """Every command in the journal."""
    async with connected(dsn) as owner:
        rows = await owner.fetch("select commands from exchange.journal order by first")
    return [command for row in rows for command in decode_commands(row["commands"])]


async def replayed_hash(dsn: str) -> bytes:
    """The state hash after replaying the whole journal on a new engine."""
    engine = Engine()
    for command in await journalled_commands(dsn):
        engine.apply(command)
    return state_hash(engine.market)


@contextlib.asynccontextmanager
async def journal_head_locked(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Lock the journal's head row: no commit completes inside the block."""
    async with connected(dsn) as holder:
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute("select 1 from exchange.head for update")
        try:
            yield holder
        finally:
            await transaction.rollback()


async def until_blocked(holder: asyncpg.Connection, session: asyncpg.Connection) -> None:
    """Return once *session* waits for a lock that *holder* has."""
    await until(lambda: _blocked(holder, session.get_server_pid()), "the commit waits")


async def _blocked(holder: asyncpg.Connection, pid: int) -> bool:
    return bool(await holder.fetchval("select $1 = any(pg_blocking_pids($2))", holder.get_server_pid(), pid))

"""
The engine behind its journal: every group one row in PostgreSQL, committed with fsync before anybody is answered.

The journal's own database is started for this, with PostgreSQL's default of waiting for the disk. The bare engine takes
the same commands between the turns of the durable one, settlements included, so that both see the same machine. One
group commits while the next is applied, and one more waits, as in the service under load; the event loop is the
service's too. Projections are another figure's.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

import asyncpg
import uvloop

from deploy.bench.exchange.contestants import Recording, opening
from deploy.bench.exchange.stream import SLICE, operations_in, stream
from deploy.bench.figures import Figure, at_least
from deploy.migrations import every_migration
from deploy.pool import connect_pool
from deploy.postgres import server as postgres
from deploy.processes.engine import TABLES
from deploy.processes.garbage import as_served
from exchange.engine.commands import Command
from exchange.engine.core import Engine
from exchange.journal import store as journal
from exchange.journal.gateway import Connect, Gateway
from exchange.journal.recovery import recover
from exchange.market_data.compact_book import read_book
from exchange.market_data.past_books import replayed_in
from exchange.projections.projector import Projector
from registry.kit.database import Database
from registry.kit.migrate import migrate
from registry.kit.period import SHANGHAI

_MILLION = 1_000_000
_UNDER_WAY = 3
_TURN_SLICES = 40
_SHORTER = 5
"""The stream is that much shorter than the bare engine's: a turn waits for disks."""


class _Turns(NamedTuple):
    """Rates of the durable and the bare engine, turn by turn; and how many commands a row of the journal has."""

    durable: list[float]
    bare: list[float]
    group: float


def durable_100(*, seconds: float, rounds: int) -> Figure:
    """Groups of 100."""
    return _durable(100, 0.2, seconds=seconds, rounds=rounds)


def durable_1000(*, seconds: float, rounds: int) -> Figure:
    """Groups of 1,000."""
    return _durable(1_000, 0.5, seconds=seconds, rounds=rounds)


def _durable(size: int, wanted: float, *, seconds: float, rounds: int) -> Figure:
    turns = _turns_of(seconds)
    with journal_server() as dsn:
        found = [uvloop.run(_round(dsn, turns, size)) for _ in range(rounds)]
    durable = [each for one in found for each in one.durable]
    bare = [each for one in found for each in one.bare]
    share = median(mine / limit for mine, limit in zip(durable, bare, strict=True))
    return Figure(
        name=f"durable-{size}",
        what=f"commands stored and answered, {size:,} in a group",
        unit="/s",
        value=median(durable),
        limit=median(bare),
        limit_what="the bare engine on the same commands",
        share=share,
        target=at_least(share, wanted, f"≥ {wanted:.0%} of the engine"),
        rounds=rounds,
        notes={"commands in a row of the journal": median(one.group for one in found)},
    )


def projected(*, seconds: float, rounds: int) -> Figure:
    """Commands stored, answered and shown: at the end of each turn the tables have caught up with the journal."""
    turns = _turns_of(seconds)
    with journal_server() as dsn:
        found = [uvloop.run(_round(dsn, turns, 1_000, shown=True)) for _ in range(rounds)]
    shown = [each for one in found for each in one.durable]
    bare = [each for one in found for each in one.bare]
    return Figure(
        name="projected",
        what="commands stored, answered and shown in the tables, 1,000 in a group",
        unit="/s",
        value=median(shown),
        limit=median(bare),
        limit_what="the bare engine on the same commands",
        share=median(mine / limit for mine, limit in zip(shown, bare, strict=True)),
        target=None,
        rounds=rounds,
    )


def replay(*, seconds: float, rounds: int) -> Figure:
    """Commands replayed from the journal in a recovery without a snapshot, each hash checked."""
    turns = _turns_of(seconds)
    commands = sum(map(len, turns))
    with journal_server() as dsn:
        uvloop.run(_round(dsn, turns, 1_000))
        replays, bares = zip(*(uvloop.run(_replayed(dsn, turns)) for _ in range(rounds)), strict=True)
    return Figure(
        name="replay",
        what=f"commands replayed from the journal, {commands:,} of them",
        unit="/s",
        value=commands / median(replays),
        limit=commands / median(bares),
        limit_what="the bare engine on the same commands",
        share=median(bare / mine for mine, bare in zip(replays, bares, strict=True)),
        target=None,
        rounds=rounds,
    )


def book_day(*, seconds: float, rounds: int) -> Figure:
    """Seconds for a million book events of a past day, from the journal's first command to the compact file."""
    turns = _turns_of(seconds)
    with journal_server() as dsn:
        uvloop.run(_round(dsn, turns, 1_000))
        replays, _ = zip(*(uvloop.run(_replayed(dsn, turns)) for _ in range(rounds)), strict=True)
        found = [uvloop.run(_exported(dsn)) for _ in range(rounds)]
    (_, events, size) = found[0]
    took_s = median(took for took, _, _ in found)
    return Figure(
        name="book-day",
        what=f"for a million book events of a past day, {events:,} of {sum(map(len, turns)):,} commands",
        unit="s",
        value=took_s * _MILLION / events,
        limit=median(replays) * _MILLION / events,
        limit_what="the replay alone",
        share=median(replays) / took_s,
        target=None,
        rounds=rounds,
        notes={"bytes an event": size / events},
    )


async def _exported(dsn: str) -> tuple[float, int, int]:
    """Seconds for the file of today, its events and its bytes."""
    connection = await _connect(dsn)()
    try:
        with as_served():
            begun = perf_counter()
            made = await replayed_in(connection, datetime.now(SHANGHAI).date())
            took_s = perf_counter() - begun
    finally:
        await connection.close()
    return took_s, sum(len(read_book(each)[1]) for each in made.files.values()), sum(map(len, made.files.values()))


def _turns_of(seconds: float) -> list[list[Command]]:
    """The stream's commands with its settlements, as lists of a turn each."""
    slices = stream(max(SLICE, operations_in(seconds) // _SHORTER))
    recorded = Recording(slices)
    whole: list[list[Command]] = [
        [*commands, settle] for commands, settle in zip(recorded.commands, recorded.settles, strict=True)
    ]
    return [
        [command for one in whole[at : at + _TURN_SLICES] for command in one]
        for at in range(0, len(whole), _TURN_SLICES)
    ]


async def _round(dsn: str, turns: Sequence[Sequence[Command]], size: int, *, shown: bool = False) -> _Turns:
    """A fresh database and a fresh engine, turn by turn with a bare one."""
    durable, bare = [], []
    limit = Engine()
    async with _gateway(dsn, size, shown=shown) as (gateway, projector):
        for command in opening():
            limit.apply(command)
        await gateway.submit_all(opening())
        with as_served():
            for turn in turns:
                begun = perf_counter()
                await _submit(gateway, turn, size)
                if shown:
                    await projector.caught_up()
                done = perf_counter()
                for command in turn:
                    limit.apply(command)
                bare.append(len(turn) / (perf_counter() - done))
                durable.append(len(turn) / (done - begun))
        engine = gateway.engine
        assert engine is not None, "nothing went wrong"
        assert limit.market.trades == engine.market.trades, "both did the same"
        rows = await _rows(dsn)
    return _Turns(durable, bare, sum(map(len, turns)) / (rows - 1))


async def _submit(gateway: Gateway, commands: Sequence[Command], size: int) -> None:
    """Send groups, three at a time."""
    waiting: deque[asyncio.Task[object]] = deque()
    for at in range(0, len(commands), size):
        waiting.append(asyncio.create_task(gateway.submit_all(commands[at : at + size])))
        if len(waiting) == _UNDER_WAY:
            await waiting.popleft()
    for each in waiting:
        await each


async def _replayed(dsn: str, turns: Sequence[Sequence[Command]]) -> tuple[float, float]:
    connection = await _connect(dsn)()
    try:
        with as_served():
            begun = perf_counter()
            recovered = await recover(connection, await journal.journal_end(connection))
            done = perf_counter()
            limit = Engine()
            for command in (*opening(), *(each for turn in turns for each in turn)):
                limit.apply(command)
            bare = perf_counter() - done
    finally:
        await connection.close()
    assert recovered.engine.market.trades == limit.market.trades, "both did the same"
    return done - begun, bare


@contextlib.contextmanager
def journal_server() -> Iterator[str]:
    """A PostgreSQL of its own that waits for the disk, with the tables of the product."""
    folder = Path(tempfile.mkdtemp(prefix="kilnwood-bench-"))
    folder.chmod(0o755)
    try:
        dsn = postgres.start(folder / "postgres").dsn
        asyncio.run(_migrated(dsn))
        yield dsn
    finally:
        postgres.remove(folder / "postgres")
        shutil.rmtree(folder, ignore_errors=True)


async def _migrated(dsn: str) -> None:
    owner = await asyncpg.connect(dsn)
    try:
        await migrate(owner, every_migration())
        await owner.execute("insert into registry.business_clock (simulated, at) values (true, now())")
    finally:
        await owner.close()


@contextlib.asynccontextmanager
async def _gateway(dsn: str, size: int, *, shown: bool) -> AsyncIterator[tuple[Gateway, Projector]]:
    """A writer on an empty journal; with *shown*, the tables follow it."""
    owner = await asyncpg.connect(dsn)
    try:
        await owner.execute(
            "truncate exchange.journal, exchange.snapshot, exchange.request, exchange.placed, exchange.trade,"
            " exchange.position; update exchange.head set sequence = 0, hash = decode(repeat('00', 32), 'hex');"
            " update exchange.projection set sequence = 0; insert into exchange.instrument overriding system value"
            " values (1, 'SC-BENCH-0001-2024', 1, 2024, 'Bench', 'none', 1, 1, 1, 1, 0, 1, 0, true, now())"
            " on conflict do nothing; checkpoint"
        )
    finally:
        await owner.close()
    pool = await connect_pool(dsn, size=2)
    projector = Projector(Database(pool), TABLES)
    gateway = Gateway(_connect(dsn), projector.publish if shown else lambda _: None, group_limit=size)
    running = [asyncio.create_task(work) for work in (gateway.run(), projector.run())]
    try:
        await gateway.writing.wait()
        yield gateway, projector
    finally:
        gateway.stop()
        projector.stop()
        await asyncio.gather(*running)
        await pool.close()


def _connect(dsn: str) -> Connect:
    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(dsn)

    return connect


async def _rows(dsn: str) -> int:
    owner = await asyncpg.connect(dsn)
    try:
        return int(await owner.fetchval("select count(*) from exchange.journal"))
    finally:
        await owner.close()

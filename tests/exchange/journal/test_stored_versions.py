"""Databases of each version: today's service goes on from the snapshot, or says which version must end first."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from msgspec.structs import replace

from deploy.pool import connect_pool
from exchange import migrations
from exchange.engine import commands as c
from exchange.engine.core import ENGINE_VERSION
from exchange.engine.events import Reason
from exchange.engine.modes.continuous import Accepted
from exchange.instructions import store as instructions
from exchange.journal.audit import audit_in
from exchange.journal.codec import UNCHECKED_CODEC
from exchange.journal.recovery import JournalBroken, recover
from exchange.journal.store import journal_end
from tests.database import connected
from tests.simulation import trading_stack
from tests.simulation.trading_stack import TradingStack, bid

STORED = Path(__file__).parents[2] / "golden" / "stored"
VERSIONS = sorted(STORED.glob("engine-*"))
FREEING = (Path(migrations.__file__).parent / "0005_numbers.sql").read_text(encoding="utf-8").split(";")[1:-1]
"""The statements of the migration behind the one that adds a column."""
REQUEST = "insert into exchange.request values ($1, $2, 1, sha256('an order'), 1, null, null, null)"


@pytest.fixture(params=VERSIONS, ids=lambda each: each.name)
def stored(request) -> Path:
    """The folder of each version that was ever released."""
    return request.param


@pytest.fixture
async def left(server, templates, stored) -> AsyncIterator[tuple[str, Any]]:
    """A database as that version left it, by its DSN, and the journal in it."""
    written = json.loads((stored / "journal.json").read_text(encoding="utf-8"))
    async with trading_stack.market_database(server, templates["empty"]) as dsn, connected(dsn) as owner:
        for row in written["batches"]:
            await owner.execute(
                """insert into exchange.journal (first, last, epoch, codec, engine, commands, events_hash, hash, at)
                values ($1, $2, 1, $3, $4, $5, $6, $7, registry.business_now())""",
                row["first"],
                row["last"],
                written["codec"],
                written["engine"],
                bytes.fromhex(row["commands"]),
                bytes.fromhex(row["events_hash"]) if "events_hash" in row else None,
                bytes.fromhex(row["hash"]),
            )
        end = bytes.fromhex(written["batches"][-1]["hash"])
        await owner.execute(
            """insert into exchange.snapshot (sequence, codec, engine, state, state_hash, hash)
            values ($1, $2, $3, $4, $5, $6)""",
            written["sequence"],
            written["state_codec"],
            written["engine"],
            (stored / "snapshot.bin").read_bytes(),
            bytes.fromhex(written["state_hash"]),
            end,
        )
        await owner.execute("update exchange.head set epoch = 1, sequence = $1, hash = $2", written["sequence"], end)
        await owner.execute("update exchange.projection set sequence = $1", written["sequence"])
        yield dsn, written


async def test_trading_goes_on_where_an_older_version_stopped(left):
    """An order is accepted; an audit replays what is today's, and says what only the old version can check."""
    dsn, written = left
    async with await connect_pool(dsn, size=2) as pool:
        stack = TradingStack(dsn, pool)
        stack.start(projecting=False)
        await stack.gateway.writing.wait()
        traded = next(each for each in stack.engine.market.instruments.values() if not each.halted)
        lowest = bid(4, 9_000, traded.lot, -(-traded.low // traded.tick) * traded.tick)
        answer = await stack.gateway.submit(replace(lowest, instrument=traded.id))
        assert isinstance(answer.events[0], Accepted)
        assert answer.sequence > written["sequence"]
        await stack.crash()
    async with connected(dsn) as owner, owner.transaction():
        audited = await audit_in(owner)
    assert "" == audited.broken
    if written["engine"] == ENGINE_VERSION:
        assert (0, 0, 0, answer.sequence) == (audited.begins, audited.checked, audited.unchecked, audited.commands)
    else:
        old = written["sequence"]
        assert (old, answer.sequence - old) == (audited.begins, audited.commands)
        assert ((0, old) if written["codec"] == UNCHECKED_CODEC else (old, 0)) == (audited.checked, audited.unchecked)


@pytest.mark.parametrize("stored", VERSIONS[:-1], indirect=True, ids=lambda each: each.name)
async def test_a_tail_of_an_older_version_is_refused_with_the_command_that_finishes_it(left):
    """Without the snapshot of a clean stop, only the engine that wrote the rows may carry them out again."""
    dsn, written = left
    async with connected(dsn) as owner:
        await owner.execute("delete from exchange.snapshot")
        release = rf"With Kilnwood 0\.{written['engine']} on this database run 'kilnwood serve'"
        with pytest.raises(JournalBroken, match=release):
            await recover(owner, await journal_end(owner))


@pytest.mark.parametrize("stored", VERSIONS[:-1], indirect=True, ids=lambda each: each.name)
async def test_an_account_that_an_older_version_locked_trades_again(left):
    """It had used the largest number of all. The instruction that the migration stores lets it go on behind 40."""
    dsn, written = left
    locked = 4
    async with connected(dsn) as owner:
        await lock_out(owner, written["state_codec"], locked)
        for number in (7, 40, 2**53 - 1):
            await owner.execute(REQUEST, locked, number)
        await owner.execute(REQUEST, locked + 1, 55)
        for statement in FREEING:
            await owner.execute(statement)
        (waiting,) = await instructions.waiting(owner, 9)
    assert c.RestartNumbers(waiting.id, locked, 40) == waiting.command
    async with await connect_pool(dsn, size=2) as pool:
        stack = TradingStack(dsn, pool)
        stack.start(projecting=False)
        await stack.gateway.writing.wait()
        outcomes = [
            (await stack.gateway.submit(command)).events[0]
            for command in (c.Cancel(locked, 1, 41), waiting.command, c.Cancel(locked, 1, 41), c.Cancel(locked, 1, 40))
        ]
        await stack.crash()
    assert [Reason.STALE_CLIENT_ORDER_ID, None, Reason.NOT_OPEN, Reason.STALE_CLIENT_ORDER_ID] == [
        getattr(each, "reason", None) for each in outcomes
    ]


async def lock_out(owner: asyncpg.Connection, layout: int, account: int) -> None:
    """Make the stored snapshot, in its old layout, one in which an account has used the largest number."""
    state = msgspec.msgpack.decode(await owner.fetchval("select state from exchange.snapshot"))
    (stands,) = (each for each in state[4] if each[0] == account)
    stands[3] = 2**53 - 1
    state[2] = 0  # its last instruction: this database has had none
    assert layout in {1, 2, 3}, "layouts that have the last number there"
    changed = msgspec.msgpack.encode(state)
    digest = hashlib.sha256(changed).digest()
    await owner.execute("update exchange.snapshot set state = $1, state_hash = $2", changed, digest)

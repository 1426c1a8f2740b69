"""A child that replays the journal to the end of one day, and writes what became of the orders of every book."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping
from datetime import date
from typing import Final

import asyncpg
import msgspec
import structlog

from deploy.pool import connecting
from deploy.processes.children import DSN_VARIABLE, REFUSED_EXIT, until_parent_ends
from deploy.processes.tasks import cancelled
from exchange.journal.recovery import JournalBroken
from exchange.market_data.past_books import DayNotKept, TooManyEvents, replayed_in

log = structlog.get_logger()

COMMAND: Final = "book-day"
NICENESS: Final = 10
"""Whoever trades goes first, and so do snapshots."""
MOST_BYTES: Final = 256_000_000
"""The files of one day together, as the child writes them; they are read into memory."""
BROKEN_EXIT: Final = 4
"""Exit code where the journal does not replay to its own hashes."""
_OTHER_VERSION: Final = REFUSED_EXIT
_READ_BYTES: Final = 1 << 20


async def in_child(dsn: str, day: date, *, environment: Mapping[str, str] | None = None) -> Mapping[str, bytes]:
    """
    The files of a day by instrument, made by a process of its own, which ends when this call is given up.

    Its settings come from *environment*, if omitted from this process's. Raises `DayNotKept`, `JournalBroken`,
    `TooManyEvents` above `MOST_BYTES`, and `EOFError` where the process failed; its last line in the log says why.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy", COMMAND, day.isoformat()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_READ_BYTES,
        env={**(os.environ if environment is None else environment), DSN_VARIABLE: dsn},
    )
    assert child.stdout is not None, "it is a pipe"
    try:
        made = await _read(child.stdout, day)
        code = await child.wait()
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if code == _OTHER_VERSION:
        raise DayNotKept(f"another version wrote what led to {day}")
    if code == BROKEN_EXIT:
        raise JournalBroken(f"The journal does not replay to the end of {day}; the line before in the log says where.")
    if code:
        raise EOFError(f"the process that replays {day} ended with {code}")
    return await asyncio.to_thread(msgspec.msgpack.decode, made, type=dict[str, bytes])


async def _read(pipe: asyncio.StreamReader, day: date) -> bytearray:
    """All that the child writes. Raises `TooManyEvents`."""
    made = bytearray()
    while part := await pipe.read(_READ_BYTES):
        made += part
        if len(made) > MOST_BYTES:
            raise TooManyEvents(f"the files of {day} are larger than {MOST_BYTES:,} bytes together")
    return made


async def run_as_child(day: date) -> int:
    """Write the files of *day* to standard output, as MessagePack; returns the exit code."""
    os.nice(NICENESS)
    stop = asyncio.Event()
    until_parent_ends(stop)
    making, stopping = asyncio.create_task(_made(day)), asyncio.create_task(stop.wait())
    await asyncio.wait((making, stopping), return_when=asyncio.FIRST_COMPLETED)
    await cancelled(stopping)
    if not making.done():
        await cancelled(making)
        return 0
    try:
        sys.stdout.buffer.write(msgspec.msgpack.encode(making.result()))
    except DayNotKept:
        return _OTHER_VERSION
    except JournalBroken as error:
        log.error("journal_broken", reason=str(error))  # noqa: TRY400 - the reason says all
        return BROKEN_EXIT
    return 0


async def _made(day: date) -> dict[str, bytes]:
    connection = await asyncpg.connect(os.environ[DSN_VARIABLE], **connecting("kilnwood_api"))
    try:
        return (await replayed_in(connection, day)).files
    finally:
        connection.terminate()

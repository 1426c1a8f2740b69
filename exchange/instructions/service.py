"""
Instructions are stored first and then given to the engine, in the order of their numbers and each once.

They are stored in the transaction of the caller, together with what belongs to them (a hold in the registry, an
idempotency key). The one teller gives them to the engine. A crash between the two leaves the instruction waiting, and
the next start tells it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from exchange.engine.commands import Command
from exchange.instructions import rules, store
from exchange.journal.gateway import Gate, NotTrading
from exchange.journal.refusals import CORE, Refusals
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.supervise import Supervisor
from schemas.access import Call

AT_ONCE: Final = 500
RETRY_S: Final = 0.2
LOOK_EVERY_S: Final = 1.0
"""A process that stored an instruction may have lost the answer to that commit, and then wakes nobody."""
CARRIED_OUT_TIMEOUT_S: Final = 10.0
_refusals: Final = Refusals((CORE,))


async def store_in(
    tx: Tx, command: Command, *, by: Call | None, remark: str = "", bank_reference: str | None = None
) -> int:
    """
    Store an instruction; returns its number. Call it last in the transaction, after every other lock.

    *command* has 0 in the place of its number. *by* is None for an instruction of the exchange itself.
    """
    assert getattr(command, "instruction", None) == 0, "an instruction, whose number is given here"
    person_id = by.by.person_id if by else None
    return await store.insert(
        tx, command, rules.columns_of(command), remark=remark, person_id=person_id, bank_reference=bank_reference
    )


async def turn_in(tx: Tx) -> None:
    """
    Let nobody store an instruction before this transaction does.

    For decisions that depend on what was instructed before. Every other lock is taken before, and what is read
    afterwards includes all that others have stored.
    """
    await store.turn(tx)


async def refuse_in(tx: Tx, number: int, refusals: Refusals = _refusals) -> None:
    """Raise the refusal of an instruction that the engine refused; *refusals* has those of a mode, where it has any."""
    outcome = await store.outcome(tx, number)
    if outcome.reason is not None:
        raise refusals.of(outcome.reason, outcome.wanted, outcome.bound)


Work = Callable[[Tx], Awaitable[Written[int]]]
"""Stores one instruction, with whatever goes with it, and returns its number."""


class Follower(Protocol):
    """The projector, which knows how far the tables follow the journal."""

    async def caught_up(self) -> None:
        """Wait until the tables show what was committed."""


class Teller:
    """
    Tells stored instructions to the engine, in their order, each once.

    Where another process has the engine, its teller does that: *wake* tells it to look, and this one waits.
    """

    def __init__(
        self, db: Database, gateway: Gate, tables: Follower, *, wake: Callable[[], None] = lambda: None
    ) -> None:
        self._db = db
        self._gateway = gateway
        self._tables = tables
        self._wake_elsewhere = wake
        self._woken = asyncio.Event()
        self._moved = asyncio.Condition()
        self._last = 0
        self.supervisor = Supervisor(
            "teller", "Deposits, withdrawals and halts are stored and not carried out", retry_s=RETRY_S
        )

    async def tell_once(self, work: Work, *, call: Call) -> int:
        """
        Store an instruction once, however often *call* is sent, and wait until it is carried out; returns its number.

        Raises what *work* does, and `NotTrading`. That the engine refused it is for `refuse_in` to say.
        """

        async def again(_: Tx, number: str) -> int:
            return int(number)

        number = await once(self._db, call, work, again)
        await self.carried_out(number)
        return number

    async def carried_out(self, number: int) -> None:
        """
        Wait until the engine has carried an instruction out or refused it, and the tables show it.

        Raises `NotTrading`. A request that is sent again may ask for one that an earlier process gave.
        """
        self.look()
        self._wake_elsewhere()
        if await self._is_carried_out(number):
            return
        try:
            async with asyncio.timeout(CARRIED_OUT_TIMEOUT_S), self._moved:
                await self._moved.wait_for(lambda: self._last >= number)
        except TimeoutError as error:
            raise NotTrading(
                f"Instruction {number} is stored and will be carried out; the exchange is not answering right now. "
                "Send the same request again with the same Idempotency-Key to see what it came to.",
                retry_after_s=1,
            ) from error
        await self._tables.caught_up()

    async def _is_carried_out(self, number: int) -> bool:
        async with self._db.reading() as tx:
            return (await store.outcome(tx, number)).state != "stored"

    async def run(self) -> None:
        """Tell what is stored, and then whatever comes, until `stop`."""
        await self.supervisor.run(self._step)

    async def _step(self) -> None:
        self._woken.clear()
        more = await self._tell()
        self.supervisor.well()
        if not more and not self.supervisor.stopping:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._woken.wait()

    def look(self) -> None:
        """Look now for what was stored; it is looked for every second anyway."""
        self._woken.set()

    def stop(self) -> None:
        """Tell nothing more."""
        self.supervisor.stop()
        self._woken.set()

    async def _tell(self) -> bool:
        trading = self._gateway.writing.is_set()
        await self._tables.caught_up()  # what was given before is not waiting any more
        async with self._db.reading() as tx:
            newest = await store.newest(tx)
            waiting = await store.waiting(tx, AT_ONCE)
        fresh = [each for each in waiting if each.id > self._last]
        if fresh and not trading:  # another process tells them, or this one when it has recovered
            if await self._reach(fresh[0].id - 1):
                return True
            raise NotTrading("Instructions wait for a writer.")
        if fresh:
            await self._gateway.submit_all([each.command for each in fresh])
        more = len(waiting) == AT_ONCE
        last = fresh[-1].id if fresh else 0
        await self._reach(max(last, 0 if more else newest))
        return more

    async def _reach(self, number: int) -> bool:
        """
        End every wait for an instruction up to *number*; returns whether that is further than before.

        What is stored before the first that waits was carried out, perhaps by another process.
        """
        async with self._moved:
            moved = number > self._last
            self._last = max(self._last, number)
            self._moved.notify_all()
        return moved

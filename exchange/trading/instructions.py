"""
What the operator, the regulator, the registry and the bank have to say: stored first, then told to the engine.

Whoever has an instruction stores it in its own transaction, together with whatever it goes with (a hold in the
registry, an idempotency key). One clerk tells them to the engine in the order of their numbers. A crash between the two
leaves the instruction waiting, and the next start tells it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import structlog

from exchange.engine import commands as c
from exchange.trading.gateway import Gateway, NotTrading
from exchange.trading.patience import Patience
from exchange.trading.projector import Projector
from exchange.trading.refusals import refusal_of
from registry.kit import sql
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written
from registry.kit.problems import DomainError
from schemas.access import Call

log = structlog.get_logger()

_sql = sql.load(__package__, "instructions.sql")
AT_ONCE: Final = 500
RETRY_S: Final = 0.2
LOOK_EVERY_S: Final = 1.0
"""Whoever stored an instruction may have lost the answer to that commit, and poke nobody."""
CARRIED_OUT_TIMEOUT_S: Final = 10.0


class Instruction(NamedTuple):
    """One instruction to be stored. *amount* is fen or tonnes, by its kind."""

    kind: str
    account_id: int | None = None
    group_id: int | None = None
    instrument_id: int | None = None
    amount: int | None = None
    low_fen: int | None = None
    high_fen: int | None = None
    remark: str = ""


async def store_in(tx: Tx, instruction: Instruction, *, by: Call | None) -> int:
    """Store an instruction; answers its number. Call it last in the transaction, after every other lock."""
    number = int(await tx.fetchval(_sql.number))
    person = by.by.person_id if by else None
    await tx.execute(_sql.insert, number, *instruction, person)
    return number


async def refuse_in(tx: Tx, number: int) -> None:
    """Raise what an instruction was refused for, if it was."""
    row = await tx.fetchrow(_sql.answer, number)
    if row is not None and row["reason"] is not None:
        raise refusal_of(row["reason"], row["wanted"], row["bound"])


Work = Callable[[Tx], Awaitable[Written[int]]]
"""What stores one instruction, with whatever goes with it, and answers its number."""


class Clerk:
    """Tells stored instructions to the engine, in their order, each once."""

    def __init__(self, db: Database, gateway: Gateway, projector: Projector) -> None:
        self._db = db
        self._gateway = gateway
        self._projector = projector
        self._poked = asyncio.Event()
        self._told = asyncio.Condition()
        self._last = 0
        self._stopping = False
        self.patience = Patience("Deposits, withdrawals and halts are stored and not carried out")

    async def carried_out(self, number: int) -> None:
        """
        Wait until the engine has answered an instruction and the tables show it. Raises `NotTrading`.

        Whoever sends a request again may ask for one that was answered before this process was there.
        """
        self._poked.set()
        async with self._db.reading() as tx:
            stored = await tx.fetchrow(_sql.answer, number)
        if stored is not None and stored["state"] != "stored":
            return
        try:
            async with asyncio.timeout(CARRIED_OUT_TIMEOUT_S), self._told:
                await self._told.wait_for(lambda: self._last >= number)
        except TimeoutError as error:
            raise NotTrading(
                f"Instruction {number} is stored and will be carried out; the exchange is not answering right now. "
                "Send the same request again with the same Idempotency-Key to see what it came to.",
                retry_after_s=1,
            ) from error
        await self._projector.caught_up()

    async def run(self) -> None:
        """Tell what is stored, and then whatever comes, until `stop`."""
        while not self._stopping:
            self._poked.clear()
            try:
                more = await self._tell()
                self.patience.well()
            except DomainError as error:  # no writer or no database just now
                if self.patience.failed():
                    log.warning("instructions_postponed", reason=error.slug)
                await asyncio.sleep(RETRY_S)
                continue
            except Exception:
                log.exception("instructions_failed")
                self.patience.failed()
                await asyncio.sleep(RETRY_S)
                continue
            if not more:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._poked.wait()

    def stop(self) -> None:
        """Tell nothing more."""
        self._stopping = True
        self._poked.set()

    async def _tell(self) -> bool:
        trading = self._gateway.writing.is_set()
        await self._projector.caught_up()  # what was told before is not waiting any more
        async with self._db.reading() as tx:
            newest = int(await tx.fetchval(_sql.newest))
            rows = await tx.fetch(_sql.waiting, AT_ONCE)
        fresh = [row for row in rows if row["id"] > self._last]
        if fresh and not trading:  # another process tells them, or this one when it has recovered
            raise NotTrading("Instructions wait for a writer.")
        if fresh:
            await self._gateway.submit_all([_command(**row) for row in fresh])
        more = len(rows) == AT_ONCE
        last = fresh[-1]["id"] if fresh else 0
        async with self._told:  # what does not wait was carried out, perhaps by a process before this one
            self._last = max(self._last, last, 0 if more else newest)
            self._told.notify_all()
        return more


def _command(  # noqa: PLR0911, PLR0917 - a row; one kind a line
    id: int,  # noqa: A002 - the column's name
    kind: str,
    account_id: int,
    group_id: int,
    instrument_id: int,
    amount: int,
    low_fen: int,
    high_fen: int,
    tick_fen: int,
    lot_t: int,
    fee_bps: int,
) -> c.Command:
    """The engine's command for a stored instruction."""
    match kind:
        case "open_instrument":
            return c.OpenInstrument(
                id, instrument_id, tick_fen, lot_t, low_fen, high_fen, fee_bps, account_id, group_id
            )
        case "set_band":
            return c.SetBand(id, instrument_id, low_fen, high_fen)
        case "halt" | "resume":
            return c.Halt(id, instrument_id, c.HALTED_BY_OPERATOR, kind == "halt")
        case "halt_regulator" | "resume_regulator":
            return c.Halt(id, instrument_id, c.HALTED_BY_REGULATOR, kind == "halt_regulator")
        case "halt_frozen" | "resume_frozen":
            return c.Halt(id, instrument_id, c.HALTED_BY_FREEZE, kind == "halt_frozen")
        case "freeze" | "unfreeze":
            return c.Freeze(id, account_id, kind == "freeze")
        case "credit_cash":
            return c.CreditCash(id, account_id, group_id, amount)
        case "credit_tonnes":
            return c.CreditTonnes(id, account_id, group_id, instrument_id, amount)
        case "debit_cash":
            return c.DebitCash(id, account_id, amount)
        case _:
            assert kind == "debit_tonnes", kind
            return c.DebitTonnes(id, account_id, instrument_id, amount)

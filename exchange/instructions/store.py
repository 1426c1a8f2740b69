"""Instructions in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from exchange.engine.commands import Command
from exchange.instructions.rules import Columns, command_of, encoded
from registry.kit import sql
from registry.kit.database import Tx, affected, fetch_one

_sql = sql.load(__package__)


class InstructionOutcome(NamedTuple):
    """How far an instruction is: its state, and the refusal's reason with its two numbers."""

    state: str
    reason: int | None
    wanted: int
    bound: int


class Waiting(NamedTuple):
    """An instruction that the engine has not carried out yet."""

    id: int
    command: Command


class Booked(NamedTuple):
    """Money that was booked under a reference of the bank."""

    id: int
    account_id: int
    amount_fen: int
    at: datetime


async def turn(tx: Tx) -> None:
    """Wait until nobody else stores an instruction, and let nobody until the transaction ends."""
    await tx.execute(_sql.turn)


async def insert(
    tx: Tx, command: Command, columns: Columns, *, remark: str, person_id: int | None, bank_reference: str | None
) -> int:
    """Store an instruction under the next number; every other lock is taken before."""
    number = int(await tx.fetchval(_sql.number))
    await tx.execute(
        _sql.insert,
        number,
        columns.kind,
        columns.account_id,
        columns.instrument_id,
        columns.amount,
        encoded(command),
        remark,
        person_id,
        bank_reference,
    )
    return number


async def booked(tx: Tx, bank_reference: str) -> Booked | None:
    """What was booked under a reference of the bank, unless the engine refused it."""
    row = await tx.fetchrow(_sql.booked, bank_reference)
    return Booked(*row.values()) if row else None


async def waiting(tx: Tx, limit: int) -> list[Waiting]:
    """What waits to be carried out, in the order of the numbers."""
    return [Waiting(row["id"], command_of(dict(row))) for row in await tx.fetch(_sql.waiting, limit)]


async def newest(tx: Tx) -> int:
    """The largest number; every number up to it is committed."""
    return int(await tx.fetchval(_sql.newest))


async def outcome(tx: Tx, number: int) -> InstructionOutcome:
    """How far one instruction is."""
    row = await fetch_one(tx, _sql.outcome, number)
    return InstructionOutcome(row["state"], row["reason"], row["wanted"] or 0, row["bound"] or 0)


async def answer(tx: Tx, answers: Mapping[int, Sequence[object]]) -> None:
    """Note what instructions came to, by number: state, reason and the refusal's two numbers."""
    if answers:
        rows = [(number, *each) for number, each in answers.items()]
        await tx.execute(_sql.answer, *(list(column) for column in zip(*rows, strict=True)))


async def release(tx: Tx, number: int) -> bool:
    """Note that the registry gave the tonnes of an instruction back; False where somebody else noted it first."""
    return affected(await tx.execute(_sql.release, number)) == 1


async def frozen_accounts(tx: Tx) -> set[int]:
    """The accounts whose last freeze instruction, carried out or waiting, freezes them."""
    rows = await tx.fetch(_sql.last_freezes)
    return {row["account_id"] for row in rows if getattr(command_of(dict(row)), "on", False)}

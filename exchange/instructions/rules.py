"""
How an instruction is stored, in every version ever released. Pure.

An instruction is the engine's own command, encoded as the journal encodes it, with 0 in the place of its number. Rows
of the first version, and those that a migration stores, have no command: kind and columns say what it is (`_BY_KIND`).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from msgspec import structs

from exchange.engine import commands as c
from exchange.engine.commands import Command
from exchange.journal import codec

Row = Mapping[str, Any]


class Columns(NamedTuple):
    """What stands beside the command for people and for queries. *amount* is fen or tonnes."""

    kind: str
    account_id: int | None
    instrument_id: int | None
    amount: int | None


def columns_of(command: Command) -> Columns:
    """The columns of a command: its kind is its name in small letters, ``credit_cash``."""
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(command).__name__).lower()
    amount = getattr(command, "amount", None) or getattr(command, "quantity", None)
    return Columns(kind, getattr(command, "account", None), getattr(command, "instrument", None), amount)


def encoded(command: Command) -> bytes:
    """The command as it is stored."""
    return codec.encode_commands((command,))


def command_of(row: Row) -> Command:
    """The command of a stored row, with the row's number. Raises `msgspec.DecodeError`."""
    if row["command"] is None:
        return _BY_KIND[row["kind"]](row)
    (command,) = codec.decode_commands(row["command"])
    return structs.replace(command, instruction=row["id"])  # type: ignore[type-var]  # every command is a struct


def _halt(cause: int, *, on: bool) -> Callable[[Row], Command]:
    return lambda row: c.Halt(row["id"], row["instrument_id"], cause, on)


_BY_KIND: Final[dict[str, Callable[[Row], Command]]] = {
    "open_instrument": lambda row: c.OpenInstrument(
        row["id"],
        row["instrument_id"],
        row["tick_fen"],
        row["lot_t"],
        row["low_fen"],
        row["high_fen"],
        row["fee_bps"],
        row["account_id"],
        row["group_id"],
    ),
    "set_band": lambda row: c.SetBand(row["id"], row["instrument_id"], row["low_fen"], row["high_fen"]),
    "halt": _halt(c.HALTED_BY_OPERATOR, on=True),
    "resume": _halt(c.HALTED_BY_OPERATOR, on=False),
    "halt_regulator": _halt(c.HALTED_BY_REGULATOR, on=True),
    "resume_regulator": _halt(c.HALTED_BY_REGULATOR, on=False),
    "halt_frozen": _halt(c.HALTED_BY_FREEZE, on=True),
    "resume_frozen": _halt(c.HALTED_BY_FREEZE, on=False),
    "freeze": lambda row: c.Freeze(row["id"], row["account_id"], on=True),
    "unfreeze": lambda row: c.Freeze(row["id"], row["account_id"], on=False),
    "credit_cash": lambda row: c.CreditCash(row["id"], row["account_id"], row["group_id"], row["amount"]),
    "credit_tonnes": lambda row: c.CreditTonnes(
        row["id"], row["account_id"], row["group_id"], row["instrument_id"], row["amount"]
    ),
    "debit_cash": lambda row: c.DebitCash(row["id"], row["account_id"], row["amount"]),
    "restart_numbers": lambda row: c.RestartNumbers(row["id"], row["account_id"], row["amount"] or 0),
    "debit_tonnes": lambda row: c.DebitTonnes(row["id"], row["account_id"], row["instrument_id"], row["amount"]),
}

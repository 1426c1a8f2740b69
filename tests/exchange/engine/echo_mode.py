"""
A mode for tests: an account says a number, and the engine says it again.

It proves that a mode needs nothing but its module and a line in the tables.
"""

from enum import IntEnum
from typing import Final

from msgspec import Struct

from exchange.engine.events import Event, Refused
from exchange.engine.market import Market, caller, refused
from exchange.engine.modes import EngineMode

LOUDEST: Final = 1_000


class EchoReason(IntEnum):
    """Why a number is not said again."""

    TOO_LOUD = 9_900


class Echo(Struct, array_like=True, gc=False, frozen=True, tag=9_901):
    """Say *number* again."""

    account: int
    number: int
    client_order_id: int


class Echoed(Struct, array_like=True, gc=False, frozen=True, tag=9_901):
    """*number* was said."""

    account: int
    number: int
    client_order_id: int


def echo(market: Market, command: Echo) -> list[Event]:
    """Say a number again, if it is not too loud."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    if command.number > LOUDEST:
        return [refused(account, EchoReason.TOO_LOUD, command.number, LOUDEST)]
    return [Echoed(account.id, command.number, command.client_order_id)]


MODE: Final = EngineMode("echo", {Echo: echo}, (Echoed,), EchoReason)

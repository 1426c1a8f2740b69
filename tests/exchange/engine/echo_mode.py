"""
A mode for tests: an account says a number, and the engine says it again, if need be many times.

It proves that a mode needs nothing but its module and a line in the tables: it has a command, an event, a reason, state
of its own in its second layout, and work that is done in steps.
"""

from collections import Counter
from collections.abc import Mapping
from enum import IntEnum
from typing import ClassVar, Final

from msgspec import Struct

from exchange.engine.events import Event, Refused
from exchange.engine.market import Market, caller, refused
from exchange.engine.modes import EngineMode

LOUDEST: Final = 1_000
AT_ONCE: Final = 10


class EchoReason(IntEnum):
    """Why a number is not said again."""

    TOO_LOUD = 9_900


class Echo(Struct, array_like=True, gc=False, frozen=True, tag=9_901):
    """Say *number* again, so many *times*."""

    account: int
    number: int
    client_order_id: int
    times: int = 1


class Echoed(Struct, array_like=True, gc=False, frozen=True, tag=9_901):
    """*number* was said."""

    account: int
    number: int
    client_order_id: int


class Sounding(Struct, array_like=True, frozen=True, tag=9_901):
    """What is still to be said again."""

    command: Echo


class FirstStoredEchoes(Struct, array_like=True):
    """The first layout of the state: how often anything was said, by nobody knows whom."""

    times: int


class StoredEchoes(Struct, array_like=True):
    """How often each account had something said again."""

    times: list[tuple[int, int]]


class Echoes:
    """How often each account had something said again. What the first layout had is account 0's."""

    layouts: ClassVar[Mapping[int, type[Struct]]] = {1: FirstStoredEchoes, 2: StoredEchoes}

    def __init__(self) -> None:
        self.times: Counter[int] = Counter()

    def open_in(self, _: int) -> tuple[()]:
        """Nothing said is ever open."""
        return ()

    def dump(self) -> StoredEchoes | None:
        """Return them by account; nothing before the first."""
        return StoredEchoes(sorted(self.times.items())) if self.times else None

    def load(self, market: Market, stored: FirstStoredEchoes | StoredEchoes) -> None:
        """Take on what a snapshot has, in either layout."""
        assert market.sequence, "the rest of the market is there already"
        self.times.update({0: stored.times} if isinstance(stored, FirstStoredEchoes) else dict(stored.times))


def echo(market: Market, command: Echo) -> list[Event]:
    """Say a number again, if it is not too loud."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    if command.number > LOUDEST:
        return [refused(command, EchoReason.TOO_LOUD, command.number, LOUDEST)]
    return sound(market, Sounding(command))


def sound(market: Market, rest: Sounding) -> list[Event]:
    """Say it again as often as one step goes."""
    command = rest.command
    times = min(command.times, AT_ONCE)
    market.parts["echo"].times[command.account] += times
    left = Echo(command.account, command.number, command.client_order_id, command.times - times)
    market.unfinished = Sounding(left) if left.times else None
    return [Echoed(command.account, command.number, command.client_order_id)] * times


MODE: Final = EngineMode("echo", {Echo: echo}, (Echoed,), EchoReason, {Sounding: sound}, Echoes)

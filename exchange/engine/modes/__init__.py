"""
The modes of matching, each in a module that owns its commands, its events and their handlers.

A mode is known to the engine by one line in `exchange.engine.core.MODES`. The journal and the snapshots build their
decoders from that same table.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

from msgspec import Struct

from exchange.engine.accounts import OpenOrder
from exchange.engine.events import Event
from exchange.engine.market import Market

Handler: TypeAlias = Callable[[Market, Any], list[Event]]
"""Carries out one kind of command, or refuses it. The market's sequence is already that of the command."""
Step: TypeAlias = Callable[[Market, Any], list[Event]]
"""
Does one more step of what is unfinished, and leaves in `Market.unfinished` what remains, or None.

The last step emits the final event.
"""


class StatePart(Protocol):
    """
    What a market has of one mode; made without arguments, it has nothing yet.

    *layouts* are those in which snapshots have it, by version. Each version ever released stays.
    """

    layouts: ClassVar[Mapping[int, type[Struct]]]

    def open_in(self, instrument: int) -> Iterable[OpenOrder]:
        """Return what is open of it in an instrument, beside the book."""

    def dump(self) -> Struct | None:
        """
        Return it in its one spelling; None if there is nothing.

        That is the newest layout, or an older one where what the newer ones added has nothing.
        """

    def load(self, market: Market, stored: Any) -> None:  # noqa: ANN401 - one of its layouts
        """Take on what a snapshot has, in any of the layouts. Accounts, instruments and books are there already."""


class EngineMode(NamedTuple):
    """
    What the engine needs to know of a mode.

    *handlers* has every kind of command that the mode owns. *reasons* are those of its refusals that are not in
    `exchange.engine.events.Reason`. *steps* carry on what is unfinished, by the type of what remains; *part* is the
    mode's own state. A mode that is given up keeps its line while any journal or snapshot has something of it.
    """

    name: str
    handlers: Mapping[type[Any], Handler]
    events: tuple[type[Any], ...]
    reasons: type[IntEnum] | None = None
    steps: Mapping[type[Any], Step] = MappingProxyType({})
    part: type[StatePart] | None = None

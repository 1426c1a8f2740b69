"""
The modes of matching, each in a module that owns its commands, its events and their handlers.

A mode is known to the engine by one line in `exchange.engine.core.MODES`. The journal builds its decoders from that
same table.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

from exchange.engine.events import Event
from exchange.engine.market import Market

Handler: TypeAlias = Callable[[Market, Any], list[Event]]
"""Carries out one kind of command, or refuses it. The market's sequence is already that of the command."""


class EngineMode(NamedTuple):
    """
    What the engine needs to know of a mode.

    *handlers* has every kind of command that the mode owns. *reasons* are those of its refusals that are not in
    `exchange.engine.events.Reason`.
    """

    name: str
    handlers: Mapping[type[Any], Handler]
    events: tuple[type[Any], ...]
    reasons: type[IntEnum] | None = None
    part: Callable[[], object] | None = None

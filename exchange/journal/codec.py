"""
How commands and events become the journal's bytes, and the hash that chains one batch to the next. Pure.

Versions of a row: codec 1 (engine 1) chained SHA-256(before || commands || events) and stored no hash of its events, so
that only the engine that wrote such a row can check it. Codec 2 stores SHA-256(events) and chains over that: a row can
be checked without being executed, whichever engine wrote it.
"""

import functools
import hashlib
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from exchange.engine.commands import Command
from exchange.engine.core import MODES, any_of, command_types
from exchange.engine.events import Event
from exchange.engine.modes import EngineMode

CODEC: Final = 2
"""MessagePack arrays; the first element of each command is the number of its kind."""
UNCHECKED_CODEC: Final = 1
"""Rows of this codec cannot be checked without the engine that wrote them."""
GENESIS: Final = bytes(32)

_encoder = msgspec.msgpack.Encoder()

Outcome = list[Event]
"""The events of one command."""


def encode_commands(commands: Sequence[Command]) -> bytes:
    """The commands of a batch as they are stored."""
    return _encoder.encode(commands)


def decode_commands(stored: bytes, modes: Sequence[EngineMode] = MODES) -> tuple[Command, ...]:
    """The commands of a stored batch, of the core and of *modes*. Raises `msgspec.DecodeError`."""
    commands: tuple[Command, ...] = _decoder(command_types(modes)).decode(stored)
    return commands


@functools.cache
def _decoder(kinds: tuple[type[Any], ...]) -> "msgspec.msgpack.Decoder[Any]":
    return msgspec.msgpack.Decoder(tuple.__class_getitem__((any_of(kinds), ...)))


def hash_events(outcomes: Sequence[Outcome]) -> bytes:
    """SHA-256 of everything that a batch led to."""
    return hashlib.sha256(_encoder.encode(outcomes)).digest()


def chain(before: bytes, commands: bytes, events_hash: bytes) -> bytes:
    """SHA-256(*before* || commands || SHA-256(events)): an altered batch, or one that replays otherwise, breaks it."""
    return hashlib.sha256(before + commands + events_hash).digest()


def digest(command: Command) -> bytes:
    """SHA-256 of a command's bytes, which tells it from another one under the same number."""
    return hashlib.sha256(_encoder.encode(command)).digest()

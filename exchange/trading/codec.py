"""How commands and events become the journal's bytes, and the hash that chains one batch to the next. Pure."""

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from exchange.engine.commands import Command
from exchange.engine.core import any_of, command_types
from exchange.engine.events import Event

CODEC: Final = 1
"""MessagePack arrays; the first element of each command is the number of its kind."""
GENESIS: Final = bytes(32)

_encoder = msgspec.msgpack.Encoder()
_commands = msgspec.msgpack.Decoder(tuple.__class_getitem__((any_of(command_types()), ...)))

Outcome = list[Event]
"""What one command came to."""


def encode_commands(commands: Sequence[Command]) -> bytes:
    """The commands of a batch as they are stored."""
    return _encoder.encode(commands)


def decode_commands(stored: bytes) -> tuple[Command, ...]:
    """The commands of a stored batch. Raises `msgspec.DecodeError`."""
    commands: tuple[Command, ...] = _commands.decode(stored)
    return commands


def chain(before: bytes, commands: bytes, outcomes: Sequence[Outcome]) -> bytes:
    """SHA-256(*before* || commands || events): an altered batch, or one that replays otherwise, breaks the chain."""
    return hashlib.sha256(before + commands + _encoder.encode(outcomes)).digest()


def digest(command: Command) -> bytes:
    """What tells one command of an account from another: SHA-256 of its bytes."""
    return hashlib.sha256(_encoder.encode(command)).digest()

"""What callers submit, and the groups that it is stored in."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain, repeat
from typing import NamedTuple

from msgspec import Struct

from exchange.engine.commands import Command
from exchange.engine.events import Event
from exchange.journal.codec import Outcome


class Answer(Struct, array_like=True, gc=False, frozen=True):
    """One command that is stored for good: its sequence, its events, and the business time of its commit."""

    sequence: int
    events: list[Event]
    at: datetime


class Submission:
    """Commands of one caller, who waits for their answers. *sequences* and *outcomes* are those of the applied ones."""

    __slots__ = ("answer", "commands", "outcomes", "sequences")

    def __init__(self, commands: Sequence[Command]) -> None:
        self.commands = commands
        self.sequences: list[range] = []
        self.outcomes: list[Outcome] = []
        self.answer: asyncio.Future[Iterator[Answer]] = asyncio.get_running_loop().create_future()

    def succeed(self, at: datetime) -> None:
        """Answer the caller, unless it has gone."""
        if not self.answer.done():
            self.answer.set_result(map(Answer, chain.from_iterable(self.sequences), self.outcomes, repeat(at)))


class CommandGroup:
    """A batch in the making: what was applied in memory and is to be stored. *finished* are answered by its commit."""

    __slots__ = ("commands", "events", "finished", "first", "outcomes")

    def __init__(self, first: int) -> None:
        self.first = first
        self.finished: list[Submission] = []
        self.commands: list[Command] = []
        self.outcomes: list[Outcome] = []
        self.events = 0

    def add(self, commands: Sequence[Command], outcomes: Sequence[Outcome]) -> None:
        """More commands with the events of each."""
        self.commands.extend(commands)
        self.outcomes.extend(outcomes)
        self.events += sum(map(len, outcomes))


class Row(NamedTuple):
    """What is stored of a group."""

    commands: bytes
    events_hash: bytes
    hash: bytes

"""What callers submit, and the groups that it is stored in."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from exchange.engine.commands import Command
from exchange.engine.events import Event
from exchange.journal.codec import Outcome


class Answer(NamedTuple):
    """One command that is stored for good: its sequence, its events, and the business time of its commit."""

    sequence: int
    events: list[Event]
    at: datetime


class Submission:
    """Commands of one caller, who waits for their answers."""

    __slots__ = ("answer", "commands", "done")

    def __init__(self, commands: Sequence[Command]) -> None:
        self.commands = commands
        self.done: list[tuple[int, Outcome]] = []
        self.answer: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()


class CommandGroup:
    """A batch in the making: what was applied in memory and is to be stored. *finished* are answered by its commit."""

    __slots__ = ("commands", "events", "finished", "first", "outcomes")

    def __init__(self, first: int) -> None:
        self.first = first
        self.finished: list[Submission] = []
        self.commands: list[Command] = []
        self.outcomes: list[Outcome] = []
        self.events = 0

    def add(self, command: Command, outcome: Outcome) -> int:
        """One more command with its events; returns its sequence."""
        self.commands.append(command)
        self.outcomes.append(outcome)
        self.events += len(outcome)
        return self.first + len(self.commands) - 1


class Row(NamedTuple):
    """What is stored of a group."""

    commands: bytes
    events_hash: bytes
    hash: bytes

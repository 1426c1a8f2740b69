"""
Picked listings (挂牌点选): which listings of an instrument may be subscribed to is a rule of the venue.

Any of them; only one at the best price, as in Guangzhou; or one at the best five prices, as on the national market. Of
listings at one price any may be picked, and those of the picker's own owner do not count.
"""

from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import ClassVar, Final

from msgspec import Struct

from exchange.engine.accounts import OpenOrder
from exchange.engine.events import Event, InstructionRefused, Reason
from exchange.engine.market import Market, given_before
from exchange.engine.modes import EngineMode
from exchange.engine.parts import BasketReason

PICK_ANY: Final = 0
PICK_BEST: Final = 1
PICK_BEST_FIVE: Final = 2
_LEVELS: Final = {PICK_ANY: 0, PICK_BEST: 1, PICK_BEST_FIVE: 5}


class PickReason(IntEnum):
    """Why a listing could not be picked, or picking not be bounded."""

    NOT_THE_BEST = 430
    NOT_IN_THE_BEST_FIVE = 431
    NO_RULE = 432


class SetPicking(Struct, array_like=True, gc=False, frozen=True, tag=46):
    """From now on, only such listings of an instrument may be picked: `PICK_ANY`, `PICK_BEST` or `PICK_BEST_FIVE`."""

    instruction: int
    instrument: int
    rule: int


class PickingSet(Struct, array_like=True, gc=False, frozen=True, tag=46):
    """Which listings of an instrument may be picked."""

    instruction: int
    instrument: int
    rule: int


class StoredPicking(Struct, array_like=True):
    """The rules in a snapshot, other than `PICK_ANY`: pairs of an instrument and its rule."""

    rules: list[tuple[int, int]]


class PickingRules:
    """The rules other than `PICK_ANY`, by instrument."""

    __slots__ = ("rules",)

    layouts: ClassVar[Mapping[int, type[Struct]]] = {1: StoredPicking}

    def __init__(self) -> None:
        self.rules: dict[int, int] = {}

    def open_in(self, _instrument: int) -> Iterator[OpenOrder]:
        """Return nothing: listings stand elsewhere."""
        return iter(())

    def dump(self) -> StoredPicking | None:
        """Return it as a snapshot has it."""
        return StoredPicking(sorted(self.rules.items())) if self.rules else None

    def load(self, _market: Market, stored: StoredPicking) -> None:
        """Take on what a snapshot has."""
        self.rules = dict(stored.rules)


def _picking(market: Market) -> PickingRules:
    part: PickingRules = market.parts["picking"]
    return part


def levels_of(market: Market, instrument: int) -> int:
    """Return at how many prices, the best first, a listing may be picked; 0: at any."""
    return _LEVELS[_picking(market).rules.get(instrument, PICK_ANY)]


def set_picking(market: Market, command: SetPicking) -> list[Event]:
    """Say which listings of an instrument may be picked."""
    if (refusal := given_before(market, command)) is not None:
        return [refusal]
    number, rule = command.instrument, command.rule
    instrument = market.instruments.get(number)
    if instrument is None:
        return [InstructionRefused(command.instruction, 0, Reason.UNKNOWN_INSTRUMENT, number, 0)]
    if instrument.basket is not None:
        return [InstructionRefused(command.instruction, 0, BasketReason.ONLY_IN_ITS_BOOK, number, 0)]
    if rule not in _LEVELS:
        return [InstructionRefused(command.instruction, 0, PickReason.NO_RULE, rule, PICK_BEST_FIVE)]
    rules = _picking(market).rules
    rules.pop(number, None)
    if rule != PICK_ANY:
        rules[number] = rule
    return [PickingSet(command.instruction, number, rule)]


MODE: Final = EngineMode("picking", {SetPicking: set_picking}, (PickingSet,), reasons=PickReason, part=PickingRules)

"""The commands, events and refusals of sessions."""

from enum import IntEnum
from typing import Final

from msgspec import Struct

CLOSED_AT_AVERAGE: Final = 1
CLOSED_AT_LAST: Final = 2
CLOSED_AT_REFERENCE: Final = 3


class SessionReason(IntEnum):
    """Why the phase of an instrument, or an order's life, does not allow a command."""

    CLOSED = 300
    NOT_COLLECTED = 301
    EXPIRED_ALREADY = 302
    NEVER_CLOSED = 303
    SAME_PHASE = 304
    NO_SUCH_PHASE = 305
    NO_REFERENCE = 306


class SetPhase(Struct, array_like=True, gc=False, frozen=True, tag=30):
    """
    Move the book of an instrument to a phase, at a moment *at* of business time in seconds.

    A call that ends is uncrossed: what crosses trades at one price, in steps. Closing sets the closing price and ends
    orders of the day.
    """

    instruction: int
    instrument: int
    phase: int
    at: int


class SetSessionRules(Struct, array_like=True, gc=False, frozen=True, tag=31):
    """
    Say what the reference price is, and how the next one is found.

    The closing price is the average of a session that traded *vwap_least* tonnes or more. With *band_bps*, prices lie
    so many ten-thousandths around the reference, from now on and after each closing; with 0, the band is left alone.
    """

    instruction: int
    instrument: int
    reference: int
    band_bps: int
    vwap_least: int


class Expire(Struct, array_like=True, gc=False, frozen=True, tag=32):
    """Business time is *at*: what an instrument has of orders until then or earlier is closed, in steps."""

    instruction: int
    instrument: int
    at: int


class PhaseChanged(Struct, array_like=True, gc=False, frozen=True, tag=30):
    """
    The book of an instrument is in another phase, and all that goes with it is done.

    Where *at* is 0 it is in the same one, and what was due to be closed is.
    """

    instruction: int
    instrument: int
    phase: int
    at: int


class Uncrossed(Struct, array_like=True, gc=False, frozen=True, tag=31):
    """
    A call ends: *quantity* tonnes trade at *price*, next. Nothing crosses where both are 0.

    *surplus* is how many more tonnes were to be bought than sold at that price; negative where more were to be sold.
    """

    instruction: int
    instrument: int
    price: int
    quantity: int
    surplus: int


class ClosingPriceSet(Struct, array_like=True, gc=False, frozen=True, tag=32):
    """
    An instrument is closed at *price*, its reference from now on; prices lie from *low* to *high*.

    *rule* says how it was found, from *volume* tonnes that were traded for *turnover* fen. Without any trade or
    reference it is 0. *band_bps* and *vwap_least* are the rules that go on.
    """

    instruction: int
    instrument: int
    price: int
    rule: int
    volume: int
    turnover: int
    low: int
    high: int
    band_bps: int
    vwap_least: int


class SessionRulesSet(Struct, array_like=True, gc=False, frozen=True, tag=33):
    """The rules of an instrument's sessions; prices lie from *low* to *high*, and what was outside is closed next."""

    instruction: int
    instrument: int
    reference: int
    band_bps: int
    vwap_least: int
    low: int
    high: int


class Dated(Struct, array_like=True, gc=False, frozen=True, tag=34):
    """An order that was accepted just before is open until *until*, in seconds of business time."""

    order: int
    until: int

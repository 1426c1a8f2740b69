"""Where the book of an instrument is in its day, and what the day came to so far."""

from collections.abc import Iterable
from typing import Final

from schemas.sessions import Phase

CONTINUOUS: Final = 0
PRE_OPEN: Final = 1
OPENING_CALL: Final = 2
CLOSING_CALL: Final = 3
CLOSED: Final = 4
PHASES: Final[tuple[Phase, ...]] = ("continuous", "pre-open", "opening-call", "closing-call", "closed")
"""The names of the phases, by their numbers."""
CALLS: Final = frozenset({OPENING_CALL, CLOSING_CALL})


class Session:
    """
    The rules of an instrument's sessions, and the trades of its book since it was last closed.

    *reference* is the last closing price, or what was said to be it; 0 if there is none. The closing price is the
    average of *turnover* over *volume* from *vwap_least* tonnes on, else the *last* price. With *band_bps* the band
    follows the reference. *at* is the business time of the last instruction about it, in seconds.
    """

    __slots__ = ("at", "band_bps", "last", "reference", "turnover", "volume", "vwap_least")

    def __init__(self) -> None:
        self.reference = 0
        self.band_bps = 0
        self.vwap_least = 1
        self.volume = 0
        self.turnover = 0
        self.last = 0
        self.at = 0

    def count(self, trades: Iterable[tuple[int, int]]) -> None:
        """Count trades of the book, each a price and its tonnes."""
        for price, quantity in trades:
            self.volume += quantity
            self.turnover += price * quantity
            self.last = price

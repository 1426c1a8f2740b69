"""What a market has of sessions: which orders end when, and how a snapshot has that, the phases and their rules."""

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final

from msgspec import Struct

from exchange.engine.accounts import OpenOrder, TradingAccount
from exchange.engine.market import Market, TradedInstrument
from exchange.engine.session import CONTINUOUS, Session

OF_DAY: Final = 0
"""Stands where a moment stands for orders of the day, which end with it."""
_KEPT: Final = 1_024
"""So many entries are kept before those of orders that are gone are looked for."""


class StoredSession(Struct, array_like=True):
    """The sessions of one instrument in a snapshot. *ending* has moments and orders; *ruled*: it has rules."""

    instrument: int
    phase: int
    ruled: bool
    at: int
    reference: int
    band_bps: int
    vwap_least: int
    volume: int
    turnover: int
    last: int
    ending: list[tuple[int, int]]


class StoredSessions(Struct, array_like=True):
    """The sessions in a snapshot, by instrument."""

    sessions: list[StoredSession]


class Ending:
    """
    The orders of one instrument that end by themselves, by the moment when they do.

    An order that leaves before is not looked for here: its entry goes with the others when there are too many.
    """

    __slots__ = ("_count", "_limit", "buckets", "instrument")

    def __init__(self, instrument: TradedInstrument) -> None:
        self.instrument = instrument
        self.buckets: dict[int, list[tuple[TradingAccount, int]]] = {}
        self._count, self._limit = 0, _KEPT

    def add(self, until: int, account: TradingAccount, order: int) -> None:
        """Keep in mind when an order ends."""
        self.buckets.setdefault(until, []).append((account, order))
        self._count += 1
        if self._count > self._limit:
            self._forget()

    def due(self, moments: Iterable[int]) -> list[OpenOrder]:
        """Take out what ends at these moments, of what is still open, the oldest first."""
        taken = [each for moment in moments for each in self.buckets.pop(moment, ())]
        self._count -= len(taken)
        return sorted((account.orders[order] for account, order in taken if order in account.orders), key=_number)

    def alive(self) -> Iterator[tuple[int, int]]:
        """Moment and number of what is still open."""
        for until, bucket in self.buckets.items():
            yield from ((until, order) for account, order in bucket if order in account.orders)

    def _forget(self) -> None:
        """Forget what is gone; until as much again has come, nothing more is looked for."""
        kept = {until: [each for each in bucket if each[1] in each[0].orders] for until, bucket in self.buckets.items()}
        self.buckets = {until: bucket for until, bucket in kept.items() if bucket}
        self._count = sum(map(len, self.buckets.values()))
        self._limit = 2 * self._count + _KEPT


class Sessions:
    """What ends when, by instrument; of an instrument that had nothing of sessions yet there is nothing."""

    __slots__ = ("ending",)

    layouts: ClassVar[Mapping[int, type[Struct]]] = {1: StoredSessions}

    def __init__(self) -> None:
        self.ending: dict[int, Ending] = {}

    def of(self, instrument: TradedInstrument) -> Ending:
        """Return what ends of an instrument."""
        found = self.ending.get(instrument.id)
        if found is None:
            found = self.ending[instrument.id] = Ending(instrument)
        return found

    def open_in(self, _: int) -> Iterator[OpenOrder]:
        """Return nothing: orders stand in the book."""
        return iter(())

    def dump(self) -> StoredSessions | None:
        """Return them as a snapshot has them."""
        found = [stored for _, each in sorted(self.ending.items()) if (stored := _stored(each)) is not None]
        return StoredSessions(found) if found else None

    def load(self, market: Market, stored: StoredSessions) -> None:
        """Take on those of a snapshot."""
        accounts = {order.id: order.account for order in market.open_orders()}
        for each in stored.sessions:
            instrument = market.instruments[each.instrument]
            instrument.phase = each.phase
            instrument.shut()
            if each.ruled:
                _load_session(session_of(market, instrument), each)
            ending = self.of(instrument)
            for until, order in each.ending:
                ending.add(until, accounts[order], order)


def sessions(market: Market) -> Sessions:
    """Return the sessions of a market."""
    found: Sessions = market.parts["sessions"]
    return found


def session_of(market: Market, instrument: TradedInstrument) -> Session:
    """Return the session of an instrument, which begins to have one."""
    if instrument.session is None:
        instrument.session = Session()
        sessions(market).of(instrument)
    return instrument.session


def _number(order: OpenOrder) -> int:
    return order.id


def _stored(ending: Ending) -> StoredSession | None:
    instrument, session, alive = ending.instrument, ending.instrument.session, sorted(ending.alive())
    if session is None and instrument.phase == CONTINUOUS and not alive:
        return None
    kept = session or Session()
    return StoredSession(
        instrument.id,
        instrument.phase,
        session is not None,
        kept.at,
        kept.reference,
        kept.band_bps,
        kept.vwap_least,
        kept.volume,
        kept.turnover,
        kept.last,
        alive,
    )


def _load_session(session: Session, stored: StoredSession) -> None:
    session.at, session.reference, session.band_bps = stored.at, stored.reference, stored.band_bps
    session.vwap_least, session.volume = stored.vwap_least, stored.volume
    session.turnover, session.last = stored.turnover, stored.last

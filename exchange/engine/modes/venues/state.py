"""How a snapshot has the rules of venues, and the roles of accounts."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from msgspec import Struct

from exchange.engine.accounts import OpenOrder
from exchange.engine.market import Market, TradedInstrument
from exchange.engine.venue import Venue


class StoredVenue(Struct, array_like=True):
    """The rules of one instrument: *limits* are role, largest and most; *fresh* accounts and tonnes."""

    instrument: int
    preset: int
    modes: int
    largest: int
    locks: bool
    released: int
    limits: list[tuple[int, int, int]]
    fresh: list[tuple[int, int]]


class StoredVenues(Struct, array_like=True):
    """Rules by instrument, and the accounts whose role is known, with it."""

    venues: list[StoredVenue]
    roles: list[tuple[int, int]]


class StoredDays(StoredVenues, array_like=True):
    """And by instrument number, buyer and tonnes of each delivered trade of today, where these are told apart."""

    bought: list[tuple[int, list[tuple[int, int, int]]]]


class Venues:
    """The instruments with rules of a venue, and the roles of accounts, by number."""

    __slots__ = ("roles", "venues")

    layouts: ClassVar[Mapping[int, type[Struct]]] = {1: StoredVenues, 2: StoredDays}

    def __init__(self) -> None:
        self.venues: dict[int, Venue] = {}
        self.roles: dict[int, int] = {}

    def rule(self, market: Market, instrument: TradedInstrument, venue: Venue) -> None:
        """Let an instrument trade by these rules."""
        self.venues[instrument.id] = instrument.venue = venue
        market.locking.pop(instrument.id, None)
        if venue.locks:
            market.locking[instrument.id] = venue
        instrument.shut()

    def open_in(self, _: int) -> Iterator[OpenOrder]:
        """Return nothing: these are only rules."""
        return iter(())

    def dump(self) -> StoredVenues | None:
        """Return them as a snapshot has them."""
        if not self.venues and not self.roles:
            return None
        stored = [_stored(*each) for each in sorted(self.venues.items())], sorted(self.roles.items())
        bought = [
            (number, [(trade, *each) for trade, each in sorted(venue.bought.items())])
            for number, venue in sorted(self.venues.items())
            if venue.bought is not None
        ]
        return StoredDays(*stored, bought) if bought else StoredVenues(*stored)

    def load(self, market: Market, stored: StoredVenues) -> None:
        """Take on those of a snapshot."""
        for each in stored.venues:
            venue = Venue(each.preset, each.modes, each.largest, locks=each.locks)
            venue.released, venue.fresh = each.released, dict(each.fresh)
            venue.limits = {role: (largest, most) for role, largest, most in each.limits}
            self.rule(market, market.instruments[each.instrument], venue)
        self.roles = dict(stored.roles)
        for account, role in stored.roles:
            market.accounts[account].role = role
        for number, trades in stored.bought if isinstance(stored, StoredDays) else ():
            self.venues[number].bought = {trade: (account, quantity) for trade, account, quantity in trades}


def venues(market: Market) -> Venues:
    """Return the rules of a market."""
    found: Venues = market.parts["venues"]
    return found


def _stored(instrument: int, venue: Venue) -> StoredVenue:
    limits = [(role, *each) for role, each in sorted(venue.limits.items())]
    return StoredVenue(
        instrument,
        venue.preset,
        venue.modes,
        venue.largest,
        venue.locks,
        venue.released,
        limits,
        sorted(venue.fresh.items()),
    )

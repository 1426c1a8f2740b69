"""
Fixed-price listings: tonnes at one price, sold part by part to those who subscribe.

Which of them may be picked is a rule of the venue (`exchange.engine.modes.picking`).
"""

import heapq
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from msgspec import Struct

from exchange.engine import commands as c
from exchange.engine.accounts import OpenOrder, TradingAccount
from exchange.engine.events import Event, Reason, Refused
from exchange.engine.market import Market, beyond_venue, caller, exchange, not_in_baskets, refused, unfit
from exchange.engine.modes import EngineMode
from exchange.engine.modes.picking import PickReason, levels_of
from exchange.engine.venue import BOOK, LISTINGS


class OpenListing(Struct, array_like=True, gc=False, frozen=True, tag=13):
    """Offer tonnes at a fixed price, to be sold part by part."""

    account: int
    instrument: int
    price: int
    quantity: int
    client_order_id: int


class Subscribe(Struct, array_like=True, gc=False, frozen=True, tag=14):
    """Subscribe to *quantity* tonnes of a listing at its price, all of them or nothing."""

    account: int
    listing: int
    quantity: int
    client_order_id: int


class ListingOpened(Struct, array_like=True, gc=False, frozen=True, tag=12):
    """A listing is open, under the number of its command; its tonnes are locked."""

    order: int
    account: int
    instrument: int
    price: int
    quantity: int
    client_order_id: int


class Subscribed(Struct, array_like=True, gc=False, frozen=True, tag=13):
    """A subscription to a listing is in, and trades at once; its money is locked."""

    order: int
    account: int
    instrument: int
    price: int
    quantity: int
    client_order_id: int
    listing: int


class StoredListing(Struct, array_like=True, gc=False):
    """A listing in a snapshot; what was rounded off its fee stands there from the second layout on."""

    id: int
    account: int
    instrument: int
    price: int
    quantity: int
    open: int
    fee_rest: int = 0


class StoredListings(Struct, array_like=True):
    """The open listings in a snapshot, by number."""

    open: list[StoredListing]


class Listings:
    """The open listings of all instruments, by number; *levels* has the same by instrument and price."""

    __slots__ = ("levels", "open")

    layouts: ClassVar[Mapping[int, type[Struct]]] = {1: StoredListings, 2: StoredListings}

    def __init__(self) -> None:
        self.open: dict[int, OpenOrder] = {}
        self.levels: dict[int, dict[int, dict[int, OpenOrder]]] = {}

    def add(self, listing: OpenOrder) -> None:
        """Open a listing of its account."""
        self.open[listing.id] = listing.account.orders[listing.id] = listing
        self.levels.setdefault(listing.instrument, {}).setdefault(listing.price, {})[listing.id] = listing
        listing.queue = self

    def remove(self, order: OpenOrder) -> None:
        """Forget a listing that is closed."""
        del self.open[order.id]
        levels = self.levels[order.instrument]
        del levels[order.price][order.id]
        if not levels[order.price]:
            del levels[order.price]

    def best(self, instrument: int, group: int, count: int) -> list[OpenOrder]:
        """Return the oldest listing at each of the *count* lowest prices; those of the owner *group* do not count."""
        found = []
        for price in heapq.nsmallest(count, self._prices_for(instrument, group)):
            level = self.levels[instrument][price].values()
            found.append(next(each for each in level if each.group != group))
        return found

    def _prices_for(self, instrument: int, group: int) -> Iterator[int]:
        for price, level in self.levels[instrument].items():
            if any(each.group != group for each in level.values()):
                yield price

    def open_in(self, instrument: int) -> Iterator[OpenOrder]:
        """Return the listings of an instrument."""
        return (each for each in self.open.values() if each.instrument == instrument)

    def dump(self) -> StoredListings | None:
        """Return them as a snapshot has them."""
        if not self.open:
            return None
        return StoredListings(
            [
                StoredListing(
                    number, each.account.id, each.instrument, each.price, each.quantity, each.open, each.fee_rest
                )
                for number, each in sorted(self.open.items())
            ]
        )

    def load(self, market: Market, stored: StoredListings) -> None:
        """Open those of a snapshot."""
        for each in stored.open:
            account = market.accounts[each.account]
            listing = _order(each.id, account, each.instrument, c.SELL, price=each.price, quantity=each.quantity)
            listing.open, listing.fee_rest = each.open, each.fee_rest
            self.add(listing)


def _listings(market: Market) -> Listings:
    listings: Listings = market.parts["listings"]
    return listings


def open_listing(market: Market, command: OpenListing) -> list[Event]:
    """Open a listing; its tonnes are locked until they are taken or the listing is cancelled."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    price, quantity = command.price, command.quantity
    instrument = market.instruments.get(command.instrument)
    if instrument is None:
        return [refused(command, Reason.UNKNOWN_INSTRUMENT, command.instrument)]
    if (refusal := not_in_baskets(command, instrument)) is not None:
        return [refusal]
    refusal = unfit(command, instrument, account, price, quantity, rests=True) or beyond_venue(
        command, instrument, account, mode=LISTINGS, side=c.SELL, quantity=quantity
    )
    if refusal is not None:
        return [refusal]
    holding = account.balance(instrument.id)
    if quantity > holding.settled:
        return [refused(command, Reason.NOT_ENOUGH_TONNES, quantity, holding.settled)]
    holding.settled -= quantity
    holding.locked += quantity
    listing = _order(market.sequence, account, instrument.id, c.SELL, price=price, quantity=quantity)
    _listings(market).add(listing)
    return [ListingOpened(listing.id, account.id, instrument.id, price, quantity, command.client_order_id)]


def subscribe(market: Market, command: Subscribe) -> list[Event]:
    """Subscribe to tonnes of a listing: all of them at its price, or nothing."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    listing = _listings(market).open.get(command.listing)
    if listing is None:
        return [refused(command, Reason.NOT_OPEN, command.listing)]
    if (refusal := _cannot_subscribe(market, listing, command, account.group)) is not None:
        return [refusal]
    instrument, quantity = market.instruments[listing.instrument], command.quantity
    cost = listing.price * quantity
    account.cash.settled -= cost
    account.cash.locked += cost
    taker = _order(market.sequence, account, instrument.id, c.BUY, price=listing.price, quantity=quantity)
    listing.open -= quantity
    if not listing.open:
        del listing.account.orders[listing.id]
        _listings(market).remove(listing)
    session, venue = instrument.session, instrument.venue
    if session is not None and venue is not None and not venue.modes & BOOK:  # the day is that of the listings
        session.count(((listing.price, quantity),))
    return [
        Subscribed(taker.id, account.id, instrument.id, listing.price, quantity, command.client_order_id, listing.id),
        exchange(market, instrument, taker, listing, listing.price, quantity, c.BUY),
    ]


def _cannot_subscribe(market: Market, listing: OpenOrder, command: Subscribe, group: int) -> Refused | None:
    """Why a subscription cannot be met."""
    account, quantity = market.accounts[command.account], command.quantity
    instrument = market.instruments[listing.instrument]
    refusal = unfit(command, instrument, account, listing.price, quantity, rests=False) or beyond_venue(
        command, instrument, account, mode=LISTINGS, side=c.BUY, quantity=quantity
    )
    if refusal is not None:
        return refusal
    if listing.group == group:
        return refused(command, Reason.OWN_LISTING, command.listing)
    levels = levels_of(market, listing.instrument)
    if (refusal := _cannot_pick(_listings(market), levels, listing, command, group)) is not None:
        return refusal
    if quantity > listing.open:
        return refused(command, Reason.LISTING_SHORT, quantity, listing.open)
    if listing.price * quantity > account.cash.settled:
        return refused(command, Reason.NOT_ENOUGH_CASH, listing.price * quantity, account.cash.settled)
    return None


def _cannot_pick(listings: Listings, levels: int, listing: OpenOrder, command: Subscribe, group: int) -> Refused | None:
    """Why the venue's rule does not let a listing be picked: the best one, or the highest price that may be."""
    if not levels:
        return None
    best = listings.best(listing.instrument, group, levels)
    if listing.price <= best[-1].price:
        return None
    if levels == 1:
        return refused(command, PickReason.NOT_THE_BEST, listing.id, best[0].id)
    return refused(command, PickReason.NOT_IN_THE_BEST_FIVE, listing.price, best[-1].price)


def _order(number: int, account: TradingAccount, instrument: int, side: int, *, price: int, quantity: int) -> OpenOrder:
    holding = account.balance(instrument)
    life = c.LISTED if side else c.FOK
    return OpenOrder(
        number, account, account.group, account.cash, holding, instrument, side, price, quantity, quantity, life
    )


MODE: Final = EngineMode(
    "listings",
    {OpenListing: open_listing, Subscribe: subscribe},
    (ListingOpened, Subscribed),
    part=Listings,
)

"""How anybody buys here: the cheapest of what is published first, then a bid in auctions, then an order that waits."""

from collections.abc import Mapping
from typing import NamedTuple

from exchange.engine import commands as c
from exchange.simulation.venue import BUY, DAY_S, SELL, Desk

_TRIES = 8
"""Price levels and listings that one buyer takes in a day at most."""


class Wish(NamedTuple):
    """Up to *want_t* in all, at most *rooms* of each instrument, at *limit* fen a tonne or less."""

    want_t: int
    rooms: Mapping[int, int]
    limit: int


class _Ask(NamedTuple):
    price: int
    instrument: int
    open_t: int
    listing: int


def buy(desk: Desk, day: int, wish: Wish, *, waits: bool) -> None:
    """
    Take back what is open, buy what can be had within the wish, bid in auctions; with *waits* an order rests.

    Only published prices are looked at.
    """
    ways = desk.board.ways
    if ways is None:
        desk.take_back()
    else:
        wish = ways.before(desk, wish)
    rooms, want = dict(wish.rooms), desk.board.lots(wish.want_t)
    desk.board.wished(wish.limit if want else 0)
    for _ in range(_TRIES):
        ask = _cheapest(desk, rooms, wish.limit)
        if ask is None or want < desk.board.lot:
            break
        taken = desk.board.lots(min(want, ask.open_t, rooms[ask.instrument], desk.cash_fen // ask.price))
        if not taken:
            break
        if ask.listing:
            desk.subscribe(ask.listing, taken)
        else:
            desk.place(ask.instrument, BUY, ask.price, taken, c.IOC)
        want -= taken
        rooms[ask.instrument] -= taken
    bid = bid_sealed if ways is None else ways.bid
    want = bid(desk, day, rooms, want, wish.limit)
    if waits:
        _rest(desk, rooms, want, wish.limit)


def _cheapest(desk: Desk, rooms: Mapping[int, int], limit: int) -> _Ask | None:
    """The best of what is for sale to this buyer, the lower instrument first among equals."""
    lot = desk.board.lot
    found = [
        _Ask(best[0], instrument, best[1], 0)
        for instrument, room in rooms.items()
        if room >= lot and (best := desk.board.best(instrument, SELL)) is not None and best[0] <= limit
    ]
    found += [
        _Ask(each.price, each.instrument, each.open_t, each.number)
        for each in desk.board.offers()
        if not each.closes and each.price <= limit and rooms.get(each.instrument, 0) >= lot
    ]
    return min(found, default=None)


def bid_sealed(desk: Desk, day: int, rooms: dict[int, int], want: int, limit: int) -> int:
    """Bid the limit in running auctions, the lowest reserve first; returns what is still wanted."""
    running = sorted(
        (each.price, each.number, each.instrument, each.open_t)
        for each in desk.board.offers()
        if each.opens <= day * DAY_S < each.closes
    )
    for reserve, number, instrument, offered in running:
        price = desk.board.on_tick(instrument, limit, up=False)
        most = min(want, offered, rooms.get(instrument, 0), desk.cash_fen // price)
        tonnes = desk.board.auction_lots(most)
        if tonnes and reserve <= price <= limit and desk.bid(number, price, tonnes, day):
            want -= tonnes
            rooms[instrument] -= tonnes
    return want


def _rest(desk: Desk, rooms: Mapping[int, int], want: int, limit: int) -> None:
    """Let an order wait in the instrument with the most room, if the limit lies within its band."""
    instrument = max(rooms, key=lambda number: (rooms[number], -number), default=0)
    if not instrument or not desk.board.band(instrument)[0] <= limit:
        return
    price = desk.board.on_tick(instrument, limit, up=False)
    tonnes = desk.board.lots(min(want, rooms[instrument], desk.cash_fen // price))
    if tonnes and price <= limit:
        desk.place(instrument, BUY, price, tonnes)

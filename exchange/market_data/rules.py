"""What an order would meet in a book. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemas.market_data import Book, BookLine, BookOrder, LevelChange, PriceLevel, Side

_BPS: Final = 10_000


def vwap(amount_fen: int, quantity_t: int) -> int:
    """The average price of so many tonnes, to the nearest fen; a half is rounded up."""
    return (2 * amount_fen + quantity_t) // (2 * quantity_t)


def changed_levels(side: Side, before: Sequence[PriceLevel], after: Sequence[PriceLevel]) -> tuple[LevelChange, ...]:
    """What became of the levels of one side; one that is shown no more has no tonnes."""
    known, found = {each.price_fen: each for each in before}, {each.price_fen: each for each in after}
    gone = [LevelChange(side=side, price_fen=price, quantity_t=0, orders=0) for price in known.keys() - found.keys()]
    new = [
        LevelChange(side=side, price_fen=each.price_fen, quantity_t=each.quantity_t, orders=each.orders)
        for each in after
        if known.get(each.price_fen) != each
    ]
    return (*sorted(gone, key=lambda each: each.price_fen), *new)


def changed_orders(before: Sequence[BookOrder], after: Sequence[BookOrder]) -> tuple[BookOrder, ...]:
    """What became of the orders that rested, and which are new; one that rests no more has no tonnes."""
    known, found = {each.id: each for each in before}, {each.id for each in after}
    gone = [
        BookOrder(id=each.id, side=each.side, price_fen=each.price_fen, open_t=0)
        for each in before
        if each.id not in found
    ]
    return (*gone, *(each for each in after if known.get(each.id) != each))


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a limit order would meet now: it takes *taken_t* for *amount_fen*, and *rests_t* stay in the book."""

    taken_t: int
    amount_fen: int
    rests_t: int
    most_fen: int


def meeting(book: Book, side: Side, price_fen: int, quantity_t: int) -> Meeting:
    """What an order of *quantity_t* at *price_fen* would take of the levels that a book shows, the best price first."""
    levels = book.asks if side == "buy" else book.bids
    meets = [each for each in levels if (each.price_fen <= price_fen if side == "buy" else each.price_fen >= price_fen)]
    left_t, amount_fen = quantity_t, 0
    for level in meets:
        taken_t = min(left_t, level.quantity_t)
        left_t -= taken_t
        amount_fen += taken_t * level.price_fen
    return Meeting(quantity_t - left_t, amount_fen, left_t, amount_fen + left_t * price_fen)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a listing brings if all of it is sold, and the seller's fee, which is rounded down once."""

    gross_fen: int
    fee_fen: int
    net_fen: int


def offer(price_fen: int, quantity_t: int, fee_bps: int) -> Offer:
    """What *quantity_t* bring at a fixed price."""
    gross_fen = price_fen * quantity_t
    fee_fen = gross_fen * fee_bps // _BPS
    return Offer(gross_fen, fee_fen, gross_fen - fee_fen)


@dataclass(frozen=True, slots=True)
class Depth:
    """One level with what rests at it or at a better price; *share* is that in hundredths of the deeper side."""

    level: PriceLevel
    cumulative_t: int
    share: int


def depths(book: Book, shown: int) -> tuple[tuple[Depth, ...], tuple[Depth, ...]]:
    """The best *shown* levels of both sides, bids first, with their cumulative depth."""
    sides = [_cumulated(levels[:shown]) for levels in (book.bids, book.asks)]
    deepest = max((side[-1][1] for side in sides if side), default=0)
    bids, asks = (
        tuple(Depth(level, so_far, max(1, so_far * 100 // deepest)) for level, so_far in side) for side in sides
    )
    return bids, asks


def _cumulated(levels: Sequence[PriceLevel]) -> list[tuple[PriceLevel, int]]:
    found, so_far = [], 0
    for level in levels:
        so_far += level.quantity_t
        found.append((level, so_far))
    return found


def lines(book: Book) -> tuple[BookLine, ...]:
    """The levels of both sides, bids before asks, best prices first."""
    sides: tuple[tuple[Side, tuple[PriceLevel, ...]], ...] = (("buy", book.bids), ("sell", book.asks))
    return tuple(
        BookLine(side=side, price_fen=each.price_fen, quantity_t=each.quantity_t, orders=each.orders)
        for side, levels in sides
        for each in levels
    )

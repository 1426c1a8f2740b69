"""Whether an order would trade with what rests in a book, and whether whole, found out without walking through it."""

from exchange.engine import commands as c
from exchange.engine.accounts import OpenOrder, TradingAccount
from exchange.engine.book import Level, Side
from exchange.engine.events import Reason, Refused
from exchange.engine.market import Market, TradedInstrument, refused


def fills(market: Market, side: Side, taker: OpenOrder) -> bool:
    """
    Return whether all of *taker* would trade now against *side*. Its owner's own orders there do not count.

    The first of them stops it, unless those are taken out of its way. Neither the book nor the market is walked: level
    totals are added up, and the owner's own orders looked through; of one level, only what stands before such an order.
    """
    best, wanted = side.best, taker.open
    if best is None or side.offered(taker.price, wanted) < wanted:
        return False
    accounts = market.groups[taker.group]
    mine = sum(len(account.orders) for account in accounts)
    decided = _filled_in(best, taker, wanted, at_most=mine)  # most end where they begin
    if decided is not None:
        return decided
    own = _own_in_the_way(accounts, taker)
    return not own or _fills_around(own, side, taker)


def _fills_around(own: list[OpenOrder], side: Side, taker: OpenOrder) -> bool:
    """Return whether all of *taker* would trade, if these orders of its owner stand in what it would come to."""
    wanted, limit = taker.open, taker.price
    if taker.prevention == c.PREVENT_MAKER:
        wanted += sum(each.open for each in own)
        return side.offered(limit, wanted) >= wanted
    prices = [each.price for each in own]
    first = max(prices) if taker.side else min(prices)
    wanted -= side.offered(first + 1 if taker.side else first - 1, wanted)
    level = side.levels[first]
    if wanted <= 0 or level.total - sum(each.open for each in own if each.price == first) < wanted:
        return wanted <= 0
    return bool(_filled_in(level, taker, wanted, at_most=level.total))


def _filled_in(level: Level, taker: OpenOrder, wanted: int, *, at_most: int) -> bool | None:
    """Return whether a level's first orders trade *wanted* tonnes, or one of its own stops it; None if neither."""
    maker: OpenOrder | None = level.head
    for _ in range(at_most):
        if maker is None:
            return None
        if maker.group != taker.group:
            wanted -= maker.open
            if wanted <= 0:
                return True
        elif taker.prevention != c.PREVENT_MAKER:
            return False
        maker = maker.next
    return None


def _own_in_the_way(accounts: list[TradingAccount], taker: OpenOrder) -> list[OpenOrder]:
    """Return the orders of *accounts* that rest in the book where *taker* would come to them."""
    instrument, side, price = taker.instrument, taker.side, taker.price
    return [
        each
        for account in accounts
        for each in account.orders.values()
        if each.instrument == instrument
        and each.side != side
        and (each.price >= price if side else each.price <= price)
        and each.queue.__class__ is Level
    ]


def would_trade(
    command: c.AccountCommand, instrument: TradedInstrument, order: OpenOrder, price: int
) -> Refused | None:
    """Refuse to let a post-only order come to a price at which it trades at once."""
    best = (instrument.book.bids if order.side else instrument.book.asks).best
    if best is None or not instrument.book.crosses(order.side, price):
        return None
    return refused(command, Reason.WOULD_TRADE, price, best.price)

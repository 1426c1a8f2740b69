"""What the events of auctions mean for the tables."""

from datetime import UTC, datetime
from typing import Final

from exchange.engine import commands as c
from exchange.engine.modes.auctions import messages as m
from exchange.projections.changes import Changes, Moment, Part, placed_whole
from registry.kit import sql

_sql = sql.load(__package__, "projection.sql")
KINDS: Final = {m.UNIFORM: "uniform", m.PAY_AS_BID: "pay-as-bid", m.ASCENDING: "ascending"}
TIES: Final = {m.BY_TIME: "by-time", m.AT_RANDOM: "at-random"}


def _opened(into: Changes, event: m.AuctionOpened, moment: Moment) -> None:
    into.place(placed_whole(event, moment, kind="auction", side=c.SELL, life="GTC"), c.SELL)
    into.row(
        _sql.open_auctions,
        event.order,
        event.instrument,
        KINDS[event.kind],
        event.increment,
        event.lot,
        event.most,
        TIES[event.ties],
        event.whole,
        _at(event.opens),
        _at(event.closes),
        event.extension,
        _at(event.latest),
    )


def _begun(into: Changes, event: m.AuctionBegun, _: Moment) -> None:
    into.row(_sql.put_courses, event.auction, "open", 0, 0, 0, 0, 0, b"")
    into.answer(event.instruction, "done")


def _bid(into: Changes, event: m.BidMade, moment: Moment) -> None:
    into.place(placed_whole(event, moment, kind="bid", side=c.BUY, life="GTC", listing_id=event.auction), c.BUY)


def _extended(into: Changes, event: m.AuctionExtended, _: Moment) -> None:
    into.row(_sql.put_extensions, event.auction, _at(event.closes))


def _ended(into: Changes, event: m.AuctionEnded, _: Moment) -> None:
    ended = (event.bids, event.wanted, event.sold, event.price, event.cause, event.seed)
    into.row(_sql.put_courses, event.auction, "ended", *ended)
    into.answer(event.instruction, "done")


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


EVENTS: Final[Part] = {
    m.AuctionOpened: _opened,
    m.AuctionBegun: _begun,
    m.BidMade: _bid,
    m.AuctionExtended: _extended,
    m.AuctionEnded: _ended,
}

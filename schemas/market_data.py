"""What anybody may see of an instrument."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.scalars import Fen, Id, Instant, PriceFen, Tonnes, Tonnes0
from schemas.serials import InstrumentCodeText
from schemas.sessions import Phase

Side = Literal["buy", "sell"]


DelistedOn = Annotated[
    date | None, Meta(description="From this day on, in Asia/Shanghai, it trades no more, if that is announced")
]


class PriceLevel(Struct, frozen=True, kw_only=True):
    """What rests at one price, of all orders together."""

    price_fen: PriceFen
    quantity_t: Tonnes0
    orders: int


class BookLine(Struct, frozen=True, kw_only=True):
    """One level of a book, as a line of a CSV."""

    side: Side
    price_fen: PriceFen
    quantity_t: Tonnes0
    orders: int


class Book(Struct, frozen=True, kw_only=True):
    """The best prices of an instrument, best first, as of one sequence of the journal."""

    instrument: str
    sequence: int
    bids: tuple[PriceLevel, ...]
    asks: tuple[PriceLevel, ...]


class PriceBar(Struct, frozen=True, kw_only=True):
    """The trades of one instrument within an hour or a day of Asia/Shanghai, as prices and volume."""

    begins: Instant
    open_fen: PriceFen
    high_fen: PriceFen
    low_fen: PriceFen
    close_fen: PriceFen
    quantity_t: Tonnes
    amount_fen: Annotated[Fen, Meta(description="With quantity_t it gives the average price of the tonnes")]
    trades: int
    vwap_fen: Annotated[PriceFen, Meta(description="Money by tonnes, to the nearest fen; a half is rounded up")]


class DaySummary(Struct, frozen=True, kw_only=True):
    """The trades of one instrument on one day of Asia/Shanghai, in one line."""

    day: date
    instrument: str
    open_fen: PriceFen
    high_fen: PriceFen
    low_fen: PriceFen
    last_fen: PriceFen
    vwap_fen: Annotated[PriceFen, Meta(description="Money by tonnes, to the nearest fen; a half is rounded up")]
    volume_t: Tonnes
    turnover_fen: Fen
    trades: int


class Trade(Struct, frozen=True, kw_only=True):
    """A trade as everybody may see it. Negotiated ones are in a list of their own."""

    id: Id
    instrument: str
    price_fen: PriceFen
    quantity_t: Tonnes
    amount_fen: Fen
    taker_side: Side
    at: Instant
    asset: Annotated[str | None, Meta(description="In a basket: the project and vintage that was delivered")] = None


class MarketUpdate(Struct, frozen=True, kw_only=True):
    """
    What anybody may see of an instrument at one moment, whole: a client that missed an update still has the whole book.

    *number* grows by one with each update of a stream, so that a gap is seen. *trades* are the newest, newest first; if
    *earlier_trade_id* is later than the last trade that a reader knows, what lies between is in the list of trades.
    """

    number: int
    sequence: int
    book: Book
    trades: tuple[Trade, ...]
    earlier_trade_id: Id | None
    open: Annotated[bool, Meta(description="Whether orders are taken: not halted, and its book not closed")]
    phase: Phase


class BookOrder(Struct, frozen=True, kw_only=True):
    """One order that rests, without whose it is; as a change, *open_t* 0 says that it rests no more."""

    id: Id
    side: Side
    price_fen: PriceFen
    open_t: Tonnes0


class LevelChange(Struct, frozen=True, kw_only=True):
    """What rests at one price from now on; *quantity_t* 0: it is not among the best prices any more."""

    side: Side
    price_fen: PriceFen
    quantity_t: Tonnes0
    orders: int


class BookEvent(Struct, frozen=True, kw_only=True):
    """
    What became of one order in a book, as a committed batch left it.

    *open_t* rest after it: of one that was *added* all, of one that was *reduced* what is left, of one that was
    *removed* nothing. An order that was moved to another price, or enlarged, is removed and added again.
    """

    sequence: Annotated[int, Meta(description="The last command of the journal that it shows")]
    change: Literal["added", "reduced", "removed"]
    order_id: Id
    side: Side
    price_fen: PriceFen
    open_t: Tonnes0


class MarketSnapshot(Struct, frozen=True, kw_only=True, tag_field="is", tag="snapshot"):
    """
    An instrument as it stands, with which a reader begins; changes follow, the first of them numbered *number* + 1.

    *orders* is null where only prices are watched. *stream* names the line of numbers: another one begins anew.
    """

    instrument: str
    stream: str
    number: int
    sequence: Annotated[int, Meta(description="The last command of the journal that it shows")]
    open: bool
    phase: Phase
    bids: tuple[PriceLevel, ...]
    asks: tuple[PriceLevel, ...]
    orders: tuple[BookOrder, ...] | None
    last_trade_id: Annotated[int, Meta(description="The newest trade so far, or 0; later ones come in changes")]
    delisted_on: DelistedOn = None


class MarketChange(Struct, frozen=True, kw_only=True, tag_field="is", tag="change"):
    """
    What is new since the change, or the snapshot, numbered *number* - 1. At another number something was missed.

    *trades* has every trade in between, the oldest first.
    """

    instrument: str
    stream: str
    number: int
    sequence: int
    open: bool
    phase: Phase
    levels: tuple[LevelChange, ...] = ()
    orders: tuple[BookOrder, ...] = ()
    trades: tuple[Trade, ...] = ()
    delisted_on: DelistedOn = None


class MarketEnded(Struct, frozen=True, kw_only=True, tag_field="is", tag="ended"):
    """Nothing more comes of an instrument, and why; *number* is the last change that was sent."""

    instrument: str
    stream: str
    number: int
    because: Literal["stopping", "too-slow", "failed"]
    detail: str


class WatchMarket(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="watch"):
    """Begin with a snapshot of an instrument, or begin again: it is the remedy for every gap."""

    instrument: InstrumentCodeText
    orders: Annotated[bool, Meta(description="Every order that rests, not only what rests at each price")] = False


class LeaveMarket(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="leave"):
    """Send nothing more of an instrument."""

    instrument: InstrumentCodeText


class PingMarket(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="ping"):
    """Whether the other end is there; it keeps a connection open on which nothing happens."""


class MarketPong(Struct, frozen=True, kw_only=True, tag_field="is", tag="pong"):
    """The connection is open, and so many instruments are watched on it."""

    watched: int


class MarketRefused(Struct, frozen=True, kw_only=True, tag_field="is", tag="refused"):
    """Something that was asked for is not given; the connection stays open."""

    type: str
    detail: str


MarketFrame = WatchMarket | LeaveMarket | PingMarket
"""One message of a reader."""
MarketMessage = MarketSnapshot | MarketChange | MarketEnded | MarketPong | MarketRefused
"""One message of the exchange."""

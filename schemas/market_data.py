"""What anybody may see of an instrument."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.scalars import Fen, Id, Instant, PriceFen, Tonnes, Tonnes0

Side = Literal["buy", "sell"]


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


class Trade(Struct, frozen=True, kw_only=True):
    """A trade as everybody may see it. Negotiated ones are in a list of their own."""

    id: Id
    instrument: str
    price_fen: PriceFen
    quantity_t: Tonnes
    amount_fen: Fen
    taker_side: Side
    at: Instant


class MarketUpdate(Struct, frozen=True, kw_only=True):
    """
    What anybody may see of an instrument at one moment, whole: whoever missed an update has missed nothing of the book.

    *number* grows by one with each update of a stream, so that a gap is seen. *trades* are the newest, newest first; if
    *earlier_trade_id* is later than the last trade that a reader knows, what lies between is in the list of trades.
    """

    number: int
    sequence: int
    book: Book
    trades: tuple[Trade, ...]
    earlier_trade_id: Id | None
    open: Annotated[bool, Meta(description="Whether orders are taken: the instrument is not halted")]

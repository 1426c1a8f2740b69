"""What anybody may see of an instrument."""

from typing import Literal

from msgspec import Struct

from schemas.scalars import Fen, Id, Instant, PriceFen, Tonnes, Tonnes0

Side = Literal["buy", "sell"]


class PriceLevel(Struct, frozen=True, kw_only=True):
    """What rests at one price, of all orders together."""

    price_fen: PriceFen
    quantity_t: Tonnes0
    orders: int


class Book(Struct, frozen=True, kw_only=True):
    """The best prices of an instrument, best first, as of one sequence of the journal."""

    instrument: str
    sequence: int
    bids: tuple[PriceLevel, ...]
    asks: tuple[PriceLevel, ...]


class Trade(Struct, frozen=True, kw_only=True):
    """A trade, as everybody may see it."""

    id: Id
    instrument: str
    price_fen: PriceFen
    quantity_t: Tonnes
    amount_fen: Fen
    taker_side: Side
    at: Instant

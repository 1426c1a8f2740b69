"""Requests for quotes, and the reference price that they come to."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.market_data import Side
from schemas.orders import ClosedBecause
from schemas.scalars import ClientOrderId, Id, Instant, PriceFen, Tonnes, Tonnes0, check_years
from schemas.serials import InstrumentCodeText

INVITED_LIMIT = 100
"""Accounts that one request may name."""


class NewQuoteRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Ask for quotes on tonnes that the account would buy or sell. Nothing is locked by it.

    *invited* are the accounts that may answer; every trader, if it is empty.
    """

    account_id: Id
    instrument: InstrumentCodeText
    side: Side
    quantity_t: Tonnes
    expires_at: Annotated[Instant, Meta(description="Business time at which the request ends")]
    invited: Annotated[list[Id], Meta(max_length=INVITED_LIMIT)] = []
    client_order_id: ClientOrderId

    def __post_init__(self) -> None:
        """Raise `ValueError` for a time that cannot be."""
        check_years("expires_at", self.expires_at)


class NewQuote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answer a request, unseen by all but the asker. What the quote gives is locked; it is taken back like an order."""

    account_id: Id
    price_fen: PriceFen
    quantity_t: Tonnes
    valid_until: Instant
    client_order_id: ClientOrderId

    def __post_init__(self) -> None:
        """Raise `ValueError` for a time that cannot be."""
        check_years("valid_until", self.valid_until)


class ChosenQuote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take one of the quotes for one's own request, whole. That ends it."""

    account_id: Id
    quote_id: Id
    client_order_id: ClientOrderId


class CloseQuoteRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """End one's own request without taking a quote."""

    account_id: Id
    client_order_id: ClientOrderId


class ShownQuote(Struct, frozen=True, kw_only=True):
    """A quote, as its asker or its maker sees it."""

    id: Id
    price_fen: PriceFen
    quantity_t: Tonnes
    valid_until: Instant
    state: Literal["open", "taken", "closed"]
    closed_because: ClosedBecause | None
    own: Annotated[bool, Meta(description="Whether the account that looks made it")]


class QuoteRequest(Struct, frozen=True, kw_only=True):
    """
    A request, as its asker or somebody who may answer it sees it. *side* is the asker's.

    When it has ended, *reference_fen* is what its *quotes* standing quotes came to, none if there were none.
    """

    id: Id
    instrument: str
    side: Side
    quantity_t: Tonnes
    expires_at: Instant
    own: Annotated[bool, Meta(description="Whether the account that looks asks for it")]
    to_all: Annotated[bool, Meta(description="Whether every trader may answer")]
    state: Literal["open", "taken", "ended"]
    quotes: int | None
    quoted_t: Tonnes0 | None
    reference_fen: PriceFen | None
    at: Instant


class QuoteRequestWithQuotes(Struct, frozen=True, kw_only=True):
    """A request and the quotes for it: all of them for its asker, for others their own."""

    request: QuoteRequest
    shown: tuple[ShownQuote, ...]


class InquiredPrice(Struct, frozen=True, kw_only=True):
    """
    An inquired reference price: the average of the quotes that stood when a request ended, weighted by their tonnes.

    Rounded to the nearest tick, up where two are equally near.
    """

    request_id: Id
    instrument: str
    price_fen: PriceFen
    quotes: int
    quoted_t: Tonnes
    at: Instant

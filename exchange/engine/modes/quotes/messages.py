"""The commands, events and refusals of requests for quotes."""

from enum import IntEnum

from msgspec import Struct


class QuoteReason(IntEnum):
    """Why a command about quotes was refused."""

    OWN_REQUEST = 410
    QUOTE_TOO_LARGE = 411
    QUOTED_ALREADY = 412
    TOO_MANY_QUOTES = 413
    TOO_MANY_REQUESTS = 414
    TOO_MANY_INVITED = 415


class RequestQuotes(Struct, array_like=True, gc=False, frozen=True, tag=40):
    """
    Ask for quotes on *quantity* tonnes that the account would buy or sell.

    It stands until *expires*, in seconds of business time. *invited* are the accounts that may answer; all, if it names
    none.
    """

    account: int
    instrument: int
    side: int
    quantity: int
    expires: int
    invited: tuple[int, ...]
    client_order_id: int


class GiveQuote(Struct, array_like=True, gc=False, frozen=True, tag=41):
    """Answer a request: *quantity* tonnes at *price*, until *expires* and no longer than the request stands."""

    account: int
    request: int
    price: int
    quantity: int
    expires: int
    client_order_id: int


class TakeQuote(Struct, array_like=True, gc=False, frozen=True, tag=42):
    """Take one quote, whole. That ends the request."""

    account: int
    request: int
    quote: int
    client_order_id: int


class CloseRequest(Struct, array_like=True, gc=False, frozen=True, tag=43):
    """Take none, and end one's own request."""

    account: int
    request: int
    client_order_id: int


class EndRequest(Struct, array_like=True, gc=False, frozen=True, tag=44):
    """The time of a request is over."""

    instruction: int
    request: int


class LapseQuotes(Struct, array_like=True, gc=False, frozen=True, tag=45):
    """Business time is *until*: quotes that stood no longer than that lapse."""

    instruction: int
    until: int


class QuotesRequested(Struct, array_like=True, gc=False, frozen=True, tag=40):
    """A request stands, under the number of its command. Nothing is locked by it."""

    order: int
    account: int
    instrument: int
    side: int
    quantity: int
    expires: int
    invited: tuple[int, ...]
    client_order_id: int


class Quoted(Struct, array_like=True, gc=False, frozen=True, tag=41):
    """A quote is in; what it gives is locked."""

    order: int
    account: int
    instrument: int
    side: int
    price: int
    quantity: int
    client_order_id: int
    request: int
    expires: int


class QuoteTaken(Struct, array_like=True, gc=False, frozen=True, tag=42):
    """The asker takes a quote; what it gives is locked, and traded at once."""

    order: int
    account: int
    instrument: int
    side: int
    price: int
    quantity: int
    client_order_id: int
    quote: int


class RequestEnded(Struct, array_like=True, gc=False, frozen=True, tag=43):
    """
    A request has ended, with *quotes* quotes for *quantity* tonnes that stood then.

    *reference* is the inquired price in fen, 0 where there were none; *taken* is the quote that was taken, or 0;
    *instruction* is 0 where the asker ended it.
    """

    instruction: int
    request: int
    quotes: int
    quantity: int
    reference: int
    taken: int


class QuotesLapsed(Struct, array_like=True, gc=False, frozen=True, tag=45):
    """Quotes that stood until *until* or before are closed next."""

    instruction: int
    until: int

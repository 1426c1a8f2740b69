"""What a venue publishes of trades and offers, and the rows of its journal."""

from typing import Final, NamedTuple

from exchange.engine.modes.auctions import messages as auctions

BLOCK: Final = "block"
"""How trades of negotiated blocks are printed: apart from all others, and no price of theirs is a last price."""


class JournalRow(NamedTuple):
    """A day's commands as the journal of a region has them: first and last sequence, bytes, hash of events, chain."""

    first: int
    last: int
    commands: bytes
    events_hash: bytes
    hash: bytes


class Print(NamedTuple):
    """A trade as it is published: nobody's name is in it."""

    instrument: int
    price: int
    quantity: int
    mode: str


class PublishedOffer(NamedTuple):
    """An open listing or auction as it is published. *price* is a listing's, or the reserve of an auction."""

    number: int
    instrument: int
    price: int
    open_t: int
    opens: int
    closes: int


class AuctionTerms(NamedTuple):
    """The *kind* of an auction; of an ascending one also the least raise in fen, and its extensions in seconds."""

    kind: int = auctions.UNIFORM
    increment: int = 0
    extension: int = 0
    longest: int = 0

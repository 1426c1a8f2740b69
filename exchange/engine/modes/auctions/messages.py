"""The commands, events and refusals of auctions."""

from enum import IntEnum
from typing import Final

from msgspec import Struct

from exchange.engine.cancelling import NOT_TAKEN_BACK

UNIFORM: Final = 0
PAY_AS_BID: Final = 1
ASCENDING: Final = 2

BY_TIME: Final = 0
AT_RANDOM: Final = 1


class AuctionReason(IntEnum):
    """Why a command of auctions was refused."""

    NOT_BEGUN = 200
    OVER = 201
    OWN_AUCTION = 202
    BELOW_RESERVE = 203
    BELOW_INCREMENT = 204
    SMALLER_BID = 205
    ABOVE_MOST = 206
    NO_WINDOW = 207
    TERMS_CROSS = 208
    BEGUN = 209
    NOT_OVER = 210
    LEADS = NOT_TAKEN_BACK


class OpenAuction(Struct, array_like=True, gc=False, frozen=True, tag=25):
    """
    Offer *quantity* tonnes to bidders of *reserve* fen or more from *opens* to *closes*, seconds of business time.

    *kind* is `UNIFORM`, `PAY_AS_BID` or `ASCENDING`. Bids are multiples of *lot* tonnes, and those of one beneficial
    owner at most *most* in all. Among sealed bids at one price *ties* says who is first: `BY_TIME` or `AT_RANDOM`. With
    *whole* nothing is sold unless all of it is bid for. In an ascending auction a bid beats the best by *increment*,
    and one within *extension* seconds of the close moves it as far, up to *latest*; in others both are 0, and *latest*
    is *closes*.
    """

    account: int
    instrument: int
    kind: int
    reserve: int
    increment: int
    quantity: int
    lot: int
    most: int
    ties: int
    whole: bool
    opens: int
    closes: int
    extension: int
    latest: int
    client_order_id: int


class BeginAuction(Struct, array_like=True, gc=False, frozen=True, tag=26):
    """The window has opened: bids are taken."""

    instruction: int
    auction: int


class Bid(Struct, array_like=True, gc=False, frozen=True, tag=27):
    """Bid *price* fen a tonne for *quantity* tonnes of an auction, *at* a second of business time."""

    account: int
    auction: int
    price: int
    quantity: int
    at: int
    client_order_id: int


class CloseAuction(Struct, array_like=True, gc=False, frozen=True, tag=28):
    """The window has closed, *at* a second of business time: sell to the best. *seed* draws among equals."""

    instruction: int
    auction: int
    at: int
    seed: bytes


class CallOffAuction(Struct, array_like=True, gc=False, frozen=True, tag=29):
    """End an auction without selling anything."""

    instruction: int
    auction: int


class AuctionOpened(Struct, array_like=True, gc=False, frozen=True, tag=25):
    """An auction stands, under the number of its command; its tonnes are locked. *price* is its reserve."""

    order: int
    account: int
    instrument: int
    kind: int
    price: int
    increment: int
    quantity: int
    lot: int
    most: int
    ties: int
    whole: bool
    opens: int
    closes: int
    extension: int
    latest: int
    client_order_id: int


class AuctionBegun(Struct, array_like=True, gc=False, frozen=True, tag=26):
    """An auction takes bids."""

    instruction: int
    auction: int


class BidMade(Struct, array_like=True, gc=False, frozen=True, tag=27):
    """A bid is in; its money is locked. In an ascending auction an earlier one of the account is closed next."""

    order: int
    account: int
    instrument: int
    price: int
    quantity: int
    client_order_id: int
    auction: int


class AuctionExtended(Struct, array_like=True, gc=False, frozen=True, tag=28):
    """A late bid has moved the close of an ascending auction."""

    auction: int
    closes: int


class AuctionEnded(Struct, array_like=True, gc=False, frozen=True, tag=29):
    """
    *bids* bids for *wanted* tonnes were in an auction, and *sold* tonnes were sold to them.

    *price* is the lowest winning bid, 0 where nothing was sold; *cause* says why, and is 0 where something was. *seed*
    is that of the draw, empty if there was none.
    """

    instruction: int
    auction: int
    bids: int
    wanted: int
    sold: int
    price: int
    cause: int
    seed: bytes

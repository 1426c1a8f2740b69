"""What the commands of auctions are about, how their refusals read, and which auctions are due. Pure."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Final, NamedTuple

from msgspec import structs

from exchange.engine.commands import Command
from exchange.engine.modes.auctions import messages as m
from exchange.engine.modes.auctions.messages import AuctionReason
from exchange.journal.refusals import Wording, Wordings
from exchange.projections.replies import About, AboutTable
from registry.kit.problems import DomainError, Kind


def _untimed(bid: m.Bid) -> m.Bid:
    """A bid as its bidder sent it: when it came is the exchange's to say."""
    return structs.replace(bid, at=0)


COMMANDS: Final[AboutTable] = {
    m.OpenAuction: About(),
    m.Bid: About(attrgetter("auction"), noun="auction", sent=_untimed),
}
_C, _U = Kind.CONFLICT, Kind.UNPROCESSABLE
REFUSALS: Final[Wordings] = {
    AuctionReason.NOT_BEGUN: Wording(
        _C,
        "auction-not-begun",
        "The auction has not begun",
        "Auction {wanted} takes no bids yet: see its opens_at.",
        amounts=False,
    ),
    AuctionReason.OVER: Wording(
        _C,
        "auction-over",
        "The auction is over",
        "Auction {wanted} takes no more bids: its closes_at has passed by business time.",
        amounts=False,
    ),
    AuctionReason.OWN_AUCTION: Wording(
        _C, "own-auction", "One's own auction", "Auction {wanted} belongs to the same beneficial owner.", amounts=False
    ),
    AuctionReason.BELOW_RESERVE: Wording(
        _U,
        "bid-below-reserve",
        "Below the reserve",
        "{wanted_yuan} CNY/t are bid; the auction takes {limit_yuan} CNY/t or more.",
    ),
    AuctionReason.BELOW_INCREMENT: Wording(
        _C,
        "bid-too-low",
        "Below the best bid",
        "{wanted_yuan} CNY/t are bid; the next bid is {limit_yuan} CNY/t or more: the best one and the increment.",
    ),
    AuctionReason.SMALLER_BID: Wording(
        _C,
        "bid-smaller",
        "Fewer tonnes than before",
        "{wanted:,} t are bid for; the account's standing bid, which this one would replace, is for {limit:,} t. Bid "
        "for at least as many.",
    ),
    AuctionReason.ABOVE_MOST: Wording(
        _C,
        "bid-too-large",
        "Above the most for one bidder",
        "The bidder would have bid for {wanted:,} t in all; the auction takes {limit:,} t at most from one beneficial "
        "owner. {missing:,} t are too much.",
    ),
    AuctionReason.NO_WINDOW: Wording(
        _U,
        "no-time-to-bid",
        "No time to bid",
        "The auction closes before it opens, or at once, or later than it may be prolonged.",
        amounts=False,
    ),
    AuctionReason.TERMS_CROSS: Wording(
        _U,
        "auction-terms-cross",
        "Terms that no such auction has",
        "Sealed auctions have no increment and no extension, and none is below 0 s: {wanted} should be {limit}.",
        amounts=False,
    ),
    AuctionReason.BEGUN: Wording(
        _C, "auction-begun", "The auction has begun already", "Auction {wanted} takes bids already.", amounts=False
    ),
    AuctionReason.NOT_OVER: Wording(
        _C,
        "auction-not-over",
        "Not over yet",
        "It is second {wanted} of business time; the auction closes at second {limit}.",
        amounts=False,
    ),
    AuctionReason.LEADS: Wording(
        _C,
        "bid-leads",
        "The bid leads",
        "Bid {wanted} would be sold something if the auction closed now, and binds until others bid more.",
        amounts=False,
    ),
}


class AuctionWindowOver(DomainError):
    """The window of a new auction has passed, by business time."""

    kind, slug, title = Kind.UNPROCESSABLE, "auction-window-over", "Bidding would be over"


class AuctionHasEnded(DomainError):
    """The auction has ended."""

    kind, slug, title = Kind.CONFLICT, "auction-ended", "The auction has ended"


class BidsSealed(DomainError):
    """Nobody sees the bids of an auction before it closes."""

    kind, slug, title = Kind.CONFLICT, "bids-sealed", "The bids are sealed"


class DueAuction(NamedTuple):
    """
    An auction that has not ended. *offered*: its seller, a freeze or a band has not taken the offer back.

    *drawn*: equal bids are served at random.
    """

    id: int
    state: str
    opens_at: datetime
    closes_at: datetime
    drawn: bool
    offered: bool
    halted: bool


def due(running: Iterable[DueAuction], now: datetime, *, seed: Callable[[], bytes]) -> Iterator[Command]:
    """
    The instructions that are due at *now*: a window has opened, or has closed. *seed* makes that of a draw.

    One that has lost its offer is called off at once, so that nobody's money waits for nothing. What would be sold
    waits while the instrument is halted.
    """
    for each in running:
        if not each.offered:
            yield m.CallOffAuction(0, each.id)
        elif each.closes_at <= now and not each.halted:
            yield m.CloseAuction(0, each.id, int(now.timestamp()), seed() if each.drawn else b"")
        elif each.state == "announced" and each.opens_at <= now < each.closes_at:
            yield m.BeginAuction(0, each.id)

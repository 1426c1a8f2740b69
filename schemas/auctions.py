"""One-sided auctions: a seller's tonnes go to those who bid the most for them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.scalars import ClientOrderId, Id, Instant, PriceFen, Sha256, Tonnes, Tonnes0, check_years
from schemas.serials import InstrumentCodeText

AuctionKind = Literal["uniform", "pay-as-bid", "ascending"]
Ties = Literal["by-time", "at-random"]
AuctionState = Literal["announced", "open", "sold", "ended"]
AuctionEnd = Literal["undersubscribed", "called-off"]
ExtensionSeconds = Annotated[int, Meta(ge=1, le=86_400, description="Seconds, a day at most")]


class NewAuction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Offer deposited tonnes to the highest bidders in a window of business time.

    Bids are sealed, and settled at the lowest winning one (*uniform*) or each at its own (*pay-as-bid*); or everybody
    sees them, and each beats the best by *increment_fen* (*ascending*). Only an ascending auction may be prolonged.
    """

    account_id: Id
    instrument: InstrumentCodeText
    kind: AuctionKind
    reserve_fen: Annotated[PriceFen, Meta(description="The lowest bid that is taken; everybody knows it")]
    quantity_t: Tonnes
    opens_at: Annotated[Instant, Meta(description="Bids are taken from then on")]
    closes_at: Annotated[Instant, Meta(description="No bid is taken from then on, and it is sold to the best")]
    lot_t: Annotated[Tonnes | None, Meta(description="Bids are multiples of it; the instrument's if omitted")] = None
    most_t: Annotated[Tonnes | None, Meta(description="Of one beneficial owner in all; everything if omitted")] = None
    ties: Annotated[Ties, Meta(description="Who of sealed bids at one price is first")] = "by-time"
    cancel_when_short: Annotated[bool, Meta(description="Sell nothing unless all of it is bid for")] = False
    increment_fen: Annotated[PriceFen | None, Meta(description="Ascending: a tick if omitted")] = None
    extension_s: Annotated[
        ExtensionSeconds | None,
        Meta(description="Ascending: a bid in so many last seconds moves the close by as many"),
    ] = None
    latest_at: Annotated[Instant | None, Meta(description="Ascending: how far the close may be moved")] = None
    client_order_id: ClientOrderId

    def __post_init__(self) -> None:
        """Raise `ValueError` for terms that contradict each other."""
        check_years("opens_at", self.opens_at)
        check_years("closes_at", self.closes_at)
        check_years("latest_at", self.latest_at)
        if self.opens_at >= self.closes_at:
            raise ValueError(f"closes_at {self.closes_at:%Y-%m-%dT%H:%M:%SZ} is not after opens_at")
        if self.kind != "ascending" and (self.increment_fen or self.extension_s or self.latest_at):
            raise ValueError(f"increment_fen, extension_s and latest_at are of ascending auctions, not of {self.kind}")
        if (self.extension_s is None) != (self.latest_at is None):
            raise ValueError("extension_s and latest_at go together")
        if self.latest_at is not None and self.latest_at < self.closes_at:
            raise ValueError(f"latest_at {self.latest_at:%Y-%m-%dT%H:%M:%SZ} is before closes_at")


class Auction(Struct, frozen=True, kw_only=True):
    """
    An auction. *closes_at* is when it closes as it stands: late bids may have moved it.

    *bids*, *wanted_t* and *best_fen* are unknown while bids are sealed. *price_fen* is the lowest winning bid, which in
    a uniform auction everybody pays. *seed* is that of the draw among equal bids: those are served in the order of
    SHA-256(seed ‖ number of the bid as eight bytes, the highest first). *ended_because* says why nothing was sold.
    """

    id: Id
    instrument: str
    kind: AuctionKind
    reserve_fen: PriceFen
    increment_fen: PriceFen | None
    quantity_t: Tonnes
    lot_t: Tonnes
    most_t: Tonnes
    ties: Ties
    cancel_when_short: bool
    opens_at: Instant
    closes_at: Instant
    extension_s: ExtensionSeconds | None
    latest_at: Instant | None
    state: AuctionState
    ended_because: AuctionEnd | None
    bids: int | None
    wanted_t: Tonnes0 | None
    best_fen: PriceFen | None
    sold_t: Tonnes0
    price_fen: PriceFen | None
    seed: Annotated[Sha256 | None, Meta(description="32 bytes in lower-case hexadecimal")]
    at: Instant


class NewBid(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Bid for tonnes of an auction; the money is locked at this price until it closes.

    A sealed bid is taken back like an order. In an ascending auction a bid stands for the account's earlier one, and
    cannot be taken back while it would be sold something.
    """

    account_id: Id
    price_fen: PriceFen
    quantity_t: Tonnes
    client_order_id: ClientOrderId


class AnonymousBid(Struct, frozen=True, kw_only=True):
    """A bid as everybody may see it, at once in an ascending auction, otherwise once it has closed."""

    id: Id
    price_fen: PriceFen
    quantity_t: Tonnes
    sold_t: Tonnes0
    at: Instant

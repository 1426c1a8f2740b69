"""Limit orders of an account, their batches and fills, and what the account has on the exchange."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.market_data import Side
from schemas.scalars import ClientOrderId, Fen, Fen0, Id, Instant, PriceFen, Tonnes, Tonnes0, check_years
from schemas.serials import InstrumentCodeText

BATCH_LIMIT = 1_000

ClosedBecause = Literal[
    "cancelled",
    "not-filled",
    "self-trade",
    "frozen",
    "outside-band",
    "not-allotted",
    "undersubscribed",
    "called-off",
    "outbid",
    "raised",
    "declined",
    "lapsed",
    "not-taken",
    "day-over",
    "expired",
    "owner-changed",
    "delisted",
    "asset-halted",
]
TimeInForce = Literal["GTC", "IOC", "FOK", "DAY", "GTD"]
"""DAY: until its instrument is closed; GTD: until a moment of business time."""
SelfTrade = Literal["cancel-taker", "cancel-maker", "cancel-both", "decrement"]


class _Terms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an order says."""

    instrument: InstrumentCodeText
    side: Side
    price_fen: Annotated[PriceFen, Meta(description="A buyer's cap, a seller's floor")]
    quantity_t: Tonnes
    client_order_id: ClientOrderId
    time_in_force: TimeInForce = "GTC"
    until: Annotated[Instant | None, Meta(description="Of a GTD order: open until then, by business time")] = None
    post_only: Annotated[bool, Meta(description="Refuse the order rather than let it trade at once")] = False
    self_trade: Annotated[SelfTrade, Meta(description="What gives way when two orders of one owner meet")] = (
        "cancel-taker"
    )

    def __post_init__(self) -> None:
        """Raise `ValueError` for an order that may neither trade nor rest."""
        if self.post_only and self.time_in_force != "GTC":
            raise ValueError(f"post_only goes with time_in_force GTC, not {self.time_in_force}")
        if (self.until is not None) != (self.time_in_force == "GTD"):
            raise ValueError("until goes with time_in_force GTD, and GTD with until")
        if self.until is not None:
            check_years("until", self.until)


class NewOrder(_Terms, frozen=True):
    """A limit order of an account."""

    account_id: Id


class CancelOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Take back what is open of an order or a listing.

    The number may be left out: cancelling again does no harm, and is answered with `not-open`.
    """

    account_id: Id
    client_order_id: ClientOrderId | None = None


class CancelOrders(CancelOrder, frozen=True):
    """Take back everything that an account has open, in one instrument or in all. The number may be left out."""

    instrument: InstrumentCodeText | None = None


class AmendOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another price or total quantity; both are said. Less at the same price keeps its place in the queue."""

    account_id: Id
    client_order_id: ClientOrderId
    price_fen: PriceFen
    quantity_t: Annotated[Tonnes, Meta(description="Whole tonnes in all, those already traded included")]


class PlaceInBatch(_Terms, frozen=True, tag_field="do", tag="place"):
    """In a batch: place an order."""


class CancelInBatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="cancel"):
    """In a batch: cancel an order. The number may be left out."""

    order_id: Id
    client_order_id: ClientOrderId | None = None


class AmendInBatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="amend"):
    """In a batch: amend an order."""

    order_id: Id
    price_fen: PriceFen
    quantity_t: Annotated[Tonnes, Meta(description="Whole tonnes in all, those already traded included")]
    client_order_id: ClientOrderId


class OrderBatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Up to 1,000 commands of one account, carried out in order with none of anybody else's in between.

    Each is accepted or refused for itself, but for one that is no command at all: then nothing of the batch is done.
    """

    account_id: Id
    # A list, because for a bounded tuple the framework documents items that may be anything.
    commands: Annotated[list[PlaceInBatch | CancelInBatch | AmendInBatch], Meta(min_length=1, max_length=BATCH_LIMIT)]


class Order(Struct, frozen=True, kw_only=True):
    """
    An order of one's own, or something beside the book, as it stands.

    quantity = open + traded + what was cancelled. *closed_because* says why the rest is open no more. *listing_id* is
    the listing that a subscription took from, the campaign of a pledge, the auction of a bid, the request of a
    quote, or what was accepted.
    """

    id: Id
    kind: Literal[
        "order",
        "listing",
        "subscription",
        "campaign",
        "pledge",
        "auction",
        "bid",
        "block",
        "block-acceptance",
        "quote",
        "quote-acceptance",
    ]
    account_id: Id
    instrument: str
    side: Side
    price_fen: PriceFen
    quantity_t: Tonnes
    open_t: Tonnes0
    traded_t: Tonnes0
    state: Literal["open", "filled", "closed"]
    closed_because: ClosedBecause | None
    time_in_force: TimeInForce
    post_only: bool
    client_order_id: ClientOrderId
    listing_id: Id | None
    until: Instant | None
    at: Instant


class Refusal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One refused command of a batch, as a problem document; *wanted* and *limit* are two amounts that disagree."""

    type: str
    title: str
    status: int
    detail: str
    wanted: int | None = None
    limit: int | None = None
    retry_after_s: int | None = None


class CommandAnswer(Struct, frozen=True, kw_only=True):
    """What one command of a batch came to: the order as it stands, or the refusal."""

    client_order_id: ClientOrderId | None
    order: Order | None
    refusal: Refusal | None


class BatchAnswer(Struct, frozen=True, kw_only=True):
    """The answers of a batch, in the order of its commands."""

    answers: tuple[CommandAnswer, ...]


class CancelledOrders(Struct, frozen=True, kw_only=True):
    """That everything open was taken back."""

    account_id: Id
    client_order_id: ClientOrderId | None
    cancelled: Annotated[int, Meta(ge=0, description="Orders and listings that this command closed")]


class Fill(Struct, frozen=True, kw_only=True):
    """One's own side of a trade. The fee is the seller's."""

    trade_id: Id
    order_id: Id
    account_id: Id
    side: Side
    instrument: str
    price_fen: PriceFen
    quantity_t: Tonnes
    amount_fen: Fen
    fee_fen: Fen0
    state: Literal["traded", "settled", "refunded"]
    delivery_id: Id | None
    at: Instant
    asset: Annotated[str | None, Meta(description="In a basket: the project and vintage that was delivered")] = None


class CashBalance(Struct, frozen=True, kw_only=True):
    """Money. Only what is settled can be used or withdrawn; incoming is settled when the tonnes are delivered."""

    settled_fen: Fen0 = 0
    locked_fen: Fen0 = 0
    incoming_fen: Fen0 = 0
    outgoing_fen: Fen0 = 0


class TonnesBalance(Struct, frozen=True, kw_only=True):
    """Tonnes of one instrument, in the same four parts."""

    instrument: str
    settled_t: Tonnes0
    locked_t: Tonnes0
    incoming_t: Tonnes0
    outgoing_t: Tonnes0


class Balances(Struct, frozen=True, kw_only=True):
    """What an account has on the exchange, as of one sequence of the journal."""

    account_id: Id
    sequence: int
    last_client_order_id: Annotated[
        int, Meta(description="The highest that was used; the next command may have a larger one")
    ]
    cash: CashBalance
    tonnes: tuple[TonnesBalance, ...]

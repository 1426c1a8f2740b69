"""The market as people see it: instruments, listings, orders, trades, balances, deposits, withdrawals, statements."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.credits import Commitment
from schemas.kinds import MAX_INT, Id, Instant, ShortRemark, Text, Vintage
from schemas.serials import InstrumentCodeText

MAX_PRICE_FEN = 10_000_000
MAX_QUANTITY_T = 100_000_000
BATCH_LIMIT = 1_000

PriceFen = Annotated[int, Meta(ge=1, le=MAX_PRICE_FEN, description="Price in fen (CNY/100) per tonne")]
Tonnes = Annotated[int, Meta(ge=1, le=MAX_QUANTITY_T, description="Whole tonnes of CO2e")]
Tonnes0 = Annotated[int, Meta(ge=0, le=MAX_INT, description="Whole tonnes of CO2e")]
Fen = Annotated[int, Meta(ge=1, le=MAX_INT, description="Money in fen (CNY/100)")]
Fen0 = Annotated[int, Meta(ge=0, le=MAX_INT, description="Money in fen (CNY/100)")]
InstrumentCode = InstrumentCodeText
ClientOrderId = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_INT,
        description="Larger with every command of the account, and all that a resent one is known by: that is not "
        "carried out again, and its answer shows the order as it is now",
    ),
]
Side = Literal["buy", "sell"]
SelfTrade = Literal["cancel-taker", "cancel-maker", "cancel-both", "decrement"]


class NewInstrument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Begin to trade what was issued of one project and vintage."""

    project_id: Id
    vintage: Vintage
    tick_fen: Annotated[PriceFen, Meta(description="Prices are multiples of it")] = 1
    lot_t: Annotated[Tonnes, Meta(description="Quantities are multiples of it")] = 1
    low_fen: PriceFen
    high_fen: PriceFen
    fee_bps: Annotated[int, Meta(ge=0, le=1_000, description="Ten-thousandths of each amount, from the seller")] = 0
    fee_account_id: Id

    def __post_init__(self) -> None:
        """Raise `ValueError` for a band that no price is in."""
        check_band(self.low_fen, self.high_fen)


class Band(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The prices within which new orders must lie from now on."""

    low_fen: PriceFen
    high_fen: PriceFen
    reason: Text

    def __post_init__(self) -> None:
        """Raise `ValueError` for a band that no price is in."""
        check_band(self.low_fen, self.high_fen)


def check_band(low_fen: int, high_fen: int) -> None:
    """Raise `ValueError` unless some price lies in the band."""
    if low_fen > high_fen:
        raise ValueError(f"low_fen {low_fen} is above high_fen {high_fen}")


class HaltReason(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an instrument stops to trade, or goes on."""

    reason: Text


class Instrument(Struct, frozen=True, kw_only=True):
    """One project and vintage that can be traded, with its rules."""

    code: str
    project_id: Id
    vintage: Vintage
    project_name: str
    methodology: str
    tick_fen: PriceFen
    lot_t: Tonnes
    low_fen: PriceFen
    high_fen: PriceFen
    fee_bps: int
    state: Literal["opening", "open", "halted"]
    halted_by: tuple[Literal["operator", "regulator", "freeze"], ...]
    opened_at: Instant


class NewListing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Offer deposited tonnes at a fixed price, to be subscribed part by part."""

    account_id: Id
    instrument: InstrumentCode
    price_fen: PriceFen
    quantity_t: Tonnes
    client_order_id: ClientOrderId


class Listing(Struct, frozen=True, kw_only=True):
    """A fixed-price listing; *open_t* can still be subscribed."""

    id: Id
    instrument: str
    price_fen: PriceFen
    quantity_t: Tonnes
    open_t: Tonnes0
    traded_t: Tonnes0
    state: Literal["open", "closed"]
    at: Instant


class NewSubscription(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Subscribe to tonnes of a listing, at its price: all of them or nothing."""

    account_id: Id
    quantity_t: Tonnes
    client_order_id: ClientOrderId


class _Terms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an order says."""

    instrument: InstrumentCode
    side: Side
    price_fen: Annotated[PriceFen, Meta(description="A buyer's cap, a seller's floor")]
    quantity_t: Tonnes
    client_order_id: ClientOrderId
    time_in_force: Literal["GTC", "IOC", "FOK"] = "GTC"
    post_only: Annotated[bool, Meta(description="Refuse the order rather than let it trade at once")] = False
    self_trade: Annotated[SelfTrade, Meta(description="What gives way when two orders of one owner meet")] = (
        "cancel-taker"
    )

    def __post_init__(self) -> None:
        """Raise `ValueError` for an order that may neither trade nor rest."""
        if self.post_only and self.time_in_force != "GTC":
            raise ValueError(f"post_only goes with time_in_force GTC, not {self.time_in_force}")


class NewOrder(_Terms, frozen=True):
    """A limit order of an account."""

    account_id: Id


class CancelOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take back what is open of an order or a listing."""

    account_id: Id
    client_order_id: ClientOrderId


class CancelOrders(CancelOrder, frozen=True):
    """Take back everything that an account has open, in one instrument or in all."""

    instrument: InstrumentCode | None = None


class AmendOrder(CancelOrder, frozen=True):
    """Another price or total quantity; both are said. Less at the same price keeps its place in the queue."""

    price_fen: PriceFen
    quantity_t: Annotated[Tonnes, Meta(description="Whole tonnes in all, those already traded included")]


class Place(_Terms, frozen=True, tag_field="do", tag="place"):
    """In a batch: place an order."""


class Cancel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="cancel"):
    """In a batch: cancel an order."""

    order_id: Id
    client_order_id: ClientOrderId


class Amend(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="amend"):
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
    commands: Annotated[list[Place | Cancel | Amend], Meta(min_length=1, max_length=BATCH_LIMIT)]


class Order(Struct, frozen=True, kw_only=True):
    """
    An order, a listing or a subscription of one's own, as it stands.

    quantity = open + traded + what was cancelled. *closed_because* says why the rest is open no more.
    """

    id: Id
    kind: Literal["order", "listing", "subscription"]
    account_id: Id
    instrument: str
    side: Side
    price_fen: PriceFen
    quantity_t: Tonnes
    open_t: Tonnes0
    traded_t: Tonnes0
    state: Literal["open", "filled", "closed"]
    closed_because: Literal["cancelled", "not-filled", "self-trade", "frozen"] | None
    time_in_force: Literal["GTC", "IOC", "FOK"]
    post_only: bool
    client_order_id: ClientOrderId
    listing_id: Id | None
    at: Instant


class Refusal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One refused command of a batch, as a problem document; *wanted* and *limit* are two amounts that disagree."""

    type: str
    title: str
    status: int
    detail: str
    wanted: int | None = None
    limit: int | None = None


class CommandAnswer(Struct, frozen=True, kw_only=True):
    """What one command of a batch came to: the order as it stands, or the refusal."""

    client_order_id: ClientOrderId
    order: Order | None
    refusal: Refusal | None


class BatchAnswer(Struct, frozen=True, kw_only=True):
    """The answers of a batch, in the order of its commands."""

    answers: tuple[CommandAnswer, ...]


class CancelledOrders(Struct, frozen=True, kw_only=True):
    """That everything open was taken back."""

    account_id: Id
    client_order_id: ClientOrderId
    cancelled: Annotated[int, Meta(ge=0, description="Orders and listings that this command closed")]


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
    last_client_order_id: Annotated[int, Meta(description="Use a larger one for the next command")]
    cash: CashBalance
    tonnes: tuple[TonnesBalance, ...]


class CreditMovement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tonnes between an account in the registry and the exchange."""

    account_id: Id
    instrument: InstrumentCode
    quantity_t: Tonnes


class CashMovement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money between an account's bank and the exchange."""

    account_id: Id
    amount_fen: Fen
    reference: Annotated[ShortRemark, Meta(description="The bank's, for whoever reads the statement")] = ""


class Custody(Struct, frozen=True, kw_only=True):
    """
    A deposit or a withdrawal, of tonnes or of money.

    *pending*: stored, and carried out in a moment. *debited*: the exchange owes it no more, the registry releases next.
    """

    id: Id
    direction: Literal["deposit", "withdrawal"]
    account_id: Id
    instrument: str | None
    quantity_t: Tonnes | None
    amount_fen: Fen | None
    reference: str
    state: Annotated[
        Literal["pending", "done", "debited", "refused"],
        Meta(
            description="pending: stored, carried out in a moment; debited: the exchange owes it no more, the registry "
            "releases it next; done; refused: nothing moved, or it was given back"
        ),
    ]
    refusal: str | None
    at: Instant


class StatementLine(Struct, frozen=True, kw_only=True):
    """One trade of a delivery."""

    trade_id: Id
    price_fen: PriceFen
    quantity_t: Tonnes
    amount_fen: Fen
    fee_fen: Fen0
    at: Instant


class SettlementStatement(Struct, frozen=True, kw_only=True):
    """
    What one delivery moved for one of its two accounts: tonnes, price, fee, money.

    *net_fen* passed through to the seller of a *sale*, and was paid by the buyer in a *purchase*, who bears no fee. Of
    one that is *refunded* nothing moved and nothing was paid; *refusal* says why. Neither side learns of whom the other
    account is.
    """

    delivery_id: Id
    account_id: Id
    side: Literal["sale", "purchase"]
    instrument: str
    quantity_t: Tonnes
    lines: tuple[StatementLine, ...]
    gross_fen: Fen
    fee_fen: Fen0
    net_fen: Fen0
    state: Literal["under-way", "settled", "refunded"]
    refusal: str | None
    serials: tuple[str, ...]
    at: Instant


class OpenedStatement(SettlementStatement, frozen=True):
    """
    A statement with what opens the salted digests of its `delivery/v1` statements in the public log.

    So a seller can show an auditor what was paid, and a buyer that the kilograms were delivered to it, without anybody
    else learning it. Each side has its own opening and the payment's; overseers have all three.
    """

    commitments: tuple[Commitment, ...]

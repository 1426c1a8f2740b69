"""Deposits, withdrawals, and what deliveries moved."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.credits import Commitment
from schemas.scalars import BankReference, Fen, Fen0, Id, Instant, PriceFen, Tonnes
from schemas.serials import InstrumentCodeText


class CreditMovement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tonnes between an account in the registry and the exchange."""

    account_id: Id
    instrument: InstrumentCodeText
    quantity_t: Tonnes


class CashMovement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money between an account's bank and the exchange."""

    account_id: Id
    amount_fen: Fen
    reference: BankReference = ""


class CustodyMovement(Struct, frozen=True, kw_only=True):
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


class DeliveryLine(Struct, frozen=True, kw_only=True):
    """One trade of a delivery."""

    trade_id: Id
    price_fen: PriceFen
    quantity_t: Tonnes
    amount_fen: Fen
    fee_fen: Fen0
    at: Instant


class DeliveryNote(Struct, frozen=True, kw_only=True):
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
    lines: tuple[DeliveryLine, ...]
    gross_fen: Fen
    fee_fen: Fen0
    net_fen: Fen0
    state: Literal["under-way", "settled", "refunded"]
    refusal: str | None
    serials: tuple[str, ...]
    at: Instant


class OpenedDeliveryNote(DeliveryNote, frozen=True):
    """
    A statement with what opens the salted digests of its `delivery/v1` statements in the public log.

    So a seller can show an auditor what was paid, and a buyer that the kilograms were delivered to it, without anybody
    else learning it. Each side has its own opening and the payment's; overseers have all three.
    """

    commitments: tuple[Commitment, ...]


class Sales(Struct, frozen=True, kw_only=True):
    """What an account sold of one instrument, in deliveries that are settled."""

    instrument: str
    deliveries: int
    quantity_t: Tonnes
    gross_fen: Fen0
    fee_fen: Fen0
    net_fen: Annotated[Fen0, Meta(description="What passed through to the account: gross less fee")]


class Income(Struct, frozen=True, kw_only=True):
    """
    What an account sold on the exchange in a period, and what it brought there and took off.

    Of a delivery that is under way nothing is counted yet but *under_way_fen*; one that was refunded sold nothing.
    """

    account_id: Id
    sales: tuple[Sales, ...]
    sold_t: int
    gross_fen: Fen0
    fee_fen: Fen0
    net_fen: Fen0
    under_way_fen: Annotated[Fen0, Meta(description="Sold, less fees, and not settled yet")]
    deposited_t: int
    withdrawn_t: int
    paid_in_fen: Fen0
    paid_out_fen: Fen0

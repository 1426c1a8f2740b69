"""Tonnes that are offered by the kilogram to event pages: pools, payments, and what their owners are owed."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.scalars import BankReference, Fen, Fen0, Id, Instant, Kg, Kg0, PriceFen, Text
from schemas.serials import IssuanceCode, IssuanceCodeText

PoolState = Literal["open", "paused", "withdrawn"]
PaymentState = Literal["held", "lapsed", "paid", "retired", "refunded"]
PostingCause = Literal["payment", "sale", "refund", "payout"]
MoneyAccount = Literal["bank", "guests", "owner"]


class NewPool(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Offer kilograms of one issuance that an account holds, at a price per tonne that stays as it is."""

    account_id: Id
    issuance: IssuanceCodeText
    quantity_kg: Kg
    price_fen: PriceFen

    def __post_init__(self) -> None:
        """Raise `ValueError` for an issuance code that cannot exist."""
        IssuanceCode.parse(self.issuance)


class TopUp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """More kilograms of the pool's issuance, from its account."""

    quantity_kg: Kg


class Pool(Struct, frozen=True, kw_only=True):
    """
    A retail pool as anybody sees it.

    *available_kg* may be bought now. A kilogram costs a thousandth of *price_fen*; an amount is rounded up to the fen.
    """

    id: Id
    owner_id: Id
    owner: Annotated[str, Meta(description="The owner's name")]
    issuance: str
    price_fen: PriceFen
    state: PoolState
    available_kg: Kg0
    retired_kg: Annotated[Kg0, Meta(description="Sold to guests and retired for them")]
    opened_at: Instant


class PoolAccounts(Struct, frozen=True, kw_only=True):
    """
    What a pool has sold, and what its owner is owed.

    *held_kg* lie under the pool's hold, *reserved_kg* of them are promised. *earned_fen* = *paid_out_fen* + *owed_fen*;
    *guests_fen* was paid by guests and is neither earned nor given back yet.
    """

    pool_id: Id
    held_kg: Kg0
    reserved_kg: Kg0
    retired_kg: Kg0
    earned_fen: Fen0
    paid_out_fen: Fen0
    owed_fen: Fen0
    guests_fen: Fen0


class Posting(Struct, frozen=True, kw_only=True):
    """
    One entry of a pool's money, in double entry: *amount_fen* to the debit of one account, to the credit of the other.

    `bank` is the money in the bank, `guests` what is owed to those who paid, `owner` what is owed to the pool's owner.
    """

    id: Id
    cause: PostingCause
    reference: str
    debit: MoneyAccount
    credit: MoneyAccount
    amount_fen: Fen
    at: Instant


class NewPayout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money that the bank has paid to the pool's owner, by the bank's reference."""

    amount_fen: Fen
    reference: Annotated[BankReference, Meta(min_length=1)]


class Confirmation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bank's word that a payment has come."""

    amount_fen: Fen


class GuestPayment(Struct, frozen=True, kw_only=True):
    """
    One sale of kilograms of a pool.

    `held`: its kilograms are kept until *held_until*, in real time. `lapsed`: they are kept no longer; money that still
    comes buys them if as many are left, and is given back otherwise. `paid`: the retirement follows. `retired`, or
    `refunded` with the reason: it has ended.
    """

    reference: str
    pool_id: Id
    quantity_kg: Kg
    amount_fen: Fen
    state: PaymentState
    held_until: Instant
    paid_at: Instant | None
    closed_at: Instant | None
    refund_reason: Text | None

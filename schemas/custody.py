"""What registry and exchange tell each other about tonnes that one holds for the other."""

from typing import Literal

from msgspec import Struct

BuyerKind = Literal["enterprise", "individual", "institution"]


class Trader(Struct, frozen=True):
    """An account that may trade. *group_id* is its beneficial owner; *restriction_id* the freeze on it, if any."""

    id: int
    owner_id: int
    usable: bool
    group_id: int
    restriction_id: int | None


class Beneficiary(Struct, frozen=True):
    """The beneficial owner of an account, and what kind of buyer the party is that it belongs to."""

    group_id: int
    kind: BuyerKind


class Vintage(Struct, frozen=True, kw_only=True):
    """One project and vintage of which something was issued."""

    code: str
    project_name: str
    methodology: str
    location: str
    developer_id: int


class Held(Struct, frozen=True):
    """What the registry holds of an account for the exchange: *quantity_kg* in blocks, *noted_kg* as the hold says."""

    account_id: int
    project_id: int
    vintage: int
    quantity_kg: int
    noted_kg: int


class Freezes(Struct, frozen=True):
    """Accounts, and (project, vintage) pairs, that are frozen now."""

    accounts: frozenset[int]
    vintages: frozenset[tuple[int, int]]


class HoldRequest(Struct, frozen=True, kw_only=True):
    """A deposit or a withdrawal of kilograms. *reference* is the exchange's own name for it, used once."""

    reference: str
    account_id: int
    project_id: int
    vintage: int
    quantity_kg: int


class Payment(Struct, frozen=True, kw_only=True):
    """What a delivery was paid with: *gross_fen* by the buyer, *net_fen* to the seller, the fee between them."""

    tonnes: int
    gross_fen: int
    fee_fen: int
    net_fen: int


class Delivery(Struct, frozen=True, kw_only=True):
    """Kilograms that one account sold to another. *payment* enters the log as a salted digest."""

    reference: str
    seller_id: int
    buyer_id: int
    project_id: int
    vintage: int
    quantity_kg: int
    payment: Payment


class Delivered(Struct, frozen=True, kw_only=True):
    """What became of a delivery: done where *refusal* is empty."""

    reference: str
    refusal: str | None = None
    serials: tuple[str, ...] = ()
    statement_ids: tuple[int, ...] = ()


class LoggedIssuance(Struct, frozen=True):
    """What an issuance brought its developer, without the buffer, and where it stands in the public log."""

    leaf_index: int
    code: str
    project_id: int
    vintage: int
    developer_id: int
    quantity_kg: int

"""Standing subscriptions: what an account buys in each period, or sells of each issuance, by itself."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.attributes import Goals, Labels, ProjectType, check_once
from schemas.identifiers import Identifier
from schemas.scalars import (
    Fen,
    Fen0,
    Id,
    Instant,
    Name,
    PriceFen,
    ShortRemark,
    Text,
    Tonnes,
    Tonnes0,
    Vintage,
    check_years,
)
from schemas.serials import InstrumentCodeText

Every = Literal["day", "week", "month"]
BuySource = Literal["listing", "campaign", "book"]
SellInto = Literal["book", "listing", "campaign"]
StandingState = Literal["active", "paused", "ended"]
RunState = Literal["open", "done"]
RunOrderState = Literal["chosen", "placed", "refused", "replaced"]
RunWithdrawalState = Literal["stored", "refused", "retired", "kept"]
Words = Annotated[str, Meta(max_length=40, description="The short name of a reason", examples=["nothing-offered"])]


class BuyTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="side", tag="buy"):
    """
    Buy so many tonnes in each period, at a price or below.

    A period begins at midnight in Asia/Shanghai: each day, each Monday, or each first of a month. Filters that are
    omitted take anything. *retire_for* retires what was delivered against that claim, by itself.
    """

    quantity_t: Annotated[Tonnes, Meta(description="In each period")]
    every: Every
    price_fen: Annotated[PriceFen, Meta(description="The most for a tonne")]
    begins: Instant
    ends: Annotated[Instant | None, Meta(description="No period begins from then on")] = None
    budget_fen: Annotated[Fen | None, Meta(description="For all periods together")] = None
    instrument: InstrumentCodeText | None = None
    project_id: Id | None = None
    methodology: Annotated[Name | None, Meta(description="With or without its version")] = None
    types: Annotated[
        tuple[ProjectType, ...], Meta(max_length=15, description="Of the project, by its methodology; any if empty")
    ] = ()
    co_benefits: Annotated[Goals, Meta(description="All of these, as the regulator recorded them of the project")] = ()
    labels: Annotated[Labels, Meta(description="All of these, as the regulator recorded them of the project")] = ()
    locality: Annotated[
        Name | None, Meta(description="A part of the project's location, in capitals or not", examples=["Chenggu"])
    ] = None
    vintages: Annotated[tuple[Vintage, ...], Meta(max_length=20, description="Any if empty")] = ()
    prefer: Annotated[
        tuple[BuySource, ...],
        Meta(min_length=1, max_length=3, description="Where to buy, the first of them first; nowhere else"),
    ] = ("listing", "campaign", "book")
    retire_for: Annotated[Id | None, Meta(description="The claim to retire against what was delivered")] = None
    beneficiary: Annotated[
        ShortRemark, Meta(description="For whom it is retired; enters the log only as a salted digest")
    ] = ""
    beneficiary_identifiers: Annotated[
        tuple[Identifier, ...], Meta(max_length=4, description="Of the beneficiary, if an organisation")
    ] = ()

    def __post_init__(self) -> None:
        """Raise `ValueError` for an end before the beginning, a source named twice, or a beneficiary of nothing."""
        check_years("begins", self.begins)
        check_years("ends", self.ends)
        if self.ends is not None and self.ends <= self.begins:
            raise ValueError(f"ends {self.ends:%Y-%m-%dT%H:%M:%SZ} is not after begins")
        if len(set(self.prefer)) < len(self.prefer):
            raise ValueError("prefer names a source twice")
        for name in ("types", "co_benefits", "labels"):
            check_once(name, getattr(self, name))
        if self.beneficiary and self.retire_for is None:
            raise ValueError("a beneficiary needs retire_for: nothing is retired without a claim")
        if self.beneficiary_identifiers and not self.beneficiary.strip():
            raise ValueError("beneficiary_identifiers need the beneficiary's name beside them")


class SellTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="side", tag="sell"):
    """
    Sell a share of every future issuance of one's own project, at a price or above.

    *into* a campaign: beside the next one of the instrument that opens at the price or above, at that one's price, in
    its window and with its limits.
    """

    project_id: Id
    share_bps: Annotated[int, Meta(ge=1, le=10_000, description="In hundredths of a percent of what is issued")]
    price_fen: Annotated[PriceFen, Meta(description="The least for a tonne")]
    into: SellInto


Terms = BuyTerms | SellTerms


class NewStanding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Set up a standing subscription for an account."""

    account_id: Id
    terms: Terms


class ChangeStanding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other terms, of the same side: from the next period, or the next issuance, on."""

    terms: Terms


class PauseStanding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it pauses or ends: it stands beside it."""

    reason: Text


class StandingSubscription(Struct, frozen=True, kw_only=True):
    """
    A standing subscription. *why* says why it is paused or has ended.

    *next_terms* are those of the next period, where they were changed; *next_at* is when that begins.
    """

    id: Id
    account_id: Id
    person_id: Annotated[Id, Meta(description="Who set it up or changed it last; in whose roles it acts")]
    terms: Terms
    next_terms: Terms | None
    state: StandingState
    why_slug: Words | None
    why: str | None
    next_at: Instant | None
    spent_fen: Fen0
    filled_t: Tonnes0
    at: Instant


class RunOrder(Struct, frozen=True, kw_only=True):
    """What a run placed: where, at which price at most (a seller: at least), and what it came to."""

    source: BuySource
    instrument: str
    price_fen: PriceFen
    quantity_t: Tonnes
    client_order_id: Id
    state: RunOrderState
    order_id: Id | None
    traded_t: Tonnes0
    open_t: Tonnes0
    amount_fen: Annotated[Fen0, Meta(description="What its trades came to, without those that were refunded")]
    refusal: str | None


class RunWithdrawal(Struct, frozen=True, kw_only=True):
    """Tonnes of a run that were withdrawn to be retired. *kept*: withdrawn, and not retired; *refusal* says why."""

    id: Annotated[Id, Meta(description="The withdrawal")]
    claim_id: Id
    instrument: str
    quantity_t: Tonnes
    state: RunWithdrawalState
    retirement_order: Annotated[str | None, Meta(description="It has the receipts and certificates")]
    refusal: str | None


class Run(Struct, frozen=True, kw_only=True):
    """One period of a buyer, or one issuance of a seller: what was filled, where, at what price, what not and why."""

    id: Id
    cause: Annotated[str, Meta(description="The first instant of the period, or the issuance")]
    begins: Instant
    ends: Instant
    wanted_t: Tonnes0
    filled_t: Tonnes0
    missed_t: Annotated[Tonnes0, Meta(description="Not filled, and nothing is open for it any more")]
    state: RunState
    why_slug: Words | None
    why: Annotated[str | None, Meta(description="Why not everything was filled so far")]
    next_try_at: Instant | None
    orders: tuple[RunOrder, ...]
    withdrawals: tuple[RunWithdrawal, ...]


class Take(Struct, frozen=True, kw_only=True):
    """One thing that would be bought now; *listing_id* is null for the book."""

    source: BuySource
    instrument: str
    listing_id: Id | None
    price_fen: PriceFen
    quantity_t: Tonnes


class DryRun(Struct, frozen=True, kw_only=True):
    """What would happen now: nothing is placed, and nothing is kept."""

    wanted_t: Tonnes0
    takes: tuple[Take, ...]
    filled_t: Annotated[Tonnes0, Meta(description="What the takes come to, if nobody is faster")]
    why_slug: Words | None
    why: str | None

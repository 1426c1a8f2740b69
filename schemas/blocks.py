"""Negotiated blocks: proposed by one account, answered by another, carried out by the exchange."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.market_data import Side
from schemas.orders import ClosedBecause
from schemas.scalars import MAX_PRICE_FEN, ClientOrderId, Fen, Id, Instant, PriceFen, Text, Tonnes, check_years
from schemas.serials import InstrumentCodeText

Bps = Annotated[int, Meta(ge=1, le=9_999, description="Ten-thousandths around reference_fen")]
BlockState = Literal["proposed", "traded", "ended"]


class ProposedBlock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Propose a block to one other account, on terms that both have talked about.

    *side* is what the proposer does. Its money or tonnes are locked until the other one answers, or the time is over.
    """

    account_id: Id
    counterparty_id: Annotated[Id, Meta(description="The number of the other account")]
    instrument: InstrumentCodeText
    side: Side
    price_fen: PriceFen
    quantity_t: Tonnes
    expires_at: Annotated[Instant, Meta(description="Business time until which it can be accepted")]
    client_order_id: ClientOrderId

    def __post_init__(self) -> None:
        """Raise `ValueError` for a time that cannot be."""
        check_years("expires_at", self.expires_at)


class AnswerBlock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Accept or decline a block that was proposed to an account of one's own."""

    account_id: Id
    client_order_id: ClientOrderId


class NegotiatedBlock(Struct, frozen=True, kw_only=True):
    """A block, as its two parties see it. *side* is the proposer's; *ended_because* says why nothing was traded."""

    id: Id
    instrument: str
    side: Side
    price_fen: PriceFen
    quantity_t: Tonnes
    amount_fen: Fen
    proposer_id: Id
    counterparty_id: Id
    state: BlockState
    ended_because: ClosedBecause | None
    expires_at: Instant
    at: Instant


class BlockTrade(Struct, frozen=True, kw_only=True):
    """A block that was traded, as everybody may see it. It is in no average price, and not among the book's trades."""

    id: Id
    instrument: str
    price_fen: PriceFen
    quantity_t: Tonnes
    amount_fen: Fen
    mode: Literal["block", "quote"]
    at: Instant


class BlockTerms(Struct, frozen=True, kw_only=True):
    """The smallest block of an instrument, and the prices that one may be agreed on at, both included."""

    instrument: str
    least_t: Tonnes
    reference_fen: PriceFen | None
    band_bps: int | None
    low_fen: PriceFen
    high_fen: PriceFen


class NewBlockTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Bound the blocks of an instrument; what is proposed already is judged by this when it is accepted.

    Without *reference_fen* and *band_bps*, prices lie in the band of the book.
    """

    least_t: Tonnes
    reference_fen: PriceFen | None = None
    band_bps: Bps | None = None
    reason: Text

    def __post_init__(self) -> None:
        """Raise `ValueError` for half a band."""
        if (self.reference_fen is None) != (self.band_bps is None):
            raise ValueError("reference_fen and band_bps go together: say both or neither")


def bounds(reference_fen: int, band_bps: int) -> tuple[int, int]:
    """Return the lowest and the highest price within *band_bps* ten-thousandths of a price, rounded inwards."""
    low_fen = -(-reference_fen * (10_000 - band_bps) // 10_000)
    return low_fen, min(reference_fen * (10_000 + band_bps) // 10_000, MAX_PRICE_FEN)

"""Instruments: what can be traded, and by which rules."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.scalars import Id, Instant, PriceFen, Text, Tonnes, Vintage

InstrumentState = Literal["opening", "open", "halted"]


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
    """The prices of an instrument from now on; whatever is open at others is closed, with that cause."""

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
    """
    One project and vintage that can be traded, with its rules; or a basket, which has neither of them.

    Of a basket, *project_name* is its own name.
    """

    code: str
    project_id: Id | None
    vintage: Vintage | None
    project_name: str
    methodology: str
    tick_fen: PriceFen
    lot_t: Tonnes
    low_fen: PriceFen
    high_fen: PriceFen
    fee_bps: int
    state: InstrumentState
    halted_by: tuple[Literal["operator", "regulator", "freeze"], ...]
    opened_at: Instant

"""Instruments: what can be traded, and by which rules."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.delistings import DelistingNotice
from schemas.scalars import Id, Instant, PriceFen, Text, Tonnes, Vintage
from schemas.venues import VenuePreset

InstrumentState = Literal["opening", "open", "halted", "delisted"]


class NewInstrument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Begin to trade what was issued of one project and vintage.

    With *preset* it trades by the rules of that venue, and tick and lot are the venue's. Where those let prices follow
    a reference, *reference_fen* is the first one, and says the band; elsewhere *low_fen* and *high_fen* do.
    """

    project_id: Id
    vintage: Vintage
    preset: Annotated[VenuePreset | None, Meta(description="A venue; without one every way to trade is open")] = None
    reference_fen: Annotated[PriceFen | None, Meta(description="With a preset whose prices follow one")] = None
    tick_fen: Annotated[PriceFen | None, Meta(description="Prices are multiples of it; 1 if omitted")] = None
    lot_t: Annotated[Tonnes | None, Meta(description="Quantities are multiples of it; 1 if omitted")] = None
    low_fen: PriceFen | None = None
    high_fen: PriceFen | None = None
    fee_bps: Annotated[int, Meta(ge=0, le=1_000, description="Ten-thousandths of each amount, from the seller")] = 0
    fee_account_id: Id

    def __post_init__(self) -> None:
        """Raise `ValueError` for a band that no price is in, or none where no preset says one."""
        check_opening(self.preset, self.reference_fen, self.low_fen, self.high_fen)


def check_opening(
    preset: VenuePreset | None, reference_fen: int | None, low_fen: int | None, high_fen: int | None
) -> None:
    """Raise `ValueError` for a band that no price is in, or none where no preset says one."""
    if (low_fen is None) != (high_fen is None):
        raise ValueError("low_fen and high_fen go together")
    if low_fen is not None and high_fen is not None:
        check_band(low_fen, high_fen)
    elif preset is None:
        raise ValueError("low_fen and high_fen say the band of prices, unless a preset does")
    if preset is None and reference_fen is not None:
        raise ValueError("reference_fen goes with a preset; without one, session/rules sets it")


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
    preset: str | None
    delisting: Annotated[DelistingNotice | None, Meta(description="When it is delisted, or was")] = None

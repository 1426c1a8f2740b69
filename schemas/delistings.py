"""That an instrument, or an asset of a basket, is delisted: announced before its day, withdrawn while it may be."""

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.scalars import Id, Instant, Text
from schemas.serials import InstrumentCodeText

DelistingDay = Annotated[
    dt.date, Meta(description="A working day in Asia/Shanghai, after the notice that the venue's rules ask for")
]


class NewDelisting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On which day an instrument is delisted, and why."""

    day: DelistingDay
    reason: Text


class AssetDelisting(NewDelisting, frozen=True):
    """Of a basket: which asset is delivered no more from that day on."""

    asset: InstrumentCodeText


class DelistingWithdrawal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why what was announced does not happen."""

    reason: Text


class AssetWithdrawal(DelistingWithdrawal, frozen=True):
    """Of which asset of a basket it does not."""

    asset: InstrumentCodeText


DelistingState = Literal["announced", "withdrawn", "done"]


class Delisting(Struct, frozen=True, kw_only=True):
    """
    One delisting as it was announced, and what became of it.

    *basket* names the basket out of which *instrument*, one of its assets, is taken; without it *instrument*, which
    may be a basket itself, trades no more at all.
    """

    id: Id
    instrument: str
    name: Annotated[str, Meta(description="Of the project, or of the basket")]
    basket: str | None
    day: DelistingDay
    state: DelistingState
    reason: str
    announced_at: Instant
    withdrawn_at: Instant | None
    withdrawn_because: str | None
    carried_out_at: Instant | None


class DelistingNotice(Struct, frozen=True, kw_only=True):
    """What was announced, and stands: with the beginning of *day* in Asia/Shanghai it is carried out."""

    day: dt.date
    reason: str
    announced_at: Instant

"""That an instrument, or an asset of a basket, is delisted: announced before its day, withdrawn while it may be."""

import datetime as dt
from typing import Annotated

from msgspec import Meta, Struct

from schemas.scalars import Instant, Text
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


class DelistingNotice(Struct, frozen=True, kw_only=True):
    """What was announced, and stands: with the beginning of *day* in Asia/Shanghai it is carried out."""

    day: dt.date
    reason: str
    announced_at: Instant

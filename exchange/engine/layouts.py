"""
The state as it is stored, in every layout ever released.

Evolution: whatever changes the bytes, be it one more field, raises `STATE_CODEC`. The new layout gets structs of its
own beside the old ones, unless a field is only added at the end with a default, and `decoded` a line that turns the old
one into the new one. Nothing is ever taken out here: every snapshot ever written starts today's engine. What a mode has
of its own is stored under its name with a version of its own (`exchange.engine.modes.StatePart`).
"""

from typing import Final

import msgspec
from msgspec import Raw, Struct, field

from exchange.engine.events import Traded
from exchange.engine.modes import listings

STATE_CODEC: Final = 4
"""
1: until engine 1. 2: listings are a part of their own, parts by mode, what is unfinished. 3: which numbers of an
account are used behind its highest, what was rounded off each fee, who was frozen before the first credit. 4: which
asset a trade that is not settled delivers.
"""


class UnknownLayout(Exception):
    """A snapshot of a later version, or with something of a mode that is not there."""


class StoredBalance(Struct, array_like=True, gc=False):
    """Money in fen or tonnes of one instrument."""

    settled: int
    locked: int
    incoming: int
    outgoing: int


class StoredAccount(Struct, array_like=True):
    """
    An account, its tonnes by instrument.

    *used* has a bit for each number of the window, the lowest for the highest number; None until layout 2, where only
    a higher number than the last could be used, so that all of the window are.
    """

    id: int
    group: int
    frozen: bool
    last_client_order_id: int
    cash: StoredBalance
    tonnes: list[tuple[int, StoredBalance]]
    used: bytes | None = None


class StoredOrder(Struct, array_like=True, gc=False):
    """An open order."""

    id: int
    account: int
    side: int
    price: int
    quantity: int
    open: int
    life: int
    prevention: int
    fee_rest: int = 0


class StoredInstrument(Struct, array_like=True):
    """An instrument and its book, the orders of each side by price and time."""

    id: int
    tick: int
    lot: int
    low: int
    high: int
    fee_bps: int
    fee_account: int
    halted: int
    tonnes: int
    bids: list[StoredOrder]
    asks: list[StoredOrder]


class _Instrument1(StoredInstrument, array_like=True):
    listings: list[StoredOrder]


class _State1(Struct, array_like=True):
    sequence: int
    trades: int
    last_instruction: int
    cash: int
    accounts: list[StoredAccount]
    instruments: list[_Instrument1]
    unsettled: list[Traded]


class StoredState(Struct, array_like=True):
    """The whole market; *parts* is what modes have of their own by name, each in its version of its layout."""

    sequence: int
    trades: int
    last_instruction: int
    cash: int
    accounts: list[StoredAccount]
    instruments: list[StoredInstrument]
    unsettled: list[Traded]
    unfinished: Raw
    parts: dict[str, tuple[int, Raw]]
    frozen_early: list[int] = field(default_factory=list)


def decoded(state: bytes, codec: int) -> StoredState:
    """Return a stored state in today's layout. Raises `UnknownLayout`, and `msgspec.DecodeError` for broken bytes."""
    if codec in {2, 3, STATE_CODEC}:  # what layouts 3 and 4 added has a default
        return msgspec.msgpack.decode(state, type=StoredState)
    if codec == 1:
        return _from_1(msgspec.msgpack.decode(state, type=_State1))
    raise UnknownLayout(f"The state has layout {codec}; this version reads 1 to {STATE_CODEC}.")


def _from_1(old: _State1) -> StoredState:
    """Listings stood with their instruments, and nothing was ever unfinished."""
    listed: dict[int, listings.StoredListing] = {}
    for instrument in old.instruments:
        for each in instrument.listings:
            listed[each.id] = listings.StoredListing(
                each.id, each.account, instrument.id, each.price, each.quantity, each.open
            )
    part = listings.StoredListings([each for _, each in sorted(listed.items())])
    parts = {"listings": (1, Raw(msgspec.msgpack.encode(part)))} if listed else {}
    kept = [
        StoredInstrument(*(getattr(each, name) for name in StoredInstrument.__struct_fields__))
        for each in old.instruments
    ]
    nothing = Raw(msgspec.msgpack.encode(None))
    return StoredState(
        old.sequence,
        old.trades,
        old.last_instruction,
        old.cash,
        old.accounts,
        kept,
        old.unsettled,
        nothing,
        parts,
    )

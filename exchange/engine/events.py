"""
What the engine says happened: its only output. Each mode in `exchange.engine.modes` adds its own events.

Added up, events give the orders, the trades and every balance. They are hashed into the journal's chain, so a replay
that comes to anything else is noticed. As in commands, a field is only ever added at the end, with a default.
"""

from enum import IntEnum
from typing import TypeAlias

from msgspec import Struct


class Reason(IntEnum):
    """
    Why a command was refused; *wanted* and *limit* of the event are the two numbers that disagree.

    Until engine 2 an amendment that left nothing open was refused as `ALREADY_TRADED`.

    Numbers below 100 stand here. A later mode numbers its own reasons in its module, in a
    hundred of its own: from 100, from 200, and so on, and names that enumeration in its `EngineMode`.
    """

    UNKNOWN_ACCOUNT = 1
    STALE_CLIENT_ORDER_ID = 2
    UNKNOWN_INSTRUMENT = 3
    HALTED = 4
    FROZEN = 5
    PRICE_OFF_TICK = 6
    QUANTITY_OFF_LOT = 7
    PRICE_BELOW_BAND = 8
    PRICE_ABOVE_BAND = 9
    NOT_ENOUGH_CASH = 10
    NOT_ENOUGH_TONNES = 11
    WOULD_TRADE = 12
    NOT_FILLABLE = 13
    NOT_OPEN = 14
    ALREADY_TRADED = 15
    NOT_AN_ORDER = 16
    LISTING_SHORT = 17
    OWN_LISTING = 18
    NOT_OUTSTANDING = 19
    STALE_INSTRUCTION = 20
    TOO_LARGE = 21
    INSTRUMENT_OPEN = 22
    TOO_MANY_ORDERS = 23
    BUSY = 24
    NOTHING_UNFINISHED = 25
    CLIENT_ORDER_ID_TOO_FAR = 26
    DELISTED = 27


class Cause(IntEnum):
    """Why something that was open no longer is."""

    OWNER = 1
    NOT_FILLED = 2
    SELF_TRADE = 3
    FREEZE = 4
    OUTSIDE_BAND = 5
    NOT_ALLOTTED = 6
    UNDERSUBSCRIBED = 7
    CALLED_OFF = 8
    OUTBID = 9
    RAISED = 10
    DECLINED = 17
    LAPSED = 18
    NOT_TAKEN = 19
    DAY_OVER = 13
    EXPIRED = 14
    OWNER_CHANGED = 23
    DELISTED = 20
    ASSET_HALTED = 21


class Refused(Struct, array_like=True, gc=False, frozen=True, tag=1):
    """Nothing changed, except that the account's *client_order_id* counts as used."""

    reason: int
    account: int
    client_order_id: int
    wanted: int
    limit: int


class InstrumentOpened(Struct, array_like=True, gc=False, frozen=True, tag=2):
    """An instrument can be traded."""

    instruction: int
    instrument: int


class BandSet(Struct, array_like=True, gc=False, frozen=True, tag=3):
    """Prices of orders lie in this band; what was outside is closed next."""

    instruction: int
    instrument: int
    low: int
    high: int


class HaltChanged(Struct, array_like=True, gc=False, frozen=True, tag=4):
    """The causes that halt an instrument, added up; 0: it trades."""

    instruction: int
    instrument: int
    causes: int


class FreezeChanged(Struct, array_like=True, gc=False, frozen=True, tag=5):
    """An account may not trade, or may again."""

    instruction: int
    account: int
    on: bool


class CashCredited(Struct, array_like=True, gc=False, frozen=True, tag=6):
    """Settled money of an account rose."""

    instruction: int
    account: int
    amount: int


class TonnesCredited(Struct, array_like=True, gc=False, frozen=True, tag=7):
    """Settled tonnes of an account rose."""

    instruction: int
    account: int
    instrument: int
    quantity: int


class CashDebited(Struct, array_like=True, gc=False, frozen=True, tag=8):
    """Settled money of an account fell."""

    instruction: int
    account: int
    amount: int


class TonnesDebited(Struct, array_like=True, gc=False, frozen=True, tag=9):
    """Settled tonnes of an account fell."""

    instruction: int
    account: int
    instrument: int
    quantity: int


class InstructionRefused(Struct, array_like=True, gc=False, frozen=True, tag=10):
    """An instruction was not carried out; nothing changed. *account* is 0 where none is concerned."""

    instruction: int
    account: int
    reason: int
    wanted: int
    limit: int


class Traded(Struct, array_like=True, gc=False, frozen=True, tag=14):
    """
    A trade at the resting order's price.

    The buyer had locked *cap* fen a tonne; what is above *price* is settled again. *fee* is the seller's, to
    *fee_account*: what its order's fee, rounded down once, grew by. *taker_side* is the side of the order that
    came later. *asset* is what a trade in a basket delivers; 0: what is delivered is the instrument.
    """

    trade: int
    instrument: int
    price: int
    quantity: int
    buy_order: int
    sell_order: int
    buyer: int
    seller: int
    cap: int
    fee: int
    fee_account: int
    taker_side: int
    asset: int = 0


class Reduced(Struct, array_like=True, gc=False, frozen=True, tag=15):
    """
    So many tonnes of an order or a listing are open no more; what was locked for them is settled again.

    *client_order_id* is that of the cancel, 0 where it has none or nobody asked for it. Of a sell order in a basket,
    *parts* has pairs of an asset and its tonnes.
    """

    order: int
    account: int
    instrument: int
    side: int
    price: int
    quantity: int
    cause: int
    client_order_id: int
    parts: tuple[tuple[int, int], ...] = ()


class Settled(Struct, array_like=True, gc=False, frozen=True, tag=17):
    """A delivery's trades are settled."""

    delivery: int
    trades: tuple[int, ...]


class Refunded(Struct, array_like=True, gc=False, frozen=True, tag=18):
    """A delivery's trades are undone."""

    delivery: int
    trades: tuple[int, ...]


class Completed(Struct, array_like=True, gc=False, frozen=True, tag=19):
    """
    A command of an account was carried out that no other event names: an amendment, or a cancel of everything.

    *closed* is how many orders the latter closed, in all its steps. *client_order_id* is 0 where it has none.
    """

    account: int
    client_order_id: int
    closed: int = 0


class NumbersRestarted(Struct, array_like=True, gc=False, frozen=True, tag=20):
    """An account's client_order_ids go on from *highest*."""

    instruction: int
    account: int
    highest: int


class InstrumentDelisted(Struct, array_like=True, gc=False, frozen=True, tag=57):
    """An instrument trades no more; *causes* is what halts it, this included. What was open in it is closed next."""

    instruction: int
    instrument: int
    causes: int


Event: TypeAlias = Struct
"""An event of any mode: one of the types in `exchange.engine.core.MODES`, or one of these."""

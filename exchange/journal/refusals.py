"""
How the engine's reasons read for people: a slug, a text with the numbers, and what to do. Pure.

The core's reasons are here; each mode brings its own, and `exchange.modes` has them all.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from exchange.engine import venue as v
from exchange.engine.commands import HALTED_BY_FREEZE, HALTED_BY_OPERATOR, HALTED_BY_REGULATOR
from exchange.engine.events import Reason
from registry.kit.problems import DomainError, Kind
from schemas.venues import PRESETS


class TradingRefused(DomainError):
    """The exchange refused it. Its slug says why; *wanted* and *limit*, if any, are two numbers that disagree."""

    kind, slug, title = Kind.CONFLICT, "trading-refused", "Refused by the exchange"

    def __init__(self, wording: "Wording", detail: str, **members: object) -> None:
        super().__init__(detail, **members)
        self.kind, self.slug, self.title = wording.kind, wording.slug, wording.title  # type: ignore[misc]  # one class for all reasons


class UsedOtherwise(DomainError):
    """A client_order_id came back with another command."""

    kind, slug, title = Kind.UNPROCESSABLE, "client-order-id-reused", "client_order_id reused"


class Wording(NamedTuple):
    """
    How one reason reads.

    *text* may name ``wanted``, ``limit``, ``missing``, the same as ``…_yuan``, ``causes``, and of a venue its name and
    the ``ways`` to trade. *amounts* says whether the two numbers can be compared; programs are given no others.
    """

    kind: Kind
    slug: str
    title: str
    text: str
    amounts: bool = True


Wordings = Mapping[int, Wording]
"""Wordings by reason."""


def yuan(fen: int) -> str:
    """Fen as people write money: ``1,234.56``."""
    return f"{fen // 100:,}.{fen % 100:02d}"


_C, _U, _K = Kind.CONFLICT, Kind.UNPROCESSABLE, Kind.UNKNOWN
CORE: Final[Wordings] = {
    Reason.UNKNOWN_ACCOUNT: Wording(
        _C,
        "nothing-deposited",
        "Nothing deposited",
        "The account has nothing on the exchange. Deposit first.",
        amounts=False,
    ),
    Reason.STALE_CLIENT_ORDER_ID: Wording(
        _C,
        "client-order-id-stale",
        "client_order_id behind the window",
        "client_order_id {wanted} comes too long after {limit} was used, and no command with it is known. A new "
        "command takes one above {limit}.",
    ),
    Reason.CLIENT_ORDER_ID_TOO_FAR: Wording(
        _U,
        "client-order-id-too-far",
        "client_order_id too far ahead",
        "client_order_id {wanted} is too far ahead: the account's next command may have {limit} at most.",
    ),
    Reason.UNKNOWN_INSTRUMENT: Wording(
        _K,
        "not-found",
        "Not found",
        "There is no such instrument, or it is not open yet. See /v1/instruments.",
        amounts=False,
    ),
    Reason.HALTED: Wording(
        _C,
        "instrument-halted",
        "Halted",
        "The instrument is halted by {causes} and takes cancels only. Its state is open again when it trades.",
        amounts=False,
    ),
    Reason.DELISTED: Wording(
        _C,
        "instrument-delisted",
        "Delisted",
        "The instrument is delisted and trades no more. What is held of it can be withdrawn.",
        amounts=False,
    ),
    Reason.FROZEN: Wording(
        _C,
        "frozen",
        "Frozen",
        "The account is frozen and takes cancels only. It can trade and withdraw when two regulators lift the freeze.",
        amounts=False,
    ),
    Reason.PRICE_OFF_TICK: Wording(
        _U, "price-off-tick", "Price off tick", "Price {wanted} fen is not a multiple of the tick, {limit} fen."
    ),
    Reason.QUANTITY_OFF_LOT: Wording(
        _U, "quantity-off-lot", "Quantity off lot", "Quantity {wanted} t is not a multiple of the lot, {limit} t."
    ),
    Reason.PRICE_BELOW_BAND: Wording(
        _U,
        "price-outside-band",
        "Price outside the band",
        "Price {wanted_yuan} CNY/t is below the lowest permitted, {limit_yuan}.",
    ),
    Reason.PRICE_ABOVE_BAND: Wording(
        _U,
        "price-outside-band",
        "Price outside the band",
        "Price {wanted_yuan} CNY/t is above the highest permitted, {limit_yuan}.",
    ),
    Reason.NOT_ENOUGH_CASH: Wording(
        _C,
        "not-enough-cash",
        "Not enough money",
        "This takes {wanted_yuan} CNY; {limit_yuan} CNY are settled. {missing_yuan} CNY are missing: deposit, cancel "
        "an order that locks some, or wait until what is incoming is settled.",
    ),
    Reason.NOT_ENOUGH_TONNES: Wording(
        _C,
        "not-enough-tonnes",
        "Not enough tonnes",
        "This takes {wanted:,} t; {limit:,} t are settled. {missing:,} t are missing: deposit, cancel an order that "
        "locks some, or wait until what is incoming is settled.",
    ),
    Reason.WOULD_TRADE: Wording(
        _C,
        "would-trade",
        "A post-only order would trade",
        "At {wanted_yuan} CNY/t the order would trade at once with one at {limit_yuan}; it is post-only.",
    ),
    Reason.NOT_FILLABLE: Wording(
        _C,
        "not-fillable",
        "Cannot be filled at once",
        "The book has less than {wanted:,} t at this price; the order is fill-or-kill.",
        amounts=False,
    ),
    Reason.NOT_OPEN: Wording(
        _C,
        "not-open",
        "Not open",
        "The account has nothing open under number {wanted}: it was filled or cancelled, or is not the account's.",
        amounts=False,
    ),
    # Engines 1 and 2 refused with it; replies that they stored still say so.
    Reason.ALREADY_TRADED: Wording(
        _C,
        "already-traded",
        "Traded already",
        "{limit:,} t of the order have been traded, or were taken out by self-trade prevention, so {wanted:,} t in all "
        "leave nothing open. Cancel it instead.",
    ),
    Reason.TOO_LARGE: Wording(
        _U,
        "beyond-capacity",
        "Beyond capacity",
        "{wanted:,} is more than the exchange has room for, {limit:,}.",
    ),
    Reason.NOT_OUTSTANDING: Wording(
        _C,
        "not-outstanding",
        "Not outstanding",
        "Trade {wanted} of delivery {limit} waits for no delivery.",
        amounts=False,
    ),
    Reason.STALE_INSTRUCTION: Wording(
        _C,
        "instruction-stale",
        "Instruction out of date",
        "Instruction {wanted} came after {limit} was carried out.",
        amounts=False,
    ),
    Reason.INSTRUMENT_OPEN: Wording(_C, "instrument-open", "Open already", "Instrument {wanted} is open already."),
    Reason.BUSY: Wording(
        _C,
        "busy",
        "Busy",
        "The exchange is in the middle of a command that takes several steps. Send the same request again.",
        amounts=False,
    ),
    Reason.NOTHING_UNFINISHED: Wording(
        _C, "nothing-unfinished", "Nothing unfinished", "There is no command to go on with.", amounts=False
    ),
    Reason.TOO_MANY_ORDERS: Wording(
        _C,
        "too-many-orders",
        "Too many open orders",
        "The account has {wanted:,} orders open and may have {limit:,}. Cancel some.",
        amounts=False,
    ),
}
_CAUSES: Final = (
    (HALTED_BY_OPERATOR, "the operator"),
    (HALTED_BY_REGULATOR, "the regulator"),
    (HALTED_BY_FREEZE, "a freeze"),
)
_WAYS: Final = (
    (v.BOOK, "order book"),
    (v.LISTINGS, "listings"),
    (v.CAMPAIGNS, "campaigns"),
    (v.BLOCKS, "negotiated blocks"),
    (v.QUOTES, "requests for quotes"),
    (v.UNIFORM_AUCTIONS, "uniform auctions"),
    (v.PAY_AS_BID_AUCTIONS, "pay-as-bid auctions"),
    (v.ASCENDING_AUCTIONS, "ascending auctions"),
)
_ANEW: Final = "To try again, send it with a new client_order_id."
NOT_OPEN_SLUG: Final = "not-open"


class Refusals:
    """The wordings of some tables together: the core's and those of every mode."""

    def __init__(self, tables: Iterable[Wordings]) -> None:
        self._wordings = {reason: wording for table in tables for reason, wording in table.items()}

    def of(self, reason: int, wanted: int = 0, limit: int = 0, *, instead: Wordings | None = None) -> TradingRefused:
        """The engine's reason with its two numbers as people read it; *instead* has what one command says otherwise."""
        wording = (instead or {}).get(reason) or self._wordings[reason]
        missing = wanted - limit
        text = wording.text.format(
            wanted=wanted,
            limit=limit,
            missing=missing,
            wanted_yuan=yuan(wanted),
            limit_yuan=yuan(limit),
            missing_yuan=yuan(missing),
            causes=" and ".join(word for cause, word in _CAUSES if limit & cause),
            ways=", ".join(word for bit, word in _WAYS if wanted & bit),
            venue=PRESETS[limit - 1] if 0 < limit <= len(PRESETS) else "",
        )
        return TradingRefused(wording, text, **({"wanted": wanted, "limit": limit} if wording.amounts else {}))

    def every(self) -> frozenset[tuple[str, Kind, str]]:
        """Slug, kind and title of every refusal."""
        return frozenset((each.slug, each.kind, each.title) for each in self._wordings.values())


def frozen() -> TradingRefused:
    """The refusal of a command from a frozen account."""
    return Refusals((CORE,)).of(Reason.FROZEN)


def repeated(refusal: TradingRefused) -> TradingRefused:
    """A refusal as it is shown when the command is sent again: with the numbers of the first time."""
    refusal.detail = f"Refused when it was first sent, and not judged again: {refusal.detail} {_ANEW}"
    return refusal


def not_open(detail: str) -> TradingRefused:
    """What a command names is not open, with what became of it."""
    return TradingRefused(CORE[Reason.NOT_OPEN], detail)

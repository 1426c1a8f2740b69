"""What the engine's reasons are called towards people: a slug, a text with the numbers, and what to do. Pure."""

from typing import Final, NamedTuple

from exchange.engine.commands import HALTED_BY_FREEZE, HALTED_BY_OPERATOR, HALTED_BY_REGULATOR
from exchange.engine.events import Reason
from registry.kit.problems import DomainError, Kind


class TradingRefused(DomainError):
    """The exchange refused it. Its slug says why; *wanted* and *limit*, if any, are two numbers that disagree."""

    kind, slug, title = Kind.CONFLICT, "trading-refused", "Refused by the exchange"

    def __init__(self, wording: "_Wording", detail: str, **members: object) -> None:
        super().__init__(detail, **members)
        self.kind, self.slug, self.title = wording.kind, wording.slug, wording.title  # type: ignore[misc]  # one class for all reasons


class UsedOtherwise(DomainError):
    """A client_order_id came back with another command."""

    kind, slug, title = Kind.UNPROCESSABLE, "client-order-id-reused", "client_order_id reused"


class _Wording(NamedTuple):
    kind: Kind
    slug: str
    title: str
    text: str


def yuan(fen: int) -> str:
    """Fen as people write money: ``1,234.56``."""
    return f"{fen // 100:,}.{fen % 100:02d}"


_C, _U, _K = Kind.CONFLICT, Kind.UNPROCESSABLE, Kind.UNKNOWN
_WORDINGS: dict[int, _Wording] = {
    Reason.UNKNOWN_ACCOUNT: _Wording(
        _C, "nothing-deposited", "Nothing deposited", "The account has nothing on the exchange. Deposit first."
    ),
    Reason.STALE_CLIENT_ORDER_ID: _Wording(
        _C,
        "client-order-id-stale",
        "client_order_id too small",
        "client_order_id {wanted} comes after {limit} was used, and no command with it is known. A new command takes "
        "one above {limit}.",
    ),
    Reason.UNKNOWN_INSTRUMENT: _Wording(
        _K, "not-found", "Not found", "There is no such instrument, or it is not open yet. See /v1/instruments."
    ),
    Reason.HALTED: _Wording(
        _C,
        "instrument-halted",
        "Halted",
        "The instrument is halted by {causes} and takes cancels only. Its state is open again when it trades.",
    ),
    Reason.FROZEN: _Wording(
        _C,
        "frozen",
        "Frozen",
        "The account is frozen and takes cancels only. It can trade and withdraw when two regulators lift the freeze.",
    ),
    Reason.PRICE_OFF_TICK: _Wording(
        _U, "price-off-tick", "Price off tick", "Price {wanted} fen is no multiple of the tick, {limit} fen."
    ),
    Reason.QUANTITY_OFF_LOT: _Wording(
        _U, "quantity-off-lot", "Quantity off lot", "Quantity {wanted} t is no multiple of the lot, {limit} t."
    ),
    Reason.PRICE_BELOW_BAND: _Wording(
        _U,
        "price-outside-band",
        "Price outside the band",
        "Price {wanted_yuan} CNY/t is below the lowest permitted, {limit_yuan}.",
    ),
    Reason.PRICE_ABOVE_BAND: _Wording(
        _U,
        "price-outside-band",
        "Price outside the band",
        "Price {wanted_yuan} CNY/t is above the highest permitted, {limit_yuan}.",
    ),
    Reason.NOT_ENOUGH_CASH: _Wording(
        _C,
        "not-enough-cash",
        "Not enough money",
        "This takes {wanted_yuan} CNY; {limit_yuan} CNY are settled. {missing_yuan} CNY are missing: deposit, cancel "
        "an order that locks some, or wait until what is incoming is settled.",
    ),
    Reason.NOT_ENOUGH_TONNES: _Wording(
        _C,
        "not-enough-tonnes",
        "Not enough tonnes",
        "This takes {wanted:,} t; {limit:,} t are settled. {missing:,} t are missing: deposit, cancel an order that "
        "locks some, or wait until what is incoming is settled.",
    ),
    Reason.WOULD_TRADE: _Wording(
        _C,
        "would-trade",
        "A post-only order would trade",
        "At {wanted_yuan} CNY/t the order would trade at once with one at {limit_yuan}; it is post-only.",
    ),
    Reason.NOT_FILLABLE: _Wording(
        _C,
        "not-fillable",
        "Cannot be filled at once",
        "The book has less than {wanted:,} t at this price; the order is fill-or-kill.",
    ),
    Reason.NOT_OPEN: _Wording(
        _C,
        "not-open",
        "Not open",
        "The account has nothing open under number {wanted}: it was filled or cancelled, or is not the account's.",
    ),
    Reason.ALREADY_TRADED: _Wording(
        _C,
        "already-traded",
        "Traded already",
        "{limit:,} t of the order have been traded, or were taken out by self-trade prevention, so {wanted:,} t in all "
        "leave nothing open. Cancel it instead.",
    ),
    Reason.NOT_AN_ORDER: _Wording(
        _C, "not-an-order", "A listing is not amended", "{wanted} is a listing. Cancel it and open another."
    ),
    Reason.LISTING_SHORT: _Wording(
        _C,
        "listing-short",
        "Not enough left in the listing",
        "{limit:,} t are left in the listing; {wanted:,} t are wanted. Subscribe to at most that.",
    ),
    Reason.OWN_LISTING: _Wording(
        _C, "own-listing", "One's own listing", "Listing {wanted} belongs to the same beneficial owner."
    ),
    Reason.TOO_LARGE: _Wording(
        _U,
        "beyond-capacity",
        "Beyond capacity",
        "{wanted:,} is more than the exchange has room for, {limit:,}.",
    ),
    Reason.NOT_OUTSTANDING: _Wording(
        _C, "not-outstanding", "Not outstanding", "Trade {wanted} of delivery {limit} waits for no delivery."
    ),
    Reason.STALE_INSTRUCTION: _Wording(
        _C, "instruction-stale", "Told already", "Instruction {wanted} came after {limit} was carried out."
    ),
    Reason.INSTRUMENT_OPEN: _Wording(_C, "instrument-open", "Open already", "Instrument {wanted} is open already."),
    Reason.TOO_MANY_ORDERS: _Wording(
        _C,
        "too-many-orders",
        "Too many open orders",
        "The account has {wanted:,} orders open and may have {limit:,}. Cancel some.",
    ),
}
_AMENDING: Final = {
    Reason.NOT_ENOUGH_CASH: _Wording(
        _C,
        "not-enough-cash",
        "Not enough money",
        "The change takes {wanted_yuan} CNY more than the order has locked; {limit_yuan} CNY are settled. "
        "{missing_yuan} CNY are missing: the order stays as it is.",
    ),
    Reason.NOT_ENOUGH_TONNES: _Wording(
        _C,
        "not-enough-tonnes",
        "Not enough tonnes",
        "The change takes {wanted:,} t more than the order has locked; {limit:,} t are settled. {missing:,} t are "
        "missing: the order stays as it is.",
    ),
}
_WITHOUT_AMOUNTS: Final = frozenset(
    {
        Reason.UNKNOWN_ACCOUNT,
        Reason.UNKNOWN_INSTRUMENT,
        Reason.HALTED,
        Reason.FROZEN,
        Reason.NOT_FILLABLE,
        Reason.NOT_OPEN,
        Reason.NOT_AN_ORDER,
        Reason.OWN_LISTING,
        Reason.NOT_OUTSTANDING,
        Reason.STALE_INSTRUCTION,
        Reason.INSTRUMENT_OPEN,
    }
)
"""Their two numbers, if any, name things: programs are given numbers that can be compared."""
_CAUSES: Final = (
    (HALTED_BY_OPERATOR, "the operator"),
    (HALTED_BY_REGULATOR, "the regulator"),
    (HALTED_BY_FREEZE, "a freeze"),
)
_ANEW: Final = "To try anew, send it with a new client_order_id."
NOT_OPEN_SLUG: Final = "not-open"


def every_refusal() -> frozenset[tuple[str, Kind, str]]:
    """Slug, kind and title of whatever `TradingRefused` may be."""
    return frozenset((each.slug, each.kind, each.title) for each in _WORDINGS.values())


def refusal_of(reason: int, wanted: int, limit: int, *, amending: bool = False) -> TradingRefused:
    """The engine's reason with its two numbers, as people are told; an amendment takes what it adds to its order."""
    wording = (_AMENDING if amending else {}).get(Reason(reason)) or _WORDINGS[reason]
    missing = wanted - limit
    text = wording.text.format(
        wanted=wanted,
        limit=limit,
        missing=missing,
        wanted_yuan=yuan(wanted),
        limit_yuan=yuan(limit),
        missing_yuan=yuan(missing),
        causes=" and ".join(word for cause, word in _CAUSES if limit & cause),
    )
    return TradingRefused(wording, text, **({} if reason in _WITHOUT_AMOUNTS else {"wanted": wanted, "limit": limit}))


def repeated(refusal: TradingRefused) -> TradingRefused:
    """A refusal as it is told to whoever sends the command again: with the numbers of then."""
    refusal.detail = f"Refused when it was first sent, and not judged again: {refusal.detail} {_ANEW}"
    return refusal


def not_open(detail: str) -> TradingRefused:
    """What a command names is not open, with what became of it."""
    return TradingRefused(_WORDINGS[Reason.NOT_OPEN], detail)

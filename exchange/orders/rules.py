"""Orders as people see them, from rows and from events; and what the commands of the book are about. Pure."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final, Literal

from exchange.engine import commands as c
from exchange.engine.events import Cause, Event, Reason
from exchange.engine.modes import continuous
from exchange.journal.refusals import Wording, Wordings
from exchange.projections.changes import Changes, EventTable, Moment, Placed
from exchange.projections.replies import About, AboutTable
from registry.kit.problems import DomainError, Kind
from schemas.orders import Order

LIVES: Final = {"GTC": c.GTC, "IOC": c.IOC, "FOK": c.FOK, "DAY": c.DAY}
PREVENTIONS: Final = {
    "cancel-taker": c.PREVENT_TAKER,
    "cancel-maker": c.PREVENT_MAKER,
    "cancel-both": c.PREVENT_BOTH,
    "decrement": c.PREVENT_DECREMENT,
}
CLOSED_BECAUSE: Final = {
    Cause.OWNER: "cancelled",
    Cause.NOT_FILLED: "not-filled",
    Cause.SELF_TRADE: "self-trade",
    Cause.FREEZE: "frozen",
    Cause.OUTSIDE_BAND: "outside-band",
    Cause.NOT_ALLOTTED: "not-allotted",
    Cause.UNDERSUBSCRIBED: "undersubscribed",
    Cause.CALLED_OFF: "called-off",
    Cause.OUTBID: "outbid",
    Cause.RAISED: "raised",
    Cause.DECLINED: "declined",
    Cause.LAPSED: "lapsed",
    Cause.NOT_TAKEN: "not-taken",
    Cause.DAY_OVER: "day-over",
    Cause.EXPIRED: "expired",
    Cause.OWNER_CHANGED: "owner-changed",
    Cause.DELISTED: "delisted",
    Cause.ASSET_HALTED: "asset-halted",
}
_AMENDING: Final[Wordings] = {
    Reason.NOT_ENOUGH_CASH: Wording(
        Kind.CONFLICT,
        "not-enough-cash",
        "Not enough money",
        "The change takes {wanted_yuan} CNY more than the order has locked; {limit_yuan} CNY are settled. "
        "{missing_yuan} CNY are missing: the order stays as it is.",
    ),
    Reason.NOT_ENOUGH_TONNES: Wording(
        Kind.CONFLICT,
        "not-enough-tonnes",
        "Not enough tonnes",
        "The change takes {wanted:,} t more than the order has locked; {limit:,} t are settled. {missing:,} t are "
        "missing: the order stays as it is.",
    ),
}
_order: Final = attrgetter("order")

COMMANDS: Final[AboutTable] = {
    continuous.Place: About(),
    continuous.PlaceUntil: About(),
    c.Cancel: About(_order, makes=False),
    continuous.Amend: About(_order, makes=False, instead=_AMENDING),
    c.CancelAll: About(counts=True),
}


class UntilPassed(DomainError):
    """The moment until which an order is good has passed, by business time."""

    kind, slug, title = Kind.UNPROCESSABLE, "until-passed", "Over already"


def as_order(placed: Placed, code: str) -> Order:
    """Something that was placed in the instrument *code*, as its owner sees it."""
    state: Literal["open", "filled", "closed"] = (
        "open" if placed.open_t else "filled" if placed.traded_t == placed.quantity_t else "closed"
    )
    because = CLOSED_BECAUSE[Cause(placed.closed_because)] if placed.closed_because and state == "closed" else None
    return Order(
        id=placed.id,
        kind=placed.kind,  # type: ignore[arg-type]  # the words of the modes
        account_id=placed.account_id,
        instrument=code,
        side=placed.side,  # type: ignore[arg-type]  # buy or sell
        price_fen=placed.price_fen,
        quantity_t=placed.quantity_t,
        open_t=placed.open_t,
        traded_t=placed.traded_t,
        state=state,
        closed_because=because,  # type: ignore[arg-type]  # the words of the table above
        time_in_force="GTC" if placed.life == "POST_ONLY" else placed.life,  # type: ignore[arg-type]  # five words
        post_only=placed.life == "POST_ONLY",
        client_order_id=placed.client_order_id,
        listing_id=placed.listing_id,
        until=placed.until,
        at=placed.at,
    )


def placed_by(events: Sequence[Event], moment: Moment, table: EventTable) -> Placed:
    """What a command that makes something made, as its events leave it: the same as its row in the tables."""
    changes = Changes()
    for event in events:
        for apply in table[type(event)]:
            apply(changes, event, moment)
    return changes.placed[moment.sequence]

"""What the commands of listings are about, how their refusals read, and a listing as anybody may see it. Pure."""

from operator import attrgetter
from typing import Final

from exchange.engine.events import Reason
from exchange.engine.modes import listings, picking
from exchange.engine.modes.picking import PickReason
from exchange.journal.refusals import Wording, Wordings
from exchange.projections.replies import About, AboutTable
from registry.kit.problems import Kind
from schemas.listings import Listing, PickingRule
from schemas.orders import Order

COMMANDS: Final[AboutTable] = {
    listings.OpenListing: About(),
    listings.Subscribe: About(attrgetter("listing"), noun="listing"),
}
PICKING: Final[dict[PickingRule, int]] = {
    "any": picking.PICK_ANY,
    "best": picking.PICK_BEST,
    "best-five": picking.PICK_BEST_FIVE,
}
REFUSALS: Final[Wordings] = {
    Reason.NOT_AN_ORDER: Wording(
        Kind.CONFLICT,
        "not-an-order",
        "Not an order of the book",
        "Number {wanted} is no order of the book, and is not amended. Cancel it and make another.",
        amounts=False,
    ),
    Reason.LISTING_SHORT: Wording(
        Kind.CONFLICT,
        "listing-short",
        "Not enough left in the listing",
        "{limit:,} t are left in the listing; {wanted:,} t are wanted. Subscribe to at most that.",
    ),
    Reason.OWN_LISTING: Wording(
        Kind.CONFLICT,
        "own-listing",
        "One's own listing",
        "Listing {wanted} belongs to the same beneficial owner.",
        amounts=False,
    ),
    PickReason.NOT_THE_BEST: Wording(
        Kind.CONFLICT,
        "not-the-best-listing",
        "Not the best listing",
        "Here only a listing at the best price may be picked: that is listing {limit}, not listing {wanted}.",
        amounts=False,
    ),
    PickReason.NOT_IN_THE_BEST_FIVE: Wording(
        Kind.CONFLICT,
        "not-in-the-best-five",
        "Not within the best five prices",
        "Here only listings within the best five prices may be picked, at {limit_yuan} CNY/t at most. This one asks "
        "{wanted_yuan}.",
    ),
    PickReason.NO_RULE: Wording(
        Kind.UNPROCESSABLE, "no-such-rule", "No such rule", "There is no rule of picking {wanted}.", amounts=False
    ),
}


def as_listing(order: Order) -> Listing:
    """A listing without whose it is."""
    return Listing(
        id=order.id,
        instrument=order.instrument,
        price_fen=order.price_fen,
        quantity_t=order.quantity_t,
        open_t=order.open_t,
        traded_t=order.traded_t,
        state="open" if order.open_t else "closed",
        at=order.at,
    )

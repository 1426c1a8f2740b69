"""How refusals of baskets read. Pure."""

from typing import Final

from exchange.engine.parts import BasketReason
from exchange.journal.refusals import Wording, Wordings
from registry.kit.problems import Kind

REFUSALS: Final[Wordings] = {
    BasketReason.NO_ASSETS: Wording(
        Kind.UNPROCESSABLE, "basket-empty", "A basket of nothing", "A basket has at least one asset.", amounts=False
    ),
    BasketReason.TOO_MANY_ASSETS: Wording(
        Kind.CONFLICT,
        "too-many-assets",
        "Too many assets",
        "A basket has {limit:,} assets at most; this would be number {wanted:,}. Narrow its rule.",
    ),
    BasketReason.NOT_AN_ASSET: Wording(
        Kind.CONFLICT,
        "not-an-asset",
        "Not an asset",
        "Instrument {wanted} is a basket itself, so no basket can have it.",
        amounts=False,
    ),
    BasketReason.ASSET_THERE: Wording(
        Kind.CONFLICT,
        "asset-there",
        "It is in the basket",
        "Instrument {wanted} is in the basket already.",
        amounts=False,
    ),
    BasketReason.NO_SUCH_ASSET: Wording(
        Kind.CONFLICT,
        "no-such-asset",
        "It is not in the basket",
        "Instrument {wanted} is not delivered in basket {limit}. See its assets at /v1/baskets.",
        amounts=False,
    ),
    BasketReason.NOT_A_BASKET: Wording(
        Kind.CONFLICT,
        "not-a-basket",
        "Not a basket",
        "Instrument {wanted} is one project and vintage, and no basket.",
        amounts=False,
    ),
    BasketReason.ONLY_IN_ITS_BOOK: Wording(
        Kind.CONFLICT,
        "only-in-its-book",
        "A basket trades in its book only",
        "Instrument {wanted} is a basket, which trades by orders in its book. Name one of its assets instead.",
        amounts=False,
    ),
    BasketReason.NO_TONNES_OF_BASKETS: Wording(
        Kind.CONFLICT,
        "no-tonnes-of-baskets",
        "A basket has no tonnes",
        "Instrument {wanted} is a basket, of which nobody has tonnes. Name one of its assets instead.",
        amounts=False,
    ),
}

"""The rules of a venue in plain words, for people."""

from collections.abc import Iterator
from typing import Final

from schemas.venues import VenueRules

NOT_CHECKED: Final = "nobody has compared these rules with the document itself"
_PICKED: Final = {
    "any": "any of them may be picked",
    "best": "only one at the lowest price may be picked",
    "best-five": "only one at the five lowest prices may be picked",
}
_WAYS: Final = {
    "book": "order book",
    "listings": "listings",
    "campaigns": "campaigns",
    "blocks": "negotiated blocks",
    "quotes": "requests for quotes",
    "auctions": "auctions",
}


def explained(rules: VenueRules) -> Iterator[tuple[str, str]]:
    """Yield what is ruled and how, as two columns of text."""
    source = rules.source
    yield "Source", ", ".join(filter(None, (source.document, source.edition, str(source.date or ""))))
    if source.read is not None:
        yield "Read in", source.read
    if not source.checked:
        yield "Not checked", NOT_CHECKED
    yield "Open", "; ".join(_open(rules))
    if shut := [word for name, word in _WAYS.items() if not getattr(rules, name)]:
        yield "Closed", ", ".join(shut)
    yield "Prices", "; ".join(_prices(rules))
    yield "Quantities", "; ".join(_quantities(rules))
    if rules.sessions is not None:
        yield "Day", "; ".join(_day(rules))
    yield "Resale", _resale(rules)
    yield "Delisting", f"announced at least {rules.delisting_notice_days} whole working days before its day"
    for role, limit in rules.limits.by_role():
        said = []
        if limit.largest_order_t:
            said.append(f"orders {limit.largest_order_t:,} t at most")
        if limit.most_held_t:
            said.append(f"holds {limit.most_held_t:,} t at most, open purchases included")
        yield f"Buyer: {role}", "; ".join(said)
    for each in rules.departs:
        yield "Departs", each


def _open(rules: VenueRules) -> Iterator[str]:
    if rules.book:
        yield "order book, by price and time"
    if rules.listings is not None:
        yield f"listings, of which {_PICKED[rules.listings.picking]}"
    if rules.campaigns is not None:
        yield f"campaigns, allotted {' or '.join(rules.campaigns.allotment)}"
    if rules.auctions is not None:
        yield f"auctions ({', '.join(_auctions(rules))})"
    if rules.blocks is not None:
        yield f"negotiated blocks from {rules.blocks.least_t:,} t"
    if rules.quotes:
        yield "requests for quotes, which yield the inquired price"


def _auctions(rules: VenueRules) -> Iterator[str]:
    said = rules.auctions
    assert said is not None, "asked of a venue with auctions"
    yield " or ".join(said.kinds)
    if said.least_t:
        yield f"from {said.least_t:,} t"
    if said.lot_t:
        yield f"bids in lots of {said.lot_t:,} t"
    if said.ties:
        yield f"equal bids {said.ties}"
    if said.cancel_when_short is not None:
        yield "nothing sold when too little is bid for" if said.cancel_when_short else "sold as far as bids reach"


def _prices(rules: VenueRules) -> Iterator[str]:
    tick = rules.prices.tick_fen
    yield f"steps of {tick // 100}.{tick % 100:02d} CNY"
    band_bps = rules.prices.band_bps
    yield f"within {_percent(band_bps)} of the previous close" if band_bps else "in the band that the operator says"
    if rules.blocks is not None and rules.blocks.band_bps:
        yield f"blocks within {_percent(rules.blocks.band_bps)} of the reference"


def _percent(bps: int) -> str:
    return f"{bps / 100:g} %"


def _quantities(rules: VenueRules) -> Iterator[str]:
    yield f"multiples of {rules.lot_t:,} t"
    if rules.largest_order_t:
        yield f"{rules.largest_order_t:,} t at most, but for blocks"


def _day(rules: VenueRules) -> Iterator[str]:
    said = rules.sessions
    assert said is not None, "asked of a venue with sessions"
    for name in ("pre_open", "opening_call", "continuous", "closing_call", "closed"):
        if at := getattr(said, name):
            yield f"{name.replace('_', '-')} from {at}"
    yield "every day" if said.every_day else "on working days"
    yield f"closes at its average from {said.average_from_t:,} t on, else at its last trade, else at the reference"


def _resale(rules: VenueRules) -> str:
    if rules.resale == "next-day":
        return "what was bought today is sold tomorrow at the earliest; it may be withdrawn today"
    return "what was bought may be sold as soon as it is delivered"

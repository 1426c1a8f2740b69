"""By which rules an instrument is opened, what a preset leaves no choice in, and how a venue's refusals read. Pure."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

from exchange.engine.events import Reason
from exchange.engine.modes.venues.messages import SetGroup
from exchange.engine.venue import BOOK, VenueReason
from exchange.instruments.presets.files import shipped
from exchange.instruments.presets.telling import band_around, modes_of
from exchange.journal.refusals import CORE, TradingRefused, Wording, Wordings
from registry.kit.problems import DomainError, Kind
from schemas.auctions import NewAuction
from schemas.baskets import BasketRule, NewBasket
from schemas.campaigns import NewCampaign
from schemas.custody import Beneficiary
from schemas.instruments import NewInstrument
from schemas.venues import NOTICE_DAYS, ROLES, VenueRules

_C, _U = Kind.CONFLICT, Kind.UNPROCESSABLE
REFUSALS: Final[Wordings] = {
    VenueReason.NO_BOOK: Wording(
        _C,
        "no-book",
        "No order book",
        "The preset {venue}, by which this instrument trades, has no order book. It trades by: {ways}.",
        amounts=False,
    ),
    VenueReason.NO_LISTINGS: Wording(
        _C,
        "no-listings",
        "No listings",
        "The preset {venue}, by which this instrument trades, takes no listings. It trades by: {ways}.",
        amounts=False,
    ),
    VenueReason.NO_CAMPAIGNS: Wording(
        _C,
        "no-campaigns",
        "No campaigns",
        "The preset {venue}, by which this instrument trades, takes no campaigns. It trades by: {ways}.",
        amounts=False,
    ),
    VenueReason.NO_BLOCKS: Wording(
        _C,
        "no-blocks",
        "No blocks",
        "The preset {venue}, by which this instrument trades, takes no negotiated blocks. It trades by: {ways}.",
        amounts=False,
    ),
    VenueReason.NO_QUOTES: Wording(
        _C,
        "no-quotes",
        "No quotes",
        "The preset {venue}, by which this instrument trades, takes no requests for quotes. It trades by: {ways}.",
        amounts=False,
    ),
    VenueReason.NO_UNIFORM_AUCTIONS: Wording(
        _C,
        "no-such-auctions",
        "No auctions of this kind",
        "The preset {venue}, by which this instrument trades, takes no uniform auctions. It trades by: {ways}.",
        amounts=False,
    ),
    VenueReason.NO_PAY_AS_BID_AUCTIONS: Wording(
        _C,
        "no-such-auctions",
        "No auctions of this kind",
        "The preset {venue}, by which this instrument trades, takes no pay-as-bid auctions. It trades by: {ways}.",
        amounts=False,
    ),
    VenueReason.NO_ASCENDING_AUCTIONS: Wording(
        _C,
        "no-such-auctions",
        "No auctions of this kind",
        "The preset {venue}, by which this instrument trades, takes no ascending auctions. It trades by: {ways}.",
        amounts=False,
    ),
    VenueReason.ABOVE_LARGEST: Wording(
        _U,
        "order-too-large",
        "Order too large",
        "{wanted:,} t at once are more than the venue takes, {limit:,} t. Send several orders, or agree on a block "
        "where it takes them.",
    ),
    VenueReason.ABOVE_LARGEST_OF_ROLE: Wording(
        _U,
        "order-too-large",
        "Order too large",
        "{wanted:,} t at once are more than a buyer of this role may order, {limit:,} t. Send several orders.",
    ),
    VenueReason.ABOVE_MOST_HELD: Wording(
        _C,
        "holds-too-much",
        "More than may be held",
        "The account would have {wanted:,} t with this, what it is buying included; a buyer of this role may have "
        "{limit:,} t. {missing:,} t are too much: buy less, cancel a purchase, or sell.",
    ),
    VenueReason.BOUGHT_TODAY: Wording(
        _C,
        "bought-today",
        "Bought today",
        "This takes {wanted:,} t; {limit:,} t may be sold today. The rest was bought today and may be sold from "
        "tomorrow on. It may be withdrawn.",
    ),
    VenueReason.NO_MODE: Wording(
        _U,
        "no-such-way",
        "No such way to trade",
        "There are no ways to trade {wanted}; they are 1 to {limit}.",
        amounts=False,
    ),
    VenueReason.NO_ROLE: Wording(
        _U, "no-such-role", "No such role", "There is no role {wanted} of buyers; they are 0 to {limit}.", amounts=False
    ),
    VenueReason.BASKET_LOCKS: Wording(
        _C,
        "basket-locks-nothing",
        "A basket locks nothing",
        "Instrument {wanted} is a basket: what is bought in it are its assets, and their own rules lock them.",
        amounts=False,
    ),
    VenueReason.NO_VENUE: Wording(
        _C, "no-venue", "No venue", "Instrument {wanted} was opened without a preset.", amounts=False
    ),
}


class PresetDecides(DomainError):
    """A preset leaves no choice in it."""

    kind, slug, title = Kind.CONFLICT, "preset-decides", "The preset decides"


class BandMissing(DomainError):
    """A preset needs a first reference, or the operator a band."""

    kind, slug, title = Kind.UNPROCESSABLE, "band-missing", "No band"


class BandOffTick(DomainError):
    """A band's ends are prices, and so multiples of the tick."""

    kind, slug, title = Kind.UNPROCESSABLE, "band-off-tick", "Band off tick"


class NotInBasket(DomainError):
    """A basket does not deliver it."""

    kind, slug, title = Kind.CONFLICT, "no-such-asset", "It is not in the basket"


class NoWorkingDay(DomainError):
    """Something is to be delisted on a day that is not worked."""

    kind, slug, title = Kind.UNPROCESSABLE, "no-working-day", "Not a working day"


class NoticeTooShort(DomainError):
    """A delisting is announced later than the rules of its venue ask for."""

    kind, slug, title = Kind.UNPROCESSABLE, "notice-too-short", "Not enough notice"


class OpeningRules(NamedTuple):
    """The rules by which an instrument is opened; *reference_fen* is 0 where no price is a reference."""

    tick_fen: int
    lot_t: int
    low_fen: int
    high_fen: int
    reference_fen: int
    venue: VenueRules | None


def described(rule: BasketRule) -> str:
    """What a basket lets in, as one phrase."""
    said = [rule.methodology or "any methodology", f"a vintage from {rule.vintage_from} to {rule.vintage_to}"]
    if rule.types:
        said.append(f"type {' or '.join(rule.types)}")
    if rule.co_benefits:
        said.append(f"co-benefits {', '.join(map(str, rule.co_benefits))}")
    if rule.labels:
        said.append(f"labels {', '.join(rule.labels)}")
    return "; ".join(said)


def opening_basket(body: NewBasket) -> OpeningRules:
    """As `opening`. Raises `PresetDecides` too for a venue that has more than an order book, or none."""
    venue = shipped(body.preset) if body.preset is not None else None
    if venue is not None and modes_of(venue) != BOOK:
        raise PresetDecides(
            f"A basket trades in an order book and in no other way, and preset {venue.preset} opens others: take one "
            "that has a book only."
        )
    if venue is not None and venue.resale != "same-day":
        raise PresetDecides(
            f"Preset {venue.preset} locks what was bought until the next day. Of a basket that is said by its assets' "
            "own presets."
        )
    return opening(body)


def opening(body: NewInstrument | NewBasket) -> OpeningRules:
    """What is asked for, with what its preset says. Raises `PresetDecides`, `BandMissing`, `BandOffTick`."""
    venue = shipped(body.preset) if body.preset is not None else None
    tick_fen = _said(venue, "tick_fen", body.tick_fen, venue.prices.tick_fen if venue else 1)
    lot_t = _said(venue, "lot_t", body.lot_t, venue.lot_t if venue else 1)
    reference_fen = body.reference_fen or 0
    band_bps = venue.prices.band_bps if venue else None
    if venue is not None and not reference_fen and _needs_reference(venue):
        raise BandMissing(f"Prices of preset {venue.preset} lie around a reference: say the first, reference_fen.")
    if venue is not None and reference_fen and not _needs_reference(venue):
        raise PresetDecides(f"No price of preset {venue.preset} lies around a reference: leave reference_fen out.")
    if venue is not None and band_bps:
        if body.low_fen is not None:
            raise PresetDecides(
                f"The band of preset {venue.preset} lies around reference_fen {reference_fen}: leave low_fen and "
                "high_fen out."
            )
        low_fen, high_fen = band_around(reference_fen, band_bps, tick_fen)
        check_band(low_fen, high_fen, tick_fen)
        return OpeningRules(tick_fen, lot_t, low_fen, high_fen, reference_fen, venue)
    if body.low_fen is None or body.high_fen is None:
        raise BandMissing(f"Preset {body.preset} has no band of its own: say low_fen and high_fen.")
    check_band(body.low_fen, body.high_fen, tick_fen)
    return OpeningRules(tick_fen, lot_t, body.low_fen, body.high_fen, reference_fen, venue)


def _needs_reference(venue: VenueRules) -> bool:
    return bool(venue.prices.band_bps or (venue.blocks is not None and venue.blocks.band_bps))


def _said(venue: VenueRules | None, name: str, asked: int | None, ruled: int) -> int:
    """What is ruled, unless there is no preset; another wish than the preset's is refused."""
    if venue is None:
        return asked or ruled
    if asked is not None and asked != ruled:
        raise PresetDecides(f"{name} of preset {venue.preset} is {ruled}, not {asked}: leave it out.")
    return ruled


def check_band(low_fen: int, high_fen: int, tick_fen: int) -> None:
    """Raise `BandOffTick` for an end that is no price."""
    for price in (low_fen, high_fen):
        if price % tick_fen:
            raise BandOffTick(f"The band's end at {price} fen is not a multiple of the tick, {tick_fen} fen.")


def check_notice(venue: VenueRules | None, today: date, day: date, is_working_day: Callable[[date], bool]) -> None:
    """
    Raise `NoticeTooShort` where fewer whole working days than the venue asks for lie between today and *day*.

    Raises `NoWorkingDay` where *day* is none.
    """
    days = venue.delisting_notice_days if venue is not None else NOTICE_DAYS
    earliest, left = today, days + 1
    while left:
        earliest += timedelta(days=1)
        left -= is_working_day(earliest)
    if day < earliest:
        raise NoticeTooShort(
            f"{days} whole working days have to lie between the announcement and the day: {earliest} is the first "
            f"possible, and not {day}.",
            earliest=earliest.isoformat(),
        )
    if not is_working_day(day):
        raise NoWorkingDay(f"{day} is not a working day.")


def keep_preset(venue: VenueRules | None, name: str, ruled: object, asked: object) -> None:
    """Raise `PresetDecides` where somebody would change what the preset of an instrument says."""
    if venue is not None and asked != ruled:
        raise PresetDecides(
            f"{name} of this instrument is {_shown(ruled)} by preset {venue.preset}, and not {_shown(asked)}."
        )


def keep_auction(venue: VenueRules | None, body: NewAuction, lot_t: int) -> None:
    """Raise `PresetDecides` for terms of an auction that its preset has otherwise, or for one that is too small."""
    said = venue.auctions if venue is not None else None
    if venue is None or said is None:
        return  # which kinds there are is the engine's to say
    terms = (
        ("lot_t", said.lot_t, lot_t),
        ("ties", said.ties, body.ties),
        ("cancel_when_short", said.cancel_when_short, body.cancel_when_short),
    )
    for name, ruled, asked in terms:
        keep_preset(venue, name, asked if ruled is None else ruled, asked)
    if said.least_t and body.quantity_t < said.least_t:
        raise PresetDecides(
            f"Auctions of preset {venue.preset} offer {said.least_t:,} t or more, and not {body.quantity_t:,} t."
        )


def keep_campaign(venue: VenueRules | None, body: NewCampaign) -> None:
    """Raise `PresetDecides` for a way of allotment that the preset does not have."""
    said = venue.campaigns if venue is not None else None
    if venue is not None and said is not None and body.allotment not in said.allotment:
        keep_preset(venue, "allotment", " or ".join(said.allotment), body.allotment)


def _shown(said: object) -> str:
    if isinstance(said, bool):
        return str(said).lower()  # as it is sent
    return "none" if said is None else str(said)


def new_owners(
    known: Mapping[int, tuple[int, int]], found: Mapping[int, Beneficiary], *, roles: bool
) -> Iterator[SetGroup]:
    """What the engine is to be told of owners that it knows otherwise; of *roles* only where they limit anything."""
    for account, (group, role) in known.items():
        if (owner := found.get(account)) is None:
            continue
        now = ROLES.index(owner.kind)
        if owner.group_id != group or (roles and now != role):
            yield SetGroup(0, account, owner.group_id, now)


def delisted(code: str, since: date) -> TradingRefused:
    """The refusal of what would still be traded of an instrument after it was delisted, with the day and what to do."""
    return TradingRefused(
        CORE[Reason.DELISTED],
        f"{code} was delisted on {since} and trades no more: nothing of it is deposited, sold or bought here. Its "
        "tonnes stay active in the registry, where they are transferred and retired; what the exchange still holds of "
        "it can be withdrawn.",
        delisted_on=since.isoformat(),
    )

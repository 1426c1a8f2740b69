"""When periods begin, what a run would take of what is offered, and why it takes no more. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from registry.kit.problems import DomainError, Kind
from schemas.attributes import Traits
from schemas.subscriptions import BuySource, BuyTerms, Every, Take

ZONE: Final = ZoneInfo("Asia/Shanghai")
TRY_AGAIN: Final = timedelta(hours=1)
"""How long a run that is not filled waits, in business time, before it looks again."""
SELLER_PATIENCE: Final = timedelta(days=30)
"""How long a seller's run waits for an instrument, or for tonnes that are free."""
CAMPAIGN_PATIENCE: Final = timedelta(days=366)
"""How long a seller's run waits for a campaign."""
BPS: Final = 10_000
LIMIT: Final = 100
"""Standing subscriptions of an account that have not ended."""


class StandingOver(DomainError):
    """The subscription has ended, or is not in the state that the request needs."""

    kind, slug, title = Kind.CONFLICT, "standing-over", "Not in that state"


class OtherSide(DomainError):
    """A buyer's terms for a seller's subscription, or the other way round."""

    kind, slug, title = Kind.UNPROCESSABLE, "other-side", "Terms of the other side"


class TooManyStandings(DomainError):
    """An account has as many standing subscriptions as it may."""

    kind, slug, title = Kind.CONFLICT, "too-many-standing", "Too many standing subscriptions"


class BudgetExhausted(DomainError):
    """Why a run has not all that it wanted: budget spent."""

    kind, slug, title = Kind.CONFLICT, "budget-exhausted", "Budget spent"


class TooLittleMoney(DomainError):
    """Why a run has not all that it wanted: too little money in the account."""

    kind, slug, title = Kind.CONFLICT, "not-enough-money", "Too little money in the account"


class TooFewOffered(DomainError):
    """Why a run has not all that it wanted: too few tonnes offered."""

    kind, slug, title = Kind.CONFLICT, "too-few-offered", "Too few tonnes offered"


class PriceAbove(DomainError):
    """Why a run has not all that it wanted: offered at a higher price only."""

    kind, slug, title = Kind.CONFLICT, "price-above", "Offered at a higher price only"


class NothingOffered(DomainError):
    """Why a run has not all that it wanted: nothing offered."""

    kind, slug, title = Kind.CONFLICT, "nothing-offered", "Nothing offered"


class NotActing(DomainError):
    """Why a run has not all that it wanted: passed by."""

    kind, slug, title = Kind.CONFLICT, "not-acting", "Passed by"


class NoInstrument(DomainError):
    """Why a run has not all that it wanted: nothing that was issued is traded yet."""

    kind, slug, title = Kind.CONFLICT, "no-instrument", "No instrument is open"


class NoCampaign(DomainError):
    """Why a run has not all that it wanted: no campaign opened at the price or above since the issuance."""

    kind, slug, title = Kind.CONFLICT, "no-campaign", "No campaign at this price"


class BelowOneLot(DomainError):
    """Why a run has not all that it wanted: the share is less than a lot."""

    kind, slug, title = Kind.CONFLICT, "below-one-lot", "Less than a lot"


class WayClosed(DomainError):
    """Why a run has not all that it wanted: the preset of the instrument does not open its way to sell."""

    kind, slug, title = Kind.CONFLICT, "way-closed", "This way to sell is closed"


class ShareAboveLargest(DomainError):
    """Why a run has not all that it wanted: the preset of the instrument takes less at once."""

    kind, slug, title = Kind.CONFLICT, "too-large-at-once", "Share too large"


class Why(NamedTuple):
    """Why something was not filled: a short name for programs, and a sentence for people."""

    slug: str
    text: str


def why_of(refusal: DomainError) -> Why:
    """A refusal as it is kept."""
    return Why(refusal.slug, refusal.detail)


class RunPeriod(NamedTuple):
    """One period: from its first instant to that of the next."""

    begins: datetime
    ends: datetime


class Offered(NamedTuple):
    """
    Tonnes that can be bought: a listing, a campaign, or one price of a book, whose *number* is 0.

    *least_t* and *most_t* bound what one account may take of it at once.
    """

    source: BuySource
    instrument_id: int
    instrument: str
    number: int
    price_fen: int
    open_t: int
    lot_t: int
    least_t: int = 1
    most_t: int = 2**53


def period_at(every: Every, at: datetime) -> RunPeriod:
    """The period of business time that *at* is in."""
    midnight = at.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    if every == "day":
        begins, ends = midnight, midnight + timedelta(days=1)
    elif every == "week":
        begins = midnight - timedelta(days=midnight.weekday())
        ends = begins + timedelta(days=7)
    else:
        begins = midnight.replace(day=1)
        ends = (begins + timedelta(days=32)).replace(day=1)
    return RunPeriod(begins.astimezone(at.tzinfo), ends.astimezone(at.tzinfo))


def covers(
    terms: BuyTerms, *, project_id: int, vintage: int, methodology: str, code: str, location: str, traits: Traits
) -> bool:
    """Whether a buyer takes tonnes of an instrument."""
    return (
        terms.instrument in (None, code)
        and terms.project_id in (None, project_id)
        and (not terms.vintages or vintage in terms.vintages)
        and (terms.methodology is None or terms.methodology in (methodology, methodology.split("/", maxsplit=1)[0]))
        and traits.meet(terms.types, terms.co_benefits, terms.labels)
        and (terms.locality is None or terms.locality.strip().casefold() in location.casefold())
    )


def plan(
    terms: BuyTerms, offers: Sequence[Offered], wanted_t: int, *, budget_fen: int | None, cash_fen: int
) -> tuple[list[Take], Why | None]:
    """
    What a run takes now: the preferred source first, within it the lowest price; and why that is not all of it.

    Levels of one book become one order, at the highest of their prices, for which there is money if it trades at that.
    """
    money_fen = cash_fen if budget_fen is None else min(cash_fen, budget_fen)
    left_t, left_fen, short_of_money = wanted_t, money_fen, False
    takes: list[Take] = []
    cheap = [each for each in offers if each.price_fen <= terms.price_fen and each.source in terms.prefer]
    for each in sorted(cheap, key=lambda one: (terms.prefer.index(one.source), one.price_fen, one.number)):
        wished_t = min(left_t, each.open_t, each.most_t) // each.lot_t * each.lot_t
        before_t, before_fen = _taken(takes, each)
        dearer_fen = before_t * (each.price_fen - before_fen)
        size_t = min(wished_t, max(0, left_fen - dearer_fen) // each.price_fen // each.lot_t * each.lot_t)
        short_of_money = short_of_money or size_t < wished_t
        if size_t < max(each.least_t, 1):
            continue
        left_t -= size_t
        left_fen -= size_t * each.price_fen + dearer_fen
        _add(takes, each, size_t)
    if not left_t:
        return takes, None
    if short_of_money:
        return takes, _too_little_money(left_t, budget_fen, cash_fen)
    return takes, _too_few(terms, [each for each in offers if each.source in terms.prefer], cheap, wanted_t)


def _taken(takes: Sequence[Take], offer: Offered) -> tuple[int, int]:
    """Tonnes that are taken of the same book, and their price."""
    for before in takes:
        if offer.source == "book" == before.source and before.instrument == offer.instrument:
            return before.quantity_t, before.price_fen
    return 0, 0


def _add(takes: list[Take], offer: Offered, size_t: int) -> None:
    for place, before in enumerate(takes):
        if offer.source == "book" == before.source and before.instrument == offer.instrument:
            size_t += before.quantity_t
            del takes[place]
            break
    takes.append(
        Take(
            source=offer.source,
            instrument=offer.instrument,
            listing_id=offer.number or None,
            price_fen=offer.price_fen,
            quantity_t=size_t,
        )
    )


def _too_little_money(left_t: int, budget_fen: int | None, cash_fen: int) -> Why:
    if budget_fen is not None and budget_fen <= cash_fen:
        return why_of(
            BudgetExhausted(f"{_yuan(budget_fen)} CNY of the budget were left, too little for {left_t:,} t more.")
        )
    return why_of(
        TooLittleMoney(
            f"{_yuan(cash_fen)} CNY of the account were free, too little for {left_t:,} t more. Pay money in."
        )
    )


def _too_few(terms: BuyTerms, offers: Sequence[Offered], cheap: Sequence[Offered], wanted_t: int) -> Why:
    if cheap:
        offered_t = sum(each.open_t for each in cheap)
        return why_of(
            TooFewOffered(
                f"{offered_t:,} t were offered at {_yuan(terms.price_fen)} CNY/t or below, and {wanted_t:,} t were "
                "wanted (in whole lots, and within what one account may take)."
            )
        )
    if offers:
        best_fen = min(each.price_fen for each in offers)
        return why_of(
            PriceAbove(
                f"The lowest price was {_yuan(best_fen)} CNY/t; the subscription pays {_yuan(terms.price_fen)} at most."
            )
        )
    return why_of(NothingOffered("Nothing that fits the subscription was offered."))


def _yuan(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02}"


def check_room(account_id: int, count: int) -> None:
    """Raise `TooManyStandings` for an account that has as many as it may."""
    if count >= LIMIT:
        raise TooManyStandings(
            f"Account {account_id} has {count:,} standing subscriptions that have not ended; {LIMIT:,} are the most. "
            "End one that is not needed."
        )


def check_same_side(now: object, wanted: object) -> None:
    """Raise `OtherSide` for terms of another side: a buyer stays one."""
    if type(now) is not type(wanted):
        raise OtherSide(
            "A subscription that buys never becomes one that sells, nor the other way round. Set up another."
        )


def share_t(share_bps: int, quantity_kg: int, lot_t: int) -> int:
    """A share of an issuance in whole lots, rounded down."""
    return quantity_kg * share_bps // BPS // 1000 // lot_t * lot_t


def on_tick(price_fen: int, tick_fen: int, *, up: bool) -> int:
    """The next price on the tick that is no worse than what was said: *up* for a seller, down for a buyer."""
    return -(-price_fen // tick_fen) * tick_fen if up else price_fen // tick_fen * tick_fen


def passed_by(begins: datetime, ends: datetime) -> Why:
    """Why nothing was bought in a time in which nobody acted."""
    return why_of(
        NotActing(
            f"From {begins:%Y-%m-%dT%H:%M:%SZ} to {ends:%Y-%m-%dT%H:%M:%SZ} the subscription was paused, or business "
            "time moved past it."
        )
    )

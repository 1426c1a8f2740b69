"""How commands about quotes are carried out."""

from typing import Final

from exchange.engine.accounts import TradingAccount
from exchange.engine.beside import lock, whole
from exchange.engine.cancelling import Clearing, clear_some
from exchange.engine.events import Cause, Event, InstructionRefused, Reason, Refused
from exchange.engine.market import (
    STEP,
    Market,
    beyond_venue,
    caller,
    close,
    exchange,
    given_before,
    not_in_baskets,
    refused,
    shut_for,
    unfit,
)
from exchange.engine.modes import EngineMode
from exchange.engine.modes.quotes.messages import (
    CloseRequest,
    EndRequest,
    GiveQuote,
    LapseQuotes,
    Quoted,
    QuoteReason,
    QuotesLapsed,
    QuotesRequested,
    QuoteTaken,
    RequestEnded,
    RequestQuotes,
    TakeQuote,
)
from exchange.engine.modes.quotes.state import Quotes, RunningRequest, inquired_price
from exchange.engine.venue import BEGUN, QUOTES
from schemas.scalars import MAX_QUANTITY_T

REQUESTS: Final = 20
"""Requests of one account at a time."""
INVITED: Final = 100
"""Accounts that one request may name."""
QUOTES_EACH: Final = STEP
"""Quotes for one request, so that it ends in one step."""


def _quotes(market: Market) -> Quotes:
    part: Quotes = market.parts["quotes"]
    return part


def request_quotes(market: Market, command: RequestQuotes) -> list[Event]:
    """Ask for quotes. It binds nobody, and nothing is locked."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    instrument, quantity, part = market.instruments.get(command.instrument), command.quantity, _quotes(market)
    if instrument is None:
        return [refused(command, Reason.UNKNOWN_INSTRUMENT, command.instrument)]
    if (refusal := not_in_baskets(command, instrument)) is not None:
        return [refusal]
    asked = part.asked_by(account.id)
    checks = (
        (instrument.halted, shut_for(instrument), instrument.id, instrument.halted),
        (account.frozen, Reason.FROZEN, 0, 0),
        (quantity <= 0 or quantity % instrument.lot, Reason.QUANTITY_OFF_LOT, quantity, instrument.lot),
        (quantity > MAX_QUANTITY_T, Reason.TOO_LARGE, quantity, MAX_QUANTITY_T),
        (len(command.invited) > INVITED, QuoteReason.TOO_MANY_INVITED, len(command.invited), INVITED),
        (asked >= REQUESTS, QuoteReason.TOO_MANY_REQUESTS, asked, REQUESTS),
    )
    for wrong, reason, wanted, limit in checks:
        if wrong:
            return [refused(command, reason, wanted, limit)]
    venue = beyond_venue(command, instrument, account, mode=QUOTES, side=command.side, quantity=quantity)
    if venue is not None:
        return [venue]
    request = part.running[market.sequence] = RunningRequest(market.sequence, command)
    return [
        QuotesRequested(
            request.id,
            account.id,
            instrument.id,
            command.side,
            quantity,
            command.expires,
            command.invited,
            command.client_order_id,
        )
    ]


def quote(market: Market, command: GiveQuote) -> list[Event]:
    """Answer a request; what the quote gives is locked until it is taken, or the request ends."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    request = _quotes(market).running.get(command.request)
    if request is None or (request.invited and account.id not in request.invited):
        return [refused(command, Reason.NOT_OPEN, command.request)]
    if (refusal := _cannot_quote(market, request, command, account)) is not None:
        return [refusal]
    side, price, quantity = 1 - request.side, command.price, command.quantity
    made = whole(market.sequence, account, request.instrument, side, price, quantity)
    if (short := lock(made)) is not None:
        return [refused(command, *short)]
    request.add(made, command.expires)
    return [
        Quoted(
            made.id,
            account.id,
            request.instrument,
            side,
            price,
            quantity,
            command.client_order_id,
            request.id,
            command.expires,
        )
    ]


def _cannot_quote(
    market: Market, request: RunningRequest, command: GiveQuote, account: TradingAccount
) -> Refused | None:
    """Why a quote is not taken, but for what it has to give."""
    instrument, quantity = market.instruments[request.instrument], command.quantity
    refusal = unfit(command, instrument, account, command.price, quantity, rests=True) or beyond_venue(
        command, instrument, account, mode=BEGUN, side=1 - request.side, quantity=quantity
    )
    if refusal is not None:
        return refusal
    standing = request.quotes
    mine = next((number for number, each in standing.items() if each.order.group == account.group), 0)
    own = market.accounts[request.account].group == account.group
    checks = (
        (own, QuoteReason.OWN_REQUEST, request.id, 0),
        (quantity > request.quantity, QuoteReason.QUOTE_TOO_LARGE, quantity, request.quantity),
        (mine, QuoteReason.QUOTED_ALREADY, mine, request.id),
        (len(standing) >= QUOTES_EACH, QuoteReason.TOO_MANY_QUOTES, len(standing), QUOTES_EACH),
    )
    return next((refused(command, reason, wanted, limit) for wrong, reason, wanted, limit in checks if wrong), None)


def take(market: Market, command: TakeQuote) -> list[Event]:
    """Take one quote, whole; all others are let go."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    request = _asked(market, account, command.request)
    if request is None or command.quote not in request.quotes:
        return [refused(command, Reason.NOT_OPEN, command.quote)]
    taken = request.quotes[command.quote].order
    instrument, price, quantity = market.instruments[taken.instrument], taken.price, taken.open
    refusal = unfit(command, instrument, account, price, quantity, rests=False) or beyond_venue(
        command, instrument, account, mode=BEGUN, side=request.side, quantity=quantity
    )
    if refusal is None and taken.group == account.group:  # its owner has changed since
        refusal = refused(command, QuoteReason.OWN_REQUEST, request.id)
    if refusal is not None:
        return [refusal]
    answer = whole(market.sequence, account, instrument.id, request.side, price, quantity)
    if (short := lock(answer)) is not None:
        return [refused(command, *short)]
    last = _last(market, request, taken=taken.id)
    request.remove(taken)
    del taken.account.orders[taken.id]
    taken.open = 0
    buy, sell = (taken, answer) if answer.side else (answer, taken)
    return [
        QuoteTaken(
            answer.id, account.id, instrument.id, answer.side, price, quantity, command.client_order_id, taken.id
        ),
        exchange(market, instrument, buy, sell, price, quantity, answer.side),
        *_end(market, request),
        last,
    ]


def close_request(market: Market, command: CloseRequest) -> list[Event]:
    """Take none; also while the instrument is halted or the account frozen."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    request = _asked(market, account, command.request)
    if request is None:
        return [refused(command, Reason.NOT_OPEN, command.request)]
    last = _last(market, request)
    return [*_end(market, request), last]


def end_request(market: Market, command: EndRequest) -> list[Event]:
    """End a request whose time is over."""
    if (refusal := given_before(market, command)) is not None:
        return [refusal]
    request = _quotes(market).running.get(command.request)
    if request is None:
        return [InstructionRefused(command.instruction, 0, Reason.NOT_OPEN, command.request, 0)]
    last = _last(market, request, instruction=command.instruction)
    return [*_end(market, request), last]


def lapse(market: Market, command: LapseQuotes) -> list[Event]:
    """Close the quotes whose own time is over, in steps. They do not count for the inquired price."""
    if (refusal := given_before(market, command)) is not None:
        return [refusal]
    due = sorted(
        (number, each.order.account.id)
        for request in _quotes(market).running.values()
        for number, each in request.quotes.items()
        if each.expires <= command.until
    )
    closing = Clearing(tuple((account, number) for number, account in due), Cause.LAPSED)
    return [QuotesLapsed(command.instruction, command.until), *clear_some(market, closing)]


def _asked(market: Market, account: TradingAccount, number: int) -> RunningRequest | None:
    """A request of an account; somebody else's is as good as none."""
    found = _quotes(market).running.get(number)
    return found if found is not None and found.account == account.id else None


def _last(market: Market, request: RunningRequest, *, instruction: int = 0, taken: int = 0) -> RequestEnded:
    """What is said of a request when it ends, with the quotes that stand."""
    standing = [(each.order.price, each.order.open) for each in request.quotes.values()]
    price = inquired_price(standing, market.instruments[request.instrument].tick)
    tonnes = sum(quantity for _, quantity in standing)
    return RequestEnded(instruction, request.id, len(standing), tonnes, price, taken)


def _end(market: Market, request: RunningRequest) -> list[Event]:
    """Let the quotes that stand go, and forget the request."""
    del _quotes(market).running[request.id]
    return [close(each.order, Cause.NOT_TAKEN) for _, each in sorted(request.quotes.items())]


MODE: Final = EngineMode(
    "quotes",
    {
        RequestQuotes: request_quotes,
        GiveQuote: quote,
        TakeQuote: take,
        CloseRequest: close_request,
        EndRequest: end_request,
        LapseQuotes: lapse,
    },
    (QuotesRequested, Quoted, QuoteTaken, RequestEnded, QuotesLapsed),
    reasons=QuoteReason,
    part=Quotes,
)

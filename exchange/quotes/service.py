"""Requests for quotes: asked, answered unseen by others, one taken or none, ended by the calendar."""

from datetime import datetime

from exchange.engine import commands as c
from exchange.engine.modes.quotes import messages as m
from exchange.instructions import service as instructions
from exchange.orders import service as orders
from exchange.parts import Exchange, known_trader, readable_in, refuse_frozen
from exchange.quotes import rules, store
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.port import Authority
from schemas.access import Call
from schemas.orders import Order
from schemas.pages import Page
from schemas.quotes import (
    ChosenQuote,
    CloseQuoteRequest,
    InquiredPrice,
    NewQuote,
    NewQuoteRequest,
    QuoteRequest,
    QuoteRequestWithQuotes,
)


async def request(body: NewQuoteRequest, *, call: Call, exchange: Exchange, authority: Authority) -> QuoteRequest:
    """Ask for quotes. Raises `TradingRefused`, or `QuoteExpiresAtOnce`."""
    trader = await known_trader(body.account_id, call, authority)
    instrument = await exchange.instruments.by_code(body.instrument)
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    await _check_time("expires_at", body.expires_at, exchange=exchange)
    command = m.RequestQuotes(
        body.account_id,
        instrument.id,
        c.BUY if body.side == "buy" else c.SELL,
        body.quantity_t,
        int(body.expires_at.timestamp()),
        tuple(sorted(set(body.invited))),
        body.client_order_id,
    )
    number = await orders.number_of(command, exchange=exchange)
    return await _request(number, body.account_id, exchange=exchange)


async def quote(request_id: int, body: NewQuote, *, call: Call, exchange: Exchange, authority: Authority) -> Order:
    """Answer a request; what the quote gives is locked. Raises `TradingRefused`, `RequestOver`."""
    trader = await known_trader(body.account_id, call, authority)
    await _request(request_id, body.account_id, exchange=exchange)
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    await _check_time("valid_until", body.valid_until, exchange=exchange)
    valid_until = int(body.valid_until.timestamp())
    command = m.GiveQuote(
        body.account_id, request_id, body.price_fen, body.quantity_t, valid_until, body.client_order_id
    )
    try:
        return await orders.carry_out(command, exchange=exchange)
    except Unknown:  # it is no order, so that is all that the refusal knows of it
        raise rules.RequestOver(f"Request {request_id} has ended.") from None


async def take(request_id: int, body: ChosenQuote, *, call: Call, exchange: Exchange, authority: Authority) -> Order:
    """Take a quote for one's own request; it trades at once. Raises `TradingRefused`, `Unknown`."""
    trader = await known_trader(body.account_id, call, authority)
    found = await _with_quotes(request_id, body.account_id, exchange=exchange)
    if not found.request.own or body.quote_id not in {each.id for each in found.shown}:
        raise Unknown(f"Account {body.account_id} has no quote {body.quote_id} to take for a request {request_id}.")
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    command = m.TakeQuote(body.account_id, request_id, body.quote_id, body.client_order_id)
    return await orders.carry_out(command, exchange=exchange)


async def close(
    request_id: int, body: CloseQuoteRequest, *, call: Call, exchange: Exchange, authority: Authority
) -> QuoteRequest:
    """End one's own request without taking a quote; a frozen account may. Raises `RequestOver`, `Unknown`."""
    await known_trader(body.account_id, call, authority)
    found = await _request(request_id, body.account_id, exchange=exchange)
    if not found.own:
        raise _unknown(request_id, body.account_id)
    command = m.CloseRequest(body.account_id, request_id, body.client_order_id)
    await orders.number_of(command, exchange=exchange)
    return await _request(request_id, body.account_id, exchange=exchange)


async def _check_time(what: str, moment: datetime, *, exchange: Exchange) -> None:
    async with exchange.db.reading() as tx:
        now = await clock.now_in(tx)
    if moment <= now:
        raise rules.QuoteExpiresAtOnce(f"{what} {clock.stamp(moment)} has passed: business time is {clock.stamp(now)}.")


def _unknown(request_id: int, account_id: int) -> Unknown:
    return Unknown(f"Account {account_id} has no part in a request {request_id}.")


async def _request(request_id: int, account_id: int, *, exchange: Exchange) -> QuoteRequest:
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        if found := await store.request(tx, request_id, account_id):
            return found
    raise _unknown(request_id, account_id)


async def _with_quotes(request_id: int, account_id: int, *, exchange: Exchange) -> QuoteRequestWithQuotes:
    found = await _request(request_id, account_id, exchange=exchange)
    async with exchange.db.reading() as tx:
        return QuoteRequestWithQuotes(request=found, shown=await store.quotes(tx, found, account_id))


async def with_quotes(request_id: int, account_id: int, *, asked: Call, exchange: Exchange) -> QuoteRequestWithQuotes:
    """A request with the quotes for it that an account of one's own may see."""
    async with exchange.db.reading() as tx:
        await readable_in(tx, account_id, asked)
    return await _with_quotes(request_id, account_id, exchange=exchange)


async def requests(
    account_id: int, window: Window, *, open_only: bool, asked: Call, exchange: Exchange
) -> Page[QuoteRequest]:
    """The requests that an account of one's own makes or may answer."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await readable_in(tx, account_id, asked)
        return await store.requests(tx, window, account_id, open_only=open_only)


async def inquired(code: str, window: Window, *, exchange: Exchange) -> Page[InquiredPrice]:
    """The inquired prices of an instrument."""
    await exchange.projector.caught_up()
    found = await exchange.instruments.by_code(code)
    async with exchange.db.reading() as tx:
        return await store.inquired(tx, window, found.id)


async def end_due(*, exchange: Exchange) -> int:
    """
    End the requests and the quotes whose time is over by business time; returns how many instructions it stored.

    Quotes first: one that stood no longer does not count for the inquired price.
    """
    if not exchange.gateway.writing.is_set():
        return 0

    async def work(tx: Tx) -> list[int]:
        now = await clock.now_in(tx)
        due, lapsing = await store.due(tx, now), await store.quotes_due(tx, now)
        commands: list[c.Command] = [m.LapseQuotes(0, int(now.timestamp()))] if lapsing else []
        commands += [m.EndRequest(0, each) for each in due]
        return [await instructions.store_in(tx, each, by=None) for each in commands]

    await exchange.projector.caught_up()
    numbers = await exchange.db.transaction(work)
    if numbers:
        await exchange.teller.carried_out(max(numbers))
    return len(numbers)

"""Requests for quotes over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from exchange.parts import Exchange
from exchange.quotes import service
from registry.kit.http import READS, WRITES, PathCode, PathId
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
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


class QuoteRequestsController(Controller):
    """Requests for quotes: answered unseen by others, one taken or none."""

    path = "/v1/quote-requests"
    tags = ("Quotes",)

    @post("/", operation_id="request_quotes", responses=WRITES)
    async def request(
        self,
        data: JSONBody[NewQuoteRequest],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> QuoteRequest:
        """Ask some accounts or all for a quote."""
        return await service.request(data, call=numbered, exchange=exchange, authority=authority)

    @post("/{request_id:int}/quotes", operation_id="make_quote", responses=WRITES)
    async def quote(
        self,
        request_id: PathId,
        data: JSONBody[NewQuote],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> Order:
        """Answer a request; a quote is taken back like an order."""
        return await service.quote(request_id, data, call=numbered, exchange=exchange, authority=authority)

    @post("/{request_id:int}/take", operation_id="take_quote", responses=WRITES)
    async def take(
        self,
        request_id: PathId,
        data: JSONBody[ChosenQuote],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> Order:
        """Take one quote, whole, which ends the request."""
        return await service.take(request_id, data, call=numbered, exchange=exchange, authority=authority)

    @post("/{request_id:int}/close", operation_id="close_quote_request", responses=WRITES)
    async def close(
        self,
        request_id: PathId,
        data: JSONBody[CloseQuoteRequest],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> QuoteRequest:
        """Take none, and end the request."""
        return await service.close(request_id, data, call=numbered, exchange=exchange, authority=authority)


class AccountQuotesController(Controller):
    """The requests that an account of one's own makes or may answer."""

    path = "/v1/accounts/{account_id:int}/quote-requests"
    tags = ("Quotes",)

    @get("/", operation_id="list_quote_requests", opt={SHEET: True}, responses=READS)
    async def requests(
        self,
        account_id: PathId,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        open_only: Annotated[bool, QueryParameter(description="Only what is still open")] = False,
    ) -> Response[Page[QuoteRequest]]:
        """Requests, one's own and those of others; also as CSV."""
        found = await service.requests(account_id, ordered, open_only=open_only, asked=asked, exchange=exchange)
        return sheet.of(found, QuoteRequest)

    @get("/{request_id:int}", operation_id="get_quote_request", responses=READS)
    async def request(
        self, account_id: PathId, request_id: PathId, asked: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> QuoteRequestWithQuotes:
        """One request: with all quotes for its asker, for others with their own."""
        return await service.with_quotes(request_id, account_id, asked=asked, exchange=exchange)


class InquiredPricesController(Controller):
    """The reference prices that requests for quotes came to."""

    path = "/v1/instruments/{code:str}/inquired-prices"
    tags = ("Quotes",)

    @get("/", operation_id="list_inquired_prices", opt={SHEET: True}, responses=READS)
    async def inquired(
        self,
        code: PathCode,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        exchange: NamedDependency[Exchange],
    ) -> Response[Page[InquiredPrice]]:
        """Averages of quotes, weighted by their tonnes; also as CSV."""
        return sheet.of(await service.inquired(code, ordered, exchange=exchange), InquiredPrice)

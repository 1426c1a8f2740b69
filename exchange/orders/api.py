"""Orders, the book, trades and balances over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import JSONBody, QueryParameter

from exchange.orders import batches, service
from exchange.parts import Exchange
from registry.kit.http import READS, WRITES, PathId
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.sheets import SHEET, Sheet
from registry.port import Authority
from schemas.access import Call
from schemas.orders import (
    AmendOrder,
    Balances,
    BatchAnswer,
    CancelledOrders,
    CancelOrder,
    CancelOrders,
    Fill,
    NewOrder,
    Order,
    OrderBatch,
)
from schemas.pages import Page

OpenOnly = Annotated[bool, QueryParameter(description="Only what is still open")]
Instrument = Annotated[
    str | None,
    QueryParameter(
        max_length=40,
        pattern="^[A-Za-z0-9-]+$",
        examples=[Example(value="SC-CDCER-0007-2024")],
        description="Of one instrument only",
    ),
]
NewestFirst = Annotated[bool, QueryParameter(description="From the newest back; pages go on to older ones")]


class OrdersController(Controller):
    """Limit orders of one's own accounts."""

    path = "/v1/orders"
    tags = ("Trading",)

    @post("/", operation_id="place_order", responses=WRITES)
    async def place(
        self,
        data: JSONBody[NewOrder],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> Order:
        """Place a limit order; the answer comes after it was journalled, with what traded at once."""
        return await service.place(data, call=numbered, exchange=exchange, authority=authority)

    @post("/batch", operation_id="place_orders", responses=WRITES)
    async def place_batch(
        self,
        data: JSONBody[OrderBatch],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> BatchAnswer:
        """
        Up to 1,000 commands of one account in order; each is accepted or refused for itself.

        One that is malformed, such as a negative quantity or a code of the wrong form, refuses the whole batch with
        400, and none is carried out.
        """
        return await batches.place_batch(data, call=numbered, exchange=exchange, authority=authority)

    @post("/cancel-all", operation_id="cancel_orders", responses=WRITES)
    async def cancel_all(
        self,
        data: JSONBody[CancelOrders],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> CancelledOrders:
        """Take back every order and listing of an account."""
        return await service.cancel_all(data, call=numbered, exchange=exchange, authority=authority)

    @post("/{order_id:int}/cancel", operation_id="cancel_order", responses=WRITES)
    async def cancel(
        self,
        order_id: PathId,
        data: JSONBody[CancelOrder],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> Order:
        """Take back what is open of an order."""
        return await service.cancel(order_id, data, call=numbered, exchange=exchange, authority=authority)

    @post("/{order_id:int}/amend", operation_id="amend_order", responses=WRITES)
    async def amend(
        self,
        order_id: PathId,
        data: JSONBody[AmendOrder],
        numbered: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        authority: NamedDependency[Authority],
    ) -> Order:
        """
        Give an order a price and a total quantity, what was traded included.

        The same price and less keep its place in the queue; anything else goes to the end, and may trade at once.
        """
        return await service.amend(order_id, data, call=numbered, exchange=exchange, authority=authority)

    @get("/{order_id:int}", operation_id="get_order", responses=READS)
    async def order(self, order_id: PathId, asked: NamedDependency[Call], exchange: NamedDependency[Exchange]) -> Order:
        """One order, listing or subscription of one's own."""
        return await service.order(order_id, asked=asked, exchange=exchange)


class TraderController(Controller):
    """What an account has and does on the exchange."""

    path = "/v1/accounts/{account_id:int}"
    tags = ("Trading",)

    @get("/balances", operation_id="get_balances", responses=READS)
    async def balances(
        self, account_id: PathId, asked: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> Balances:
        """Money and tonnes on the exchange: settled, locked, incoming, outgoing."""
        return await service.balances(account_id, asked=asked, exchange=exchange)

    @get("/orders", operation_id="list_orders", opt={SHEET: True}, responses=READS)
    async def orders(
        self,
        account_id: PathId,
        window: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        open_only: OpenOnly = False,
        newest_first: NewestFirst = False,
        instrument: Instrument = None,
    ) -> Response[Page[Order]]:
        """Orders, listings and subscriptions of the account, also as CSV."""
        return sheet.of(
            await service.orders(
                account_id,
                window,
                period,
                open_only=open_only,
                newest_first=newest_first,
                instrument=instrument,
                asked=asked,
                exchange=exchange,
            ),
            Order,
        )

    @get("/orders/{client_order_id:int}", operation_id="get_order_by_client_order_id", responses=READS)
    async def order_by_client_order_id(
        self,
        account_id: PathId,
        client_order_id: PathId,
        asked: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Order:
        """The order, listing or subscription that a command of the account was about, by its client_order_id."""
        return await service.order_by_client_order_id(account_id, client_order_id, asked=asked, exchange=exchange)

    @get("/fills", operation_id="list_fills", opt={SHEET: True}, responses=READS)
    async def fills(
        self,
        account_id: PathId,
        window: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
        newest_first: NewestFirst = False,
    ) -> Response[Page[Fill]]:
        """The account's side of its trades, also as CSV."""
        return sheet.of(
            await service.fills(account_id, window, period, newest_first=newest_first, asked=asked, exchange=exchange),
            Fill,
        )

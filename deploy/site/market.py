"""The page of an instrument: book, tape, chart and listings for everybody, and a trader's own orders beside them."""

import secrets
from typing import Annotated, Any, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec.structs import replace

from exchange.auctions import service as auctions
from exchange.blocks import service as blocks
from exchange.campaigns import service as campaigns
from exchange.instruments import baskets
from exchange.instruments import service as instruments
from exchange.listings import service as listings
from exchange.market_data import rules
from exchange.market_data import service as market_data
from exchange.orders import service as orders
from exchange.parts import Exchange
from exchange.quotes import service as quotes
from exchange.sessions import service as sessions
from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.http import PathCode
from registry.kit.pages import Window
from registry.kit.period import period
from registry.kit.problems import DomainError
from registry.kit.site.form_fields import body_of
from registry.parties import service as parties
from schemas.baskets import Basket
from schemas.instruments import Instrument
from schemas.market_data import Side
from schemas.orders import Balances, Order
from schemas.pages import Page
from schemas.parties import Account
from schemas.scalars import MAX_INT, MAX_PRICE_FEN, MAX_QUANTITY_T

LEVELS: Final = 12
_SPREAD: Final = 400
TAPE: Final = Window(None, 30)
OWN: Final = Window(None, 200)
SHOWN: Final = 10
"""Listings, and orders of one's own, each with its forms; further ones are a page on."""
NEWEST: Final = Window(None, 10, "newest")
ACCOUNTS: Final = Window(None, 50)
AccountId = Annotated[int | None, QueryParameter(name="account", ge=1, le=MAX_INT)]
OrdersCursor = Annotated[str | None, QueryParameter(name="orders", max_length=100)]
"""Where the page of one's own orders begins."""


class MarketPage(Controller):
    """One instrument."""

    path = "/instruments/{code:str}"

    @get("/")
    async def instrument(
        self,
        page: NamedDependency[PageCall],
        code: PathCode,
        db: NamedDependency[Database],
        *,
        exchange: NamedDependency[Exchange],
        account_id: AccountId = None,
        orders_cursor: OrdersCursor = None,
    ) -> Response[str]:
        """The whole page."""
        book = await market_data.book(code, exchange=exchange)
        bids, asks = rules.depths(book, LEVELS)
        found = await instruments.instrument(code, exchange=exchange)
        return page.answer(
            "market/instrument.html",
            venue=(await exchange.instruments.by_code(code)).venue,
            instrument=found,
            basket=await _basket(found, exchange),
            book=book,
            bids=bids,
            asks=asks,
            trades=await market_data.trades(code, TAPE, newest_first=True, exchange=exchange),
            prices=await market_data.prices(code, "day", exchange=exchange),
            session=await sessions.session(code, exchange=exchange),
            listings=await listings.listings(Window(None, SHOWN), code, open_only=True, exchange=exchange),
            campaigns=await campaigns.campaigns(Window(None, SHOWN), code, "open", exchange=exchange),
            auctions=await auctions.auctions(Window(None, SHOWN), code, "open", exchange=exchange),
            picking=await listings.picking(code, exchange=exchange),
            terms=await blocks.terms(code, exchange=exchange),
            negotiated=await blocks.trades(code, NEWEST, exchange=exchange),
            inquired=await quotes.inquired(code, NEWEST, exchange=exchange),
            **await own(page, code, account_id, orders_cursor, db=db, exchange=exchange),
        )

    @get("/session")
    async def session(
        self, page: NamedDependency[PageCall], code: PathCode, exchange: NamedDependency[Exchange]
    ) -> Response[str]:
        """Where the book is in its day: a part of the page, which follows the market."""
        return page.answer(
            "market/session_part.html",
            instrument=await instruments.instrument(code, exchange=exchange),
            venue=(await exchange.instruments.by_code(code)).venue,
            session=await sessions.session(code, exchange=exchange),
        )

    @get("/own")
    async def own(
        self,
        page: NamedDependency[PageCall],
        code: PathCode,
        db: NamedDependency[Database],
        *,
        exchange: NamedDependency[Exchange],
        account_id: AccountId = None,
        orders_cursor: OrdersCursor = None,
    ) -> Response[str]:
        """One's own balances and open orders: a part of the page, which follows the market."""
        found = await instruments.instrument(code, exchange=exchange)
        mine = await own(page, code, account_id, orders_cursor, db=db, exchange=exchange)
        account = mine["account"]
        whole = f"/instruments/{code}" + (f"?account={account.id}" if account else "")
        # A form of it that is refused is shown again on the page that it is a part of.
        basket = await _basket(found, exchange)
        return page.answer("market/own_part.html", instrument=found, basket=basket, here=whole, **mine)

    @get("/ticket")
    async def ticket(
        self,
        page: NamedDependency[PageCall],
        code: PathCode,
        exchange: NamedDependency[Exchange],
        *,
        side: Annotated[Side, QueryParameter()] = "buy",
        quantity_t: Annotated[str, QueryParameter(name="quantity_t:int", max_length=20)] = "",
        price: Annotated[str, QueryParameter(name="price_fen:yuan", max_length=20)] = "",
    ) -> Response[str]:
        """What an order would cost, before it is placed: a part of the page, or a page where there is no script."""
        instrument = await instruments.instrument(code, exchange=exchange)
        asked = _asked(price, quantity_t)
        book = await market_data.book(code, exchange=exchange)
        if (await sessions.session(code, exchange=exchange)).phase != "continuous":
            book = replace(book, bids=(), asks=())  # orders are collected: nothing trades at once
        meeting = rules.meeting(book, side, *asked) if asked else None
        return page.answer("market/ticket_part.html", instrument=instrument, side=side, asked=asked, meeting=meeting)

    @get("/offer")
    async def offer(
        self,
        page: NamedDependency[PageCall],
        code: PathCode,
        exchange: NamedDependency[Exchange],
        *,
        quantity_t: Annotated[str, QueryParameter(name="quantity_t:int", max_length=20)] = "",
        price: Annotated[str, QueryParameter(name="price_fen:yuan", max_length=20)] = "",
    ) -> Response[str]:
        """What a listing would lock and bring, before it is opened: a part of the page, or a page."""
        instrument = await instruments.instrument(code, exchange=exchange)
        asked = _asked(price, quantity_t)
        brings = rules.offer(*asked, instrument.fee_bps) if asked else None
        return page.answer("market/offer_part.html", instrument=instrument, asked=asked, offer=brings)


async def _basket(found: Instrument, exchange: Exchange) -> Basket | None:
    """The rule and the assets of an instrument that is a basket."""
    return await baskets.basket(found.code, exchange=exchange) if found.project_id is None else None


def _asked(price: str, quantity_t: str) -> tuple[int, int] | None:
    """The price in fen and the tonnes that were entered, read as the form of an order reads them; None if not whole."""
    body = body_of([("price_fen:yuan", price), ("quantity_t:int", quantity_t)])
    price_fen, tonnes = body.get("price_fen"), body.get("quantity_t")
    if not isinstance(price_fen, int) or not isinstance(tonnes, int):
        return None
    return (price_fen, tonnes) if 0 < price_fen <= MAX_PRICE_FEN and 0 < tonnes <= MAX_QUANTITY_T else None


def next_number(balances: Balances | None) -> int:
    """
    A client_order_id for a form: above the highest that was used, and rarely that of another open form.

    Each number is used once, and one that was jumped over can be used for a while, so forms may be sent in any order.
    """
    return (balances.last_client_order_id if balances else 0) + 1 + secrets.randbelow(_SPREAD)


async def own(
    page: PageCall,
    code: str | None,
    account_id: int | None,
    orders_cursor: str | None = None,
    *,
    db: Database,
    exchange: Exchange,
) -> dict[str, Any]:
    """
    The trader's accounts, and what the chosen one has, and has open in one instrument or in all.

    Nothing for somebody who does not trade.
    """
    accounts: tuple[Account, ...] = ()
    balances: Balances | None = None
    newest: Page[Order] = Page(items=())
    shown = newest
    if page.visitor.may("place_order"):
        found = await parties.accounts(ACCOUNTS, asked=page.asks("list_accounts"), db=db)
        accounts = tuple(each for each in found.items if each.type == "holding" and each.status == "open")
    chosen = next((each for each in accounts if each.id == account_id), accounts[0] if accounts else None)
    if chosen is not None:
        try:
            balances = await orders.balances(chosen.id, asked=page.asks("get_balances"), exchange=exchange)
            newest = await _open(page, chosen.id, code, OWN, exchange)
            shown = await _open(page, chosen.id, code, Window(orders_cursor, SHOWN), exchange)
        except DomainError:  # nothing was deposited yet
            balances = None
    return {
        "accounts": accounts,
        "account": chosen,
        "balances": balances,
        "mine": shown.items,
        "orders_cursor": orders_cursor,
        "further": shown.next,
        "own_levels": {"bid": _levels(newest.items, "buy"), "ask": _levels(newest.items, "sell")},
        "own_listings": {each.id for each in newest.items if each.kind == "listing"},
        "number": next_number(balances),
    }


async def _open(page: PageCall, account_id: int, code: str | None, window: Window, exchange: Exchange) -> Page[Order]:
    return await orders.orders(
        account_id,
        window,
        period(None, None),
        open_only=True,
        newest_first=True,
        instrument=code,
        asked=page.asks("list_orders"),
        exchange=exchange,
    )


def _levels(mine: tuple[Order, ...], side: Side) -> dict[int, int]:
    """The open tonnes of one's own orders on one side of the book, by price."""
    found: dict[int, int] = {}
    for each in mine:
        if each.kind == "order" and each.side == side:
            found[each.price_fen] = found.get(each.price_fen, 0) + each.open_t
    return found

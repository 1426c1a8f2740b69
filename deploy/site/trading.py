"""An account on the exchange: money, tonnes, orders, deliveries; and buying at a fixed-price listing."""

from typing import Annotated, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from deploy.site.holdings import acts_for, balances_of
from deploy.site.market import next_number
from exchange.instruments import service as instruments
from exchange.listings import service as listings
from exchange.orders import service as orders
from exchange.parts import Exchange
from exchange.settlement import service as settlement
from registry.access.visitor import PageCall
from registry.kit.database import Database
from registry.kit.http import PathId, QueryId
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.site.form_fields import body_of
from registry.parties import service as parties
from schemas.listings import Listing
from schemas.orders import Balances
from schemas.parties import Account
from schemas.scalars import MAX_QUANTITY_T

OPEN: Final = Window(None, 100, "oldest")
Code = Annotated[str | None, QueryParameter(max_length=40, pattern="^[A-Za-z0-9-]+$")]
LATEST: Final = Window(None, 30, "newest")


class TradingPage(Controller):
    """What one account has and does on the exchange."""

    path = "/accounts/{account_id:int}/trading"

    @get("/")
    async def trading(
        self,
        page: NamedDependency[PageCall],
        account_id: PathId,
        period: NamedDependency[Between],
        db: NamedDependency[Database],
        exchange: NamedDependency[Exchange],
    ) -> Response[str]:
        """The page."""
        account = await parties.account(account_id, asked=page.asks("get_account"), db=db)
        found = await orders.orders(
            account_id,
            LATEST,
            period,
            open_only=False,
            newest_first=True,
            asked=page.asks("list_orders"),
            exchange=exchange,
        )
        return page.answer(
            "settlement/trading.html",
            account=account,
            owner=await parties.organisation(account.owner_id, db=db),
            balances=await balances_of(account, page, exchange),
            instruments=await instruments.instruments(OPEN, exchange=exchange),
            orders=found,
            fills=await orders.fills(
                account_id, LATEST, period, newest_first=True, asked=page.asks("list_fills"), exchange=exchange
            ),
            deposits=await settlement.custodies(
                account_id, "deposit", LATEST, period, asked=page.asks("list_deposits"), exchange=exchange
            ),
            withdrawals=await settlement.custodies(
                account_id, "withdrawal", LATEST, period, asked=page.asks("list_withdrawals"), exchange=exchange
            ),
            statements=await settlement.statements(
                account_id, LATEST, period, asked=page.asks("list_statements"), exchange=exchange
            ),
            acts=acts_for(page, "deposit_credits", account.owner_id),
        )


class ListingPages(Controller):
    """What is offered at a fixed price, and what some of it would cost."""

    path = "/listings"

    @get("/")
    async def listings(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        *,
        exchange: NamedDependency[Exchange],
        instrument: Code = None,
        open_only: Annotated[bool, QueryParameter()] = True,
    ) -> Response[str]:
        """Everything that can be subscribed, or also what is sold."""
        page.asks("list_listings")
        found = await listings.listings(latest, instrument, open_only=open_only, exchange=exchange)
        known = await instruments.instruments(OPEN, exchange=exchange)
        return page.answer("listings/list.html", listings=found, instruments={each.code: each for each in known.items})

    @get("/{listing_id:int}")
    async def listing(
        self,
        page: NamedDependency[PageCall],
        listing_id: PathId,
        db: NamedDependency[Database],
        exchange: NamedDependency[Exchange],
        *,
        account_id: QueryId = None,
        quantity_t: Annotated[str, QueryParameter(max_length=20)] = "",
    ) -> Response[str]:
        """One listing: so many tonnes cost so much, before they are bought."""
        found = await listings.listing(listing_id, exchange=exchange)
        accounts = await _trading_accounts(page, db)
        chosen = next((each for each in accounts if each.id == account_id), accounts[0] if accounts else None)
        balances = await balances_of(chosen, page, exchange) if chosen else None
        return page.answer(
            "listings/listing.html",
            listing=found,
            instrument=await instruments.instrument(found.instrument, exchange=exchange),
            accounts=accounts,
            account=chosen,
            balances=balances,
            cost=_cost(found, balances, quantity_t),
            quantity_t=quantity_t,
            number=next_number(balances),
        )


async def _trading_accounts(page: PageCall, db: Database) -> tuple[Account, ...]:
    """The open accounts for which the visitor may subscribe."""
    if not page.visitor.may("subscribe"):
        return ()
    found = await parties.accounts(OPEN, asked=page.asks("list_accounts"), db=db)
    return tuple(
        each
        for each in found.items
        if each.type == "holding" and each.status == "open" and acts_for(page, "subscribe", each.owner_id)
    )


def _cost(listing: Listing, balances: Balances | None, quantity_t: str) -> tuple[int, int, int] | None:
    """Tonnes, what they cost, and what money would be left, which is below zero if it does not suffice."""
    tonnes = body_of([("quantity_t:int", quantity_t)]).get("quantity_t")
    if not isinstance(tonnes, int) or not 0 < tonnes <= MAX_QUANTITY_T:
        return None
    cost_fen = tonnes * listing.price_fen
    return tonnes, cost_fen, (balances.cash.settled_fen if balances else 0) - cost_fen

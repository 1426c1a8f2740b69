"""Who may call what, for the whole application: the tables of all capabilities, and each handler's line of them."""

from litestar import Litestar

import deploy.status
import exchange.auctions.routes
import exchange.blocks.routes
import exchange.campaigns.routes
import exchange.instruments.routes
import exchange.listings.routes
import exchange.market_data.routes
import exchange.orders.routes
import exchange.quotes.routes
import exchange.sessions.routes
import exchange.settlement.routes
import exchange.subscriptions.routes
import registry.access.approvals.routes
import registry.access.grants.routes
import registry.access.keys.routes
import registry.access.restrictions.routes
import registry.access.sessions.routes
import registry.access.sign_in.routes
import registry.access.suspensions.routes
import registry.claims.drafts.routes
import registry.claims.green_power.routes
import registry.claims.routes
import registry.community.events.routes
import registry.community.retail.routes
import registry.credits.annulment.routes
import registry.credits.cancellation.routes
import registry.credits.holdings.routes
import registry.credits.issuance.routes
import registry.credits.retirement.routes
import registry.credits.transfers.routes
import registry.inbox.routes
import registry.methodologies.routes
import registry.notifications.routes
import registry.notifications.webhooks.routes
import registry.parties.colleagues.routes
import registry.parties.routes
import registry.projects.routes
import registry.receipts.routes
import registry.search.routes
import registry.transparency.routes
import registry.usage.routes
from registry.access.authorisation import merge_routes
from registry.access.http import ROUTE

ROUTES = merge_routes(
    registry.parties.routes.ROUTES,
    registry.parties.colleagues.routes.ROUTES,
    registry.access.keys.routes.ROUTES,
    registry.access.sessions.routes.ROUTES,
    registry.access.sign_in.routes.ROUTES,
    registry.access.approvals.routes.ROUTES,
    registry.access.grants.routes.ROUTES,
    registry.access.restrictions.routes.ROUTES,
    registry.access.suspensions.routes.ROUTES,
    registry.methodologies.routes.ROUTES,
    registry.projects.routes.ROUTES,
    registry.credits.issuance.routes.ROUTES,
    registry.credits.holdings.routes.ROUTES,
    registry.credits.transfers.routes.ROUTES,
    registry.credits.cancellation.routes.ROUTES,
    registry.credits.retirement.routes.ROUTES,
    registry.credits.annulment.routes.ROUTES,
    registry.claims.routes.ROUTES,
    registry.claims.drafts.routes.ROUTES,
    registry.claims.green_power.routes.ROUTES,
    registry.community.retail.routes.ROUTES,
    registry.community.events.routes.ROUTES,
    registry.receipts.routes.ROUTES,
    registry.inbox.routes.ROUTES,
    registry.notifications.routes.ROUTES,
    registry.notifications.webhooks.routes.ROUTES,
    registry.usage.routes.ROUTES,
    registry.search.routes.ROUTES,
    registry.transparency.routes.ROUTES,
    deploy.status.ROUTES,
    exchange.instruments.routes.ROUTES,
    exchange.market_data.routes.ROUTES,
    exchange.listings.routes.ROUTES,
    exchange.campaigns.routes.ROUTES,
    exchange.auctions.routes.ROUTES,
    exchange.blocks.routes.ROUTES,
    exchange.quotes.routes.ROUTES,
    exchange.orders.routes.ROUTES,
    exchange.sessions.routes.ROUTES,
    exchange.settlement.routes.ROUTES,
    exchange.subscriptions.routes.ROUTES,
)


def give_routes(app: Litestar) -> None:
    """
    Give each handler the line of its operation, which the guard reads.

    Raises `LookupError` for a handler under /v1 that no table names: it would be open to anybody.
    """
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            automatic = handler.http_methods == {"OPTIONS"}  # added by the framework: lists the methods of the path
            if not route.path.startswith("/v1") or automatic:
                continue
            if handler.operation_id not in ROUTES:
                raise LookupError(f"{route.path} ({handler.operation_id}) is in no table of routes")
            handler.opt[ROUTE] = ROUTES[handler.operation_id]

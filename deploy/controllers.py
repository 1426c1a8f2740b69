"""Every controller of the API, in the order in which its document shows them."""

from typing import Final

from deploy.status import StatusController
from exchange.auctions.api import AuctionsController
from exchange.blocks.api import AccountBlocksController, BlockMarketController, BlocksController
from exchange.campaigns.api import CampaignsController
from exchange.instruments.api import BasketsController, DelistingsController, InstrumentsController
from exchange.listings.api import ListingsController, PickingController
from exchange.market_data.api import MarketDataController, MarketDaysController
from exchange.market_data.session.api import MarketSessionController
from exchange.orders.api import OrdersController, TraderController
from exchange.orders.session.api import OrderSessionController
from exchange.quotes.api import AccountQuotesController, InquiredPricesController, QuoteRequestsController
from exchange.sessions.api import TradingSessionsController
from exchange.settlement.api import AccountCustodyController, CustodyController
from exchange.subscriptions.api import AccountStandingsController, StandingsController
from registry.access.approvals.api import ApprovalsController
from registry.access.grants.api import GrantsController
from registry.access.keys.api import KeysController
from registry.access.restrictions.api import RestrictionsController
from registry.access.sessions.api import SessionsController
from registry.access.sign_in.api import PasskeysController, SignInController
from registry.access.suspensions.api import SuspensionsController
from registry.claims.api import ClaimsController
from registry.claims.drafts.api import ActivityFilesController, ClaimDraftsController
from registry.claims.green_power.api import GreenPowerController
from registry.community.events.api import EventsController, GuestsController
from registry.community.retail.api import PaymentsController, PoolsController
from registry.credits.annulment.api import AnnulmentsController
from registry.credits.cancellation.api import CancellationsController
from registry.credits.holdings.api import ConservationController, HoldingsController
from registry.credits.issuance.api import IssuancesController
from registry.credits.retirement.api import RetirementsController
from registry.credits.transfers.api import AccountTransfersController, TransfersController
from registry.inbox.api import InboxController
from registry.methodologies.api import MethodologiesController
from registry.notifications.api import NotificationsController
from registry.notifications.webhooks.api import WebhooksController
from registry.parties.api import PartiesController
from registry.parties.colleagues.api import ColleaguesController
from registry.projects.api.documents import DocumentsController
from registry.projects.api.projects import ProjectsController
from registry.projects.api.reports import ReportsController
from registry.receipts.api import ReceiptsController
from registry.receipts.certificates.api import CertificatesController
from registry.search.api import SearchController
from registry.transparency.api import CorrectionsController, LogController
from registry.usage.api import UsageController

CONTROLLERS: Final = (
    PartiesController,
    ColleaguesController,
    UsageController,
    KeysController,
    SessionsController,
    SignInController,
    PasskeysController,
    ApprovalsController,
    GrantsController,
    RestrictionsController,
    SuspensionsController,
    MethodologiesController,
    DocumentsController,
    ProjectsController,
    ReportsController,
    InboxController,
    NotificationsController,
    WebhooksController,
    SearchController,
    IssuancesController,
    ConservationController,
    HoldingsController,
    AccountTransfersController,
    TransfersController,
    CancellationsController,
    RetirementsController,
    AnnulmentsController,
    ClaimsController,
    ClaimDraftsController,
    ActivityFilesController,
    GreenPowerController,
    PoolsController,
    PaymentsController,
    EventsController,
    GuestsController,
    ReceiptsController,
    CertificatesController,
    LogController,
    StatusController,
    CorrectionsController,
    InstrumentsController,
    BasketsController,
    DelistingsController,
    MarketDataController,
    MarketDaysController,
    MarketSessionController,
    TradingSessionsController,
    ListingsController,
    PickingController,
    CampaignsController,
    AuctionsController,
    BlocksController,
    AccountBlocksController,
    BlockMarketController,
    QuoteRequestsController,
    AccountQuotesController,
    InquiredPricesController,
    OrdersController,
    OrderSessionController,
    TraderController,
    CustodyController,
    StandingsController,
    AccountStandingsController,
    AccountCustodyController,
)
"""What answers under ``/v1``."""

"""The site put together: the templates of all capabilities, and their pages under one router."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from litestar import Router
from litestar.static_files import create_static_files_router

import exchange.auctions.pages
import exchange.blocks.pages
import exchange.campaigns.pages
import exchange.instruments.pages
import exchange.listings.pages
import exchange.market_data.pages
import exchange.quotes.pages
import exchange.settlement.pages
import exchange.subscriptions.pages
import registry.access.keys.pages
import registry.access.pages
import registry.access.sign_in.pages
import registry.claims.drafts.pages
import registry.claims.pages
import registry.community.events.pages
import registry.community.retail.pages
import registry.credits.holdings.pages
import registry.credits.pages
import registry.methodologies.pages
import registry.notifications.pages
import registry.notifications.webhooks.pages
import registry.parties.colleagues.pages
import registry.parties.pages
import registry.projects.pages
import registry.receipts.browser
import registry.receipts.pages
import registry.transparency.pages
from deploy.site import desk, simulator
from deploy.site.agreements import BlocksPage, QuotesPage
from deploy.site.annulments import AnnulmentPages
from deploy.site.approvals import ApprovalPages
from deploy.site.auctions import AuctionPage
from deploy.site.baskets import BasketsPage
from deploy.site.campaigns import CampaignPage
from deploy.site.city import CityPages
from deploy.site.claims import ClaimPage, OrganisationPage
from deploy.site.credits import CancellationPages, IssuancePages, RetirementPages
from deploy.site.drafts import DraftPages
from deploy.site.entering import EnteringPages, Entrants
from deploy.site.holdings import AccountPages, HoldingsPages, TransferPages
from deploy.site.income import IncomePages
from deploy.site.judging import ValidationPages, VerificationPages
from deploy.site.market import MarketPage
from deploy.site.operations import AuditPages, OperationsPage
from deploy.site.outbox import OutboxPage
from deploy.site.oversight import AccessPages, DecisionPages
from deploy.site.pages import HomePages
from deploy.site.projects import ProjectPage, ReportPage
from deploy.site.receipts import ReceiptPages
from deploy.site.reporting import CorrectedReportPages, NewReportPages
from deploy.site.standing import AccountStandingPages, StandingPages
from deploy.site.trading import ListingPages, TradingPage
from registry.access.http import PAGE
from registry.kit.site.errors import PAGE_HANDLERS
from registry.kit.site.frame import ASSETS, STATIC, VENDOR, Frame
from registry.kit.site.language import catalogue
from registry.kit.site.translated_refusals import forms_of
from schemas.attributes import GOAL_NAMES
from schemas.parties import RegionProfile

FOLDERS: Final = {
    "home": Path(__file__).parent / "pages",
    "desk": desk.TEMPLATES,
    "drafts": registry.projects.pages.DRAFTS,
    "instruments": exchange.instruments.pages.TEMPLATES,
    "campaigns": exchange.campaigns.pages.TEMPLATES,
    "auctions": exchange.auctions.pages.TEMPLATES,
    "listings": exchange.listings.pages.TEMPLATES,
    "blocks": exchange.blocks.pages.TEMPLATES,
    "quotes": exchange.quotes.pages.TEMPLATES,
    "settlement": exchange.settlement.pages.TEMPLATES,
    "subscriptions": exchange.subscriptions.pages.TEMPLATES,
    "market": exchange.market_data.pages.TEMPLATES,
    "oversight": Path(__file__).parent / "oversight",
    "access": registry.access.pages.TEMPLATES,
    "keys": registry.access.keys.pages.TEMPLATES,
    "sign_in": registry.access.sign_in.pages.TEMPLATES,
    "colleagues": registry.parties.colleagues.pages.TEMPLATES,
    "projects": registry.projects.pages.TEMPLATES,
    "parties": registry.parties.pages.TEMPLATES,
    "claims": registry.claims.pages.TEMPLATES,
    "holdings": registry.credits.holdings.pages.TEMPLATES,
    "claim_drafts": registry.claims.drafts.pages.TEMPLATES,
    "credits": registry.credits.pages.TEMPLATES,
    "events": registry.community.events.pages.TEMPLATES,
    "retail": registry.community.retail.pages.TEMPLATES,
    "methodologies": registry.methodologies.pages.TEMPLATES,
    "receipts": registry.receipts.pages.TEMPLATES,
    "transparency": registry.transparency.pages.TEMPLATES,
    "notifications": registry.notifications.pages.TEMPLATES,
    "webhooks": registry.notifications.webhooks.pages.TEMPLATES,
    "simulator": simulator.TEMPLATES,
}
"""Each capability's templates, by the name under which others extend and include them."""


@lru_cache(maxsize=4)
def site_frame(region: RegionProfile, site_url: str, entrants: Entrants = ()) -> Frame:
    """The frame with the templates of all capabilities; pages and mails of one process have the same."""
    details = forms_of(catalogue(Path(registry.receipts.browser.__file__).parent))
    return Frame(FOLDERS, region, site_url=site_url, entrants=entrants, verifier_details=details, goal_names=GOAL_NAMES)


_SALES: Final = (
    exchange.campaigns.pages.CampaignPages,
    CampaignPage,
    exchange.auctions.pages.AuctionPages,
    AuctionPage,
)
"""Where a seller's tonnes go in a window of time."""
_SIMULATOR: Final = (CityPages, simulator.SimulatorPages)
"""What is played, and touches nothing."""


def site_router(entrants: Entrants = (), *, outbox: bool = False) -> Router:
    """All pages, and what they load. Only a demo has addresses to enter as somebody, and to look at mails."""
    return Router(
        "/",
        route_handlers=[
            *((EnteringPages,) if entrants else ()),
            *((OutboxPage,) if outbox else ()),
            registry.access.keys.pages.KeysPages,
            registry.access.sign_in.pages.SignInPages,
            registry.parties.colleagues.pages.ColleaguesPages,
            HomePages,
            desk.DeskPages,
            DraftPages,
            NewReportPages,
            CorrectedReportPages,
            ValidationPages,
            VerificationPages,
            IncomePages,
            ApprovalPages,
            HoldingsPages,
            AccountPages,
            TransferPages,
            TradingPage,
            ListingPages,
            AccessPages,
            DecisionPages,
            *(OperationsPage, BasketsPage),
            AuditPages,
            ProjectPage,
            ReportPage,
            IssuancePages,
            RetirementPages,
            CancellationPages,
            ReceiptPages,
            AnnulmentPages,
            ClaimPage,
            OrganisationPage,
            registry.claims.pages.ClaimPages,
            registry.claims.drafts.pages.NewClaimPages,
            registry.claims.drafts.pages.ClaimDraftPages,
            registry.community.events.pages.EventPages,
            registry.community.events.pages.GuestPages,
            registry.community.retail.pages.PoolPages,
            registry.methodologies.pages.MethodologyPages,
            registry.parties.pages.OrganisationPages,
            registry.transparency.pages.LogPages,
            *(registry.notifications.pages.NotificationPages, registry.notifications.webhooks.pages.WebhookPages),
            registry.projects.pages.ProjectPages,
            *(*_SALES, *_SIMULATOR),
            *(AccountStandingPages, StandingPages, BlocksPage, QuotesPage),
            *exchange.instruments.pages.PAGES,
            *exchange.market_data.pages.STREAMS,
            MarketPage,
            create_static_files_router(path=f"{ASSETS}/vendor", directories=[VENDOR]),
            create_static_files_router(path=ASSETS, directories=[STATIC]),
        ],
        exception_handlers=PAGE_HANDLERS,
        opt={PAGE: True},
        include_in_schema=False,
    )

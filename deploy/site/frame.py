"""The site put together: the templates of all capabilities, and their pages under one router."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from litestar import Router
from litestar.static_files import create_static_files_router

import exchange.instruments.pages
import exchange.market_data.pages
import registry.access.keys.pages
import registry.access.sign_in.pages
import registry.claims.pages
import registry.credits.pages
import registry.methodologies.pages
import registry.notifications.pages
import registry.parties.colleagues.pages
import registry.parties.pages
import registry.projects.pages
import registry.transparency.pages
from deploy.site.claims import ClaimPage, OrganisationPage
from deploy.site.credits import CancellationPages, IssuancePages, RetirementPages
from deploy.site.entering import EnteringPages, Entrants
from deploy.site.market import MarketPage
from deploy.site.outbox import OutboxPage
from deploy.site.pages import HomePages
from deploy.site.projects import ProjectPage, ReportPage
from registry.access.http import PAGE
from registry.kit.site.errors import PAGE_HANDLERS
from registry.kit.site.frame import ASSETS, STATIC, VENDOR, Frame
from schemas.parties import RegionProfile

FOLDERS: Final = {
    "home": Path(__file__).parent / "pages",
    "instruments": exchange.instruments.pages.TEMPLATES,
    "market": exchange.market_data.pages.TEMPLATES,
    "keys": registry.access.keys.pages.TEMPLATES,
    "sign_in": registry.access.sign_in.pages.TEMPLATES,
    "colleagues": registry.parties.colleagues.pages.TEMPLATES,
    "projects": registry.projects.pages.TEMPLATES,
    "parties": registry.parties.pages.TEMPLATES,
    "claims": registry.claims.pages.TEMPLATES,
    "credits": registry.credits.pages.TEMPLATES,
    "methodologies": registry.methodologies.pages.TEMPLATES,
    "transparency": registry.transparency.pages.TEMPLATES,
    "notifications": registry.notifications.pages.TEMPLATES,
}
"""Each capability's templates, by the name under which others extend and include them."""


@lru_cache(maxsize=4)
def site_frame(region: RegionProfile, site_url: str, entrants: Entrants = ()) -> Frame:
    """The frame with the templates of all capabilities; pages and mails of one process have the same."""
    return Frame(FOLDERS, region, site_url=site_url, entrants=entrants)


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
            ProjectPage,
            ReportPage,
            IssuancePages,
            RetirementPages,
            CancellationPages,
            ClaimPage,
            OrganisationPage,
            registry.claims.pages.ClaimPages,
            registry.methodologies.pages.MethodologyPages,
            registry.parties.pages.OrganisationPages,
            registry.transparency.pages.LogPages,
            registry.notifications.pages.NotificationPages,
            registry.projects.pages.ProjectPages,
            exchange.instruments.pages.InstrumentPages,
            exchange.market_data.pages.MarketStream,
            MarketPage,
            create_static_files_router(path=f"{ASSETS}/vendor", directories=[VENDOR]),
            create_static_files_router(path=ASSETS, directories=[STATIC]),
        ],
        exception_handlers=PAGE_HANDLERS,
        opt={PAGE: True},
        include_in_schema=False,
    )

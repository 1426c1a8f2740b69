"""The site put together: the templates of all capabilities, and their pages under one router."""

from pathlib import Path
from typing import Final

from litestar import Router
from litestar.static_files import create_static_files_router

import exchange.instruments.pages
import exchange.market_data.pages
import registry.projects.pages
from deploy.site.market import MarketPage
from deploy.site.pages import HomePages, ProjectPage
from registry.access.http import PAGE
from registry.kit.site.errors import PAGE_HANDLERS
from registry.kit.site.frame import ASSETS, STATIC, VENDOR, Frame
from schemas.parties import RegionProfile

FOLDERS: Final = {
    "home": Path(__file__).parent / "pages",
    "instruments": exchange.instruments.pages.TEMPLATES,
    "market": exchange.market_data.pages.TEMPLATES,
    "projects": registry.projects.pages.TEMPLATES,
}
"""Each capability's templates, by the name under which others extend and include them."""


def site_frame(region: RegionProfile) -> Frame:
    """The frame with the templates of all capabilities."""
    return Frame(FOLDERS, region)


def site_router() -> Router:
    """All pages, and what they load."""
    return Router(
        "/",
        route_handlers=[
            HomePages,
            ProjectPage,
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

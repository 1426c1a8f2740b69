"""The site put together: the templates of all capabilities, and their pages under one router."""

from pathlib import Path
from typing import Final

from litestar import Router
from litestar.static_files import create_static_files_router

import registry.claims.pages
import registry.credits.pages
import registry.methodologies.pages
import registry.parties.pages
import registry.projects.pages
import registry.transparency.pages
from deploy.site.claims import ClaimPage, OrganisationPage
from deploy.site.credits import CancellationPages, IssuancePages, RetirementPages
from deploy.site.pages import HomePages
from deploy.site.projects import ProjectPage, ReportPage
from registry.access.http import PAGE
from registry.kit.site.errors import PAGE_HANDLERS
from registry.kit.site.frame import ASSETS, STATIC, VENDOR, Frame
from schemas.parties import RegionProfile

FOLDERS: Final = {
    "home": Path(__file__).parent / "pages",
    "projects": registry.projects.pages.TEMPLATES,
    "parties": registry.parties.pages.TEMPLATES,
    "claims": registry.claims.pages.TEMPLATES,
    "credits": registry.credits.pages.TEMPLATES,
    "methodologies": registry.methodologies.pages.TEMPLATES,
    "transparency": registry.transparency.pages.TEMPLATES,
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
            registry.projects.pages.ProjectPages,
            create_static_files_router(path=f"{ASSETS}/vendor", directories=[VENDOR]),
            create_static_files_router(path=ASSETS, directories=[STATIC]),
        ],
        exception_handlers=PAGE_HANDLERS,
        opt={PAGE: True},
        include_in_schema=False,
    )

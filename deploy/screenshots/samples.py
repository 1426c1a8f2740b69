"""
For each page of the site an address to look at, and who looks.

The list of pages is that of the router (`page_paths`), so none is forgotten: a page without a sample stops the command
and fails a test. Words in braces stand for what the season chose: see `Known`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from litestar import Router
from litestar.routes import HTTPRoute
from msgspec import Struct

from deploy.site.entering import Entrant
from deploy.site.frame import site_router


@dataclass(frozen=True, slots=True)
class Sample:
    """One address of a page, and the word of the season's person who looks; nobody is signed in without one."""

    address: str
    by: str = ""


class Known(Struct, frozen=True, kw_only=True):
    """What the season chose: codes that stand in addresses."""

    receipt: str
    statement: str
    cancellation: str = "none"


NO_PAGES: Final = frozenset(
    {
        "/instruments/{code:str}/stream",  # a stream of events
        "/instruments/{code:str}/own",  # parts of the market page, which htmx asks for
        "/instruments/{code:str}/ticket",
    }
)
"""What is answered to scripts."""
SAMPLES: Final[dict[str, tuple[Sample, ...]]] = {
    "/": (Sample("/"), Sample("/", "bank")),
    "/search": (Sample("/search?q=longquan"), Sample("/search?q=nothing-has-this"), Sample("/search")),
    "/status": (Sample("/status"),),
    "/sign-in": (Sample("/sign-in"),),
    "/sign-out": (Sample("/sign-out", "bank"),),
    "/invitation": (Sample("/invitation"),),
    "/account": (Sample("/account", "bank"),),
    "/keys/unconfirmed": (Sample("/keys/unconfirmed", "regulator-1"),),
    "/organisations/{organisation_id:int}/colleagues": (Sample("/organisations/1/colleagues", "regulator-1"),),
    "/organisations": (Sample("/organisations"),),
    "/organisations/{organisation_id:int}": (Sample("/organisations/4"), Sample("/organisations/2")),
    "/projects": (Sample("/projects"),),
    "/projects/{project_id:int}": (Sample("/projects/1"), Sample("/projects/2"), Sample("/projects/999")),
    "/reports/{report_id:int}": (Sample("/reports/1"),),
    "/issuances": (Sample("/issuances"),),
    "/issuances/{code:str}": (Sample("/issuances/SC-CDCER-0001-2024-01"),),
    "/retirements": (Sample("/retirements"),),
    "/retirements/{receipt_id:str}": (Sample("/retirements/{receipt}"), Sample("/retirements/{receipt}", "bank")),
    "/cancellations": (Sample("/cancellations"),),
    "/cancellations/{order_id:str}": (Sample("/cancellations/{cancellation}"),),
    "/claims": (Sample("/claims"),),
    "/claims/{claim_id:int}": (Sample("/claims/1"), Sample("/claims/1", "scenic")),
    "/methodologies": (Sample("/methodologies"),),
    "/factors": (Sample("/factors"),),
    "/calendar": (Sample("/calendar"),),
    "/log": (Sample("/log"),),
    "/log/statements": (Sample("/log/statements"),),
    "/log/statements/{statement_hash:str}": (Sample("/log/statements/{statement}"),),
    "/instruments": (Sample("/instruments"),),
    "/instruments/{code:str}": (
        Sample("/instruments/SC-CDCER-0001-2024"),
        Sample("/instruments/SC-CDCER-0002-2024", "solar"),
    ),
    "/notifications": (Sample("/notifications", "bank"), Sample("/notifications", "vvb")),
    "/notifications/mail": (Sample("/notifications/mail", "bank"),),
    "/notifications/confirm": (Sample("/notifications/confirm?code=none", "bank"),),
    "/outbox": (Sample("/outbox"),),
}
"""Pages by their path in the router."""


class NoSample(Exception):
    """A page that nobody has given an address to look at."""


def page_paths() -> set[str]:
    """The paths of all pages of a demo's site, by its router."""
    somebody = Entrant(word="somebody", name="", organisation="", roles=(), key_file="")
    return set(_paths(site_router((somebody,), outbox=True))) - NO_PAGES


def _paths(router: Router) -> Iterator[str]:
    for route in router.routes:
        if not isinstance(route, HTTPRoute) or route.path.startswith("/assets"):
            continue
        if any("GET" in handler.http_methods for handler in route.route_handlers):
            yield route.path


def views() -> list[Sample]:
    """Every address to look at. Raises `NoSample`."""
    if missing := sorted(page_paths() - SAMPLES.keys()):
        raise NoSample(f"no sample in deploy/screenshots/samples.py for {', '.join(missing)}")
    return [sample for path in sorted(page_paths()) for sample in SAMPLES[path]]

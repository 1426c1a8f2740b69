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
    event: str = "none"
    guest: str = "none"
    campaign: int = 0
    auction: int = 0


NO_PAGES: Final = frozenset(
    {
        "/instruments/{code:str}/stream",  # a stream of events
        "/instruments/{code:str}/changes",  # likewise
        "/instruments/{code:str}/own",  # parts of the market page, which htmx asks for
        "/instruments/{code:str}/ticket",
        "/instruments/{code:str}/offer",
        "/instruments/{code:str}/session",
        "/projects/{project_id:int}/draft",  # leads to its last step
        "/R",  # codes of receipts are also typed in capitals: the same pages
        "/R/{code:str}",
        "/r/script/{digest:str}",  # a script, a picture, and a file to keep
        "/r/{code:str}/badge.svg",
        "/r/{code:str}/saved.html",
        "/simulator/{name:str}/report",  # a file that is the same everywhere, and one to keep
        "/simulator/{name:str}/run.zip",
    }
)
"""What is answered to scripts, is no page, or is the same page again."""
OFFICE: Final[dict[str, tuple[Sample, ...]]] = {
    "/desk": tuple(
        Sample("/desk", by) for by in ("kiln", "vvb", "regulator-1", "regulator-2", "exchange", "scenic", "solar")
    ),
    "/holdings": (Sample("/holdings", "bank"), Sample("/holdings", "regulator-1"), Sample("/holdings", "vvb")),
    "/accounts/{account_id:int}": (Sample("/accounts/7", "bank"),),
    "/accounts/{account_id:int}/cancel": (Sample("/accounts/7/cancel?quantity_kg=7", "bank"),),
    "/accounts/{account_id:int}/retire": (Sample("/accounts/7/retire", "bank"),),
    "/accounts/{account_id:int}/trading": (Sample("/accounts/5/trading", "solar"),),
    "/accounts/{account_id:int}/blocks": (Sample("/accounts/7/blocks", "bank"),),
    "/accounts/{account_id:int}/subscriptions": (Sample("/accounts/7/subscriptions", "bank"),),
    "/subscriptions/{standing_id:int}": (Sample("/subscriptions/2", "bank"),),
    "/accounts/{account_id:int}/quote-requests": (Sample("/accounts/7/quote-requests", "bank"),),
    "/accounts/{account_id:int}/transfer": (Sample("/accounts/7/transfer", "bank"),),
    "/transfers/{transfer_id:int}": (Sample("/transfers/1", "solar"), Sample("/transfers/1", "bank")),
    "/listings": (Sample("/listings"), Sample("/listings", "forest")),
    "/listings/{listing_id:int}": (Sample("/listings/4"), Sample("/listings/4", "car")),
    "/campaigns": (Sample("/campaigns"), Sample("/campaigns", "forest")),
    "/campaigns/new": (Sample("/campaigns/new", "forest"),),
    "/campaigns/{campaign_id:int}": (
        Sample("/campaigns/{campaign}"),
        Sample("/campaigns/{campaign}", "solar"),
        Sample("/campaigns/{campaign}", "forest"),
    ),
    "/auctions": (Sample("/auctions"), Sample("/auctions", "forest")),
    "/auctions/new": (Sample("/auctions/new", "forest"),),
    "/auctions/{auction_id:int}": (
        Sample("/auctions/{auction}"),
        Sample("/auctions/{auction}", "solar"),
        Sample("/auctions/{auction}", "forest"),
    ),
    "/approvals": (Sample("/approvals", "regulator-2"),),
    "/approvals/{approval_id:int}": (Sample("/approvals/1", "regulator-2"), Sample("/approvals/12", "regulator-2")),
    "/grants": (Sample("/grants", "regulator-1"),),
    "/people/{person_id:int}": (Sample("/people/12", "regulator-1"),),
    "/onboarding": (Sample("/onboarding", "regulator-1"), Sample("/onboarding?organisation_id=9", "regulator-1")),
    "/restrictions": (Sample("/restrictions", "regulator-1"),),
    "/suspensions": (Sample("/suspensions", "regulator-1"),),
    "/clock": (Sample("/clock", "regulator-1"),),
    "/operations": (Sample("/operations", "exchange"),),
    "/operations/baskets": (Sample("/operations/baskets?vintage_from=2024&vintage_to=2024", "exchange"),),
    "/exports": (Sample("/exports", "regulator-1"),),
    "/organisations/{organisation_id:int}/usage": (Sample("/organisations/10/usage", "bank"),),
}
"""Accounts, the exchange, and the authority."""
WORK: Final[dict[str, tuple[Sample, ...]]] = {
    "/income": (Sample("/income", "forest"),),
    "/projects/new": (Sample("/projects/new", "kiln"),),
    "/projects/{project_id:int}/draft/{step:str}": tuple(
        Sample(f"/projects/4/draft/{step}", "kiln") for step in ("what", "where", "estimate", "documents", "check")
    ),
    "/projects/{project_id:int}/validation": (Sample("/projects/3/validation", "vvb"),),
    "/projects/{project_id:int}/decision": (Sample("/projects/1/decision", "regulator-1"),),
    "/projects/{project_id:int}/reports/new": (Sample("/projects/2/reports/new", "kiln"),),
    "/projects/{project_id:int}/reports/new/data": (Sample("/projects/2/reports/new/data", "kiln"),),
    "/reports/{report_id:int}/again": (Sample("/reports/2/again", "kiln"),),
    "/reports/{report_id:int}/again/data": (Sample("/reports/2/again/data", "kiln"),),
    "/reports/{report_id:int}/verification": (Sample("/reports/2/verification", "vvb"),),
    "/reports/{report_id:int}/issuance": (Sample("/reports/1/issuance", "regulator-1"),),
    "/annulments": (Sample("/annulments"),),
    "/annulments/{annulment_id:int}": (Sample("/annulments/1"),),
    "/claims/new": (Sample("/claims/new", "car"),),
    "/claim-drafts/{draft_id:int}": (Sample("/claim-drafts/1", "car"),),
    **{
        f"/claim-drafts/{{draft_id:int}}/{step}": (Sample(f"/claim-drafts/1/{step}", "car"),)
        for step in ("about", "activities", "finding", "green-power", "reductions")
    },
}
"""Of developers, verifiers and those who claim."""
GUESTS: Final[dict[str, tuple[Sample, ...]]] = {
    "/events": (Sample("/events"), Sample("/events", "scenic")),
    "/events/new": (Sample("/events/new", "scenic"),),
    "/events/{code:str}": (Sample("/events/{event}"), Sample("/events/{event}", "scenic")),
    "/events/{code:str}/poster": (Sample("/events/{event}/poster"),),
    "/e/{code:str}": (Sample("/e/{event}"),),
    "/e/{code:str}/{secret:str}": (Sample("/e/{event}/{guest}"),),
    "/pools": (Sample("/pools"),),
    "/pools/new": (Sample("/pools/new", "forest"),),
    "/pools/{pool_id:int}": (Sample("/pools/1"), Sample("/pools/1", "forest")),
    "/r": (Sample("/r"),),
    "/r/{code:str}": (Sample("/r/{receipt}"), Sample("/r/{receipt}", "bank")),
}
"""Of guests of events, and of those who check a receipt."""
_SHORT: Final = "horizon.days=60&policy.deadline_day=50&replications=2&venue.floor_fen_t=100,2000,4000"
_GAME: Final = "330001.330002.330002.330002.330001.330002.330001.330002.330001.330002"
SIMULATOR: Final[dict[str, tuple[Sample, ...]]] = {
    "/simulator": (Sample("/simulator"),),
    "/simulator/{name:str}": (Sample("/simulator/price-floor"), Sample("/simulator/offset-cap-local-share")),
    "/simulator/{name:str}/choose": (Sample("/simulator/price-floor/choose?policy.offset_cap_bps=2001"),),
    "/simulator/{name:str}/result": (Sample(f"/simulator/price-floor/result?{_SHORT}"),),
    "/simulator/city": (
        Sample("/simulator/city"),
        Sample(f"/simulator/city?rounds={_GAME}"),
        Sample("/simulator/city?rounds=330001.330002.332012"),
    ),
}
"""Of those who try a rule out; what is played is short, so that the page has it at once."""
SAMPLES: Final[dict[str, tuple[Sample, ...]]] = {
    "/": (Sample("/"), Sample("/", "bank")),
    "/search": (Sample("/search?q=longquan"), Sample("/search?q=nothing-has-this"), Sample("/search")),
    "/status": (Sample("/status"),),
    "/sign-in": (Sample("/sign-in"),),
    "/sign-out": (Sample("/sign-out", "bank"),),
    "/invitation": (Sample("/invitation"),),
    "/account": (Sample("/account", "bank"),),
    "/keys/unconfirmed": (Sample("/keys/unconfirmed", "regulator-1"),),
    # Nobody in the demo has one; the page is asked for in tests/registry/notifications/webhooks.
    "/organisations/{organisation_id:int}/webhooks/{webhook_id:int}": (),
    "/organisations/{organisation_id:int}/webhooks": (Sample("/organisations/1/webhooks", "regulator-1"),),
    "/organisations/{organisation_id:int}/colleagues": (Sample("/organisations/1/colleagues", "regulator-1"),),
    "/organisations": (Sample("/organisations"),),
    "/organisations/{organisation_id:int}": (Sample("/organisations/4"), Sample("/organisations/10")),
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
    "/delistings": (Sample("/delistings"), Sample("/delistings?state=announced", "exchange")),
    "/instruments": (Sample("/instruments"),),
    "/instruments/{code:str}": (
        Sample("/instruments/SC-CDCER-0001-2024"),
        Sample("/instruments/SC-CDCER-0002-2024", "solar"),
    ),
    **OFFICE,
    **WORK,
    **GUESTS,
    **SIMULATOR,
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

"""The composition root: settings become one ASGI application. Tests call the same factory."""

import asyncio
import functools
import html
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.datastructures import CacheControlHeader, State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.openapi.spec import Components, License, Reference, Schema, SecurityScheme, Tag
from litestar.plugins import OpenAPISchemaPlugin
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp
from litestar.typing import FieldDefinition
from prometheus_client import CollectorRegistry

from deploy.controllers import CONTROLLERS
from deploy.routes import ROUTES, give_routes
from deploy.simulator.workshop import Workshop
from deploy.site.entering import Entrants
from deploy.site.frame import site_frame, site_router
from deploy.version import VERSION
from exchange.journal.refusals import TradingRefused
from exchange.market_data.book_days import BookDays
from exchange.market_data.feed import MarketFeed
from exchange.market_data.live import LiveMarket
from exchange.market_data.session.service import MarketSessions
from exchange.modes import REFUSALS
from exchange.orders.session.service import OrderSessions
from exchange.parts import Exchange
from registry.access.authority import Authority
from registry.access.http import DEPENDENCIES, RATE_CLASS, guard, operation_of
from registry.access.keys.rules import Keyring
from registry.access.rates import ORDERS, READS, WRITES, Rates
from registry.access.sign_in.rules import SiteAddress
from registry.access.sign_in.service import SignIns
from registry.access.speaking import provide_speaker
from registry.credits.holdings.service import IssuanceTotals, ProjectsTotals, RegionTotals
from registry.credits.retirement.service import retiring
from registry.kit.database import Database
from registry.kit.head import HeadAsGet
from registry.kit.http import HANDLERS, OF_NO_RULE, PROBLEM_TYPE, QUERY, STATUS, JsonRequest, problem
from registry.kit.problems import DomainError
from registry.kit.quotas import Quotas
from registry.kit.request_log import RequestLog
from registry.kit.room import Room
from registry.kit.sheets import OtherForms
from registry.kit.site.browser import BrowserSessions
from registry.kit.site.errors import unrouted
from registry.kit.site.forms import Forms
from registry.kit.site.frame import Frame
from registry.kit.site.queries import FilledQueries
from registry.notifications import service as notifications
from registry.notifications.mails import Mails, Transport
from registry.notifications.webhooks.addresses import WayOut
from registry.notifications.webhooks.service import Webhooks
from registry.notifications.webhooks.signing import SecretSeal
from registry.receipts.certificates.service import Press, Typesetter
from schemas.parties import RegionProfile

STATIC = Path(__file__).parent / "static"
_SWAGGER = "/static/swagger-ui"
_STATIC_KEPT = CacheControlHeader(public=True, max_age=3600)


def _fine() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an application is made of. *trouble* says in one line why it refuses requests of some kind, or nothing."""

    db: Database
    keyring: Keyring
    authority: Authority
    region: RegionProfile
    exchange: Exchange
    trouble: Callable[[], str] = _fine
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    rates: Rates = field(default_factory=Rates)
    quotas: Quotas = field(default_factory=Quotas)
    room: Room = field(default_factory=Room)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the service stops: streams end."""
    site: SiteAddress = field(default_factory=SiteAddress)
    entrants: Entrants = ()
    witness_policy: str = "quorum none\n"
    """The tlog-policy of today's checkpoints, for those who compare their trust with ours."""
    mail: Transport | None = None
    """What carries mail to people; None: none is sent."""
    gate: WayOut = field(default_factory=WayOut)
    """Where webhooks may go."""
    book_days: BookDays = field(default_factory=BookDays)
    """Where journals are replayed to past days."""
    workshop: Workshop = field(default_factory=Workshop)
    """Where visitors' simulations are played."""


@get("/health/live", include_in_schema=False, sync_to_thread=False)
def live() -> dict[str, str]:
    """The process runs."""
    return {"status": "live"}


@get("/health/ready", include_in_schema=False)
async def ready(db: NamedDependency[Database], parts: NamedDependency[Parts]) -> Response[dict[str, object]]:
    """Requests can be served: the database answers, and orders are taken. Why not is said on the inner face alone."""
    async with db.reading() as tx:
        await tx.fetchval("select 1")
    if parts.trouble():
        return problem(503, "not-ready", "Not ready", "Requests of some kind are refused now; the operator sees why.")
    return Response({"status": "ready"})


def create_app(parts: Parts) -> ASGIApp:
    """The whole application, wrapped in its request log."""
    frame = site_frame(parts.region, parts.site.url, parts.entrants)
    app = Litestar(
        route_handlers=[
            *CONTROLLERS,
            live,
            ready,
            site_router(parts.entrants, outbox=parts.mail is not None and parts.mail.keeps),
            create_static_files_router(
                path="/static", directories=[STATIC], include_in_schema=False, cache_control=_STATIC_KEPT
            ),
        ],
        dependencies=_dependencies(parts, frame),
        guards=[guard],
        exception_handlers={**HANDLERS, NotFoundException: unrouted},
        openapi_config=_openapi(parts.region),
        state=_state(parts, frame),
        logging_config=None,
        request_class=JsonRequest,
        plugins=[_DescribedStructs()],
        request_max_body_size=1_000_000,
        debug=False,  # both whatever the environment says: LITESTAR_DEBUG, LITESTAR_PDB
        pdb_on_exception=False,
    )
    for prepare in (give_routes, _name_operations, _provide_in_turn, _note_queries, _note_rates):
        prepare(app)
    return RequestLog(
        HeadAsGet(FilledQueries(OtherForms(BrowserSessions(Forms(app))))), parts.metrics, proxies=parts.rates.proxies
    )


def _state(parts: Parts, frame: Frame) -> State:
    """What guards and pages find without asking by name."""
    return State(
        {
            "authority": parts.authority,
            "rates": parts.rates,
            "routes": ROUTES,
            "frame": frame,
            "unread": functools.partial(notifications.unread, db=parts.db),
            "db": parts.db,
            "room": parts.room,
            "keyring": parts.keyring,
        }
    )


def _dependencies(parts: Parts, frame: Frame) -> dict[str, Provide]:
    """What handlers may ask for by name."""
    live = LiveMarket(parts.exchange, parts.closing)
    return {
        **DEPENDENCIES,
        "speaker": Provide(provide_speaker),
        "db": _constant(parts.db),
        "keyring": _constant(parts.keyring),
        "region": _constant(parts.region),
        "authority": _constant(parts.authority),
        "exchange": _constant(parts.exchange),
        "quotas": _constant(parts.quotas),
        "room": _constant(parts.room),
        "feed": _constant(MarketFeed(parts.exchange, parts.closing)),
        "live": _constant(live),
        "market_sessions": _constant(MarketSessions(live)),
        "order_sessions": _constant(OrderSessions(parts.exchange, parts.authority, parts.closing)),
        "region_totals": _constant(RegionTotals()),
        "issuance_totals": _constant(IssuanceTotals()),
        "projects_totals": _constant(ProjectsTotals()),
        "retiring": _constant(retiring(parts.db, parts.region)),
        "parts": _constant(parts),
        "entrants": _constant(parts.entrants),
        "witness_policy": _constant(parts.witness_policy),
        "certificates": _constant(Press(parts.region, parts.site.url, Typesetter())),
        "sign_ins": _constant(SignIns(parts.db, parts.keyring, parts.site)),
        "trouble": _constant(parts.trouble),
        "webhooks": _constant(Webhooks(SecretSeal(parts.keyring.derived("webhooks")), parts.gate)),
        "workshop": _constant(parts.workshop),
        "book_days": _constant(parts.book_days),
        "mails": _constant(Mails(frame, parts.site.url, transport=parts.mail)),
    }


def _name_operations(app: Litestar) -> None:
    """In the documentation each operation is headed by its name in words: ``Retire credits``."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            handler.summary = operation_of(handler).replace("_", " ").capitalize()
            if "POST" in handler.http_methods:
                handler.response_description = "It was carried out, now or when it was sent before"


def _provide_in_turn(app: Litestar) -> None:
    """
    Resolve the dependencies of a handler one after the other.

    Litestar starts a task for each in a task group, which took a tenth of the time of a retirement; ours are constants
    and a hash, so there is nothing to wait for at the same time.
    """
    for route in app.routes:
        for _, model in getattr(route, "route_handler_map", {}).values():
            model.dependency_batches = [{each} for batch in model.dependency_batches for each in batch]


def _note_queries(app: Litestar) -> None:
    """Each handler knows which query parameters it takes, so that others can be refused."""
    for route in app.routes:
        for handler, model in getattr(route, "route_handler_map", {}).values():
            handler.opt[QUERY] = frozenset(each.field_alias for each in model.expected_query_params)


def _note_rates(app: Litestar) -> None:
    """Each handler knows by which policy its requests are counted, if it does not say so: commands are apart."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            reads = handler.http_methods <= {"GET", "HEAD", "OPTIONS"}
            numbered = "numbered" in handler.parsed_fn_signature.parameters
            handler.opt.setdefault(RATE_CLASS, ORDERS if numbered else READS if reads else WRITES)


def _constant(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


class _DescribedStructs(OpenAPISchemaPlugin):
    """What a struct's docstring says stands in the documentation too; the schema itself is the framework's."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Structs, which the framework looks for in the same way."""
        return not field_definition.is_union and field_definition.is_subclass_of(msgspec.Struct)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:  # noqa: ANN401 - the framework keeps its type private
        """The framework's schema, described."""
        theirs = next(
            each
            for each in schema_creator.plugins
            if not isinstance(each, _DescribedStructs) and each.is_plugin_supported_field(field_definition)
        )
        schema: Schema = theirs.to_openapi_schema(field_definition, schema_creator)
        kind = field_definition.origin or field_definition.annotation
        schema.description = inspect.cleandoc(kind.__doc__ or "")
        for each in (schema.properties or {}).values():
            _without_ellipsis(each)
        return schema


def _without_ellipsis(schema: Schema | Reference) -> None:
    """Take out what the framework makes of the `...` in a constrained `tuple[X, ...]`: any item whatever."""
    if isinstance(schema, Schema) and isinstance(schema.items, Schema) and schema.items.one_of:
        item, *rest = schema.items.one_of
        if rest == [Schema()]:
            schema.items = item


class _OfflineSwagger(SwaggerRenderPlugin):
    """Swagger UI that calls no other host, in a page that has no script in itself: its policy permits none."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002 - theirs
        """The page; what it shows is the document at `/docs/openapi.json`."""
        title = html.escape(openapi_schema["info"]["title"])
        scripts = (self.js_url, self.standalone_preset_js_url, "/static/docs/start.js")
        head = (
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>",
            self.favicon,
            f'<link rel="stylesheet" href="{self.css_url}">',
            *(f'<script src="{each}" defer></script>' for each in scripts),
        )
        page = f'<head>{"".join(head)}</head><body><div id="swagger-ui"></div></body>'
        return f'<!DOCTYPE html><html lang="en">{page}</html>'.encode()

    def receive_router(self, router: Router) -> None:
        """Add nothing: there is no OAuth 2 here to be redirected by."""


def _problems() -> str:
    """Every refusal that there is, as a table: what a program may have to tell apart."""
    kinds = [DomainError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    ours = {
        (STATUS[each.kind], each.slug, each.title)
        for each in kinds[1:]
        if not issubclass(each, TradingRefused) and each.__module__.partition(".")[0] in ("registry", "exchange")
    }
    trading = {(STATUS[kind], slug, title) for slug, kind, title in REFUSALS.every()}
    rows = sorted((slug, status, title) for status, slug, title in ours | trading | OF_NO_RULE)
    table = (
        f"| `type`: {PROBLEM_TYPE}… | status | what |",
        "|---|---|---|",
        *(f"| {slug} | {status} | {title} |" for slug, status, title in rows),
    )
    return "\n".join(("<details><summary>Every type of problem there is</summary>", "", *table, "", "</details>"))


def _openapi(region: RegionProfile) -> OpenAPIConfig:
    return OpenAPIConfig(
        title=region.name,
        version=VERSION,
        description=(
            "Masses are whole kilograms of CO2e (`_kg`), on the exchange whole tonnes (`_t`); money is fen, CNY/100 "
            "(`_fen`), times RFC 3339 UTC. A POST takes an `Idempotency-Key`: the same key with the same body is "
            "carried out once, however often it is sent. Only orders, listings and subscriptions take none: they are "
            "known by the `client_order_id` in their body, which an account uses once; nor do the steps of signing in "
            "and out. Errors are RFC 9457 problem documents; their `type` never changes, and `detail` says what was "
            "wrong, with the numbers, and what to do; `errors` has every fault of a body at once, each with its field. "
            "Texts have only characters that can be seen, in Unicode normalisation form C: control, bidirectional, "
            "zero-width and other invisible ones are refused, but for line feed and tab in reasons, remarks and "
            "descriptions. HEAD is taken wherever GET is. "
            "Every resource has one address: another spelling of it, such as one that ends in a slash, is 404. "
            "Lists that take `from` and `to` come as CSV too, with `Accept: text/csv` or `.csv` after the path: "
            "the same pages of at most 200 lines, the next one's address in a `Link` header; "
            "whole numbers in full, units in the column names, and an apostrophe before what a "
            "spreadsheet would take for a formula."
            "\n\n" + _problems()
        ),
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        path="/docs",
        use_handler_docstrings=True,
        render_plugins=[
            _OfflineSwagger(
                js_url=f"{_SWAGGER}/swagger-ui-bundle.js",
                css_url=f"{_SWAGGER}/swagger-ui.css",
                standalone_preset_js_url=f"{_SWAGGER}/swagger-ui-standalone-preset.js",
                favicon=f"<link rel='icon' href='{_SWAGGER}/favicon-32x32.png'>",
            )
        ],
        components=Components(
            security_schemes={"key": SecurityScheme(type="http", scheme="bearer", description="An API key, kw_…")}
        ),
        security=[{"key": []}, {}],
        tags=[Tag(name=name) for name in _TAGS],
    )


_TAGS = (
    *("Parties", "Access", "Webhooks", "Methodologies", "Projects", "Credits", "Claims", "Events", "Receipts"),
    *("Log", "Search", "Market", "Listings", "Campaigns", "Auctions", "Blocks", "Quotes", "Trading", "Settlement"),
    "Standing subscriptions",
)

"""
Events as pages: a list, three steps to a new one, the event with its organiser's view, the poster, and the guest's way.

A guest's pages are made for a phone on a bad network: each is small, needs no script, and a form that is sent twice
leads to the same share.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import segno
from litestar import Controller, Response, get
from litestar.di import NamedDependency
from markupsafe import Markup

from registry.access.authorisation import CLAIMANTS, OVERSEERS, NotYours
from registry.access.keys.rules import Keyring
from registry.access.visitor import PageCall
from registry.community.events import guests, rules, service
from registry.community.events.paths import Closed, OfKind, PathEvent, PathSecret
from registry.community.retail import service as retail
from registry.kit.database import Database
from registry.kit.http import QueryId
from registry.kit.pages import Window
from registry.kit.period import SHANGHAI
from registry.kit.problems import Unknown
from registry.methodologies import catalogue
from registry.parties import service as parties
from schemas.events import EventProgress, Quote, Trip
from schemas.parties import RegionProfile

TEMPLATES: Final = Path(__file__).parent / "pages"
_ALL: Final = Window(None, 200)
_LAST_STEP: Final = 3
_PER_STEP: Final = (("kind", "title", "place", "begins", "ends"), ("profile", "expected_guests", "organiser_covers"))
"""What each step asks; the one after it has the answers in its address."""


class EventPages(Controller):
    """For everybody, and what an organiser sees more."""

    path = "/events"

    @get("/")
    async def events(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        organisation_id: QueryId = None,
        kind: OfKind = None,
        closed: Closed = None,
    ) -> Response[str]:
        """The list."""
        return page.answer(
            "events/list.html",
            events=await service.events(latest, organisation_id, db=db, kind=kind, closed=closed),
            offers=page.visitor.may("create_event"),
        )

    @get("/new")
    async def new(self, page: NamedDependency[PageCall], db: NamedDependency[Database]) -> Response[str]:
        """Three steps: what, who, from where the kilograms come. Each leads to the next by its address."""
        page.asks("create_event")
        given = page.request.query_params
        done = sum(all(given.get(name) for name in names[:1]) for names in _PER_STEP)
        at = min(int(given.get("step") or 0) if (given.get("step") or "").isdecimal() else _LAST_STEP, done + 1)
        profiles = rules.profiles_of(given.get("kind", "event"))
        profile = next((each for each in profiles if each == given.get("profile")), profiles[0])
        return page.answer(
            "events/new.html",
            step=max(1, at),
            given=given,
            covers=given.getall("organiser_covers", []),
            profile=profile,
            profiles=profiles,
            counted=service.COUNTED[profile],
            organisations=await _organisations(page, db),
            pools=(await retail.pools(_ALL, None, "open", db=db)).items if at == _LAST_STEP else (),
        )

    @get("/{code:str}")
    async def event(
        self,
        page: NamedDependency[PageCall],
        code: PathEvent,
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Response[str]:
        """One event: what it is and how far; to its organiser also the money, the names and what is to be done."""
        found = await service.event(code, db=db)
        progress = await _progress(page, code, db)
        return page.answer(
            "events/event.html",
            event=found,
            ranking=await service.ranking(code, db=db),
            progress=progress,
            grid=catalogue.grid_factor(region.id, found.begins.astimezone(SHANGHAI).year),
            mine=_is_organiser(page, found.organisation_id),
            pools=(await retail.pools(_ALL, None, "open", db=db)).items if progress else (),
        )

    @get("/{code:str}/poster")
    async def poster(
        self, page: NamedDependency[PageCall], code: PathEvent, db: NamedDependency[Database]
    ) -> Response[str]:
        """The poster to print, with the code that a phone reads."""
        found = await service.event(code, db=db)
        address = f"{page.frame.environment.globals['site_url']}/e/{code}"
        return page.answer("events/poster.html", event=found, address=address, code=qr(address))


class GuestPages(Controller):
    """The way of a guest, from the poster to the thanks."""

    path = "/e"

    @get("/{code:str}")
    async def guest(
        self, page: NamedDependency[PageCall], code: PathEvent, db: NamedDependency[Database]
    ) -> Response[str]:
        """Three questions; answered, what the trip comes to and costs."""
        given = page.request.query_params
        trip, fault = _trip(given)
        quote: Quote | None = await guests.quote(code, trip, db=db) if trip else None
        return page.answer(
            "events/guest.html",
            event=await service.event(code, db=db),
            given=given,
            trip=trip,
            fault=fault,
            quote=quote,
        )

    @get("/{code:str}/{secret:str}")
    async def share(
        self,
        page: NamedDependency[PageCall],
        code: PathEvent,
        secret: PathSecret,
        db: NamedDependency[Database],
        keyring: NamedDependency[Keyring],
    ) -> Response[str]:
        """A guest's share: to be paid, being retired, or thanks with the receipt; at its own event only."""
        guest = await guests.guest(secret, db=db, keyring=keyring)
        if guest.code != code:
            raise Unknown(f"There is no such share at event {code}. Open the link as a whole.")
        return page.answer("events/share.html", event=await service.event(code, db=db), guest=guest)


def qr(text: str) -> Markup:
    """A code that a phone reads, as SVG. Dark on white, whatever the page's colours are."""
    made = segno.make_qr(text, error="m")
    return Markup(made.svg_inline(border=4, omitsize=True, svgclass="qr", lineclass=None, light="#fff"))  # noqa: S704 - made here of modules alone


def _trip(given: Mapping[str, str]) -> tuple[Trip | None, str]:
    """The answers in an address, or what is wrong with them."""
    if "answered" not in given:
        return None, ""
    names = ("mode", "distance_km", "origin", "nights")
    said: dict[str, Any] = {name: given[name] for name in names if given.get(name)}
    if said.get("mode") in (None, "none"):
        said = {name: value for name, value in said.items() if name == "nights"}
    elif said.get("origin"):
        said.pop("distance_km", None)
    try:
        return msgspec.convert(said, Trip, strict=False), ""
    except msgspec.ValidationError as error:
        return None, str(error).partition(" - at ")[0]


async def _organisations(page: PageCall, db: Database) -> list[tuple[int, str]]:
    """Those for which the visitor may make an event."""
    ids = sorted({held.organisation_id for held in page.visitor.by.roles if held.role in CLAIMANTS})
    async with db.reading() as tx:
        return sorted((await parties.names_in(tx, ids)).items())


async def _progress(page: PageCall, code: str, db: Database) -> EventProgress | None:
    if not page.visitor.may("get_event_progress"):
        return None
    try:
        return await service.progress(code, asked=page.asks("get_event_progress"), db=db)
    except NotYours:
        return None


def _is_organiser(page: PageCall, organisation_id: int) -> bool:
    """Whether the visitor may change the event, and not only look on."""
    return any(
        held.role in CLAIMANTS - OVERSEERS and held.organisation_id == organisation_id for held in page.visitor.by.roles
    )

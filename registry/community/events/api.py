"""Events and their guests over HTTP."""

from typing import Annotated, Final

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from registry.access.http import UNSIGNED_CLASS
from registry.access.keys.rules import Keyring
from registry.access.rates import GUESTS
from registry.community.events import guests, others, papers, service
from registry.community.events.paths import Closed, OfKind, PathEvent, PathSecret
from registry.kit.database import Database
from registry.kit.http import PENDING, READS, WRITES, PathId, QueryId
from registry.kit.pages import Window
from registry.kit.problems import Invalid
from registry.kit.quotas import Quotas
from registry.kit.sheets import SHEET, Sheet
from registry.receipts.api import BUNDLE
from registry.receipts.certificates.api import PDF, sent
from registry.receipts.certificates.service import Press
from schemas.access import Call
from schemas.claims import Claim
from schemas.events import (
    ChoosePool,
    Event,
    EventProgress,
    Guest,
    JoinEvent,
    NewEvent,
    OrganiserShare,
    Origin,
    OtherGuests,
    Quote,
    RankedGuest,
    Trip,
)
from schemas.methodologies import TravelMode
from schemas.pages import Page
from schemas.parties import RegionProfile

Mode = Annotated[TravelMode | None, QueryParameter(description="Left out: on foot or by bicycle")]
Distance = Annotated[int | None, QueryParameter(ge=1, le=20_000, description="One way, in km")]
From = Annotated[Origin | None, QueryParameter(description="In place of the distance: from where")]
Nights = Annotated[int, QueryParameter(ge=0, le=60)]
BY_ADDRESS: Final = {UNSIGNED_CLASS: GUESTS}
"""Guests are counted by the address of their hall."""


class EventsController(Controller):
    """Event pages, and the guests who offset their own share."""

    path = "/v1/events"
    tags = ("Events",)

    @post("/", operation_id="create_event", responses=WRITES)
    async def create(
        self,
        data: JSONBody[NewEvent],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> Event:
        """Make the page of an event or a place; its code stands on the poster."""
        return await service.create_event(data, call=call, db=db, quotas=quotas)

    @get("/", operation_id="list_events", opt={SHEET: True}, responses=READS)
    async def events(
        self,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        db: NamedDependency[Database],
        organisation_id: QueryId = None,
        kind: OfKind = None,
        closed: Closed = None,
    ) -> Response[Page[Event]]:
        """All events, or those of an organiser, of a kind, or closed or not; also as CSV."""
        return sheet.of(await service.events(ordered, organisation_id, db=db, kind=kind, closed=closed), Event)

    @get("/{code:str}", operation_id="get_event", responses=READS)
    async def event(self, code: PathEvent, db: NamedDependency[Database]) -> Event:
        """One event: what it is, who covers what, the price of a guest's kilograms."""
        return await service.event(code, db=db)

    @get("/{code:str}/quote", operation_id="get_share_quote", responses=READS)
    async def quote(
        self,
        code: PathEvent,
        *,
        db: NamedDependency[Database],
        mode: Mode = None,
        distance_km: Distance = None,
        origin: From = None,
        nights: Nights = 0,
    ) -> Quote:
        """What a guest's trip comes to and costs, with its arithmetic. Nothing is held for it."""
        try:
            trip = Trip(mode=mode, distance_km=distance_km, origin=origin, nights=nights)
        except ValueError as error:
            raise Invalid(f"{error}.") from error
        return await guests.quote(code, trip, db=db)

    @post("/{code:str}/guests", operation_id="join_event", opt=BY_ADDRESS, responses=WRITES)
    async def join(
        self,
        code: PathEvent,
        data: JSONBody[JoinEvent],
        *,
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        keyring: NamedDependency[Keyring],
        quotas: NamedDependency[Quotas],
    ) -> Guest:
        """Hold a guest's kilograms for 15 minutes. It takes no key; the answer has the secret of the guest's link."""
        return await guests.join(code, data, call=call, db=db, keyring=keyring, quotas=quotas)

    @get("/{code:str}/ranking", operation_id="list_ranked_guests", opt={SHEET: True}, responses=READS)
    async def ranking(
        self, code: PathEvent, sheet: NamedDependency[Sheet], db: NamedDependency[Database]
    ) -> Response[tuple[RankedGuest, ...]]:
        """The guests who chose to be shown, under the names that they picked; also as CSV."""
        return sheet.of_all(await service.ranking(code, db=db), RankedGuest)  # type: ignore[return-value]  # a sequence

    @get("/{code:str}/progress", operation_id="get_event_progress", responses=READS)
    async def progress(
        self, code: PathEvent, asked: NamedDependency[Call], db: NamedDependency[Database]
    ) -> EventProgress:
        """How far your event is: guests, kilograms, money, and your own share."""
        return await service.progress(code, asked=asked, db=db)

    @post("/{code:str}/guests/{number:int}/hide", operation_id="hide_guest", responses=WRITES)
    async def hide(
        self, code: PathEvent, number: PathId, call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Event:
        """Take a name out of your event's ranking."""
        return await service.hide_guest(code, number, call=call, db=db)

    @post("/{code:str}/close", operation_id="close_event", responses=WRITES)
    async def close(self, code: PathEvent, call: NamedDependency[Call], db: NamedDependency[Database]) -> Event:
        """Take no more guests."""
        return await service.close_event(code, call=call, db=db)

    @post("/{code:str}/pool", operation_id="choose_pool", responses=WRITES)
    async def choose_pool(
        self,
        code: PathEvent,
        data: JSONBody[ChoosePool],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Event:
        """Sell from another pool from now on."""
        return await service.choose_pool(code, data, call=call, db=db)

    @post("/{code:str}/claim", operation_id="claim_event_share", responses=WRITES)
    async def claim(
        self,
        code: PathEvent,
        data: JSONBody[OrganiserShare],
        *,
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
        quotas: NamedDependency[Quotas],
    ) -> Claim:
        """Claim your own share of the event: only what you cover, so no kilogram of a guest is in it."""
        return await service.claim_share(code, data, call=call, db=db, region=region, quotas=quotas)

    @post("/{code:str}/others-claim", operation_id="claim_other_guests", responses=WRITES)
    async def claim_others(
        self,
        code: PathEvent,
        data: JSONBody[OtherGuests],
        *,
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
        quotas: NamedDependency[Quotas],
    ) -> Claim:
        """Cover the trips of guests who have no share of their own, once the page is closed and nobody is paying."""
        return await others.claim_others(code, data, call=call, db=db, region=region, quotas=quotas)


class GuestsController(Controller):
    """A guest's share, for anybody who has its link."""

    path = "/v1/guests"
    tags = ("Events",)

    @get("/{secret:str}", operation_id="get_guest", responses=READS)
    async def guest(
        self, secret: PathSecret, db: NamedDependency[Database], keyring: NamedDependency[Keyring]
    ) -> Guest:
        """One share: kilograms, payment, and the receipt once it is retired."""
        return await guests.guest(secret, db=db, keyring=keyring)

    @get(
        "/{secret:str}/certificate.pdf",
        operation_id="get_guest_certificate",
        media_type=PDF,
        responses={**READS, **PENDING},
    )
    async def certificate(
        self,
        secret: PathSecret,
        *,
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        keyring: NamedDependency[Keyring],
        certificates: NamedDependency[Press],
    ) -> Response[bytes]:
        """The certificate with the picked name on it; the receipt in it opens that name. 202 until it is witnessed."""
        return sent(await papers.certificate(secret, asked=asked, db=db, keyring=keyring, press=certificates))

    @get(
        "/{secret:str}/receipt",
        operation_id="get_guest_receipt",
        media_type="application/json",
        responses=BUNDLE,
    )
    async def receipt(
        self,
        secret: PathSecret,
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        keyring: NamedDependency[Keyring],
    ) -> Response[bytes]:
        """The receipt, with the name that the guest picked opened in it; 202 until it is witnessed."""
        receipt_id, content = await papers.receipt(secret, asked=asked, db=db, keyring=keyring)
        headers = {"Content-Disposition": f'attachment; filename="{receipt_id}.receipt.json"'}
        return Response(content, media_type="application/json", headers=headers)

    @post("/{secret:str}/simulated-payment", operation_id="pay_in_simulation", opt=BY_ADDRESS, responses=WRITES)
    async def pay(
        self,
        secret: PathSecret,
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        keyring: NamedDependency[Keyring],
        region: NamedDependency[RegionProfile],
    ) -> Guest:
        """In a simulated region: pay the share, and be the bank that confirms it. Sent twice, it is paid once."""
        assert call.operation  # the body was read strictly
        return await guests.play_bank(secret, db=db, keyring=keyring, region=region)

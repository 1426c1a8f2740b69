"""Instruments over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import JSONBody, QueryParameter

from exchange.instruments import baskets, delistings, service
from exchange.parts import Exchange
from registry.kit.http import READS, WRITES, PathCode, QueryMethodology, QueryVintage
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Call
from schemas.baskets import Basket, NewBasket
from schemas.delistings import (
    AssetDelisting,
    AssetWithdrawal,
    Delisting,
    DelistingState,
    DelistingWithdrawal,
    NewDelisting,
)
from schemas.instruments import Band, HaltReason, Instrument, InstrumentState, NewInstrument
from schemas.pages import Page
from schemas.venues import VenueRules


class InstrumentsController(Controller):
    """What can be traded, and by which rules."""

    path = "/v1/instruments"
    tags = ("Market",)

    @post("/", operation_id="open_instrument", responses=WRITES)
    async def open_instrument(
        self, data: JSONBody[NewInstrument], call: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> Instrument:
        """Begin to trade a project and vintage."""
        return await service.open_instrument(data, call=call, exchange=exchange)

    @get("/", operation_id="list_instruments", opt={SHEET: True}, responses=READS)
    async def instruments(
        self,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        exchange: NamedDependency[Exchange],
        methodology: QueryMethodology = None,
        vintage: QueryVintage = None,
        instrument_state: Annotated[InstrumentState | None, QueryParameter(name="state")] = None,
    ) -> Response[Page[Instrument]]:
        """Everything that can be traded, or what is of a methodology, a vintage or a state; also as CSV."""
        found = await service.instruments(
            ordered, exchange=exchange, methodology=methodology, vintage=vintage, state=instrument_state
        )
        return sheet.of(found, Instrument)

    @get("/{code:str}", operation_id="get_instrument", responses=READS)
    async def instrument(self, code: PathCode, exchange: NamedDependency[Exchange]) -> Instrument:
        """One instrument."""
        return await service.instrument(code, exchange=exchange)

    @get("/{code:str}/venue", operation_id="get_instrument_venue", responses=READS)
    async def venue(self, code: PathCode, exchange: NamedDependency[Exchange]) -> VenueRules:
        """The rules of the venue that an instrument was opened by, as its preset said them on that day."""
        return await service.venue(code, exchange=exchange)

    @post("/{code:str}/band", operation_id="set_price_band", responses=WRITES)
    async def set_band(
        self,
        code: PathCode,
        data: JSONBody[Band],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Instrument:
        """Bound prices. Orders and listings at prices outside are closed, each with that cause."""
        return await service.set_band(code, data, call=call, exchange=exchange)

    @post("/{code:str}/halt", operation_id="halt_instrument", responses=WRITES)
    async def halt(
        self,
        code: PathCode,
        data: JSONBody[HaltReason],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Instrument:
        """Stop an instrument; it takes cancels only."""
        return await service.halt(code, data, call=call, exchange=exchange)

    @post("/{code:str}/resume", operation_id="resume_instrument", responses=WRITES)
    async def resume(
        self,
        code: PathCode,
        data: JSONBody[HaltReason],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Instrument:
        """Let an instrument trade again."""
        return await service.resume(code, data, call=call, exchange=exchange)

    @post("/{code:str}/delist", operation_id="announce_delisting", responses=WRITES)
    async def delist(
        self,
        code: PathCode,
        data: JSONBody[NewDelisting],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Instrument:
        """Announce that an instrument trades no more from a working day on; then everything open in it is closed."""
        return await delistings.announce(code, data, call=call, exchange=exchange)

    @post("/{code:str}/delist/withdraw", operation_id="withdraw_delisting", responses=WRITES)
    async def withdraw_delisting(
        self,
        code: PathCode,
        data: JSONBody[DelistingWithdrawal],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Instrument:
        """Say that an announced delisting does not happen, until its day begins."""
        return await delistings.withdraw(code, data, call=call, exchange=exchange)


class BasketsController(Controller):
    """Instruments in which any of several projects and vintages is delivered."""

    path = "/v1/baskets"
    tags = ("Market",)

    @post("/", operation_id="open_basket", responses=WRITES)
    async def open_basket(
        self, data: JSONBody[NewBasket], call: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> Basket:
        """Begin to trade a basket of all instruments that its rule lets in, now or later."""
        return await baskets.open_basket(data, call=call, exchange=exchange)

    @get("/{code:str}", operation_id="get_basket", responses=READS)
    async def basket(self, code: PathCode, exchange: NamedDependency[Exchange]) -> Basket:
        """The rule of a basket and its assets, in the order in which they are delivered."""
        return await baskets.basket(code, exchange=exchange)

    @post("/{code:str}/delist", operation_id="delist_asset", responses=WRITES)
    async def delist(
        self,
        code: PathCode,
        data: JSONBody[AssetDelisting],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Basket:
        """Announce from which day on an asset is delivered no more. Orders that would deliver it are closed then."""
        return await delistings.announce_asset(code, data, call=call, exchange=exchange)

    @post("/{code:str}/delist/withdraw", operation_id="withdraw_asset_delisting", responses=WRITES)
    async def withdraw_delisting(
        self,
        code: PathCode,
        data: JSONBody[AssetWithdrawal],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Basket:
        """Say that an asset stays in the basket, until the day that was announced begins."""
        return await delistings.withdraw_asset(code, data, call=call, exchange=exchange)


class DelistingsController(Controller):
    """What is to trade no more, and what became of it."""

    path = "/v1/delistings"
    tags = ("Market",)

    @get("/", operation_id="list_delistings", opt={SHEET: True}, responses=READS)
    async def delistings(
        self,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        exchange: NamedDependency[Exchange],
        instrument: Annotated[
            str | None,
            QueryParameter(
                max_length=40,
                pattern="^[A-Za-z0-9-]+$",
                examples=[Example(value="SC-CDCER-0007-2024")],
                description="What concerns one instrument or basket only",
            ),
        ] = None,
        delisting_state: Annotated[DelistingState | None, QueryParameter(name="state")] = None,
    ) -> Response[Page[Delisting]]:
        """Announced delistings of instruments, baskets and assets of baskets, also those withdrawn or done; CSV too."""
        found = await delistings.delistings(ordered, instrument, delisting_state, exchange=exchange)
        return sheet.of(found, Delisting)

"""Instruments as pages: what can be traded."""

from pathlib import Path
from typing import Annotated, Final, get_args

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from exchange.instruments import delistings, service
from exchange.market_data import service as market_data
from exchange.parts import Exchange
from registry.kit.http import QueryMethodology, QueryVintage
from registry.kit.pages import Window
from registry.port import PageCall
from schemas.delistings import DelistingState
from schemas.instruments import InstrumentState
from schemas.methodologies import MethodologyId

TEMPLATES: Final = Path(__file__).parent / "pages"


class InstrumentPages(Controller):
    """What everybody sees of the market."""

    path = "/instruments"

    @get("/")
    async def instruments(
        self,
        page: NamedDependency[PageCall],
        ordered: NamedDependency[Window],
        *,
        exchange: NamedDependency[Exchange],
        methodology: QueryMethodology = None,
        vintage: QueryVintage = None,
        instrument_state: Annotated[InstrumentState | None, QueryParameter(name="state")] = None,
    ) -> Response[str]:
        """Every instrument with its best prices and its last trade."""
        found = await service.instruments(
            ordered, exchange=exchange, methodology=methodology, vintage=vintage, state=instrument_state
        )
        shown = [
            (
                each,
                await market_data.book(each.code, exchange=exchange),
                await market_data.trades(each.code, Window(None, 1), newest_first=True, exchange=exchange),
            )
            for each in found.items
        ]
        return page.answer(
            "instruments/list.html", instruments=found, shown=shown, methodologies=page.words(get_args(MethodologyId))
        )


class DelistingPages(Controller):
    """What everybody sees of delistings."""

    path = "/delistings"

    @get("/")
    async def delistings(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        exchange: NamedDependency[Exchange],
        *,
        instrument: Annotated[str | None, QueryParameter(max_length=40)] = None,
        delisting_state: Annotated[DelistingState | None, QueryParameter(name="state")] = None,
    ) -> Response[str]:
        """The list."""
        page.asks("list_delistings")
        return page.answer(
            "instruments/delistings.html",
            delistings=await delistings.delistings(latest, instrument, delisting_state, exchange=exchange),
            states=page.words(get_args(DelistingState)),
            may_announce=page.visitor.may("announce_delisting"),
        )


PAGES: Final = (DelistingPages, InstrumentPages)

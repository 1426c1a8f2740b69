"""Sessions over HTTP."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from exchange.parts import Exchange
from exchange.sessions import service
from registry.kit.http import READS, WRITES, PathCode
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Call
from schemas.pages import Page
from schemas.sessions import ClosingPrice, NewPhase, NewTimetable, SessionRules, TradingSession


class TradingSessionsController(Controller):
    """Where the book of an instrument is in its day."""

    path = "/v1/instruments/{code:str}"
    tags = ("Market",)

    @get("/session", operation_id="get_session", responses=READS)
    async def session(self, code: PathCode, exchange: NamedDependency[Exchange]) -> TradingSession:
        """The phase of the book, what its call would come to now, and its timetable."""
        return await service.session(code, exchange=exchange)

    @get("/closing-prices", operation_id="list_closing_prices", opt={SHEET: True}, responses=READS)
    async def closing_prices(
        self,
        code: PathCode,
        ordered: NamedDependency[Window],
        sheet: NamedDependency[Sheet],
        exchange: NamedDependency[Exchange],
    ) -> Response[Page[ClosingPrice]]:
        """At what the book closed and by which rule, also as CSV."""
        return sheet.of(await service.closing_prices(code, ordered, exchange=exchange), ClosingPrice)

    @post("/session/phase", operation_id="set_phase", responses=WRITES)
    async def set_phase(
        self,
        code: PathCode,
        data: JSONBody[NewPhase],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> TradingSession:
        """Move the book to another phase; a call that ends trades what crosses at one price."""
        return await service.set_phase(code, data, call=call, exchange=exchange)

    @post("/session/timetable", operation_id="set_timetable", responses=WRITES)
    async def set_timetable(
        self,
        code: PathCode,
        data: JSONBody[NewTimetable],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> TradingSession:
        """Say when the phases of a day begin; the calendar moves the book by it."""
        return await service.set_timetable(code, data, call=call, exchange=exchange)

    @post("/session/rules", operation_id="set_session_rules", responses=WRITES)
    async def set_rules(
        self,
        code: PathCode,
        data: JSONBody[SessionRules],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> TradingSession:
        """Set the reference price, the band around it, and the rule of the closing price."""
        return await service.set_rules(code, data, call=call, exchange=exchange)

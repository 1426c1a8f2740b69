"""The catalogue of methodologies and the factor tables over HTTP."""

from collections.abc import Sequence

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from registry.kit.database import Database
from registry.kit.http import READS, WRITES
from registry.kit.sheets import SHEET, Sheet
from registry.methodologies import catalogue, factors, service
from schemas.access import Call
from schemas.calendars import CalendarCoverage
from schemas.methodologies import Activity, Factor, Methodology, Reduction


class MethodologiesController(Controller):
    """What can be computed, by which formula, with which published numbers."""

    path = "/v1"
    tags = ("Methodologies",)

    @get("/methodologies", operation_id="list_methodologies", opt={SHEET: True}, responses=READS, sync_to_thread=False)
    def methodologies(self, sheet: NamedDependency[Sheet]) -> Response[Sequence[Methodology]]:
        """Every methodology and footprint profile, with formula and source; also as CSV."""
        return sheet.of_all(catalogue.catalogue(), Methodology)

    @post(
        "/calculations",
        operation_id="calculate_reduction",
        status_code=HTTP_200_OK,
        responses=WRITES,
        sync_to_thread=False,
    )
    def calculation(self, data: JSONBody[Activity], ceremony: NamedDependency[Call]) -> Reduction:
        """
        What an activity would reduce, with its arithmetic, also where that is nothing or less. Nothing is stored.

        It takes no key, and no Idempotency-Key.
        """
        assert ceremony.operation  # the body was read strictly
        return catalogue.calculate(data)

    @get("/factors", operation_id="list_factors", opt={SHEET: True}, responses=READS, sync_to_thread=False)
    def factors(self, sheet: NamedDependency[Sheet]) -> Response[Sequence[Factor]]:
        """Every factor: value, unit, region, year, basis, source, and whether it is provisional; also as CSV."""
        return sheet.of_all(factors.table().factors, Factor)

    @get("/calendar", operation_id="get_calendar", responses=READS)
    async def calendar(self, db: NamedDependency[Database]) -> CalendarCoverage:
        """Which years' working days are known, and a warning from a year before the last one ends."""
        return await service.calendar_coverage(db=db)

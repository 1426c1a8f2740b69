"""Cancellations over HTTP."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from registry.credits.cancellation import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathCode
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Call
from schemas.credits import (
    Cancellation,
    CancelRequest,
)
from schemas.pages import Page
from schemas.parties import RegionProfile


class CancellationsController(Controller):
    """Kilograms that end without a claim."""

    path = "/v1/cancellations"
    tags = ("Credits",)

    @post("/", operation_id="cancel_credits", responses=WRITES)
    async def cancel(
        self,
        data: JSONBody[CancelRequest],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Cancellation:
        """Cancel kilograms for good without a claim."""
        return await service.cancel(data, call=call, db=db, region=region)

    @get("/", operation_id="list_cancellations", opt={SHEET: True}, responses=READS)
    async def cancellations(
        self,
        ordered: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[Page[Cancellation]]:
        """All cancellations, or those of a period; also as CSV."""
        return sheet.of(await service.cancellations(ordered, period, asked=asked, db=db), Cancellation)

    @get("/{order_id:str}", operation_id="get_cancellation", responses=READS)
    async def cancellation(
        self, order_id: PathCode, asked: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Cancellation:
        """What was cancelled together."""
        return await service.cancellation(order_id, asked=asked, db=db)

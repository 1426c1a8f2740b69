"""Emergency suspensions over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from registry.access.suspensions import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, QueryId
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Approved, Call, NewSuspension, Suspension, SuspensionState
from schemas.pages import Page

QueryState = Annotated[SuspensionState | None, QueryParameter(name="state", description="How they stand")]


class SuspensionsController(Controller):
    """Which regulators may not decide."""

    path = "/v1/suspensions"
    tags = ("Access",)

    @post("/", operation_id="suspend", responses=WRITES)
    async def suspend(
        self, data: JSONBody[NewSuspension], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Suspension:
        """In an emergency: stop another regulator from deciding, and yourself as well, for seven days at most."""
        return await service.suspend(data, call=call, db=db)

    @get("/", operation_id="list_suspensions", opt={SHEET: True}, responses=READS)
    async def suspensions(
        self,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        db: NamedDependency[Database],
        person_id: QueryId = None,
        suspension_state: QueryState = None,
    ) -> Response[Page[Suspension]]:
        """All suspensions, or those of a person or in a state."""
        found = await service.suspensions(ordered, db=db, person_id=person_id, state=suspension_state)
        return sheet.of(found, Suspension)

    @post("/settle", operation_id="settle_suspension", responses=WRITES)
    async def settle(
        self, data: JSONBody[Approved], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Suspension:
        """Confirm a suspension or lift it; carries out an approval of two regulators whom it does not touch."""
        return await service.settle_suspension(data, call=call, db=db)

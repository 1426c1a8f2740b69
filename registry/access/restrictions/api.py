"""Freezes over HTTP."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from registry.access.restrictions import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Approved, Call, NewRestriction, Restriction
from schemas.pages import Page


class RestrictionsController(Controller):
    """What is frozen."""

    path = "/v1/restrictions"
    tags = ("Access",)

    @post("/", operation_id="restrict", responses=WRITES)
    async def restrict(
        self, data: JSONBody[NewRestriction], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Restriction:
        """Freeze an account, a project or an issuance at once."""
        return await service.restrict(data, call=call, db=db)

    @get("/", operation_id="list_restrictions", opt={SHEET: True}, responses=READS)
    async def restrictions(
        self, window: NamedDependency[Window], sheet: NamedDependency[Sheet], db: NamedDependency[Database]
    ) -> Response[Page[Restriction]]:
        """All restrictions, oldest first."""
        return sheet.of(await service.restrictions(window, db=db), Restriction)

    @post("/lift", operation_id="lift_restriction", responses=WRITES)
    async def lift(
        self, data: JSONBody[Approved], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Restriction:
        """Lift a freeze; carries out an approval."""
        return await service.lift_restriction(data, call=call, db=db)

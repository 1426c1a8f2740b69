"""Role grants over HTTP."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from registry.access.grants import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathId
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Approved, Call, Grant
from schemas.pages import Page


class GrantsController(Controller):
    """Who holds which role where."""

    path = "/v1/grants"
    tags = ("Access",)

    @post("/", operation_id="grant_role", responses=WRITES)
    async def grant(
        self, data: JSONBody[Approved], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Grant:
        """Give a person a role at an organisation; carries out an approval."""
        return await service.grant_role(data, call=call, db=db)

    @get("/", operation_id="list_grants", opt={SHEET: True}, responses=READS)
    async def grants(
        self, window: NamedDependency[Window], sheet: NamedDependency[Sheet], db: NamedDependency[Database]
    ) -> Response[Page[Grant]]:
        """All grants, oldest first."""
        return sheet.of(await service.grants(window, db=db), Grant)

    @post("/{grant_id:int}/end", operation_id="end_grant", responses=WRITES)
    async def end_grant(self, grant_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]) -> Grant:
        """End a role now."""
        return await service.end_grant(grant_id, call=call, db=db)

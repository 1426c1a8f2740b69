"""Role grants over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from registry.access.grants import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathId, QueryId
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Approved, Call, Grant, Role
from schemas.pages import Page

QueryRole = Annotated[Role | None, QueryParameter(description="Of one role only")]
InEffect = Annotated[bool | None, QueryParameter(description="Only what is in effect now, or only what is not")]


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
        self,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        db: NamedDependency[Database],
        role: QueryRole = None,
        organisation_id: QueryId = None,
        in_effect: InEffect = None,
    ) -> Response[Page[Grant]]:
        """All grants, or those of a role, at an organisation, or in effect now."""
        found = await service.grants(ordered, db=db, role=role, organisation_id=organisation_id, in_effect=in_effect)
        return sheet.of(found, Grant)

    @post("/{grant_id:int}/end", operation_id="end_grant", responses=WRITES)
    async def end_grant(self, grant_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]) -> Grant:
        """End a role now."""
        return await service.end_grant(grant_id, call=call, db=db)

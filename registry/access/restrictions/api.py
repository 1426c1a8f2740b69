"""Freezes over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from registry.access.restrictions import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, QueryId
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Approved, Call, Frozen, NewRestriction, Restriction
from schemas.pages import Page

Scope = Annotated[Frozen | None, QueryParameter(name="scope", description="On what kind of thing")]
InEffect = Annotated[bool | None, QueryParameter(description="Only what is frozen now, or only what was lifted")]


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
        self,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        db: NamedDependency[Database],
        frozen: Scope = None,
        target_id: QueryId = None,
        in_effect: InEffect = None,
    ) -> Response[Page[Restriction]]:
        """All restrictions, or those on a kind of thing, on one thing, or in effect now."""
        found = await service.restrictions(ordered, db=db, scope=frozen, target_id=target_id, in_effect=in_effect)
        return sheet.of(found, Restriction)

    @post("/lift", operation_id="lift_restriction", responses=WRITES)
    async def lift(
        self, data: JSONBody[Approved], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Restriction:
        """Lift a freeze; carries out an approval."""
        return await service.lift_restriction(data, call=call, db=db)

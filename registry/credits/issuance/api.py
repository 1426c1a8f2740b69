"""Issuances over HTTP."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from registry.credits.issuance import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathCode, QueryId
from registry.kit.pages import Window
from schemas.access import Approved, Call
from schemas.credits import (
    Issuance,
)
from schemas.pages import Page
from schemas.parties import RegionProfile


class IssuancesController(Controller):
    """Credits as they came into being."""

    path = "/v1/issuances"
    tags = ("Credits",)

    @post("/", operation_id="issue_credits", responses=WRITES)
    async def issue(
        self,
        data: JSONBody[Approved],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Issuance:
        """Issue the credits of a verified report; carries out an approval."""
        return await service.issue(data, call=call, db=db, region=region)

    @get("/", operation_id="list_issuances", responses=READS)
    async def issuances(
        self,
        window: NamedDependency[Window],
        db: NamedDependency[Database],
        project_id: QueryId = None,
    ) -> Page[Issuance]:
        """All issuances, or those of one project."""
        return await service.issuances(window, project_id, db=db)

    @get("/{code:str}", operation_id="get_issuance", responses=READS)
    async def issuance(self, code: PathCode, db: NamedDependency[Database]) -> Issuance:
        """One issuance."""
        return await service.issuance(code, db=db)

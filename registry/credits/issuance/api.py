"""Issuances over HTTP."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from registry.credits.issuance import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathCode, QueryId, QueryMethodology, QueryVintage
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Approved, Call
from schemas.credits import Issuance, IssuancesWanted
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

    @get("/", operation_id="list_issuances", opt={SHEET: True}, responses=READS)
    async def issuances(
        self,
        ordered: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        sheet: NamedDependency[Sheet],
        db: NamedDependency[Database],
        project_id: QueryId = None,
        organisation_id: QueryId = None,
        vintage: QueryVintage = None,
        methodology: QueryMethodology = None,
    ) -> Response[Page[Issuance]]:
        """All issuances, or those that fit everything that is asked for; also as CSV."""
        wanted = IssuancesWanted(
            project_id=project_id, organisation_id=organisation_id, vintage=vintage, methodology=methodology
        )
        return sheet.of(await service.issuances(wanted, ordered, period, db=db), Issuance)

    @get("/{code:str}", operation_id="get_issuance", responses=READS)
    async def issuance(self, code: PathCode, db: NamedDependency[Database]) -> Issuance:
        """One issuance."""
        return await service.issuance(code, db=db)

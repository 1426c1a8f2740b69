"""Holdings, movements and conservation over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from registry.credits.holdings import service
from registry.kit.database import Database
from registry.kit.http import READS, PathCode, PathId, RequiredSerial
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Call
from schemas.credits import Conservation, Holdings, Movement, ProjectTotals, SerialPart
from schemas.pages import Page
from schemas.scalars import Instant


class HoldingsController(Controller):
    """What an account has and had."""

    path = "/v1/accounts/{account_id:int}"
    tags = ("Credits",)

    @get("/holdings", operation_id="get_holdings", responses=READS)
    async def holdings(
        self,
        account_id: PathId,
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        as_of: Annotated[Instant | None, QueryParameter(description="Business time; now if omitted")] = None,
    ) -> Holdings:
        """What the account has by issuance and state, now or at an earlier instant."""
        return await service.holdings(account_id, as_of, asked=asked, db=db)

    @get("/movements", operation_id="list_movements", opt={SHEET: True}, responses=READS)
    async def movements(
        self,
        account_id: PathId,
        ordered: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[Page[Movement]]:
        """Everything that ever entered or left the account, also as CSV."""
        return sheet.of(await service.movements(account_id, ordered, period, asked=asked, db=db), Movement)


class ConservationController(Controller):
    """Where every kilogram is now."""

    path = "/v1"
    tags = ("Credits",)

    @get("/issuances/{code:str}/conservation", operation_id="get_issuance_conservation", responses=READS)
    async def issuance_conservation(
        self,
        code: PathCode,
        db: NamedDependency[Database],
        issuance_totals: NamedDependency[service.IssuanceTotals],
    ) -> Conservation:
        """Where the kilograms of an issuance are, and whether they add up."""
        return await issuance_totals.get(code, db=db)

    @get("/projects/{project_id:int}/totals", operation_id="get_project_totals", responses=READS)
    async def project_totals(
        self,
        project_id: PathId,
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        projects_totals: NamedDependency[service.ProjectsTotals],
    ) -> ProjectTotals:
        """Where the kilograms of a project are: issued, and now active, held, in the buffer, retired, cancelled."""
        return await service.project_totals(project_id, asked=asked, kept=projects_totals, db=db)

    @get("/serials", operation_id="get_serial", opt={SHEET: True}, responses=READS)
    async def serial(
        self,
        serial: RequiredSerial,
        window: NamedDependency[Window],
        sheet: NamedDependency[Sheet],
        db: NamedDependency[Database],
    ) -> Response[Page[SerialPart]]:
        """Where the kilograms of a serial are, with the receipts of those that are retired; also as CSV."""
        return sheet.of(await service.serial_parts(serial, window, db=db), SerialPart)

    @get("/conservation", operation_id="get_conservation", responses=READS)
    async def conservation(
        self, db: NamedDependency[Database], region_totals: NamedDependency[service.RegionTotals]
    ) -> Conservation:
        """Where all kilograms of the region are, and whether they add up."""
        return await region_totals.get(db=db)

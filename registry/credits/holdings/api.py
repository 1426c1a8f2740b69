"""Holdings, movements and conservation over HTTP."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from registry.credits.holdings import service
from registry.kit.database import Database
from registry.kit.http import READS, PathCode, PathId
from registry.kit.pages import Window
from schemas.access import Call
from schemas.credits import Conservation, Holdings, Movement
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

    @get("/movements", operation_id="list_movements", responses=READS)
    async def movements(
        self,
        account_id: PathId,
        window: NamedDependency[Window],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Page[Movement]:
        """Everything that ever entered or left the account."""
        return await service.movements(account_id, window, asked=asked, db=db)


class ConservationController(Controller):
    """Where every kilogram is now."""

    path = "/v1"
    tags = ("Credits",)

    @get("/issuances/{code:str}/conservation", operation_id="get_issuance_conservation", responses=READS)
    async def issuance_conservation(self, code: PathCode, db: NamedDependency[Database]) -> Conservation:
        """Where the kilograms of an issuance are, and whether they add up."""
        return await service.issuance_conservation(code, db=db)

    @get("/conservation", operation_id="get_conservation", responses=READS)
    async def conservation(
        self, db: NamedDependency[Database], region_totals: NamedDependency[service.RegionTotals]
    ) -> Conservation:
        """Where all kilograms of the region are, and whether they add up."""
        return await region_totals.get(db=db)

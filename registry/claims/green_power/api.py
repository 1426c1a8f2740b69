"""Green-power contracts over HTTP."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from registry.claims.green_power import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES
from registry.kit.pages import Window
from registry.kit.quotas import Quotas
from schemas.access import Call
from schemas.claims import GreenPowerContract, NewGreenPower
from schemas.pages import Page


class GreenPowerController(Controller):
    """What covers kilowatt-hours before credits cover the rest."""

    path = "/v1/green-power"
    tags = ("Claims",)

    @post("/", operation_id="register_green_power", responses=WRITES)
    async def register(
        self,
        data: JSONBody[NewGreenPower],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> GreenPowerContract:
        """Register a green-power contract or certificate; its number is registered once, by any organisation."""
        return await service.register(data, call=call, db=db, quotas=quotas)

    @get("/", operation_id="list_green_power", responses=READS)
    async def contracts(
        self, window: NamedDependency[Window], asked: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Page[GreenPowerContract]:
        """Contracts of your organisations with the kilowatt-hours that are left of each."""
        return await service.contracts(window, asked=asked, db=db)

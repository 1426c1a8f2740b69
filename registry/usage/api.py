"""The use of quotas over HTTP."""

from litestar import Controller, get
from litestar.di import NamedDependency

from registry.kit.database import Database
from registry.kit.http import READS, PathId
from registry.kit.quotas import Quotas
from registry.usage import service
from schemas.access import Call
from schemas.usage import OrganisationUsage


class UsageController(Controller):
    """What an organisation has used of what it may keep."""

    path = "/v1/organisations/{organisation_id:int}/usage"
    tags = ("Parties",)

    @get("/", operation_id="get_organisation_usage", responses=READS)
    async def usage(
        self,
        organisation_id: PathId,
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> OrganisationUsage:
        """Every quota of your organisation, and those of the whole region: how much is used, and the limit."""
        return await service.usage(organisation_id, asked=asked, db=db, quotas=quotas)

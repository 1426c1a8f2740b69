"""Retirements over HTTP."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from registry.credits.retirement import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathCode, QueryId
from registry.kit.pages import Window
from schemas.access import Call
from schemas.credits import (
    Retirement,
    RetirementOrder,
    RetireRequest,
)
from schemas.pages import Page


class RetirementsController(Controller):
    """Kilograms that end against a claim."""

    path = "/v1/retirements"
    tags = ("Credits",)

    @post("/", operation_id="retire_credits", responses=WRITES)
    async def retire(
        self,
        data: JSONBody[RetireRequest],
        call: NamedDependency[Call],
        retiring: NamedDependency[service.Retiring],
    ) -> RetirementOrder:
        """Permanently retire credits of an account against a claim, to the kilogram."""
        return await service.retire(data, call=call, retiring=retiring)

    @get("/", operation_id="list_retirements", responses=READS)
    async def retirements(
        self,
        window: NamedDependency[Window],
        db: NamedDependency[Database],
        claim_id: QueryId = None,
    ) -> Page[Retirement]:
        """All retirements, or those against one claim."""
        return await service.retirements(window, claim_id, db=db)

    @get("/{receipt_id:str}", operation_id="get_retirement", responses=READS)
    async def retirement(self, receipt_id: PathCode, db: NamedDependency[Database]) -> Retirement:
        """One retirement."""
        return await service.retirement(receipt_id, db=db)

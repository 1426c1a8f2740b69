"""Retirements over HTTP."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from registry.credits.retirement import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathCode, QueryId
from registry.kit.pages import Window
from schemas.access import Call
from schemas.corrections import CorrectBeneficiary, Correction
from schemas.credits import (
    Retirement,
    RetirementOrder,
    RetireRequest,
)
from schemas.pages import Page
from schemas.parties import RegionProfile


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

    @post("/{receipt_id:str}/corrections", operation_id="correct_beneficiary", responses=WRITES)
    async def correct(
        self,
        receipt_id: PathCode,
        data: JSONBody[CorrectBeneficiary],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Correction:
        """Correct the beneficiary of a retirement against your claim; nothing else about it can be corrected."""
        return await service.correct_beneficiary(receipt_id, data, call=call, db=db, region=region)

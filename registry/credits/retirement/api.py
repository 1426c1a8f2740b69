"""Retirements over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from registry.credits.retirement import beneficiaries, look_ups, service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathCode, QueryId, QueryMethodology, QuerySerial, QueryVintage
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Call
from schemas.corrections import CorrectBeneficiary, Correction
from schemas.credits import (
    Retirement,
    RetirementOrder,
    RetirementsWanted,
    RetireRequest,
)
from schemas.pages import Page
from schemas.parties import RegionProfile

Beneficiary = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=200,
        description="For whom, exactly as it was written; among what your organisations retired, for overseers all",
    ),
]


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

    @get("/", operation_id="list_retirements", opt={SHEET: True}, responses=READS)
    async def retirements(
        self,
        ordered: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        claim_id: QueryId = None,
        organisation_id: QueryId = None,
        serial: QuerySerial = None,
        beneficiary: Beneficiary = None,
        project_id: QueryId = None,
        vintage: QueryVintage = None,
        methodology: QueryMethodology = None,
    ) -> Response[Page[Retirement]]:
        """All retirements, or those that fit everything that is asked for; also as CSV."""
        wanted = RetirementsWanted(
            claim_id=claim_id,
            organisation_id=organisation_id,
            serial=serial,
            beneficiary=beneficiary,
            project_id=project_id,
            vintage=vintage,
            methodology=methodology,
        )
        return sheet.of(await look_ups.retirements(wanted, ordered, period, asked=asked, db=db), Retirement)

    @get("/{receipt_id:str}", operation_id="get_retirement", responses=READS)
    async def retirement(
        self, receipt_id: PathCode, asked: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Retirement:
        """One retirement, by its receipt."""
        return await look_ups.retirement(receipt_id, asked=asked, db=db)

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
        return await beneficiaries.correct_beneficiary(receipt_id, data, call=call, db=db, region=region)

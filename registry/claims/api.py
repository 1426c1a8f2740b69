"""Footprints and claims over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from registry.claims import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathId, QueryId
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.quotas import Quotas
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Call
from schemas.claims import Claim, ClaimsWanted, NewClaim, NewFootprint, StoredFootprint
from schemas.corrections import CorrectClaim, Correction
from schemas.pages import Page
from schemas.parties import RegionProfile
from schemas.statements import ClaimType

Covered = Annotated[bool | None, QueryParameter(description="Whether retirements cover all that the claim requires")]

AnnulledOnly = Annotated[bool | None, QueryParameter(description="Whether two regulators annulled it")]


class ClaimsController(Controller):
    """What retirements are made for."""

    path = "/v1"
    tags = ("Claims",)

    @post("/footprints", operation_id="create_footprint", responses=WRITES)
    async def create_footprint(
        self,
        data: JSONBody[NewFootprint],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> StoredFootprint:
        """Compute an event's footprint; the response shows the arithmetic."""
        return await service.create_footprint(data, call=call, db=db, quotas=quotas)

    @get("/footprints/{footprint_id:int}", operation_id="get_footprint", responses=READS)
    async def footprint(
        self, footprint_id: PathId, asked: NamedDependency[Call], db: NamedDependency[Database]
    ) -> StoredFootprint:
        """One footprint with its input and arithmetic."""
        return await service.footprint(footprint_id, asked=asked, db=db)

    @post("/claims", operation_id="create_claim", responses=WRITES)
    async def create_claim(
        self,
        data: JSONBody[NewClaim],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
        region: NamedDependency[RegionProfile],
    ) -> Claim:
        """Make a claim; retirements against it follow."""
        return await service.create_claim(data, call=call, db=db, quotas=quotas, region=region)

    @get("/claims", operation_id="list_claims", opt={SHEET: True}, responses=READS)
    async def claims(
        self,
        ordered: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        claim_type: Annotated[ClaimType | None, QueryParameter(name="type")] = None,
        organisation_id: QueryId = None,
        covered: Covered = None,
        annulled: AnnulledOnly = None,
    ) -> Response[Page[Claim]]:
        """All claims, or those that fit everything that is asked for, made in a period; also as CSV."""
        wanted = ClaimsWanted(type=claim_type, organisation_id=organisation_id, covered=covered, annulled=annulled)
        return sheet.of(await service.claims(wanted, ordered, period, asked=asked, db=db), Claim)

    @get("/claims/{claim_id:int}", operation_id="get_claim", responses=READS)
    async def claim(self, claim_id: PathId, asked: NamedDependency[Call], db: NamedDependency[Database]) -> Claim:
        """One claim with its coverage: required, allocated, missing, and whether it may be called neutral."""
        return await service.claim(claim_id, asked=asked, db=db)

    @post("/claims/{claim_id:int}/corrections", operation_id="correct_claim", responses=WRITES)
    async def correct(
        self,
        claim_id: PathId,
        data: JSONBody[CorrectClaim],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Correction:
        """Correct the wording of your claim; the log keeps the old text beside the new one."""
        return await service.correct_claim(claim_id, data, call=call, db=db, region=region)

"""Annulments over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from registry.credits.annulment import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathId, QueryId
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Approved, Call
from schemas.annulments import Annulment
from schemas.pages import Page
from schemas.parties import RegionProfile
from schemas.statements import Annullable

Of = Annotated[Annullable | None, QueryParameter(name="of", description="Of which kind the annulled statement is")]


class AnnulmentsController(Controller):
    """What should not have been."""

    path = "/v1/annulments"
    tags = ("Credits",)

    @post("/", operation_id="annul_statement", responses=WRITES)
    async def annul(
        self,
        data: JSONBody[Approved],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Annulment:
        """Annul a claim or a retirement for good; carries out an approval. Retired kilograms stay retired."""
        return await service.annul(data, call=call, db=db, region=region)

    @get("/", operation_id="list_annulments", opt={SHEET: True}, responses=READS)
    async def annulments(
        self,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        db: NamedDependency[Database],
        of: Of = None,
        claim_id: QueryId = None,
    ) -> Response[Page[Annulment]]:
        """All annulments, or those of one kind, or of a claim and of what was retired for it; also as CSV."""
        return sheet.of(await service.annulments(ordered, db=db, of=of, claim_id=claim_id), Annulment)

    @get("/{annulment_id:int}", operation_id="get_annulment", responses=READS)
    async def annulment(self, annulment_id: PathId, db: NamedDependency[Database]) -> Annulment:
        """One annulment."""
        return await service.annulment(annulment_id, db=db)

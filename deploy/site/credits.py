"""Issuances, retirements and cancellations with their projects and claims."""

from typing import Annotated, Final, get_args

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from deploy.site.annulments import annulling
from deploy.site.holdings import acts_for
from deploy.site.pages import claims_of
from registry.access.visitor import PageCall
from registry.claims import service as claims
from registry.credits.cancellation import service as cancellations
from registry.credits.holdings import service as holdings
from registry.credits.holdings.service import IssuanceTotals
from registry.credits.issuance import service as issuances
from registry.credits.retirement import look_ups as retirements
from registry.credits.retirement.api import Beneficiary
from registry.kit.database import Database
from registry.kit.http import PathCode, QueryId, QueryMethodology, QueryVintage
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.kit.problems import Unknown
from registry.projects.service import projects
from registry.transparency import corrections
from schemas.credits import IssuancesWanted, RetirementsWanted, SerialPart
from schemas.methodologies import MethodologyId
from schemas.pages import Page

ALL_CORRECTIONS: Final = Window(None, 200)
Serials = Annotated[str | None, QueryParameter(max_length=80, description="What has some of these kilograms")]


class IssuancePages(Controller):
    """Credits as they came into being."""

    path = "/issuances"

    @get("/")
    async def issuances(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        db: NamedDependency[Database],
        project_id: QueryId = None,
        organisation_id: QueryId = None,
        vintage: QueryVintage = None,
        methodology: QueryMethodology = None,
    ) -> Response[str]:
        """The list."""
        page.asks("list_issuances")
        wanted = IssuancesWanted(
            project_id=project_id, organisation_id=organisation_id, vintage=vintage, methodology=methodology
        )
        return page.answer(
            "credits/issuances.html",
            issuances=await issuances.issuances(wanted, latest, period, db=db),
            methodologies=page.words(get_args(MethodologyId)),
        )

    @get("/{code:str}")
    async def issuance(
        self,
        page: NamedDependency[PageCall],
        code: PathCode,
        window: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        issuance_totals: NamedDependency[IssuanceTotals],
        serial: Serials = None,
    ) -> Response[str]:
        """One issuance: where every kilogram is, or those of one serial."""
        found = await issuances.issuance(code, db=db)
        asked = page.asks("get_issuance")
        wanted = (serial or found.serials).strip()
        return page.answer(
            "credits/issuance.html",
            issuance=found,
            project=await projects.project(found.project_id, asked=asked, db=db),
            conservation=await issuance_totals.get(code, db=db),
            serial=wanted,
            parts_found=await _parts(wanted, window, db),
        )


async def _parts(serial: str, window: Window, db: Database) -> Page[SerialPart]:
    """Where a serial is; nothing if it was never issued."""
    try:
        return await holdings.serial_parts(serial, window, db=db)
    except Unknown:
        return Page(items=())


class RetirementPages(Controller):
    """Kilograms that ended against a claim."""

    path = "/retirements"

    @get("/")
    async def retirements(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        db: NamedDependency[Database],
        claim_id: QueryId = None,
        organisation_id: QueryId = None,
        serial: Serials = None,
        beneficiary: Beneficiary = None,
        project_id: QueryId = None,
        vintage: QueryVintage = None,
        methodology: QueryMethodology = None,
    ) -> Response[str]:
        """The list; visitors who are signed in may filter by beneficiary too."""
        wanted = RetirementsWanted(
            claim_id=claim_id,
            organisation_id=organisation_id,
            serial=serial,
            beneficiary=beneficiary,
            project_id=project_id,
            vintage=vintage,
            methodology=methodology,
        )
        found = await retirements.retirements(wanted, latest, period, asked=page.asks("list_retirements"), db=db)
        return page.answer(
            "credits/retirements.html",
            retirements=found,
            claims=await claims_of(found.items, db),
            methodologies=page.words(get_args(MethodologyId)),
        )

    @get("/{receipt_id:str}")
    async def retirement(
        self, page: NamedDependency[PageCall], receipt_id: PathCode, db: NamedDependency[Database]
    ) -> Response[str]:
        """One retirement: who retired what for what; what was corrected about it first."""
        asked = page.asks("get_retirement")
        found = await retirements.retirement(receipt_id, asked=asked, db=db)
        claim = await claims.claim(found.claim_id, asked=asked, db=db)
        issuance = await issuances.issuance(found.issuance, db=db)
        return page.answer(
            "credits/retirement.html",
            retirement=found,
            annulling=await annulling(found, page=page, db=db),
            corrects=not (found.annulled or found.claim_annulled)
            and acts_for(page, "correct_beneficiary", claim.claimant_id),
            claim=claim,
            issuance=issuance,
            project=await projects.project(issuance.project_id, asked=asked, db=db),
            corrections=await corrections.corrections(found.statement_hash, ALL_CORRECTIONS, asked=asked, db=db),
            claim_corrections=await corrections.corrections(claim.statement_hash, ALL_CORRECTIONS, asked=asked, db=db),
        )


class CancellationPages(Controller):
    """Kilograms that ended without a claim."""

    path = "/cancellations"

    @get("/")
    async def cancellations(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        period: NamedDependency[Between],
        *,
        db: NamedDependency[Database],
    ) -> Response[str]:
        """The list."""
        asked = page.asks("list_cancellations")
        found = await cancellations.cancellations(latest, period, asked=asked, db=db)
        return page.answer("credits/cancellations.html", cancellations=found)

    @get("/{order_id:str}")
    async def cancellation(
        self, page: NamedDependency[PageCall], order_id: PathCode, db: NamedDependency[Database]
    ) -> Response[str]:
        """What was cancelled together."""
        found = await cancellations.cancellation(order_id, asked=page.asks("get_cancellation"), db=db)
        return page.answer("credits/cancellation.html", cancellation=found)

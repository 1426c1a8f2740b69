"""A claim with what was retired for it, and an organisation with what it does."""

from typing import Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from deploy.site.annulments import annulling
from registry.access.authorisation import CLAIMANTS
from registry.access.visitor import PageCall
from registry.claims import service as claims
from registry.credits.holdings import service as holdings
from registry.credits.retirement import look_ups as retirements
from registry.kit.database import Database
from registry.kit.http import PathId
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.parties import service as parties
from registry.projects.service import projects
from registry.transparency import corrections
from schemas.claims import Claim, ClaimsWanted
from schemas.credits import RetirementsWanted
from schemas.parties import Organisation
from schemas.projects import ProjectsWanted

LATEST: Final = Window(None, 20, "newest")
ALL_CORRECTIONS: Final = Window(None, 200)
ALL_ACCOUNTS: Final = Window(None, 200)


class ClaimPage(Controller):
    """One claim with its coverage."""

    path = "/claims/{claim_id:int}"

    @get("/")
    async def claim(
        self, page: NamedDependency[PageCall], claim_id: PathId, db: NamedDependency[Database]
    ) -> Response[str]:
        """The page."""
        asked = page.asks("get_claim")
        found = await claims.claim(claim_id, asked=asked, db=db)
        wanted = RetirementsWanted(claim_id=claim_id)
        mine = _is_mine(found, page)
        return page.answer(
            "claims/claim.html",
            claim=found,
            mine=mine,
            accounts=await _accounts(found.claimant_id, page, db) if mine else (),
            annulling=await annulling(found, page=page, db=db),
            verifier=await _verifier(found, db),
            about_kind=found.about.__struct_config__.tag if found.about else None,
            corrections=await corrections.corrections(found.statement_hash, ALL_CORRECTIONS, asked=asked, db=db),
            retirements=await retirements.retirements(wanted, LATEST, Between(), asked=asked, db=db),
        )


class OwnAccount(Struct, frozen=True, kw_only=True):
    """An account that a claim may be covered from, with what is active in it."""

    id: int
    name: str
    active_kg: int


def _is_mine(claim: Claim, page: PageCall) -> bool:
    """Whether the visitor may retire for the claim and correct its words."""
    return any(held.role in CLAIMANTS and held.organisation_id == claim.claimant_id for held in page.visitor.by.roles)


async def _accounts(owner_id: int, page: PageCall, db: Database) -> list[OwnAccount]:
    """The owner's accounts with their active kilograms."""
    found = await parties.accounts(ALL_ACCOUNTS, asked=page.asks("list_accounts"), db=db)
    own = [each for each in found.items if each.owner_id == owner_id and each.status == "open"]
    held = await holdings.holdings_of(own, asked=page.asks("get_holdings"), db=db)
    return [
        OwnAccount(
            id=account.id,
            name=account.name,
            active_kg=sum(each.quantity_kg for each in held[account.id] if each.state == "active"),
        )
        for account in own
    ]


async def _verifier(claim: Claim, db: Database) -> Organisation | None:
    """Who verified a claim, by the name that is registered."""
    if claim.verifier is None:
        return None
    async with db.reading() as tx:
        return await parties.organisation_known_as_in(tx, claim.verifier.identifier)


class OrganisationPage(Controller):
    """One organisation: what is public about it."""

    path = "/organisations/{organisation_id:int}"

    @get("/")
    async def organisation(
        self, page: NamedDependency[PageCall], organisation_id: PathId, db: NamedDependency[Database]
    ) -> Response[str]:
        """The page."""
        asked = page.asks("get_organisation")
        found = await parties.organisation(organisation_id, db=db)
        developed = ProjectsWanted(organisation_id=organisation_id)
        claimed = ClaimsWanted(organisation_id=organisation_id)
        return page.answer(
            "parties/organisation.html",
            organisation=found,
            parent=await parties.organisation(found.parent_id, db=db) if found.parent_id else None,
            projects=await projects.projects(developed, LATEST, asked=asked, db=db),
            claims=await claims.claims(claimed, LATEST, Between(), asked=asked, db=db),
        )

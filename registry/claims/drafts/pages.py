"""Preparing a claim as pages: choosing a kind, one thing a page, and what the gate still asks for."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from registry.access.authorisation import CLAIMANTS
from registry.access.visitor import PageCall
from registry.claims import offset_rules, rules
from registry.claims.activity_columns import ACTIVITIES, activities_of
from registry.claims.drafts import service
from registry.claims.green_power import service as green_power
from registry.kit import clock
from registry.kit.database import Database
from registry.kit.http import PathId
from registry.kit.pages import Window
from registry.kit.period import SHANGHAI
from registry.methodologies.inventory import SERVED
from registry.parties import service as parties
from schemas.claims import ClaimDraft
from schemas.methodologies import ProfileId
from schemas.parties import Organisation, RegionProfile

TEMPLATES: Final = Path(__file__).parent / "pages"
KINDS: Final = ("organisation", "scene", "person", "event", "contribution")
"""In the order in which they are offered."""
LATEST: Final = Window(None, 50, "newest")


class NewClaimPages(Controller):
    """The way in: which kind, and what it is about."""

    path = "/claims/new"

    @get("/")
    async def new(
        self,
        page: NamedDependency[PageCall],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
        kind: Annotated[str, QueryParameter()] = "",
    ) -> Response[str]:
        """The kinds, or the first form of one; drafts that were begun come first."""
        page.asks("create_claim_draft")
        if kind not in KINDS:
            found = await service.drafts(LATEST, asked=page.asks("list_claim_drafts"), db=db, region=region)
            begun = [each for each in found.items if each.state == "draft"]
            return page.answer("claim_drafts/kinds.html", kinds=KINDS, drafts=begun)
        year = (await _now(db)).astimezone(SHANGHAI).year - 1
        return page.answer(
            "claim_drafts/begin.html",
            kind=kind,
            own=await _own(page, db),
            scenes=page.words(SERVED),
            year=year,
            rule=offset_rules.rule_for(kind, region.id),  # type: ignore[arg-type]  # one of KINDS
        )


class ClaimDraftPages(Controller):
    """One draft: its steps, and a page for each."""

    path = "/claim-drafts/{draft_id:int}"

    @get("/")
    async def draft(
        self,
        draft_id: PathId,
        page: NamedDependency[PageCall],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Response[str]:
        """Where it stands: every reason of the gate, and what to do next."""
        found = await _draft(draft_id, page, db, region)
        return await _answer(
            page, db, "claim_drafts/draft.html", found, rule=offset_rules.rule_for(found.type, region.id)
        )

    @get("/about")
    async def about(
        self,
        draft_id: PathId,
        page: NamedDependency[PageCall],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Response[str]:
        """What it is about, to be changed."""
        found = await _draft(draft_id, page, db, region)
        return await _answer(page, db, "claim_drafts/about.html", found, scenes=page.words(SERVED))

    @get("/activities")
    async def activities(
        self,
        draft_id: PathId,
        page: NamedDependency[PageCall],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Response[str]:
        """What was used in the period: a file or a text, and the arithmetic of it."""
        found = await _draft(draft_id, page, db, region)
        profile: ProfileId = found.profile or "organisation"
        text = service.template(profile, zh=False)
        if found.footprint:
            text = await service.activities(found.footprint.id, asked=page.asks("get_activities"), db=db)
        return await _answer(
            page,
            db,
            "claim_drafts/activities.html",
            found,
            text=text.removeprefix("\ufeff").replace("\r\n", "\n"),
            known=[(name, ACTIVITIES[name]) for name in activities_of(profile)],
        )

    @get("/reductions")
    async def reductions(
        self,
        draft_id: PathId,
        page: NamedDependency[PageCall],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Response[str]:
        """The plan and the measures."""
        found = await _draft(draft_id, page, db, region)
        rule = offset_rules.rule_for(found.type, region.id)
        return await _answer(page, db, "claim_drafts/reductions.html", found, rule=rule)

    @get("/green-power")
    async def green_power(
        self,
        draft_id: PathId,
        page: NamedDependency[PageCall],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Response[str]:
        """Contracts, and registering one."""
        found = await _draft(draft_id, page, db, region)
        contracts = await green_power.contracts(LATEST_CONTRACTS, asked=page.asks("list_green_power"), db=db)
        own = [each for each in contracts.items if each.organisation_id == found.organisation_id]
        return await _answer(page, db, "claim_drafts/green_power.html", found, contracts=own)

    @get("/finding")
    async def finding(
        self,
        draft_id: PathId,
        page: NamedDependency[PageCall],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Response[str]:
        """An assessor's finding."""
        found = await _draft(draft_id, page, db, region)
        rule = offset_rules.rule_for(found.type, region.id)
        return await _answer(page, db, "claim_drafts/finding.html", found, rule=rule)


LATEST_CONTRACTS: Final = Window(None, 200)


async def _draft(draft_id: int, page: PageCall, db: Database, region: RegionProfile) -> ClaimDraft:
    return await service.draft(draft_id, asked=page.asks("get_claim_draft"), db=db, region=region)


async def _answer(page: PageCall, db: Database, template: str, found: ClaimDraft, **shown: Any) -> Response[str]:  # noqa: ANN401 - templates show anything
    claimant = await parties.organisation(found.organisation_id, db=db)
    changes = found.state == "draft" and page.visitor.may("update_claim_draft")
    reasons = {each.step: each for each in found.gate.reasons}
    return page.answer(
        template,
        draft=found,
        claimant=claimant,
        changes=changes,
        reasons=reasons,
        own_kg=rules.own_kg(found.terms.measures),
        local=lambda moment: moment.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M"),
        **shown,
    )


async def _own(page: PageCall, db: Database) -> list[Organisation]:
    """The organisations for which the visitor may make claims."""
    numbers = sorted({held.organisation_id for held in page.visitor.by.roles if held.role in CLAIMANTS})
    return [await parties.organisation(each, db=db) for each in numbers]


async def _now(db: Database) -> datetime:
    async with db.reading() as tx:
        return await clock.now_in(tx)

"""Drafts of claims and activity files over HTTP."""

from typing import Annotated, Any, Literal

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from registry.claims import activity_file
from registry.claims.drafts import service
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathId
from registry.kit.pages import Window
from registry.kit.quotas import Quotas
from schemas.access import Call
from schemas.claims import ActivityText, Claim, ClaimDraft, ClaimDraftChange, NewClaimDraft
from schemas.methodologies import ProfileId
from schemas.pages import Page
from schemas.parties import RegionProfile

CSV = "text/csv; charset=utf-8; header=present"
Language = Annotated[Literal["en", "zh"], QueryParameter(description="Of the names of columns and activities")]


class ClaimDraftsController(Controller):
    """Claims that are being prepared; nothing of them is public before they are declared."""

    path = "/v1/claim-drafts"
    tags = ("Claims",)

    @post("/", operation_id="create_claim_draft", responses=WRITES)
    async def create(
        self,
        data: JSONBody[NewClaimDraft],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
        region: NamedDependency[RegionProfile],
    ) -> ClaimDraft:
        """Begin to prepare a claim; the answer says what the reduce-first gate asks for."""
        return await service.create(data, call=call, db=db, region=region, quotas=quotas)

    @get("/", operation_id="list_claim_drafts", responses=READS)
    async def drafts(
        self,
        ordered: NamedDependency[Window],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> Page[ClaimDraft]:
        """Drafts of your organisations, declared and withdrawn ones too."""
        return await service.drafts(ordered, asked=asked, db=db, region=region)

    @get("/{draft_id:int}", operation_id="get_claim_draft", responses=READS)
    async def draft(
        self,
        draft_id: PathId,
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> ClaimDraft:
        """One draft with its footprint, and the gate's reasons: each passed or missing, with its numbers."""
        return await service.draft(draft_id, asked=asked, db=db, region=region)

    @post("/{draft_id:int}/update", operation_id="update_claim_draft", responses=WRITES)
    async def update(
        self,
        draft_id: PathId,
        data: JSONBody[ClaimDraftChange],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> ClaimDraft:
        """Change a draft; what is left out stays as it was."""
        return await service.update(draft_id, data, call=call, db=db, region=region)

    @post("/{draft_id:int}/activity-file", operation_id="upload_activities", responses=WRITES)
    async def upload(
        self,
        *,
        draft_id: PathId,
        request: Request[Any, Any, Any],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
        region: NamedDependency[RegionProfile],
    ) -> ClaimDraft:
        """Send an activity file as the raw body (CSV, UTF-8 or GB18030); every wrong cell is named at once."""
        text = activity_file.text_of(await request.body())
        return await service.count_activities(draft_id, text, call=call, db=db, region=region, quotas=quotas)

    @post("/{draft_id:int}/activities", operation_id="enter_activities", responses=WRITES)
    async def enter(
        self,
        *,
        draft_id: PathId,
        data: JSONBody[ActivityText],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
        region: NamedDependency[RegionProfile],
    ) -> ClaimDraft:
        """The same from a text."""
        return await service.count_activities(draft_id, data.csv, call=call, db=db, region=region, quotas=quotas)

    @post("/{draft_id:int}/withdraw", operation_id="withdraw_claim_draft", responses=WRITES)
    async def withdraw(
        self,
        draft_id: PathId,
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        region: NamedDependency[RegionProfile],
    ) -> ClaimDraft:
        """Withdraw a draft; nothing of it was public."""
        return await service.withdraw(draft_id, call=call, db=db, region=region)

    @post("/{draft_id:int}/declare", operation_id="declare_claim", responses=WRITES)
    async def declare(
        self,
        draft_id: PathId,
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
        region: NamedDependency[RegionProfile],
    ) -> Claim:
        """Make the claim, if the gate is passed; retirements against it follow."""
        return await service.declare(draft_id, call=call, db=db, region=region, quotas=quotas)


class ActivityFilesController(Controller):
    """Activity files to take away: a template, and what a footprint was counted from."""

    path = "/v1"
    tags = ("Claims",)

    @get(
        "/activity-template",
        operation_id="get_activity_template",
        media_type=CSV,
        responses=READS,
        sync_to_thread=False,
    )
    def template(self, profile: Annotated[ProfileId, QueryParameter()], language: Language = "en") -> Response[str]:
        """A CSV with a header and examples of what the profile counts, to be overwritten."""
        return _file(service.template(profile, zh=language == "zh"), f"{profile}-activities")

    @get("/footprints/{footprint_id:int}/activities", operation_id="get_activities", media_type=CSV, responses=READS)
    async def activities(
        self, footprint_id: PathId, asked: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Response[str]:
        """The activities of a footprint as CSV, which can be corrected and sent again."""
        return _file(await service.activities(footprint_id, asked=asked, db=db), f"footprint-{footprint_id}")


def _file(text: str, name: str) -> Response[str]:
    return Response(text, media_type=CSV, headers={"Content-Disposition": f'attachment; filename="{name}.csv"'})

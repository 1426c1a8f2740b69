"""What two people decide: the list, and one approval with what exactly it changes and who the two are."""

from typing import Any, Final

import msgspec
from litestar import Controller, Response, get
from litestar.di import NamedDependency

from deploy.site.people import named
from registry.access.approvals import rules
from registry.access.approvals import service as approvals
from registry.access.approvals.api import QueryOperation, QueryState
from registry.access.grants import service as grants
from registry.access.restrictions import service as restrictions
from registry.access.suspensions import service as suspensions
from registry.access.visitor import PageCall
from registry.claims import service as claims
from registry.credits.issuance import service as issuances
from registry.credits.retirement import look_ups as retirements
from registry.kit.database import Database
from registry.kit.http import PathId
from registry.kit.pages import Window
from registry.kit.period import Between
from registry.parties import service as parties
from registry.projects.service import reports
from schemas.access import (
    Approval,
    ApprovalBody,
    DepositCashBody,
    GrantBody,
    IssueBody,
    LiftBody,
    RekeyBody,
    SettleSuspensionBody,
)
from schemas.annulments import AnnulBody
from schemas.credits import Issuance, IssuancesWanted

WHOLE: Final = Window(None, 200)
CARRIED_OUT_AT: Final = {
    "issue_credits": "/v1/issuances",
    "grant_role": "/v1/grants",
    "lift_restriction": "/v1/restrictions/lift",
    "reissue_key": "/v1/keys/reissue",
    "settle_suspension": "/v1/suspensions/settle",
    "deposit_cash": "/v1/deposits/cash/approved",
    "annul_statement": "/v1/annulments",
}
"""The operation that the second person sends, by what was proposed."""


class ApprovalPages(Controller):
    """For those in the roles that decide, and those who look on."""

    path = "/approvals"

    @get("/")
    async def approvals(
        self,
        page: NamedDependency[PageCall],
        latest: NamedDependency[Window],
        *,
        db: NamedDependency[Database],
        operation: QueryOperation = None,
        approval_state: QueryState = None,
    ) -> Response[str]:
        """The list."""
        asked = page.asks("list_approvals")
        found = await approvals.approvals(latest, asked=asked, db=db, operation=operation, state=approval_state)
        people = {who for each in found.items for who in (each.proposer_id, each.approver_id)}
        return page.answer(
            "access/approvals.html", approvals=found, people=await named(people, db), operations=tuple(CARRIED_OUT_AT)
        )

    @get("/{approval_id:int}")
    async def approval(
        self, page: NamedDependency[PageCall], approval_id: PathId, db: NamedDependency[Database]
    ) -> Response[str]:
        """One approval: the words, before and after, the bytes, and the two people."""
        found = await approvals.approval(approval_id, asked=page.asks("get_approval"), db=db)
        about = await _about(found.body, page, db)
        async with db.reading() as tx:
            holders = await grants.holders_in(tx, rules.role_for(found.body))
            seconds = await approvals.seconds_in(tx, found, holders)
        people = {found.proposer_id, found.approver_id, found.withdrawn_by, *seconds, *_people_of(about)}
        return page.answer(
            "access/approval.html",
            approval=found,
            about=about,
            seconds=sorted(seconds),
            people=await named(people, db),
            canonical=rules.canonical(found.body)[0],
            fields=_fields(found),
            carried_out_at=CARRIED_OUT_AT[found.operation],
        )


def _fields(approval: Approval) -> list[tuple[str, str]]:
    """The fields of the form that sends the exact body again."""
    body = msgspec.json.decode(rules.canonical(approval.body)[0])
    return [
        (f"body.{name}:int" if isinstance(value, int) else f"body.{name}", str(value))
        for name, value in body.items()
        if value is not None
    ]


def _people_of(about: dict[str, Any]) -> set[int]:
    """Who else is named in what is decided."""
    if found := about.get("restriction"):
        return {found.placed_by}
    if found := about.get("suspension"):
        return {found.person_id, found.placed_by}
    return set()


async def _about(  # noqa: PLR0911 - one kind of decision after the other
    body: ApprovalBody, page: PageCall, db: Database
) -> dict[str, Any]:
    """What the decision is about, as it stands now."""
    match body:
        case IssueBody():
            return await _about_issuance(body, page, db)
        case GrantBody():
            return await _about_role(body, db)
        case LiftBody():
            return {"restriction": await restrictions.restriction(body.restriction_id, db=db)}
        case RekeyBody():
            return {"person": (await named([body.person_id], db))[body.person_id]}
        case SettleSuspensionBody():
            return {"suspension": await suspensions.suspension(body.suspension_id, db=db)}
        case AnnulBody():
            return await _about_annulment(body, db)
        case DepositCashBody():
            async with db.reading() as tx:
                account = await parties.account_in(tx, body.account_id)
                return {"account": account, "organisation": await parties.organisation_in(tx, account.owner_id)}


async def _about_issuance(body: IssueBody, page: PageCall, db: Database) -> dict[str, Any]:
    report, project = await reports.shown_report(body.report_id, asked=page.asks("get_report"), db=db)
    issued = await issuance_of(report.id, project.id, db)
    async with db.reading() as tx:
        account = await parties.account_in(tx, body.account_id)
    foreseen = None if issued else await issuances.foreseen(report.id, asked=page.asks("get_report"), db=db)
    return {"report": report, "project": project, "account": account, "issued": issued, "foreseen": foreseen}


async def issuance_of(report_id: int, project_id: int, db: Database) -> Issuance | None:
    """What was issued for a report."""
    found = await issuances.issuances(IssuancesWanted(project_id=project_id), WHOLE, Between(), db=db)
    return next((each for each in found.items if each.report_id == report_id), None)


async def _about_annulment(body: AnnulBody, db: Database) -> dict[str, Any]:
    async with db.reading() as tx:
        retired = (await retirements.retirement_in(tx, body.receipt_id)).retirement if body.receipt_id else None
        claim_id = retired.claim_id if retired else body.claim_id or 0
        claim = await claims.claim_in(tx, claim_id)
    return {"claim": claim, "retirement": retired}


async def _about_role(body: GrantBody, db: Database) -> dict[str, Any]:
    person = (await named([body.person_id], db))[body.person_id]
    before = sorted({each.role for each in person.roles if each.organisation_id == body.organisation_id})
    return {
        "person": person,
        "organisation": await parties.organisation(body.organisation_id, db=db),
        "before": before,
        "after": sorted({*before, body.role}),
    }

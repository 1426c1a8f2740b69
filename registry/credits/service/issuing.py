"""Issuance: credits come into being, by two people."""

from registry.access.approvals import service as approvals
from registry.access.restrictions import service as restrictions
from registry.credits import rules, store
from registry.credits.service.taking import locked_accounts_in
from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.methodologies import catalogue
from registry.parties import service as parties
from registry.projects import service as projects
from registry.transparency import service as log
from schemas.access import Approved, Call, IssueBody
from schemas.credits import (
    Issuance,
)
from schemas.pages import Page
from schemas.parties import RegionProfile
from schemas.projects import Project, Report
from schemas.serials import IssuanceCode, Serial, positions
from schemas.statements import (
    BufferStatement,
    IssuanceStatement,
)

KG_PER_T = 1000


async def issue(approved: Approved, *, call: Call, db: Database, region: RegionProfile) -> Issuance:
    """Issue the credits of one verified report, by two people; forestry puts its share into the buffer."""

    async def work(tx: Tx) -> Written[Issuance]:
        body = await approvals.use_approval_in(tx, approved, IssueBody, by=call.by)
        report, project = await projects.issue_report_in(tx, body.report_id, call=call)
        await _owned_account_in(tx, body.account_id, project)
        await restrictions.refuse_frozen_in(tx, accounts=[body.account_id], projects=[project.id], issuances=[])
        approval = await approvals.approval_in(tx, approved.approval_id)
        people = (approval.proposer_id, call.by.person_id)
        code = await _issue_in(tx, body, report, project, approval_id=approval.id, people=people, region=region)
        return Written(code, await _issuance_again(tx, code))

    return await once(db, call, work, _issuance_again)


async def _owned_account_in(tx: Tx, account_id: int, project: Project) -> None:
    account = (await locked_accounts_in(tx, [account_id]))[account_id]
    if account.owner_id != project.developer_id:
        raise rules.WrongAccount(
            f"Account {account_id} belongs to organisation {account.owner_id}; {project.code} is developed by "
            f"{project.developer_id}. Issue to an account of the developer."
        )


async def _issue_in(
    tx: Tx,
    body: IssueBody,
    report: Report,
    project: Project,
    *,
    approval_id: int,
    people: tuple[int, ...],
    region: RegionProfile,
) -> str:
    quantity_kg = report.reduction.issuable_t * KG_PER_T
    buffer_kg = catalogue.buffer_t(project.methodology, report.reduction.issuable_t) * KG_PER_T
    lower, upper = await store.next_span(tx, quantity_kg)
    sequence = await store.next_sequence(tx, project.id, report.vintage)
    code = IssuanceCode(
        region=region.serial_region,
        programme=region.programme,
        project=int(project.code.rpartition("-")[2]),
        vintage=report.vintage,
        sequence=sequence,
    )
    split = upper - buffer_kg
    buffered = (positions(lower, split, upper),) if buffer_kg else ()
    statement = IssuanceStatement(
        registry=region.name,
        executed_at=clock.stamp(await clock.now_in(tx)),
        issuance=str(code),
        project=project.code,
        methodology=report.reduction.code,
        vintage=report.vintage,
        kind="monitored",
        serials=str(Serial(issuance=code, first=1, last=quantity_kg)),
        quantity_kg=quantity_kg,
        buffer_ranges=buffered,
        approvers=tuple(f"person-{person}" for person in people),
        verification_report=report.verification_report or "",
    )
    appended = await log.append_in(tx, statement, region=region)
    twice = rules.IssuedBefore(f"Report {report.id} was issued before.")
    issuance_id = await store.insert_issuance(
        tx,
        twice,
        str(code),
        region.id,
        project.id,
        report.id,
        report.reduction.code,
        report.vintage,
        sequence,
        lower,
        upper,
        buffer_kg,
        approval_id,
        appended.id,
    )
    await _place_in(tx, str(code), issuance_id, account_id=body.account_id, cuts=(lower, split, upper))
    if buffer_kg:
        assigned = BufferStatement(
            registry=region.name,
            executed_at=statement.executed_at,
            movement="assign",
            issuance=str(code),
            ranges=buffered,
            quantity_kg=buffer_kg,
        )
        await log.append_in(tx, assigned, region=region)
    return str(code)


async def _place_in(tx: Tx, code: str, issuance_id: int, *, account_id: int, cuts: tuple[int, int, int]) -> None:
    """The first part of the span goes to the developer, the rest into the buffer; either may be empty."""
    lower, split, upper = cuts
    cause = f"issuance:{code}"
    if split > lower:  # one tonne of forestry goes into the buffer whole
        await store.place_issued(
            tx, lower, split, issuance_id=issuance_id, account_id=account_id, state="active", cause=cause
        )
    if upper > split:
        buffer_account = await parties.buffer_account_in(tx)
        await store.place_issued(
            tx, split, upper, issuance_id=issuance_id, account_id=buffer_account, state="buffer", cause=cause
        )


async def _issuance_again(tx: Tx, code: str) -> Issuance:
    if found := await store.issuance(tx, code):
        return found
    raise Unknown(f"There is no issuance {code}.")


async def issuance(code: str, *, db: Database) -> Issuance:
    """One issuance."""
    async with db.reading() as tx:
        return await _issuance_again(tx, code)


async def issuances(window: Window, project_id: int | None, *, db: Database) -> Page[Issuance]:
    """All issuances, or those of one project."""
    async with db.reading() as tx:
        return await store.issuances(tx, window, project_id)
